"""Cuts through a volume for a pane: the one plane that is on the screen, and nothing of what lies beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, ReadingFrame, RigidTransform, Volume
from napari_vcf.registration.reslicing import reslice_slice
from napari_vcf.widgets.desk.space import AxisOrder, axis_order, turned_grid
from napari_vcf.widgets.desk.window_level import Window

__all__ = ["Cut", "cross_frame", "cut_volume", "to_gray"]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Pixels of a plane, with their place in it.

    Attributes
    ----------
    pixels : ndarray, shape (rows, columns)
        Values; a view of the volume where its own voxels lie along the plane.
    top_mm, left_mm : float
        Outer edges of the first row and column, in the (row, column) mm of the plane's frame.
    row_mm, column_mm : float
        Size of a pixel.
    native : bool
        Whether the pixels are the volume's own voxels; interpolated otherwise.
    slice_number : tuple of int, optional
        Which of how many of the volume's own slices it is, counted from 1 as it is stored; None for another plane.
    """

    pixels: NDArray[Any]
    top_mm: float
    left_mm: float
    row_mm: float
    column_mm: float
    native: bool
    slice_number: tuple[int, int] | None = None


@lru_cache(maxsize=32)
def cross_frame(frame: ReadingFrame, axis: int) -> ReadingFrame:
    """The plane at right angles to the screen that cuts one of its axes.

    Parameters
    ----------
    frame : ReadingFrame
        Plane on the screen, with axes (slice, row, column).
    axis : {0, 1, 2}
        Axis that becomes the normal; 0 gives the frame itself.

    Returns
    -------
    ReadingFrame
        Turned as radiologists look at that plane: feet below, front above, the patient's right on the left.
    """
    if axis == 0:
        return frame
    normal = frame.axes[axis]
    others = [frame.axes[i] for i in range(3) if i != axis]
    # Feet down where the plane holds that direction, otherwise back down.
    main = int(np.argmax(np.abs(normal)))
    down = np.array((0.0, 1.0, 0.0) if main == 2 else (0.0, 0.0, -1.0))
    right = np.array((0.0, 1.0, 0.0) if main == 0 else (1.0, 0.0, 0.0))
    others.sort(key=lambda direction: -abs(float(direction @ down)))
    rows, columns = others
    towards = np.eye(3)[main] * (1 if normal[main] > 0 else -1)
    return ReadingFrame(
        np.stack(
            [
                normal * (1 if towards[main] > 0 else -1),
                rows * (1 if rows @ down > 0 else -1),
                columns * (1 if columns @ right > 0 else -1),
            ]
        )
    )


@lru_cache(maxsize=64)
def _turned(grid: Grid, frame: ReadingFrame) -> tuple[AxisOrder, Grid, NDArray[np.float64]] | None:
    """How a grid lies on a frame, the grid turned so, and where its first voxel is; None where it lies askew."""
    order = axis_order(grid, frame)
    if order is None:
        return None
    turned = turned_grid(grid, order)
    return order, turned, frame.to_world(turned.origin_lps)


def cut_volume(
    volume: Volume,
    frame: ReadingFrame,
    center_lps: NDArray[np.float64],
    shape: tuple[int, int],
    pixel_mm: float,
    transform: RigidTransform | None = None,
) -> Cut | None:
    """One plane of a volume, as far as a pane shows it.

    Parameters
    ----------
    volume : Volume
        Native voxels.
    frame : ReadingFrame
        The plane; its first axis is the normal.
    center_lps : ndarray, shape (3,)
        Point in the middle of the pane, LPS mm of the frame's patient space.
    shape : tuple of int
        Rows and columns of the pane's screen pixels.
    pixel_mm : float
        Size of a screen pixel.
    transform : RigidTransform, optional
        From the volume's patient space to the frame's, where they differ.

    Returns
    -------
    Cut or None
        None where the plane does not meet the volume.
    """
    center = frame.to_world(center_lps)
    half = np.array(shape) * pixel_mm / 2
    native = _turned(volume.grid, frame) if transform is None else None
    if native is not None:
        order, grid, first = native
        slice_mm, row_mm, column_mm = grid.spacing_mm
        index = int(np.floor((center[0] - first[0]) / slice_mm + 0.5))
        steps = np.array([row_mm, column_mm])
        low = np.maximum(np.floor((center[1:] - half - first[1:]) / steps).astype(int), 0)
        high = np.minimum(np.ceil((center[1:] + half - first[1:]) / steps).astype(int) + 1, grid.shape[1:])
        if not 0 <= index < grid.shape[0] or (high <= low).any():
            return None
        pixels = order.turn(volume.data)[index, low[0] : high[0], low[1] : high[1]]
        top, left = first[1:] + (low - 0.5) * steps
        number = (grid.shape[0] - index if order.flips[0] else index + 1), grid.shape[0]
        own = number if order.axes[0] == 0 else None
        return Cut(pixels, float(top), float(left), row_mm, column_mm, native=True, slice_number=own)
    rows, columns = shape
    affine = np.eye(4)
    affine[:3, :3] = frame.axes[::-1].T * pixel_mm
    corner = np.array([center[0], *(center[1:] - half + pixel_mm / 2)])
    affine[:3, 3] = frame.to_lps(corner)
    pixels = reslice_slice(volume, Grid((1, rows, columns), affine), 0, transform)
    top, left = center[1:] - half
    return Cut(pixels, float(top), float(left), pixel_mm, pixel_mm, native=False)


def to_gray(pixels: NDArray[Any], window: Window) -> NDArray[np.uint8]:
    """Values as grey levels 0 to 255 of a window, contiguous; what is not a number is black."""
    low, high = window
    gray = np.subtract(pixels, np.float32(low), dtype=np.float32)
    gray *= np.float32(255.0 / max(high - low, 1e-6))
    # Of a number and what is none, each of the two takes the number.
    np.fmax(gray, np.float32(0.0), out=gray)
    np.fmin(gray, np.float32(255.0), out=gray)
    return gray.astype(np.uint8, order="C")
