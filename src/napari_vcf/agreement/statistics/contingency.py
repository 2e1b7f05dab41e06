"""Tables of two raters' categories, and the weights of partial agreement."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.errors import StatisticError

__all__ = ["WeightKind", "agreement_weights", "contingency"]

WeightKind = Literal["unweighted", "linear", "quadratic"]


def contingency(first: ArrayLike, second: ArrayLike, categories: int) -> NDArray[np.int64]:
    """Count the pairs of categories.

    Parameters
    ----------
    first, second : array_like of int, shape (n,)
        Category of each case, 0 .. `categories` - 1.
    categories : int
        Number of categories.

    Returns
    -------
    ndarray of int, shape (categories, categories)
        Rows are the first rater's categories.

    Raises
    ------
    StatisticError
        If the shapes differ or a category is out of range.
    """
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if a.shape != b.shape or a.ndim != 1:
        raise StatisticError(f"Categories of shapes {a.shape} and {b.shape} are not paired.")
    if a.size and (min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= categories):
        raise StatisticError(f"A category lies outside 0 .. {categories - 1}.")
    return np.bincount(a * categories + b, minlength=categories * categories).reshape(categories, categories)


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
