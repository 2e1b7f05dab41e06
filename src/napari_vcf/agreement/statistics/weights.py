"""Weights of partial agreement between categories."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["WeightKind", "agreement_weights"]

WeightKind = Literal["unweighted", "linear", "quadratic"]


def agreement_weights(categories: int, kind: WeightKind = "unweighted", *, unordered: int = 0) -> NDArray[np.float64]:
    """Weights of agreement between categories, 1 on the diagonal.

    Parameters
    ----------
    categories : int
        Number of categories, the unordered ones included.
    kind : {"unweighted", "linear", "quadratic"}
        1 - d, and 1 - d squared, with d the distance in steps as a share of the scale's length; unweighted: 0 off the
        diagonal.
    unordered : int
        How many categories at the end stand outside the order ("not assessable"): each agrees only with itself.

    Returns
    -------
    ndarray, shape (categories, categories)

    Notes
    -----
    Cohen, Psychol Bull 1968; 70: 213. Weights of agreement rather than of disagreement: w = 1 - v / max(v).
    """
    weights = np.eye(categories)
    ordered = categories - unordered
    if kind != "unweighted" and ordered > 1:
        steps = np.abs(np.subtract.outer(np.arange(ordered), np.arange(ordered))) / (ordered - 1)
        weights[:ordered, :ordered] = 1 - (steps if kind == "linear" else steps**2)
    return weights
