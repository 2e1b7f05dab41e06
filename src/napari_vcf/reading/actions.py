"""Every change to a reading is one of these actions: named, typed, and serialisable as one line of JSON."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, TypeAdapter, model_serializer, model_validator

from napari_vcf.language import Sentence
from napari_vcf.measure import REFERENCE_RADIUS_MM, Position, ReferenceTissue, Side, VertebraStatus
from napari_vcf.reading.carrying import CarriedItem
from napari_vcf.reading.masks import GridRecord, MaskRecord
from napari_vcf.reading.state import (
    Caliper,
    CarriedDraft,
    Landmark,
    ProposedBody,
    ReadingState,
    Reason,
    Roi,
    SliceIndex,
    Tissue,
)
from napari_vcf.records.base import Affine, AnswerValue, Finite, FrozenModel, ImageId, Level, Point, Stage, Timestamp

__all__ = [
    "ACTION_ADAPTER",
    "AcceptMiddles",
    "AcceptRegistration",
    "Action",
    "AnswerAdcUnit",
    "AnswerBValues",
    "AnswerItem",
    "CarryDrafts",
    "ClearMasks",
    "CorrectLevels",
    "CorrectRole",
    "CountLevels",
    "DecideCarried",
    "DecideSlices",
    "JoinFrames",
    "LoggedAction",
    "MarkNotAssessable",
    "NudgeRegistration",
    "PlaceCaliper",
    "PlaceRoi",
    "ProposeBody",
    "ProposeRegistration",
    "Redo",
    "RefuseRegistration",
    "RemoveCaliper",
    "RemoveRoi",
    "SeparateFrames",
    "SetMasks",
    "SetReference",
    "SetSpine",
    "TakeUpReading",
    "ThresholdLesion",
    "Undo",
    "WithdrawAnswer",
    "WithdrawReference",
]


class SetSpine(FrozenModel):
    """Name the fractured vertebra."""

    action: Literal["set_spine"] = "set_spine"
    fractured: Level
    has_t13: bool = False
    has_l6: bool = False


class CorrectLevels(FrozenModel):
    """Correct a miscount: the fractured vertebra has another name, and everything that was named moves with it."""

    action: Literal["correct_levels"] = "correct_levels"
    fractured: Level
    has_t13: bool = False
    has_l6: bool = False


class SetReference(FrozenModel):
    """Say whether an adjacent vertebra is intact, not intact or not in view."""

    action: Literal["set_reference"] = "set_reference"
    stage: Stage
    level: Level
    status: VertebraStatus


class WithdrawReference(FrozenModel):
    """Take back what was said of an adjacent vertebra."""

    action: Literal["withdraw_reference"] = "withdraw_reference"
    stage: Stage
    level: Level


class _Placing(FrozenModel):
    """An action that carries a thing whole; on its line of a journal the thing's values stand beside the action's."""

    thing: ClassVar[str]
    #: Values that its first lines did not have, left out where they are as they were then.
    added: ClassVar[dict[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, content: Any) -> Any:
        if not isinstance(content, dict) or cls.thing in content:
            return content
        own = {key: content[key] for key in cls.model_fields if key in content}
        return {**own, cls.thing: {key: value for key, value in content.items() if key not in own}}

    @model_serializer(mode="wrap")
    def _spread(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content = serialize(self)
        thing = content.pop(self.thing)
        return _without_as_first({**content, **thing}, self.added)


def _without_as_first(content: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in added or added[name] != value}


class PlaceCaliper(_Placing):
    """Place a caliper, or replace the one that measures the same height.

    ``without_middle`` says that the middle height which was accepted from this wall's earlier corners goes with them.
    `Reading` says so of every such wall; lines of before do not, and keep the middle height as they did.
    """

    thing = "caliper"
    added: ClassVar[dict[str, Any]] = {"origin": "drawn", "proposed_from": None, "without_middle": False}
    action: Literal["place_caliper"] = "place_caliper"
    stage: Stage
    caliper: Caliper
    without_middle: bool = False


class AcceptMiddles(FrozenModel):
    """Accept middle heights as they are proposed from the corners; all of them were on the screen."""

    action: Literal["accept_middles"] = "accept_middles"
    stage: Stage
    calipers: Annotated[tuple[Caliper, ...], Field(min_length=1, max_length=3)]


class RemoveCaliper(FrozenModel):
    """Remove a caliper; ``without_middle`` as in `PlaceCaliper`."""

    action: Literal["remove_caliper"] = "remove_caliper"
    stage: Stage
    level: Level
    position: Position
    without_middle: bool = False

    @model_serializer(mode="wrap")
    def _as_first(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_as_first(serialize(self), {"without_middle": False})


class SetMasks(FrozenModel):
    """Set body and lesion after a stroke.

    ``corrected`` names slices whose body began as the proposal, ``outlined`` those that were outlined anew.
    """

    action: Literal["set_masks"] = "set_masks"
    stage: Stage
    image: ImageId
    grid: GridRecord
    body: MaskRecord
    lesion: MaskRecord
    corrected: tuple[SliceIndex, ...] = ()
    outlined: tuple[SliceIndex, ...] = ()


class ProposeBody(_Placing):
    """Put a vertebral body before the reader; a slice of it counts once it is accepted."""

    thing = "proposal"
    action: Literal["propose_body"] = "propose_body"
    stage: Stage
    image: ImageId
    grid: GridRecord
    proposal: ProposedBody


class DecideSlices(FrozenModel):
    """Accept or reject slices of the proposed body.

    ``looked_at`` says whether they had been on the screen; without it they are noted, and do not count.
    """

    action: Literal["decide_slices"] = "decide_slices"
    stage: Stage
    slices: Annotated[tuple[SliceIndex, ...], Field(min_length=1)]
    decision: Literal["accepted", "rejected"]
    looked_at: bool = True


class ThresholdLesion(FrozenModel):
    """Take the body voxels darker or brighter than a multiple of a reference tissue as lesion."""

    action: Literal["threshold_lesion"] = "threshold_lesion"
    stage: Stage
    tissue: ReferenceTissue
    center_lps: Point
    radius_mm: Annotated[Finite, Field(ge=1, le=10)] = REFERENCE_RADIUS_MM
    volume: Annotated[int, Field(ge=0)] = 0
    side: Side
    factor: Annotated[Finite, Field(gt=0, le=20)]
    slices: tuple[Annotated[int, Field(ge=0)], ...] | None = None


class ClearMasks(FrozenModel):
    """Remove both masks."""

    action: Literal["clear_masks"] = "clear_masks"
    stage: Stage


class PlaceRoi(_Placing):
    """Place an ADC rectangle, or replace the same placement."""

    thing = "roi"
    action: Literal["place_roi"] = "place_roi"
    stage: Stage
    roi: Roi


class RemoveRoi(FrozenModel):
    """Remove a placement."""

    action: Literal["remove_roi"] = "remove_roi"
    stage: Stage
    tissue: Tissue
    placement: Annotated[int, Field(ge=1, le=10)]


class AnswerItem(FrozenModel):
    """Answer an item of the form with one of its values."""

    action: Literal["answer"] = "answer"
    stage: Stage
    item: str
    value: AnswerValue


class MarkNotAssessable(FrozenModel):
    """Say that an item is not assessable, and why."""

    action: Literal["mark_not_assessable"] = "mark_not_assessable"
    stage: Stage
    item: str
    reason: Reason


class WithdrawAnswer(FrozenModel):
    """Take an answer back; the item is unanswered again."""

    action: Literal["withdraw_answer"] = "withdraw_answer"
    stage: Stage
    item: str


class CorrectRole(FrozenModel):
    """Correct the role that the program gave to an image."""

    action: Literal["correct_role"] = "correct_role"
    image: ImageId
    role: str


class AnswerAdcUnit(FrozenModel):
    """Say in which unit an ADC map is stored."""

    action: Literal["answer_adc_unit"] = "answer_adc_unit"
    image: ImageId
    unit: str


class AnswerBValues(FrozenModel):
    """Say with which b-values the volumes of a diffusion image were taken, s/mm2."""

    action: Literal["answer_b_values"] = "answer_b_values"
    image: ImageId
    b_values: tuple[Finite, ...]


class ProposeRegistration(FrozenModel):
    """Put a registration before the reader; it counts once accepted."""

    action: Literal["propose_registration"] = "propose_registration"
    mr_level: Level
    ct_level: Level
    ct_image: ImageId
    mr_images: tuple[ImageId, ...]
    mr_point_lps: Point
    ct_point_lps: Point
    status: Literal["ok", "doubtful", "refused"]
    reason: Annotated[str, Sentence] = ""
    ct_to_mr: Affine | None = None
    quality: dict[str, bool | int | Finite | str | list[Finite] | list[str]] = Field(default_factory=dict)
    shift_mm: Annotated[Finite, Field(ge=0)] = 0.0
    angle_deg: Annotated[Finite, Field(ge=0)] = 0.0
    seconds: Annotated[Finite, Field(ge=0)] = 0.0


class JoinFrames(FrozenModel):
    """Bring the images of one MR frame of reference onto those of another."""

    action: Literal["join_frames"] = "join_frames"
    image: ImageId
    to_image: ImageId
    how: Literal["stated", "marked", "fitted"]
    motion: Affine
    point_lps: Point | None = None
    to_point_lps: Point | None = None
    quality: dict[str, bool | int | Finite | str | list[Finite] | list[str]] = Field(default_factory=dict)


class SeparateFrames(FrozenModel):
    """Take back what joined the frame of an image to another."""

    action: Literal["separate_frames"] = "separate_frames"
    image: ImageId


class NudgeRegistration(FrozenModel):
    """Move a proposed registration by hand; an accepted one is open again."""

    action: Literal["nudge_registration"] = "nudge_registration"
    level: Level
    shift_lps_mm: Point = (0.0, 0.0, 0.0)
    rotation_lps_deg: Point = (0.0, 0.0, 0.0)


class AcceptRegistration(FrozenModel):
    """Accept a registration after looking at it."""

    action: Literal["accept_registration"] = "accept_registration"
    level: Level


class CountLevels(FrozenModel):
    """Say that the levels were counted on both images and both points lie in the same vertebra."""

    action: Literal["count_levels"] = "count_levels"
    level: Level
    ct_from: Landmark
    mr_from: Landmark


class RefuseRegistration(FrozenModel):
    """Refuse a registration, with the reason."""

    action: Literal["refuse_registration"] = "refuse_registration"
    level: Level
    reason: Reason


class TakeUpReading(FrozenModel):
    """Go on from an exported document: its state is where this reading begins."""

    action: Literal["take_up"] = "take_up"
    state: ReadingState


class CarryDrafts(FrozenModel):
    """Begin a stage with what the same reader drew and signed in earlier ones; it counts once it is confirmed."""

    action: Literal["carry"] = "carry"
    stage: Stage
    drafts: Annotated[tuple[CarriedDraft, ...], Field(min_length=1)]


class DecideCarried(FrozenModel):
    """Confirm things that were carried as they are, or delete them from the draft."""

    action: Literal["decide_carried"] = "decide_carried"
    stage: Stage
    items: Annotated[tuple[CarriedItem, ...], Field(min_length=1)]
    decision: Literal["confirmed", "deleted"]


class Undo(FrozenModel):
    """Take the last change back."""

    action: Literal["undo"] = "undo"


class Redo(FrozenModel):
    """Make the change again that was taken back last."""

    action: Literal["redo"] = "redo"


Action = Annotated[
    SetSpine
    | CorrectLevels
    | SetReference
    | WithdrawReference
    | PlaceCaliper
    | AcceptMiddles
    | RemoveCaliper
    | SetMasks
    | ProposeBody
    | DecideSlices
    | ThresholdLesion
    | ClearMasks
    | PlaceRoi
    | RemoveRoi
    | AnswerItem
    | MarkNotAssessable
    | WithdrawAnswer
    | CorrectRole
    | AnswerAdcUnit
    | AnswerBValues
    | ProposeRegistration
    | JoinFrames
    | SeparateFrames
    | NudgeRegistration
    | AcceptRegistration
    | CountLevels
    | RefuseRegistration
    | TakeUpReading
    | CarryDrafts
    | DecideCarried
    | Undo
    | Redo,
    Field(discriminator="action"),
]

ACTION_ADAPTER: TypeAdapter[Action] = TypeAdapter(Action)


class LoggedAction(FrozenModel):
    """An action with its place in the reading and its time."""

    number: Annotated[int, Field(ge=1)]
    at: Timestamp
    action: Action
