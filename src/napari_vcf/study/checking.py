"""Whether a study is whole: every journal, snapshot, seal, prepared case and export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from napari_vcf.errors import NapariVcfError
from napari_vcf.reading.base import Stage
from napari_vcf.reading.document import SealExport
from napari_vcf.reading.sealing import check_seal
from napari_vcf.study.errors import DamagedError, StudyError
from napari_vcf.study.folder import StudyFolder, StudyRecord
from napari_vcf.study.journal import HEAD, JOURNAL, JournalView, inspect_journal
from napari_vcf.study.order import Task, tasks_of
from napari_vcf.study.preparation import REPORT
from napari_vcf.study.prepare import PrepareReport
from napari_vcf.study.prepared import PARTS, CaseRecord, PartRecord
from napari_vcf.study.proposal import PROPOSAL, ProposalRecord
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.records import read_record
from napari_vcf.study.register import Event, events_of
from napari_vcf.study.roles import ROLES, RolesRecord
from napari_vcf.study.session import SNAPSHOT, Origin, Snapshot, seal_path, versions_of
from napari_vcf.study.versions import model_of

__all__ = ["CheckReport", "Damage", "check_study"]


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
    """

    place: str
    entry: int | None
    what: str

    def __str__(self) -> str:
        entry = "" if self.entry is None else f", entry {self.entry}"
        return f"{self.place}{entry}: {self.what}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was looked at.

    Attributes
    ----------
    journals, seals, exports : int
        How many.
    damages : tuple of Damage
        Empty where everything is whole.
    """

    journals: int
    seals: int
    exports: int
    damages: tuple[Damage, ...]


def check_study(root: Path | str, *, exports: Path | str | None = None) -> CheckReport:
    """Check a study folder; nothing in it is changed.

    Parameters
    ----------
    root : path
        The study folder.
    exports : path, optional
        Folder of exports that is checked as well; the study's own ``exports`` always is.

    Returns
    -------
    CheckReport

    Raises
    ------
    StudyError
        If it is no study at all.
    """
    folder = StudyFolder(Path(root))
    try:
        record, protocol = folder.read()
    except DamagedError as error:
        return CheckReport(0, 0, 0, (Damage("study.json", None, str(error)),))
    return _Check(folder, record, protocol).run([folder.root / "exports", *([Path(exports)] if exports else [])])


class _Check:
    """Collects damages on a walk through the study."""

    def __init__(self, folder: StudyFolder, record: StudyRecord, protocol: StudyProtocol) -> None:
        self.folder = folder
        self.record = record
        self.protocol = protocol
        self.damages: list[Damage] = []
        self.journals = self.seals = self.exports = 0
        #: (reader, case, stage, occasion, version) -> hash of the seal
        self.signed: dict[tuple[Any, ...], str] = {}

    def run(self, exports: list[Path]) -> CheckReport:
        self._cases()
        for reader in self.record.readers:
            if not self.folder.reader(reader).is_dir():
                self._damage(self.folder.reader(reader), "the reader's folder is missing, with everything in it.")
            for task in tasks_of(self.protocol, self.record.seed, self.record.cases, reader):
                self._stage(reader, task)
            self._register(reader)
        for case in self.record.cases:
            for stage in self.protocol.protocol.stages:
                self._consensus(case, stage)
        for place in exports:
            for path in sorted(place.rglob("*.json")) if place.is_dir() else ():
                self._export(path)
        return CheckReport(self.journals, self.seals, self.exports, tuple(self.damages))

    def _damage(self, path: Path, what: str, entry: int | None = None) -> None:
        inside = path.is_relative_to(self.folder.root)
        place = path.relative_to(self.folder.root).as_posix() if inside else path.name
        self.damages.append(Damage(place, entry, what))

    def _record(self, path: Path, model: Any) -> Any:
        try:
            return read_record(path, model, "The file")
        except NapariVcfError as error:
            self._damage(path, str(error))
            return None

    def _cases(self) -> None:
        for case in self.record.cases:
            folder = self.folder.case(case)
            if folder.is_dir() and self._record(folder / "case.json", CaseRecord) is not None:
                for part in PARTS:
                    self._record(folder / f"{part}.json", PartRecord)
                if (folder / PROPOSAL).exists():
                    self._record(folder / PROPOSAL, ProposalRecord)
        for name, model in ((REPORT, PrepareReport), (ROLES, RolesRecord)):
            if (self.folder.root / name).exists():
                self._record(self.folder.root / name, model)

    def _stage(self, reader: str, task: Task) -> None:
        folder = self.folder.stage(reader, task.case, task.stage, task.occasion)
        before: SealExport | None = None
        for number, path in enumerate(versions_of(folder), start=1):
            if path.name != f"v{number}":
                self._damage(path, f"version {number} is missing.")
                return
            end = self._journal(path, reader, task, number, before)
            if (path / SNAPSHOT).exists():
                self._record(path / SNAPSHOT, Snapshot)
            if not seal_path(path).exists():
                before = None
                continue
            before = self._seal(seal_path(path))
            if before is not None:
                self.signed[reader, task.case, task.stage, task.occasion, number] = before.sha256
                if end is not None and before.journal_sha256 != end:
                    self._damage(path / JOURNAL, "it does not end where it did when it was signed.")

    def _journal(self, path: Path, reader: str, task: Task, version: int, before: SealExport | None) -> str | None:
        name, view = path / JOURNAL, self._chain(path)
        if view is None:
            return None
        try:
            origin = model_of(view.entries[0].body if view.entries else None, Origin, "its first entry")
        except StudyError as error:
            self._damage(name, str(error), 1)
            return None
        is_for = (origin.study, origin.reader, origin.case, origin.stage, origin.occasion, origin.version)
        if is_for != (self.record.study, reader, task.case, task.stage, task.occasion, version):
            self._damage(name, "it belongs to another reading.", 1)
        if origin.protocol_sha256 != self.protocol.sha256:
            self._damage(name, "it was written under another protocol.", 1)
        if version > 1:
            amended = origin.amends.sha256 if origin.amends else None
            if before is None or before.sha256 != amended:
                self._damage(name, "the signed version that it amends is not there.", 1)
        return view.sha256

    def _consensus(self, case: str, stage: Stage) -> None:
        folder = self.folder.consensus(case, stage)
        for stopped in sorted(folder.parent.glob(f"{stage}-stopped-*")):
            self._chain(stopped)
        if not folder.is_dir():
            return
        end = self._chain(folder)
        seal = self._seal(seal_path(folder)) if seal_path(folder).exists() else None
        if seal is not None and end is not None and seal.journal_sha256 != end.sha256:
            self._damage(folder / JOURNAL, "it does not end where it did when it was signed.")

    def _chain(self, folder: Path) -> JournalView | None:
        """A journal that is whole; where it is not, that is said."""
        self.journals += 1
        view = inspect_journal(folder)
        if view.problem:
            self._damage(folder / JOURNAL, view.problem, view.entry)
            return None
        if view.head_torn:
            self._damage(folder / HEAD, "one of its two places is not as it was written.")
        return view

    def _seal(self, path: Path) -> SealExport | None:
        self.seals += 1
        seal, broken = _read_seal(path)
        if broken:
            self._damage(path, broken)
        return seal

    def _export(self, path: Path) -> None:
        self.exports += 1
        _, broken = _read_seal(path)
        if broken:
            self._damage(path, broken)

    def _register(self, reader: str) -> None:
        folder = self.folder.reader(reader) / "register"
        if not folder.is_dir():
            if any(key[0] == reader for key in self.signed):
                self._damage(folder, "the reader's register is missing.")
            return
        view = self._chain(folder)
        if view is None:
            return
        try:
            events = events_of(view.entries)
        except DamagedError as error:
            self._damage(folder / JOURNAL, str(error), error.entry)
            return
        for damage in self._unmatched(reader, events):
            self._damage(*damage)

    def _unmatched(self, reader: str, events: list[Event]) -> Iterator[tuple[Path, str, int | None]]:
        for event in events:
            folder = self.folder.stage(reader, event.case, event.stage, event.occasion) / f"v{event.version}"
            if not folder.is_dir():
                yield folder, "this reading was begun, and is gone.", None
            elif event.kind == "sealed":
                key = (reader, event.case, event.stage, event.occasion, event.version)
                if not seal_path(folder).exists():
                    yield seal_path(folder), "this stage was signed, and its seal is gone.", None
                elif self.signed.get(key, event.sha256) != event.sha256:
                    yield seal_path(folder), "this is not the seal that the reader signed.", None


def _read_seal(path: Path) -> tuple[SealExport | None, str]:
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return None, f"it cannot be read: {error.strerror or 'refused'}."
    broken = check_seal(text)
    if broken:
        return None, broken
    try:
        return SealExport.model_validate(json.loads(text)["seal"]), ""
    except ValidationError:
        return None, "its seal is none that this program knows."
