"""Exact overlap of a polygon with the pixels of a grid.

The area of the polygon left of and above a grid corner has a closed form for each edge (Green's theorem); the overlap
with one pixel is the second difference over its four corners. It is exact up to rounding, for any simple polygon, and
costs one vectorised pass over the pixels in the polygon's bounding box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry.errors import GeometryError
from napari_vcf.geometry.grid import Grid
from napari_vcf.geometry.rectangle import Rectangle

__all__ = [
    "AREA_TOLERANCE_MM2",
    "CENTER_TOLERANCE_MM",
    "COPLANAR_TOLERANCE_DEG",
    "Coverage",
    "coverage_on_slice",
    "polygon_coverage",
]

#: A rectangle whose plane is tilted more than this against the slice is not a rectangle on that slice.
COPLANAR_TOLERANCE_DEG = 0.1
#: A voxel's centre this near to a side counts as inside, so that a tie does not hang on the last bit of a rounding.
CENTER_TOLERANCE_MM = 1e-9
#: An overlap smaller than this is rounding: a side on a pixel's border does not touch the pixel beyond it.
AREA_TOLERANCE_MM2 = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """The pixels of one slice that a region touches.

    Attributes
    ----------
    slice_index : int
        The slice.
    first_row, first_column : int
        Pixel of ``area_mm2[0, 0]``; the window may reach over the edge of the image.
    area_mm2 : ndarray, shape (rows, columns)
        Overlap of region and pixel, in mm2.
    center_inside : ndarray of bool, shape (rows, columns)
        Whether the pixel's centre lies inside the region or on its border.
    """

    slice_index: int
    first_row: int
    first_column: int
    area_mm2: NDArray[np.float64]
    center_inside: NDArray[np.bool_]


def polygon_coverage(
    vertices: ArrayLike, first_column: int, first_row: int, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Share of each pixel that a simple polygon covers.

    Parameters
    ----------
    vertices : array_like, shape (n, 2)
        Corners as continuous (column, row); pixel (c, r) reaches from c - 0.5 to c + 0.5. Either direction of turning.
    first_column, first_row : int
        The window's first pixel.
    shape : tuple of int
        (rows, columns) of the window.

    Returns
    -------
    ndarray, shape (rows, columns)
        Covered share of each pixel, 0 to 1.
    """
    rows, columns = shape
    # Relative to the window's corner: small numbers keep the differences below exact to 1e-15.
    polygon = np.asarray(vertices, dtype=np.float64) - (first_column - 0.5, first_row - 0.5)
    x_edges = np.arange(columns + 1, dtype=np.float64)[None, None, :]
    y_edges = np.arange(rows + 1, dtype=np.float64)[None, :, None]
    start = polygon[:, :, None, None]
    end = np.roll(polygon, -1, axis=0)[:, :, None, None]
    x0, y0, x1, y1 = start[:, 0], start[:, 1], end[:, 0], end[:, 1]
    run = x1 - x0
    slope = np.divide(y1 - y0, run, out=np.zeros_like(run), where=run != 0)
    left = np.minimum(x0, x_edges)
    right = np.minimum(x1, x_edges)
    y_left = y0 + slope * (left - x0) - y_edges
    y_right = y0 + slope * (right - x0) - y_edges
    # Integral of min(y - edge, 0) over the part of the polygon's edge left of the grid corner.
    below_left = np.minimum(y_left, 0.0)
    below_right = np.minimum(y_right, 0.0)
    mixed = (y_left < 0) != (y_right < 0)
    spread = np.abs(y_left - y_right)
    below = below_left + below_right
    share = np.divide(np.abs(below), spread, out=np.ones_like(spread), where=mixed & (spread > 0))
    corner = ((right - left) * below * np.where(mixed, share, 1.0) / 2).sum(axis=0)
    overlap = corner[1:, 1:] - corner[1:, :-1] - corner[:-1, 1:] + corner[:-1, :-1]
    turning = np.sum(polygon[:, 0] * np.roll(polygon[:, 1], -1) - polygon[:, 1] * np.roll(polygon[:, 0], -1))
    return np.asarray(np.clip(-np.sign(turning) * overlap, 0.0, 1.0))


def coverage_on_slice(grid: Grid, rectangle: Rectangle) -> Coverage:
    """Exact overlap of a rectangle with the pixels of the slice that it lies on.

    Parameters
    ----------
    grid : Grid
        The native grid of the image.
    rectangle : Rectangle
        A rectangle parallel to the slices; between two slices it is measured on the nearer one, moved there along the
        normal.

    Returns
    -------
    Coverage
        The areas add up to the rectangle's area, over the edge of the image or not.

    Raises
    ------
    GeometryError
        If the rectangle is not parallel to the slices, or lies nearer to no slice of the grid than half a spacing.
    """
    tilt = np.degrees(np.arcsin(min(1.0, float(np.linalg.norm(np.cross(rectangle.normal, grid.normal))))))
    if tilt > COPLANAR_TOLERANCE_DEG:
        raise GeometryError(
            f"The rectangle is tilted {tilt:.2f} degrees against the slices; it must be parallel to them."
        )
    position = float(grid.to_index(rectangle.center_lps)[2])
    slice_index = round(position)
    if not 0 <= slice_index < grid.shape[0]:
        raise GeometryError(f"The rectangle lies outside the image: slice {position:.1f} of 0 to {grid.shape[0] - 1}.")
    on_slice = grid.to_lps((0, 0, slice_index))
    to_slice = float((on_slice - rectangle.center_lps) @ grid.normal) * grid.normal
    vertices = grid.to_index(rectangle.corners_lps + to_slice)[:, :2]
    low = np.floor(vertices.min(axis=0) + 0.5).astype(int)
    high = np.floor(vertices.max(axis=0) + 0.5).astype(int)
    columns, rows = (high - low + 1).tolist()
    area_mm2 = polygon_coverage(vertices, int(low[0]), int(low[1]), (rows, columns)) * grid.pixel_area_mm2
    area_mm2[area_mm2 < AREA_TOLERANCE_MM2] = 0.0
    column_index, row_index = np.meshgrid(low[0] + np.arange(columns), low[1] + np.arange(rows))
    centers = grid.to_lps(np.stack([column_index, row_index, np.full_like(row_index, slice_index)], axis=-1))
    offset = centers - rectangle.center_lps
    inside = (np.abs(offset @ rectangle.axis_long) <= rectangle.long_mm / 2 + CENTER_TOLERANCE_MM) & (
        np.abs(offset @ rectangle.axis_short) <= rectangle.short_mm / 2 + CENTER_TOLERANCE_MM
    )
    return Coverage(slice_index, int(low[1]), int(low[0]), area_mm2, inside)
