"""The files of one version of a stage: how its journal begins, its snapshot and its seal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from napari_vcf.language import say
from napari_vcf.reading import LoggedAction, ReadingState
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import AmendmentExport
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import FrozenModel, ImageId, Pseudonym, Stage
from napari_vcf.records.errors import WriteError
from napari_vcf.study.errors import DamagedError
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_format import Entry

__all__ = [
    "SEAL",
    "SNAPSHOT",
    "Origin",
    "Snapshot",
    "gestures_of",
    "seal_path",
    "versions_of",
    "write_seal",
    "written_seal",
]

SEAL: Final = "seal.json"
SNAPSHOT: Final = "snapshot.json"


class Origin(FrozenModel):
    """The first entry of a journal: which reading it is."""

    schema_id: Literal["napari-vcf/journal"] = "napari-vcf/journal"
    schema_version: Literal["1.1.0"] = "1.1.0"
    study: Pseudonym
    reader: Pseudonym
    case: Pseudonym
    stage: Stage
    occasion: int
    position: int
    version: int
    protocol_sha256: str
    amends: AmendmentExport | None = None
    images: dict[ImageId, str] | None = Field(
        default=None, description="hash of the voxels and geometry of each image of the stage; None before 1.1.0"
    )
    clinical_sha256: str = Field(default="", description="of what the reader was told of the patient")
    decisions_sha256: str = Field(default="", description="end of the chain over the coordinator's decisions by then")


class Snapshot(FrozenModel):
    """The state after a change, as it was on the screen: what replaying the journal must give again."""

    schema_id: Literal["napari-vcf/snapshot"] = "napari-vcf/snapshot"
    schema_version: Literal["1.0.0"] = "1.0.0"
    number: int = Field(ge=0)
    journal_sha256: str
    state: ReadingState


def versions_of(folder: Path) -> list[Path]:
    """Folders of the versions of a stage, the first one first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.name[:1] == "v" and path.name[1:].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[1:]))


def seal_path(folder: Path) -> Path:
    """File of the seal of a version."""
    return folder / SEAL


def gestures_of(entries: Iterable[Entry]) -> list[LoggedAction]:
    """The changes in a journal.

    Raises
    ------
    DamagedError
        If one of them is none that this program knows.
    """
    try:
        return [LoggedAction.model_validate(e.body["logged"]) for e in entries if e.kind == "gesture"]
    except (ValidationError, KeyError) as error:
        raise DamagedError(say("The journal holds a change that this version of the program does not know.")) from error


def written_seal(journal: Journal) -> str | None:
    """A seal of this very journal that is there already.

    A share may do what it is asked and report a failure all the same.
    """
    path = seal_path(journal.folder)
    if not path.exists():
        return None
    seal = read_reading(path).seal
    return path.read_text(encoding="utf-8") if seal is not None and seal.journal_sha256 == journal.sha256 else None


def write_seal(journal: Journal, text: str) -> str:
    """Write a seal; returns what is there now.

    Where a share has done so and reports a failure, the stage is signed: a journal that went on would not end with it.

    Raises
    ------
    WriteError
        If it is not there.
    """
    try:
        write_atomically(seal_path(journal.folder), text, check=journal.guard)
    except WriteError:
        there = written_seal(journal)
        if there is None:
            raise
        return there
    return text
