"""The vertebra and its column in one measure, with the chemical shift of fat found along with the pose.

The vertebra's own samples are the finest, but oedema at an endplate looks like a disc, and alone they may slide along
the spine. The neighbours' endplates hold against that. So one pose is asked to suit both: the vertebra in full
resolution, and the column with the bend that was found for it.

In T1 and T2 images fat, and with it marrow, lies displaced along the readout by up to a pixel or two, while the
fat-suppressed image shows what is left in its place. Fitted together without knowing of it, the pose settles between
the two. So the contrasts that show fat get one common displacement in their plane, found together with the pose; the
fat-suppressed ones hold the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, pose_gradient, rotation_matrix
from napari_vcf.registration.search import Objective
from napari_vcf.registration.spine_bend import place

__all__ = ["JointMetric", "Part", "is_fat_suppressed"]

#: A displacement of 1 mm costs this, in nats, about half of what the images tell of it. They tell it with a bias of
#: 0.3 mm, since a vertebra's edge is not the same with and without fat; with less, that bias goes into the pose.
_PRIOR = 0.02
#: Where the search for the displacement begins, mm, in the direction of the slope.
_FIRST_MM = 0.4
_NAMES = ("FS", "STIR", "TIRM", "SPAIR", "SPIR", "FAT", "WATER")


def is_fat_suppressed(name: str) -> bool:
    """Whether a contrast's name says that its fat is suppressed."""
    return any(word in name.upper() for word in _NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A share of the measure.

    Parameters
    ----------
    objective : Objective
        Over some samples of some contrasts.
    weight : float
        How much it counts.
    displaced : bool
        Whether its contrasts show fat, so that they take part in the displacement.
    """

    objective: Objective
    weight: float
    displaced: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class JointMetric:
    """A weighted sum of measures at one pose, some with a common displacement.

    Parameters
    ----------
    parts : sequence of Part
        At least one.
    plane : ndarray, shape (3, directions)
        Unit vectors in the MR, working frame, along which fat may be displaced; none with shape (3, 0).
    """

    parts: Sequence[Part]
    plane: NDArray[np.float64]

    def value(self, pose: Pose) -> float:
        """Without a displacement; the higher, the better."""
        return sum(part.weight * part.objective.value(pose) for part in self.parts)

    def climb(self, start: Pose, *, iterations: int, tolerance: float) -> tuple[float, Pose, NDArray[np.float64]]:
        """The local maximum near a pose.

        Returns
        -------
        value : float
            Of the sum.
        pose : Pose
            Six numbers.
        displacement : ndarray, shape (directions,)
            Of the contrasts that show fat, mm.
        """
        still = np.concatenate([start, np.zeros(self.plane.shape[1])])
        if self.plane.size:
            # At the optimum without it the slope is small all round, and a descent from there ends before it has begun.
            still[6:] = -_FIRST_MM * np.sign(self.negative_with_gradient(still)[1][6:])
        options = {"maxiter": iterations, "ftol": tolerance, "gtol": 1e-6, "maxls": 20}
        result = minimize(self.negative_with_gradient, still, jac=True, method="L-BFGS-B", options=options)
        found = np.asarray(result.x, np.float64)
        return -float(result.fun), found[:6], found[6:]

    def negative_with_gradient(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """For a minimiser: pose, then the displacement."""
        pose, displacement = parameters[:6], parameters[6:]
        offset = self.plane @ displacement
        total = _PRIOR * float(displacement @ displacement)
        slope = np.concatenate([np.zeros(6), 2 * _PRIOR * displacement])
        for part in self.parts:
            if part.displaced and self.plane.size:
                value, by_pose, by_offset = _displaced(part.objective, pose, offset)
                slope[6:] += part.weight * (self.plane.T @ by_offset)
            else:
                value, by_pose = part.objective.negative_with_gradient(pose)
            total += part.weight * value
            slope[:6] += part.weight * by_pose
        return total, slope


def _displaced(
    objective: Objective, pose: Pose, offset: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Negative value with all points moved in the MR, and its derivatives by the pose and by the offset."""
    placed, rotated = place(pose, objective.points + offset[:, None].astype(objective.points.dtype))
    values, gradient = objective.cube.with_gradient(placed)
    total, slope = objective.information.value_and_slope(values)
    by_pose = pose_gradient(pose, rotated, slope, gradient)
    by_offset = rotation_matrix(pose[3:6] / ROTATION_LEVER_MM).T @ by_pose[:3]
    cost, steepness = objective.prior(pose)
    return cost - total, steepness - by_pose, -by_offset
