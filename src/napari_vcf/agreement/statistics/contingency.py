"""Tables of two raters' categories."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.errors import StatisticError

__all__ = ["contingency"]


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
