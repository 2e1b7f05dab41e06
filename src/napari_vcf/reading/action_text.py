"""Changes of a reading in a reader's words; no value is told, because some are hidden from the reader."""

from __future__ import annotations

from functools import singledispatch

from napari_vcf.reading import actions as act
from napari_vcf.reading.findings import ITEMS
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.records.base import Stage

__all__ = ["describe"]


def describe(action: act.Action, *, seen_from: Stage | None = None) -> str:
    """Name a change.

    Parameters
    ----------
    action : Action
        The change.
    seen_from : {"ct", "mri", "combined"}, optional
        The stage that is open; a change in another one is said to be there.

    Returns
    -------
    str
        A few words without a full stop, such as "anterior height of L1".
    """
    stage: Stage | None = getattr(action, "stage", None)
    elsewhere = stage is not None and seen_from is not None and stage != seen_from
    return _words(action) + (f" (stage {STAGE_NAMES[stage]})" if elsewhere and stage is not None else "")


@singledispatch
def _words(action: act.Action) -> str:
    return action.action.replace("_", " ")


@_words.register
def _(action: act.SetSpine) -> str:
    return f"{action.fractured} named as the fractured vertebra"


@_words.register
def _(action: act.TakeUpReading) -> str:
    del action
    return "taking up of an exported reading"


@_words.register
def _(action: act.CorrectLevels) -> str:
    return f"correction of all levels, with {action.fractured} as the fractured vertebra"


@_words.register(act.SetReference)
@_words.register(act.WithdrawReference)
def _(action: act.SetReference | act.WithdrawReference) -> str:
    return f"whether {action.level} is intact"


@_words.register
def _(action: act.PlaceCaliper) -> str:
    return f"{action.caliper.position} height of {action.caliper.level}"


@_words.register
def _(action: act.RemoveCaliper) -> str:
    return f"removal of the {action.position} height of {action.level}"


@_words.register
def _(action: act.SetMasks) -> str:
    del action
    return "a stroke or outline of body or lesion"


@_words.register
def _(action: act.ProposeBody) -> str:
    del action
    return "proposal of a body"


@_words.register
def _(action: act.DecideSlices) -> str:
    numbers = ", ".join(str(index + 1) for index in action.slices)
    return f"slice{'s' * (len(action.slices) > 1)} {numbers} of the proposed body {action.decision}"


@_words.register
def _(action: act.ThresholdLesion) -> str:
    del action
    return "lesion by threshold"


@_words.register
def _(action: act.ClearMasks) -> str:
    del action
    return "removal of body and lesion"


@_words.register
def _(action: act.PlaceRoi) -> str:
    return f"place of ADC ROI {action.roi.placement} ({action.roi.tissue})"


@_words.register
def _(action: act.RemoveRoi) -> str:
    return f"removal of ADC ROI {action.placement} ({action.tissue})"


@_words.register(act.AnswerItem)
@_words.register(act.MarkNotAssessable)
@_words.register(act.WithdrawAnswer)
def _(action: act.AnswerItem | act.MarkNotAssessable | act.WithdrawAnswer) -> str:
    return f"answer to '{ITEMS[action.item].label}'"


@_words.register(act.CorrectRole)
def _(action: act.CorrectRole) -> str:
    return f"an image said to be {action.role}"


@_words.register(act.AnswerAdcUnit)
def _(action: act.AnswerAdcUnit) -> str:
    del action
    return "unit of the ADC map"


@_words.register(act.AnswerBValues)
def _(action: act.AnswerBValues) -> str:
    del action
    return "b-values of the diffusion images"


@_words.register(act.JoinFrames)
@_words.register(act.SeparateFrames)
def _(action: act.JoinFrames | act.SeparateFrames) -> str:
    return "joining of MR images" if isinstance(action, act.JoinFrames) else "separation of MR images"


@_words.register(act.ProposeRegistration)
@_words.register(act.NudgeRegistration)
@_words.register(act.AcceptRegistration)
@_words.register(act.CountLevels)
@_words.register(act.RefuseRegistration)
def _(action: act.Action) -> str:
    what = {
        "propose_registration": "registration",
        "nudge_registration": "nudge of the registration",
        "accept_registration": "acceptance of the registration",
        "count_levels": "count of the levels",
        "refuse_registration": "refusal of the registration",
    }
    return what[action.action]
