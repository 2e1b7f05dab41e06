"""One vertebra's registration: coarse search around the clicks, then descent at full resolution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.errors import CancelledError
from napari_vcf.geometry import Volume
from napari_vcf.registration.errors import NoOverlapError, VertebraNotCoveredError
from napari_vcf.registration.frame import ROTATION_LEVER_MM, Pose, WorkingFrame
from napari_vcf.registration.information import CT_RANGE_HU, MutualInformation
from napari_vcf.registration.interpolation import Cube
from napari_vcf.registration.scene import MrSamples, ct_cube, inside_cube, mr_samples, reference_contrast
from napari_vcf.registration.search import Objective, translation_grid

__all__ = ["CAPTURE_MM", "Found", "Scene", "Settings", "build_scene", "in_order", "search_pose"]

#: No optimum further than this from the clicks is believed: the neighbouring level begins where it ends.
CAPTURE_MM = 12.0
_N_CLASSES = 20
_N_BINS = 24


@dataclass(frozen=True, slots=True)
class Settings:
    """What one search looks at.

    Parameters
    ----------
    half_axes_mm : tuple of float
        Half axes (left, posterior, superior) of the ellipsoid around the click.
    coarse_samples, fine_samples : int
        MR samples of the two stages.
    margin_mm : float
        Distance that samples keep from the edge of the CT.
    """

    half_axes_mm: tuple[float, float, float] = (30.0, 36.0, 26.0)
    coarse_samples: int = 2500
    fine_samples: int = 12000
    margin_mm: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The two images around the clicks, at both resolutions."""

    frame: WorkingFrame
    samples: MrSamples
    coarse: Cube
    fine: Cube
    covered: float

    def objective(self, count: int, *, fine: bool, contrasts: Sequence[int] | None = None) -> Objective:
        """The measure over at most `count` samples, with all contrasts or some."""
        samples = self.samples.thinned(count)
        classes = samples.classes(_N_CLASSES)
        if contrasts is not None:
            classes = classes[list(contrasts)]
        information = MutualInformation(classes, _N_CLASSES, _N_BINS)
        return Objective(samples.points, information, self.fine if fine else self.coarse)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best pose and the local optima beside it.

    Parameters
    ----------
    pose : Pose
        Best.
    value : float
        Objective there.
    optima : tuple of (float, Pose)
        Every distinct optimum of the fine stage, the best first.
    """

    pose: Pose
    value: float
    optima: tuple[tuple[float, Pose], ...]


def build_scene(ct: Volume, mr: Mapping[str, Volume], frame: WorkingFrame, settings: Settings) -> Scene:
    """Samples and cubes.

    Raises
    ------
    NoOverlapError, VertebraNotCoveredError
        If the CT or the MR holds too little of the region.
    """
    samples = mr_samples(mr, frame, settings.half_axes_mm)
    a, b, c = settings.half_axes_mm
    voxels = 4 / 3 * np.pi * a * b * c / mr[reference_contrast(mr)].grid.voxel_volume_mm3
    if len(samples) < 0.4 * voxels or len(samples) < 500:
        raise VertebraNotCoveredError(
            f"The MR holds only {min(len(samples) / voxels, 1.0):.0%} of the region around its point; "
            "click the centre of the fractured body, and load a series that shows the whole vertebra."
        )
    inside = inside_cube(ct, frame, samples.points, settings.margin_mm)
    covered = float(inside.mean())
    if not inside.any():
        raise NoOverlapError("No part of the region around the MR point lies in the CT; check the two points.")
    if covered < 0.35:
        raise VertebraNotCoveredError(
            f"The CT holds only {covered:.0%} of the region around its point, so not the whole vertebra; "
            "click the centre of the fractured body, or load a CT that covers it."
        )
    half = tuple(h + CAPTURE_MM + 10.0 for h in settings.half_axes_mm)
    half = (half[0], half[1], half[2])
    blur = _blur(mr[reference_contrast(mr)], frame)
    coarse = ct_cube(ct, frame, half, 2.0, blur_mm=(5.0, 5.0, 5.0), clip_hu=CT_RANGE_HU)
    fine = ct_cube(ct, frame, half, 1.0, blur_mm=blur, clip_hu=CT_RANGE_HU)
    return Scene(frame, samples.where(inside), coarse, fine, covered)


def search_pose(
    scene: Scene,
    settings: Settings,
    *,
    start: Pose | None = None,
    threads: int = 1,
    report: Callable[[float, str], None] | None = None,
) -> Found:
    """Coarse search within the click's uncertainty, then the fine stage from its best optima.

    Parameters
    ----------
    scene : Scene
        Where.
    settings : Settings
        Numbers of samples.
    start : Pose, optional
        Centre of the search; the clicks without a turn if left out.
    threads : int
        Starts are followed in parallel; the result does not depend on it.
    report : callable, optional
        Told the share done (0 to 1); may raise `CancelledError`.

    Returns
    -------
    Found
    """
    tell = report if report is not None else _silent
    center = np.zeros(6) if start is None else start
    tell(0.0, "coarse search")
    objective = scene.objective(settings.coarse_samples, fine=False)
    shifts = [center + np.concatenate([shift, np.zeros(3)]) for shift in translation_grid(CAPTURE_MM - 1.0, 5.0)]
    ranked = sorted(
        zip([objective.value(p) for p in shifts], range(len(shifts)), strict=True), key=lambda r: (-r[0], r[1])
    )
    starts = [shifts[k] for _, k in ranked[:4]] + _turned(shifts[ranked[0][1]])
    tell(0.2, "coarse search")
    rough = in_order(lambda p: objective.climb(p, iterations=25, tolerance=1e-5), starts, threads)
    tell(0.6, "fine registration")
    objective = scene.objective(settings.fine_samples, fine=True)
    best = in_order(objective.climb, [p for _, p in distinct(rough)[:3]], threads)
    optima = tuple(distinct(best))
    tell(1.0, "fine registration")
    return Found(optima[0][1], optima[0][0], optima)


def distinct(optima: Sequence[tuple[float, Pose]], distance: float = 2.0) -> list[tuple[float, Pose]]:
    """Optima in falling order, without those that repeat a better one."""
    kept: list[tuple[float, Pose]] = []
    for value, pose in sorted(optima, key=lambda o: -o[0]):
        if all(float(np.linalg.norm(pose - other)) > distance for _, other in kept):
            kept.append((value, pose))
    return kept


def in_order(
    function: Callable[[Pose], tuple[float, Pose]], poses: Sequence[Pose], threads: int
) -> list[tuple[float, Pose]]:
    """Map over poses with some threads; each is computed alone, so the answers do not depend on how many there are."""
    if threads <= 1 or len(poses) < 2:
        return [function(pose) for pose in poses]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(function, poses))


def _turned(pose: Pose, degrees: float = 8.0) -> list[Pose]:
    turned = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            other = pose.copy()
            other[3 + axis] += sign * np.radians(degrees) * ROTATION_LEVER_MM
            turned.append(other)
    return turned


def _blur(volume: Volume, frame: WorkingFrame) -> tuple[float, float, float]:
    """Widths of the MR voxel along the working axes; of the slice distance, a sixth is usually gap."""
    normal = int(np.argmax(np.abs(frame.axes.T @ volume.grid.normal)))
    widths = [1.0, 1.0, 1.0]
    widths[normal] = max(1.0, volume.grid.spacing_mm[0] * 5 / 6)
    return widths[0], widths[1], widths[2]


def _silent(done: float, what: str) -> None:
    del done, what


def cancellable(
    progress: Callable[[int, int, str], None] | None, cancelled: Callable[[], bool] | None
) -> Callable[[float, str], None]:
    """One callback for both: tells the progress in per cent, and stops where the person has cancelled."""

    def report(done: float, what: str) -> None:
        if cancelled is not None and cancelled():
            raise CancelledError("The registration was cancelled; nothing was changed.")
        if progress is not None:
            progress(round(100 * done), 100, what)

    return report


def _points(values: NDArray[np.float64]) -> list[float]:
    return [round(float(v), 3) for v in values]
