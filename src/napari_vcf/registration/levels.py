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

from napari_vcf.language import say
from napari_vcf.registration.engine import Report, fit_column
from napari_vcf.registration.fast_metric import FastMetric
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, fixed_lines
from napari_vcf.registration.information import MutualInformation
from napari_vcf.registration.samples import MrSamples, inside_ct, signal_classes, signals
from napari_vcf.registration.scene import TUBE_MM, Scene
from napari_vcf.registration.search import Optimum, distinct, in_order
from napari_vcf.registration.spine_bend import place, unplace

__all__ = ["LevelEvidence", "compare_levels", "facing_column"]

#: Distance of neighbouring vertebrae along the spine: from a crushed thoracic to a tall lumbar one with its disc.
_NEAREST_MM = 14.0
_FARTHEST_MM = 52.0
#: The nearer of two neighbours stands at this share of the other one's distance at least, or one of their fits has
#: missed its vertebra; a fracture takes that much from one side.
_ALIKE = 0.8
#: A second, nearer fit keeps this share of the first one's distance at most.
_NEARER = 0.9
#: Most neighbours lie within these distances; where a fit lies nearer, one is looked for farther away as well, and the
#: other way round.
_USUAL_MM = (26.0, 40.0)
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
#: Vertebrae stand no nearer than this where the level's test means anything: a crushed one in the mid thorax.
_LEAST_MM = 20.0
#: Half axis along the spine of a vertebra's region, as a share of its distance from the next one. An image that holds
#: nine tenths of the region reaches to three fifths of it, a millimetre within the endplate: clicks are no better.
_REGION_SHARE = 0.6
#: Side of the blocks in which the evidence for a level is compared; beyond it bone, disc and fat change.
_BLOCK_MM = 12.0
#: Half axes of the vertebra with its endplates, and little that a CT of three vertebrae lacks.
_FLAT_MM = (28.0, 34.0, 20.0)
#: Half axes across it (left, posterior): the widest lumbar body, not its transverse processes, which a sagittal MRI
#: often lacks where the spine leans.
_ACROSS_MM = (24.0, 34.0)
#: Below this share of what the clicked level explains, a neighbour's first fit is not followed by a second one. On
#: synthetic cases with the click one level off, the right level's fits began at 0.87 and more.
_HOPELESS = 0.8
#: Poses nearer than this (mm, with the lever of the turn) lead to the same optimum.
_APART = 4.0
#: Places that are climbed from, and that the column is then fitted at.
_CLIMBED = 8
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
    agreement : float or None
        How far the parts of the column agree that the clicked level explains more than its best rival: the mean
        difference over blocks, divided by its standard error.
    """

    explained: dict[str, float] = field(default_factory=dict)
    offset_mm: dict[str, float] = field(default_factory=dict)
    compared: int = 0
    untested: tuple[str, ...] = ()
    agreement: float | None = None

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
        report(share, say("testing the level {name}", name=name))
        found = _fit_neighbour(scene, clicked, _DIRECTIONS[name], fast_metric, (_NEAREST_MM, _FARTHEST_MM))
        if found:
            fits[name] = found
    report(0.8, say("testing the levels"))
    _fit_again(scene, clicked, fits, fast_metric)
    report(0.9, say("comparing the levels"))
    explained, compared, chosen, agreement = _explained(scene, fits)
    report(1.0, say("comparing the levels"))
    offset = {name: round(float(pose[2] - clicked[2]), 2) for name, pose in chosen.items()}
    untested = tuple(name for name in _DIRECTIONS if name not in chosen or not _is_compared(scene, fits, name))
    return LevelEvidence(explained, offset, compared, untested, agreement)


def _is_compared(scene: Scene, fits: dict[str, list[Pose]], name: str) -> bool:
    """Whether both images hold a neighbour whole where it was found."""
    clicked = fits["clicked"][0]
    return any(_is_whole(scene, clicked, place) for place in _places(clicked, fits, name))


def _fit_again(scene: Scene, clicked: Pose, fits: dict[str, list[Pose]], fast_metric: FastMetric) -> None:
    """Fit a neighbour farther away as well where it was found too near, and nearer where it was found in an end."""
    far = {name: abs(float(found[0][2] - clicked[2])) for name, found in fits.items() if name != "clicked"}
    least = max([_USUAL_MM[0], *(_ALIKE * distance for distance in far.values())])
    for name, distance in far.items():
        if distance < least:
            # What lay too near stays a rival as well: it can only speak against the clicked level.
            farther = _fit_neighbour(scene, clicked, _DIRECTIONS[name], fast_metric, (least, _FARTHEST_MM))
            fits[name] = [*farther, *fits[name]]
        elif distance > _USUAL_MM[1] or _missed(distance, far, name) or not _is_compared(scene, fits, name):
            # Perhaps the fit lies beyond a neighbour that the images do hold.
            reach = (_LEAST_MM, _NEARER * distance)
            fits[name] += _fit_neighbour(scene, clicked, _DIRECTIONS[name], fast_metric, reach)


def _missed(distance: float, far: dict[str, float], name: str) -> bool:
    """Whether a neighbour was found so much farther away than the other one that it may be the next but one."""
    return any(_ALIKE * distance > other for beyond, other in far.items() if beyond != name)


def _places(clicked: Pose, fits: dict[str, list[Pose]], name: str) -> list[NDArray[np.float64]]:
    """Where in the CT, relative to the clicked vertebra, a neighbour may be: its fits that do not lie too near.

    Neighbouring distances are alike, so one that is much less than any of the other side's has missed its vertebra.
    """
    others = [pose for other, found in fits.items() if other not in ("clicked", name) for pose in found]
    distances = [abs(float(pose[2] - clicked[2])) for pose in others]
    least = max(_LEAST_MM, _ALIKE * min((one for one in distances if one >= _LEAST_MM), default=0.0))
    offsets = [pose[:3] - clicked[:3] for pose in fits[name]]
    return [offset for offset in offsets if abs(float(offset[2])) >= least]


def _is_whole(scene: Scene, clicked: Pose, offset: NDArray[np.float64]) -> bool:
    """Whether both images hold the whole neighbour at an offset from the clicked vertebra."""
    half = np.array([*_ACROSS_MM, _REGION_SHARE * abs(float(offset[2]))])
    # Both clicks mean the same centre; of two that are each off by a little, the middle is off by less.
    region = _region(half) + (clicked[:3] / 2 + offset)[:, None]
    if inside_ct(scene.ct, scene.frame, region, 0.0).mean() < _WHOLE:
        return False
    _, known = signals(scene.contrasts, scene.frame.mr_to_lps(unplace(clicked, region)))
    return bool(known.mean() >= _WHOLE)


def _region(half_axes_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of an ellipsoid around its centre, shape (3, samples)."""
    lines = [np.linspace(-half, half, 11) for half in half_axes_mm]
    points = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    return np.asarray(points[:, ((points / half_axes_mm[:, None]) ** 2).sum(axis=0) <= 1.0])


