"""Archives unpacked into a folder, with limits: what a small file claims to hold may be more than the disk takes."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from napari_vcf.errors import CancelledError, NapariVcfError

__all__ = ["ArchiveError", "unpack_zip"]

Progress = Callable[[int, int, str], None]

_MOST_FILES: Final = 200_000
#: Images shrink to a third or so, empty ones to a hundredth; a bomb to far less.
_MOST_RATIO: Final = 200
#: Below this a file is no bomb, however well it shrinks.
_SMALL: Final = 50_000_000
#: What stays free on the disk.
_LEFT_FREE: Final = 1_000_000_000
_BLOCK: Final = 1 << 20


class ArchiveError(NapariVcfError):
    """An archive that is damaged, locked, or holds what is not to be unpacked."""


def unpack_zip(
    archive: Path,
    into: Path,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    most_bytes: int | None = None,
) -> Path:
    """Unpack a zip file into an empty folder.

    Parameters
    ----------
    archive : Path
        The zip file; it is only read.
    into : Path
        An empty folder, or one that is made.
    progress : callable, optional
        Called with (done, total, what).
    cancelled : callable, optional
        Asked from time to time whether to stop.
    most_bytes : int, optional
        How much may come out of it; what the disk has free but for a gigabyte, if left out.

    Returns
    -------
    Path
        ``into``.

    Raises
    ------
    ArchiveError
        If it is no zip file, is damaged or locked with a password, holds links or paths out of the folder, or would
        fill the disk. What was unpacked is left to the caller to remove.
    CancelledError
        If it was stopped.
    """
    into.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(into).free - _LEFT_FREE if most_bytes is None else most_bytes
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _check(archive, members, room)
            left = room
            for number, member in enumerate(members):
                if cancelled is not None and cancelled():
                    raise CancelledError("Unpacking was stopped.")
                if progress is not None:
                    progress(number, len(members), f"unpacking {archive.name}")
                left -= _unpack(archive, opened, member, into, left)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ArchiveError(f"{archive.name} is not a zip file, or is damaged: {error}.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise ArchiveError(
            f"{archive.name} cannot be unpacked: {error}. Unpack it yourself and open the folder."
        ) from error
    except OSError as error:
        raise ArchiveError(f"{archive.name} cannot be unpacked: {error.strerror or error}.") from error
    return into


def _check(archive: Path, members: list[zipfile.ZipInfo], room: int) -> None:
    """Refuse by what the archive says of itself, before anything is written."""
    if not members:
        raise ArchiveError(f"{archive.name} is empty.")
    if len(members) > _MOST_FILES:
        raise ArchiveError(f"{archive.name} holds {len(members)} files; a case has {_MOST_FILES} at most.")
    total, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if total > room:
        raise ArchiveError(
            f"{archive.name} would unpack to {total / 1e9:.1f} GB, and there is room for {max(room, 0) / 1e9:.1f} GB. "
            "Unpack it yourself and open the folder."
        )
    if total > _SMALL and total > _MOST_RATIO * max(packed, 1):
        raise ArchiveError(
            f"{archive.name} would grow {total / max(packed, 1):.0f}-fold on unpacking, which no images do. If you "
            "trust it, unpack it yourself and open the folder."
        )
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
            raise ArchiveError(f"{archive.name} holds a path out of its folder, and is not unpacked.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ArchiveError(f"{archive.name} holds a link, and is not unpacked.")
        if member.flag_bits & 1:
            raise ArchiveError(f"{archive.name} is locked with a password. Unpack it yourself and open the folder.")


def _unpack(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, into: Path, left: int) -> int:
    """Write one file; its bytes are counted, whatever the archive says of them."""
    target = into.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with opened.open(member) as source, target.open("xb") as file:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > left:
                raise ArchiveError(f"{archive.name} holds more than it says, and is not unpacked.")
            file.write(block)
    return size
