"""How a mask would be outlined by hand: the corners that are clicked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import approximate_polygon, find_contours

__all__ = ["outline_of"]

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


def outline_of(mask: Mask, *, tolerance_px: float = 0.9) -> Points:
    """Corners of a polygon around the biggest part of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        Not empty.
    tolerance_px : float
        How far the polygon may leave the true outline.

    Returns
    -------
    ndarray, shape (n, 2)
        (row, column); the first corner is not repeated.
    """
    contours = find_contours(np.pad(mask, 1).astype(np.float64), 0.5)
    longest = max(contours, key=len) - 1.0
    corners: Points = approximate_polygon(longest, tolerance_px)
    return corners[:-1]
