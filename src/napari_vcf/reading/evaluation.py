"""What follows from one stage of a reading, worked out in one place for the desk, the export and verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from napari_vcf.measure import RoiStatistics
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.completeness import conflicts_of, hidden_of, missing_of, unanswered_of
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import StageResults, stage_results
from napari_vcf.reading.state import ReadingState, Roi
from napari_vcf.records.base import Stage

__all__ = ["StageEvaluation", "evaluate_stage"]


@dataclass(frozen=True, slots=True)
class StageEvaluation:
    """What follows from one stage.

    Attributes
    ----------
    results : StageResults
        Its numbers and warnings.
    missing : tuple of Issue
        What the protocol asks for and has not got.
    conflicts : tuple of Issue
        Answers that contradict each other or a measurement.
    unanswered : tuple of str
        Keys of the items that have neither an answer nor a measured value.
    hidden : frozenset of str
        Keys of the items whose values the reader must not see yet.
    """

    results: StageResults
    missing: tuple[Issue, ...]
    conflicts: tuple[Issue, ...]
    unanswered: tuple[str, ...]
    hidden: frozenset[str]


def evaluate_stage(
    state: ReadingState,
    stage: Stage,
    protocol: Protocol,
    images: Mapping[str, CaseImage],
    measure: Callable[[Roi], RoiStatistics],
) -> StageEvaluation:
    """Work out one stage.

    Parameters
    ----------
    state : ReadingState
        What was done.
    stage : {"ct", "mri", "combined"}
        The stage.
    protocol : Protocol
        How to grade, and what is asked.
    images : mapping of str to CaseImage
        The case's images by name.
    measure : callable
        Gives the statistics of a placement of the rectangle.

    Returns
    -------
    StageEvaluation
    """
    part = state.stages[stage]
    statistics = {(roi.tissue, roi.placement): measure(roi) for roi in part.rois}
    results = stage_results(part, state, protocol, statistics, images)
    return StageEvaluation(
        results=results,
        missing=missing_of(state, stage, results, protocol),
        conflicts=conflicts_of(state, stage, results),
        unanswered=unanswered_of(state, stage, results, protocol),
        hidden=hidden_of(state, stage, protocol),
    )
