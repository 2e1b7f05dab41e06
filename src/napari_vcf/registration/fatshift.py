"""The chemical shift of fat, found together with the pose.

In T1 and T2 images fat, and with it marrow, lies displaced along the readout by up to a pixel or two, while the
fat-suppressed image shows what is left in its place. Fitted together without knowing of it, the pose settles between
the two. So the contrasts that show fat get a small common displacement along the readout, found together with the pose;
the fat-suppressed one holds the place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from napari_vcf.registration.bend import place
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, pose_gradient, rotation_matrix
from napari_vcf.registration.search import Objective

__all__ = ["FatShift", "is_fat_suppressed"]

#: A displacement of 1 mm costs this, in nats; it only keeps a contrast with little to say near its place.
_PRIOR = 0.002
_NAMES = ("FS", "STIR", "TIRM", "SPAIR", "SPIR", "FAT", "WATER")


def is_fat_suppressed(name: str) -> bool:
    """Whether a contrast's name says that its fat is suppressed."""
    return any(word in name.upper() for word in _NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class FatShift:
    """The measure of several contrasts, some of which may be displaced.

    Parameters
    ----------
    fixed : Objective
        Of the contrasts that stay in place.
    moving : Objective
        Of the contrasts with a displacement.
    plane : ndarray, shape (3, directions)
        Unit vectors, in the working frame, along which they may be.
    """

    fixed: Objective
    moving: Objective
    plane: NDArray[np.float64]

    def pull(self, pose: Pose) -> float:
        """How strongly the displaced contrasts want to leave the place of the others at a pose."""
        still = np.concatenate([pose, np.zeros(self.plane.shape[1])])
        return float(np.abs(self.negative_with_gradient(still)[1][6:]).max())

    def climb(self, start: Pose, *, iterations: int = 40) -> tuple[float, Pose, NDArray[np.float64]]:
        """The local maximum near a pose without displacement.

        Returns
        -------
        value : float
            Mutual information there.
        pose : Pose
            Six numbers.
        displacement : ndarray, shape (directions,)
            In mm.
        """
        # At the joint optimum the slope is small all round, and a descent from there ends before it has begun.
        still = np.concatenate([start, np.zeros(self.plane.shape[1])])
        first = np.concatenate([start, -0.4 * np.sign(self.negative_with_gradient(still)[1][6:])])
        options = {"maxiter": iterations, "ftol": 1e-6, "gtol": 1e-6, "maxls": 20}
        result = minimize(self.negative_with_gradient, first, jac=True, method="L-BFGS-B", options=options)
        found = np.asarray(result.x, np.float64)
        return -float(result.fun), found[:6], found[6:]

    def negative_with_gradient(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """For a minimiser: pose, then the displacement."""
        pose, shift = parameters[:6], parameters[6:]
        total, slope = 0.0, np.zeros(parameters.size)
        total, slope[:6] = self.fixed.negative_with_gradient(pose)
        carried = rotation_matrix(pose[3:6] / ROTATION_LEVER_MM) @ self.plane
        placed, rotated = place(pose, self.moving.points)
        offset = (carried @ shift)[:, None].astype(placed.dtype)
        values, gradient = self.moving.cube.with_gradient(placed + offset)
        information, by_value = self.moving.information.value_and_slope(values)
        part = pose_gradient(pose, rotated + offset, by_value, gradient)
        total += _PRIOR * float(shift @ shift) - information
        slope[:6] -= part
        slope[6:] += 2 * _PRIOR * shift - carried.T @ part[:3]
        return total, slope
