"""What the coordinator decides while a study runs: stages that cannot be read, cases that are withdrawn.

Each decision is an entry of a journal, with its reason. A reading that is begun names the decisions made by then, and
their number is noted beside the folder, so that an entry that is taken away is missed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import model_validator

from napari_vcf.language import say
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.reading.state import Reason
from napari_vcf.records.base import FrozenModel, Pseudonym, Stage, Timestamp, utc_now
from napari_vcf.study.case_lock import CaseLock, break_lock
from napari_vcf.study.errors import DamagedError, StudyError, says_what_is_out_of_reach
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_format import Entry
from napari_vcf.study.journal_view import models_of, outrun, progress_problem, read_journal
from napari_vcf.study.reading_order import Task, tasks_of_study
from napari_vcf.study.reasons import checked_reason
from napari_vcf.study.stage_files import seal_path, versions_of
from napari_vcf.study.study_folder import DECISIONS, StudyFolder

__all__ = [
    "Decision",
    "Decisions",
    "decide",
    "decisions_locked",
    "decisions_of",
    "read_decisions",
    "set_stage_aside",
    "settle_time",
    "unlock_decisions",
    "withdraw_case",
    "write_decision",
]

#: Where the progress of the journal is noted.
PROGRESS: Final = "decisions.progress"
#: The folder of its lock.
_LOCK: Final = ".decisions"
#: Kinds that take something out of the study.
SET_ASIDE: Final = ("stage_unreadable", "case_withdrawn")


class Decision(FrozenModel):
    """One entry."""

    kind: Literal["stage_unreadable", "case_withdrawn", "time_settled", "cases_added"]
    #: None where cases are added.
    case: Pseudonym | None = None
    stage: Stage | None = None
    reason: Reason
    #: Whose signature, and when it was made, where its time was wrong.
    reader: Pseudonym | None = None
    occasion: int = 1
    at: Timestamp | None = None
    #: What was added.
    cases: tuple[Pseudonym, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Decision:
        if (self.case is None) != (self.kind == "cases_added") or bool(self.cases) != (self.kind == "cases_added"):
            raise ValueError("a decision names its case, or the cases that it adds")
        return self

    clock_behind_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Decisions:
    """Everything that was decided.

    Attributes
    ----------
    entries : tuple of Decision
        In their order.
    sha256 : str
        End of the chain over them; empty where there is none.
    hashes : tuple of str
        End of the chain over the entries up to each.
    """

    entries: tuple[Decision, ...] = ()
    sha256: str = ""
    hashes: tuple[str, ...] = ()

    def of(self, case: str, stage: Stage) -> Decision | None:
        """What takes a stage out of the study; None where it is to be read."""
        for entry in self.entries:
            if entry.kind in SET_ASIDE and entry.case == case and entry.stage in (None, stage):
                return entry
        return None

    @property
    def set_aside(self) -> tuple[Decision, ...]:
        """Those that take something out of the study."""
        return tuple(entry for entry in self.entries if entry.kind in SET_ASIDE)

    def time_of(self, reader: str, task: Task) -> datetime | None:
        """When a stage was signed, where the coordinator has settled that; the last word counts."""
        place = (reader, task.case, task.stage, task.occasion)
        for entry in reversed(self.entries):
            if entry.kind == "time_settled" and (entry.reader, entry.case, entry.stage, entry.occasion) == place:
                return entry.at
        return None


def decisions_of(entries: Sequence[Entry], hashes: Sequence[str]) -> Decisions:
    """The entries of the journal of decisions.

    Raises
    ------
    DamagedError
        If one is none that this program knows.
    """
    found = models_of(entries, Decision, say("the coordinator's decisions"))
    return Decisions(tuple(found), hashes[-1] if hashes else "", tuple(hashes))


def read_decisions(folder: StudyFolder) -> Decisions:
    """What was decided so far.

    Raises
    ------
    DamagedError
        If the journal is damaged, gone, or an older copy of itself.
    """
    place = folder.root / DECISIONS
    if not place.is_dir():
        if (folder.root / PROGRESS).exists():
            raise DamagedError(
                say("The coordinator's decisions are gone; restore the folder 'decisions' from a backup.")
            )
        return Decisions()
    view = read_journal(place)
    # The first entry is noted once it is there: a program may have died in between.
    first = len(view.entries) == 1 and not (folder.root / PROGRESS).exists()
    if not first and progress_problem(folder.root / PROGRESS):
        raise DamagedError(
            say("The note of how many decisions there are is gone or damaged; restore 'decisions.progress'.")
        )
    known = outrun(view, folder.root / PROGRESS)
    if known is not None:
        raise DamagedError(
            say(
                "The coordinator's decisions are an older copy of themselves: there were {known}, and "
                "{count} are there. Restore the folder 'decisions' from a newer backup.",
                known=known,
                count=len(view.entries),
            )
        )
    return decisions_of(view.entries, view.hashes)


@says_what_is_out_of_reach
def set_stage_aside(
    root: Path | str, case: str, stage: Stage, reason: str, *, clock: Callable[[], datetime] = utc_now
) -> None:
    """Record that a stage of a case cannot be read; readers go on without it.

    Parameters
    ----------
    root : path
        The study folder.
    case, stage : str
        What cannot be read.
    reason : str
        Why; readers can read it, so it must say nothing that they must not know.

    Raises
    ------
    StudyError
        If there is no such case or stage, it is decided already, a reader has signed it, or the reason is missing.
    """
    folder = StudyFolder(Path(root))
    record, protocol = folder.read()
    if stage not in protocol.protocol.stages:
        raise StudyError(say("The study has no stage '{stage}'.", stage=stage))
    for reader in record.readers:
        for task in tasks_of_study(protocol, record, reader):
            if (task.case, task.stage) == (case, stage) and _is_signed(folder, reader, task):
                raise StudyError(
                    say(
                        "Reader {reader} has signed the {stage} stage of case {case}, so it can be read.",
                        reader=reader,
                        stage=STAGE_NAMES[stage],
                        case=case,
                    )
                )
    said = checked_reason(reason, say("Say why the stage cannot be read"), StudyError)
    decide(folder, record.cases, Decision(kind="stage_unreadable", case=case, stage=stage, reason=said), clock)


@says_what_is_out_of_reach
def withdraw_case(root: Path | str, case: str, reason: str, *, clock: Callable[[], datetime] = utc_now) -> None:
    """Record that a case leaves the study; what was read of it stays, and is neither read on nor exported.

    Parameters
    ----------
    root : path
        The study folder.
    case : str
        Pseudonym.
    reason : str
        Why; readers can read it, so it must say nothing that they must not know.

    Raises
    ------
    StudyError
        If there is no such case, it is withdrawn already, or the reason is missing.
    """
    folder = StudyFolder(Path(root))
    record, _ = folder.read()
    said = checked_reason(reason, say("Say why the case is withdrawn"), StudyError)
    decide(folder, record.cases, Decision(kind="case_withdrawn", case=case, reason=said), clock)


@says_what_is_out_of_reach
def settle_time(
    root: Path | str,
    reader: str,
    case: str,
    stage: Stage,
    at: datetime,
    reason: str,
    *,
    occasion: int = 1,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Record when a stage was signed, where the clock of the reader's machine was wrong; intervals are judged on it.

    The record of the reading stays as it is.

    Parameters
    ----------
    root : path
        The study folder.
    reader, case, stage, occasion
        What was signed.
    at : datetime
        When it was signed, with its offset from UTC.
    reason : str
        How that is known.

    Raises
    ------
    StudyError
        If there is no such signature, the time is one to come, or the reason is missing.
    """
    folder = StudyFolder(Path(root))
    record, protocol = folder.read()
    if reader not in record.readers:
        raise StudyError(say("The study has no reader '{reader}'.", reader=reader))
    if at.tzinfo is None:
        raise StudyError(say("Give the time with its offset from UTC, such as 2026-03-01T14:00+01:00."))
    if at > clock():
        raise StudyError(say("A signature cannot have been made in the future."))
    place = (case, stage, occasion)
    tasks = tasks_of_study(protocol, record, reader)
    task = next((task for task in tasks if (task.case, task.stage, task.occasion) == place), None)
    if task is None or not _is_signed(folder, reader, task):
        raise StudyError(
            say(
                "Reader {reader} has not signed the {stage} stage of case {case}.",
                reader=reader,
                stage=STAGE_NAMES[stage],
                case=case,
            )
        )
    said = checked_reason(reason, say("Say how the time is known"), StudyError)
    decide(
        folder,
        record.cases,
        Decision(kind="time_settled", case=case, stage=stage, reason=said, reader=reader, occasion=occasion, at=at),
        clock,
    )


