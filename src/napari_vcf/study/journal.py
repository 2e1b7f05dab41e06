"""The journal: an append-only file in which each entry is on the disk before it counts.

A line is ``<hash> <entry>``: the entry in canonical JSON, and SHA-256 over the hash before it and the entry. So no
entry can be changed, moved or left out without a break in the chain. A second file, the head, says how far the chain
reaches, so that a journal that was cut at the end is noticed as well. The head has two places that are written in
turn: after a power cut in the middle of writing one, the other holds.

What may remain of a power cut is an entry that was never confirmed: a torn last line is taken away, and a whole one
that the head does not know yet is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from napari_vcf.records.atomic import read_regular, sync_folder
from napari_vcf.records.base import utc_now
from napari_vcf.records.sealing import canonical_json
from napari_vcf.study.errors import DamagedError, JournalError, LockedError, StudyError

__all__ = ["Entry", "Journal", "JournalView", "inspect_journal", "outrun", "progress_problem", "read_journal"]

JOURNAL: Final = "journal.jsonl"
HEAD: Final = "journal.head"
_ROOT: Final = "0" * 64
_PLACE: Final = 12 + 1 + 64 + 1 + 12 + 1
_BINARY: Final = getattr(os, "O_BINARY", 0)
_SOMEBODY: Final = (
    "Somebody else has written to this reading meanwhile; close it here and open it again. "
    "The last change was not made."
)
Guard = Callable[[], None]
#: How often the files are read until no change came in between.
_LOOKS: Final = 20


def _free() -> None:
    """The guard of a journal that nobody else can reach."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes
    ----------
    number : int
        From 1, without a gap.
    at : datetime
        UTC; never before the entry before.
    kind : str
        What it is.
    body : dict
        What it says.
    """

    number: int
    at: datetime
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JournalView:
    """What a journal's files hold, without a change to them.

    Attributes
    ----------
    entries : tuple of Entry
        The whole entries.
    hashes : tuple of str
        End of the chain over the entries up to each of them.
    sha256, before : str
        End of the chain over them, and over all but the last.
    size : int
        Bytes of them.
    torn : int
        Bytes after them that a power cut left, and that were never confirmed.
    head_behind : bool
        Whether the head must be written anew.
    head_torn : bool
        Whether one of its two places is not as it was written.
    problem : str
        What is damaged, as a sentence; empty where the journal is whole.
    entry : int or None
        The first damaged entry.
    """

    entries: tuple[Entry, ...]
    hashes: tuple[str, ...]
    sha256: str
    before: str
    size: int
    torn: int
    head_behind: bool
    head_torn: bool
    problem: str
    entry: int | None


def _chain(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def _place(number: int, sha256: str) -> bytes:
    stated = f"{number:012d} {sha256}"
    return f"{stated} {hashlib.sha256(stated.encode()).hexdigest()[:12]}\n".encode()


def _parse_place(data: bytes) -> tuple[int, str] | None:
    number, _, rest = data.decode("ascii", "replace").partition(" ")
    if not number.isdecimal() or not number.isascii() or _place(int(number), rest[:64]) != data:
        return None
    return int(number), rest[:64]


def _parse_line(line: bytes, before: str, number: int) -> tuple[Entry, str] | None:
    text = line.decode("utf-8", "replace")
    sha256, _, content = text.partition(" ")
    if sha256 != _chain(before, content):
        return None
    try:
        entry = json.loads(content)
        found = Entry(entry["n"], datetime.fromisoformat(entry["at"]), entry["kind"], entry["body"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    sound = found.number == number and found.at.tzinfo is not None and isinstance(found.body, dict)
    return (found, sha256) if sound else None


def _read_files(folder: Path) -> tuple[bytes, bytes]:
    """Journal and head of one moment: who reads on meanwhile writes to the one and then to the other."""
    for _ in range(_LOOKS):
        before = read_regular(folder / HEAD)
        data = read_regular(folder / JOURNAL)
        head = read_regular(folder / HEAD)
        if head == before:
            break
    return data, head


def inspect_journal(folder: Path) -> JournalView:
    """Read a journal and say what is wrong with it.

    Parameters
    ----------
    folder : Path
        Where its two files are.

    Returns
    -------
    JournalView
    """
    try:
        return _view_of(*_read_files(folder))
    except OSError as error:
        return JournalView((), (), _ROOT, _ROOT, 0, 0, False, False, f"it cannot be read: {error.strerror}.", 1)


def _view_of(data: bytes, head: bytes) -> JournalView:
    entries: list[Entry] = []
    hashes: list[str] = []
    sha256 = before = _ROOT
    size = 0
    while (end := data.find(b"\n", size)) >= 0:
        parsed = _parse_line(data[size:end], sha256, len(entries) + 1)
        if parsed is None:
            break
        before, sha256 = sha256, parsed[1]
        entries.append(parsed[0])
        hashes.append(sha256)
        size = end + 1
    places = [_parse_place(head[:_PLACE]), _parse_place(head[_PLACE : 2 * _PLACE])]
    problem, bad = _compare(entries, sha256, before, places, len(head), len(data) - size)
    known = max((place[0] for place in places if place), default=0)
    torn = None in places or len(head) != 2 * _PLACE
    behind = torn or known < len(entries)
    left = len(data) - size
    return JournalView(tuple(entries), tuple(hashes), sha256, before, size, left, behind, torn, problem, bad)


def _compare(
    entries: list[Entry],
    sha256: str,
    before: str,
    places: list[tuple[int, str] | None],
    head_size: int,
    torn: int,
) -> tuple[str, int | None]:
    """Whether the journal agrees with its head."""
    reached = len(entries)
    valid = [place for place in places if place is not None]
    if not valid or head_size > 2 * _PLACE:
        return "its head is damaged, so that nobody can tell how long it was.", reached + 1
    known, stated = max(valid)
    if known > reached:
        what = "is changed" if torn else "is missing"
        return f"entry {reached + 1} {what}; {known} were written.", reached + 1
    if reached > known + 1 or (reached > known and torn):
        return f"entry {known + 1} was not written by the program.", known + 1
    if stated != (sha256 if reached == known else before):
        return f"entry {known} is not the one that was written.", known
    return "", None


def read_journal(folder: Path) -> JournalView:
    """Read a journal that is whole; what a power cut left behind it stays where it is.

    Raises
    ------
    DamagedError
        If it was changed or cut.
    """
    return _whole(inspect_journal(folder))


def _whole(view: JournalView) -> JournalView:
    if view.problem:
        raise DamagedError(f"The journal is damaged: {view.problem}", entry=view.entry)
    return view


def outrun(view: JournalView, progress: Path) -> int | None:
    """How many entries there were at least, where a journal is an older copy of itself or of another reading.

    Parameters
    ----------
    view : JournalView
        Its entries.
    progress : Path
        The note of its progress, which lies where it survives what happens to the journal.

    Returns
    -------
    int or None
        None where the journal has come as far as the note, or there is none.
    """
    try:
        data = read_regular(progress)
    except OSError:
        return None
    known = max(filter(None, (_parse_place(data[:_PLACE]), _parse_place(data[_PLACE : 2 * _PLACE]))), default=None)
    # The first entry may be that of a journal whose beginning failed.
    if known is None or known[0] < 2:
        return None
    number, sha256 = known
    return None if len(view.hashes) >= number and view.hashes[number - 1] == sha256 else number


def progress_problem(progress: Path) -> str:
    """What is wrong with a note of progress, as a sentence; empty where nothing is."""
    try:
        data = read_regular(progress)
    except OSError as error:
        return f"the note of how far a journal reaches cannot be read: {error.strerror or 'refused'}."
    if len(data) != 2 * _PLACE or None in (_parse_place(data[:_PLACE]), _parse_place(data[_PLACE:])):
        return "the note of how far a journal reaches is damaged; opening what it belongs to writes it anew."
    return ""


class Journal:
    """A journal that is open for writing.

    Use `create` or `open`. One process writes at a time; the caller sees to that with a lock. Who opens a journal moves
    it to files of its own, so that a writer from before, whose call hung meanwhile, reaches only files that nobody
    reads any more. Each entry is written to the very files that were opened, between two looks at the lock: who has
    lost it confirms nothing.
    """

    def __init__(
        self, folder: Path, view: JournalView, clock: Callable[[], datetime], guard: Guard, progress: Path | None
    ) -> None:
        self.folder = folder
        self.entries = list(view.entries)
        self.hashes = list(view.hashes)
        self.sha256 = view.sha256
        self.recovered_bytes = view.torn
        #: Raises where somebody else has taken over.
        self.guard = guard
        self._before = view.before
        self._size = view.size
        self._clock = clock
        self._progress = progress
        self._progress_file = 0
        #: Inodes of the two files.
        self._files = (0, 0)
        #: What was written last and not confirmed.
        self._attempt: bytes | None = None

    @classmethod
    def create(
        cls,
        folder: Path,
        kind: str,
        body: dict[str, Any],
        *,
        clock: Callable[[], datetime] = utc_now,
        guard: Guard = _free,
        progress: Path | None = None,
    ) -> Journal:
        """Begin a journal with its first entry; the folder appears whole or not at all.

        Raises
        ------
        JournalError
            If it cannot be written; nothing is left then.
        """
        text = canonical_json({"n": 1, "at": clock().isoformat(), "kind": kind, "body": body})
        sha256 = _chain(_ROOT, text)
        part = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.part")
        try:
            part.mkdir(parents=True)
            _write_file(part / JOURNAL, f"{sha256} {text}\n".encode())
            _write_file(part / HEAD, _places(1, sha256, _ROOT))
            guard()
            if progress is not None:
                progress.parent.parent.mkdir(parents=True, exist_ok=True)
                _write_progress(progress, 1, sha256, _ROOT)
            part.rename(folder)
            sync_folder(folder.parent)
        except OSError as error:
            raise JournalError(_sentence(error)) from error
        finally:
            with contextlib.suppress(OSError):
                shutil.rmtree(part)
        return cls.open(folder, clock=clock, guard=guard, progress=progress)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        clock: Callable[[], datetime] = utc_now,
        guard: Guard = _free,
        progress: Path | None = None,
    ) -> Journal:
        """Take a journal over, without what a power cut left.

        Parameters
        ----------
        folder : Path
            Where its two files are.
        clock : callable
            Gives the time.
        guard : callable
            Raises where the caller does not hold the lock any more.
        progress : Path, optional
            Where the progress is noted as well, outside of this folder.

        Raises
        ------
        DamagedError
            If it was changed or cut, or is an older copy of itself.
        JournalError, LockedError
            If it cannot be taken over.
        """
        try:
            # Whoever was just moving files here, and hangs, shall not find them.
            for path in folder.glob(".*.part"):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise JournalError(_sentence(error)) from error
        try:
            data, head = _read_files(folder)
        except OSError as error:
            raise DamagedError(f"The journal is damaged: it cannot be read: {error.strerror}.", entry=1) from error
        view = _whole(_view_of(data, head))
        known = None if progress is None else outrun(view, progress)
        if known is not None:
            raise DamagedError(
                f"This is an older copy of itself: {known} entries were written, and {len(view.entries)} are there. "
                "Restore it from a newer backup.",
                entry=len(view.entries) + 1,
            )
        journal = cls(folder, view, clock, guard, progress)
        try:
            journal._move(data[: view.size])
        except OSError as error:
            raise JournalError(_sentence(error)) from error
        journal._note_progress(both=True)
        return journal

    def _move(self, data: bytes) -> None:
        """Go on in files of one's own; the head first, so that it never reaches too far."""
        places = _places(len(self.entries), self.sha256, self._before)
        parts: list[tuple[Path, Path]] = []
        files = []
        try:
            for name, content in ((HEAD, places), (JOURNAL, data)):
                part = self.folder / f".{name}.{secrets.token_hex(8)}.part"
                parts.append((part, self.folder / name))
                files.append(_write_file(part, content))
            self.guard()
            for part, path in parts:
                part.replace(path)
            sync_folder(self.folder)
        finally:
            for part, _ in parts:
                with contextlib.suppress(OSError):
                    part.unlink()
        self._files = (files[0], files[1])

    @property
    def size(self) -> int:
        """Bytes of the entries."""
        return self._size

    def is_current(self) -> bool:
        """Whether nobody else has written to it or taken it over."""
        try:
            status = (self.folder / JOURNAL).stat()
        except OSError:
            return False
        return (status.st_ino, status.st_size) == (self._files[1], self._size)

    def now(self) -> datetime:
        """The time by the journal's clock, never before its last entry."""
        return max(self._clock(), self.entries[-1].at)

    def append(self, kind: str, body: dict[str, Any]) -> Entry:
        """Write an entry; when this returns, it is on the disk.

        Parameters
        ----------
        kind : str
            What it is.
        body : dict
            What it says; JSON.

        Returns
        -------
        Entry

        Raises
        ------
        JournalError
            If it could not be written, for which the sentence says the cause; the journal is as before, and the call
            can be made again when the cause is gone.
        LockedError
            If somebody else has taken over.
        """
        number = len(self.entries) + 1
        now = self._clock()
        at = max(now, self.entries[-1].at)
        if now < at:
            body = {**body, "clock_behind_s": (at - now).total_seconds()}
        text = canonical_json({"n": number, "at": at.isoformat(), "kind": kind, "body": body})
        sha256 = _chain(self.sha256, text)
        line = f"{sha256} {text}\n".encode()
        try:
            with self._opened() as (head, data):
                self._attempt = line
                _write_all(data, line)
                os.fsync(data)
                _write_place(head, number, sha256)
            self.guard()
        except OSError as error:
            self._try_to_take_back()
            raise JournalError(_sentence(error)) from error
        except LockedError as error:
            if self._attempt is None:
                raise
            raise LockedError(
                "This case was opened elsewhere while the last change was being written, and is closed here. The "
                "change is not confirmed; whether it came through shows where the case is open now."
            ) from error
        except JournalError:
            self._try_to_take_back()
            raise
        self._attempt = None
        self._before, self.sha256 = self.sha256, sha256
        self._size += len(line)
        entry = Entry(number, at, kind, body)
        self.entries.append(entry)
        self.hashes.append(sha256)
        self._note_progress()
        return entry

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """Head and journal, open, known to be one's own, and as they were confirmed."""
        with contextlib.ExitStack() as stack:
            found = []
            for name in (HEAD, JOURNAL):
                descriptor = os.open(self.folder / name, os.O_RDWR | _BINARY | (os.O_APPEND if name == JOURNAL else 0))
                stack.callback(os.close, descriptor)
                found.append(descriptor)
            head, data = found
            # In this order: who takes over after this look leaves these files behind, and who did so before it is seen.
            self.guard()
            size = os.fstat(data).st_size
            if (os.fstat(head).st_ino, os.fstat(data).st_ino) != self._files or size < self._size:
                raise JournalError(_SOMEBODY)
            if self._attempt is not None:
                self._take_back(head, data, size)
            elif size > self._size:
                raise JournalError(_SOMEBODY)
            yield head, data

    def _take_back(self, head: int, data: int, size: int) -> None:
        """Bring both files to what is confirmed, where nothing is behind it but what was written here."""
        os.lseek(data, self._size, os.SEEK_SET)
        left = _read_all(data, size - self._size)
        if not (self._attempt or b"").startswith(left):
            raise JournalError(_SOMEBODY)
        number = len(self.entries)
        _write_place(head, number - 1, self._before)
        _write_place(head, number, self.sha256)
        if left:
            os.ftruncate(data, self._size)
            os.fsync(data)
        self._attempt = None

    def _try_to_take_back(self) -> None:
        if self._attempt is not None:
            with contextlib.suppress(OSError, StudyError), self._opened():
                pass

    def _note_progress(self, *, both: bool = False) -> None:
        """Note outside of the folder how far it is; where that fails, an older copy would not be missed."""
        if self._progress is None:
            return
        number = len(self.entries)
        with contextlib.suppress(OSError):
            if both:
                self._progress_file = _write_progress(self._progress, number, self.sha256, self._before)
                return
            descriptor = os.open(self._progress, os.O_RDWR | _BINARY)
            try:
                if os.fstat(descriptor).st_ino != self._progress_file:
                    return
                # Not flushed: after a power cut it may be behind, and it never is ahead.
                os.lseek(descriptor, number % 2 * _PLACE, os.SEEK_SET)
                _write_all(descriptor, _place(number, self.sha256))
            finally:
                os.close(descriptor)


def _write_progress(path: Path, number: int, sha256: str, before: str) -> int:
    """Note progress in a file of its own, which a writer from before does not reach; its inode."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        inode = _write_file(part, _places(number, sha256, before))
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return inode


def _places(number: int, sha256: str, before: str) -> bytes:
    """Both places of a head or a note of progress."""
    places = sorted([(number - 1, before), (number, sha256)], key=lambda place: place[0] % 2)
    return b"".join(_place(*place) for place in places)


def _write_place(descriptor: int, number: int, sha256: str) -> None:
    os.lseek(descriptor, number % 2 * _PLACE, os.SEEK_SET)
    _write_all(descriptor, _place(number, sha256))
    os.fsync(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    found = b""
    while len(found) < size and (block := os.read(descriptor, size - len(found))):
        found += block
    return found


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _write_file(path: Path, data: bytes) -> int:
    """Write a new file to the disk; its inode."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        _write_all(descriptor, data)
        os.fsync(descriptor)
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def _sentence(error: OSError) -> str:
    return (
        f"The change could not be written down and was not made: {error.strerror or 'the disk refuses'}. "
        "Everything before it is safe. Remove the cause (free the disk, reconnect the share, restore the permission) "
        "and do it again."
    )
