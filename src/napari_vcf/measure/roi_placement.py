"""Where an ADC rectangle lies: in the body, near its cortex, parallel to the endplate, on an earlier one's voxels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Grid, Rectangle, coverage_on_slice

__all__ = ["BodyPlace", "cuts_endplates", "deviation_deg", "endplate_direction", "place_in_body", "touched_voxels"]

#: ``inside``: a voxel of the map away from the body's edge; ``near``: less than that; ``outside``: over it.
BodyPlace = Literal["inside", "near", "outside"]
_SAMPLE_MM = 0.25
#: How far a plane may be turned out of the sagittal one and still cut endplates from front to back.
_SAGITTAL_DEG = 45.0


def place_in_body(rectangle: Rectangle, body: NDArray[np.bool_], grid: Grid, *, voxel_mm: float) -> BodyPlace:
    """Compare a rectangle with a body mask, which may lie on another image's grid.

    Parameters
    ----------
    rectangle : Rectangle
        LPS mm, in the mask's frame of reference.
    body : ndarray of bool, shape ``grid.shape``
        The mask.
    grid : Grid
        Its grid.
    voxel_mm : float
        Size of a voxel of the ADC map: what lies nearer to the edge than that may hold cortex.

    Returns
    -------
    {"inside", "near", "outside"}
    """
    if not _inside(rectangle, body, grid, 0.0):
        return "outside"
    return "inside" if _inside(rectangle, body, grid, voxel_mm) else "near"


def _inside(rectangle: Rectangle, body: NDArray[np.bool_], grid: Grid, margin_mm: float) -> bool:
    sides = []
    for length in (rectangle.long_mm, rectangle.short_mm):
        half = length / 2 + margin_mm
        sides.append(np.linspace(-half, half, int(np.ceil(2 * half / _SAMPLE_MM)) + 1))
    long, short = np.meshgrid(*sides, indexing="ij")
    if margin_mm:
        # Rounded corners: a distance is meant, not a larger rectangle.
        beyond = np.hypot(
            np.maximum(np.abs(long) - rectangle.long_mm / 2, 0), np.maximum(np.abs(short) - rectangle.short_mm / 2, 0)
        )
        long, short = long[beyond <= margin_mm + 1e-9], short[beyond <= margin_mm + 1e-9]
    # A point on the very border between two voxels belongs to both; a hair towards the centre decides it.
    points = rectangle.center_lps + (1 - 1e-9) * (
        long.ravel()[:, None] * rectangle.axis_long + short.ravel()[:, None] * rectangle.axis_short
    )
    index = np.floor(grid.to_index(points)[:, ::-1] + 0.5).astype(int)
    if (index < 0).any() or (index >= np.array(grid.shape)).any():
        return False
    return bool(body[tuple(index.T)].all())


def endplate_direction(upper_lps: ArrayLike, lower_lps: ArrayLike) -> NDArray[np.float64] | None:
    """Direction of a vertebra's endplates, from front to back, out of its calipers.

    Parameters
    ----------
    upper_lps, lower_lps : array_like, shape (n, 3)
        Ends of the calipers on the upper and on the lower endplate, from front to back; at least two of them.

    Returns
    -------
    ndarray, shape (3,), or None
        Unit vector between the directions of both; None from fewer than two calipers.
    """
    upper, lower = np.asarray(upper_lps, dtype=np.float64), np.asarray(lower_lps, dtype=np.float64)
    if upper.ndim != 2 or len(upper) < 2:
        return None
    ways = [line[-1] - line[0] for line in (upper, lower)]
    lengths = [float(np.linalg.norm(way)) for way in ways]
    if min(lengths) < 1e-6:
        return None
    middle = ways[0] / lengths[0] + ways[1] / lengths[1]
    length = float(np.linalg.norm(middle))
    return None if length < 1e-6 else np.asarray(middle / length)


def deviation_deg(rectangle: Rectangle, direction_lps: ArrayLike) -> float | None:
    """Angle between a rectangle's long side and a direction, in the rectangle's plane, 0 to 90 degrees.

    None where an angle to the endplates means nothing: the plane does not cut them from front to back, as on axial and
    coronal maps (`cuts_endplates`), or the direction stands at right angles to it.
    """
    if not cuts_endplates(rectangle):
        return None
    direction = np.asarray(direction_lps, dtype=np.float64)
    long, short = float(direction @ rectangle.axis_long), float(direction @ rectangle.axis_short)
    if np.hypot(long, short) < 1e-6:
        return None
    return float(np.degrees(np.arctan2(abs(short), abs(long))))


def cuts_endplates(rectangle: Rectangle) -> bool:
    """Whether a rectangle lies in a plane within 45 degrees of the sagittal one, which shows endplates as lines."""
    normal = np.cross(rectangle.axis_long, rectangle.axis_short)
    return bool(abs(normal[0]) > np.cos(np.radians(_SAGITTAL_DEG)) * np.linalg.norm(normal))


def touched_voxels(grid: Grid, rectangle: Rectangle) -> frozenset[tuple[int, int, int]]:
    """The voxels (slice, row, column) that a rectangle touches."""
    cover = coverage_on_slice(grid, rectangle)
    rows, columns = np.nonzero(cover.area_mm2 > 0)
    return frozenset(
        (cover.slice_index, int(row) + cover.first_row, int(column) + cover.first_column)
        for row, column in zip(rows, columns, strict=True)
    )
