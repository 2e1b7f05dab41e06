"""Errors of records on disk, and what helps against what the system says of a file."""

from __future__ import annotations

import errno
from typing import Final

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import Sentence, say

__all__ = ["OPEN_FILES", "SYSTEM_REASONS", "WriteError", "system_says", "what_helps"]

#: Codes that say something of the open files of this machine, and nothing of the one that was asked for.
OPEN_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_NO_RIGHT: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

#: What systems say of files, as they write it; the window shows these in the person's language.
SYSTEM_REASONS: Final = (
    "Bad file descriptor",
    "Cannot allocate memory",
    "Connection timed out",
    "Device or resource busy",
    "Disk quota exceeded",
    "File exists",
    "File name too long",
    "File too large",
    "Input/output error",
    "Invalid argument",
    "Is a directory",
    "No locks available",
    "No space left on device",
    "No such device",
    "No such file or directory",
    "Not a directory",
    "Operation not permitted",
    "Permission denied",
    "Read-only file system",
    "Stale file handle",
    "Too many levels of symbolic links",
    "Too many open files",
    "Transport endpoint is not connected",
)
_REFUSED: Final = say("refused")


class WriteError(NapariVcfError):
    """A file that could not be written; an earlier file under its name is untouched."""


def system_says(error: OSError, otherwise: Sentence = _REFUSED) -> Sentence:
    """What the system says of a file, in its words, as part of a sentence; ``otherwise`` where it says nothing."""
    return Sentence(error.strerror) if error.strerror else otherwise


def what_helps(error: OSError) -> str:
    """What a person can do about what the system says, as a sentence without its full stop."""
    if error.errno in OPEN_FILES:
        return say("Close other windows and programs")
    if error.errno in _NO_ROOM:
        return say("Make room on the disk")
    if error.errno in _NO_RIGHT:
        return say("Restore the permission")
    return say("Remove the cause (reconnect the share, look after the disk)")
