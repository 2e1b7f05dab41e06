"""What is out of a study: what the coordinator decided, and what the protocol skips where a case has no images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from napari_vcf.language import say
from napari_vcf.records.base import Stage
from napari_vcf.study.decisions import Decision, Decisions
from napari_vcf.study.hashed_files import read_record
from napari_vcf.study.prepared_case import CaseRecord, readable_stages
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.study_folder import StudyFolder

__all__ = ["Aside", "SetAside"]

#: Stands in a table for an analysis, which is in English.
_SKIPPED: Final = "the case has no images for this stage, and the protocol skips it"


@dataclass(frozen=True, slots=True)
class Aside:
    """One case or stage that is out of a study, and why.

    Attributes
    ----------
    stage : str or None
        None for the whole case.
    """

    kind: Literal["stage_unreadable", "case_withdrawn", "stage_skipped"]
    case: str
    stage: Stage | None
    reason: str

    @property
    def by_protocol(self) -> bool:
        """Whether the protocol skips it, and nobody decided so of this case."""
        return self.kind == "stage_skipped"


class SetAside:
    """Says of each stage of a study whether it is to be read."""

    def __init__(self, folder: StudyFolder, protocol: StudyProtocol) -> None:
        self._folder = folder
        self._protocol = protocol
        self._stages: dict[str, tuple[Stage, ...]] = {}

    def of(self, decisions: Decisions, case: str, stage: Stage) -> Aside | None:
        """What takes a stage out of the study; None where it is to be read.

        Raises
        ------
        DamagedError
            If it cannot be told which images the case has.
        """
        decision = decisions.of(case, stage)
        if decision is not None:
            return _decided(decision)
        if self._protocol.study.unreadable == "skip" and stage not in self._readable(case):
            return Aside("stage_skipped", case, stage, _SKIPPED)
        return None

    def every(self, decisions: Decisions, cases: Iterable[str]) -> Iterator[Aside]:
        """All that is out of the study: what was decided, in its order, then what is skipped; errors as for `of`."""
        yield from map(_decided, decisions.set_aside)
        for case in cases:
            for stage in self._protocol.protocol.stages:
                found = self.of(decisions, case, stage)
                if found is not None and found.by_protocol:
                    yield found

    def _readable(self, case: str) -> tuple[Stage, ...]:
        """Stages for which a case has images; all of them as long as it is not prepared."""
        path = self._folder.case(case) / "case.json"
        if case not in self._stages and path.is_file():
            parts = read_record(path, CaseRecord, say("Case {case}", case=case)).parts
            self._stages[case] = readable_stages(parts, self._protocol.protocol.stages)
        return self._stages.get(case, self._protocol.protocol.stages)


def _decided(decision: Decision) -> Aside:
    withdrawn = decision.kind == "case_withdrawn"
    return Aside(
        "case_withdrawn" if withdrawn else "stage_unreadable", decision.case or "", decision.stage, decision.reason
    )
