"""Readings outside of a study, kept on this machine: each change is in a journal before it counts, as in a study."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError, field_validator

from napari_vcf.language import say
from napari_vcf.reading import Case, LoggedAction, Protocol, Reading, reopen
from napari_vcf.reading.errors import ReadingError
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.protocol import as_it_was
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import FrozenModel, utc_now
from napari_vcf.records.errors import WriteError, system_says
from napari_vcf.study.case_lock import CaseLock
from napari_vcf.study.errors import DamagedError, JournalError, StudyError
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_format import JOURNAL, Entry
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.stage_files import gestures_of

__all__ = ["KeptReading", "ReadingPlace", "Unfinished", "place_for"]

_SALT: Final = "salt"
#: A change that only says that an exported reading was opened again.
_TAKEN_UP: Final = "take_up"


class _Origin(FrozenModel):
    """What the first entry of a kept reading's journal says."""

    study: str
    reader: str
    case: str
    salt: str
    images: tuple[str, ...]
    protocol: Protocol

    @field_validator("protocol", mode="before")
    @classmethod
    def _whole(cls, content: Any) -> Any:
        return as_it_was(content) if isinstance(content, dict) else content


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A kept reading with changes that were not exported.

    Attributes
    ----------
    folder : Path
        Where its journal is.
    changes : int
        How many of its changes are in no export.
    last : datetime
        When the last of them was made.
    salt : str
        Under which the case must be opened.
    """

    folder: Path
    changes: int
    last: datetime
    salt: str


def place_for(shelf: Path, images: Path, *, study: str, reader: str, case: str) -> ReadingPlace:
    """Where the readings of one folder by one reader are kept.

    Nobody is offered what another reader did: the place is that of reader, study and case as well.

    Parameters
    ----------
    shelf : Path
        The folder of all kept readings of this person on this machine.
    images : Path
        What was opened.
    study, reader, case : str
        Pseudonyms.
    """
    # Names of folders may name patients: only a digest is kept.
    key = "\n".join((str(images.resolve()), study, reader, case))
    return ReadingPlace(shelf / hashlib.sha256(key.encode()).hexdigest()[:32])


class ReadingPlace:
    """The kept readings of one folder by one reader.

    Parameters
    ----------
    folder : Path
        Made with the first change.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def salt(self) -> str:
        """The secret that names the images, the same at each opening.

        Raises
        ------
        JournalError
            If it cannot be written or read.
        """
        path = self.folder / _SALT
        try:
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                write_atomically(path, secrets.token_hex(16))
            return path.read_text(encoding="utf-8").strip()
        except (OSError, WriteError) as error:
            raise JournalError(
                say(
                    "Readings cannot be kept in {parent}: {value}",
                    parent=self.folder.parent,
                    value=system_says(error) if isinstance(error, OSError) else error,
                )
            ) from error

    def _journals(self) -> list[Path]:
        return sorted(path.parent for path in self.folder.glob(f"[0-9]*/{JOURNAL}"))

    def unfinished(self) -> Unfinished | None:
        """The reading that was left last with changes that are in no export.

        Raises
        ------
        DamagedError
            If its journal is damaged.
        """
        for folder in reversed(self._journals()):
            view = inspect_journal(folder)
            if view.problem:
                raise DamagedError(
                    say(
                        "A reading of these images is kept in {folder}, and its journal is damaged: {problem} "
                        "Move that folder away to begin anew.",
                        folder=folder,
                        problem=view.problem,
                    )
                )
            open_changes = _since_export(view.entries)
            if open_changes:
                return Unfinished(folder, len(open_changes), open_changes[-1].at, _origin(view.entries[0]).salt)
        return None

    def begin(
        self,
        case: Case,
        *,
        study: str,
        reader: str,
        protocol: Protocol,
        clock: Callable[[], datetime] = utc_now,
    ) -> KeptReading:
        """Begin a new reading; its journal begins with its first change."""
        kept = KeptReading(self._next(), clock)
        kept.hold(Reading(case, study=study, reader=reader, protocol=protocol, clock=clock, recorder=kept.record))
        return kept

    def begin_from(self, export: Path, case: Case, *, clock: Callable[[], datetime] = utc_now) -> KeptReading:
        """Go on with an exported reading as a new version; see `napari_vcf.reading.reopen`."""
        document = read_reading(export)
        kept = KeptReading(self._next(), clock)
        # The first change of all is written down before there is a reading to ask.
        kept.origin = _Origin(
            study=document.study,
            reader=document.reader,
            case=case.pseudonym,
            salt=case.salt,
            images=tuple(sorted(case.images)),
            protocol=document.protocol,
        )
        try:
            kept.hold(reopen(export, case, clock=clock, recorder=kept.record))
        except BaseException:
            kept.close()
            raise
        return kept

    def go_on(self, unfinished: Unfinished, case: Case, *, clock: Callable[[], datetime] = utc_now) -> KeptReading:
        """Take a kept reading up again.

        Raises
        ------
        ReadingError
            If the images are not those that were read.
        DamagedError, LockedError, JournalError
            If its journal cannot be taken over.
        """
        kept = KeptReading(unfinished.folder, clock)
        kept.take_over()
        try:
            origin = _origin(kept.entries[0])
            if origin.images != tuple(sorted(case.images)) or origin.salt != case.salt:
                raise ReadingError(
                    say(
                        "These are not the images on which the kept reading was begun: series were added, "
                        "removed or changed. Restore them, or begin anew; the kept reading stays as it is."
                    )
                )
            kept.origin = origin
            reading = Reading(
                case,
                study=origin.study,
                reader=origin.reader,
                protocol=origin.protocol,
                clock=clock,
                recorder=kept.record,
            )
            reading.started_at = kept.entries[0].at
            reading.restore(gestures_of(kept.entries))
        except BaseException:
            kept.close()
            raise
        kept.hold(reading)
        return kept

    def _next(self) -> Path:
        numbers = [int(path.name) for path in self.folder.glob("[0-9]*") if path.name.isdigit()]
        numbers += [int(path.name.removeprefix("lock-")) for path in self.folder.glob("lock-[0-9]*")]
        return self.folder / f"{max(numbers, default=0) + 1:04d}"


