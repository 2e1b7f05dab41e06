"""Finding the pose: the measure at a pose with its exact gradient, and the ascent on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, pose_gradient, rotation_matrix, turn
from napari_vcf.registration.information import MutualInformation
from napari_vcf.registration.interpolation import Cube
from napari_vcf.registration.spine_bend import bend_gradient, place

__all__ = ["Objective", "Optimum", "distinct", "in_order", "translation_grid"]

Optimum = tuple[float, Pose]

#: A shift of 10 mm from the clicks costs 0.05 nats, a fraction of what the images say; it only breaks near ties.
_SHIFT_PRIOR = 0.05 / 10.0**2
#: A bend of 5 degrees from one vertebra to the next costs 0.02 nats.
_BEND_PRIOR = 0.02 / 2.5**2


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """Mutual information of MR samples and the CT at a pose, less a weak prior.

    Parameters
    ----------
    points : ndarray, shape (3, samples)
        MR samples, working frame.
    information : MutualInformation
        With the samples' classes.
    cube : Cube
        The CT.
    center : ndarray, shape (3,)
        Shift that the prior expects.
    """

    points: NDArray[np.float32]
    information: MutualInformation
    cube: Cube
    center: NDArray[np.float64]

    def value(self, pose: Pose) -> float:
        """The higher, the better."""
        placed, _ = place(pose, self.points)
        return self.information.value(self.cube.at(placed)) - self.prior(pose)[0]

    def negative_with_gradient(self, pose: Pose) -> tuple[float, NDArray[np.float64]]:
        """For a minimiser; pose of six numbers, or nine with a bend."""
        placed, rotated = place(pose, self.points)
        values, gradient = self.cube.with_gradient(placed)
        total, slope = self.information.value_and_slope(values)
        derivative = pose_gradient(pose, rotated, slope, gradient)
        if pose.size > 6:
            force = turn(rotation_matrix(pose[3:6] / ROTATION_LEVER_MM).T, slope * gradient)
            derivative = np.concatenate([derivative, bend_gradient(self.points, force)])
        cost, steepness = self.prior(pose)
        return cost - total, steepness - derivative

    def climb(self, start: Pose, *, iterations: int = 40, tolerance: float = 1e-7) -> Optimum:
        """The local maximum near a pose (L-BFGS), and the objective there."""
        # Bounds keep a line search from leaving the cube altogether.
        reach = np.array([15.0] * 3 + [ROTATION_LEVER_MM * 0.6] * 3 + [6.0] * (start.size - 6))
        result = minimize(
            self.negative_with_gradient,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(start - reach, start + reach, strict=True)),
            options={"maxiter": iterations, "ftol": tolerance, "gtol": 1e-6, "maxls": 20},
        )
        return -float(result.fun), np.asarray(result.x, dtype=np.float64)

    def prior(self, pose: Pose) -> tuple[float, NDArray[np.float64]]:
        """What a shift from the expected place and a bend cost, in nats, and its derivative by the pose."""
        off = pose[:3] - self.center
        steepness = np.zeros(pose.size)
        steepness[:3] = 2 * _SHIFT_PRIOR * off
        steepness[6:] = 2 * _BEND_PRIOR * pose[6:]
        return _SHIFT_PRIOR * float(off @ off) + _BEND_PRIOR * float(pose[6:] @ pose[6:]), steepness


def translation_grid(radius_mm: float, step_mm: float) -> list[NDArray[np.float64]]:
    """Shifts within a ball, the nearest first, in a fixed order."""
    count = int(radius_mm // step_mm)
    line = np.arange(-count, count + 1) * step_mm
    shifts = [np.array((x, y, z)) for x in line for y in line for z in line if x * x + y * y + z * z <= radius_mm**2]
    return sorted(shifts, key=lambda s: (round(float(s @ s), 6), tuple(s)))


def distinct(optima: Sequence[Optimum], distance: float = 2.0) -> list[Optimum]:
    """Optima in falling order, without those that repeat a better one."""
    kept: list[Optimum] = []
    for value, pose in sorted(optima, key=lambda o: -o[0]):
        if all(float(np.linalg.norm(pose - other)) > distance for _, other in kept):
            kept.append((value, pose))
    return kept


def in_order(function: Callable[[Pose], Optimum], poses: Sequence[Pose], threads: int) -> list[Optimum]:
    """Map over poses with some threads; each is computed alone, so the answers do not depend on how many there are."""
    if threads <= 1 or len(poses) < 2:
        return [function(pose) for pose in poses]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(function, poses))
