"""What follows from one stage of a reading, worked out in one place for the desk, the export and verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from napari_vcf.language import say
from napari_vcf.measure import RoiStatistics, roi_statistics
from napari_vcf.reading.asking import asked_of, not_asked_of
from napari_vcf.reading.case import Case, CaseImage
from napari_vcf.reading.completeness import conflicts_of, hidden_of, missing_of, unanswered_of
from napari_vcf.reading.errors import ReadingError
from napari_vcf.reading.findings import LESION_PATTERN, NO_LESION
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import StageResults, rectangle_of, stage_results
from napari_vcf.reading.state import FrameJoin, ImageCorrection, ReadingState, Registration, Roi, Spine, StageState
from napari_vcf.records.base import Stage

__all__ = ["Evaluations", "StageEvaluation", "evaluate_stage"]

#: What the evaluation of a stage depends on; all of it is replaced, never changed.
_Basis = tuple[StageState, Spine | None, dict[str, Registration], tuple[FrameJoin, ...], dict[str, ImageCorrection]]


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
    asked : tuple of str
        Keys of the items that are asked, in the order of the form.
    unanswered : tuple of str
        Keys of those that have neither an answer nor a measured value.
    not_asked : tuple of Issue
        Items of the protocol that this case leaves out, with the reason.
    hidden : frozenset of str
        Keys of the items whose values the reader must not see yet.
    """

    results: StageResults
    missing: tuple[Issue, ...]
    conflicts: tuple[Issue, ...]
    asked: tuple[str, ...]
    unanswered: tuple[str, ...]
    not_asked: tuple[Issue, ...]
    hidden: frozenset[str]


def evaluate_stage(
    state: ReadingState,
    stage: Stage,
    protocol: Protocol,
    images: Mapping[str, CaseImage],
    measure: Callable[[Roi], RoiStatistics],
    *,
    empty_counts: bool = False,
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
    empty_counts : bool
        Whether a body in which no lesion is painted counts as a share of 0 whatever the reader said, as it did in
        documents before schema 2.2.

    Returns
    -------
    StageEvaluation
    """
    part = state.stages[stage]
    statistics = {(roi.tissue, roi.placement): measure(roi) for roi in part.rois}
    none_there = part.answers.get(LESION_PATTERN)
    said = none_there is not None and none_there.value == NO_LESION
    results = stage_results(
        part,
        state,
        protocol,
        statistics,
        images,
        # Where the pattern is not asked, nothing else could say that there is none.
        empty_counts=(empty_counts or said or not protocol.asks(stage, LESION_PATTERN)) and not _lesion_waits(part),
    )
    found = [image.series for image in images.values()]
    asked = asked_of(protocol, stage, found, part.answers)
    return StageEvaluation(
        results=results,
        missing=missing_of(state, stage, results, asked),
        conflicts=conflicts_of(state, stage, results),
        asked=asked,
        unanswered=unanswered_of(state, stage, results, asked),
        not_asked=not_asked_of(protocol, stage, found, part.answers),
        hidden=hidden_of(state, stage, protocol),
    )


def _lesion_waits(part: StageState) -> bool:
    """Whether a lesion was carried and nothing was said of it yet: then the body does not count as one without."""
    return any(draft.lesion_open for draft in part.drafts)


class Evaluations:
    """What follows from the stages of one reading, each worked out anew only where something changed.

    Parameters
    ----------
    case : Case
        The images.
    protocol : Protocol
        How to grade, and what is asked.
    """

    def __init__(self, case: Case, protocol: Protocol) -> None:
        self._case = case
        self._protocol = protocol
        self._measured: dict[Roi, RoiStatistics] = {}
        self._evaluated: dict[Stage, tuple[_Basis, StageEvaluation]] = {}

    def of(self, state: ReadingState, stage: Stage) -> StageEvaluation:
        """What follows from one stage.

        Raises
        ------
        ReadingError
            If there is no such stage.
        """
        if stage not in state.stages:
            raise ReadingError(
                say("There is no stage '{stage}'; stages are {stages}.", stage=stage, stages=", ".join(state.stages))
            )
        basis = (
            state.stages[stage],
            state.spine,
            state.registrations,
            state.frame_joins,
            state.corrections,
        )
        known = self._evaluated.get(stage)
        if known is not None and all(a is b for a, b in zip(known[0], basis, strict=True)):
            return known[1]
        found = evaluate_stage(state, stage, self._protocol, self._case.images, self.statistics)
        self._evaluated[stage] = (basis, found)
        return found

    def statistics(self, roi: Roi) -> RoiStatistics:
        """Statistics of a placement of the rectangle, measured once; raises what `roi_statistics` raises."""
        if roi not in self._measured:
            self._measured[roi] = roi_statistics(self._case.volume(roi.image), rectangle_of(roi, self._protocol))
        return self._measured[roi]