def _fit_neighbour(
    scene: Scene, clicked: Pose, direction: float, fast_metric: FastMetric, reach_mm: tuple[float, float]
) -> list[Pose]:
    """The best fits of the column on the neighbouring vertebra within a reach, as far as the CT holds it."""
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
        return objective.climb(pose, iterations=12, tolerance=1e-4)

    def near(pose: Pose) -> bool:
        return bool(reach_mm[0] < direction * (pose[2] - clicked[2]) < reach_mm[1])

    # First where the neighbour is, then how it is turned, then the fit.
    places = ranked([pose for pose in _candidates(clicked[:6], direction) if near(pose)])
    tilted = ranked([turned for _, pose in places[:8] for turned in _tilted(pose)])
    climbed = [
        pose for _, pose in in_order(climb, [pose for _, pose in tilted[:_CLIMBED]], scene.threads) if near(pose)
    ]
    fits: list[Pose] = []
    hopeless = _HOPELESS * fast_metric.value(clicked, _SHARE_IN_MR)
    for tried, (value, pose) in enumerate(ranked(climbed)):
        # Near the clicked level fits slide back to it; then places farther down the list are begun at as well.
        if tried >= _FITTED and fits:
            break
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


def _explained(
    scene: Scene, fits: dict[str, list[Pose]]
) -> tuple[dict[str, float], int, dict[str, Pose], float | None]:
    """The best value of each hypothesis over the CT voxels that the MR holds under all of them, and its agreement."""
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
        return {}, compared, {}, None
    shares: dict[str, NDArray[np.float64]] = {}
    chosen: dict[str, Pose] = {}
    for name, pose, signal in values:
        share = _shares(scene, signal[:, known], voxels[:, known])
        if name not in shares or share.mean() > shares[name].mean():
            shares[name], chosen[name] = share, pose
    explained = {name: float(share.mean()) for name, share in shares.items()}
    rivals = [name for name in explained if name != "clicked"]
    if not rivals:
        return explained, compared, chosen, None
    best = max(rivals, key=lambda name: explained[name])
    return explained, compared, chosen, _agreement(shares["clicked"] - shares[best], voxels[:, known])


def _agreement(gain: NDArray[np.float64], voxels: NDArray[np.float64]) -> float:
    """Mean of a gain over blocks of the column, divided by its standard error."""
    _, block = np.unique(np.floor(voxels / _BLOCK_MM).astype(np.intp), axis=1, return_inverse=True)
    sums = np.bincount(block.ravel(), weights=gain)
    error = float(np.sqrt((sums * sums).sum() - sums.sum() ** 2 / sums.size))
    return float(sums.sum()) / max(error, 1e-12)


def _shares(scene: Scene, signal: NDArray[np.float32], voxels: NDArray[np.float64]) -> NDArray[np.float64]:
    return MutualInformation(signal_classes(signal, 16), 16, 20).shares(scene.wide.at(voxels))


def _ct_voxels(scene: Scene, step_mm: float) -> NDArray[np.float64]:
    """Points of the column around the CT's click that the CT holds, shape (3, samples)."""
    lines = fixed_lines(scene.frame.axes, scene.frame.ct_point, TUBE_MM, step_mm)
    points = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    points = points[:, ((points / np.array(TUBE_MM)[:, None]) ** 2).sum(axis=0) <= 1.0]
    return np.asarray(points[:, inside_ct(scene.ct, scene.frame, points, 2.0)])
