"""What a stage still lacks, where its answers contradict each other, and what its reader must not see yet."""

from __future__ import annotations

from collections.abc import Iterable

from napari_vcf.language import Sentence, joined, say
from napari_vcf.reading.carrying import ITEM_OF_KIND, item_words, open_items
from napari_vcf.reading.findings import ITEMS, LESION_PATTERN, NO_LESION
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.measured_items import Measurements
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import StageResults
from napari_vcf.reading.state import ReadingState
from napari_vcf.records.base import Stage

__all__ = ["conflicts_of", "hidden_of", "measured_value", "missing_of", "unanswered_of"]


def measured_value(item: str, found: Measurements) -> str | None:
    """Value that an item has from its measurement; None as long as it has none, and for an item that is answered."""
    measurement = ITEMS[item].measurement
    return None if measurement is None else measurement.value(found)


def hidden_of(state: ReadingState, stage: Stage, protocol: Protocol) -> frozenset[str]:
    """Keys of the measured items whose values are kept from the reader until the estimate by eye is given."""
    answers = state.stages[stage].answers
    return frozenset(
        ITEMS[key].estimates for key in protocol.items_of(stage) if ITEMS[key].estimates and key not in answers
    )


def unanswered_of(state: ReadingState, stage: Stage, results: StageResults, asked: Iterable[str]) -> tuple[str, ...]:
    """Keys of the items that are asked and that have neither an answer nor a measured value."""
    answers = state.stages[stage].answers
    return tuple(key for key in asked if key not in answers and measured_value(key, results) is None)


def missing_of(state: ReadingState, stage: Stage, results: StageResults, asked: Iterable[str]) -> tuple[Issue, ...]:
    """What is asked for in a stage and has not been got; empty where the stage is complete."""
    missing = []
    if state.spine is None:
        missing.append(Issue(code="spine_not_named", text=say("Name the fractured vertebra.")))
    for key in unanswered_of(state, stage, results, asked):
        item = ITEMS[key]
        if item.measurement is None:
            missing.append(Issue(code="not_answered", item=key, text=say("{label}: not answered.", label=item.label)))
        else:
            text = say("{item}: {reason}", item=item.label, reason=item.measurement.lacking(results))
            missing.append(Issue(code="not_measured", item=key, text=text))
    missing += _carried_issues(state, stage)
    return tuple(missing)


def _carried_issues(state: ReadingState, stage: Stage) -> list[Issue]:
    """What was carried and waits for the reader's word, once for each item of the form that it is measured for."""
    waiting: dict[str | None, list[str]] = {}
    for item in open_items(state.stages[stage]):
        waiting.setdefault(ITEM_OF_KIND[item.kind], []).append(item_words(item))
    return [
        Issue(
            code="carried_open",
            item=key,
            text=say(
                "Carried, and neither confirmed, changed nor deleted: {items}.",
                items=joined(", ", dict.fromkeys(words)),
            ),
        )
        for key, words in waiting.items()
    ]


def conflicts_of(state: ReadingState, stage: Stage, results: StageResults) -> tuple[Issue, ...]:
    """Answers that contradict each other or a measurement; empty where all is in agreement."""
    answers = state.stages[stage].answers
    conflicts = []
    for key, answer in answers.items():
        item = ITEMS[key]
        if answer.not_assessable is not None and measured_value(key, results) is not None:
            text = say("{label} is called not assessable, but it has been measured.", label=item.label)
            conflicts.append(Issue(code="measured_but_not_assessable", item=key, text=text))
        measured = measured_value(item.estimates, results) if item.estimates else None
        if measured is not None and answer.value is not None and answer.value != measured:
            text = say(
                "{item}: {estimate}; measured: {measured}. Both are kept.",
                item=item.label,
                estimate=answer.value,
                measured=measured,
            )
            conflicts.append(Issue(code="estimate_against_measurement", item=item.estimates, text=text))
    pattern, extent = answers.get(LESION_PATTERN), results.extent
    if pattern is not None and pattern.value == NO_LESION and extent is not None and extent.lesion_voxels:
        text = say("{label} is none, but a lesion is painted.", label=ITEMS[LESION_PATTERN].label)
        conflicts.append(Issue(code="lesion_painted_but_none", item=LESION_PATTERN, text=text))
    verdict, confidence = answers.get("verdict"), answers.get("confidence")
    if verdict is not None and confidence is not None and isinstance(confidence.value, int):
        against = confidence.value > 3 if verdict.value == "benign" else confidence.value < 3
        if against:
            text = say(
                "The verdict is {verdict}, but the confidence is {confidence} of 5.",
                verdict=Sentence(str(verdict.value)),
                confidence=confidence.value,
            )
            conflicts.append(Issue(code="verdict_against_confidence", item="confidence", text=text))
    return tuple(conflicts)
