"""The study folder: where things lie, and how a study begins.

::

    study.json, protocol.toml            what was decided; nothing changes afterwards
    cases/C001/                          prepared images of a case, without identity
    readings/R1/register/                what this reader opened and signed, in order
    readings/R1/progress/                how far each reading is, where it outlives the reading's folder
    readings/R1/C001/ct-1/v1/            one stage: journal, snapshot, and the seal once it is signed
    consensus/C001/ct/                   what the readers settled

The key that links cases to patients is another file, outside this folder, which only `study prepare` reads.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from napari_vcf.language import joined, said, say
from napari_vcf.reading.case import check_pseudonym
from napari_vcf.reading.errors import ReadingError
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import FrozenModel, Pseudonym, Stage, Timestamp, utc_now
from napari_vcf.records.errors import WriteError, system_says
from napari_vcf.records.sealing import sha256_of
from napari_vcf.study.errors import DamagedError, StudyError, says_what_is_out_of_reach
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.protocol import StudyProtocol, parse_protocol
from napari_vcf.study.regular_files import read_regular
from napari_vcf.study.versions import model_of

__all__ = ["Key", "KeyCase", "StudyFolder", "StudyRecord", "create_study", "default_key", "read_key", "write_key"]

STUDY = "study.json"
PROTOCOL = "protocol.toml"
#: Names that Windows keeps for devices, whatever the case of their letters.
_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{device}{number}" for device in ("COM", "LPT") for number in range(10)}
)
#: The folder of the journal of decisions.
DECISIONS = "decisions"
#: The name of the consensus in the place of a reader's.
CONSENSUS = "consensus"


class StudyRecord(FrozenModel):
    """What a study is: written once."""

    schema_id: Literal["napari-vcf/study"] = "napari-vcf/study"
    schema_version: Literal["1.1.0"] = "1.1.0"
    study: Pseudonym
    seed: int
    readers: Annotated[tuple[Pseudonym, ...], Field(min_length=1)]
    cases: Annotated[tuple[Pseudonym, ...], Field(min_length=1)]
    protocol_sha256: str = Field(description="over its content, whatever its comments and line ends are")
    protocol_file_sha256: str | None = Field(default=None, description="over the bytes of its copy in the study")
    created_at: Timestamp
    added: tuple[tuple[Pseudonym, ...], ...] = Field(
        default=(), exclude=True, description="cases that the coordinator added later; kept among the decisions"
    )


class KeyCase(FrozenModel):
    """The secret part of a case."""

    folder: str
    salt: str


class Key(FrozenModel):
    """Links pseudonyms to folders of images; never inside the study folder."""

    schema_id: Literal["napari-vcf/key"] = "napari-vcf/key"
    schema_version: Literal["1.0.0"] = "1.0.0"
    study: Pseudonym
    cases: dict[Pseudonym, KeyCase]


@dataclass(frozen=True, slots=True)
class StudyFolder:
    """Paths within a study folder, and its two fixed files.

    Attributes
    ----------
    root : Path
        The folder.
    """

    root: Path

    def read_record(self) -> StudyRecord:
        """Read what was decided, apart from the protocol; errors as for `read`."""
        if not (self.root / STUDY).is_file():
            raise StudyError(
                say("This folder is not a study: study.json is not there. Is the network share connected?")
            )
        record = read_record(self.root / STUDY, StudyRecord, say("The study"))
        added = tuple(added_cases(self.root / DECISIONS))
        return record.model_copy(
            update={"cases": (*record.cases, *(case for cases in added for case in cases)), "added": added}
        )

    def read(self) -> tuple[StudyRecord, StudyProtocol]:
        """Read what was decided, and check that nobody changed it.

        Raises
        ------
        StudyError
            If this is no study folder.
        DamagedError
            If study or protocol are not as they were.
        """
        record = self.read_record()
        try:
            text = read_regular(self.root / PROTOCOL).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedError(say("The study's protocol.toml cannot be read; restore it from a backup.")) from error
        try:
            protocol = parse_protocol(text, PROTOCOL)
        except StudyError as error:
            if record.protocol_file_sha256 in (None, sha256_of(text)):
                raise
            raise DamagedError(
                say("The study's protocol.toml was changed; restore it. {error}", error=error)
            ) from error
        if protocol.sha256 != record.protocol_sha256:
            raise DamagedError(say("The study's protocol.toml was changed after the study was created; restore it."))
        return record, protocol

    def check_reachable(self) -> None:
        """Refuse where the folder is gone: on a share that is not there, everything would look unread.

        Raises
        ------
        StudyError
            If the study cannot be found any more.
        """
        if not (self.root / STUDY).is_file():
            raise StudyError(
                say("The study folder cannot be reached. Is the network share connected? Try again when it is.")
            )

    def case(self, case: str) -> Path:
        """Folder of a prepared case."""
        return self.root / "cases" / case

    def in_use(self, record: StudyRecord, case: str) -> bool:
        """Whether a reader has begun on a case, so that it must stay as it is."""
        return any((self.reader(reader) / case).exists() for reader in record.readers)

    def reader(self, reader: str) -> Path:
        """Folder of one reader."""
        return self.root / "readings" / reader

    def stage(self, reader: str, case: str, stage: Stage, occasion: int) -> Path:
        """Folder of one stage, with a folder for each version."""
        return self.reader(reader) / case / f"{stage}-{occasion}"

    def progress(self, home: Path, folder: Path) -> Path:
        """Where the progress of a journal is noted outside of its folder: beside the register of the same home."""
        return home / "progress" / ".".join(folder.relative_to(home).parts)

    def consensus(self, case: str, stage: Stage) -> Path:
        """Folder of a consensus."""
        return self.root / CONSENSUS / case / stage


def added_cases(decisions: Path) -> Iterator[tuple[str, ...]]:
    """Cases that were added, by the entries of the journal of decisions that are whole.

    That the journal itself is damaged or gone is said by whoever asks for the decisions.
    """
    if not decisions.is_dir():
        return
    for entry in inspect_journal(decisions).entries:
        cases = entry.body.get("cases")
        if entry.kind == "cases_added" and isinstance(cases, list):
            yield tuple(map(str, cases))


def default_key(root: Path) -> Path:
    """Where the key lies if nothing else is said: beside the study folder."""
    return root.absolute().with_name(f"{root.absolute().name}.key.json")


def case_folders(roots: Sequence[Path]) -> list[Path]:
    """Folders of the cases: each subfolder of a root is one case; a root with files of its own is a case itself.

    Raises
    ------
    StudyError
        If a root is missing or empty, or one folder comes twice.
    """
    found: list[Path] = []
    for number, root in enumerate(roots, start=1):
        if not root.is_dir():
            raise StudyError(
                say(
                    "Image root {number} is not a folder; name folders that hold one folder for each case.",
                    number=number,
                )
            )
        entries = sorted(entry for entry in root.iterdir() if not entry.name.startswith("."))
        folders = [entry for entry in entries if entry.is_dir()]
        if not entries:
            raise StudyError(say("Image root {number} is empty.", number=number))
        found += [root] if len(folders) < len(entries) else folders
    resolved = [folder.resolve() for folder in found]
    if len(set(resolved)) != len(resolved):
        raise StudyError(say("A folder of images is named twice; each case must come once."))
    return resolved


@says_what_is_out_of_reach
def create_study(
    root: Path | str,
    *,
    protocol: Path | str,
    readers: Sequence[str],
    seed: int,
    images: Sequence[Path | str],
    key: Path | str | None = None,
    name: str | None = None,
    clock: Any = utc_now,
) -> StudyRecord:
    """Begin a study: a new folder, pseudonyms for the cases, and the key outside.

    Parameters
    ----------
    root : path
        The study folder; must not exist, or be empty.
    protocol : path
        The protocol file; a copy goes into the study.
    readers : sequence of str
        Pseudonyms of the readers.
    seed : int
        Draws the orders of reading. Pseudonyms are drawn from the system's randomness instead, so that nobody can
        work out from the seed who is who.
    images : sequence of path
        Folders, each of which holds one folder for each case.
    key : path, optional
        The key file; beside the study folder if left out.
    name : str, optional
        The study's pseudonym; the folder's name if left out.

    Returns
    -------
    StudyRecord

    Raises
    ------
    StudyError
        If something is wrong with the arguments; nothing has been made then.
    """
    folder = Path(root)
    secret = default_key(folder) if key is None else Path(key)
    try:
        text = Path(protocol).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(say("The protocol file {protocol} cannot be read.", protocol=Path(protocol).name)) from error
    rules = parse_protocol(text, Path(protocol).name)
    _check_arguments(folder, secret, readers, name)
    folders = case_folders([Path(path) for path in images])
    if rules.study.rereads > len(folders):
        raise StudyError(
            say(
                "The protocol asks for {rereads} re-readings of {cases} cases.",
                rereads=rules.study.rereads,
                cases=len(folders),
            )
        )
    width = max(3, len(str(len(folders))))
    secrets.SystemRandom().shuffle(folders)
    cases = {f"C{number:0{width}d}": path for number, path in enumerate(folders, start=1)}
    record = StudyRecord(
        study=name or folder.absolute().name,
        seed=seed,
        readers=tuple(readers),
        cases=tuple(cases),
        protocol_sha256=rules.sha256,
        protocol_file_sha256=sha256_of(text),
        created_at=clock(),
    )
    links = {case: KeyCase(folder=str(path), salt=secrets.token_hex(16)) for case, path in cases.items()}
    write_key(secret, Key(study=record.study, cases=links))
    try:
        _fill(folder, record, text)
    except (OSError, WriteError) as error:
        # Without its study the key is of no use, and would be in the way of the next attempt.
        left = _cleared(secret, folder)
        raise StudyError(
            joined(
                " ", filter(None, (say("The study folder could not be made: {reason}", reason=_reason(error)), left))
            )
        ) from error
    return record


def _cleared(key: Path, folder: Path | None = None) -> str:
    """Clear up after a failed beginning; a sentence where that failed as well."""
    with contextlib.suppress(OSError):
        key.unlink(missing_ok=True)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    left = [path.name for path in (key, folder) if path is not None and path.exists()]
    return say("Remove {names} before you try again.", names=joined(say(" and "), left)) if left else ""


def _fill(folder: Path, record: StudyRecord, protocol: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("cases", CONSENSUS, "exports", *(f"readings/{reader}" for reader in record.readers)):
        (folder / part).mkdir(parents=True)
    write_atomically(folder / PROTOCOL, protocol)
    # Last: a folder without this file is no study.
    write_record(folder / STUDY, record)


def _check_arguments(folder: Path, key: Path, readers: Sequence[str], name: str | None) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(say("The study folder exists already and is not empty; name another one."))
    try:
        check_pseudonym(name or folder.absolute().name, "study")
        for reader in readers:
            check_pseudonym(reader, "reader")
    except ReadingError as error:
        raise StudyError(said(error)) from error
    for name_ in (name or folder.absolute().name, *readers):
        if name_.upper() in _RESERVED:
            raise StudyError(
                say(
                    "'{name}' is the name of a device on Windows, where nobody could open it; choose another.",
                    name=name_,
                )
            )
    # On a share that ignores case, r1 and R1 would be one folder.
    if not readers or len({reader.lower() for reader in readers}) != len(readers):
        raise StudyError(say("Name each reader once."))
    if CONSENSUS in {reader.lower() for reader in readers}:
        raise StudyError(say("'consensus' cannot name a reader."))
    inside = folder.absolute().resolve()
    if key.absolute().resolve().is_relative_to(inside):
        raise StudyError(say("The key must lie outside the study folder: it links the cases to the patients."))
    if key.exists():
        raise StudyError(
            say("The key file {key} exists already; it may belong to another study. Name another one.", key=key.name)
        )


def write_key(path: Path, key: Key, *, overwrite: bool = False) -> None:
    """Write the key of a study, which only its owner can read; a replaced one goes once the new one is whole.

    Raises
    ------
    StudyError
        If it cannot be written.
    """
    place = path
    path = place.with_name(f".{place.name}.{secrets.token_hex(8)}.part") if overwrite else place
    made = False
    text = json.dumps(key.model_dump(mode="json"), indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        made = True
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if overwrite:
            path.replace(place)
    except OSError as error:
        left = _cleared(path) if made else ""
        raise StudyError(
            joined(
                " ",
                filter(
                    None,
                    (
                        say(
                            "The key file {path} could not be written: {reason}", path=path.name, reason=_reason(error)
                        ),
                        left,
                    ),
                ),
            )
        ) from error


def read_key(path: Path | str, study: str) -> Key:
    """Read the key of a study; for the coordinator's `prepare` alone.

    Raises
    ------
    StudyError
        If it cannot be read or belongs to another study.
    """
    source = Path(path)
    try:
        content = json.loads(read_regular(source))
    except OSError as error:
        raise StudyError(
            say("The key file {source} cannot be read; name it with --key.", source=source.name)
        ) from error
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("schema_id") != "napari-vcf/key":
        raise StudyError(say("{source} is not the key of a study.", source=source.name))
    key = model_of(content, Key, say("The key {name}", name=source.name))
    if key.study != study:
        raise StudyError(
            say(
                "{source} is the key of study {study}, not of {other}.",
                source=source.name,
                study=key.study,
                other=study,
            )
        )
    return key


def _reason(error: BaseException) -> str:
    return say("{reason}.", reason=system_says(error)) if isinstance(error, OSError) else said(error)
