"""Are both points on the same vertebra? A test of the clicked level against the ones above and below.

Image similarity around one vertebra cannot tell levels apart. Its whole neighbourhood can: under each hypothesis the
column of bodies, discs and posterior elements is fitted anew, with its own bend, and then the *same* CT voxels are
explained by the MR. Where the fracture, the neighbours' heights and the discs do not fall on each other, less of the CT
is explained. As the CT voxels are the same under every hypothesis, their entropy is too, and the values compare fairly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_vcf.registration.bend import place, unplace
from napari_vcf.registration.engine import TUBE_MM, Report, Scene, fit_column
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose
from napari_vcf.registration.information import MutualInformation
from napari_vcf.registration.scene import inside_ct, signal_classes, signals
from napari_vcf.registration.search import Optimum, in_order

__all__ = ["LevelEvidence", "compare_levels"]

#: Distance of neighbouring vertebrae along the spine: from a crushed thoracic to a tall lumbar one with its disc.
_NEAREST_MM = 14.0
_FARTHEST_MM = 52.0
#: A neighbour that the CT holds by less than this share cannot be fitted.
_SHARE_IN_CT = 0.6
_SAMPLES = 1500
_LATTICE_MM = 2.5


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
        Levels that the CT holds but on which no fit was found.
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
    poses: dict[str, Pose] = {"clicked": clicked}
    untested: list[str] = []
    for share, name, direction in ((0.1, "above", 1.0), (0.5, "below", -1.0)):
        report(share, f"testing the level {name}")
        held, found = _fit_neighbour(scene, clicked, direction)
        if found is not None:
            poses[name] = found
        elif held:
            untested.append(name)
    report(0.9, "comparing the levels")
    explained, compared = _explained(scene, poses)
    report(1.0, "comparing the levels")
    offset = {name: round(float(pose[2] - clicked[2]), 2) for name, pose in poses.items()}
    return LevelEvidence(explained, offset, compared, tuple(untested))


def _fit_neighbour(scene: Scene, clicked: Pose, direction: float) -> tuple[bool, Pose | None]:
    # The flat ellipsoid holds the vertebra and its endplates, and little that a CT of three vertebrae lacks.
    samples = scene.vertebra
    flat = (samples.points / np.array([[28.0], [34.0], [20.0]])) ** 2
    samples = samples.where(flat.sum(axis=0) <= 1.0).thinned(_SAMPLES)

    def ranked(poses: list[Pose]) -> list[tuple[float, int, Pose]]:
        values = []
        for number, pose in enumerate(poses):
            placed, _ = place(pose, samples.points)
            if inside_ct(scene.ct, scene.frame, placed, 0.0).mean() >= _SHARE_IN_CT:
                objective = scene.objective(samples, pose, scene.wide, center=pose[:3])
                values.append((-objective.value(pose), number, pose))
        return sorted(values, key=lambda c: c[:2])

    # First where the neighbour is, then how it is turned.
    places = [pose for _, _, pose in ranked(_candidates(clicked[:6], direction))]
    candidates = ranked([turned for pose in places[:6] for turned in _tilted(pose)])

    def climb(pose: Pose) -> Optimum:
        objective = scene.objective(samples, pose, scene.wide, center=pose[:3])
        return objective.climb(pose, iterations=20, tolerance=1e-4)

    climbed = in_order(climb, [pose for _, _, pose in candidates[:5:2]], scene.threads)
    near = [o for o in climbed if _NEAREST_MM < direction * (o[1][2] - clicked[2]) < _FARTHEST_MM]
    if not near:
        return bool(candidates), None
    start = max(near, key=lambda o: o[0])[1]
    _, bent = fit_column(scene, start)
    return True, bent if _NEAREST_MM < direction * (bent[2] - clicked[2]) < _FARTHEST_MM else None


def _candidates(pose: Pose, direction: float) -> list[Pose]:
    found = []
    for along in np.arange(20.0, 46.0, 5.0):
        for forward in (-16.0, -8.0, 0.0, 8.0, 16.0):
            other = pose.copy()
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


def _explained(scene: Scene, poses: dict[str, Pose]) -> tuple[dict[str, float], int]:
    lattice = _lattice()
    lattice = lattice[:, inside_ct(scene.ct, scene.frame, lattice, 2.0)]
    known = np.ones(lattice.shape[1], bool)
    values = {}
    for name, pose in poses.items():
        signal, inside = signals(scene.contrasts, scene.frame.mr_to_lps(unplace(pose, lattice)))
        values[name] = signal
        known &= inside
    compared = int(known.sum())
    if compared < 500:
        return {}, compared
    hounsfield = scene.wide.at(lattice[:, known])
    explained = {}
    for name, signal in values.items():
        information = MutualInformation(signal_classes(signal[:, known], 16), 16, 20)
        explained[name] = information.value(hounsfield)
    return explained, compared


def _lattice() -> NDArray[np.float64]:
    lines = [np.arange(-half, half + 0.1, _LATTICE_MM) for half in TUBE_MM]
    points = np.stack(np.meshgrid(*lines, indexing="ij")).reshape(3, -1)
    scaled = points / np.array(TUBE_MM)[:, None]
    return np.asarray(points[:, (scaled * scaled).sum(axis=0) <= 1.0])