def unlock_decisions(root: Path | str, *, clock: Callable[[], datetime] = utc_now) -> bool:
    """Free the list of decisions, whose holder is known to be gone; see `break_lock`.

    It is moved out of the holder's reach at once.

    Raises
    ------
    StudyError
        If this is no study, or the lock cannot be removed.
    """
    folder = StudyFolder(Path(root))
    folder.read()
    freed = break_lock(folder.root / _LOCK)
    # Where this cannot be done now, or it is damaged, the next decision does it, or says so.
    with contextlib.suppress(StudyError), decisions_locked(folder) as lock:
        if (folder.root / DECISIONS).is_dir():
            Journal.open(folder.root / DECISIONS, clock=clock, guard=lock.check, progress=folder.root / PROGRESS)
    return freed


def decisions_locked(folder: StudyFolder) -> CaseLock:
    """The lock under which decisions are written."""
    return CaseLock(folder.root / _LOCK, say("The list of decisions"), timeout_s=30.0)


def _is_signed(folder: StudyFolder, reader: str, task: Task) -> bool:
    versions = versions_of(folder.stage(reader, task.case, task.stage, task.occasion))
    return any(seal_path(path).exists() for path in versions)


def decide(folder: StudyFolder, cases: Iterable[str], decision: Decision, clock: Callable[[], datetime]) -> None:
    """Write a decision down.

    Raises
    ------
    StudyError
        If there is no such case, or it is decided already.
    """
    if decision.case is not None and decision.case not in cases:
        raise StudyError(say("The study has no case '{case}'.", case=decision.case))
    with decisions_locked(folder) as lock:
        write_decision(folder, decision, clock, lock)


