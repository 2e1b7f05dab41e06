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
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from napari_vcf.language import say
from napari_vcf.records.atomic import sync_folder
from napari_vcf.records.base import utc_now
from napari_vcf.records.errors import system_says, what_helps
from napari_vcf.records.sealing import canonical_json
from napari_vcf.study.errors import DamagedError, JournalError, LockedError, StudyError
from napari_vcf.study.journal_bytes import BINARY, read_all, write_all, write_file, write_place, write_progress
from napari_vcf.study.journal_format import (
    HEAD,
    JOURNAL,
    PLACE_BYTES,
    ROOT,
    Entry,
    chained,
    format_place,
    format_places,
)
from napari_vcf.study.journal_view import JournalView, outrun, read_files, view_of, whole

__all__ = ["Journal"]

_SOMEBODY: Final = say(
    "Somebody else has written to this reading meanwhile; close it here and open it again. "
    "The last change was not made."
)
Guard = Callable[[], None]


def _free() -> None:
    """The guard of a journal that nobody else can reach."""


class Journal:
    """A journal that is open for writing.

    Use `create` or `open`. One process writes at a time; the caller sees to that with a lock. Who opens a journal moves
    it to files of its own, so that a writer from before, whose call hung meanwhile, reaches only files that nobody
    reads any more. Each entry is written to the very files that were opened, between two looks at the lock: who has
    lost it confirms nothing.
    """

    def __init__(
        self,
        folder: Path,
        view: JournalView,
        clock: Callable[[], datetime],
        guard: Guard,
        progress: Path | None,
        *,
        whole_notes: bool = False,
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
        self._whole_notes = whole_notes
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
        sha256 = chained(ROOT, text)
        part = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.part")
        try:
            part.mkdir(parents=True)
            write_file(part / JOURNAL, f"{sha256} {text}\n".encode())
            write_file(part / HEAD, format_places(1, sha256, ROOT))
            guard()
            if progress is not None:
                progress.parent.parent.mkdir(parents=True, exist_ok=True)
                write_progress(progress, 1, sha256, ROOT)
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
        whole_notes: bool = False,
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
        whole_notes : bool
            Whether each note of it is a file anew, which costs two flushes: for journals that nobody may read while one
            place of their note is torn.

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
            data, head = read_files(folder)
        except FileNotFoundError as error:
            raise DamagedError(
                say("The journal is damaged: it cannot be read: {strerror}.", strerror=system_says(error)), entry=1
            ) from error
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise DamagedError(
                    say("The journal is damaged: {strerror}.", strerror=system_says(error)), entry=1
                ) from error
            # Of the journal itself this says nothing.
            raise JournalError(
                say(
                    "The journal cannot be read: {strerror}. {what_helps}.",
                    strerror=system_says(error),
                    what_helps=what_helps(error),
                )
            ) from error
        view = whole(view_of(data, head))
        known = None if progress is None else outrun(view, progress)
        if known is not None:
            raise DamagedError(
                say(
                    "This is an older copy of itself: {known} entries were written, and {count} are there. "
                    "Restore it from a newer backup.",
                    known=known,
                    count=len(view.entries),
                ),
                entry=len(view.entries) + 1,
            )
        journal = cls(folder, view, clock, guard, progress, whole_notes=whole_notes)
        try:
            journal._move(data[: view.size])
        except OSError as error:
            raise JournalError(_sentence(error)) from error
        journal._note_progress(both=True)
        return journal

    def _move(self, data: bytes) -> None:
        """Go on in files of one's own; the head first, so that it never reaches too far."""
        places = format_places(len(self.entries), self.sha256, self._before)
        parts: list[tuple[Path, Path]] = []
        files = []
        try:
            for name, content in ((HEAD, places), (JOURNAL, data)):
                part = self.folder / f".{name}.{secrets.token_hex(8)}.part"
                parts.append((part, self.folder / name))
                files.append(write_file(part, content))
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
        sha256 = chained(self.sha256, text)
        line = f"{sha256} {text}\n".encode()
        try:
            with self._opened() as (head, data):
                self._attempt = line
                write_all(data, line)
                os.fsync(data)
                write_place(head, number, sha256)
            self.guard()
        except OSError as error:
            self._try_to_take_back()
            raise JournalError(_sentence(error)) from error
        except LockedError as error:
            if self._attempt is None:
                raise
            raise LockedError(
                say(
                    "This case was opened elsewhere while the last change was being written, and is closed "
                    "here. The change is not confirmed; whether it was kept can be seen where the case is open "
                    "now."
                )
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
        self._note_progress(both=self._whole_notes)
        return entry

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """Head and journal, open, known to be one's own, and as they were confirmed."""
        with contextlib.ExitStack() as stack:
            found = []
            for name in (HEAD, JOURNAL):
                descriptor = os.open(self.folder / name, os.O_RDWR | BINARY | (os.O_APPEND if name == JOURNAL else 0))
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
        left = read_all(data, size - self._size)
        if not (self._attempt or b"").startswith(left):
            raise JournalError(_SOMEBODY)
        number = len(self.entries)
        write_place(head, number - 1, self._before)
        write_place(head, number, self.sha256)
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
                self._progress_file = write_progress(self._progress, number, self.sha256, self._before)
                return
            descriptor = os.open(self._progress, os.O_RDWR | BINARY)
            try:
                if os.fstat(descriptor).st_ino != self._progress_file:
                    return
                # Not flushed: after a power cut it may be behind, and it never is ahead.
                os.lseek(descriptor, number % 2 * PLACE_BYTES, os.SEEK_SET)
                write_all(descriptor, format_place(number, self.sha256))
            finally:
                os.close(descriptor)


def _sentence(error: OSError) -> str:
    return say(
        "The change could not be written down and was not made: {value}. Everything before it is "
        "safe. {what_helps}, and do it again.",
        value=system_says(error, say("the disk refuses")),
        what_helps=what_helps(error),
    )
