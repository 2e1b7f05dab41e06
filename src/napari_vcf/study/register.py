"""A reader's register: what was begun and signed, in order, so that a reading that vanishes whole is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from napari_vcf.reading.base import FrozenModel, Pseudonym, Stage
from napari_vcf.reading.export import read_reading
from napari_vcf.study.errors import DamagedError
from napari_vcf.study.journal import Entry, Journal
from napari_vcf.study.lock import CaseLock, break_lock
from napari_vcf.study.order import Task
from napari_vcf.study.session import seal_path, versions_of

__all__ = ["Event", "Register", "events_of"]


class Event(FrozenModel):
    """One entry of a register."""

    kind: Literal["opened", "sealed"]
    case: Pseudonym
    stage: Stage
    occasion: int
    version: int
    sha256: str = ""
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
    found = []
    for entry in entries:
        try:
            found.append(Event.model_validate({**entry.body, "kind": entry.kind}))
        except ValidationError as error:
            raise DamagedError(
                f"Entry {entry.number} of the register is none that this version of the program knows.",
                entry=entry.number,
            ) from error
    return found


class Register:
    """The register of one reader.

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

    def note(self, event: str, task: Task, version: int, **more: Any) -> None:
        """Write an event down: ``opened`` or ``sealed``.

        Raises
        ------
        JournalError, LockedError, DamagedError
            If it cannot be written; `catch_up` does so later.
        """
        with self._locked():
            self._append(event, task, version, more)

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
        with self._locked():
            known = set()
            if self.folder.is_dir():
                known = {event.key for event in events_of(Journal.open(self.folder, clock=self._clock).entries)}
            added = 0
            for task, folder in tasks:
                for path in versions_of(folder):
                    version = int(path.name[1:])
                    place = (task.case, task.stage, task.occasion, version)
                    if ("opened", *place) not in known:
                        self._append("opened", task, version, {})
                        added += 1
                    if seal_path(path).exists() and ("sealed", *place) not in known:
                        seal = read_reading(seal_path(path)).seal
                        self._append("sealed", task, version, {"sha256": seal.sha256 if seal else ""})
                        added += 1
            return added

    def unlock(self) -> bool:
        """Take away the lock of a program that is gone."""
        return break_lock(self._lock)

    def _locked(self) -> CaseLock:
        return CaseLock(self._lock, "The register", timeout_s=30.0)

    def _append(self, event: str, task: Task, version: int, more: dict[str, Any]) -> None:
        body = {"case": task.case, "stage": task.stage, "occasion": task.occasion, "version": version, **more}
        if self.folder.is_dir():
            Journal.open(self.folder, clock=self._clock).append(event, body)
        else:
            Journal.create(self.folder, event, body, clock=self._clock)
