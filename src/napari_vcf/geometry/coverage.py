"""Exact overlap of a polygon with the pixels of a grid.

Each side of the polygon is cut at the borders between pixel rows. What one piece adds to the pixels of its row has a
closed form: nothing left of it, its whole height right of it, a parabola between (Green's theorem on a row). The
running sum along each row is then the covered share of each pixel. It is exact up to rounding, for any simple polygon,
and costs as much as its sides are long in pixels. An ADC rectangle covers a few dozen voxels: so few that plain numbers
are faster than arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import asin, ceil, degrees, floor, hypot

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry.errors import GeometryError
from napari_vcf.geometry.grid import Grid
from napari_vcf.geometry.roi_rectangle import Rectangle
from napari_vcf.language import say

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
    # Relative to the window's corner: small numbers keep the sums below exact to 1e-15.
    corner = np.array((first_column - 0.5, first_row - 0.5))
    return _shares((np.asarray(vertices, dtype=np.float64) - corner).tolist(), *shape)


def _shares(polygon: Sequence[Sequence[float]], rows: int, columns: int) -> NDArray[np.float64]:
    """Share of each pixel covered by a polygon in (x, y) from the outer corner of the first pixel."""
    steps = [[0.0] * (columns + 1) for _ in range(rows)]
    turning = 0.0
    for index, (x1, y1) in enumerate(polygon):
        x0, y0 = polygon[index - 1]
        turning += x0 * y1 - y0 * x1
        if y0 < y1:
            _add_side(steps, x0, y0, x1, y1, columns, 1.0)
        elif y1 < y0:
            _add_side(steps, x1, y1, x0, y0, columns, -1.0)
    shares = np.array(steps)[:, :columns].cumsum(axis=1)
    return np.asarray(np.minimum(np.maximum(-shares if turning > 0 else shares, 0.0), 1.0))


def _add_side(steps: list[list[float]], x0: float, y0: float, x1: float, y1: float, columns: int, sign: float) -> None:
    """Add a downward side to the differences along the rows: the pixels right of it change by its height."""
    # Comparisons in place of min() and max(): calls are most of what this costs, and it runs at every move of a ROI.
    run = (x1 - x0) / (y1 - y0)
    low, high = (x0, x1) if x0 < x1 else (x1, x0)
    start, stop = floor(y0), ceil(y1)
    for row in range(start if start > 0 else 0, stop if stop < len(steps) else len(steps)):
        # Never beyond the side's own ends, however nearly it lies along the row.
        top, left = y0, x0
        if y0 < row:
            top, left = row, x0 + run * (row - y0)
            left = low if left < low else high if left > high else left
        bottom, right = y1, x1
        if y1 > row + 1:
            bottom, right = row + 1, x0 + run * (row + 1 - y0)
            right = low if right < low else high if right > high else right
        height = sign * (bottom - top)
        if left > right:
            left, right = right, left
        line = steps[row]
        first, last = floor(left), ceil(right)
        first, last = first if first > 0 else 0, columns if last > columns else last if last > 0 else 0
        before = area = 0.0
        if first < last:
            middle, doubled = (left + right) / 2, 2 * (right - left)
            # Area right of the piece, per unit of its height, up to the pixel's left border; then up to its right one.
            if first >= right:
                area = first - middle
            elif first > left:
                area = (first - left) * ((first - left) / doubled)
            for column in range(first, last):
                x = column + 1
                beyond = x - middle if x >= right else (x - left) * ((x - left) / doubled) if x > left else 0.0
                line[column] += height * (beyond - area - before)
                before, area = beyond - area, beyond
        line[last] += height * (1.0 - before)


@dataclass(frozen=True, slots=True)
class _Slices:
    """What every rectangle on the slices of a grid needs of it, as plain numbers."""

    origin: tuple[float, float, float]
    #: Rows of the inverse of the affine's linear part.
    inverse: tuple[tuple[float, float, float], ...]
    #: Steps to the next column, row and slice, mm.
    steps: tuple[tuple[float, float, float], ...]
    normal: tuple[float, float, float]
    pixel_area_mm2: float


@lru_cache(maxsize=16)
def _slices_of(grid: Grid) -> _Slices:
    linear = grid.affine_lps[:3, :3]
    return _Slices(
        tuple(grid.origin_lps.tolist()),
        tuple(map(tuple, np.linalg.inv(linear).tolist())),
        tuple(map(tuple, linear.T.tolist())),
        tuple(grid.normal.tolist()),
        grid.pixel_area_mm2,
    )


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float]:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


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
    slices = _slices_of(grid)
    center, long, short = rectangle.center_lps.tolist(), rectangle.axis_long.tolist(), rectangle.axis_short.tolist()
    across = _cross(_cross(long, short), slices.normal)
    tilt = degrees(asin(min(1.0, hypot(*across))))
    if tilt > COPLANAR_TOLERANCE_DEG:
        raise GeometryError(
            say(
                "The rectangle is tilted {tilt:.2f} degrees against the slices; it must be parallel to them.", tilt=tilt
            )
        )
    ox, oy, oz = slices.origin
    from_origin = (center[0] - ox, center[1] - oy, center[2] - oz)
    position = _dot(slices.inverse[2], from_origin)
    index = round(position)
    if not 0 <= index < grid.shape[0]:
        raise GeometryError(
            say(
                "The rectangle lies outside the image: slice {position:.1f} of 0 to {last}.",
                position=position,
                last=grid.shape[0] - 1,
            )
        )
    # Onto the slice along the normal.
    (sx, sy, sz), (nx, ny, nz) = slices.steps[2], slices.normal
    fx, fy, fz = from_origin
    lift = _dot((index * sx - fx, index * sy - fy, index * sz - fz), slices.normal)
    on_slice = (fx + lift * nx, fy + lift * ny, fz + lift * nz)
    # The affine is linear: centre and half sides in pixels give all corners.
    half_long, half_short = rectangle.long_mm / 2, rectangle.short_mm / 2
    (to_column, to_row, _) = slices.inverse
    x, y = _dot(to_column, on_slice), _dot(to_row, on_slice)
    ax, ay = half_long * _dot(to_column, long), half_long * _dot(to_row, long)
    bx, by = half_short * _dot(to_column, short), half_short * _dot(to_row, short)
    xs = (x - ax - bx, x + ax - bx, x + ax + bx, x - ax + bx)
    ys = (y - ay - by, y + ay - by, y + ay + by, y - ay + by)
    first_column, first_row = floor(min(xs) + 0.5), floor(min(ys) + 0.5)
    columns, rows = floor(max(xs) + 0.5) - first_column + 1, floor(max(ys) + 0.5) - first_row + 1
    polygon = [(x - first_column + 0.5, y - first_row + 0.5) for x, y in zip(xs, ys, strict=True)]
    area_mm2 = _shares(polygon, rows, columns) * slices.pixel_area_mm2
    area_mm2[area_mm2 < AREA_TOLERANCE_MM2] = 0.0
    inside = np.ones((rows, columns), dtype=bool)
    across_columns = np.arange(first_column, first_column + columns)
    down_rows = np.arange(first_row, first_row + rows)[:, None]
    for axis, half in ((long, half_long), (short, half_short)):
        # Distance of the pixels' centres from the rectangle's, along one side; it grows evenly with row and column.
        step, down = _dot(slices.steps[0], axis), _dot(slices.steps[1], axis)
        start = index * _dot(slices.steps[2], axis) - _dot(from_origin, axis)
        along = (start + step * across_columns) + down * down_rows
        inside &= np.abs(along) <= half + CENTER_TOLERANCE_MM
    return Coverage(index, first_row, first_column, area_mm2, inside)
