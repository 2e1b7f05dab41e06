"""A reader's worklist: what is to be read, how far it is, and what may be opened now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from napari_vcf.language import say
from napari_vcf.reading.export import read_reading
from napari_vcf.study.audit_log import AuditLog
from napari_vcf.study.clocks import check_clock, share_time, written_at
from napari_vcf.study.decisions import Decisions, read_decisions
from napari_vcf.study.errors import NotYetError, StudyError
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.reading_order import Status, Task, WorkItem, tasks_of_study
from napari_vcf.study.set_aside import SetAside
from napari_vcf.study.stage_files import seal_path, versions_of
from napari_vcf.study.study_folder import StudyFolder, StudyRecord

__all__ = ["Worklist"]


class Worklist:
    """One reader's worklist, read from which files there are; no reading is opened but for the time of its seal.

    Attributes
    ----------
    reader : str
        Pseudonym.
    tasks : tuple of Task
        Everything that this reader reads, in order.
    """

    def __init__(
        self,
        folder: StudyFolder,
        record: StudyRecord,
        protocol: StudyProtocol,
        reader: str,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self.reader = reader
        self.protocol = protocol
        self.tasks = tasks_of_study(protocol, record, reader)
        self._folder = folder
        self._clock = clock
        self._signed_at: dict[Path, datetime] = {}
        self._of_case: dict[str, list[Task]] = {}
        for task in self.tasks:
            self._of_case.setdefault(task.case, []).append(task)
        self.register = AuditLog(folder.reader(reader), clock)
        self._sealed: set[Task] = set()
        self._aside = SetAside(folder, protocol)
        #: What the coordinator had decided when this was looked at last.
        self.decisions = Decisions()
        self._looked_at: int | None = None
        self._created = record.created_at
        #: By the share, when it was looked at last; None where there is no interval to keep.
        self._share_time: datetime | None = None

    def look(self) -> None:
        """Forget which stages were signed, where this reader has begun or signed something elsewhere since.

        Looking at the folder of each stage for each step takes seconds on a share.
        """
        self.decisions = read_decisions(self._folder)
        size = self.register.size()
        if size is None or size != self._looked_at:
            self._sealed.clear()
        self._looked_at = size
        if self.protocol.study.washout_days:
            self._share_time = share_time(self._folder.reader(self.reader))

    def check_clock(self) -> None:
        """Refuse where this machine's clock cannot be right; see `napari_vcf.study.clocks`.

        Raises
        ------
        ClockError
            If it is ahead of the share, or of everything this reader did before.
        """
        share = share_time(self._folder.reader(self.reader))
        now = self._clock()
        # A pause is judged on what this machine's clock said then, whatever another one said.
        last = max((at for at in self.register.times() if at <= now), default=min(self._created, now))
        check_clock(now, share, last)

    def _now(self) -> datetime:
        """The time on which an interval is judged: none that runs ahead."""
        now = self._clock()
        return now if self._share_time is None else min(now, self._share_time)

    def check_reachable(self) -> None:
        """Refuse where the study is gone, or this reader's part of it: everything would look unread."""
        self._folder.check_reachable()
        if not self._folder.reader(self.reader).is_dir():
            raise StudyError(
                say(
                    "The folder of reader {reader} is missing from the study, with everything in it. Was the study "
                    "copied whole? Restore the folder.",
                    reader=self.reader,
                )
            )
        self.look()

    def items(self) -> tuple[WorkItem, ...]:
        """Everything that this reader reads, in order, with its state.

        Raises
        ------
        StudyError
            If the study folder cannot be reached.
        """
        self.check_reachable()
        return tuple(self._item(task) for task in self.tasks)

    def progress(self) -> tuple[int, int]:
        """Stages signed, and stages that are to be signed in all."""
        self.look()
        states = [self.status(task) for task in self.tasks if self.aside(task) is None]
        return states.count("sealed"), len(states)

    def forget(self, task: Task) -> None:
        """Look anew whether a stage is signed."""
        self._sealed.discard(task)

    def noted(self, before: int | None, after: int) -> None:
        """Go on where only this program has written to the register: from its size before to its size after."""
        if before == self._looked_at:
            self._looked_at = after

    def _item(self, task: Task) -> WorkItem:
        return WorkItem(
            task,
            self.status(task),
            (self._folder.case(task.case) / "case.json").is_file(),
            self._not_before(task),
        )

    def versions(self, task: Task) -> list[Path]:
        """Folders of the versions of a stage, the first one first."""
        return versions_of(self._folder.stage(self.reader, task.case, task.stage, task.occasion))

    def status(self, task: Task) -> Status:
        """How far a stage is."""
        aside = self.aside(task)
        if aside is not None:
            return aside
        if task in self._sealed:
            return "sealed"
        versions = self.versions(task)
        if not versions:
            return "unread"
        if seal_path(versions[-1]).exists():
            self._sealed.add(task)
            return "sealed"
        return "open" if len(versions) == 1 else "amending"

    def aside(self, task: Task) -> Literal["unreadable", "withdrawn"] | None:
        """What takes a stage out of the study; None where it is to be read."""
        found = self._aside.of(self.decisions, task.case, task.stage)
        if found is None:
            return None
        return "withdrawn" if found.kind == "case_withdrawn" else "unreadable"

    def check_to_be_read(self, task: Task) -> None:
        """Refuse to sign a stage that the coordinator has set aside while it was open.

        Raises
        ------
        NotYetError
            Says why it was set aside.
        """
        self.decisions = read_decisions(self._folder)
        decision = self.decisions.of(task.case, task.stage)
        if decision is not None:
            raise NotYetError(
                say(
                    "The coordinator has set this stage of case {case} aside meanwhile, and it is not signed: "
                    "{reason}. What was recorded stays in its journal; leave the case to go on.",
                    case=task.case,
                    reason=decision.reason.rstrip("."),
                )
            )

    def earlier(self, task: Task) -> list[Task]:
        """What this reader reads of the same case before a stage."""
        return [other for other in self._of_case[task.case] if other.position < task.position]

    def signatures(self, tasks: Sequence[Task]) -> list[datetime]:
        """When versions of stages were signed, by what cannot run ahead; once where the coordinator has settled it.

        Whoever amends a stage sees the case once more, so an interval is kept from that as well.
        """
        found = []
        for task in tasks:
            settled = self.decisions.time_of(self.reader, task)
            times = [self._signature(path) for path in self.versions(task)] if settled is None else [settled]
            found += [at for at in times if at is not None]
        return found

    def _signature(self, version: Path) -> datetime | None:
        """When a version was signed; None where it is not.

        A seal never changes, and reading all of them for every look at the worklist takes seconds on a share.
        """
        path = seal_path(version)
        if path not in self._signed_at and path.exists():
            seal = read_reading(path).seal
            if seal is not None:
                self._signed_at[path] = min(seal.sealed_at, _signing(version) or seal.sealed_at)
        return self._signed_at.get(path)

    def _not_before(self, task: Task) -> datetime | None:
        washout = timedelta(days=self.protocol.study.washout_days)
        if not washout or self.status(task) != "unread":
            return None
        signed = self.signatures(self.earlier(task))
        until = max(signed) + washout if signed else None
        return until if until is not None and until > self._now() else None

    def next_task(self, *, after: Task | None = None) -> Task | None:
        """What `next_case` would open: begun, or unread and not in its washout interval, first in order.

        Parameters
        ----------
        after : Task, optional
            Taken as signed already: what comes once the reader is through with it.

        Returns
        -------
        Task or None
            None when everything is signed.

        Raises
        ------
        NotYetError
            If all that is left must wait.
        StudyError
            If the study folder cannot be reached.
        """
        self.check_reachable()
        waiting: list[str] = []
        first_done = True
        for task in self.tasks:
            status = self.status(task)
            if status in ("sealed", "unreadable", "withdrawn") or task == after:
                continue
            if status in ("open", "amending"):
                return task
            if task.occasion > 1 and not first_done:
                waiting.append(say("cases are read once more when every first reading is signed"))
                break
            first_done = False
            if not (self._folder.case(task.case) / "case.json").is_file():
                waiting.append(say("case {case} is not prepared", case=task.case))
                continue
            if any(other != after and self.status(other) in ("unread", "open") for other in self.earlier(task)):
                waiting.append(say("an earlier stage of case {case} is not signed", case=task.case))
                continue
            until = self._not_before(task)
            if until is None:
                return task
            waiting.append(
                say("case {case} may be read again from {until:%Y-%m-%d %H:%M} UTC", case=task.case, until=until)
            )
        if waiting:
            raise NotYetError(say("Nothing can be read now: {waiting}.", waiting=waiting[0]))
        return None


def _signing(folder: Path) -> datetime | None:
    """What the machine's clock said at a signature; None where the journal does not tell."""
    entries = [entry for entry in inspect_journal(folder).entries if entry.kind == "signing"]
    return written_at(entries[-1]) if entries else None
