"""A vertebral body proposed from a label map of another program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.labels import LabelClass, LabelMap, read_label_map
from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.language import say
from napari_vcf.proposal import Endplates, check_body, labels_on_grid, middle_of, part_at
from napari_vcf.reading.case import Case, CaseImage
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.label_records import LabelFile, LabelPart, LabelSource
from napari_vcf.reading.masks import MaskRecord, encode_mask
from napari_vcf.reading.proposing import BodyRequest
from napari_vcf.reading.spaces import between, registration_at
from napari_vcf.reading.stage_images import is_open
from napari_vcf.reading.state import ProposedBody, ReadingState
from napari_vcf.records.base import Affine, Stage

__all__ = [
    "LABEL_METHOD",
    "ChosenLabel",
    "body_from_labels",
    "label_again",
    "motion_to",
    "place_of",
    "places_for",
    "plain_names",
    "refuse_what_is_no_body",
]

#: Method of the proposal and its version.
LABEL_METHOD: Final = "label map 1"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class ChosenLabel:
    """A label that a reader chose, and what the reader says of it.

    Attributes
    ----------
    labels : LabelMap
        The file.
    label : LabelClass
        Which of its labels.
    lies_in : str
        The image in whose patient space it lies.
    level : str
        The vertebra as the reader confirms it.
    levels : LabelMap or None
        A file that tells the levels apart, in the same space.
    """

    labels: LabelMap
    label: LabelClass
    lies_in: str
    level: str
    levels: LabelMap | None = None


def plain_names(labels: LabelMap) -> LabelMap:
    """The label map with names that its maker gave freely taken out: they may tell what a reader must not know."""
    if labels.naming != "stated":
        return labels

    def plain(each: LabelClass) -> LabelClass:
        number = each.values[0]
        words = {
            "body": say("vertebral body {level}", level=each.level or ""),
            "bodies": say("vertebral bodies"),
            "vertebra": say("vertebra {level}", level=each.level or ""),
        }
        name = str(words.get(each.structure, f"label {number}")).strip()
        return LabelClass(each.values, name, each.structure, each.level, each.layer)

    classes = tuple(plain(each) for each in labels.stated)
    return replace(labels, classes=classes, stated=classes)


# -- where it lies -----------------------------------------------------------------------------------------------------
def motion_to(state: ReadingState, stage: Stage, lies_in: str, painted: CaseImage, case: Case) -> RigidTransform | None:
    """The motion from the space of an image to that of the painted one; None where nothing joins the two."""
    source = case.image(lies_in)
    if not is_open(stage, source.series.role):
        return None
    level = state.spine.fractured if state.spine is not None else ""
    registration = registration_at(level, state.spine, state.registrations)
    accepted = registration if registration is not None and registration.acceptance == "accepted" else None
    return between(source, painted, case.images, state, accepted)


def places_for(state: ReadingState, stage: Stage, painted: CaseImage, case: Case) -> tuple[str, ...]:
    """Images of the stage in whose space a label may lie, the painted one first."""
    others = (image.id for image in case.images.values() if image.id != painted.id)
    return tuple(image for image in (painted.id, *others) if motion_to(state, stage, image, painted, case) is not None)


def place_of(labels: LabelMap, places: tuple[str, ...], case: Case) -> str:
    """The image in whose space a label map lies: by its frame of reference, else by its grid, else the first.

    Raises
    ------
    RefusedActionError
        If it names a frame of reference that no image of the stage has, or has joined to it.
    """
    if labels.frame_of_reference_uid is not None:
        made_on = {image.id for image in case.images.values() if _uids(image) & labels.referenced_series}
        for image in places:
            # A CT and an MR image may state one frame, and the patient moved between them.
            if case.image(image).series.frame_of_reference_uid == labels.frame_of_reference_uid and (
                not made_on or image in made_on
            ):
                return image
        raise RefusedActionError(
            say(
                "{name} lies in a frame of reference that no image of this stage has, or that nothing joins to the "
                "image that is painted on: it belongs to another examination.",
                name=labels.name,
            )
        )
    same = (image for image in places if _same_box(labels.grid, case.image(image).series.grid))
    return next(same, places[0])


def _uids(image: CaseImage) -> set[str]:
    return {str(file.series_uid) for file in getattr(image.series.stack, "files", ())}


def _same_box(one: Grid, other: Grid) -> bool:
    """Whether two grids hold the same voxels, in whatever order they are stored."""
    if sorted(one.shape) != sorted(other.shape):
        return False
    a, b = (corners[np.lexsort(np.round(corners, 1).T)] for corners in (one.corners_lps, other.corners_lps))
    return bool(np.abs(a - b).max() < 0.1)


# -- which label -------------------------------------------------------------------------------------------------------
def refuse_what_is_no_body(label: LabelClass) -> None:
    """Refuse a label that is by its name no vertebral body.

    Raises
    ------
    RefusedActionError
        A whole vertebra too: its arch and processes would make the lesion's share of it too small.
    """
    if label.structure == "vertebra":
        raise RefusedActionError(
            say(
                "'{name}' is the whole vertebra with pedicles, arch and processes, not its body; the lesion's share of "
                "it would be too small. Choose a label of vertebral bodies, and give this file as that of the levels.",
                name=label.name,
            )
        )
    if label.structure == "other":
        raise RefusedActionError(say("'{name}' is no vertebral body.", name=label.name))


def _level_class(levels: LabelMap, middle: NDArray[np.float64]) -> LabelClass:
    for each in levels.classes_at(middle):
        if each.structure in ("vertebra", "body", "unknown"):
            return each
    raise RefusedActionError(say("{name} has no vertebra at the middle of the heights.", name=levels.name))


def _cut(
    mask: NDArray[np.bool_], grid: Grid, part: LabelPart, middle: NDArray[np.float64],
    levels: tuple[LabelMap, LabelClass] | None,
) -> NDArray[np.bool_]:  # fmt: skip
    if part == "level":
        assert levels is not None
        # Each voxel of the body asks the levels at its own middle.
        return mask & labels_on_grid(levels[0].mask(levels[1]), levels[0].grid, grid)
    if part == "connected":
        return part_at(mask, grid, middle)
    return mask


def body_from_labels(
    request: BodyRequest,
    chosen: ChosenLabel,
    state: ReadingState,
    stage: Stage,
    case: Case,
    *,
    blinded: bool,
    progress: Progress | None = None,
) -> ProposedBody:
    """Propose a body from a label.

    Parameters
    ----------
    request : BodyRequest
        The image that is painted on, and the heights.
    chosen : ChosenLabel
        Which label, and where it lies.
    state : ReadingState
        With what was said of frames and registrations.
    stage : {"mri", "combined"}
        Where it is proposed.
    case : Case
        The images.
    blinded : bool
        Whether names of files stay out of the record.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    ProposedBody

    Raises
    ------
    RefusedActionError
        If the label is no body, or nothing joins its space to the image.
    ProposalError
        If it does not contain the middle of the heights, or reaches far beyond them.
    """
    painted = case.image(request.image)
    refuse_what_is_no_body(chosen.label)
    motion = motion_to(state, stage, chosen.lies_in, painted, case)
    if motion is None:
        raise RefusedActionError(
            say(
                "Nothing joins {label} to {painted_label}; a label that lies on the one cannot be put on the other.",
                label=case.image(chosen.lies_in).label,
                painted_label=painted.label,
            )
        )
    ends = Endplates(request.ends.top_lps, request.ends.bottom_lps)
    middle = motion.inverse().apply(middle_of(ends))
    levels = None
    part: LabelPart = "connected" if chosen.label.structure == "bodies" else "whole"
    if chosen.levels is not None:
        levels, part = (chosen.levels, _level_class(chosen.levels, middle)), "level"
    source = LabelSource(
        body=_file(chosen.labels, chosen.label, blinded=blinded),
        levels=None if levels is None else _file(*levels, blinded=blinded),
        part=part,
        level=chosen.level,
        lies_in=chosen.lies_in,
        placed_by="reader" if chosen.labels.frame_of_reference_uid is None else "frame_of_reference",
        motion=cast(Affine, tuple(tuple(row) for row in motion.matrix.tolist())),
    )
    if progress is not None:
        progress(1, 3, say("taking the label out of its file"))
    mask = _cut(chosen.labels.mask(chosen.label), chosen.labels.grid, part, middle, levels)
    if progress is not None:
        progress(2, 3, say("putting the label on the image"))
    placed = labels_on_grid(mask, chosen.labels.grid, painted.series.grid, motion)
    check_body(placed, painted.series.grid, ends)
    return ProposedBody(
        images=(request.image,),
        ends=request.ends,
        neighbours=request.neighbours,
        method=LABEL_METHOD,
        mask=encode_mask(placed),
        source=source,
    )


def _file(labels: LabelMap, label: LabelClass, *, blinded: bool) -> LabelFile:
    return LabelFile(
        format=labels.format,
        sha256=labels.sha256,
        file=None if blinded else labels.name[-300:],
        naming=labels.naming,
        values=label.values,
        layer=label.layer,
        name=label.name[:300],
        level=label.level,
    )


# -- again, for verify -------------------------------------------------------------------------------------------------
def label_again(proposed: ProposedBody, grid: Grid, files: Mapping[str, Path]) -> MaskRecord | None:
    """The mask of a proposal from a label map, from its files again.

    Parameters
    ----------
    proposed : ProposedBody
        Of `LABEL_METHOD`.
    grid : Grid
        Of the painted image.
    files : mapping of str to Path
        Label maps that are at hand, by SHA-256.

    Returns
    -------
    MaskRecord or None
        None where one of its files is not at hand.

    Raises
    ------
    NapariVcfError
        What reading the files raises.
    """
    source = proposed.source
    assert source is not None
    wanted = [source.body, *([] if source.levels is None else [source.levels])]
    if not {each.sha256 for each in wanted} <= set(files):
        return None
    opened = []
    for each in wanted:
        labels = read_label_map(files[each.sha256])
        labels = labels if each.naming in ("stated", labels.naming) else labels.named(each.naming)
        opened.append((labels, labels.find(each.values, each.layer)))
    (labels, label), *levels = opened
    motion = RigidTransform(np.array(source.motion))
    middle = motion.inverse().apply(middle_of(Endplates(proposed.ends.top_lps, proposed.ends.bottom_lps)))
    mask = _cut(labels.mask(label), labels.grid, source.part, middle, levels[0] if levels else None)
    return encode_mask(labels_on_grid(mask, labels.grid, grid, motion))
