"""Agreement of painted masks: Dice and the 95 % Hausdorff distance in millimetres."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from napari_vcf.agreement.errors import StatisticError

__all__ = ["dice", "hausdorff95_mm"]


def dice(first: ArrayLike, second: ArrayLike) -> float:
    """Dice coefficient of two masks.

    Parameters
    ----------
    first, second : array_like of bool
        Masks on one grid.

    Returns
    -------
    float
        Twice the voxels in both, over the voxels of the first plus those of the second; NaN where both are empty.

    Raises
    ------
    StatisticError
        If the shapes differ.

    Notes
    -----
    Dice, Ecology 1945; 26: 297.
    """
    a, b = _pair(first, second)
    size = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / size if size else math.nan


def hausdorff95_mm(first: ArrayLike, second: ArrayLike, spacing_mm: ArrayLike) -> float:
    """95th percentile of the distances between the surfaces of two masks.

    Parameters
    ----------
    first, second : array_like of bool, shape (slices, rows, columns)
        Masks on one grid.
    spacing_mm : array_like, shape (3,)
        Distance between slices, rows and columns.

    Returns
    -------
    float
        Millimetres, between voxel centres; NaN where one mask is empty.

    Raises
    ------
    StatisticError
        If the shapes differ or a spacing is not positive.

    Notes
    -----
    Distances of each mask's border voxels to the nearest border voxel of the other, both directions pooled, 95th
    percentile. Huttenlocher et al., IEEE Trans Pattern Anal Mach Intell 1993; 15: 850 (partial Hausdorff distance).
    """
    a, b = _pair(first, second)
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if spacing.shape != (a.ndim,) or not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise StatisticError(f"A spacing of {spacing.tolist()} mm does not fit masks of {a.ndim} dimensions.")
    if not a.any() or not b.any():
        return math.nan
    # Only the box around both matters, with a rim so that a border at the box's edge stays a border.
    box = tuple(slice(max(edge.start, 0), edge.stop) for edge in ndimage.find_objects((a | b).astype(np.int8))[0])
    a, b = np.pad(a[box], 1), np.pad(b[box], 1)
    border_a, border_b = a & ~ndimage.binary_erosion(a), b & ~ndimage.binary_erosion(b)
    to_b = ndimage.distance_transform_edt(~border_b, sampling=spacing)[border_a]
    to_a = ndimage.distance_transform_edt(~border_a, sampling=spacing)[border_b]
    return float(np.percentile(np.concatenate([to_b, to_a]), 95))


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape:
        raise StatisticError(f"Masks of shapes {a.shape} and {b.shape} are not on one grid.")
    return a, b
