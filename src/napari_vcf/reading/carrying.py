"""What a reader drew and signed in one stage, as a draft of another: its items, their words, and what they equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from napari_vcf.language import Sentence, say
from napari_vcf.measure import Position
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import (
    CarriedDraft,
    FrameJoin,
    Masks,
    PlacedCaliper,
    PlacedRoi,
    Sha256,
    Spine,
    StageState,
    Tissue,
)
from napari_vcf.records.base import FrozenModel, ImageId, Level, Stage

__all__ = [
    "ITEM_OF_KIND",
    "CarriedItem",
    "ItemKind",
    "draft_of",
    "geometry_of",
    "item_words",
    "items_of_draft",
    "open_items",
    "without",
]

ItemKind = Literal["caliper", "body", "lesion", "roi", "frame_join"]
#: The item of the form that each kind is measured for; None for what joins images.
ITEM_OF_KIND: dict[ItemKind, str | None] = {
    "frame_join": None,
    "caliper": "compression_degree",
    "body": "lesion_extent",
    "lesion": "lesion_extent",
    "roi": "adc",
}


class CarriedItem(FrozenModel):
    """One thing of a draft that the reader says something of.

    Attributes
    ----------
    stage : str
        Where it was signed.
    kind : {"caliper", "body", "lesion", "roi", "frame_join"}
        What it is.
    level, position
        Which height it is, of a caliper.
    tissue, placement
        Which rectangle it is, of an ROI.
    image : str
        On which it was drawn; of a join the image that is moved.
    """

    stage: Stage
    kind: ItemKind
    level: Level | None = None
    position: Position | None = None
    tissue: Tissue | None = None
    placement: int | None = None
    image: ImageId


def items_of_draft(draft: CarriedDraft) -> Iterator[CarriedItem]:
    """What waits in a draft, in the order in which it is gone through."""
    for join in draft.frame_joins:
        yield CarriedItem(stage=draft.stage, kind="frame_join", image=join.image)
    for caliper in draft.calipers:
        yield CarriedItem(
            stage=draft.stage, kind="caliper", level=caliper.level, position=caliper.position, image=caliper.image
        )
    if draft.masks is not None:
        for kind, waits in (("body", draft.body_open), ("lesion", draft.lesion_open)):
            if waits:
                yield CarriedItem(stage=draft.stage, kind=kind, image=draft.masks.image)
    for roi in draft.rois:
        yield CarriedItem(
            stage=draft.stage, kind="roi", tissue=roi.tissue, placement=roi.placement, level=roi.level, image=roi.image
        )


def open_items(part: StageState) -> tuple[CarriedItem, ...]:
    """Everything carried to a stage that waits for the reader's word."""
    return tuple(item for draft in part.drafts for item in items_of_draft(draft))


def item_words(item: CarriedItem) -> str:
    """A few words for an item, with the stage from which it comes."""
    stage = STAGE_NAMES[item.stage]
    if item.kind == "caliper":
        return say(
            "{position} height of {level} ({stage})",
            position=Sentence(str(item.position)),
            level=item.level,
            stage=stage,
        )
    if item.kind == "roi":
        return say(
            "ADC ROI {placement}, {tissue} ({stage})",
            placement=item.placement,
            tissue=Sentence(str(item.tissue)),
            stage=stage,
        )
    if item.kind == "body":
        return say("body ({stage})", stage=stage)
    if item.kind == "lesion":
        return say("lesion ({stage})", stage=stage)
    return say("joined MR images ({stage})", stage=stage)


def draft_of(
    part: StageState,
    *,
    stage: Stage,
    seal: Sha256,
    spine: Spine | None,
    joins: tuple[FrameJoin, ...],
    protocol: Protocol,
) -> CarriedDraft:
    """The draft that follows from what was signed in a stage: geometry only, and only where it is asked for again.

    Parameters
    ----------
    part : StageState
        What was signed.
    stage : {"ct", "mri"}
        Where.
    seal : str
        SHA-256 of the signed document.
    spine : Spine or None
        Which vertebra was named there.
    joins : tuple of FrameJoin
        What brought MR images onto each other there.
    protocol : Protocol
        What the combined stage asks.
    """
    wanted = protocol.carried_items
    masks = part.masks if "lesion_extent" in wanted else None
    if masks is not None and not masks.body.voxels:
        masks = None
    drawn = {"carried": None}
    return CarriedDraft(
        stage=stage,
        seal=seal,
        spine=spine,
        calipers=tuple(c.model_copy(update=drawn) for c in part.calipers if "compression_degree" in wanted),
        masks=masks,
        body_open=masks is not None,
        lesion_open=masks is not None and masks.lesion.voxels > 0,
        rois=tuple(
            r.model_copy(update=drawn)
            for r in sorted(part.rois, key=lambda r: (r.tissue, r.placement))
            if "adc" in wanted
        ),
        frame_joins=tuple(j.model_copy(update=drawn) for j in joins) if wanted else (),
    )


def without(drafts: tuple[CarriedDraft, ...], items: tuple[CarriedItem, ...]) -> tuple[CarriedDraft, ...]:
    """Drafts without some of their items; those in which nothing waits any more are gone."""
    gone = set(items)

    def kept(draft: CarriedDraft) -> CarriedDraft:
        def stays(**values: Any) -> bool:
            return CarriedItem(stage=draft.stage, **values) not in gone

        image = None if draft.masks is None else draft.masks.image
        return draft.model_copy(
            update={
                "calipers": tuple(
                    c
                    for c in draft.calipers
                    if stays(kind="caliper", level=c.level, position=c.position, image=c.image)
                ),
                "rois": tuple(
                    r
                    for r in draft.rois
                    if stays(kind="roi", tissue=r.tissue, placement=r.placement, level=r.level, image=r.image)
                ),
                "frame_joins": tuple(j for j in draft.frame_joins if stays(kind="frame_join", image=j.image)),
                "body_open": draft.body_open and stays(kind="body", image=image),
                "lesion_open": draft.lesion_open and stays(kind="lesion", image=image),
            }
        )

    return tuple(draft for draft in map(kept, drafts) if not draft.is_empty)


#: What is not the drawing itself: when it was made, and what is known of where it comes from.
_NOT_DRAWN = {"at", "carried"}


def geometry_of(
    thing: PlacedCaliper | PlacedRoi | FrameJoin | Masks, part: Literal["body", "lesion"] = "body"
) -> dict[str, Any]:
    """What must be the same, to the bit, for something carried to be as it was signed; of masks, of one of the two."""
    if not isinstance(thing, Masks):
        return thing.model_dump(exclude=_NOT_DRAWN)
    whole = {"image", "grid", "body"} if part == "body" else {"image", "grid", "lesion", "thresholds"}
    return thing.model_dump(include=whole)
