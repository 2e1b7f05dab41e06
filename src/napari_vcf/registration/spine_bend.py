"""A rigid pose with a bend along the spine, for comparing several vertebrae at once.

Between the two examinations the patient flexes, extends, leans or twists. Over three vertebrae this is, to well below a
millimetre, a turn that grows evenly along the spine: at height s above the clicked point the turn is ``s * rate``, and
what lies there is carried along by ``s * rate x (across + s / 2 * up)``. The rate has three components.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, rotation_matrix, rotation_vector, turn

__all__ = ["BEND_LEVER", "bend", "bend_gradient", "place", "straight_at", "unplace"]

#: A bend parameter of 1 is a turn of 1/1000 rad for each mm, 2 degrees from one vertebra to the next.
BEND_LEVER = 1000.0


def bend(points: NDArray[Any], parameters: NDArray[np.float64]) -> NDArray[Any]:
    """Bent positions of points, shape (3, samples), in the working frame."""
    x, y, s = points
    a, b, c = (parameters / BEND_LEVER).tolist()
    half = s / 2
    return np.stack([x + s * (b * half - c * y), y + s * (c * x - a * half), s + s * (a * y - b * x)])


def bend_gradient(points: NDArray[Any], force: NDArray[Any]) -> NDArray[np.float64]:
    """Derivative by the bend of a sum with derivative `force`, shape (3, samples), by bent position."""
    x, y, s = points
    half = s / 2
    return (
        np.array(
            [
                (s * (y * force[2] - half * force[1])).sum(dtype=np.float64),
                (s * (half * force[0] - x * force[2])).sum(dtype=np.float64),
                (s * (x * force[1] - y * force[0])).sum(dtype=np.float64),
            ]
        )
        / BEND_LEVER
    )


def place(pose: Pose, points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """MR points in the CT, shape (3, samples), by a pose of six or nine numbers.

    Returns
    -------
    placed : ndarray
        In the CT.
    rotated : ndarray
        The same before the shift.
    """
    bent = bend(points, pose[6:]) if pose.size > 6 else points
    rotated = turn(rotation_matrix(pose[3:6] / ROTATION_LEVER_MM), bent)
    return rotated + pose[:3, None].astype(points.dtype), rotated


def unplace(pose: Pose, points: NDArray[Any]) -> NDArray[Any]:
    """CT points in the MR: the inverse of `place`."""
    straight = turn(rotation_matrix(pose[3:6] / ROTATION_LEVER_MM).T, points - pose[:3, None].astype(points.dtype))
    if pose.size == 6:
        return straight
    found = straight
    # The bend moves points by a few per cent of their distance, so each round gains more than a digit.
    for _ in range(5):
        found = straight - (bend(found, pose[6:]) - found)
    return found


def straight_at(pose: Pose, point: NDArray[np.float64]) -> Pose:
    """The rigid pose (six numbers) that a bent one is near an MR point, shape (3,)."""
    if pose.size == 6:
        return pose.copy()
    steps = point[:, None] + np.concatenate([np.zeros((3, 1)), np.eye(3)], axis=1) * 0.5
    placed, _ = place(pose, steps)
    linear = (placed[:, 1:] - placed[:, :1]) / 0.5
    u, _, vt = np.linalg.svd(linear)
    rotation = u @ vt
    return np.concatenate([placed[:, 0] - rotation @ point, rotation_vector(rotation) * ROTATION_LEVER_MM])
