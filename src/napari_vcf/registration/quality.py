"""How far a fit can be trusted: repeat it with other starts, other samples, other contrasts and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.language import say
from napari_vcf.registration.engine import Report
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, fixed_lines, rotation_matrix, rotation_vector
from napari_vcf.registration.information import CT_RANGE_HU, MutualInformation
from napari_vcf.registration.interpolation import Cube
from napari_vcf.registration.landmarks import distance_mm
from napari_vcf.registration.samples import N_CLASSES, inside_ct
from napari_vcf.registration.scene import VERTEBRA_MM, Scene
from napari_vcf.registration.search import Objective, in_order
from napari_vcf.registration.spine_bend import straight_at, unplace

__all__ = ["Stability", "stability"]

_SAMPLES = 4000
_ITERATIONS = 12
#: Share of the fit's own value from which another place is its rival.
_AS_GOOD = 0.98


@dataclass(frozen=True, slots=True)
class Stability:
    """Mean distances in mm at the corners and the centre of a body.

    Parameters
    ----------
    restarts_mm : float
        From the fit to the farthest of the fits begun a few millimetres and degrees away that are as good.
    halves_mm : float
        Between the fits to two disjoint halves of the samples.
    contrasts_mm : float
        From the fit to the fits to one contrast alone, the median of them; 0 with one contrast.
    inverse_mm : float
        From the fit to the one with the roles of CT and MR exchanged.
    column_mm : float
        From the fit to the fit of the column with its neighbours.
    """

    restarts_mm: float
    halves_mm: float
    contrasts_mm: float
    inverse_mm: float
    column_mm: float


def stability(scene: Scene, pose: Pose, column: Pose, report: Report) -> Stability:
    """Repeat a fit in five ways.

    Parameters
    ----------
    scene : Scene
        Where.
    pose : Pose
        The vertebra's fit, six numbers.
    column : Pose
        The column's fit, nine numbers.
    report : callable
        Told the share done; may raise `CancelledError`.

    Returns
    -------
    Stability
    """
    center = pose[:3]
    report(0.0, say("checking the fit"))
    objective = scene.objective(scene.vertebra.thinned(_SAMPLES), pose, scene.fine, center=center)
    again = in_order(lambda p: objective.climb(p, iterations=_ITERATIONS, tolerance=1e-6), _nudged(pose), scene.threads)
    # A fit that ends in a clearly worse place says nothing against this one.
    as_good = _AS_GOOD * objective.value(pose)
    restarts = max((distance_mm(pose, other) for value, other in again if value >= as_good), default=0.0)
    report(0.3, say("checking the fit"))
    halves = _halves(scene, pose)
    report(0.5, say("checking the fit"))
    contrasts = _contrasts(scene, pose)
    report(0.7, say("checking the fit"))
    inverse = _inverse(scene, pose)
    report(1.0, say("checking the fit"))
    return Stability(restarts, halves, contrasts, inverse, distance_mm(pose, straight_at(column, np.zeros(3))))


def _nudged(pose: Pose) -> list[Pose]:
    turn = np.radians(4.0) * ROTATION_LEVER_MM
    nudges = ((2.5, -2.5, 3.0, turn, 0.0, -turn / 2), (-2.5, 2.5, -3.0, -turn, turn / 2, 0.0))
    return [pose + np.array(nudge) for nudge in nudges]


def _halves(scene: Scene, pose: Pose) -> float:
    samples = scene.vertebra
    odd = np.arange(len(samples)) % 2 == 1
    fits = []
    for mask in (odd, ~odd):
        objective = scene.objective(samples.where(mask), pose, scene.fine, center=pose[:3])
        fits.append(objective.climb(pose, iterations=_ITERATIONS, tolerance=1e-6)[1])
    return distance_mm(fits[0], fits[1])


def _contrasts(scene: Scene, pose: Pose) -> float:
    if len(scene.contrasts) < 2:
        return 0.0
    samples = scene.vertebra.thinned(_SAMPLES)
    distances = []
    for index in range(len(scene.contrasts)):
        objective = scene.objective(samples, pose, scene.fine, contrasts=(index,), center=pose[:3])
        distances.append(distance_mm(pose, objective.climb(pose, iterations=_ITERATIONS, tolerance=1e-6)[1]))
    return float(np.median(distances))


def _inverse(scene: Scene, pose: Pose) -> float:
    """Fit with CT classes at CT points and MR values moving."""
    middle = scene.frame.ct_to_lps(pose[:3, None])[:, 0]
    lines = fixed_lines(scene.frame.axes, middle, VERTEBRA_MM, 3.5)
    lattice = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    lattice = lattice[:, ((lattice / np.array(VERTEBRA_MM)[:, None]) ** 2).sum(axis=0) <= 1.0]
    lattice = lattice + pose[:3, None]
    lattice = lattice[:, inside_ct(scene.ct, scene.frame, lattice, 1.0)]
    back = _inverted(pose)
    hounsfield = scene.fine.at(lattice)
    low, high = CT_RANGE_HU
    classes = np.clip(((hounsfield - low) / (high - low) * N_CLASSES).astype(np.intp), 0, N_CLASSES - 1)[None]
    cubes = _mr_cubes(scene)
    if not cubes or lattice.shape[1] < 100:
        return 0.0
    objectives = []
    for cube in cubes:
        values = cube.at(unplace(pose, lattice))
        span = (float(np.percentile(values, 0.5)), float(np.percentile(values, 99.5)) + 1e-6)
        information = MutualInformation(classes, N_CLASSES, 20, span)
        objectives.append(Objective(lattice.astype(np.float32), information, cube, back[:3]))
    found = _climb_all(objectives, back)
    return distance_mm(pose, _inverted(found))


def _climb_all(objectives: Sequence[Objective], start: Pose) -> Pose:
    from scipy.optimize import minimize

    def negative(pose: Pose) -> tuple[float, NDArray[np.float64]]:
        answers = [objective.negative_with_gradient(pose) for objective in objectives]
        return sum(value for value, _ in answers), np.sum([slope for _, slope in answers], axis=0)

    options = {"maxiter": _ITERATIONS, "ftol": 1e-6, "gtol": 1e-6, "maxls": 20}
    return np.asarray(minimize(negative, start, jac=True, method="L-BFGS-B", options=options).x, np.float64)


def _mr_cubes(scene: Scene) -> list[Cube]:
    """The MR contrasts on the working axes around the MR's click."""
    half = np.array(VERTEBRA_MM) + 8.0
    normal = int(np.argmax(np.abs(scene.frame.axes.T @ scene.contrasts[0].part.grid.normal)))
    spacing = np.full(3, 1.2)
    spacing[normal] = 2.4
    lines = fixed_lines(scene.frame.axes, scene.frame.mr_point, half, spacing)
    points = np.stack(np.meshgrid(*lines, indexing="ij"))
    lps = scene.frame.mr_to_lps(points.reshape(3, -1))
    cubes = []
    for contrast in scene.contrasts:
        signal, _ = contrast.at(lps)
        data = np.ascontiguousarray(signal.reshape(points.shape[1:]), np.float32)
        cubes.append(Cube(data, np.array([line[0] for line in lines]), spacing))
    return cubes


def _inverted(pose: Pose) -> Pose:
    rotation = rotation_matrix(pose[3:6] / ROTATION_LEVER_MM).T
    return np.concatenate([-rotation @ pose[:3], rotation_vector(rotation) * ROTATION_LEVER_MM])
