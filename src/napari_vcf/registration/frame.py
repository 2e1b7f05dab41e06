"""The working frame of a registration: the MR's own axes, with each image's clicked point as its origin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Grid, RigidTransform

__all__ = [
    "ROTATION_LEVER_MM",
    "Pose",
    "WorkingFrame",
    "anatomical_axes",
    "fixed_lines",
    "pose_gradient",
    "rotation_matrix",
    "rotation_vector",
    "turn",
]

#: A rotation parameter of 1 turns by 1/30 rad: a shift and a turn of equal size move the vertebra's edge about equally.
ROTATION_LEVER_MM = 30.0

#: Six numbers: shift (mm), then rotation vector (rad x `ROTATION_LEVER_MM`), from MR to CT in the working frame.
Pose = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class WorkingFrame:
    """Axes and origins.

    Parameters
    ----------
    axes : ndarray, shape (3, 3)
        Columns: unit LPS vectors near left, posterior and superior, along the MR's grid.
    mr_point, ct_point : ndarray, shape (3,)
        LPS mm; the origins.
    """

    axes: NDArray[np.float64]
    mr_point: NDArray[np.float64]
    ct_point: NDArray[np.float64]

    def ct_to_mr(self, pose: Pose) -> RigidTransform:
        """The pose as a transform of patient space."""
        rotation = self.axes @ rotation_matrix(pose[3:6] / ROTATION_LEVER_MM) @ self.axes.T
        push = np.eye(4)
        push[:3, :3] = rotation
        push[:3, 3] = self.ct_point + self.axes @ pose[:3] - rotation @ self.mr_point
        return RigidTransform(_rigid(push)).inverse()

    def mr_to_working(self, points_lps: NDArray[np.float64]) -> NDArray[np.float64]:
        """MR patient points, shape (3, samples), in the working frame."""
        return turn(self.axes.T, points_lps - self.mr_point[:, None])

    def mr_to_lps(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Working-frame MR points, shape (3, samples), in patient LPS."""
        return turn(self.axes, points) + self.mr_point[:, None]

    def ct_to_lps(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Working-frame CT points, shape (3, samples), in patient LPS."""
        return turn(self.axes, points) + self.ct_point[:, None]

    def pose_of(self, ct_to_mr: RigidTransform) -> Pose:
        """The inverse of `ct_to_mr`."""
        push = ct_to_mr.inverse()
        rotation = self.axes.T @ push.matrix[:3, :3] @ self.axes
        shift = self.axes.T @ (push.apply(self.mr_point) - self.ct_point)
        return np.concatenate([shift, rotation_vector(rotation) * ROTATION_LEVER_MM])


def anatomical_axes(grid: Grid) -> NDArray[np.float64]:
    """A grid's axes, reordered and flipped to lie nearest to left, posterior and superior; exactly orthonormal."""
    u, _, vt = np.linalg.svd(grid.directions)
    directions = u @ vt
    best: tuple[float, NDArray[np.float64]] | None = None
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        axes = directions[:, order]
        axes = axes * np.where(np.diag(axes) < 0, -1.0, 1.0)
        score = float(np.trace(axes))
        if best is None or score > best[0] + 1e-9:
            best = score, axes
    assert best is not None
    return np.asarray(best[1])


def fixed_lines(
    axes: NDArray[np.float64], point: NDArray[np.float64], half_mm: ArrayLike, spacing_mm: ArrayLike
) -> list[NDArray[np.float64]]:
    """Lines of a lattice around a point that lies at the same places of the patient wherever the point is.

    Parameters
    ----------
    axes : ndarray, shape (3, 3)
        Columns: the lattice's directions, LPS.
    point : ndarray, shape (3,)
        LPS mm.
    half_mm, spacing_mm : array_like, shape (3,) or ()
        Half extent, reached or passed by less than a step, and step along each axis.

    Returns
    -------
    list of ndarray
        For each axis the positions, mm from the point: whole steps from the patient's origin.
    """
    middle = axes.T @ point
    half, spacing = (np.broadcast_to(np.asarray(value, np.float64), 3) for value in (half_mm, spacing_mm))
    first, last = np.floor((middle - half) / spacing), np.ceil((middle + half) / spacing)
    return [np.arange(a, b + 1) * step - at for a, b, step, at in zip(first, last, spacing, middle, strict=True)]


def turn(matrix: NDArray[np.float64], points: NDArray[Any]) -> NDArray[Any]:
    """A 3 x 3 matrix times points, shape (3, samples), in the points' own precision.

    Written out: a library's matrix product may be split among threads, and then its last bits depend on their number.
    """
    matrix = matrix.astype(points.dtype)
    result: NDArray[Any] = matrix[:, :1] * points[0]
    part = matrix[:, 1:2] * points[1]
    result += part
    np.multiply(matrix[:, 2:], points[2], out=part)
    result += part
    return result


def rotation_matrix(vector_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation by a vector's length about its direction (Rodrigues)."""
    x, y, z = vector_rad.tolist()
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < 1e-6:
        return _combined(1.0, 1.0, 0.0, (x, y, z))
    cosine = math.cos(angle)
    return _combined(cosine, math.sin(angle) / angle, (1.0 - cosine) / (angle * angle), (x, y, z))


def rotation_vector(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Axis times angle in rad of a rotation by less than half a turn."""
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    sine = float(np.linalg.norm(skew)) / 2
    angle = float(np.arctan2(sine, (np.trace(rotation) - 1) / 2))
    return np.asarray(skew / 2 * (angle / sine if sine > 1e-12 else 1.0))


def pose_gradient(
    pose: Pose, rotated: NDArray[Any], slope: NDArray[np.float32], gradient: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Derivative of a sum over samples by the six numbers of a pose.

    Parameters
    ----------
    pose : Pose
        Where.
    rotated : ndarray, shape (3, samples)
        Sample positions after the rotation, before the shift.
    slope : ndarray, shape (samples,)
        Derivative by each sample's value.
    gradient : ndarray, shape (3, samples)
        Derivative of each sample's value by its position.

    Returns
    -------
    ndarray, shape (6,)
    """
    force = slope * gradient
    torque = np.array(
        [
            (rotated[1] * force[2] - rotated[2] * force[1]).sum(dtype=np.float64),
            (rotated[2] * force[0] - rotated[0] * force[2]).sum(dtype=np.float64),
            (rotated[0] * force[1] - rotated[1] * force[0]).sum(dtype=np.float64),
        ]
    )
    jacobian = _left_jacobian(pose[3:6] / ROTATION_LEVER_MM)
    return np.concatenate([force.sum(axis=1, dtype=np.float64), jacobian.T @ torque / ROTATION_LEVER_MM])


def _left_jacobian(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """How a rotation turns further when its vector changes (left Jacobian of SO(3))."""
    x, y, z = vector.tolist()
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < 1e-4:
        return _combined(1.0, 0.5, 1.0 / 6.0, (x, y, z))
    sine = math.sin(angle) / angle
    return _combined(sine, (1.0 - math.cos(angle)) / (angle * angle), (1.0 - sine) / (angle * angle), (x, y, z))


def _combined(one: float, cross: float, outer: float, v: tuple[float, float, float]) -> NDArray[np.float64]:
    """``one`` times the identity, ``cross`` times the cross product with v, and ``outer`` times v's outer product."""
    x, y, z = v
    return np.array(
        [
            [one + outer * x * x, outer * x * y - cross * z, outer * x * z + cross * y],
            [outer * x * y + cross * z, one + outer * y * y, outer * y * z - cross * x],
            [outer * x * z - cross * y, outer * y * z + cross * x, one + outer * z * z],
        ]
    )


def _rigid(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    u, _, vt = np.linalg.svd(matrix[:3, :3])
    matrix[:3, :3] = u @ vt
    return matrix
