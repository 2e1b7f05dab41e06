"""Rules for the fractured vertebra, calipers, masks and ROIs."""

from __future__ import annotations

from collections.abc import Mapping

from napari_vcf.dicom import Role
from napari_vcf.geometry import GeometryError, Rectangle, coverage_on_slice
from napari_vcf.language import said, say
from napari_vcf.measure import MeasureError, Position
from napari_vcf.reading import actions as act
from napari_vcf.reading.case import MR_ROLES, CaseImage
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.levels import not_renamed, recounted
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.middles import check_walls, corners_of
from napari_vcf.reading.results import adjacent_levels, caliper_mm, rectangle_of
from napari_vcf.reading.rules.base import Context, change_stage, check_stage, image_for, named_spine, reduce_action
from napari_vcf.reading.rules.carrying import after_masks, after_placing, under_name
from napari_vcf.reading.rules.proposing import after_stroke
from napari_vcf.reading.spaces import between, registration_at
from napari_vcf.reading.state import Caliper, Masks, PlacedCaliper, PlacedRoi, ReadingState, Spine, StageState
from napari_vcf.records.base import Stage

__all__ = ["MAX_CALIPER_MM", "MIN_CALIPER_MM", "named_levels"]

#: Shorter is a slip of the hand, longer than any vertebral body.
MIN_CALIPER_MM = 0.5
MAX_CALIPER_MM = 80.0


@reduce_action.register
def _(action: act.SetSpine, state: ReadingState, context: Context) -> ReadingState:
    del context
    spine = Spine(fractured=action.fractured, has_t13=action.has_t13, has_l6=action.has_l6)
    if spine == state.spine:
        return state
    measured = sorted({c.level for stage in state.stages.values() for c in stage.calipers})
    regions = any(stage.rois or stage.masks for stage in state.stages.values())
    if measured or regions:
        what = (
            say("calipers on {measured}", measured=", ".join(measured))
            if measured
            else say("a painted lesion or ADC ROIs")
        )
        raise not_renamed(what)
    return state.model_copy(update={"spine": spine})


@reduce_action.register
def _(action: act.CorrectLevels, state: ReadingState, context: Context) -> ReadingState:
    del context
    before = named_spine(state)
    spine = Spine(fractured=action.fractured, has_t13=action.has_t13, has_l6=action.has_l6)
    if spine == before:
        raise RefusedActionError(
            say("The fractured vertebra is called {fractured} already.", fractured=before.fractured)
        )
    names = recounted(
        named_levels(state),
        before.fractured,
        spine.fractured,
        has_t13=(before.has_t13, spine.has_t13),
        has_l6=(before.has_l6, spine.has_l6),
    )

    def renamed(stage: StageState) -> StageState:
        return stage.model_copy(
            update={
                "calipers": tuple(under_name(c, names[c.level]) for c in stage.calipers),
                "references": {names[level]: status for level, status in stage.references.items()},
                "rois": tuple(under_name(r, names[r.level]) for r in stage.rois),
                "masks": _renamed(stage.masks, names),
            }
        )

    return state.model_copy(
        update={
            "spine": spine,
            "stages": {name: renamed(stage) for name, stage in state.stages.items()},
            "registrations": {
                names[level]: entry.model_copy(update={"level": names[level]})
                for level, entry in state.registrations.items()
            },
        }
    )


def _renamed(masks: Masks | None, names: Mapping[str, str]) -> Masks | None:
    """Masks whose label map was confirmed as a level of another name; what the label itself says stays."""
    if masks is None or masks.proposal is None or masks.proposal.source is None:
        return masks
    source = masks.proposal.source
    source = source.model_copy(update={"level": names[source.level]})
    return masks.model_copy(update={"proposal": masks.proposal.model_copy(update={"source": source})})


def named_levels(state: ReadingState) -> tuple[str, ...]:
    """Every vertebra by whose name something is recorded."""
    found = [*state.registrations]
    for stage in state.stages.values():
        found += [caliper.level for caliper in stage.calipers]
        found += [*stage.references, *(roi.level for roi in stage.rois)]
    return tuple(dict.fromkeys(found))


