"""Are both points on the same vertebra? A test of the clicked level against the ones above and below.

Image similarity around one vertebra cannot tell levels apart. Its whole neighbourhood can: under each hypothesis the
column of bodies, discs and posterior elements is fitted anew, with its own bend, and then the *same* CT voxels are
explained by the MR. Where the fracture, the neighbours' heights and the discs do not fall on each other, less of the CT
is explained. As the CT voxels are the same under every hypothesis, their entropy is too, and the values compare fairly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_vcf.registration.engine import Report, fit_column
from napari_vcf.registration.fast_metric import FastMetric
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose
from napari_vcf.registration.information import MutualInformation
from napari_vcf.registration.samples import MrSamples, inside_ct, signal_classes, signals
from napari_vcf.registration.scene import TUBE_MM, Scene
from napari_vcf.registration.search import Optimum, distinct, in_order
from napari_vcf.registration.spine_bend import place, unplace

__all__ = ["LevelEvidence", "compare_levels", "facing_column"]

#: Distance of neighbouring vertebrae along the spine: from a crushed thoracic to a tall lumbar one with its disc.
_NEAREST_MM = 14.0
_FARTHEST_MM = 52.0
#: A neighbour's fit nearer than this share of the other neighbour's distance has missed its vertebra.
_ALIKE = 0.7
#: Most neighbours lie farther away than this; where a fit lies nearer, one is looked for farther away as well.
_USUAL_MM = 26.0
#: A neighbour that the CT holds by less than this share cannot be fitted.
_SHARE_IN_CT = 0.6
#: A neighbour is whole in an image that holds this share of its region: 12 mm beyond its centre along the spine.
_WHOLE = 0.9
_SAMPLES = 1500
_COLUMN_SAMPLES = 4000
_LATTICE_MM = 2.5
_COARSE_LATTICE_MM = 4.0
#: A fit that brings less of the CT's column into the MR than this cannot be compared.
_SHARE_IN_MR = 0.6
#: The voxels known under all hypotheses must be so many of the column's, or what is left is no column.
_COMPARED_SHARE = 0.5
_DIRECTIONS = {"above": 1.0, "below": -1.0}
#: Half axes of the vertebra with its endplates, and little that a CT of three vertebrae lacks.
_FLAT_MM = (28.0, 34.0, 20.0)
#: Below this share of what the clicked level explains, a neighbour's first fit is not followed by a second one. On
#: synthetic cases with the click one level off, the right level's fits began at 0.87 and more.
_HOPELESS = 0.8
#: Poses nearer than this (mm, with the lever of the turn) lead to the same optimum.
_APART = 4.0
#: Places that are climbed from, and that the column is then fitted at.
_CLIMBED = 10
_FITTED = 3


@dataclass(frozen=True, slots=True)
class LevelEvidence:
    """What the comparison found.

    Parameters
    ----------
    explained : dict of str to float
        Mutual information over the same CT voxels with the MR's point on the clicked vertebra of the CT
        (``"clicked"``), on the one ``"above"`` it and on the one ``"below"``; a level that the CT lacks is missing.
    offset_mm : dict of str to float
        How far up the CT's column the fit of each hypothesis lies.
    compared : int
        Number of CT voxels.
    untested : tuple of str
        Levels (``"above"``, ``"below"``) of which nothing can be said: the vertebra is not whole in the CT or in the
        MR, or no fit was found on it.
    """

    explained: dict[str, float] = field(default_factory=dict)
    offset_mm: dict[str, float] = field(default_factory=dict)
    compared: int = 0
    untested: tuple[str, ...] = ()

    @property
    def margin(self) -> float | None:
        """Share by which the clicked level explains more than its best rival; None where there is no rival."""
        rivals = [value for name, value in self.explained.items() if name != "clicked"]
        if not rivals or "clicked" not in self.explained:
            return None
        return 1.0 - max(rivals) / max(self.explained["clicked"], 1e-9)

    @property
    def best(self) -> str:
        """The level that explains most."""
        if not self.explained:
            return "clicked"
        return max(sorted(self.explained), key=lambda name: self.explained[name])


def compare_levels(scene: Scene, clicked: Pose, report: Report) -> LevelEvidence:
    """Fit the column one level up and one level down, and compare what each fit explains of the CT.

    Parameters
    ----------
    scene : Scene
        Where.
    clicked : Pose
        The column's fit at the clicked level, nine numbers.
    report : callable
        Told the share done; may raise `CancelledError`.

    Returns
    -------
    LevelEvidence
    """
    fits: dict[str, list[Pose]] = {"clicked": [clicked]}
    voxels = _ct_voxels(scene, _COARSE_LATTICE_MM)
    fast_metric = FastMetric(scene.contrasts, scene.frame, scene.column.points, voxels, scene.wide.at(voxels))
    for share, name in ((0.1, "above"), (0.45, "below")):
        report(share, f"testing the level {name}")
        found = _fit_neighbour(scene, clicked, _DIRECTIONS[name], fast_metric, _NEAREST_MM)
        if found:
            fits[name] = found
    report(0.8, "testing the levels")
    _fit_again(scene, clicked, fits, fast_metric)
    report(0.9, "comparing the levels")
    explained, compared, chosen = _explained(scene, fits)
    report(1.0, "comparing the levels")
    offset = {name: round(float(pose[2] - clicked[2]), 2) for name, pose in chosen.items()}
    untested = tuple(
        name
        for name, direction in _DIRECTIONS.items()
        if name not in chosen or not _is_whole(scene, clicked, chosen[name], direction)
    )
    return LevelEvidence(explained, offset, compared, untested)


def _fit_again(scene: Scene, clicked: Pose, fits: dict[str, list[Pose]], fast_metric: FastMetric) -> None:
    """Where a neighbour was found near, or at much less than the other's distance, fit it farther away as well."""
    far = {name: abs(float(found[0][2] - clicked[2])) for name, found in fits.items() if name != "clicked"}
    least = max([_USUAL_MM, *(_ALIKE * distance for distance in far.values())])
    for name, distance in far.items():
        if distance < least:
            # What lay too near stays a rival as well: it can only speak against the clicked level.
            farther = _fit_neighbour(scene, clicked, _DIRECTIONS[name], fast_metric, least)
            fits[name] = [*farther, *fits[name]]