def write_decision(folder: StudyFolder, decision: Decision, clock: Callable[[], datetime], lock: CaseLock) -> None:
    """Write a decision down under the lock of the list; errors as for `decide`."""
    before = read_decisions(folder).entries
    place, progress = folder.root / DECISIONS, folder.root / PROGRESS
    if before and not progress.exists():
        # A first decision that was broken off before it was noted; whoever decides once more finds it made, and noted.
        Journal.open(place, clock=clock, guard=lock.check, progress=progress)
    if decision.kind in SET_ASIDE and any(
        entry.kind in SET_ASIDE
        and (entry.case, entry.stage) in ((decision.case, None), (decision.case, decision.stage))
        for entry in before
    ):
        raise StudyError(say("That is decided already for case {case}.", case=decision.case))
    body = decision.model_dump(mode="json", exclude={"kind", "clock_behind_s"}, exclude_defaults=True)
    if place.is_dir():
        journal = Journal.open(place, clock=clock, guard=lock.check, progress=progress, whole_notes=True)
        journal.append(decision.kind, body)
    else:
        # Noted afterwards: a note of decisions that are not there would keep every reader out.
        Journal.create(place, decision.kind, body, clock=clock, guard=lock.check)
        Journal.open(place, clock=clock, guard=lock.check, progress=progress)