def _since_export(entries: tuple[Entry, ...]) -> list[Entry]:
    last = max((number for number, entry in enumerate(entries) if entry.kind == "exported"), default=-1)
    return [
        entry
        for entry in entries[last + 1 :]
        if entry.kind == "gesture" and entry.body["logged"]["action"]["action"] != _TAKEN_UP
    ]


def _origin(entry: Entry) -> _Origin:
    try:
        return _Origin.model_validate(entry.body)
    except ValidationError as error:
        raise DamagedError(say("The journal of a kept reading begins with nothing that this version knows.")) from error


class KeptReading:
    """One reading and its journal; made by `ReadingPlace`.

    Attributes
    ----------
    reading : Reading
        The record; a change is on the disk before the call returns.
    """

    reading: Reading

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self.origin: _Origin | None = None
        self._clock = clock
        self._journal: Journal | None = None
        self._lock: CaseLock | None = None

    def hold(self, reading: Reading) -> None:
        """Name the reading whose changes are written down."""
        self.reading = reading

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the journal holds."""
        return () if self._journal is None else tuple(self._journal.entries)

    def _take_lock(self) -> CaseLock:
        lock = CaseLock(
            self.folder.with_name(f"lock-{self.folder.name}"), say("The reading that is kept of these images")
        )
        self._lock = lock
        return lock

    def take_over(self) -> None:
        """Open the journal that is there."""
        lock = self._take_lock()
        try:
            self._journal = Journal.open(self.folder, clock=self._clock, guard=lock.check)
        except BaseException:
            self.close()
            raise

    def record(self, logged: LoggedAction) -> None:
        """Write a change down; the first one begins the journal."""
        if self._journal is None:
            self._begin()
        assert self._journal is not None
        self._journal.append("gesture", {"logged": logged.model_dump(mode="json")})

    def _begin(self) -> None:
        origin = self.origin
        if origin is None:
            case = self.reading.case
            origin = self.origin = _Origin(
                study=self.reading.study,
                reader=self.reading.reader,
                case=case.pseudonym,
                salt=case.salt,
                images=tuple(sorted(case.images)),
                protocol=self.reading.protocol,
            )
        lock = self._take_lock()
        try:
            self._journal = Journal.create(
                self.folder, "kept", origin.model_dump(mode="json"), clock=self._clock, guard=lock.check
            )
        except BaseException:
            self.close()
            raise

    def exported(self, path: Path) -> None:
        """Note that what was done so far is in an export: it is not offered again.

        Where that cannot be written, the reading is offered once more; nothing is lost.
        """
        if self._journal is not None:
            with contextlib.suppress(StudyError, OSError):
                self._journal.append("exported", {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})

    def close(self) -> None:
        """Leave it; everything is on the disk already."""
        self._journal = None
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
