"""From outlines drawn on some slices to a mask on all of them.

Slices between two outlined ones are filled by shape-based interpolation: each outline becomes a map of signed
distances to its edge, the maps are blended linearly, and what lies on the inner side of zero is inside (Raya and Udupa,
IEEE Trans Med Imaging 1990; 9: 32-42).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt

from napari_vcf.geometry import Grid, polygon_coverage
from napari_vcf.measure.errors import MeasureError

__all__ = ["fill_outline", "interpolate_slices"]


def fill_outline(grid: Grid, slice_index: int, outline_lps: ArrayLike) -> NDArray[np.bool_]:
    """Pixels of a slice of which an outline covers half or more.

    Parameters
    ----------
    grid : Grid
        The image's native grid.
    slice_index : int
        The slice.
    outline_lps : array_like, shape (n, 3)
        Corners in order, LPS mm; they are projected onto the slice.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Raises
    ------
    MeasureError
        If there are fewer than three corners, or the slice is not one of the grid's.
    """
    corners = np.asarray(outline_lps, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 3 or len(corners) < 3:
        raise MeasureError("An outline needs at least three points.")
    slices, rows, columns = grid.shape
    if not 0 <= slice_index < slices:
        raise MeasureError(f"There is no slice {slice_index}; the image has 0 to {slices - 1}.")
    vertices = grid.to_index(corners)[:, :2]
    low = np.clip(np.floor(vertices.min(axis=0) + 0.5).astype(int), 0, (columns - 1, rows - 1))
    high = np.clip(np.floor(vertices.max(axis=0) + 0.5).astype(int), 0, (columns - 1, rows - 1))
    width, height = (high - low + 1).tolist()
    mask = np.zeros((rows, columns), dtype=bool)
    share = polygon_coverage(vertices, int(low[0]), int(low[1]), (height, width))
    mask[low[1] : high[1] + 1, low[0] : high[0] + 1] = share >= 0.5
    return mask


def interpolate_slices(
    mask: NDArray[np.bool_], outlined: Iterable[int], *, pixel_mm: tuple[float, float] = (1.0, 1.0)
) -> NDArray[np.bool_]:
    """Fill the slices between outlined ones; the outlined ones stay as they are.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
        Holds the outlined slices; what lies on others between them is replaced.
    outlined : iterable of int
        Slices that were outlined by hand.
    pixel_mm : tuple of float
        (row, column) spacing, mm, so that distances are true on pixels that are not square.

    Returns
    -------
    ndarray of bool, shape of ``mask``
        A new array.

    Raises
    ------
    MeasureError
        If fewer than two slices are outlined.
    """
    keys = sorted({index for index in outlined if mask[index].any()})
    if len(keys) < 2:
        raise MeasureError("Outline the body on at least two slices; those between them can be filled then.")
    filled = mask.copy()
    rows, columns = np.nonzero(mask[keys].any(axis=0))
    # One pixel of margin: a distance needs an outside to be measured from.
    window = (
        slice(max(rows.min() - 1, 0), rows.max() + 2),
        slice(max(columns.min() - 1, 0), columns.max() + 2),
    )
    distance = {key: _signed_distance(mask[key][window], pixel_mm) for key in keys}
    for first, last in pairwise(keys):
        for index in range(first + 1, last):
            share = (index - first) / (last - first)
            filled[index] = False
            filled[index][window] = (1 - share) * distance[first] + share * distance[last] > 0
    return filled


def _signed_distance(mask: NDArray[np.bool_], pixel_mm: tuple[float, float]) -> NDArray[np.float64]:
    """Distance to the edge in mm, positive inside."""
    padded = np.pad(mask, 1)
    inside = distance_transform_edt(padded, sampling=pixel_mm)
    outside = distance_transform_edt(~padded, sampling=pixel_mm)
    return np.asarray((inside - outside)[1:-1, 1:-1], dtype=np.float64)
