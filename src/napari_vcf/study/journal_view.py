"""What a journal's files hold, and what is wrong with them; nothing here changes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from napari_vcf.language import say
from napari_vcf.records.base import FrozenModel
from napari_vcf.records.errors import system_says
from napari_vcf.study.errors import DamagedError
from napari_vcf.study.journal_format import HEAD, JOURNAL, PLACE_BYTES, ROOT, Entry, parse_line, parse_place
from napari_vcf.study.regular_files import read_regular

__all__ = [
    "JournalView",
    "inspect_journal",
    "models_of",
    "outrun",
    "progress_problem",
    "read_files",
    "read_journal",
    "view_of",
    "whole",
]

_Model = TypeVar("_Model", bound=FrozenModel)
#: How often the files are read until no change came in between.
_LOOKS: Final = 20


@dataclass(frozen=True, slots=True)
class JournalView:
    """What a journal's files hold, without a change to them.

    Attributes
    ----------
    entries : tuple of Entry
        The whole entries.
    hashes : tuple of str
        End of the chain over the entries up to each of them.
    sha256, before : str
        End of the chain over them, and over all but the last.
    size : int
        Bytes of them.
    torn : int
        Bytes after them that a power cut left, and that were never confirmed.
    head_behind : bool
        Whether the head must be written anew.
    head_torn : bool
        Whether one of its two places is not as it was written.
    problem : str
        What is damaged, as a sentence; empty where the journal is whole.
    entry : int or None
        The first damaged entry.
    """

    entries: tuple[Entry, ...]
    hashes: tuple[str, ...]
    sha256: str
    before: str
    size: int
    torn: int
    head_behind: bool
    head_torn: bool
    problem: str
    entry: int | None


def read_files(folder: Path) -> tuple[bytes, bytes]:
    """Journal and head of one moment: who reads on meanwhile writes to the one and then to the other."""
    for _ in range(_LOOKS):
        before = read_regular(folder / HEAD)
        data = read_regular(folder / JOURNAL)
        head = read_regular(folder / HEAD)
        if head == before:
            break
    return data, head


def inspect_journal(folder: Path) -> JournalView:
    """Read a journal and say what is wrong with it.

    Parameters
    ----------
    folder : Path
        Where its two files are.

    Returns
    -------
    JournalView
    """
    try:
        return view_of(*read_files(folder))
    except OSError as error:
        return JournalView(
            (),
            (),
            ROOT,
            ROOT,
            0,
            0,
            False,
            False,
            say("it cannot be read: {strerror}.", strerror=system_says(error)),
            1,
        )


def view_of(data: bytes, head: bytes) -> JournalView:
    """What the bytes of a journal and of its head hold."""
    entries: list[Entry] = []
    hashes: list[str] = []
    sha256 = before = ROOT
    size = 0
    while (end := data.find(b"\n", size)) >= 0:
        parsed = parse_line(data[size:end], sha256, len(entries) + 1)
        if parsed is None:
            break
        before, sha256 = sha256, parsed[1]
        entries.append(parsed[0])
        hashes.append(sha256)
        size = end + 1
    places = [parse_place(head[:PLACE_BYTES]), parse_place(head[PLACE_BYTES : 2 * PLACE_BYTES])]
    problem, bad = _compare(entries, sha256, before, places, len(head), len(data) - size)
    known = max((place[0] for place in places if place), default=0)
    torn = None in places or len(head) != 2 * PLACE_BYTES
    behind = torn or known < len(entries)
    left = len(data) - size
    return JournalView(tuple(entries), tuple(hashes), sha256, before, size, left, behind, torn, problem, bad)


def _compare(
    entries: list[Entry],
    sha256: str,
    before: str,
    places: list[tuple[int, str] | None],
    head_size: int,
    torn: int,
) -> tuple[str, int | None]:
    """Whether the journal agrees with its head."""
    reached = len(entries)
    valid = [place for place in places if place is not None]
    if not valid or head_size > 2 * PLACE_BYTES:
        return say("its head is damaged, so that nobody can tell how long it was."), reached + 1
    known, stated = max(valid)
    if known > reached:
        what = say("is changed") if torn else say("is missing")
        return say(
            "entry {reached} {what}; {known} were written.", reached=reached + 1, what=what, known=known
        ), reached + 1
    if reached > known + 1 or (reached > known and torn):
        return say("entry {known} was not written by the program.", known=known + 1), known + 1
    if stated != (sha256 if reached == known else before):
        return say("entry {known} is not the one that was written.", known=known), known
    return "", None


def read_journal(folder: Path) -> JournalView:
    """Read a journal that is whole; what a power cut left behind it stays where it is.

    Raises
    ------
    DamagedError
        If it was changed or cut.
    """
    return whole(inspect_journal(folder))


def whole(view: JournalView) -> JournalView:
    """The same view; raises `DamagedError` where the journal is not whole."""
    if view.problem:
        raise DamagedError(
            say("The journal is damaged: {problem} Restore its folder from a backup.", problem=view.problem),
            entry=view.entry,
        )
    return view


def models_of(entries: Iterable[Entry], model: type[_Model], what: str) -> list[_Model]:
    """What entries say, each checked.

    Parameters
    ----------
    entries : iterable of Entry
        Of one journal.
    model : type
        What each of them is; it has a field ``kind``.
    what : str
        Whose entries they are, in sentences.

    Raises
    ------
    DamagedError
        If one is none that this program knows.
    """
    found = []
    for entry in entries:
        try:
            found.append(model.model_validate({**entry.body, "kind": entry.kind}))
        except ValidationError as error:
            raise DamagedError(
                say(
                    "Entry {number} of {what} is not one that this version of the program knows. Use the "
                    "version with which it was written, or a later one.",
                    number=entry.number,
                    what=what,
                ),
                entry=entry.number,
            ) from error
    return found


def outrun(view: JournalView, progress: Path) -> int | None:
    """How many entries there were at least, where a journal is an older copy of itself or of another reading.

    Parameters
    ----------
    view : JournalView
        Its entries.
    progress : Path
        The note of its progress, which lies where it survives what happens to the journal.

    Returns
    -------
    int or None
        None where the journal has come as far as the note, or there is none.
    """
    try:
        data = read_regular(progress)
    except OSError:
        return None
    known = max(
        filter(None, (parse_place(data[:PLACE_BYTES]), parse_place(data[PLACE_BYTES : 2 * PLACE_BYTES]))), default=None
    )
    # The first entry may be that of a journal whose beginning failed.
    if known is None or known[0] < 2:
        return None
    number, sha256 = known
    return None if len(view.hashes) >= number and view.hashes[number - 1] == sha256 else number


def progress_problem(progress: Path) -> str:
    """What is wrong with a note of progress and the way out, as a sentence; empty where nothing is."""
    try:
        data = read_regular(progress)
    except OSError as error:
        reason = system_says(error)
        return say(
            "the note of how far a journal reaches cannot be read: {reason}. Restore it from a backup.", reason=reason
        )
    if len(data) != 2 * PLACE_BYTES or None in (parse_place(data[:PLACE_BYTES]), parse_place(data[PLACE_BYTES:])):
        return say("the note of how far a journal reaches is damaged. Open what it belongs to, which writes it anew.")
    return ""
