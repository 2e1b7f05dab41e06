"""One vertebra's registration: coarse search around the clicks, the column as a whole, then the vertebra alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_vcf.errors import CancelledError
from napari_vcf.language import say
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose
from napari_vcf.registration.joint_metric import JointMetric, Part, is_fat_suppressed
from napari_vcf.registration.landmarks import distance_mm
from napari_vcf.registration.samples import MrSamples
from napari_vcf.registration.scene import COLUMN_SAMPLES, Scene
from napari_vcf.registration.search import Optimum, distinct, in_order, translation_grid
from napari_vcf.registration.spine_bend import bend, straight_at

__all__ = [
    "CAPTURE_MM",
    "Refined",
    "Report",
    "fit_column",
    "refine",
    "report_to",
    "search_column",
]

#: No optimum further than this from the clicks is believed: the neighbouring level begins where it ends.
CAPTURE_MM = 12.0
_COARSE_SAMPLES = 2000
_RESTART_SAMPLES = 4000
#: Of the vertebra's own samples against its column's, which hold it where oedema and thick slices deceive.
_VERTEBRA_WEIGHT = 0.4
#: The same while the place is still to be found, and where the vertebra would leave it.
_HELD_WEIGHT = 0.1
#: A fit that moves on by more than this slides rather than sharpens.
_STRAY_MM = 1.5
#: Half of the distance at which the neighbouring endplate would be met.
_ALONG_SPINE_MM = 4.5
#: Nearer starts, for places that the farther ones pass over.
_NEAR_MM = 2.5
#: What a click 1 mm off costs a place, in nats, where places that fit nearly alike are compared: clicks are good to
#: 1.5 mm on each axis, so among those the nearer one is the likelier. It takes no part in a fit itself.
_CLICK_COST = 0.002
#: From this share of the best value on another place is its rival.
_RIVAL_SHARE = 0.985

Report = Callable[[float, str], None]


def search_column(scene: Scene, start: Pose, report: Report) -> list[Optimum]:
    """Search within the click's uncertainty, then fit the column with its neighbours from the best few places.

    Parameters
    ----------
    scene : Scene
        Where.
    start : Pose
        Centre of the search, six numbers.
    report : callable
        Told the share done; may raise `CancelledError`.

    Returns
    -------
    list of (float, Pose)
        Distinct optima with a bend (nine numbers), the likeliest first.
    """
    report(0.0, say("coarse search"))
    objective = scene.objective(scene.vertebra.thinned(_COARSE_SAMPLES), start, scene.wide, center=start[:3])
    shifts = [start + np.concatenate([shift, np.zeros(3)]) for shift in translation_grid(CAPTURE_MM - 1.0, 5.0)]
    ranked = sorted(((objective.value(pose), k) for k, pose in enumerate(shifts)), key=lambda r: (-r[0], r[1]))
    report(0.2, say("coarse search"))
    starts = [shifts[k] for _, k in ranked[:2]] + _turned(shifts[ranked[0][1]])
    rough = in_order(lambda p: objective.climb(p, iterations=15, tolerance=1e-4), starts, scene.threads)
    report(0.6, say("fitting the column"))
    best = [pose for _, pose in distinct(rough, 4.0)[:3]]
    found = in_order(lambda p: fit_column(scene, p, center=start[:3]), best, scene.threads)
    report(0.8, say("fitting the column"))
    # The whole column, too, can rest a few millimetres up or down, where endplates of one lie on discs of the other.
    top = max(found, key=lambda optimum: optimum[0])[1]
    moved = _along_spine(straight_at(top, np.zeros(3)))
    found += in_order(lambda p: fit_column(scene, p, center=start[:3]), moved, scene.threads)
    report(1.0, say("fitting the column"))
    return sorted(distinct(found), key=lambda optimum: -_likely(optimum, start[:3]))


def fit_column(
    scene: Scene, start: Pose, *, center: NDArray[np.float64] | None = None, samples: int = COLUMN_SAMPLES
) -> Optimum:
    """The vertebra with its neighbours, with a bend, from a rigid pose."""
    column = scene.column.thinned(samples)
    objective = scene.objective(column, start, scene.wide, center=start[:3] if center is None else center)
    return objective.climb(np.concatenate([start, np.zeros(3)]), iterations=30, tolerance=1e-5)


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """The vertebra's fit.

    Parameters
    ----------
    pose : Pose
        Six numbers.
    value : float
        Mutual information of all contrasts at the vertebra.
    fat_shift_mm : float
        Displacement of the contrasts that show fat against the fat-suppressed one; 0 where it cannot be told.
    rival_mm : float
        How far away the farthest place along the spine lies that explains vertebra and column nearly as well.
    """

    pose: Pose
    value: float
    fat_shift_mm: float
    rival_mm: float


def refine(scene: Scene, column: Pose, clicked: NDArray[np.float64]) -> Refined:
    """The vertebra at full resolution together with its column, from where the column's fit puts it.

    Parameters
    ----------
    scene : Scene
        Where.
    column : Pose
        The column's fit.
    clicked : ndarray, shape (3,)
        The shift that the clicks say.
    """
    start = straight_at(column, np.zeros(3))
    # Along the spine the fit can rest a few millimetres off, so it is also begun a little above and below. Which of the
    # places it is, the column decides: to the vertebra alone an oedema's edge may be the better endplate.
    rough = _together(scene, start, column, scene.vertebra.thinned(_RESTART_SAMPLES), _RESTART_SAMPLES, _HELD_WEIGHT)
    starts = [start, *_along_spine(start), *_along_spine(start, _NEAR_MM)]
    climbed = in_order(lambda near: rough.climb(near, iterations=20, tolerance=1e-5)[:2], starts, scene.threads)
    # Thinned samples find the optima; only all of them can tell which is the best.
    held = _together(scene, start, column, scene.vertebra, COLUMN_SAMPLES, _HELD_WEIGHT)
    ranked = [(held.value(pose), pose) for _, pose in climbed]
    top, best = max(ranked, key=lambda optimum: _likely(optimum, clicked))
    pose, displacement = _sharpened(scene, best, column, _VERTEBRA_WEIGHT)
    if float(np.linalg.norm(pose - best)) > _STRAY_MM:
        pose, displacement = _sharpened(scene, best, column, _HELD_WEIGHT)
    value = scene.objective(scene.vertebra, pose, scene.fine, center=pose[:3]).value(pose)
    rival = max(distance_mm(pose, other) for found, other in ranked if found >= _RIVAL_SHARE * top)
    return Refined(pose, value, float(np.linalg.norm(displacement)), rival)


def _sharpened(scene: Scene, near: Pose, column: Pose, weight: float) -> tuple[Pose, NDArray[np.float64]]:
    """All samples of vertebra and column, with the displacement of fat where a contrast without it is at hand."""
    fixed = [k for k, contrast in enumerate(scene.contrasts) if is_fat_suppressed(contrast.name)]
    moving = [k for k in range(len(scene.contrasts)) if k not in fixed]
    if fixed and moving:
        apart = [
            _together(scene, near, column, scene.vertebra, COLUMN_SAMPLES, weight, chosen) for chosen in (fixed, moving)
        ]
        shown = [replace(part, displaced=True) for part in apart[1].parts]
        normal = int(np.argmax(np.abs(scene.frame.axes.T @ scene.contrasts[0].part.grid.normal)))
        whole = JointMetric([*apart[0].parts, *shown], np.delete(np.eye(3), normal, axis=1))
    else:
        whole = _together(scene, near, column, scene.vertebra, COLUMN_SAMPLES, weight)
    _, pose, displacement = whole.climb(near, iterations=40, tolerance=1e-6)
    return pose, displacement


def _together(
    scene: Scene,
    near: Pose,
    column: Pose,
    vertebra: MrSamples,
    samples: int,
    weight: float,
    contrasts: Sequence[int] | None = None,
) -> JointMetric:
    """The measure of the vertebra and of its column, bent as its fit says."""
    alone = scene.objective(vertebra, near, scene.fine, contrasts=contrasts, center=near[:3])
    bent = np.concatenate([near, column[6:]])
    around = scene.objective(scene.column.thinned(samples), bent, scene.wide, contrasts=contrasts, center=near[:3])
    if column.size > 6:
        around = replace(around, points=bend(around.points, column[6:]).astype(np.float32))
    return JointMetric([Part(alone, weight), Part(around, 1.0)], np.zeros((3, 0)))


def _likely(optimum: Optimum, clicked: NDArray[np.float64]) -> float:
    """How well a place fits, less what its distance from the clicks costs."""
    value, pose = optimum
    return value - _CLICK_COST * float(np.sum((pose[:3] - clicked) ** 2))


def _along_spine(pose: Pose, by_mm: float = _ALONG_SPINE_MM) -> list[Pose]:
    moved = []
    for shift in (-by_mm, by_mm):
        other = pose.copy()
        other[2] += shift
        moved.append(other)
    return moved


def _turned(pose: Pose, degrees: float = 8.0) -> list[Pose]:
    turned = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            other = pose.copy()
            other[3 + axis] += sign * np.radians(degrees) * ROTATION_LEVER_MM
            turned.append(other)
    return turned


def report_to(progress: Callable[[int, int, str], None] | None, cancelled: Callable[[], bool] | None) -> Report:
    """One callback for both: tells the progress in per cent, and stops where the person has cancelled."""

    def report(done: float, what: str) -> None:
        if cancelled is not None and cancelled():
            raise CancelledError(say("The registration was cancelled; nothing was changed."))
        if progress is not None:
            progress(round(100 * done), 100, what)

    return report
