"""Whether a study is whole: every journal, snapshot, seal, prepared case and export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from napari_vcf.errors import NapariVcfError
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import SealExport
from napari_vcf.records.base import Stage
from napari_vcf.records.sealing import check_seal
from napari_vcf.study.audit_log import Event, events_of
from napari_vcf.study.audit_log_check import consensus_gone, readings_gone
from napari_vcf.study.carried import carried_problems
from napari_vcf.study.clinical_text import CLINICAL, clinical_text_of
from napari_vcf.study.consensus_documents import ConsensusOrigin
from napari_vcf.study.damage import Damage, Found, WayOut
from napari_vcf.study.decisions import PROGRESS, Decisions, read_decisions
from napari_vcf.study.errors import DamagedError, StudyError, TooManyFilesError, says_what_is_out_of_reach
from napari_vcf.study.foreign_files import foreign_files
from napari_vcf.study.hashed_files import read_record
from napari_vcf.study.journal_format import HEAD, JOURNAL
from napari_vcf.study.journal_view import JournalView, inspect_journal, outrun, progress_problem
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.prepared_case_check import damaged_cases
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.reading_order import Task, tasks_of_study
from napari_vcf.study.regular_files import read_regular
from napari_vcf.study.seal_replay import differences
from napari_vcf.study.signature_check import SignedKey, against_receipts_and_keys
from napari_vcf.study.signed_exports import changed_exports, sealed_stages
from napari_vcf.study.stage_files import SNAPSHOT, Origin, Snapshot, seal_path, versions_of
from napari_vcf.study.study_folder import CONSENSUS, DECISIONS, PROTOCOL, STUDY, StudyFolder, StudyRecord
from napari_vcf.study.versions import model_of

__all__ = ["CheckReport", "check_study"]

_CLINICAL: Final = "Restore the folder 'clinical' from a backup."


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


@says_what_is_out_of_reach
def check_study(
    root: Path | str,
    *,
    exports: Path | str | None = None,
    receipts: Sequence[Path | str] = (),
    keys: Mapping[str, str] | None = None,
) -> CheckReport:
    """Check a study folder; nothing in it is changed.

    Parameters
    ----------
    root : path
        The study folder.
    exports : path, optional
        Folder of exports that is checked as well; the study's own ``exports`` always is.
    receipts : sequence of path
        Files that readers kept outside of the study: each signature that they name must be there as it was.
    keys : mapping of str to str, optional
        Reader to public key: every seal of that reader must be signed with it.

    Returns
    -------
    CheckReport

    Raises
    ------
    StudyError
        If it is no study at all.
    """
    folder = StudyFolder(Path(root))
    place = STUDY
    if not (folder.root / STUDY).is_file() and (folder.root / "readings").is_dir():
        return CheckReport(0, 0, 0, (Damage(STUDY, None, "it is gone.", WayOut.RESTORE),))
    try:
        folder.read_record()
        place = PROTOCOL
        record, protocol = folder.read()
    except DamagedError as error:
        return CheckReport(0, 0, 0, (Damage(place, None, str(error), WayOut.SAID),))
    places = [folder.root / "exports", *([Path(exports)] if exports else [])]
    check = _Check(folder, record, protocol)
    check.receipts = [Path(path) for path in receipts]
    check.keys = dict(keys or {})
    return check.run(list({path.resolve(): path for path in places}.values()))


class _Check:
    """Collects damages on a walk through the study."""

    def __init__(self, folder: StudyFolder, record: StudyRecord, protocol: StudyProtocol) -> None:
        self.folder = folder
        self.record = record
        self.protocol = protocol
        self.damages: list[Damage] = []
        self.journals = self.seals = self.exports = 0
        self.receipts: list[Path] = []
        self.keys: dict[str, str] = {}
        #: What is signed -> hash of its seal.
        self.signed: dict[SignedKey, str] = {}
        #: When each of them was, by its own word.
        self.signed_at: dict[SignedKey, datetime] = {}
        #: None where they are damaged.
        self.decisions: Decisions | None = None
        self._named: set[tuple[str, int | None]] = set()
        #: Places that are none of the study.
        self._strange: set[Path] = set()
        #: Journals with another place in the order of reading than the seed gives them.
        self._displaced: list[tuple[Path, str]] = []
        self._hashes: dict[tuple[str, str], dict[str, str] | None] = {}
        #: File of a seal that holds -> its hash.
        self.seal_of: dict[Path, str] = {}
        #: What a reader's folder holds, in the words of the register.
        self.there: set[tuple[Any, ...]] = set()
        #: Version that was left -> what the register says of it.
        self.left: dict[tuple[Any, ...], Event] = {}

    def run(self, exports: list[Path]) -> CheckReport:
        stated = self.record.protocol_file_sha256
        if stated not in (None, hashlib.sha256(read_regular(self.folder.root / PROTOCOL)).hexdigest()):
            self._damage(
                self.folder.root / PROTOCOL, "it is not as it was written, though its decisions are.", WayOut.RESTORE
            )
        for found in foreign_files(self.folder, self.record):
            self._damage(*found)
            self._strange.add(found.path)
        self._take(damaged_cases(self.folder, self.record))
        self._read_decisions()
        for reader in self.record.readers:
            if not self.folder.reader(reader).is_dir():
                self._damage(self.folder.reader(reader), "the reader's folder is missing, with everything in it.")
            self.there.clear()
            events = self._register(self.folder.reader(reader))
            self.left = {event.key[1:]: event for event in events or () if event.kind == "left"}
            for task in tasks_of_study(self.protocol, self.record, reader):
                self._stage(reader, task)
            if events is not None:
                self._take(readings_gone(self.folder, reader, events, self.there, self.signed))
        self._order()
        for case in self.record.cases:
            for stage in self.protocol.protocol.stages:
                self._consensus(case, stage)
        events = self._register(self.folder.root / CONSENSUS) or []
        self._take(consensus_gone(self.folder, events, self.seal_of))
        self._take(against_receipts_and_keys(self.folder, self.record, self.signed, self.receipts, self.keys))
        self._all_exports(exports)
        return CheckReport(self.journals, self.seals, self.exports, tuple(self.damages))

    def _all_exports(self, exports: list[Path]) -> None:
        names = self._names()
        for place in exports:
            for path in sorted(place.rglob("*.json")) if place.is_dir() else ():
                self._export(path, names)
            self._take(changed_exports(place))

    def _take(self, found: Iterable[Found]) -> None:
        for one in found:
            self._damage(*one)

    def _damage(self, path: Path, what: str, way_out: WayOut = WayOut.RESTORE_FOLDER, entry: int | None = None) -> None:
        inside = path.is_relative_to(self.folder.root)
        place = path.relative_to(self.folder.root).as_posix() if inside else path.name
        # What lies in a place that is none of the study, or is no file at all, is not named once more.
        if any(path == strange or path.is_relative_to(strange) for strange in self._strange):
            return
        if (place, entry) not in self._named:
            self._named.add((place, entry))
            self.damages.append(Damage(place, entry, what, way_out))

    def _record(self, path: Path, model: Any) -> Any:
        try:
            return read_record(path, model, "The file")
        except NapariVcfError as error:
            self._damage(path, str(error), WayOut.SAID)
            return None

    def _stage(self, reader: str, task: Task) -> None:
        folder = self.folder.stage(reader, task.case, task.stage, task.occasion)
        before: SealExport | None = None
        views: list[JournalView] = []
        for number, path in enumerate(versions_of(folder), start=1):
            if path.name != f"v{number}":
                self._damage(path, f"version {number} is missing.")
                return
            place = (task.case, task.stage, task.occasion, number)
            self.there.add(("opened", *place))
            # Before the journal, which a reader who is at work meanwhile only makes longer.
            signed = seal_path(path).exists()
            snapshot = self._record(path / SNAPSHOT, Snapshot) if (path / SNAPSHOT).exists() else None
            view = self._journal(path, reader, task, number, before)
            view = self._outrun(path, self.folder.reader(reader), view)
            end = None if view is None else view.sha256
            views += [] if view is None else [view]
            if snapshot is not None and view is not None and snapshot.journal_sha256 not in view.hashes:
                self._damage(path / SNAPSHOT, "it is not of this journal, or the journal is an older copy of itself.")
            if not signed:
                before = None
                continue
            self.there.add(("sealed", *place))
            before = self._seal(seal_path(path))
            self._check_end(path, view)
            if before is not None:
                if number == 1:
                    self._check_to_be_read(path, task)
                key = (reader, task.case, task.stage, task.occasion, number)
                self.signed[key], self.signed_at[key] = before.sha256, before.sealed_at
                if end is not None and before.journal_sha256 != end:
                    self._damage(path / JOURNAL, "it does not end where it did when it was signed.")
                elif len(views) == number:
                    self._replay(path, views, reader, task)

    def _check_to_be_read(self, path: Path, task: Task) -> None:
        """Name a signature of a stage that is set aside; that of a case withdrawn later is whole."""
        for decision in () if self.decisions is None else self.decisions.set_aside:
            if (decision.case, decision.stage) == (task.case, task.stage):
                what = f"this stage was signed, and the coordinator has set it aside ({decision.reason.rstrip('.')})."
                self._damage(seal_path(path), f"{what} Report it with the study.", WayOut.SAID)

    def _replay(self, path: Path, views: list[JournalView], reader: str, task: Task) -> None:
        """Compare a seal that holds with what its journal leads to."""
        try:
            origin = model_of(views[-1].entries[0].body, Origin, "its first entry")
            images = PreparedCase(self.folder.case(task.case), task.stage)
            document = read_reading(seal_path(path))
        except NapariVcfError:
            # Said of the file that it is wrong with.
            return
        if origin.images not in (None, images.hashes):
            return
        found = differences(document, [view.entries for view in views], origin, images, self.protocol)
        if found:
            self._damage(seal_path(path), f"it says otherwise than its journal: {', '.join(found)}.")
            return
        journals = [view.entries for view in views]
        for what in carried_problems(document, journals, self._own(reader, task), self.protocol.protocol):
            self._damage(seal_path(path), what)

    def _own(self, reader: str, task: Task) -> dict[str, Path]:
        """What the same reader signed of the same case on the same occasion on CT and on MRI: hash to file."""
        return {
            sha256: seal_path(self.folder.stage(reader, case, stage, occasion) / f"v{version}")
            for (who, case, stage, occasion, version), sha256 in self.signed.items()
            if (who, case, occasion) == (reader, task.case, task.occasion) and stage != task.stage
        }

    def _journal(
        self, path: Path, reader: str, task: Task, version: int, before: SealExport | None
    ) -> JournalView | None:
        name, view = path / JOURNAL, self._chain(path)
        if view is None:
            return None
        try:
            origin = model_of(view.entries[0].body if view.entries else None, Origin, "its first entry")
        except StudyError as error:
            self._damage(name, str(error), WayOut.SAID, 1)
            return None
        is_for = (origin.study, origin.reader, origin.case, origin.stage, origin.occasion, origin.version)
        if is_for != (self.record.study, reader, task.case, task.stage, task.occasion, version):
            self._damage(name, "it belongs to another reading.", entry=1)
        if origin.protocol_sha256 != self.protocol.sha256:
            self._damage(name, "it was written under another protocol.", entry=1)
        images = self._images(task)
        if origin.images is not None and images is not None and origin.images != images:
            self._damage(name, "it was begun on other images than those that are prepared now.", entry=1)
        known = None if self.decisions is None else ("", *self.decisions.hashes)
        if known is not None and origin.decisions_sha256 not in known:
            self._damage(name, "a decision of the coordinator that it names is not there.", entry=1)
        if origin.position != task.position:
            what = f"it has place {origin.position} in the order of reading, not {task.position}."
            self._displaced.append((name, what))
        if origin.clinical_sha256 != self._told(task.case):
            self._damage(
                name, f"it was begun with another clinical text than there is now. {_CLINICAL}", WayOut.SAID, 1
            )
        if version > 1:
            amended = origin.amends.sha256 if origin.amends else None
            if before is None or before.sha256 != amended:
                self._damage(name, "the signed version that it amends is not there.", entry=1)
        left = self.left.get((task.case, task.stage, task.occasion, version))
        ahead = outrun(view, self.folder.progress(self.folder.reader(reader), path))
        if ahead is None and left is not None and left.sha256 not in view.hashes:
            what = f"it is an older copy of itself: {left.entries} entries were written when the reading was left."
            self._damage(name, what, entry=len(view.entries) + 1)
        return view

    def _order(self) -> None:
        """Readings out of their order, each by itself where they are few, and the seed where they are most."""
        begun = sum(1 for reader in self.record.readers for _ in self.folder.reader(reader).glob("*/*/v*"))
        if len(self._displaced) > max(1, begun // 2):
            what = (
                f"its seed, readers or cases are not those that the readings were made with: {len(self._displaced)} of "
                f"{begun} have another place in the order."
            )
            self._damage(self.folder.root / STUDY, what, WayOut.RESTORE)
        else:
            for path, what in self._displaced:
                self._damage(path, what, entry=1)

    def _told(self, case: str) -> str:
        """Hash of the clinical text on a case; empty where there is none."""
        if self.protocol.study.clinical_text != "shown":
            return ""
        try:
            told = clinical_text_of(self.folder, case)
        except TooManyFilesError:
            raise
        except StudyError as error:
            self._damage(self.folder.root / CLINICAL / f"{case}.json", str(error), WayOut.SAID)
            return ""
        return "" if told is None else told.sha256

    def _read_decisions(self) -> None:
        try:
            self.decisions = read_decisions(self.folder)
        except DamagedError as error:
            self._damage(self.folder.root / DECISIONS / JOURNAL, str(error), WayOut.SAID, error.entry)
            return
        note = self.folder.root / PROGRESS
        if self.decisions.entries and not note.exists():
            what = (
                "it is gone, so that later decisions than the first may have been taken away. Restore it from a "
                "backup; where the first decision was broken off, 'napari-vcf study unlock --decisions' writes it."
            )
            self._damage(note, what, WayOut.SAID)

    def _images(self, task: Task) -> dict[str, str] | None:
        """Hashes of the images of a stage; None where they cannot be read, which is said of the case."""
        key = (task.case, task.stage)
        if key not in self._hashes:
            try:
                self._hashes[key] = PreparedCase(self.folder.case(task.case), task.stage).hashes
            except NapariVcfError:
                self._hashes[key] = None
        return self._hashes[key]

    def _consensus(self, case: str, stage: Stage) -> None:
        folder = self.folder.consensus(case, stage)
        for stopped in sorted(folder.parent.glob(f"{stage}-stopped-*")):
            self._settling(stopped, case, stage)
        if not folder.is_dir():
            return
        end = self._settling(folder, case, stage)
        seal = self._seal(seal_path(folder)) if seal_path(folder).exists() else None
        if seal_path(folder).exists():
            self._check_end(folder, end)
        if seal is not None:
            self.signed[CONSENSUS, case, stage, 1, 1] = seal.sha256
        if seal is not None and end is not None and seal.journal_sha256 != end.sha256:
            self._damage(folder / JOURNAL, "it does not end where it did when it was signed.")
        if seal is not None and end is not None:
            self._superseded(seal_path(folder), end, seal)

    def _superseded(self, path: Path, view: JournalView, seal: SealExport) -> None:
        """Name a consensus signed on what somebody had amended by then; who amends later leaves it as it was."""
        try:
            origin = model_of(view.entries[0].body if view.entries else None, ConsensusOrigin, "its first entry")
        except StudyError:
            # Said already.
            return
        for key in [key for key, sha256 in self.signed.items() if sha256 in origin.seals.values()]:
            if any(
                other[:-1] == key[:-1] and other[-1] > key[-1] and signed_at < seal.sealed_at
                for other, signed_at in self.signed_at.items()
            ):
                what = f"it rests on a version of {key[0]}'s reading that had been amended before this was signed."
                self._damage(path, f"{what} Report it with the study.", WayOut.SAID)

    def _settling(self, folder: Path, case: str, stage: Stage) -> JournalView | None:
        view = self._outrun(folder, self.folder.root / CONSENSUS, self._chain(folder))
        if view is None:
            return None
        try:
            origin = model_of(view.entries[0].body if view.entries else None, ConsensusOrigin, "its first entry")
        except StudyError as error:
            self._damage(folder / JOURNAL, str(error), WayOut.SAID, 1)
            return view
        if (origin.study, origin.case, origin.stage) != (self.record.study, case, stage):
            self._damage(folder / JOURNAL, "it belongs to another consensus.", entry=1)
        if not set(origin.seals.values()) <= set(self.signed.values()):
            self._damage(folder / JOURNAL, "a signed reading that it rests on is not there.", entry=1)
        return view

    def _outrun(self, folder: Path, home: Path, view: JournalView | None) -> JournalView | None:
        """The journal, where it is not an older copy of itself; where it is, that is said."""
        if view is None:
            return None
        progress = self.folder.progress(home, folder)
        noted = bool(view.entries) and view.entries[0].body.get("schema_version") != "1.0.0"
        problem = progress_problem(progress)
        if problem and (noted or progress.exists()):
            self._damage(progress, problem, WayOut.SAID)
        ahead = outrun(view, progress)
        if ahead is None:
            return view
        what = f"it is an older copy of itself: {ahead} entries were written."
        self._damage(folder / JOURNAL, what, entry=len(view.entries) + 1)
        return None

    def _check_end(self, folder: Path, view: JournalView | None) -> None:
        """After a signature nothing is written, so that no power cut can have left anything."""
        if view is not None and view.torn:
            self._damage(folder / JOURNAL, "there are bytes after its last entry.", entry=len(view.entries) + 1)

    def _chain(self, folder: Path) -> JournalView | None:
        """A journal that is whole; where it is not, that is said."""
        self.journals += 1
        view = inspect_journal(folder)
        if view.problem:
            self._damage(folder / JOURNAL, view.problem, entry=view.entry)
            return None
        if view.head_torn:
            self._damage(folder / HEAD, "one of its two places is not as it was written.")
        return view

    def _seal(self, path: Path) -> SealExport | None:
        self.seals += 1
        seal, broken = _read_seal(path)
        if seal is None:
            self._damage(path, broken)
        else:
            self.seal_of[path] = seal.sha256
        return seal

    def _names(self) -> dict[str, str]:
        """Seal to the name of its export."""
        stages = sealed_stages(self.folder, self.record, self.protocol)
        return {self.seal_of[stage.path]: stage.name for stage in stages if stage.path in self.seal_of}

    def _export(self, path: Path, names: dict[str, str]) -> None:
        self.exports += 1
        seal, broken = _read_seal(path)
        if broken or seal is None:
            self._damage(path, broken, WayOut.EXPORT)
        elif seal.sha256 not in names:
            what = "the signed reading that it is a copy of is not in the study."
            self._damage(path, f"{what} Restore that reading, or move the file to its own study.", WayOut.SAID)
        elif path.stem in names.values() and path.stem != names[seal.sha256]:
            self._damage(path, f"it holds what belongs into {names[seal.sha256]}.json.", WayOut.EXPORT)

    def _register(self, place: Path) -> list[Event] | None:
        """What a register says; None where it is damaged, which is said."""
        folder = place / "register"
        if not folder.is_dir():
            return []
        view = self._chain(folder)
        if view is None:
            return None
        try:
            return events_of(view.entries)
        except DamagedError as error:
            self._damage(folder / JOURNAL, str(error), WayOut.SAID, error.entry)
            return None


def _read_seal(path: Path) -> tuple[SealExport | None, str]:
    try:
        text = read_regular(path).decode("utf-8", "replace")
    except OSError as error:
        return None, f"it cannot be read: {error.strerror or 'refused'}."
    broken = check_seal(text)
    if broken:
        return None, broken
    try:
        return SealExport.model_validate(json.loads(text)["seal"]), ""
    except ValidationError:
        return None, "its seal is not one that this program knows."
