"""Files of a study, read whole; where too many are open, that is said, and never taken for damage."""

from __future__ import annotations

from pathlib import Path

from napari_vcf.language import say
from napari_vcf.records import atomic
from napari_vcf.records.errors import OPEN_FILES, what_helps
from napari_vcf.study.errors import TooManyFilesError

__all__ = ["read_regular"]


def read_regular(path: Path) -> bytes:
    """Read a regular file; a pipe or a device in its place would make a reader wait for ever.

    Raises
    ------
    OSError
        If it cannot be read, or is something else.
    TooManyFilesError
        If too many files are open.
    """
    try:
        return atomic.read_regular(path)
    except OSError as error:
        if error.errno in OPEN_FILES:
            raise TooManyFilesError(
                say(
                    "{name} cannot be read: too many open files. Nothing was changed. {what_helps}, and do it again.",
                    name=path.name,
                    what_helps=what_helps(error),
                )
            ) from error
        raise
