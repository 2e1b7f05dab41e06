"""Rules for the registration of CT to MR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from napari_vcf.dicom import Role
from napari_vcf.geometry import GeometryError, RigidTransform
from napari_vcf.language import said, say
from napari_vcf.reading import actions as act
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.results import adjacent_levels
from napari_vcf.reading.rules.base import Context, named_spine, reduce_action
from napari_vcf.reading.rules.carrying import after_join
from napari_vcf.reading.spaces import between, same_space
from napari_vcf.reading.state import FrameJoin, LevelCount, ReadingState, Registration


@reduce_action.register
def _(action: act.ProposeRegistration, state: ReadingState, context: Context) -> ReadingState:
    if action.mr_level != action.ct_level:
        raise RefusedActionError(
            say(
                "You named {mr_level} on MR and {ct_level} on CT; both points must lie in the same vertebra.",
                mr_level=action.mr_level,
                ct_level=action.ct_level,
            )
        )
    spine = named_spine(state)
    if action.mr_level not in (spine.fractured, *adjacent_levels(spine)):
        raise RefusedActionError(
            say(
                "{mr_level} is neither {fractured} nor adjacent to it.",
                mr_level=action.mr_level,
                fractured=spine.fractured,
            )
        )
    for image, is_ct in ((action.ct_image, True), *((name, False) for name in action.mr_images)):
        if (context.case.image(image).series.role is Role.CT) != is_ct:
            raise RefusedActionError(say("A registration brings one CT to MR images."))
    known = [context.case.image(name) for name in action.mr_images]
    if any(not same_space(known[0], image) for image in known[1:]):
        raise RefusedActionError(say("The MR images of a registration lie in different frames of reference."))
    if (action.ct_to_mr is None) != (action.status == "refused"):
        raise RefusedActionError(say("A registration has a transform exactly where it was not refused."))
    if action.ct_to_mr is not None:
        _rigid(action.ct_to_mr)
    values = action.model_dump(exclude={"action", "mr_level", "ct_level"})
    registration = Registration(level=action.mr_level, at=context.at, **values)
    return _register(state, registration)


@reduce_action.register
def _(action: act.JoinFrames, state: ReadingState, context: Context) -> ReadingState:
    one, two = context.case.image(action.image), context.case.image(action.to_image)
    for image in (one, two):
        if image.series.role is Role.CT:
            raise RefusedActionError(
                say("{label} is joined to MRI at a vertebra, by a registration.", label=image.label)
            )
    if same_space(one, two):
        raise RefusedActionError(
            say(
                "{label} and {two_label} share a frame of reference; nothing has to be joined.",
                label=one.label,
                two_label=two.label,
            )
        )
    motion = _rigid(action.motion)
    marked = action.point_lps is not None and action.to_point_lps is not None
    if action.how == "stated" and not np.array_equal(motion.matrix, np.eye(4)):
        raise RefusedActionError(say("Who says that the patient lay still gives no motion."))
    if action.how != "stated" and not marked:
        raise RefusedActionError(say("Mark the same place on both images."))
    others = without_join(state, one, context.case.images)
    if between(one, two, context.case.images, state.model_copy(update={"frame_joins": others})) is not None:
        raise RefusedActionError(
            say(
                "{label} and {two_label} are joined by way of another image already.",
                label=one.label,
                two_label=two.label,
            )
        )
    replaced = next((j for j in state.frame_joins if j not in others), None)
    made = FrameJoin(at=context.at, **action.model_dump(exclude={"action"}))
    join, state = after_join(state, made, replaced)
    return state.model_copy(update={"frame_joins": (*others, join)})


@reduce_action.register
def _(action: act.SeparateFrames, state: ReadingState, context: Context) -> ReadingState:
    image = context.case.image(action.image)
    others = without_join(state, image, context.case.images)
    if others == state.frame_joins:
        raise RefusedActionError(say("{label} is not joined to other MR images.", label=image.label))
    return state.model_copy(update={"frame_joins": others})


def without_join(state: ReadingState, image: CaseImage, images: Mapping[str, CaseImage]) -> tuple[FrameJoin, ...]:
    """The joins but for the one that moves the frame of an image."""
    return tuple(j for j in state.frame_joins if j.image not in images or not same_space(images[j.image], image))


def _register(state: ReadingState, registration: Registration) -> ReadingState:
    _check_unused(state, registration.level)
    return state.model_copy(update={"registrations": {**state.registrations, registration.level: registration}})


def _check_unused(state: ReadingState, level: str) -> None:
    previous = state.registrations.get(level)
    if previous is None or previous.acceptance != "accepted":
        return
    fractured = state.spine.fractured if state.spine is not None else level
    used = [c for stage in state.stages.values() for c in stage.calipers if c.shown_on is not None]
    if any(c.level == level or (level == fractured and c.level not in state.registrations) for c in used):
        raise RefusedActionError(say("Calipers were placed with this registration; remove them before changing it."))


def _rigid(matrix: Any) -> RigidTransform:
    try:
        return RigidTransform(np.array(matrix))
    except GeometryError as error:
        raise RefusedActionError(said(error)) from error


def _registration(state: ReadingState, level: str) -> Registration:
    registration = state.registrations.get(level)
    if registration is None:
        raise RefusedActionError(say("There is no registration of {level}.", level=level))
    return registration


@reduce_action.register
def _(action: act.NudgeRegistration, state: ReadingState, context: Context) -> ReadingState:
    registration = _registration(state, action.level)
    if registration.ct_to_mr is None:
        raise RefusedActionError(say("The registration was refused; there is nothing to move."))
    current = _rigid(registration.ct_to_mr)
    center = current.apply(registration.ct_point_lps)
    step = RigidTransform.from_rotation_vector(action.rotation_lps_deg, action.shift_lps_mm, center_lps=center)
    moved = step @ current
    start = RigidTransform.from_rotation_vector(
        (0, 0, 0), np.subtract(registration.mr_point_lps, registration.ct_point_lps)
    )
    changed = registration.model_copy(
        update={
            "ct_to_mr": tuple(tuple(row) for row in moved.matrix.tolist()),
            "nudges": registration.nudges + 1,
            "acceptance": "open",
            "refusal_reason": None,
            "shift_mm": float(
                np.linalg.norm(moved.apply(registration.ct_point_lps) - start.apply(registration.ct_point_lps))
            ),
            "angle_deg": moved.angle_deg,
            "at": context.at,
        }
    )
    return _register(state, changed)


def _decide(state: ReadingState, level: str, check: Callable[[Registration], None], **changes: Any) -> ReadingState:
    registration = _registration(state, level)
    check(registration)
    return _register(state, registration.model_copy(update=changes))


@reduce_action.register
def _(action: act.AcceptRegistration, state: ReadingState, context: Context) -> ReadingState:
    def check(registration: Registration) -> None:
        if registration.ct_to_mr is None:
            raise RefusedActionError(
                say("The registration was refused ({reason}); it cannot be accepted.", reason=registration.reason)
            )

    return _decide(state, action.level, check, acceptance="accepted", refusal_reason=None, at=context.at)


@reduce_action.register
def _(action: act.CountLevels, state: ReadingState, context: Context) -> ReadingState:
    registration = _registration(state, action.level)
    if registration.ct_to_mr is None:
        raise RefusedActionError(
            say("The registration was refused ({reason}); there is no level to confirm.", reason=registration.reason)
        )
    count = LevelCount(ct_from=action.ct_from, mr_from=action.mr_from, at=context.at)
    counted = registration.model_copy(update={"level_count": count})
    # Counting moves nothing, so what was measured with the registration stands.
    return state.model_copy(update={"registrations": {**state.registrations, action.level: counted}})


@reduce_action.register
def _(action: act.RefuseRegistration, state: ReadingState, context: Context) -> ReadingState:
    return _decide(
        state, action.level, lambda _: None, acceptance="refused", refusal_reason=action.reason, at=context.at
    )
