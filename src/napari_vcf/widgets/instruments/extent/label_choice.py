"""What a reader chose of a label map, and what follows from it. Knows no window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.labels import LabelClass, LabelMap, Naming, read_label_map
from napari_vcf.dicom.labels.naming import NAMINGS, TITLES
from napari_vcf.errors import NapariVcfError
from napari_vcf.language import said, say
from napari_vcf.proposal import Endplates, middle_of
from napari_vcf.reading.label_proposing import (
    ChosenLabel,
    body_from_labels,
    motion_to,
    place_of,
    places_for,
    plain_names,
)

if TYPE_CHECKING:
    from napari_vcf.reading import CaseImage, Reading
    from napari_vcf.reading.proposing import BodyRequest
    from napari_vcf.reading.state import ProposedBody
    from napari_vcf.records.base import Stage

__all__ = ["LabelChoice", "LabelsSeen"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class LabelsSeen:
    """A label map that was read and looked at.

    Attributes
    ----------
    labels : LabelMap
        The file.
    lies_in : str
        The image in whose patient space it lies, or the first that it may lie in.
    label : LabelClass or None
        The label that is chosen at first.
    trouble : str
        Why it cannot be placed, or none be chosen; empty where nothing stands against it.
    """

    labels: LabelMap
    lies_in: str
    label: LabelClass | None
    trouble: str


class LabelChoice:
    """A label map, the label of it, and the place in which it lies.

    Parameters
    ----------
    reading : Reading
        Whose body is proposed.
    stage : {"mri", "combined"}
        Where.
    request : BodyRequest
        The image that is painted on, and the heights.
    blinded : bool
        Whether names of files, and names that somebody gave to labels, are kept from reader and record.

    Attributes
    ----------
    labels, levels : LabelMap or None
        The file, and the one of the levels.
    label : LabelClass or None
        Which of its labels.
    lies_in : str
        The image in whose patient space it lies.
    trouble : str
        Why it cannot be placed; empty where it can.
    """

    def __init__(self, reading: Reading, stage: Stage, request: BodyRequest, *, blinded: bool) -> None:
        self._reading, self._stage, self._request, self._blinded = reading, stage, request, blinded
        self.labels: LabelMap | None = None
        self.levels: LabelMap | None = None
        self.label: LabelClass | None = None
        self.places = places_for(reading.state, stage, self._painted, reading.case)
        self.lies_in = self.places[0]
        self.trouble = ""

    @property
    def _painted(self) -> CaseImage:
        return self._reading.case.image(self._request.image)

    @property
    def level(self) -> str:
        """The fractured vertebra."""
        spine = self._reading.state.spine
        return "" if spine is None else spine.fractured

    @property
    def framed(self) -> bool:
        """Whether the file says itself in which patient space it lies."""
        return self.labels is not None and self.labels.frame_of_reference_uid is not None

    def label_of_image(self, image: str) -> str:
        """What an image is called on the desk."""
        return self._reading.case.image(image).label

    # -- files ----------------------------------------------------------------------------------------------------
    def read(self, path: Path, progress: Progress | None = None) -> LabelMap:
        """Read a file; for a thread of its own."""
        labels = read_label_map(path, progress=progress)
        return plain_names(labels) if self._blinded else labels

    def look_at(self, labels: LabelMap) -> LabelsSeen:
        """See where a file lies and which label lies at the heights; for a thread of its own.

        Of a DICOM segmentation each segment is read for this.
        """
        trouble = ""
        try:
            lies_in = place_of(labels, self.places, self._reading.case)
        except NapariVcfError as error:
            lies_in, trouble = self.places[0], said(error)
        try:
            label = self._best(labels, lies_in)
        except NapariVcfError as error:
            label, trouble = None, said(error)
        return LabelsSeen(labels, lies_in, label, trouble)

    def take(self, seen: LabelsSeen) -> None:
        """Take a file with what was seen of it."""
        self.labels, self.lies_in, self.label, self.trouble = seen.labels, seen.lies_in, seen.label, seen.trouble

    def take_levels(self, levels: LabelMap | None) -> None:
        """Take a file that tells the levels apart, or none."""
        self.levels = levels

    def rename(self, naming: Naming) -> None:
        """Name the labels of the file by another table."""
        if self.labels is not None and naming != self.labels.naming:
            self.labels = self.labels.named(naming)
            try:
                self.label = self._best(self.labels, self.lies_in)
            except NapariVcfError as error:
                self.label, self.trouble = None, said(error)

    def namings(self) -> tuple[tuple[str, Naming], ...]:
        """Tables by which the file may be named, with their titles in English."""
        labels = self.labels
        if labels is None:
            return ()
        if labels.format == "dicom_seg":
            return ((TITLES["stated"], "stated"),)
        return tuple((TITLES[each], each) for each in NAMINGS if each != "stated" or labels.stated)

    # -- the label ------------------------------------------------------------------------------------------------
    def _best(self, labels: LabelMap, lies_in: str) -> LabelClass | None:
        """The label at the middle of the heights that may be a body, else the first that may, else the first."""
        here = [*labels.classes_at(self._middle(lies_in)), *labels.classes]
        for wanted in (("body", "bodies", "unknown"), ("vertebra", "other")):
            for each in here:
                if each.structure in wanted:
                    return each
        return None

    def _middle(self, lies_in: str) -> NDArray[np.float64]:
        ends = Endplates(self._request.ends.top_lps, self._request.ends.bottom_lps)
        motion = motion_to(self._reading.state, self._stage, lies_in, self._painted, self._reading.case)
        middle = middle_of(ends)
        return middle if motion is None else motion.inverse().apply(middle)

    # -- what follows ---------------------------------------------------------------------------------------------
    def chosen(self) -> ChosenLabel | None:
        """What was chosen; None as long as something is lacking."""
        if self.labels is None or self.label is None or self.trouble:
            return None
        return ChosenLabel(self.labels, self.label, self.lies_in, self.level, self.levels)

    def propose(self, chosen: ChosenLabel, progress: Progress | None = None) -> ProposedBody:
        """Put the label on the image; for a thread of its own. Raises what `body_from_labels` raises."""
        return body_from_labels(
            self._request,
            chosen,
            self._reading.state,
            self._stage,
            self._reading.case,
            blinded=self._blinded,
            progress=progress,
        )

    def told(self, proposed: ProposedBody) -> str:
        """How the label's own name of the vertebra stands to the reader's, as a sentence."""
        source = proposed.source
        own = None if source is None else source.own_level
        if own is None:
            return say("The label names no vertebra; you read {level}.", level=self.level)
        if own == self.level:
            return say("The label is named {own}, and you read {level}.", own=own, level=self.level)
        return say(
            "The label is named {own}, and you read {level}: they differ. Count the levels again before you confirm.",
            own=own,
            level=self.level,
        )

    def differs(self, proposed: ProposedBody) -> bool:
        """Whether the label is named as another vertebra."""
        source = proposed.source
        return source is not None and source.own_level not in (None, self.level)

    def size(self, proposed: ProposedBody) -> str:
        """How large the label is on the image, as a sentence."""
        grid = self._painted.series.grid
        voxels = proposed.mask.voxels
        return say(
            "It contains the middle of the heights: {cm3:.1f} cm3 on {label}.",
            cm3=voxels * grid.voxel_volume_mm3 / 1000,
            label=self._painted.label,
        )
