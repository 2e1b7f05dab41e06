"""How a journal and its head are written: lines in a chain of hashes, and places that say how far it reaches."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

__all__ = [
    "HEAD",
    "JOURNAL",
    "PLACE_BYTES",
    "ROOT",
    "Entry",
    "chained",
    "format_place",
    "format_places",
    "parse_line",
    "parse_place",
]

JOURNAL: Final = "journal.jsonl"
HEAD: Final = "journal.head"
#: What the chain begins with.
ROOT: Final = "0" * 64
#: Bytes of a place: number, hash, and a check on both.
PLACE_BYTES: Final = 12 + 1 + 64 + 1 + 12 + 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes
    ----------
    number : int
        From 1, without a gap.
    at : datetime
        UTC; never before the entry before.
    kind : str
        What it is.
    body : dict
        What it says.
    """

    number: int
    at: datetime
    kind: str
    body: dict[str, Any]


def chained(before: str, text: str) -> str:
    """The next hash of the chain."""
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def format_place(number: int, sha256: str) -> bytes:
    """One place of a head: how far the chain reaches, and its hash there."""
    stated = f"{number:012d} {sha256}"
    return f"{stated} {hashlib.sha256(stated.encode()).hexdigest()[:12]}\n".encode()


def parse_place(data: bytes) -> tuple[int, str] | None:
    """Number and hash of a place; None where it is not as it was written."""
    number, _, rest = data.decode("ascii", "replace").partition(" ")
    if not number.isdecimal() or not number.isascii() or format_place(int(number), rest[:64]) != data:
        return None
    return int(number), rest[:64]


def parse_line(line: bytes, before: str, number: int) -> tuple[Entry, str] | None:
    """Entry and hash of a line; None where it does not go on from the hash before it."""
    text = line.decode("utf-8", "replace")
    sha256, _, content = text.partition(" ")
    if sha256 != chained(before, content):
        return None
    try:
        entry = json.loads(content)
        found = Entry(entry["n"], datetime.fromisoformat(entry["at"]), entry["kind"], entry["body"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    sound = found.number == number and found.at.tzinfo is not None and isinstance(found.body, dict)
    return (found, sha256) if sound else None


def format_places(number: int, sha256: str, before: str) -> bytes:
    """Both places of a head or a note of progress."""
    places = sorted([(number - 1, before), (number, sha256)], key=lambda place: place[0] % 2)
    return b"".join(format_place(*place) for place in places)
