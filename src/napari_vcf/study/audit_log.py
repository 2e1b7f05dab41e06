"""A reader's register: what was begun and signed, in order, so that a reading that vanishes whole is missed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from napari_vcf.language import say
from napari_vcf.reading.export import read_reading
from napari_vcf.records.base import FrozenModel, Pseudonym, Stage
from napari_vcf.study.case_lock import CaseLock, break_lock
from napari_vcf.study.clocks import written_at
from napari_vcf.study.errors import StudyError
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_format import JOURNAL, Entry
from napari_vcf.study.journal_view import inspect_journal, models_of, read_journal
from napari_vcf.study.reading_order import Task
from napari_vcf.study.stage_files import seal_path, versions_of

__all__ = ["AuditLog", "Event", "events_of"]


class Event(FrozenModel):
    """One entry of a register."""

    kind: Literal["opened", "left", "sealed"]
    case: Pseudonym
    stage: Stage
    occasion: int
    version: int
    #: Of the journal where the reading was left, of the seal where it was signed.
    sha256: str = ""
    entries: int = 0
    clock_behind_s: float = 0.0

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """What happened to which version."""
        return (self.kind, self.case, self.stage, self.occasion, self.version)


def events_of(entries: Iterable[Entry]) -> list[Event]:
    """The entries of a register.

    Raises
    ------
    DamagedError
        If one is none that this program knows.
    """
    return models_of(entries, Event, say("the register"))


class AuditLog:
    """The register of one reader, read anew only where another process wrote to it.

    Parameters
    ----------
    folder : Path
        The reader's folder.
    clock : callable
        Gives the time.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder / "register"
        self._lock = folder / ".register"
        self._clock = clock
        self._journal: Journal | None = None

    def size(self) -> int | None:
        """Bytes of the register now: another number than before says that something was begun or signed."""
        try:
            return (self.folder / JOURNAL).stat().st_size
        except OSError:
            return None

    def times(self) -> list[datetime]:
        """What the machines' clocks said at each event; those of a register that is damaged are not complete."""
        if self._journal is not None and self._journal.is_current():
            return [written_at(entry) for entry in self._journal.entries]
        return [written_at(entry) for entry in inspect_journal(self.folder).entries] if self.folder.is_dir() else []

    def note(self, event: str, task: Task, version: int, **more: Any) -> tuple[int | None, int]:
        """Write an event down: ``opened``, ``left`` or ``sealed``.

        Returns
        -------
        tuple of int or None, int
            Size of the register before and after.

        Raises
        ------
        JournalError, LockedError, DamagedError
            If it cannot be written; `catch_up` does so later.
        """
        with self._locked() as lock:
            before = self.size()
            return before, self._append(event, task, version, more, lock).size

    def left(self, task: Task, version: int) -> Event | None:
        """What was noted when a reading was left last, None where it was not.

        Raises
        ------
        DamagedError, JournalError
            If the register is damaged or cannot be read.
        """
        if self._journal is not None and self._journal.is_current():
            entries = self._journal.entries
        else:
            with self._locked():
                entries = list(read_journal(self.folder).entries) if self.folder.is_dir() else []
        events = events_of(entry for entry in entries if entry.kind == "left")
        key = ("left", task.case, task.stage, task.occasion, version)
        return next((event for event in reversed(events) if event.key == key), None)

    def catch_up(self, tasks: Iterable[tuple[Task, Path]]) -> int:
        """Write down what a power cut kept out of the register.

        Parameters
        ----------
        tasks : iterable of (Task, Path)
            Stages with their folders.

        Returns
        -------
        int
            Events that were missing.
        """
        with self._locked() as lock:
            journal = self._current(lock)
            known = set() if journal is None else {event.key for event in events_of(journal.entries)}
            added = 0
            for task, folder in tasks:
                for path in versions_of(folder):
                    version = int(path.name[1:])
                    place = (task.case, task.stage, task.occasion, version)
                    if ("opened", *place) not in known:
                        self._append("opened", task, version, {}, lock)
                        added += 1
                    if seal_path(path).exists() and ("sealed", *place) not in known:
                        seal = read_reading(seal_path(path)).seal
                        self._append("sealed", task, version, {"sha256": seal.sha256 if seal else ""}, lock)
                        added += 1
            return added

    def unlock(self) -> bool:
        """Take away the lock of a program that is gone, and move the register out of its reach.

        Who hung while writing to it may come back before anybody writes again, and would leave half a note in its head.
        """
        freed = break_lock(self._lock)
        # Where this cannot be done now, the next writer does it.
        with contextlib.suppress(StudyError), self._locked() as lock:
            self._journal = None
            self._current(lock)
        return freed

    def _locked(self) -> CaseLock:
        return CaseLock(self._lock, say("The register"), timeout_s=30.0)

    def _current(self, lock: CaseLock) -> Journal | None:
        if not self.folder.is_dir():
            self._journal = None
        elif self._journal is None or not self._journal.is_current():
            self._journal = Journal.open(self.folder, clock=self._clock, guard=lock.check)
        else:
            self._journal.guard = lock.check
        return self._journal

    def _append(self, event: str, task: Task, version: int, more: dict[str, Any], lock: CaseLock) -> Journal:
        body = {"case": task.case, "stage": task.stage, "occasion": task.occasion, "version": version, **more}
        journal = self._current(lock)
        # Where the writing fails, what is remembered is not relied on any more.
        self._journal = None
        if journal is None:
            journal = Journal.create(self.folder, event, body, clock=self._clock, guard=lock.check)
        else:
            journal.append(event, body)
        self._journal = journal
        return journal
