"""What can be wrong with a study, as data: where, what, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Damage", "Found", "WayOut"]


class WayOut(StrEnum):
    """What helps against a damage."""

    #: Its sentence says so, as that of every error does.
    SAID = "said"
    RESTORE = "restore"
    #: What lies beside it belongs to it.
    RESTORE_FOLDER = "restore_folder"
    PREPARE = "prepare"
    EXPORT = "export"
    TAKE_AWAY = "take_away"
    #: Somebody must find out what it is.
    COMPARE = "compare"

    @property
    def sentence(self) -> str:
        """The same for people; empty where the damage says it itself."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    WayOut.SAID: "",
    WayOut.RESTORE: "Restore it from a backup.",
    WayOut.RESTORE_FOLDER: "Restore its folder from a backup, with all that lies in it; if there is none, report it "
    "with the study.",
    WayOut.PREPARE: "Prepare the case again.",
    WayOut.EXPORT: "Take it away and export again.",
    WayOut.TAKE_AWAY: "Take it away.",
    WayOut.COMPARE: "If a share made it of a conflict, compare it and take it away.",
}


class Found(NamedTuple):
    """One thing found on a walk through the files of a study; the fields are those of `Damage`."""

    path: Path
    what: str
    way_out: WayOut = WayOut.RESTORE_FOLDER
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as the program wrote it.

    Attributes
    ----------
    place : str
        Path within the study folder.
    entry : int or None
        First damaged entry, for a journal.
    what : str
        A sentence.
    way_out : WayOut
        What helps.
    """

    place: str
    entry: int | None
    what: str
    way_out: WayOut

    def __str__(self) -> str:
        entry = "" if self.entry is None else f", entry {self.entry}"
        return f"{self.place}{entry}: {self.what} {self.way_out.sentence}".rstrip()
