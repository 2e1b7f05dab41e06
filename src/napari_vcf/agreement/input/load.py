"""All input of an analysis: exports, tables, folders and patterns."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.input.builder import ReadingsBuilder
from napari_vcf.agreement.input.export_folders import chosen_files, is_aside, set_aside
from napari_vcf.agreement.input.exports import CarriedChoice, ExportRows, schema_version_of
from napari_vcf.agreement.input.files import add_csv, add_parquet
from napari_vcf.agreement.input.masks import MaskStore
from napari_vcf.agreement.input.occasions import Occasions
from napari_vcf.agreement.input.readings import Readings
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import ReadingExport

__all__ = ["Loaded", "find_files", "load_readings"]

_TABLES = (".csv", ".parquet")
_NAMED = 10


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What was read.

    Attributes
    ----------
    readings : Readings
        Every answer.
    masks : MaskStore
        Painted masks of exported readings.
    schema_versions : dict of str to list of str
        Files by the schema version that they claim.
    aside : dict of (str, str) to str
        Case and stage to the reason why the coordinator of a study set them aside; the stage is ``all`` for a case that
        was withdrawn.
    files : tuple of Path
        The tables, and the files of first readings of which everything was taken.
    """

    readings: Readings
    masks: MaskStore
    schema_versions: dict[str, list[str]]
    aside: dict[tuple[str, str], str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


def find_files(inputs: Sequence[str | Path]) -> list[Path]:
    """Files that paths, folders and patterns name.

    Parameters
    ----------
    inputs : sequence of path
        A file (.json, .csv, .parquet), a folder (all .json below it), or a pattern with ``*``.

    Returns
    -------
    list of Path
        In the order given; each once.

    Raises
    ------
    AgreementError
        If one of them names nothing, or a file of another kind.
    """
    found: dict[Path, None] = {}
    for given in inputs:
        path = Path(given)
        if path.is_dir():
            files = sorted(path.rglob("*.json"))
            if not files:
                raise AgreementError(
                    f"Folder '{path.name}' holds no exported reading (.json). Name a table by its file."
                )
        elif path.is_file():
            files = [path]
        else:
            files = sorted(Path(name) for name in glob.glob(str(given), recursive=True))  # noqa: PTH207
            files = [file for file in files if file.is_file()]
            if not files:
                raise AgreementError(f"'{path.name}' is neither a file nor a folder, and no file fits it as a pattern.")
        for file in files:
            if file.suffix.lower() not in (".json", *_TABLES):
                raise AgreementError(
                    f"{file.name} is neither an exported reading (.json) nor a table (.csv, .parquet)."
                )
            found[file] = None
    if not found:
        raise AgreementError("There is no input: name exported readings or a table.")
    return list(found)


def load_readings(
    inputs: Sequence[str | Path],
    *,
    repeats: bool = False,
    consensus: bool = False,
    carried: CarriedChoice = "counted",
    progress: Callable[[int, int, str], None] | None = None,
) -> Loaded:
    """Read everything, one file at a time.

    Parameters
    ----------
    inputs : sequence of path
        See `find_files`.
    repeats : bool
        Whether each table after the first is a repeated reading: its occasion is its place among the tables. Of
        exports, signed ones say which reading they are; of others, a reader's second file of a stage of a case is the
        second reading. See `Occasions`.
    consensus : bool
        Whether what a study's own export holds of consensus meetings is read as well; it is left out otherwise, and
        that is said. What else is left out of such a folder: see `chosen_files`.
    carried : {"counted", "left_out"}
        What becomes of values, and of masks, that rest on drawings which a reader carried from an earlier stage; how
        many there are is said either way.
    progress : callable, optional
        Called with (files done, files in all, name).

    Returns
    -------
    Loaded

    Raises
    ------
    AgreementError, ExportError
        If something is not found or not understood, with its place; if two files are versions of one reading; if
        nothing is left to be analysed.
    """
    found = find_files(inputs)
    files, remarks = chosen_files(found, inputs, consensus=consensus)
    aside = set_aside(inputs, found)
    names = _names(files)
    builder, masks = ReadingsBuilder(aside), MaskStore()
    exports = ExportRows(builder, carried=carried)
    occasions = Occasions(repeats=repeats)
    versions: dict[str, list[str]] = {}
    withdrawn: dict[tuple[str, str], list[str]] = {}
    kept: list[Path] = []
    tables = 0
    for number, (path, name) in enumerate(zip(files, names, strict=True)):
        if progress is not None:
            progress(number, len(files), path.name)
        if path.suffix.lower() != ".json":
            tables += 1
            add = add_csv if path.suffix.lower() == ".csv" else add_parquet
            add(builder, path, occasion=tables if repeats else 1)
            kept.append(path)
            continue
        whole = read_reading(path)
        export = _without(whole, aside, name, withdrawn)
        if whole.stages and not export.stages:
            continue
        version = schema_version_of(path)
        versions.setdefault(version, []).append(name)
        record = exports.add(export, name, version, occasion=occasions.of(export, path, name))
        masks.add(export, record.reader, record.occasion, carried=carried == "counted")
        if export is whole and record.occasion == 1:
            kept.append(path)
    exports.flush()
    exports.remark_on_carried()
    exports.remark_on_refused()
    for (case, stage), who in withdrawn.items():
        what = f"Case {case}" if stage == "all" else f"Case {case}, stage {stage}"
        few = f"{', '.join(who[:_NAMED])}{' and more' if len(who) > _NAMED else ''}"
        remarks.append(f"{what} was set aside by the coordinator; what was read of it is left out: {few}.")
    builder.remark_on_aside()
    for text in remarks:
        builder.remark(text)
    if builder.empty and remarks:
        raise AgreementError(f"Nothing is left to be analysed. {' '.join(remarks)}")
    return Loaded(builder.build(), masks, versions, aside, tuple(kept))


def _names(files: Sequence[Path]) -> list[str]:
    """What files are called: by their name, or with as many folders as it takes to tell them apart."""
    names = [path.name for path in files]
    depth = 1
    while len(set(names)) < len(names) and depth < max(len(path.parts) for path in files):
        depth += 1
        count = Counter(names)
        names = [
            "/".join(path.parts[-depth:]) if count[name] > 1 else name for path, name in zip(files, names, strict=True)
        ]
    return names


def _without(
    export: ReadingExport,
    aside: Mapping[tuple[str, str], str],
    name: str,
    withdrawn: dict[tuple[str, str], list[str]],
) -> ReadingExport:
    """A reading without the stages that were set aside, which are noted by what set them aside."""
    keys = {stage: is_aside(aside, export.case, stage) for stage in export.stages}
    for key in dict.fromkeys(key for key in keys.values() if key is not None):
        withdrawn.setdefault(key, []).append(name)
    if not any(keys.values()):
        return export
    return export.model_copy(update={"stages": {stage: export.stages[stage] for stage in keys if keys[stage] is None}})