@reduce_action.register
def _(action: act.SetReference, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    if action.level not in adjacent_levels(named_spine(state)):
        raise RefusedActionError(
            say("{level} is not adjacent to {fractured}.", level=action.level, fractured=named_spine(state).fractured)
        )
    references = {**state.stages[action.stage].references, action.level: action.status}
    return change_stage(state, action.stage, references=references)


@reduce_action.register
def _(action: act.WithdrawReference, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    references = dict(state.stages[action.stage].references)
    if references.pop(action.level, None) is None:
        raise RefusedActionError(say("Nothing was said of {level}.", level=action.level))
    return change_stage(state, action.stage, references=references)


@reduce_action.register
def _(action: act.PlaceCaliper, state: ReadingState, context: Context) -> ReadingState:
    caliper = action.caliper
    _check_caliper(caliper, action.stage, state, context)
    stage = state.stages[action.stage]
    other = stage.caliper(caliper.level, "posterior" if caliper.position == "anterior" else "anterior")
    if caliper.origin == "corners" and other is not None and other.origin == "corners":
        check_walls((caliper, other) if caliper.position == "anterior" else (other, caliper), context.case)
    others = _others(stage, caliper.level, caliper.position, without_middle=action.without_middle)
    placed, drafts = after_placing(stage, PlacedCaliper(**dict(caliper), at=context.at))
    return change_stage(state, action.stage, calipers=(*others, placed), drafts=drafts)


@reduce_action.register
def _(action: act.AcceptMiddles, state: ReadingState, context: Context) -> ReadingState:
    for caliper in action.calipers:
        _check_caliper(caliper, action.stage, state, context)
        stage = state.stages[action.stage]
        if caliper.proposed_from is None or caliper.origin != "proposed":
            raise RefusedActionError(say("Only a middle height that is as it was proposed can be accepted."))
        if stage.caliper(caliper.level, caliper.position) is not None:
            raise RefusedActionError(say("The middle height of {level} is measured already.", level=caliper.level))
        walls = corners_of(stage, caliper.level)
        if walls is None or walls[1] != caliper.proposed_from.corners_lps or walls[0].image != caliper.image:
            raise RefusedActionError(
                say("The middle height of {level} was proposed from other corners.", level=caliper.level)
            )
        placed, drafts = after_placing(stage, PlacedCaliper(**dict(caliper), at=context.at))
        state = change_stage(state, action.stage, calipers=(*stage.calipers, placed), drafts=drafts)
    return state


def _check_caliper(caliper: Caliper, stage: Stage, state: ReadingState, context: Context) -> None:
    image = image_for(stage, caliper.image, context)
    spine = named_spine(state)
    if caliper.level not in (spine.fractured, *adjacent_levels(spine)):
        raise RefusedActionError(
            say("{level} is neither {fractured} nor adjacent to it.", level=caliper.level, fractured=spine.fractured)
        )
    if caliper.shown_on is not None:
        _check_fusion(image, context.case.image(caliper.shown_on), caliper.level, state, context)
        if stage != "combined":
            raise RefusedActionError(say("A registered CT over MR is open in the combined stage only."))
    length = caliper_mm(caliper)
    if not MIN_CALIPER_MM <= length <= MAX_CALIPER_MM:
        raise RefusedActionError(
            say(
                "A height of {length:.1f} mm is not that of a vertebral body ({min_caliper_mm:g} to "
                "{max_caliper_mm:g} mm).",
                length=length,
                min_caliper_mm=MIN_CALIPER_MM,
                max_caliper_mm=MAX_CALIPER_MM,
            )
        )
    if not image.series.grid.contains([caliper.start_lps, caliper.end_lps], margin_mm=-0.01).all():
        raise RefusedActionError(say("The caliper reaches outside {label}.", label=image.label))
    if caliper.snapped and not context.protocol.snapping:
        raise RefusedActionError(say("The study's protocol does not allow calipers to be drawn to an edge."))


def _check_fusion(image: CaseImage, shown_on: CaseImage, level: str, state: ReadingState, context: Context) -> None:
    if image.series.role is not Role.CT or shown_on.series.role is Role.CT:
        raise RefusedActionError(say("Only a registered CT is measured over another image."))
    registration = registration_at(level, state.spine, state.registrations)
    if registration is None or registration.acceptance != "accepted":
        raise RefusedActionError(say("Accept the registration before measuring CT over MR."))
    if between(image, shown_on, context.case.images, state, registration) is None:
        raise RefusedActionError(
            say(
                "{label} is not joined to {shown_on_label}; it cannot be measured over it.",
                label=image.label,
                shown_on_label=shown_on.label,
            )
        )


@reduce_action.register
def _(action: act.RemoveCaliper, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    stage = state.stages[action.stage]
    if stage.caliper(action.level, action.position) is None:
        raise RefusedActionError(
            say("There is no {position} caliper on {level}.", position=action.position, level=action.level)
        )
    kept = _others(stage, action.level, action.position, without_middle=action.without_middle)
    return change_stage(state, action.stage, calipers=kept)


def _others(stage: StageState, level: str, position: Position, *, without_middle: bool) -> tuple[PlacedCaliper, ...]:
    gone = {position, "middle"} if without_middle else {position}
    return tuple(c for c in stage.calipers if c.level != level or c.position not in gone)


@reduce_action.register
def _(action: act.SetMasks, state: ReadingState, context: Context) -> ReadingState:
    image = image_for(action.stage, action.image, context)
    named_spine(state)
    if image.series.role not in MR_ROLES:
        raise RefusedActionError(say("The extent of the lesion is painted on MRI."))
    grid = action.grid.grid()
    if not grid.is_close_to(image.series.grid):
        raise RefusedActionError(say("The masks do not lie on the native grid of {label}.", label=image.label))
    body = decode_mask(action.body, grid.shape)
    lesion = decode_mask(action.lesion, grid.shape)
    if (lesion & ~body).any():
        raise RefusedActionError(say("The lesion reaches outside the vertebral body."))
    before = state.stages[action.stage].masks
    # A lesion that was begun anew does not come from what was taken before.
    kept = before.thresholds if before is not None and before.image == action.image and action.lesion.voxels else ()
    masks = Masks(
        image=action.image,
        grid=action.grid,
        body=action.body,
        lesion=action.lesion,
        thresholds=kept,
        proposal=after_stroke(before, action),
        at=context.at,
    )
    return change_stage(state, action.stage, **after_masks(state.stages[action.stage], masks))


@reduce_action.register
def _(action: act.ClearMasks, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    if state.stages[action.stage].masks is None:
        raise RefusedActionError(say("Nothing is painted."))
    return change_stage(state, action.stage, masks=None)


@reduce_action.register
def _(action: act.PlaceRoi, state: ReadingState, context: Context) -> ReadingState:
    roi = action.roi
    image = image_for(action.stage, roi.image, context)
    spine = named_spine(state)
    series = image.series
    if series.role is not Role.ADC:
        raise RefusedActionError(say("The ADC is measured on an ADC map; {label} is none.", label=image.label))
    if series.unit is None:
        raise RefusedActionError(
            say(
                "The unit of {label} is not known ({unit_evidence}). Say which it is first.",
                label=image.label,
                unit_evidence=series.unit_evidence,
            )
        )
    if roi.placement > context.protocol.roi_placements:
        raise RefusedActionError(
            say("The protocol has {roi_placements} placements.", roi_placements=context.protocol.roi_placements)
        )
    if (roi.tissue == "lesion") != (roi.level == spine.fractured):
        raise RefusedActionError(
            say(
                "The {tissue} ROI cannot lie in {level}: the lesion is in {fractured}, the normal marrow "
                "in another vertebra.",
                tissue=roi.tissue,
                level=roi.level,
                fractured=spine.fractured,
            )
        )
    try:
        center = _onto_slice(rectangle_of(roi, context.protocol), image)
        placed = PlacedRoi(**{**dict(roi), "center_lps": center}, at=context.at)
        context.measure(placed)
    except (GeometryError, MeasureError) as error:
        raise RefusedActionError(said(error)) from error
    stage = state.stages[action.stage]
    others = tuple(r for r in stage.rois if (r.tissue, r.placement) != (roi.tissue, roi.placement))
    placed, drafts = after_placing(stage, placed)
    return change_stage(state, action.stage, rois=(*others, placed), drafts=drafts)


def _onto_slice(rectangle: Rectangle, image: CaseImage) -> tuple[float, float, float]:
    """The centre on the plane of the nearest slice, which is the one that is measured."""
    grid = image.series.grid
    index = grid.to_index(rectangle.center_lps)
    slice_index = coverage_on_slice(grid, rectangle).slice_index
    x, y, z = grid.to_lps((index[0], index[1], slice_index)).tolist()
    return x, y, z


@reduce_action.register
def _(action: act.RemoveRoi, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    stage = state.stages[action.stage]
    if stage.roi(action.tissue, action.placement) is None:
        raise RefusedActionError(
            say("There is no {tissue} ROI {placement}.", tissue=action.tissue, placement=action.placement)
        )
    kept = tuple(r for r in stage.rois if (r.tissue, r.placement) != (action.tissue, action.placement))
    return change_stage(state, action.stage, rois=kept)
