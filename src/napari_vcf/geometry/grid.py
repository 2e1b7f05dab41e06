"""A voxel grid in patient space: a shape and an affine, without pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry.errors import GeometryError
from napari_vcf.language import say

__all__ = ["AXIS_ANGLE_TOLERANCE_DEG", "ORTHOGONALITY_TOLERANCE", "Grid", "Plane"]

#: Largest absolute dot product of two unit axes that still counts as a right angle (about 0.03 degrees).
ORTHOGONALITY_TOLERANCE = 5e-4
#: Two grids whose axes differ by less than this are parallel; over 250 mm it is an offset of 0.2 mm.
AXIS_ANGLE_TOLERANCE_DEG = 0.05

Plane = Literal["sagittal", "coronal", "axial"]
_PLANE_OF_NORMAL: tuple[Plane, Plane, Plane] = ("sagittal", "coronal", "axial")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A regular voxel grid in DICOM patient coordinates.

    Parameters
    ----------
    shape : tuple of int
        Number of (slices, rows, columns), the order of the array axes.
    affine_lps : ndarray, shape (4, 4)
        Maps (column, row, slice, 1), at voxel centres, to patient LPS in mm.

    Raises
    ------
    GeometryError
        If the shape is empty, or the affine is not finite, not affine or singular.
    """

    shape: tuple[int, int, int]
    affine_lps: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise GeometryError(
                say("A grid needs three positive sizes (slices, rows, columns), not {shape}.", shape=self.shape)
            )
        affine = np.array(self.affine_lps, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise GeometryError(say("A grid's affine must be a finite 4 x 4 matrix."))
        if not np.array_equal(affine[3], (0.0, 0.0, 0.0, 1.0)):
            raise GeometryError(
                say("The last row of a grid's affine must be 0 0 0 1, not {row}.", row=affine[3].tolist())
            )
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise GeometryError(say("The grid's affine is singular: its axes do not span a volume."))
        affine.flags.writeable = False
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine_lps", affine)

    @classmethod
    def from_axes(
        cls,
        shape: tuple[int, int, int],
        *,
        origin_lps: ArrayLike,
        column_direction: ArrayLike,
        row_direction: ArrayLike,
        spacing_mm: tuple[float, float, float],
        slice_direction: ArrayLike | None = None,
    ) -> Grid:
        """Build a grid from directions and spacings.

        Parameters
        ----------
        shape : tuple of int
            (slices, rows, columns).
        origin_lps : array_like, shape (3,)
            Centre of voxel (0, 0, 0), LPS mm.
        column_direction, row_direction : array_like, shape (3,)
            Directions in which the column index and the row index grow (the first and the second triple of DICOM's
            Image Orientation (Patient)).
        spacing_mm : tuple of float
            Distance of neighbouring (slices, rows, columns) in mm.
        slice_direction : array_like, shape (3,), optional
            Direction in which the slice index grows; the cross product of the other two if left out.

        Returns
        -------
        Grid

        Raises
        ------
        GeometryError
            If a direction is not one, or a spacing is not a positive number.
        """
        if not all(np.isfinite(step) and step > 0 for step in spacing_mm):
            raise GeometryError(
                say("The spacing of a grid must be positive, not {spacing} mm.", spacing=tuple(spacing_mm))
            )
        column = _unit(column_direction)
        row = _unit(row_direction)
        normal = np.cross(column, row) if slice_direction is None else np.asarray(slice_direction, dtype=np.float64)
        affine = np.eye(4)
        affine[:3, 0] = column * spacing_mm[2]
        affine[:3, 1] = row * spacing_mm[1]
        affine[:3, 2] = _unit(normal) * spacing_mm[0]
        affine[:3, 3] = np.asarray(origin_lps, dtype=np.float64)
        return cls(shape, affine)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Lengths of the (slice, row, column) steps in mm."""
        lengths = np.linalg.norm(self.affine_lps[:3, :3], axis=0)
        return float(lengths[2]), float(lengths[1]), float(lengths[0])

    @property
    def directions(self) -> NDArray[np.float64]:
        """Unit vectors of the (column, row, slice) steps, as the columns of a 3 x 3 matrix."""
        linear = self.affine_lps[:3, :3]
        return np.asarray(linear / np.linalg.norm(linear, axis=0))

    @property
    def origin_lps(self) -> NDArray[np.float64]:
        """Centre of voxel (0, 0, 0), LPS mm."""
        return self.affine_lps[:3, 3].copy()

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal of the slices, on the side to which the slice index grows."""
        directions = self.directions
        normal = _unit(np.cross(directions[:, 0], directions[:, 1]))
        return normal if normal @ directions[:, 2] > 0 else -normal

    @property
    def plane(self) -> Plane:
        """The anatomical plane nearest to the slices."""
        return _PLANE_OF_NORMAL[int(np.argmax(np.abs(self.normal)))]

    @property
    def is_orthogonal(self) -> bool:
        """Whether the three axes are at right angles."""
        directions = self.directions
        off_diagonal = directions.T @ directions - np.eye(3)
        return bool(np.abs(off_diagonal).max() < ORTHOGONALITY_TOLERANCE)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm3."""
        (a, b, c), (d, e, f), (g, h, i) = self.affine_lps[:3, :3].tolist()
        # Written out: a library's determinant may end in another last digit on another processor.
        return float(abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)))

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel of a slice in mm2."""
        return float(np.linalg.norm(np.cross(self.affine_lps[:3, 0], self.affine_lps[:3, 1])))

    @property
    def center_lps(self) -> NDArray[np.float64]:
        """The middle of the grid, LPS mm."""
        slices, rows, columns = self.shape
        return self.to_lps(((columns - 1) / 2, (rows - 1) / 2, (slices - 1) / 2))

    @property
    def corners_lps(self) -> NDArray[np.float64]:
        """The eight outer corners of the grid (voxel edges, not centres), shape (8, 3), LPS mm."""
        slices, rows, columns = self.shape
        corners = [(c, r, s) for s in (-0.5, slices - 0.5) for r in (-0.5, rows - 0.5) for c in (-0.5, columns - 0.5)]
        return self.to_lps(corners)

    def to_lps(self, index: ArrayLike) -> NDArray[np.float64]:
        """Map (column, row, slice) indices to patient LPS.

        Parameters
        ----------
        index : array_like, shape (..., 3)
            Continuous (column, row, slice); whole numbers are voxel centres.

        Returns
        -------
        ndarray, shape (..., 3)
            LPS mm.
        """
        points = np.asarray(index, dtype=np.float64)
        return np.asarray(points @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3])

    def to_index(self, point_lps: ArrayLike) -> NDArray[np.float64]:
        """Map patient LPS points to continuous (column, row, slice) indices.

        Parameters
        ----------
        point_lps : array_like, shape (..., 3)
            LPS mm.

        Returns
        -------
        ndarray, shape (..., 3)
        """
        points = np.asarray(point_lps, dtype=np.float64) - self.affine_lps[:3, 3]
        return np.asarray(np.linalg.solve(self.affine_lps[:3, :3], points[..., None])[..., 0])

    def contains(self, point_lps: ArrayLike, *, margin_mm: float = 0.0) -> NDArray[np.bool_]:
        """Whether points lie inside the grid's outer voxel edges.

        Parameters
        ----------
        point_lps : array_like, shape (..., 3)
            LPS mm.
        margin_mm : float
            Distance that a point must keep from the edge (negative: may lie outside by).

        Returns
        -------
        ndarray of bool, shape (...)
        """
        index = self.to_index(point_lps)
        sizes = np.array(self.shape[::-1], dtype=np.float64)
        margin = margin_mm / np.array(self.spacing_mm[::-1])
        return np.asarray(((index >= margin - 0.5) & (index <= sizes - 0.5 - margin)).all(axis=-1))

    def voxel_at(self, point_lps: ArrayLike) -> tuple[int, int, int] | None:
        """The voxel (slice, row, column) that a point in patient LPS mm lies in; None beyond the grid."""
        # Rounded, so that a place on the border of two voxels falls to the same one on every processor.
        column, row, index = np.floor(np.round(self.to_index(point_lps), 6) + 0.5).astype(int).tolist()
        within = all(0 <= each < length for each, length in zip((index, row, column), self.shape, strict=True))
        return (index, row, column) if within else None

    def is_parallel_to(self, other: Grid, *, tolerance_deg: float = AXIS_ANGLE_TOLERANCE_DEG) -> bool:
        """Whether all three axes point the same way as those of another grid."""
        cosines = np.einsum("ij,ij->j", self.directions, other.directions)
        # An arc cosine near 1 loses half its digits, the chord does not.
        chord = np.sqrt(np.maximum(2.0 - 2.0 * cosines, 0.0))
        return bool((cosines > 0).all() and chord.max() <= np.radians(tolerance_deg))

    def is_close_to(self, other: Grid, *, tolerance_mm: float = 1e-3) -> bool:
        """Whether every voxel of another grid of the same shape lies within a distance."""
        if self.shape != other.shape:
            return False
        return bool(np.abs(self.corners_lps - other.corners_lps).max() <= tolerance_mm)

    def sliced(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> Grid:
        """The grid of the sub-array that begins at (slice, row, column) ``start``."""
        affine = self.affine_lps.copy()
        affine[:3, 3] = self.to_lps((start[2], start[1], start[0]))
        return Grid(shape, affine)


def _unit(vector: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(vector, dtype=np.float64)
    length = float(np.linalg.norm(array))
    if array.shape != (3,) or not np.isfinite(length) or length < 1e-9:
        raise GeometryError(say("{vector!r} is not a direction in space.", vector=vector))
    return np.asarray(array / length)
