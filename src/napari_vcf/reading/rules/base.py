"""What the rules of change share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import singledispatch
from typing import Any

from napari_vcf.language import say
from napari_vcf.measure import RoiStatistics
from napari_vcf.reading.case import Case, CaseImage
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.stage_images import STAGE_NAMES, is_open
from napari_vcf.reading.state import ReadingState, Roi, Spine
from napari_vcf.records.base import Stage

__all__ = ["Context", "change_stage", "check_stage", "image_for", "named_spine", "reduce_action"]


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules look up.

    Attributes
    ----------
    case : Case
        The images.
    protocol : Protocol
        The study's decisions.
    at : datetime
        The time of the change.
    measure : callable
        Gives the statistics of a placement of the ADC rectangle, or refuses it.
    """

    case: Case
    protocol: Protocol
    at: datetime
    measure: Callable[[Roi], RoiStatistics]


@singledispatch
def reduce_action(action: Any, state: ReadingState, context: Context) -> ReadingState:
    """Apply one action.

    Parameters
    ----------
    action : Action
        The change.
    state : ReadingState
        Before it.
    context : Context
        Images, protocol and time.

    Returns
    -------
    ReadingState
        After it; the one before is not touched.

    Raises
    ------
    RefusedActionError
        If the protocol, the geometry or the vocabulary does not allow it.
    """
    del state, context
    raise RefusedActionError(say("'{name}' is not a change to a reading.", name=type(action).__name__))


def change_stage(state: ReadingState, stage: Stage, **changes: Any) -> ReadingState:
    """Return the state with one stage changed."""
    changed = state.stages[stage].model_copy(update=changes)
    return state.model_copy(update={"stages": {**state.stages, stage: changed}})


def check_stage(stage: Stage, context: Context) -> None:
    """Refuse a stage that the protocol does not have."""
    if stage not in context.protocol.stages:
        raise RefusedActionError(say("The protocol has no stage '{stage}'.", stage=stage))


def image_for(stage: Stage, image: str, context: Context) -> CaseImage:
    """Return an image that may be measured on in a stage, or refuse it."""
    check_stage(stage, context)
    found = context.case.image(image)
    series = found.series
    if not is_open(stage, series.role):
        raise RefusedActionError(
            say("{label} is not open in the {stage} stage.", label=found.label, stage=STAGE_NAMES[stage])
        )
    if not series.measurable:
        raise RefusedActionError(
            say(
                "{label} is closed to measurement: {not_measurable_reason}",
                label=found.label,
                not_measurable_reason=series.not_measurable_reason,
            )
        )
    return found


def named_spine(state: ReadingState) -> Spine:
    """Return the named fractured vertebra, or refuse to go on without it."""
    if state.spine is None:
        raise RefusedActionError(say("Name the fractured vertebra first."))
    return state.spine
