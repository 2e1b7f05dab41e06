"""The reading frame: patient space turned so that the axes of the screen are the axes of the reading plane.

napari slices correctly only along the axes of its own world, so every layer is given an axis-aligned scale and
translate in this frame. World coordinates are (slice, row, column) in mm; the patient's LPS millimetres stay the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry.errors import GeometryError
from napari_vcf.geometry.grid import Grid
from napari_vcf.language import say

__all__ = ["ReadingFrame"]


@dataclass(frozen=True, slots=True, eq=False)
class ReadingFrame:
    """A rotated patient frame with axes (slice, row, column) in mm and its origin at the patient's.

    Parameters
    ----------
    axes : ndarray, shape (3, 3)
        Unit LPS vectors of the world's slice, row and column axes, one per row.

    Raises
    ------
    GeometryError
        If the axes are not at right angles.
    """

    axes: NDArray[np.float64]

    def __post_init__(self) -> None:
        axes = np.array(self.axes, dtype=np.float64)
        if axes.shape != (3, 3) or np.abs(axes @ axes.T - np.eye(3)).max() > 1e-6:
            raise GeometryError(say("The axes of a reading frame must be three unit vectors at right angles."))
        axes.flags.writeable = False
        object.__setattr__(self, "axes", axes)

    @classmethod
    def of_grid(cls, grid: Grid) -> ReadingFrame:
        """The frame in which a grid needs no turning; a near-right angle is made exact."""
        if not grid.is_orthogonal:
            raise GeometryError(say("A sheared grid has no reading frame: resample it onto an orthogonal grid first."))
        directions = grid.directions
        # Columns and rows keep their plane exactly; the normal takes what is left of the tolerance.
        column = directions[:, 0]
        row = directions[:, 1] - (directions[:, 1] @ column) * column
        row /= np.linalg.norm(row)
        normal = np.cross(column, row)
        if normal @ directions[:, 2] < 0:
            normal = -normal
        return cls(np.stack([normal, row, column]))

    @classmethod
    def sagittal(cls) -> ReadingFrame:
        """Straight sagittal: slices from the patient's right to left, rows head to feet, columns front to back."""
        return cls(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]))

    def to_world(self, points_lps: ArrayLike) -> NDArray[np.float64]:
        """LPS mm to world (slice, row, column) mm, shape (..., 3)."""
        return np.asarray(np.asarray(points_lps, dtype=np.float64) @ self.axes.T)

    def to_lps(self, points_world: ArrayLike) -> NDArray[np.float64]:
        """World (slice, row, column) mm to LPS mm, shape (..., 3)."""
        return np.asarray(np.asarray(points_world, dtype=np.float64) @ self.axes)

    def holds(self, grid: Grid) -> bool:
        """Whether a grid's axes are this frame's, so that its voxels can be shown as they are."""
        if not grid.is_orthogonal:
            return False
        return grid.is_parallel_to(self.grid_around(grid, spacing_mm=(1.0, 1.0, 1.0)))

    def placement(self, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scale and translate (slice, row, column), in mm, that put a parallel grid into the world.

        Raises
        ------
        GeometryError
            If the grid is not parallel to the frame.
        """
        if not self.holds(grid):
            raise GeometryError(say("The grid is not parallel to the reading frame; reslice it first."))
        return np.array(grid.spacing_mm), self.to_world(grid.origin_lps)

    def grid_around(self, grid: Grid, *, spacing_mm: tuple[float, float, float]) -> Grid:
        """The smallest grid with this frame's axes and the given spacing that covers another grid.

        Parameters
        ----------
        grid : Grid
            What is to be covered.
        spacing_mm : tuple of float
            (slice, row, column) spacing in mm.

        Returns
        -------
        Grid
        """
        corners = self.to_world(grid.corners_lps)
        spacing = np.array(spacing_mm, dtype=np.float64)
        low = corners.min(axis=0)
        counts = np.maximum(np.ceil((corners.max(axis=0) - low) / spacing - 1e-6), 1).astype(int)
        # Centre the surplus, so that the covering grid does not lean to one side.
        slack = counts * spacing - (corners.max(axis=0) - low)
        origin = low - slack / 2 + spacing / 2
        affine = np.eye(4)
        affine[:3, :3] = self.axes[::-1].T * spacing[::-1]
        affine[:3, 3] = self.to_lps(origin)
        return Grid((int(counts[0]), int(counts[1]), int(counts[2])), affine)
