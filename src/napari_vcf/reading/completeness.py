"""What a stage still lacks, and where its answers contradict each other."""

from __future__ import annotations

from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import StageResults
from napari_vcf.reading.state import ReadingState
from napari_vcf.reading.vocabulary import ITEMS
from napari_vcf.records.base import Stage

__all__ = ["conflicts_of", "measured_value", "missing_of", "unanswered_of"]


def measured_value(item: str, results: StageResults) -> str | None:
    """Value that a measured item has from its measurement; None as long as it has none."""
    if item == "compression_degree":
        return None if results.height_loss is None else results.height_loss.degree
    if item == "lesion_extent":
        return None if results.extent is None else results.extent.grade
    if item == "adc":
        complete = results.adc.lesion is not None and results.adc.normal is not None
        return "measured" if complete else None
    raise KeyError(item)


def missing_of(state: ReadingState, stage: Stage, results: StageResults, protocol: Protocol) -> tuple[str, ...]:
    """What the protocol asks for in a stage and has not got.

    Returns
    -------
    tuple of str
        Sentences; empty where the stage is complete.
    """
    missing = [] if state.spine is not None else ["Name the fractured vertebra."]
    for key in unanswered_of(state, stage, results, protocol):
        why = _reason(key, state, stage, results, protocol) if ITEMS[key].measured else "not answered."
        missing.append(f"{ITEMS[key].label}: {why}")
    return tuple(missing)


def unanswered_of(state: ReadingState, stage: Stage, results: StageResults, protocol: Protocol) -> tuple[str, ...]:
    """Keys of the items that the protocol asks for and that have neither an answer nor a measured value."""
    answers = state.stages[stage].answers
    return tuple(
        key
        for key in protocol.stage_items[stage]
        if key not in answers and not (ITEMS[key].measured and measured_value(key, results) is not None)
    )


def _reason(key: str, state: ReadingState, stage: Stage, results: StageResults, protocol: Protocol) -> str:
    if key == "compression_degree":
        return results.height_loss.reason if results.height_loss is not None else "nothing measured."
    if key == "lesion_extent":
        return "no vertebral body painted."
    lacking = []
    for tissue in ("lesion", "normal"):
        placed = sum(roi.tissue == tissue for roi in state.stages[stage].rois)
        if placed < protocol.roi_placements:
            lacking.append(f"{placed} of {protocol.roi_placements} ROIs placed in the {tissue} marrow")
    return "; ".join(lacking) + "."


def conflicts_of(state: ReadingState, stage: Stage, results: StageResults) -> tuple[str, ...]:
    """Answers that contradict each other or a measurement.

    Returns
    -------
    tuple of str
        Sentences; empty where all is in agreement.
    """
    answers = state.stages[stage].answers
    conflicts = []
    for key, answer in answers.items():
        item = ITEMS[key]
        if item.measured and answer.not_assessable is not None and measured_value(key, results) is not None:
            conflicts.append(f"{item.label} is called not assessable, but it has been measured.")
    verdict, confidence = answers.get("verdict"), answers.get("confidence")
    if verdict is not None and confidence is not None and isinstance(confidence.value, int):
        against = confidence.value > 3 if verdict.value == "benign" else confidence.value < 3
        if against:
            conflicts.append(f"The verdict is {verdict.value}, but the confidence is {confidence.value} of 5.")
    visual, extent = answers.get("lesion_extent_visual"), results.extent
    if visual is not None and visual.value is not None and extent is not None and visual.value != extent.grade:
        conflicts.append(f"Extent by eye is {visual.value}, measured {extent.grade}; both are kept.")
    return tuple(conflicts)
