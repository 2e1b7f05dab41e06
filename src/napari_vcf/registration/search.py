"""Finding the pose: a coarse search within the click's uncertainty, then descent with the exact gradient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, pose_gradient, rotation_matrix, turn
from napari_vcf.registration.information import MutualInformation
from napari_vcf.registration.interpolation import Cube

__all__ = ["Objective", "translation_grid"]


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """Mutual information of MR samples and the CT at a pose, less a weak prior around the click.

    Parameters
    ----------
    points : ndarray, shape (3, samples)
        MR samples, working frame.
    information : MutualInformation
        With the samples' classes.
    cube : Cube
        The CT.
    prior_mm, prior_weight : float
        A shift by `prior_mm` costs `prior_weight` nats.
    """

    points: NDArray[np.float64]
    information: MutualInformation
    cube: Cube
    prior_mm: float = 10.0
    prior_weight: float = 0.05

    def value(self, pose: Pose) -> float:
        """The higher, the better."""
        rotated = _rotate(pose, self.points)
        values = self.cube.at(rotated + pose[:3, None])
        return self.information.value(values) - self._prior(pose)

    def _prior(self, pose: Pose) -> float:
        return self.prior_weight * float(pose[:3] @ pose[:3]) / self.prior_mm**2

    def negative_with_gradient(self, pose: Pose) -> tuple[float, NDArray[np.float64]]:
        """For a minimiser."""
        rotated = _rotate(pose, self.points)
        values, gradient = self.cube.with_gradient(rotated + pose[:3, None])
        total, slope = self.information.value_and_slope(values)
        derivative = pose_gradient(pose, rotated, slope, gradient)
        derivative[:3] -= 2 * self.prior_weight * pose[:3] / self.prior_mm**2
        return self._prior(pose) - total, -derivative

    def climb(self, start: Pose, *, iterations: int = 40, tolerance: float = 1e-7) -> tuple[float, Pose]:
        """The local maximum near a pose (L-BFGS).

        Returns
        -------
        value : float
            Objective there.
        pose : Pose
            Where.
        """
        # Bounds keep a line search from leaving the cube altogether.
        reach = np.array([15.0] * 3 + [ROTATION_LEVER_MM * 0.6] * 3)
        result = minimize(
            self.negative_with_gradient,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(start - reach, start + reach, strict=True)),
            options={"maxiter": iterations, "ftol": tolerance, "gtol": 1e-6, "maxls": 20},
        )
        return -float(result.fun), np.asarray(result.x, dtype=np.float64)


def translation_grid(radius_mm: float, step_mm: float) -> Iterable[NDArray[np.float64]]:
    """Shifts within a ball, the nearest first, in a fixed order."""
    count = int(radius_mm // step_mm)
    line = np.arange(-count, count + 1) * step_mm
    shifts = [np.array((x, y, z)) for x in line for y in line for z in line if x * x + y * y + z * z <= radius_mm**2]
    return sorted(shifts, key=lambda s: (round(float(s @ s), 6), tuple(s)))


def _rotate(pose: Pose, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return turn(rotation_matrix(pose[3:] / ROTATION_LEVER_MM), points)
