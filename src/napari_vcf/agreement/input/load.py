"""All input of an analysis: exports, tables, folders and patterns."""

from __future__ import annotations

import csv
import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.input.builder import ReadingsBuilder
from napari_vcf.agreement.input.exports import CarriedChoice, ExportRows, facts_of, schema_version_of
from napari_vcf.agreement.input.files import add_csv, add_parquet
from napari_vcf.agreement.input.masks import MaskStore
from napari_vcf.agreement.input.readings import Readings
from napari_vcf.reading.export import read_reading

__all__ = ["Loaded", "find_files", "load_readings"]

_TABLES = (".csv", ".parquet")
#: The table of what the coordinator of a study set aside.
SET_ASIDE = "set-aside.csv"


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
    """

    readings: Readings
    masks: MaskStore
    schema_versions: dict[str, list[str]]
    aside: dict[tuple[str, str], str] = field(default_factory=dict)


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
        Whether each table after the first is a repeated reading: its occasion is its place among the tables. For
        exports, the occasion of a reader's second file of a case is 2.
    consensus : bool
        Whether what a study's own export holds of consensus meetings is read as well; it is left out otherwise, and
        that is said.
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
        If something is not found or not understood, with its place.
    """
    files = find_files(inputs)
    beside = set() if consensus else _not_for_agreement(inputs)
    builder, masks = ReadingsBuilder(), MaskStore()
    exports = ExportRows(builder, carried=carried)
    versions: dict[str, list[str]] = {}
    seen: dict[tuple[str, str], int] = {}
    tables = 0
    for number, path in enumerate(files):
        if progress is not None:
            progress(number, len(files), path.name)
        if path in beside:
            continue
        if path.suffix.lower() == ".json":
            versions.setdefault(schema_version_of(path), []).append(path.name)
            export, record = exports.add(path, occasion=_next_occasion(path, seen) if repeats else 1)
            masks.add(export, record.reader, record.occasion, carried=carried == "counted")
            continue
        tables += 1
        add = add_csv if path.suffix.lower() == ".csv" else add_parquet
        add(builder, path, occasion=tables if repeats else 1)
    exports.flush()
    exports.remark_on_carried()
    if left := sorted(path.name for path in files if path in beside):
        builder.remark(
            f"{len(left)} files of the study's export are no readings before a consensus and are left out: "
            f"{', '.join(left[:10])}{' and more' if len(left) > 10 else ''}."
        )
    return Loaded(builder.build(), masks, versions, _set_aside(inputs))


def _not_for_agreement(inputs: Sequence[str | Path]) -> set[Path]:
    """In the export of a study: what was settled in consensus, and versions that were amended later."""
    found: set[Path] = set()
    for place in (Path(given) for given in inputs):
        # The list that a study's export leaves; other folders may be gathered by hand, and are taken as they are.
        if (place / "SHA256SUMS").is_file():
            amended = place / "amended"
            found.update(
                path for path in place.rglob("*.json") if "_consensus_" in path.name or path.is_relative_to(amended)
            )
    return found


def _set_aside(inputs: Sequence[str | Path]) -> dict[tuple[str, str], str]:
    """What lies beside the exports of a study, in ``set-aside.csv``: what nobody read, and why."""
    found: dict[tuple[str, str], str] = {}
    for place in (Path(given) for given in inputs):
        path = place / SET_ASIDE
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            for number, line in enumerate(csv.DictReader(stream), start=2):
                if not (line.get("case") and line.get("stage") and line.get("reason")):
                    raise AgreementError(f"{path.name}, line {number}: a case, a stage and a reason are asked for.")
                found[line["case"], line["stage"]] = line["reason"]
    return found


def _next_occasion(path: Path, seen: dict[tuple[str, str], int]) -> int:
    """Count the files of one case by one reader."""
    head = facts_of(read_reading(path), path.name, "")
    seen[head.case, head.reader] = seen.get((head.case, head.reader), 0) + 1
    return seen[head.case, head.reader]
