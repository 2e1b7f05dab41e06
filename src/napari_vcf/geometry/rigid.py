"""Rigid motions of patient space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry.errors import GeometryError
from napari_vcf.language import say

__all__ = ["RIGIDITY_TOLERANCE", "RigidTransform"]

#: Largest deviation of R R^T from the identity; 1e-6 moves a point 250 mm away by less than a micrometre.
RIGIDITY_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class RigidTransform:
    """A rotation and a shift, from one patient frame (LPS mm) to another.

    Parameters
    ----------
    matrix : ndarray, shape (4, 4)
        Homogeneous matrix; maps (x, y, z, 1).

    Raises
    ------
    GeometryError
        If the matrix is not rigid: scaled, sheared or mirrored.
    """

    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or not np.array_equal(matrix[3], (0, 0, 0, 1)):
            raise GeometryError(say("A rigid transform needs a finite 4 x 4 matrix that ends in 0 0 0 1."))
        rotation = matrix[:3, :3]
        if np.abs(rotation @ rotation.T - np.eye(3)).max() > RIGIDITY_TOLERANCE or np.linalg.det(rotation) < 0:
            raise GeometryError(say("The transform is not rigid: it scales, shears or mirrors."))
        matrix.flags.writeable = False
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def identity(cls) -> RigidTransform:
        """The transform that leaves every point where it is."""
        return cls(np.eye(4))

    @classmethod
    def from_rotation_vector(
        cls, rotation_deg: ArrayLike, translation_mm: ArrayLike, *, center_lps: ArrayLike = (0.0, 0.0, 0.0)
    ) -> RigidTransform:
        """Rotate about a centre, then shift.

        Parameters
        ----------
        rotation_deg : array_like, shape (3,)
            Axis of rotation; its length is the angle in degrees.
        translation_mm : array_like, shape (3,)
            Shift after the rotation.
        center_lps : array_like, shape (3,)
            The point that the rotation alone leaves in place.

        Returns
        -------
        RigidTransform
        """
        vector = np.radians(np.asarray(rotation_deg, dtype=np.float64))
        center = np.asarray(center_lps, dtype=np.float64)
        matrix = np.eye(4)
        matrix[:3, :3] = _rotation_matrix(vector)
        matrix[:3, 3] = center - matrix[:3, :3] @ center + np.asarray(translation_mm, dtype=np.float64)
        return cls(matrix)

    @property
    def angle_deg(self) -> float:
        """Angle of the rotation, 0 to 180 degrees."""
        rotation = self.matrix[:3, :3]
        skew = np.array(
            [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
        )
        return float(np.degrees(np.arctan2(np.linalg.norm(skew) / 2, (np.trace(rotation) - 1) / 2)))

    def apply(self, points_lps: ArrayLike) -> NDArray[np.float64]:
        """Move points, shape (..., 3), LPS mm."""
        points = np.asarray(points_lps, dtype=np.float64)
        return np.asarray(points @ self.matrix[:3, :3].T + self.matrix[:3, 3])

    def inverse(self) -> RigidTransform:
        """The transform back."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.matrix[:3, :3].T
        matrix[:3, 3] = -self.matrix[:3, :3].T @ self.matrix[:3, 3]
        return RigidTransform(matrix)

    def __matmul__(self, first: RigidTransform) -> RigidTransform:
        """The transform that applies ``first`` and then this one."""
        return RigidTransform(self.matrix @ first.matrix)

    def shift_mm(self, point_lps: ArrayLike) -> float:
        """How far a point moves, in mm."""
        point = np.asarray(point_lps, dtype=np.float64)
        return float(np.linalg.norm(self.apply(point) - point))


def _rotation_matrix(vector_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rodrigues' formula."""
    angle = float(np.linalg.norm(vector_rad))
    x, y, z = vector_rad
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    # np.sinc keeps both quotients finite and exact at a zero angle.
    first = np.sinc(angle / np.pi)
    second = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.asarray(np.eye(3) + first * skew + second * skew @ skew)
