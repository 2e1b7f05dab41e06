"""Rules for what is carried from the reader's own signed stages, and what becomes of it by a change."""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np

from napari_vcf.language import say
from napari_vcf.reading import actions as act
from napari_vcf.reading.carrying import CarriedItem, geometry_of, item_words, items_of_draft, without
from napari_vcf.reading.completeness import hidden_of
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.masks import MaskRecord, decode_mask, encode_mask
from napari_vcf.reading.rules.base import Context, change_stage, check_stage, named_spine, reduce_action
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import (
    Caliper,
    Carried,
    CarriedDraft,
    FrameJoin,
    Masks,
    PlacedCaliper,
    PlacedRoi,
    ReadingState,
    Roi,
    StageState,
)
from napari_vcf.records.base import Stage

__all__ = ["after_join", "after_masks", "after_placing", "under_name"]

_Placed = TypeVar("_Placed", PlacedCaliper, PlacedRoi)
#: How far a rectangle may lie from its slice by rounding, mm.
_ROUNDING_MM = 1e-6


@reduce_action.register
def _(action: act.CarryDrafts, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    if not context.protocol.carry:
        raise RefusedActionError(say("The study's protocol does not allow drawings to be carried to another stage."))
    if action.stage != "combined":
        raise RefusedActionError(say("Drawings are carried to the stage with both examinations only."))
    if state != ReadingState():
        raise RefusedActionError(say("Drawings are carried before anything is read."))
    stages = [draft.stage for draft in action.drafts]
    if len(set(stages)) != len(stages) or "combined" in stages:
        raise RefusedActionError(say("Drawings are carried from CT and from MRI, once each."))
    return change_stage(
        state,
        action.stage,
        drafts=tuple(draft for draft in action.drafts if not draft.is_empty),
        carried_from={draft.stage: draft.seal for draft in action.drafts},
    )


@reduce_action.register
def _(action: act.DecideCarried, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    for item in action.items:
        draft = _waiting(state.stages[action.stage], item)
        if action.decision == "confirmed":
            state = _confirmed(state, action.stage, draft, item, context)
        part = state.stages[action.stage]
        state = change_stage(state, action.stage, drafts=without(part.drafts, (item,)))
    return state


def _waiting(part: StageState, item: CarriedItem) -> CarriedDraft:
    for draft in part.drafts:
        if item in items_of_draft(draft):
            return draft
    raise RefusedActionError(say("Nothing carried waits there any more: {item}.", item=item_words(item)))


def _confirmed(
    state: ReadingState, stage: Stage, draft: CarriedDraft, item: CarriedItem, context: Context
) -> ReadingState:
    carried = Carried(stage=draft.stage, geometry="unchanged")
    if item.kind == "frame_join":
        join = next(j for j in draft.frame_joins if j.image == item.image)
        return _confirm_join(state, join, carried, context)
    if named_spine(state) != draft.spine:
        raise RefusedActionError(
            say(
                "In the stage {stage} the fractured vertebra was called {before}, and here {now}: what was drawn there "
                "is not confirmed here. Correct the name, or delete it and draw it anew.",
                stage=STAGE_NAMES[draft.stage],
                before="–" if draft.spine is None else draft.spine.fractured,
                now=named_spine(state).fractured,
            )
        )
    if item.kind == "caliper":
        caliper = next(c for c in draft.calipers if (c.level, c.position) == (item.level, item.position))
        return _confirm_caliper(state, stage, caliper, carried, context)
    if item.kind == "roi":
        roi = next(r for r in draft.rois if (r.tissue, r.placement) == (item.tissue, item.placement))
        return _confirm_roi(state, stage, roi, carried, context)
    assert draft.masks is not None
    if "lesion_extent" in hidden_of(state, stage, context.protocol):
        raise RefusedActionError(
            say("Give your own estimate of the extent first; body and lesion that were carried come after it.")
        )
    if item.kind == "body":
        return _confirm_body(state, stage, draft.masks, carried, context)
    return _confirm_lesion(state, stage, draft.masks, carried, context)


def _confirm_caliper(
    state: ReadingState, stage: Stage, signed: PlacedCaliper, carried: Carried, context: Context
) -> ReadingState:
    caliper = Caliper(**{name: getattr(signed, name) for name in Caliper.model_fields})
    state = reduce_action(act.PlaceCaliper(stage=stage, caliper=caliper), state, context)
    part, height = state.stages[stage], (signed.level, signed.position)
    confirmed = signed.model_copy(update={"carried": carried, "at": context.at})
    calipers = tuple(confirmed if (c.level, c.position) == height else c for c in part.calipers)
    return change_stage(state, stage, calipers=calipers)


def _confirm_roi(
    state: ReadingState, stage: Stage, signed: PlacedRoi, carried: Carried, context: Context
) -> ReadingState:
    roi = Roi(**{name: getattr(signed, name) for name in Roi.model_fields})
    state = reduce_action(act.PlaceRoi(stage=stage, roi=roi), state, context)
    part = state.stages[stage]
    placed = part.roi(signed.tissue, signed.placement)
    assert placed is not None
    if not np.allclose(placed.center_lps, signed.center_lps, rtol=0, atol=_ROUNDING_MM):
        raise RefusedActionError(say("The rectangle does not lie on a slice of this map any more; place it anew."))
    # As it was signed, to the bit: put on its slice once more it would move by a rounding.
    confirmed = signed.model_copy(update={"carried": carried, "at": context.at})
    return change_stage(state, stage, rois=tuple(confirmed if roi is placed else roi for roi in part.rois))


def _confirm_join(state: ReadingState, signed: FrameJoin, carried: Carried, context: Context) -> ReadingState:
    values = {name: getattr(signed, name) for name in act.JoinFrames.model_fields if name != "action"}
    state = reduce_action(act.JoinFrames(**values), state, context)
    confirmed = signed.model_copy(update={"carried": carried, "at": context.at})
    return state.model_copy(update={"frame_joins": (*state.frame_joins[:-1], confirmed)})


def _confirm_body(state: ReadingState, stage: Stage, signed: Masks, carried: Carried, context: Context) -> ReadingState:
    before = state.stages[stage].masks
    if before is not None and before.image != signed.image:
        painted = context.case.image(before.image).label
        raise RefusedActionError(say("Something is painted on {painted} already; clear it first.", painted=painted))
    lesion = _empty(signed) if before is None else before.lesion
    set_masks = act.SetMasks(stage=stage, image=signed.image, grid=signed.grid, body=signed.body, lesion=lesion)
    # For its checks only: what is confirmed is taken as it was signed.
    reduce_action(set_masks, state, context)
    confirmed = signed.model_copy(
        update={
            "lesion": lesion,
            "thresholds": () if before is None else before.thresholds,
            "body_carried": carried,
            "lesion_carried": None if before is None else before.lesion_carried,
            "at": context.at,
        }
    )
    return change_stage(state, stage, masks=confirmed)


def _confirm_lesion(
    state: ReadingState, stage: Stage, signed: Masks, carried: Carried, context: Context
) -> ReadingState:
    before = state.stages[stage].masks
    if before is None or before.image != signed.image or not before.body.voxels:
        raise RefusedActionError(
            say(
                "The carried lesion lies in the body on {label}: confirm or draw the body there first.",
                label=context.case.image(signed.image).label,
            )
        )
    lesion, body = decode_mask(signed.lesion, signed.grid.shape), decode_mask(before.body, signed.grid.shape)
    record = signed.lesion
    if (lesion & ~body).any():
        # The body was changed since: what lies outside of it cannot be lesion any more.
        record, carried = encode_mask(lesion & body), carried.model_copy(update={"geometry": "changed"})
        if not record.voxels:
            raise RefusedActionError(
                say("Nothing of the carried lesion lies in the body; delete it, or paint it anew.")
            )
    masks = before.model_copy(
        update={"lesion": record, "thresholds": signed.thresholds, "lesion_carried": carried, "at": context.at}
    )
    return change_stage(state, stage, masks=masks)


def _empty(masks: Masks) -> MaskRecord:
    return encode_mask(np.zeros(masks.grid.shape, dtype=bool))


# -- what becomes of it by a change ------------------------------------------------------------------------------------
def after_placing(part: StageState, placed: _Placed) -> tuple[_Placed, tuple[CarriedDraft, ...]]:
    """A caliper or rectangle that is placed, with what it was carried from, and the drafts that are left.

    What takes the place of something carried on the same image is a change of it; on another image it is drawn anew.
    Either way the reader has decided, and no draft of the same measurement waits any more.

    Parameters
    ----------
    part : StageState
        Before it is placed.
    placed : PlacedCaliper or PlacedRoi
        Without what it was carried from.
    """
    kind: Literal["caliper", "roi"]
    if isinstance(placed, PlacedCaliper):
        before = part.caliper(placed.level, placed.position)
        kind, drafted = (
            "caliper",
            [
                (draft, c)
                for draft in part.drafts
                for c in draft.calipers
                if (c.level, c.position) == (placed.level, placed.position)
            ],
        )
    else:
        before = part.roi(placed.tissue, placed.placement)
        kind, drafted = (
            "roi",
            [
                (draft, r)
                for draft in part.drafts
                for r in draft.rois
                if (r.tissue, r.placement) == (placed.tissue, placed.placement)
            ],
        )
    items = tuple(
        item
        for draft, thing in drafted
        for item in items_of_draft(draft)
        if item.kind == kind and _is_item_of(item, thing)
    )
    carried: Carried | None = None
    if before is not None and before.carried is not None and before.image == placed.image:
        same = geometry_of(before) == geometry_of(placed)
        carried = before.carried if same else before.carried.model_copy(update={"geometry": "changed"})
    elif before is None:
        stage = next((draft.stage for draft, thing in drafted if thing.image == placed.image), None)
        carried = None if stage is None else Carried(stage=stage, geometry="changed")
    return placed.model_copy(update={"carried": carried}), without(part.drafts, items)


def _is_item_of(item: CarriedItem, thing: PlacedCaliper | PlacedRoi) -> bool:
    if isinstance(thing, PlacedCaliper):
        return (item.level, item.position) == (thing.level, thing.position)
    return (item.tissue, item.placement) == (thing.tissue, thing.placement)


def after_masks(part: StageState, masks: Masks | None) -> dict[str, object]:
    """What changes of a stage when its masks do: the masks, with what they were carried from, and the drafts.

    Parameters
    ----------
    part : StageState
        Before the change.
    masks : Masks or None
        After it.
    """
    before = part.masks
    if masks is None:
        return {"masks": None}
    gone: list[CarriedItem] = []
    came: dict[str, Carried | None] = {}
    for kind in ("body", "lesion"):
        name = f"{kind}_carried"
        now, old = getattr(masks, kind), None if before is None else getattr(before, kind)
        same = old is not None and before is not None and before.image == masks.image and old == now
        if same or not (now.voxels or (old is not None and old.voxels)):
            came[name] = None if before is None else getattr(before, name)
            continue
        known = getattr(before, name) if before is not None and before.image == masks.image else None
        drafted = [(d, i) for d in part.drafts for i in items_of_draft(d) if i.kind == kind]
        stage = next((draft.stage for draft, item in drafted if item.image == masks.image), None)
        if not now.voxels:
            came[name] = None
            continue
        if known is not None:
            came[name] = known.model_copy(update={"geometry": "changed"})
        else:
            came[name] = None if stage is None else Carried(stage=stage, geometry="changed")
        gone += [item for _, item in drafted]
    return {"masks": masks.model_copy(update=came), "drafts": without(part.drafts, tuple(gone))}


def after_join(state: ReadingState, join: FrameJoin, replaced: FrameJoin | None) -> tuple[FrameJoin, ReadingState]:
    """A join with what it was carried from, and the state without the draft of it."""
    carried = None if replaced is None or replaced.carried is None else replaced.carried
    if carried is not None:
        carried = carried.model_copy(update={"geometry": "changed"})
    stages = dict(state.stages)
    for name, part in stages.items():
        items = [
            (d, i) for d in part.drafts for i in items_of_draft(d) if i.kind == "frame_join" and i.image == join.image
        ]
        if items and carried is None:
            carried = Carried(stage=items[0][0].stage, geometry="changed")
        stages[name] = part.model_copy(update={"drafts": without(part.drafts, tuple(item for _, item in items))})
    return join.model_copy(update={"carried": carried}), state.model_copy(update={"stages": stages})


def under_name(thing: _Placed, level: str) -> _Placed:
    """A caliper or rectangle under another vertebra's name: it is not what was signed any more."""
    changed = None if thing.carried is None else thing.carried.model_copy(update={"geometry": "changed"})
    return thing.model_copy(update={"level": level, "carried": changed})
