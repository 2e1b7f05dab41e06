"""Rules for a proposed vertebral body and its slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.language import said, say
from napari_vcf.proposal import Endplates, ProposalError, check_body
from napari_vcf.reading import actions as act
from napari_vcf.reading.case import MR_ROLES, CaseImage
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.label_proposing import motion_to
from napari_vcf.reading.masks import decode_mask, encode_mask
from napari_vcf.reading.proposing import check_allowed
from napari_vcf.reading.rules.base import Context, change_stage, check_stage, image_for, named_spine, reduce_action
from napari_vcf.reading.rules.carrying import after_masks
from napari_vcf.reading.spaces import same_space
from napari_vcf.reading.state import BodyProposal, Masks, ReadingState

__all__ = ["after_stroke"]

Mask = NDArray[np.bool_]
#: Motions that differ by less are the same, in mm and in cosines.
_SAME_MOTION = 1e-6


@reduce_action.register
def _(action: act.ProposeBody, state: ReadingState, context: Context) -> ReadingState:
    image = image_for(action.stage, action.image, context)
    named_spine(state)
    check_allowed(state, action.stage, context.protocol)
    if image.series.role not in MR_ROLES:
        raise RefusedActionError(say("The extent of the lesion is painted on MRI."))
    grid = action.grid.grid()
    if not grid.is_close_to(image.series.grid):
        raise RefusedActionError(say("The proposal does not lie on the native grid of {label}.", label=image.label))
    if action.proposal.images[0] != action.image:
        raise RefusedActionError(say("A body is proposed on the image that it is painted on."))
    for other in action.proposal.images[1:]:
        if not same_space(image_for(action.stage, other, context), image):
            raise RefusedActionError(
                say(
                    "{label} lies in another space than {image_label}.",
                    label=context.case.image(other).label,
                    image_label=image.label,
                )
            )
    if action.proposal.source is not None:
        _check_source(action, image, state, context)
    proposed = decode_mask(action.proposal.mask, grid.shape)
    if not proposed.any():
        raise RefusedActionError(say("The proposal holds no body."))
    before = state.stages[action.stage].masks
    if before is not None and before.image != action.image:
        painted = context.case.image(before.image).label
        raise RefusedActionError(
            say("Body and lesion are painted on {painted}; a body is proposed there.", painted=painted)
        )
    if before is None:
        empty = encode_mask(np.zeros(grid.shape, dtype=bool))
        before = Masks(image=action.image, grid=action.grid, body=empty, lesion=empty, at=context.at)
    body = decode_mask(before.body, grid.shape)
    begun = () if before.proposal is None else (*before.proposal.accepted, *before.proposal.corrected)
    # What an earlier proposal began is not as this one has it, even where this one holds nothing: journals say so.
    same = {index for index in begun if np.array_equal(body[index], proposed[index])}
    placed = BodyProposal(
        **dict(action.proposal),
        accepted=tuple(sorted(same)),
        corrected=tuple(sorted(set(begun) - same)),
        at=context.at,
    )
    return change_stage(state, action.stage, masks=before.model_copy(update={"proposal": placed, "at": context.at}))


def _check_source(action: act.ProposeBody, image: CaseImage, state: ReadingState, context: Context) -> None:
    """Refuse a label of another vertebra than the reader's, or one that lies where nothing joins it to the image."""
    source = action.proposal.source
    assert source is not None
    fractured = named_spine(state).fractured
    if source.level != fractured:
        raise RefusedActionError(
            say(
                "The label was confirmed as {level}, and the fractured vertebra is {fractured}.",
                level=source.level,
                fractured=fractured,
            )
        )
    motion = motion_to(state, action.stage, source.lies_in, image, context.case)
    if motion is None or not np.allclose(motion.matrix, source.motion, atol=_SAME_MOTION):
        raise RefusedActionError(
            say("What joins the label's space to {label} is not what it was placed with.", label=image.label)
        )
    ends = action.proposal.ends
    mask = decode_mask(action.proposal.mask, image.series.grid.shape)
    try:
        check_body(mask, image.series.grid, Endplates(ends.top_lps, ends.bottom_lps))
    except ProposalError as error:
        raise RefusedActionError(said(error)) from error


@reduce_action.register
def _(action: act.DecideSlices, state: ReadingState, context: Context) -> ReadingState:
    check_stage(action.stage, context)
    masks = state.stages[action.stage].masks
    if masks is None or masks.proposal is None:
        raise RefusedActionError(say("No body is proposed."))
    shape, proposal = masks.grid.shape, masks.proposal
    proposed = decode_mask(proposal.mask, shape)
    body, lesion = decode_mask(masks.body, shape), decode_mask(masks.lesion, shape)
    slices = sorted(set(action.slices))
    for index in slices:
        if index >= shape[0] or not proposed[index].any():
            raise RefusedActionError(say("No body is proposed on slice {index}.", index=index + 1))
    if action.decision == "accepted" and not action.looked_at:
        held = [index for index in slices if body[index].any()]
        if held:
            raise RefusedActionError(say("There is body on slice {held} already.", held=held[0] + 1))
        unseen = _moved(proposal, slices, to="unseen")
        return change_stage(state, action.stage, masks=masks.model_copy(update={"proposal": unseen, "at": context.at}))
    for index in slices:
        body[index] = proposed[index] if action.decision == "accepted" else False
        lesion[index] &= body[index]
    changed = masks.model_copy(
        update={
            "body": encode_mask(body),
            "lesion": encode_mask(lesion),
            "thresholds": masks.thresholds if lesion.any() else (),
            "proposal": _moved(proposal, slices, to=action.decision),
            "at": context.at,
        }
    )
    return change_stage(state, action.stage, **after_masks(state.stages[action.stage], changed))


_LISTS = ("accepted", "corrected", "unseen", "rejected")


def _moved(proposal: BodyProposal, slices: list[int], *, to: str) -> BodyProposal:
    """Slices of a proposal put on one of its lists, or (``to`` empty) on none."""
    kept = {name: set(getattr(proposal, name)) - set(slices) for name in _LISTS}
    if to:
        kept[to] |= set(slices)
    return proposal.model_copy(update={name: tuple(sorted(each)) for name, each in kept.items()})


def after_stroke(before: Masks | None, action: act.SetMasks) -> BodyProposal | None:
    """What becomes of a proposal's slices by a stroke: which it corrected, took away, or drew anew.

    Parameters
    ----------
    before : Masks or None
        As they were.
    action : SetMasks
        As they are set.

    Returns
    -------
    BodyProposal or None
        None where there was none on this image.
    """
    if before is None or before.proposal is None or before.image != action.image:
        return None
    proposal, shape = before.proposal, before.grid.shape
    old, new, proposed = (decode_mask(mask, shape) for mask in (before.body, action.body, proposal.mask))
    for index in np.flatnonzero((old != new).any(axis=(1, 2)) | _named(action, shape[0])).tolist():
        begun = index in (*proposal.accepted, *proposal.corrected, *action.corrected)
        if not proposed[index].any():
            to = ""
        elif not new[index].any():
            to = "rejected"
        elif not begun or index in action.outlined:
            to = ""
        else:
            to = "accepted" if np.array_equal(new[index], proposed[index]) else "corrected"
        proposal = _moved(proposal, [index], to=to)
    return proposal


def _named(action: act.SetMasks, slices: int) -> Mask:
    named = np.zeros(slices, dtype=bool)
    named[[index for index in (*action.corrected, *action.outlined) if index < slices]] = True
    return named
