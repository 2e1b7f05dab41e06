"""From outlines drawn on some slices to a mask on all of them.

Slices between outlined ones are filled by shape-based interpolation: each outline becomes a map of signed distances to
its edge, the maps are interpolated, and what lies on the inner side of zero is inside (Raya and Udupa, IEEE Trans Med
Imaging 1990; 9: 32-42). With straight lines between the maps, every section through a convex body is cut by chords, and
a vertebral body loses 3 to 12 per cent of its volume, most of it on the lateral slices. So the maps run along a cubic
spline (Herman, Zheng and Bucholtz, IEEE Comput Graph Appl 1992; 12: 69-79). Its parameter is the angle at which an
ellipse that ends just beyond the outermost outlines would meet the slice: there an ellipse's edge runs as evenly at
its ends, where it falls steeply, as in its middle.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import distance_transform_edt

from napari_vcf.geometry import Grid, polygon_coverage
from napari_vcf.language import say
from napari_vcf.measure.errors import MeasureError

__all__ = ["beyond_outlines", "fill_outline", "interpolate_slices"]

#: The ellipse ends so many slices beyond the outermost outlines.
_END_SLICES = 0.1
_MARGIN_PX = 3


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
        raise MeasureError(say("An outline needs at least three points."))
    slices, rows, columns = grid.shape
    if not 0 <= slice_index < slices:
        raise MeasureError(
            say(
                "There is no slice {slice_index}; the image has 0 to {slices}.",
                slice_index=slice_index,
                slices=slices - 1,
            )
        )
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
    """Fill the slices between outlined ones; the outlined ones stay as they are, and nothing is filled beyond them.

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
        raise MeasureError(say("Outline the body on at least two slices; those between them can be filled then."))
    filled = mask.copy()
    rows, columns = np.nonzero(mask[keys].any(axis=0))
    # Between two outlines the body may bulge beyond both.
    window = (
        slice(max(rows.min() - _MARGIN_PX, 0), rows.max() + 1 + _MARGIN_PX),
        slice(max(columns.min() - _MARGIN_PX, 0), columns.max() + 1 + _MARGIN_PX),
    )
    between = [index for index in range(keys[0], keys[-1]) if index not in keys]
    distances = np.stack([_signed_distance(mask[key][window], pixel_mm) for key in keys])
    filled[between] = False
    for index, distance in zip(between, _along(keys, distances, between), strict=True):
        filled[index][window] = distance > 0
    return filled


def beyond_outlines(mask: NDArray[np.bool_], outlined: Iterable[int]) -> tuple[int, ...]:
    """The slices next to the outermost outlined ones, as far as the image has them.

    Nothing is filled there. Whether the body goes on, only a look at them tells.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
    outlined : iterable of int
        Slices that were outlined by hand.

    Returns
    -------
    tuple of int
        None to two; none where nothing is outlined.
    """
    keys = sorted({index for index in outlined if mask[index].any()})
    if not keys:
        return ()
    return tuple(index for index in (keys[0] - 1, keys[-1] + 1) if 0 <= index < len(mask))


def _along(keys: list[int], distances: NDArray[np.float64], slices: list[int]) -> NDArray[np.float64]:
    """Maps of distance on slices between keys, shape (slices, rows, columns)."""
    if len(keys) < 3:
        share = ((np.array(slices) - keys[0]) / (keys[-1] - keys[0]))[:, None, None]
        return np.asarray((1 - share) * distances[0] + share * distances[-1], np.float64)
    middle, half = (keys[0] + keys[-1]) / 2, (keys[-1] - keys[0]) / 2 + _END_SLICES

    def angle(indices: list[int]) -> NDArray[np.float64]:
        return np.asarray(np.arccos((middle - np.array(indices)) / half), np.float64)

    return np.asarray(CubicSpline(angle(keys), distances)(angle(slices)), np.float64)


def _signed_distance(mask: NDArray[np.bool_], pixel_mm: tuple[float, float]) -> NDArray[np.float64]:
    """Distance to the edge in mm, positive inside; the edge runs between the pixels."""
    padded = np.pad(mask, 1)
    inside = distance_transform_edt(padded, sampling=pixel_mm)
    outside = distance_transform_edt(~padded, sampling=pixel_mm)
    half = min(pixel_mm) / 2
    return np.asarray(np.where(padded, inside - half, half - outside)[1:-1, 1:-1], dtype=np.float64)
