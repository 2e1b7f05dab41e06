"""Errors of records on disk, and what helps against what the system says of a file."""

from __future__ import annotations

import errno
from typing import Final

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say

__all__ = ["OPEN_FILES", "WriteError", "what_helps"]

#: Codes that say something of the open files of this machine, and nothing of the one that was asked for.
OPEN_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_NO_RIGHT: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class WriteError(NapariVcfError):
    """A file that could not be written; an earlier file under its name is untouched."""


def what_helps(error: OSError) -> str:
    """What a person can do about what the system says, as a sentence without its full stop."""
    if error.errno in OPEN_FILES:
        return say("Close other windows and programs")
    if error.errno in _NO_ROOM:
        return say("Make room on the disk")
    if error.errno in _NO_RIGHT:
        return say("Restore the permission")
    return say("Remove the cause (reconnect the share, look after the disk)")
