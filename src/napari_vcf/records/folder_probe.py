"""What a folder, often one on a share, keeps of the promises that studies are written on."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_vcf.records.errors import WriteError

__all__ = ["Finding", "probe_folder"]

#: Below this many bytes a prepared case may not fit any more: a CT of 300 slices of 512 x 512 takes 150 MB.
LEAST_FREE_BYTES = 1_000_000_000
#: How far the share's clock may be from this machine's before times in a study look wrong, in seconds.
MOST_CLOCK_DIFFERENCE_S = 60.0

_Harm = Literal["warning", "fault"]
_HELD = 3
_TRY_LOCK = f"""
import sys
from filelock import FileLock, Timeout
try:
    FileLock(sys.argv[1]).acquire(timeout=0)
except Timeout:
    sys.exit({_HELD})
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    item : str
        What was looked at.
    state : str
        ``ok``, ``warning`` (works, with a limit that is named) or ``fault`` (must be mended first).
    text : str
        What was found, in a sentence or a value, without anybody's name.
    """

    item: str
    state: Literal["ok", "warning", "fault"]
    text: str


def probe_folder(folder: Path) -> tuple[Finding, ...]:
    """Try what a study relies on in a folder, in a subfolder that is removed again.

    Parameters
    ----------
    folder : Path
        An existing folder.

    Returns
    -------
    tuple of Finding
        Rights, free space, replacing a file in one step, flushing, links, locks between processes, and the clock.

    Raises
    ------
    WriteError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise WriteError(f"{folder} is not a folder. Name the folder of a study, or the one it is to be created in.")
    place = folder / f".napari-vcf-probe-{secrets.token_hex(4)}"
    try:
        place.mkdir()
    except OSError as error:
        return (Finding("Rights", "fault", f"Nothing can be written here: {error.strerror}. Ask for write access."),)
    try:
        return (Finding("Rights", "ok", "Files can be created."), _free_space(folder), *_tried(place))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _free_space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free."
    if free >= LEAST_FREE_BYTES:
        return Finding("Free space", "ok", text)
    return Finding("Free space", "warning", f"{text} A prepared case may need more than that.")


def _tried(place: Path) -> list[Finding]:
    checks: tuple[tuple[str, _Harm, Callable[[Path], str], str], ...] = (
        ("Replacing", "fault", _replace, "A file cannot be replaced in one step, so a signature could be half written"),
        ("Flushing", "fault", _flush, "Data cannot be flushed, so a power cut could lose confirmed answers"),
        ("Flushing folders", "warning", _flush_folder, "New names may be lost in a power cut"),
        ("Exclusive creation", "fault", _exclusive, "Two programs could both believe that they created a file"),
        ("Locks", "fault", _lock, "Two readers could open one case at the same time"),
        ("Clock", "warning", _clock, "Times in the study would look wrong"),
        ("Names", "warning", _names, "A study moved from another system may not fit"),
    )
    return [_finding(place, *check) for check in checks]


def _finding(place: Path, item: str, state: _Harm, check: Callable[[Path], str], harm: str) -> Finding:
    try:
        return Finding(item, "ok", check(place))
    except (OSError, _NotKeptError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        return Finding(item, state, f"{harm}: {reason}.")


class _NotKeptError(Exception):
    """The folder took the call and did something else."""


def _replace(place: Path) -> str:
    old, new = place / "old", place / "new"
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    new.replace(old)
    if old.read_bytes() != b"new" or new.exists():
        raise _NotKeptError("the file that took the name holds something else")
    return "A file takes another one's name in one step."


def _flush(place: Path) -> str:
    with (place / "flushed").open("wb") as stream:
        stream.write(b"kept")
        stream.flush()
        began = time.perf_counter()
        os.fsync(stream.fileno())
        took = time.perf_counter() - began
    return f"Written through in {took * 1e3:.0f} ms."


def _flush_folder(place: Path) -> str:
    if os.name == "nt":
        return "Left to Windows, which flushes names by itself."
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return "New names are written through."


def _exclusive(place: Path) -> str:
    path = place / "once"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return "A name is given once."
    raise _NotKeptError("the same name was given twice")


def _lock(place: Path) -> str:
    # Every command would wait for this import, and only this one uses it.
    from filelock import FileLock, Timeout

    path = str(place / "lock")
    try:
        with FileLock(path):
            command = [sys.executable, "-c", _TRY_LOCK, path]
            other = subprocess.run(command, check=False, capture_output=True, timeout=60)  # noqa: S603
        with FileLock(path).acquire(timeout=0):
            pass
    except NotImplementedError:
        raise _NotKeptError("its file system knows no locks") from None
    except Timeout:
        raise _NotKeptError("a lock that was given back stays held") from None
    if other.returncode == 0:
        raise _NotKeptError("another process took a lock that was held")
    if other.returncode != _HELD:
        raise _NotKeptError("another process could not try the lock")
    return "A lock that one process holds keeps another one out."


def _clock(place: Path) -> str:
    path = place / "now"
    path.write_bytes(b"")
    difference = path.stat().st_mtime - time.time()
    if abs(difference) > MOST_CLOCK_DIFFERENCE_S:
        raise _NotKeptError(f"files are dated {difference:+.0f} s from this machine's clock")
    return f"Files are dated by this machine's clock within {max(1.0, abs(difference)):.0f} s."


def _names(place: Path) -> str:
    name = "n" * 200
    (place / name).write_bytes(b"")
    (place / "case").write_bytes(b"")
    with contextlib.suppress(FileExistsError):
        os.close(os.open(place / "CASE", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        return "Names of 200 letters; upper and lower case are told apart."
    return "Names of 200 letters; upper and lower case are not told apart."
