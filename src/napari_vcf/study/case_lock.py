"""One writer at a time: a lock of the operating system, with a note of who holds it.

The system frees the lock of a process that has died, so nothing is stale on one machine, and on a share as soon as the
server notices that the other machine is gone. Where it never does (a share without working locks, a machine that was
switched off), `break_lock` puts a new lock in the place of the old one.

Notes are numbered, and each is made only where there is none of its number: who comes back late from a call that hung
cannot put a note of their own over that of whoever took over, and sees at the next look that there is a later one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import secrets
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from napari_vcf.language import say
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import utc_now
from napari_vcf.records.errors import WriteError, system_says, what_helps
from napari_vcf.study.errors import DamagedError, JournalError, LockedError

__all__ = ["CaseLock", "break_lock", "machine_mark"]

_LOCK: Final = ".lock"
_NOTE: Final = re.compile(r"\.lock-owner-(\d+)\.json")
#: How often the lock is taken again because somebody else came and went meanwhile.
_TRIES: Final = 20


def machine_mark() -> str:
    """Eight digits that tell machines apart without naming them."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


class CaseLock:
    """Holds a folder for one process.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    what : str
        Its name in sentences.
    timeout_s : float
        How long to wait for another process.

    Raises
    ------
    LockedError
        If another process holds it; says since when, and the way out.
    JournalError
        If the folder cannot be written to.
    """

    def __init__(self, folder: Path, what: str, *, timeout_s: float = 0.0) -> None:
        self.folder = folder
        self._token = secrets.token_hex(16)
        self._number = 0
        self._lock = FileLock(folder / _LOCK, thread_local=False)
        until = time.monotonic() + timeout_s
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for _ in range(_TRIES):
                # Before the lock, so that whoever breaks it after this look is seen.
                last = max(_numbers(folder), default=0)
                self._lock.acquire(timeout=max(0.0, until - time.monotonic()), poll_interval=0.02)
                if self._note_down(last + 1):
                    return
                self._lock.release(force=True)
        except Timeout:
            raise LockedError(_held(folder, what)) from None
        except OSError as error:
            raise self._refused(
                say("{what} cannot be opened for writing: {reason}.", what=what, reason=system_says(error))
            ) from error
        except WriteError as error:
            raise self._refused(say("{what} cannot be opened for writing: {error}", what=what, error=error)) from error
        raise LockedError(_held(folder, what))

    def _refused(self, sentence: str) -> JournalError:
        self.release()
        return JournalError(sentence)

    def _note_down(self, number: int) -> bool:
        """Say who holds it; False where somebody was faster."""
        path = self.folder / _name(number)
        note = {"token": self._token, "machine": machine_mark(), "process": os.getpid(), "since": utc_now().isoformat()}
        if not _claim(path, note) or max(_numbers(self.folder)) > number:
            return False
        self._number = number
        with contextlib.suppress(OSError):
            # In this order, so that whoever finds the note after their own gone finds their own gone as well.
            for old in sorted(found for found in _numbers(self.folder) if found < number):
                (self.folder / _name(old)).unlink(missing_ok=True)
        return True

    def check(self) -> None:
        """Refuse where somebody has taken the lock away.

        Raises
        ------
        LockedError
            If the note names another holder, or is damaged, so that nobody can tell who holds it.
        JournalError
            If it cannot be read.
        """
        try:
            later = (self.folder / _name(self._number + 1)).exists()
            token = None if later else _note(self.folder, self._number).get("token")
        except OSError as error:
            raise JournalError(
                say(
                    "The study folder cannot be reached: {value}. The change was not made; everything before "
                    "it is safe. {what_helps}, and do it again.",
                    value=system_says(error),
                    what_helps=what_helps(error),
                )
            ) from error
        except DamagedError as error:
            raise LockedError(
                say("{error} The change was not made; close the case and open it again.", error=error)
            ) from error
        if token != self._token:
            raise LockedError(
                say("This case has been opened elsewhere and is closed here. The change was not made; close the case.")
            )

    def release(self) -> None:
        """Give the folder free.

        The note stays: between a look at it and its removal, somebody else may have put another in its place.
        """
        self._token = ""
        with contextlib.suppress(OSError):
            self._lock.release(force=True)

    def __enter__(self) -> CaseLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def break_lock(folder: Path) -> bool:
    """Take a lock away whose holder is known to be gone.

    Parameters
    ----------
    folder : Path
        What is locked.

    Returns
    -------
    bool
        Whether there was one.

    Raises
    ------
    JournalError
        If it cannot be removed.
    """
    try:
        for _ in range(_TRIES):
            number = max(_numbers(folder), default=0) + 1
            if not folder.is_dir() or _claim(folder / _name(number), {}):
                break
        (folder / _LOCK).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalError(say("The lock cannot be removed: {reason}.", reason=system_says(error))) from error
    except WriteError as error:
        raise JournalError(say("The lock cannot be removed: {error}", error=error)) from error
    return True


def _name(number: int) -> str:
    return f".lock-owner-{number:06d}.json"


def _numbers(folder: Path) -> list[int]:
    """Of the notes in a folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return [int(match[1]) for name in names if (match := _NOTE.fullmatch(name))]


def _claim(path: Path, note: dict[str, Any]) -> bool:
    """Make a note where there is none; False where there is one."""
    try:
        # Of no use after a power cut, which frees the lock as well.
        write_atomically(path, json.dumps(note), flush=False)
    except WriteError:
        if not path.exists():
            raise
        return bool(note) and _note(path.parent, int(path.name.split("-")[2][:-5])).get("token") == note["token"]
    return True


def _note(folder: Path, number: int) -> dict[str, Any]:
    try:
        note = json.loads((folder / _name(number)).read_bytes())
    except FileNotFoundError:
        if not folder.is_dir():
            raise
        return {}
    except (ValueError, RecursionError):
        note = None
    if not isinstance(note, dict):
        raise DamagedError(say("The note of who has this case open ({name}) is damaged.", name=_name(number)))
    return note


def _held(folder: Path, what: str) -> str:
    note: dict[str, Any] = {}
    with contextlib.suppress(OSError, DamagedError):
        note = _note(folder, max(_numbers(folder), default=0))
    since: datetime | None = None
    with contextlib.suppress(ValueError, TypeError):
        since = datetime.fromisoformat(str(note.get("since")))
    if note.get("machine") == machine_mark():
        where = say("on this machine (process {number})", number=note.get("process"))
    else:
        where = say("on another machine")
    way_out = say(
        "Close it there. If that machine is off or that program hangs, free it with 'napari-vcf study unlock'."
    )
    if since is None:
        return say("{what} is open {where}. {way_out}", what=what, where=where, way_out=way_out)
    return say(
        "{what} is open {where} since {since:%Y-%m-%d %H:%M} UTC. {way_out}",
        what=what,
        where=where,
        since=since,
        way_out=way_out,
    )
