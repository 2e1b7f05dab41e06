"""One writer at a time: a lock of the operating system, with a note of who holds it.

The system frees the lock of a process that has died, so nothing is stale on one machine, and on a share as soon as the
server notices that the other machine is gone. Where it never does (a share without working locks, a machine that was
switched off), `break_lock` puts a new lock in the place of the old one. Who held the old one is then refused at the
next write, because the note no longer names them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import utc_now
from napari_vcf.records.errors import WriteError
from napari_vcf.study.errors import DamagedError, JournalError, LockedError

__all__ = ["CaseLock", "break_lock", "machine_mark"]

_LOCK: Final = ".lock"
_OWNER: Final = ".lock-owner.json"


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
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / _LOCK, thread_local=False)
            self._lock.acquire(timeout=timeout_s, poll_interval=0.02)
        except Timeout:
            raise LockedError(_held(folder, what)) from None
        except OSError as error:
            raise JournalError(f"{what} cannot be opened for writing: {error.strerror or 'refused'}.") from error
        note = {"token": self._token, "machine": machine_mark(), "process": os.getpid(), "since": utc_now().isoformat()}
        try:
            # Of no use after a power cut, which frees the lock as well.
            write_atomically(folder / _OWNER, json.dumps(note), overwrite=True, flush=False)
        except WriteError as error:
            self._lock.release()
            raise JournalError(f"{what} cannot be opened for writing: {error}") from error

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
            token = _note(self.folder).get("token")
        except OSError as error:
            raise JournalError(
                f"The study folder cannot be reached: {error.strerror or 'refused'}. The change was not made; "
                "everything before it is safe. Reconnect the share and do it again."
            ) from error
        except DamagedError as error:
            raise LockedError(f"{error} The change was not made; close the case and open it again.") from error
        if token != self._token:
            raise LockedError(
                "This case has been opened elsewhere and is closed here. The change was not made; close the case."
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
    found = False
    for name in (_OWNER, _LOCK):
        try:
            (folder / name).unlink()
            found = True
        except FileNotFoundError:
            continue
        except OSError as error:
            raise JournalError(f"The lock cannot be removed: {error.strerror or 'refused'}.") from error
    return found


def _note(folder: Path) -> dict[str, Any]:
    try:
        note = json.loads((folder / _OWNER).read_bytes())
    except FileNotFoundError:
        if not folder.is_dir():
            raise
        return {}
    except (ValueError, RecursionError):
        note = None
    if not isinstance(note, dict):
        raise DamagedError(f"The note of who has this case open ({_OWNER}) is damaged.")
    return note


def _held(folder: Path, what: str) -> str:
    note: dict[str, Any] = {}
    with contextlib.suppress(OSError, DamagedError):
        note = _note(folder)
    since = ""
    with contextlib.suppress(ValueError, TypeError):
        since = f" since {datetime.fromisoformat(str(note.get('since'))):%Y-%m-%d %H:%M} UTC"
    here = note.get("machine") == machine_mark()
    where = f"on this machine (process {note.get('process')})" if here else "on another machine"
    return (
        f"{what} is open {where}{since}. Close it there. If that machine is off or that program hangs, "
        "free it with 'napari-vcf study unlock'."
    )
