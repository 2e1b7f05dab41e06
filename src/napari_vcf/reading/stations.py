"""Of several stations of the spine, the images that hold the fractured vertebra lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom import Role
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.spaces import between, same_space
from napari_vcf.reading.state import ReadingState

__all__ = ["covers", "leading_first"]


def covers(image: CaseImage, other: CaseImage) -> bool:
    """Whether an image holds the middle of another one of the same space."""
    return same_space(image, other) and bool(image.series.grid.contains(_middle(other)))


def leading_first(
    images: Iterable[CaseImage], state: ReadingState, known: Mapping[str, CaseImage]
) -> tuple[CaseImage, ...]:
    """Put first the images that hold the fractured vertebra.

    Where it lies is told by its calipers and by the painted body; before there are any, by the diffusion images, which
    are taken where the fracture is.

    Parameters
    ----------
    images : iterable of CaseImage
        What is to be put in order; otherwise it stays as it is.
    state : ReadingState
        What was measured.
    known : mapping of str to CaseImage
        All images of the case.

    Returns
    -------
    tuple of CaseImage
    """
    places = _places(state, known)
    if not places:
        places = [(image, _middle(image)) for image in known.values() if image.series.role in (Role.ADC, Role.DWI)][:1]

    def holds(image: CaseImage) -> bool:
        for at, point in places:
            motion = between(at, image, known, state)
            if motion is not None and image.series.grid.contains(motion.apply(point)):
                return True
        return False

    return tuple(sorted(images, key=lambda image: not holds(image)))


def _places(state: ReadingState, known: Mapping[str, CaseImage]) -> list[tuple[CaseImage, NDArray[np.float64]]]:
    """Where the fractured vertebra is known to lie, with the image in whose frame that is."""
    found = []
    for stage in state.stages.values():
        for caliper in stage.calipers:
            if state.spine is not None and caliper.level == state.spine.fractured and caliper.image in known:
                found.append((known[caliper.image], np.mean([caliper.start_lps, caliper.end_lps], axis=0)))
        if stage.masks is not None and stage.masks.body.voxels and stage.masks.image in known:
            image = known[stage.masks.image]
            found.append((image, _painted_middle(stage.masks.body.runs, stage.masks.grid.shape, image)))
    return found


def _painted_middle(runs: tuple[int, ...], shape: tuple[int, int, int], image: CaseImage) -> NDArray[np.float64]:
    """The middle of the painted voxels in the order in which they are stored, LPS mm."""
    ends = np.cumsum(runs)
    starts, stops = ends[0:-1:2], ends[1::2]
    middle = int(starts[len(starts) // 2] + stops[len(starts) // 2] - 1) // 2
    index, row, column = np.unravel_index(middle, shape)
    return np.asarray(image.series.grid.to_lps((column, row, index)))


def _middle(image: CaseImage) -> NDArray[np.float64]:
    slices, rows, columns = image.series.grid.shape
    return np.asarray(image.series.grid.to_lps(((columns - 1) / 2, (rows - 1) / 2, (slices - 1) / 2)))
