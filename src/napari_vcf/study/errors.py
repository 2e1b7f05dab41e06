"""Errors of a study."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import joined, say
from napari_vcf.reading.issues import Issue
from napari_vcf.records.errors import system_says, what_helps

__all__ = [
    "ClockError",
    "DamagedError",
    "JournalError",
    "LockedError",
    "NotYetError",
    "StudyError",
    "TooManyFilesError",
    "UnfinishedError",
    "says_what_is_out_of_reach",
]

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class StudyError(NapariVcfError):
    """Something is wrong with a study, its folder or its protocol file."""


class DamagedError(StudyError):
    """A record was changed, cut or lost outside the program.

    Attributes
    ----------
    entry : int or None
        Number of the first damaged entry, where the record has entries.
    """

    def __init__(self, sentence: str, *, entry: int | None = None) -> None:
        super().__init__(sentence)
        self.entry = entry


class ClockError(StudyError):
    """The machine's clock cannot be right; the reader is asked."""


class JournalError(StudyError):
    """A change could not be written down, and so was not made; nothing written before is lost."""


class LockedError(StudyError):
    """The case is open elsewhere."""


class TooManyFilesError(StudyError):
    """A file could not be read because too many are open; it may be whole."""


class NotYetError(StudyError):
    """The washout interval or the order of reading does not allow it now."""


class UnfinishedError(StudyError):
    """A stage cannot be signed because something is missing.

    Attributes
    ----------
    missing : tuple of Issue, or of str
        What is missing; the ``str`` of each is a sentence.
    """

    def __init__(self, missing: tuple[Issue, ...] | tuple[str, ...]) -> None:
        sentences = (item if isinstance(item, str) else item.text for item in missing)
        super().__init__(joined(" ", (say("The stage cannot be signed yet."), *sentences)))
        self.missing = missing


def says_what_is_out_of_reach(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Turn what the system says of a file that is only looked at into a sentence: a `StudyError`."""

    @functools.wraps(function)
    def call(*args: _Given.args, **options: _Given.kwargs) -> _Result:
        try:
            return function(*args, **options)
        except OSError as error:
            raise StudyError(
                say(
                    "A file of the study cannot be reached: {value}. What was confirmed is safe. "
                    "{what_helps}, and do it again.",
                    value=system_says(error),
                    what_helps=what_helps(error),
                )
            ) from error

    return call