def _is_whole(scene: Scene, clicked: Pose, fit: Pose, direction: float) -> bool:
    """Whether both images hold the whole neighbour on which a fit lies."""
    place_ct = fit[:3].copy()
    along = direction * (place_ct[2] - clicked[2])
    if along < _USUAL_MM:
        # Too near to be the neighbour's centre.
        place_ct[2] = clicked[2] + direction * _USUAL_MM
    region = _flat_region() + place_ct[:, None]
    if inside_ct(scene.ct, scene.frame, region, 0.0).mean() < _WHOLE:
        return False
    _, known = signals(scene.contrasts, scene.frame.mr_to_lps(unplace(clicked, region)))
    return bool(known.mean() >= _WHOLE)


def _flat_region() -> NDArray[np.float64]:
    """Points of a vertebra's region around its centre, shape (3, samples)."""
    lines = [np.linspace(-half, half, 11) for half in _FLAT_MM]
    points = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    return np.asarray(points[:, ((points / np.array(_FLAT_MM)[:, None]) ** 2).sum(axis=0) <= 1.0])


def _fit_neighbour(
    scene: Scene, clicked: Pose, direction: float, fast_metric: FastMetric, nearest_mm: float
) -> list[Pose]:
    """The best fits of the column on the neighbouring vertebra, as far as the CT holds it."""
    flat = scene.vertebra.where(((scene.vertebra.points / np.array(_FLAT_MM)[:, None]) ** 2).sum(axis=0) <= 1.0)
    flat = flat.thinned(_SAMPLES // 3)

    def held(pose: Pose) -> bool:
        placed, _ = place(pose, flat.points)
        return bool(inside_ct(scene.ct, scene.frame, placed, 0.0).mean() >= _SHARE_IN_CT)

    def ranked(poses: list[Pose]) -> list[Optimum]:
        # Over the same CT voxels, as in the comparison itself: a place that leaves the CT gains nothing by it.
        return distinct([(fast_metric.value(pose, _SHARE_IN_MR), pose) for pose in poses if held(pose)], _APART)

    def climb(pose: Pose) -> Optimum:
        column = facing_column(scene, pose).thinned(_SAMPLES)
        objective = scene.objective(column, pose, scene.wide, center=pose[:3])
        return objective.climb(pose, iterations=20, tolerance=1e-4)

    def near(pose: Pose) -> bool:
        return bool(nearest_mm < direction * (pose[2] - clicked[2]) < _FARTHEST_MM)

    # First where the neighbour is, then how it is turned, then the fit.
    places = ranked([pose for pose in _candidates(clicked[:6], direction) if near(pose)])
    tilted = ranked([turned for _, pose in places[:8] for turned in _tilted(pose)])
    climbed = [
        pose for _, pose in in_order(climb, [pose for _, pose in tilted[:_CLIMBED]], scene.threads) if near(pose)
    ]
    fits: list[Pose] = []
    hopeless = _HOPELESS * fast_metric.value(clicked, _SHARE_IN_MR)
    for value, pose in ranked(climbed)[:_FITTED]:
        # Where neither the first fit nor what it began with comes near, the second one's would be wasted.
        if fits and max(value, fast_metric.value(fits[0], _SHARE_IN_MR)) < hopeless:
            break
        _, fit = fit_column(replace(scene, column=facing_column(scene, pose)), pose, samples=_COLUMN_SAMPLES)
        if near(fit):
            fits.append(fit)
    return fits


def facing_column(scene: Scene, pose: Pose) -> MrSamples:
    """The MR's column where, at a pose, it faces the column around the CT's click.

    A fit to the column around the MR's click would have to be believed beyond where it was made, and differing posture
    would speak against every level but the clicked one.

    Parameters
    ----------
    scene : Scene
        Where.
    pose : Pose
        Six or nine numbers.

    Returns
    -------
    MrSamples
    """
    center = unplace(pose, np.zeros((3, 1)))
    inside = (((scene.spine.points - center) / np.array(TUBE_MM)[:, None]) ** 2).sum(axis=0) <= 1.0
    return scene.spine.where(inside)


def _candidates(pose: Pose, direction: float) -> list[Pose]:
    found = []
    for along in np.arange(20.0, 46.0, 5.0):
        for forward in (-16.0, -8.0, 0.0, 8.0, 16.0):
            # Where one image is turned against the other or the spine leans, the neighbour stands aside.
            for aside in (-8.0, 0.0, 8.0):
                other = pose.copy()
                other[0] += aside
                other[1] += forward
                other[2] += direction * along
                found.append(other)
    return found


def _tilted(pose: Pose) -> list[Pose]:
    found = []
    for degrees in (0.0, -10.0, 10.0):
        other = pose.copy()
        other[3] += np.radians(degrees) * ROTATION_LEVER_MM
        found.append(other)
    return found


def _explained(scene: Scene, fits: dict[str, list[Pose]]) -> tuple[dict[str, float], int, dict[str, Pose]]:
    """The best value of each hypothesis over the CT voxels that the MR holds under all of them."""
    voxels = _ct_voxels(scene, _LATTICE_MM)
    known = np.ones(voxels.shape[1], bool)
    values: list[tuple[str, Pose, NDArray[np.float32]]] = []
    for name, poses in fits.items():
        for pose in poses:
            signal, inside = signals(scene.contrasts, scene.frame.mr_to_lps(unplace(pose, voxels)))
            values.append((name, pose, signal))
            known &= inside
    compared = int(known.sum())
    if compared < _COMPARED_SHARE * voxels.shape[1]:
        return {}, compared, {}
    explained: dict[str, float] = {}
    chosen: dict[str, Pose] = {}
    for name, pose, signal in values:
        value = _information(scene, signal[:, known], voxels[:, known])
        if value > explained.get(name, -1.0):
            explained[name], chosen[name] = value, pose
    return explained, compared, chosen


def _information(scene: Scene, signal: NDArray[np.float32], voxels: NDArray[np.float64]) -> float:
    return MutualInformation(signal_classes(signal, 16), 16, 20).value(scene.wide.at(voxels))


def _ct_voxels(scene: Scene, step_mm: float) -> NDArray[np.float64]:
    """Points of the column around the CT's click that the CT holds, shape (3, samples)."""
    lines = [np.arange(-half, half + 0.1, step_mm) for half in TUBE_MM]
    points = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    points = points[:, ((points / np.array(TUBE_MM)[:, None]) ** 2).sum(axis=0) <= 1.0]
    return np.asarray(points[:, inside_ct(scene.ct, scene.frame, points, 2.0)])
