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
from napari_vcf.language import Sentence, say
from napari_vcf.records.errors import system_says

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
                    raise CancelledError(say("Unpacking was stopped."))
                if progress is not None:
                    progress(number, len(members), say("unpacking {archive}", archive=archive.name))
                left -= _unpack(archive, opened, member, into, left)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ArchiveError(
            say("{archive} is not a zip file, or is damaged: {error}.", archive=archive.name, error=error)
        ) from error
    except (RuntimeError, NotImplementedError) as error:
        raise ArchiveError(
            say(
                "{archive} cannot be unpacked: {error}. Unpack it yourself and open the folder.",
                archive=archive.name,
                error=error,
            )
        ) from error
    except OSError as error:
        raise ArchiveError(
            say(
                "{archive} cannot be unpacked: {reason}.",
                archive=archive.name,
                reason=system_says(error, Sentence(str(error))),
            )
        ) from error
    return into


def _check(archive: Path, members: list[zipfile.ZipInfo], room: int) -> None:
    """Refuse by what the archive says of itself, before anything is written."""
    if not members:
        raise ArchiveError(say("{archive} is empty.", archive=archive.name))
    if len(members) > _MOST_FILES:
        raise ArchiveError(
            say(
                "{archive} holds {count} files; a case has {most} at most.",
                archive=archive.name,
                count=len(members),
                most=_MOST_FILES,
            )
        )
    total, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if total > room:
        raise ArchiveError(
            say(
                "{archive} would unpack to {total:.1f} GB, and there is room for {room:.1f} GB. Unpack it "
                "yourself and open the folder.",
                archive=archive.name,
                total=total / 1000000000.0,
                room=max(room, 0) / 1000000000.0,
            )
        )
    if total > _SMALL and total > _MOST_RATIO * max(packed, 1):
        raise ArchiveError(
            say(
                "{archive} would grow {total:.0f}-fold on unpacking, which no images do. If you trust it, unpack "
                "it yourself and open the folder.",
                archive=archive.name,
                total=total / max(packed, 1),
            )
        )
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
            raise ArchiveError(
                say("{archive} holds a path out of its folder, and is not unpacked.", archive=archive.name)
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ArchiveError(say("{archive} holds a link, and is not unpacked.", archive=archive.name))
        if member.flag_bits & 1:
            raise ArchiveError(
                say(
                    "{archive} is locked with a password. Unpack it yourself and open the folder.", archive=archive.name
                )
            )


def _unpack(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, into: Path, left: int) -> int:
    """Write one file; its bytes are counted, whatever the archive says of them."""
    target = into.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with opened.open(member) as source, target.open("xb") as file:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > left:
                raise ArchiveError(say("{archive} holds more than it says, and is not unpacked.", archive=archive.name))
            file.write(block)
    return size
