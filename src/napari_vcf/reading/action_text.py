"""Changes of a reading in a reader's words; no value is told, because some are hidden from the reader."""

from __future__ import annotations

from functools import singledispatch

from napari_vcf.language import Sentence, joined, say
from napari_vcf.reading import actions as act
from napari_vcf.reading.carrying import item_words
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
    words = _words(action)
    if elsewhere and stage is not None:
        return say("{change} (stage {stage})", change=words, stage=STAGE_NAMES[stage])
    return words


@singledispatch
def _words(action: act.Action) -> str:
    return action.action.replace("_", " ")


@_words.register
def _(action: act.SetSpine) -> str:
    return say("{fractured} named as the fractured vertebra", fractured=action.fractured)


@_words.register
def _(action: act.TakeUpReading) -> str:
    del action
    return say("opening of an exported reading")


@_words.register
def _(action: act.CarryDrafts) -> str:
    del action
    return say("carrying of what was drawn in earlier stages")


@_words.register
def _(action: act.DecideCarried) -> str:
    items = joined(", ", map(item_words, action.items))
    if action.decision == "confirmed":
        return say("confirmation of {items}", items=items)
    return say("deletion of {items} from the draft", items=items)


@_words.register
def _(action: act.CorrectLevels) -> str:
    return say("correction of all levels, with {fractured} as the fractured vertebra", fractured=action.fractured)


@_words.register(act.SetReference)
@_words.register(act.WithdrawReference)
def _(action: act.SetReference | act.WithdrawReference) -> str:
    return say("whether {level} is intact", level=action.level)


@_words.register
def _(action: act.PlaceCaliper) -> str:
    return say("{position} height of {level}", position=Sentence(action.caliper.position), level=action.caliper.level)


@_words.register
def _(action: act.AcceptMiddles) -> str:
    levels = ", ".join(caliper.level for caliper in action.calipers)
    return say("acceptance of the middle height of {levels}", levels=levels)


@_words.register
def _(action: act.RemoveCaliper) -> str:
    return say("removal of the {position} height of {level}", position=Sentence(action.position), level=action.level)


@_words.register
def _(action: act.SetMasks) -> str:
    del action
    return say("a stroke or outline of body or lesion")


@_words.register
def _(action: act.ProposeBody) -> str:
    del action
    return say("proposal of a body")


@_words.register
def _(action: act.DecideSlices) -> str:
    numbers = ", ".join(str(index + 1) for index in action.slices)
    slices = (
        say("slices {numbers}", numbers=numbers) if len(action.slices) > 1 else say("slice {number}", number=numbers)
    )
    return say("{slices} of the proposed body {decision}", slices=slices, decision=Sentence(action.decision))


@_words.register
def _(action: act.ThresholdLesion) -> str:
    del action
    return say("lesion by threshold")


@_words.register
def _(action: act.ClearMasks) -> str:
    del action
    return say("removal of body and lesion")


@_words.register
def _(action: act.PlaceRoi) -> str:
    return say(
        "place of ADC ROI {placement} ({tissue})", placement=action.roi.placement, tissue=Sentence(action.roi.tissue)
    )


@_words.register
def _(action: act.RemoveRoi) -> str:
    return say("removal of ADC ROI {placement} ({tissue})", placement=action.placement, tissue=Sentence(action.tissue))


@_words.register(act.AnswerItem)
@_words.register(act.MarkNotAssessable)
@_words.register(act.WithdrawAnswer)
def _(action: act.AnswerItem | act.MarkNotAssessable | act.WithdrawAnswer) -> str:
    return say("answer to '{label}'", label=ITEMS[action.item].label)


@_words.register(act.CorrectRole)
def _(action: act.CorrectRole) -> str:
    return say("an image said to be {role}", role=action.role)


@_words.register(act.AnswerAdcUnit)
def _(action: act.AnswerAdcUnit) -> str:
    del action
    return say("unit of the ADC map")


@_words.register(act.AnswerBValues)
def _(action: act.AnswerBValues) -> str:
    del action
    return say("b-values of the diffusion images")


@_words.register(act.JoinFrames)
@_words.register(act.SeparateFrames)
def _(action: act.JoinFrames | act.SeparateFrames) -> str:
    return say("joining of MR images") if isinstance(action, act.JoinFrames) else say("separation of MR images")


@_words.register(act.ProposeRegistration)
@_words.register(act.NudgeRegistration)
@_words.register(act.AcceptRegistration)
@_words.register(act.CountLevels)
@_words.register(act.RefuseRegistration)
def _(action: act.Action) -> str:
    what = {
        "propose_registration": say("registration"),
        "nudge_registration": say("move of the CT by hand"),
        "accept_registration": say("acceptance of the registration"),
        "count_levels": say("count of the levels"),
        "refuse_registration": say("refusal of the registration"),
    }
    return what[action.action]
