"""Exports of a study: the signed documents, byte for byte."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_vcf.reading import ReadingExport
from napari_vcf.reading.export_migrations import migrate
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import Stage
from napari_vcf.records.csv_cells import plain
from napari_vcf.records.export_list import AMENDED, LIST, SET_ASIDE, is_as_written, listed_files, text_of_list
from napari_vcf.records.sealing import check_seal, sha256_of
from napari_vcf.study.damage import Found, WayOut
from napari_vcf.study.decisions import Decisions, read_decisions
from napari_vcf.study.errors import DamagedError, StudyError, says_what_is_out_of_reach
from napari_vcf.study.protocol import StudyProtocol
from napari_vcf.study.reading_order import tasks_of_study
from napari_vcf.study.regular_files import read_regular
from napari_vcf.study.set_aside import Aside, SetAside
from napari_vcf.study.stage_files import SEAL, seal_path, versions_of
from napari_vcf.study.study_folder import StudyFolder, StudyRecord

__all__ = [
    "SealedStage",
    "amended_after_consensus",
    "changed_exports",
    "export_study",
    "sealed_stages",
    "unlisted_exports",
]


@dataclass(frozen=True, slots=True)
class SealedStage:
    """One signed version.

    Attributes
    ----------
    name : str
        Name of its export, without the suffix.
    path : Path
        The seal's file.
    counts : bool
        Whether it is the one that is analysed: no later version is signed, or none before a consensus.
    after_consensus : bool
        Whether it was signed by a reader who knew what had been settled.
    """

    name: str
    case: str
    reader: str
    stage: Stage
    occasion: int
    path: Path
    counts: bool
    after_consensus: bool = False


def sealed_stages(folder: StudyFolder, record: StudyRecord, protocol: StudyProtocol) -> Iterator[SealedStage]:
    """Every signed version of every stage, and every signed consensus."""
    for reader in record.readers:
        for task in tasks_of_study(protocol, record, reader):
            versions = versions_of(folder.stage(reader, task.case, task.stage, task.occasion))
            signed = [path for path in versions if seal_path(path).exists()]
            again = f"_again{task.occasion}" if task.occasion > 1 else ""
            for path in signed:
                amended = f"_{path.name}" if path.name != "v1" else ""
                name = f"{task.case}_{reader}_{task.stage}{again}{amended}"
                yield SealedStage(
                    name, task.case, reader, task.stage, task.occasion, seal_path(path), path == signed[-1]
                )
    for case in record.cases:
        for stage in protocol.protocol.stages:
            path = folder.consensus(case, stage) / SEAL
            if path.exists():
                yield SealedStage(f"{case}_consensus_{stage}", case, "", stage, 1, path, True)


def _text_of(stage: SealedStage) -> str:
    text = stage.path.read_bytes().decode("utf-8", "replace")
    broken = check_seal(text)
    if broken:
        raise DamagedError(f"{stage.name} is not exported: {broken} Run 'napari-vcf check'.")
    return text


def _seal_of(stage: SealedStage) -> str:
    sha256: str = json.loads(_text_of(stage))["seal"]["sha256"]
    return sha256


def _as_they_count(stages: Sequence[SealedStage]) -> list[SealedStage]:
    """The same, where what a signed consensus rests on stays what is analysed.

    Whoever amends a reading after its consensus knows what the others saw; agreement is between readings before it.
    """
    consensus = {(stage.case, stage.stage): stage for stage in stages if not stage.reader}
    versions: dict[Path, list[SealedStage]] = {}
    for stage in stages:
        versions.setdefault(stage.path.parents[1] if stage.reader else stage.path, []).append(stage)
    found = []
    for of_one in versions.values():
        first = of_one[0]
        settled = consensus.get((first.case, first.stage))
        if settled is None or len(of_one) == 1 or first.occasion > 1:
            found += of_one
            continue
        told = ReadingExport.model_validate_json(migrate(_text_of(settled))).consensus
        rests_on = set() if told is None else set(told.readings.values())
        named = next((number for number, stage in enumerate(of_one) if _seal_of(stage) in rests_on), None)
        if named is None:
            raise DamagedError(
                f"{first.name} is not exported: the version that the consensus rests on is not there. "
                "Run 'napari-vcf check'."
            )
        found += [
            replace(stage, counts=number == named, after_consensus=number > named)
            for number, stage in enumerate(of_one)
        ]
    return found


def _exported(
    folder: StudyFolder, record: StudyRecord, protocol: StudyProtocol, readers: Sequence[str], withdrawn: set[str]
) -> list[SealedStage]:
    """What an export may hold."""
    unknown = sorted(set(readers) - set(record.readers))
    if unknown:
        raise StudyError(f"The study has no reader '{unknown[0]}'.")
    stages = [stage for stage in sealed_stages(folder, record, protocol) if stage.case not in withdrawn]
    return [stage for stage in _as_they_count(stages) if not readers or stage.reader in readers]


def _withdrawn(decisions: Decisions) -> set[str]:
    return {entry.case for entry in decisions.set_aside if entry.case and entry.kind == "case_withdrawn"}


@says_what_is_out_of_reach
def amended_after_consensus(root: Path | str, *, readers: Sequence[str] = ()) -> list[str]:
    """Versions that were signed after the consensus on their stage, and so are none to be analysed.

    Parameters
    ----------
    root : path
        The study folder.
    readers : sequence of str
        As for `export_study`.

    Returns
    -------
    list of str
        Names, as those of their exports.

    Raises
    ------
    StudyError, DamagedError
        As for `export_study`.
    """
    folder = StudyFolder(Path(root))
    stages = _exported(folder, *folder.read(), readers, _withdrawn(read_decisions(folder)))
    return [stage.name for stage in stages if stage.after_consensus]


@says_what_is_out_of_reach
def export_study(
    root: Path | str, out: Path | str, *, readers: Sequence[str] = (), versions: bool = False
) -> list[Path]:
    """Write the signed stages of a study as JSON, one file each.

    Parameters
    ----------
    root : path
        The study folder.
    out : path
        Folder for the files; made if it is not there. A file that is there already and is the same is left; one that
        differs is refused. One that counts no more, of a withdrawn case or a version amended since, stays and is no
        longer on the list; `unlisted_exports` names it.
    readers : sequence of str
        Only these readers, and no consensus; all if empty.
    versions : bool
        Whether versions that do not count are written as well, into the folder ``amended``: those that were amended
        later, and amendments made after the consensus on the stage.

    Returns
    -------
    list of Path
        The files, in the order of readers and cases.

    Raises
    ------
    StudyError
        If the study has no such reader.
    DamagedError
        If a seal does not hold, or it cannot be told what the protocol skips; nothing is written then.
    WriteError
        If a file cannot be written.
    """
    folder = StudyFolder(Path(root))
    record, protocol = folder.read()
    decisions = read_decisions(folder)
    withdrawn = _withdrawn(decisions)
    every = _exported(folder, record, protocol, readers, withdrawn)
    chosen = [stage for stage in every if stage.counts or versions]
    texts = [_text_of(stage) for stage in chosen]
    aside = list(SetAside(folder, protocol).every(decisions, record.cases))
    target = Path(out)
    try:
        (target if all(stage.counts for stage in chosen) else target / AMENDED).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"The folder for the exports cannot be made: {error.strerror or 'refused'}.") from error
    written = []
    for stage, text in zip(chosen, texts, strict=True):
        path = (target if stage.counts else target / AMENDED) / f"{stage.name}.json"
        if not path.is_file() or path.read_bytes() != text.encode():
            write_atomically(path, text)
        written.append(path)
    _write_list(
        target,
        {path.relative_to(target).as_posix(): sha256_of(text) for path, text in zip(written, texts, strict=True)},
        withdrawn,
        {f"{stage.name}.json" for stage in every if not stage.counts},
    )
    if aside:
        _write_aside(target / SET_ASIDE, aside)
    return written


def _text_of_list(folder: Path) -> str:
    """The list of a folder; empty where there is none."""
    try:
        return read_regular(folder / LIST).decode("utf-8", "replace")
    except OSError:
        return ""


def _write_list(folder: Path, written: dict[str, str], withdrawn: set[str], amended: set[str]) -> None:
    """Note what was written; what was written earlier stays on the list, except for what counts no more."""
    before = _text_of_list(folder)
    kept = {
        name: sha256
        for name, sha256 in listed_files(before).items()
        if name not in amended and Path(name).name.split("_")[0] not in withdrawn
    }
    text = text_of_list({**kept, **written})
    if text != before:
        write_atomically(folder / LIST, text, overwrite=True)


def unlisted_exports(folder: Path) -> list[Path]:
    """Readings in a folder of exports that its own list does not name, such as those of a case withdrawn since.

    Parameters
    ----------
    folder : Path
        Into which exports were written; one without a list is left alone.

    Returns
    -------
    list of Path
        In the order of their names.
    """
    if not (folder / LIST).exists():
        return []
    listed = listed_files(_text_of_list(folder))
    found = [*folder.glob("*.json"), *(folder / AMENDED).glob("*.json")]
    return sorted(path for path in found if path.relative_to(folder).as_posix() not in listed)


def changed_exports(folder: Path) -> Iterator[Found]:
    """Exports that a folder's own list names, and that are gone or are not as they were written.

    Parameters
    ----------
    folder : Path
        Into which exports were written; one without a list is left alone.
    """
    if (folder / LIST).exists():
        with contextlib.suppress(OSError):
            if not is_as_written(read_regular(folder / LIST).decode("utf-8", "replace")):
                yield Found(folder / LIST, "it is not as it was written.", WayOut.EXPORT)
                return
    for name, sha256 in listed_files(_text_of_list(folder)).items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            yield Found(folder / LIST, "it names a file outside of its folder.", WayOut.EXPORT)
        elif not path.exists():
            yield Found(path, "this export was written, and is gone. Export again.", WayOut.SAID)
        elif not path.is_file() or sha256_of(path.read_bytes().decode("utf-8", "replace")) != sha256:
            yield Found(path, "this export is not as it was written.", WayOut.EXPORT)


def _write_aside(path: Path, aside: Sequence[Aside]) -> None:
    """What is not read, with the reason: a table, so that an analysis can count it."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(("case", "stage", "kind", "reason"))
    for entry in aside:
        table.writerow((entry.case, entry.stage or "all", entry.kind, plain(entry.reason)))
    write_atomically(path, stream.getvalue(), overwrite=True)
