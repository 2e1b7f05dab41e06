"""The scene of a registration: the two images around the clicked vertebra, in the form that the metrics need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Volume
from napari_vcf.language import say
from napari_vcf.registration.errors import NoOverlapError, VertebraNotCoveredError
from napari_vcf.registration.frame import Pose, WorkingFrame
from napari_vcf.registration.information import MutualInformation
from napari_vcf.registration.interpolation import Cube
from napari_vcf.registration.samples import (
    N_CLASSES,
    Contrast,
    MrSamples,
    ct_cube,
    inside_ct,
    mr_contrasts,
    mr_samples,
)
from napari_vcf.registration.search import Objective
from napari_vcf.registration.spine_bend import place

__all__ = ["COLUMN_SAMPLES", "TUBE_MM", "VERTEBRA_MM", "Scene", "build_scene"]

#: Half axes (left, posterior, superior) of the vertebra's region, and of the column's with its neighbours.
VERTEBRA_MM = (30.0, 36.0, 26.0)
TUBE_MM = (30.0, 38.0, 68.0)
#: Holds the column's region around the neighbours' centres as well.
SPINE_MM = (46.0, 58.0, 122.0)
#: Half axes of the smallest lumbar body.
_BODY_MM = (18.0, 14.0, 11.0)
N_BINS = 24
_MARGIN_MM = 3.0
COLUMN_SAMPLES = 10000
_FINE_SAMPLES = 9000


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a registration looks at: both images around the clicks, as samples of the MR and cubes of the CT.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : WorkingFrame
        Axes and origins.
    contrasts : tuple of Contrast
        MR.
    vertebra, column, spine : MrSamples
        Voxels around the click, along the column, and as far as the neighbours' columns reach.
    wide, fine : Cube
        CT of the column at 2 mm, of the vertebra at 1 mm.
    covered : float
        Share of the vertebra's region that lies in the CT, with the clicks on each other.
    left_out : tuple of str
        Contrasts that are not used, a sentence for each.
    threads : int
        Never changes a result.
    """

    ct: Volume
    frame: WorkingFrame
    contrasts: tuple[Contrast, ...]
    vertebra: MrSamples
    column: MrSamples
    spine: MrSamples
    wide: Cube
    fine: Cube
    covered: float
    left_out: tuple[str, ...]
    threads: int

    def objective(
        self,
        samples: MrSamples,
        near: Pose,
        cube: Cube,
        *,
        contrasts: Sequence[int] | None = None,
        center: NDArray[np.float64] | None = None,
    ) -> Objective:
        """The measure over those samples that lie in the CT at a pose; they stay the same wherever the pose goes."""
        placed, _ = place(near, samples.points)
        kept = samples.where(inside_ct(self.ct, self.frame, placed, _MARGIN_MM))
        if len(kept) < 100:
            raise NoOverlapError(
                say("The CT and the MR do not overlap around the clicked points; check the two points.")
            )
        classes = kept.classes
        if contrasts is not None:
            classes = classes[list(contrasts)]
        information = MutualInformation(classes, N_CLASSES, N_BINS)
        return Objective(kept.points.astype(np.float32), information, cube, np.zeros(3) if center is None else center)


def build_scene(ct: Volume, mr: Mapping[str, Volume], frame: WorkingFrame, threads: int) -> Scene:
    """Samples and cubes.

    Raises
    ------
    NoOverlapError, VertebraNotCoveredError
        If the CT or the MR holds too little of the vertebra.
    """
    reach = (TUBE_MM[0] + 25.0, TUBE_MM[1] + 27.0, TUBE_MM[2] + 57.0)
    contrasts, left_out = mr_contrasts(mr, frame, reach)
    if not contrasts:
        raise VertebraNotCoveredError(
            say(
                "No MR series holds the whole vertebra around its point; click the centre of the "
                "fractured body, and load a series that shows it."
            )
        )
    vertebra = mr_samples(contrasts, frame, VERTEBRA_MM, _FINE_SAMPLES)
    if len(vertebra) < max(500, 0.4 * vertebra.wanted):
        raise VertebraNotCoveredError(
            say(
                "The MR holds only {min:.0%} of the region around its point; click the centre of the "
                "fractured body, and load a series that shows the whole vertebra.",
                min=min(len(vertebra) / vertebra.wanted, 1.0),
            )
        )
    inside = inside_ct(ct, frame, vertebra.points, _MARGIN_MM)
    covered = float(inside.mean())
    body = ((vertebra.points / np.array(_BODY_MM)[:, None]) ** 2).sum(axis=0) <= 1.0
    whole = float(inside_ct(ct, frame, vertebra.points[:, body], 0.0).mean())
    if covered < 0.35 or whole < 0.75:
        raise VertebraNotCoveredError(
            say(
                "The CT holds only {whole:.0%} of the body around its point, so not the whole vertebra; "
                "click the centre of the fractured body, or load a CT that covers it.",
                whole=whole,
            )
        )
    spine = mr_samples(contrasts, frame, SPINE_MM, round(COLUMN_SAMPLES * np.prod(SPINE_MM) / np.prod(TUBE_MM)))
    column = mr_samples(contrasts, frame, TUBE_MM, COLUMN_SAMPLES)
    wide_mm = (TUBE_MM[0] + 22.0, TUBE_MM[1] + 24.0, TUBE_MM[2] + 54.0)
    wide = ct_cube(ct, frame, wide_mm, 2.0, blur_mm=(5.0, 4.0, 4.0), threads=threads)
    fine_mm = (VERTEBRA_MM[0] + 20.0, VERTEBRA_MM[1] + 20.0, VERTEBRA_MM[2] + 20.0)
    fine = ct_cube(ct, frame, fine_mm, 1.0, blur_mm=_blur(contrasts[0].part, frame), threads=threads)
    return Scene(ct, frame, tuple(contrasts), vertebra, column, spine, wide, fine, covered, tuple(left_out), threads)


def _blur(volume: Volume, frame: WorkingFrame) -> tuple[float, float, float]:
    """Widths of the MR voxel along the working axes; of the slice distance, a sixth is usually gap."""
    normal = int(np.argmax(np.abs(frame.axes.T @ volume.grid.normal)))
    widths = [1.0, 1.0, 1.0]
    widths[normal] = max(1.0, volume.grid.spacing_mm[0] * 5 / 6)
    return widths[0], widths[1], widths[2]
