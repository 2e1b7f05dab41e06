"""Rules for the form, and for what the person says of an image."""

from __future__ import annotations

from napari_vcf.language import say
from napari_vcf.reading import actions as act
from napari_vcf.reading.asking import asked_of
from napari_vcf.reading.correcting import measured_on
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.findings import ITEMS
from napari_vcf.reading.rules.base import Context, change_stage, check_stage, reduce_action
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import Answer, ImageCorrection, ReadingState
from napari_vcf.records.base import Stage


def _check_item(stage: Stage, item: str, context: Context) -> None:
    _check_listed(stage, item, context)
    series = [image.series for image in context.case.images.values()]
    if item not in asked_of(context.protocol, stage, series):
        raise RefusedActionError(
            say(
                "'{label}' is not asked: no image is known to be contrast-enhanced. If one is, correct its role first.",
                label=ITEMS[item].label,
            )
        )


def _check_listed(stage: Stage, item: str, context: Context) -> None:
    check_stage(stage, context)
    if item not in ITEMS:
        raise RefusedActionError(say("The form has no item '{item}'.", item=item))
    if not context.protocol.asks(stage, item):
        raise RefusedActionError(
            say("'{label}' is not asked in the {stage} stage.", label=ITEMS[item].label, stage=STAGE_NAMES[stage])
        )


@reduce_action.register
def _(action: act.AnswerItem, state: ReadingState, context: Context) -> ReadingState:
    _check_item(action.stage, action.item, context)
    item = context.protocol.form[action.item]
    if item.measured:
        raise RefusedActionError(say("'{label}' comes from the measurement and is not typed in.", label=item.label))
    if not item.offers(action.value):
        allowed = ", ".join(str(value) for value in item.values)
        raise RefusedActionError(
            say(
                "'{value}' is not an answer to '{label}'; answers are {allowed}.",
                value=action.value,
                label=item.label,
                allowed=allowed,
            )
        )
    answers = {**state.stages[action.stage].answers, action.item: Answer(value=action.value, at=context.at)}
    return change_stage(state, action.stage, answers=answers)


@reduce_action.register
def _(action: act.MarkNotAssessable, state: ReadingState, context: Context) -> ReadingState:
    _check_item(action.stage, action.item, context)
    if not ITEMS[action.item].may_be_left_open:
        raise RefusedActionError(say("A verdict and its confidence are always given: 3 says that you are uncertain."))
    answer = Answer(not_assessable=action.reason, at=context.at)
    return change_stage(state, action.stage, answers={**state.stages[action.stage].answers, action.item: answer})


@reduce_action.register
def _(action: act.WithdrawAnswer, state: ReadingState, context: Context) -> ReadingState:
    # Also where what was said of an image since has made the item one that is not asked.
    _check_listed(action.stage, action.item, context)
    answers = dict(state.stages[action.stage].answers)
    if answers.pop(action.item, None) is None:
        raise RefusedActionError(say("'{label}' is not answered.", label=ITEMS[action.item].label))
    return change_stage(state, action.stage, answers=answers)


def _correct(state: ReadingState, image: str, context: Context, **change: object) -> ReadingState:
    correction = state.corrections.get(image, ImageCorrection()).model_copy(update=change)
    context.case.corrected(image, correction)
    if state.measured_on & {image, *context.case.maps_from(image)}:
        raise measured_on()
    return state.model_copy(update={"corrections": {**state.corrections, image: correction}})


@reduce_action.register
def _(action: act.CorrectRole, state: ReadingState, context: Context) -> ReadingState:
    return _correct(state, action.image, context, role=action.role)


@reduce_action.register
def _(action: act.AnswerAdcUnit, state: ReadingState, context: Context) -> ReadingState:
    return _correct(state, action.image, context, adc_unit=action.unit)


@reduce_action.register
def _(action: act.AnswerBValues, state: ReadingState, context: Context) -> ReadingState:
    return _correct(state, action.image, context, b_values=action.b_values)
