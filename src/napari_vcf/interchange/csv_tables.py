"""Readings as tables for other programs: one row a reading, REDCap, and iMRMC."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_vcf.agreement.input.reference import read_reference
from napari_vcf.agreement.scales import PATHOLOGY
from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading import read_reading
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.export_table import reading_rows
from napari_vcf.reading.findings import NOT_ASSESSABLE, item_of_table
from napari_vcf.records.csv_cells import plain

__all__ = ["table_files"]

_KEYS = ("study", "case", "reader", "stage", "occasion", "version")
#: Unit -> what it is called at the end of a column's name.
_SUFFIX = {"mm": "_mm", "cm3": "_cm3", "um2/s": "_um2_per_s", "1": "", "": ""}
#: The data dictionary's columns, in REDCap's order and words.
_DICTIONARY = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)


def table_files(paths: Iterable[Path], kind: str, *, reference: Path | None = None) -> dict[str, str]:
    """Text of the tables of one kind, by the name of their file.

    Parameters
    ----------
    paths : iterable of Path
        Exported readings.
    kind : {"csv", "redcap", "imrmc"}
        ``csv``: one row for each stage of each reading. ``redcap``: a data dictionary and the records for it.
        ``imrmc``: the input of iMRMC, confidence as the score and the stages as modalities.
    reference : Path, optional
        Pathology of each case (columns ``case,pathology``); iMRMC needs it, the others take none.

    Returns
    -------
    dict of str to str

    Raises
    ------
    InterchangeError
        If pathology is missing or not wanted, or nothing was read.
    """
    exports = [read_reading(path) for path in paths]
    if not exports:
        raise InterchangeError("There is no signed reading to write a table of.")
    if kind == "imrmc":
        if reference is None:
            raise InterchangeError("iMRMC needs the truth of each case: name it with --reference PATHOLOGY.csv.")
        return {"imrmc.csv": _imrmc(exports, reference)}
    if reference is not None:
        raise InterchangeError(f"The format {kind} holds no pathology; leave --reference out.")
    rows = [row for export in exports for row in _rows(export)]
    columns = [*_KEYS, *dict.fromkeys(name for row in rows for name in row if name not in _KEYS)]
    if kind == "csv":
        return {"readings.csv": _text(columns, rows)}
    return _redcap(columns, rows)


def _rows(export: ReadingExport) -> list[dict[str, object]]:
    stages: dict[str, dict[str, object]] = {}
    for row in reading_rows(export):
        if row.stage not in stages:
            stages[row.stage] = {
                "study": export.study,
                "case": export.case,
                "reader": export.reader,
                "stage": row.stage,
                "occasion": export.occasion,
                "version": export.seal.version if export.seal is not None else "",
            }
        stages[row.stage][row.item + _SUFFIX[row.unit]] = row.value
    return list(stages.values())


def _text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: plain(value) for key, value in row.items()} for row in rows)
    return stream.getvalue()


def _redcap(columns: Sequence[str], rows: Sequence[dict[str, object]]) -> dict[str, str]:
    """REDCap identifies a record by its first field; ours is made of what tells readings apart."""
    records = [
        {
            "record_id": "-".join(str(row[key]) for key in ("case", "reader", "stage", "occasion")),
            **{_field_name(name): value for name, value in row.items()},
        }
        for row in rows
    ]
    fields = ["record_id", *columns]
    # A number may be 'not_assessable', which REDCap would refuse in a field of numbers.
    worded = {name for row in rows for name, value in row.items() if value == NOT_ASSESSABLE}
    dictionary = [_field(name, numbers=name not in worded) for name in fields]
    return {
        "redcap-dictionary.csv": _text(_DICTIONARY, dictionary),
        "redcap-records.csv": _text([_field_name(name) for name in fields], records),
    }


def _field_name(name: str) -> str:
    """Name of a column as REDCap takes it: small letters, digits and underscores."""
    key, found, form = name.partition("@")
    return f"{key}__form{form}" if found else name


def _field(name: str, *, numbers: bool) -> dict[str, object]:
    item, form = item_of_table(name), name.partition("@")[2]
    answers = () if item is None else tuple(map(str, item.values or item.outcomes))
    row: dict[str, object] = {
        "Variable / Field Name": _field_name(name),
        "Form Name": "vcf_reading",
        "Field Type": "radio" if answers else "text",
        "Field Label": name.replace("_", " ") if item is None else f"{item.label}{f' (form {form})' if form else ''}",
        "Section Header": INTENDED_USE if name == "record_id" else "",
    }
    if answers:
        choices = [*answers, *([NOT_ASSESSABLE] if item is not None and item.may_be_left_open else [])]
        row["Choices, Calculations, OR Slider Labels"] = " | ".join(f"{value}, {value}" for value in choices)
    elif name in ("occasion", "version"):
        row["Text Validation Type OR Show Slider Number"] = "integer"
    elif item is None and name not in ("record_id", *_KEYS):
        row["Text Validation Type OR Show Slider Number"] = "number" if numbers else ""
        unit = next((unit for unit, end in _SUFFIX.items() if end and name.endswith(end)), "")
        row["Field Note"] = unit if numbers else f"{unit} or {NOT_ASSESSABLE}".strip()
    return row


def _imrmc(exports: Sequence[ReadingExport], reference: Path) -> str:
    """The input of iMRMC: truth rows by the reader -1, then one row for each score (Gallas, iMRMC user guide)."""
    known = read_reference(reference)
    truth = dict(zip(known.cases, (PATHOLOGY[int(code)] for code in known.pathology), strict=True))
    scores = [
        (row["reader"], row["case"], row["stage"], row["confidence"])
        for export in exports
        if export.kind == "reading" and export.occasion == 1
        for row in _rows(export)
        if row.get("confidence", NOT_ASSESSABLE) != NOT_ASSESSABLE
    ]
    cases = list(dict.fromkeys(str(case) for _, case, _, _ in scores))
    without = [case for case in cases if case not in truth]
    if without:
        raise InterchangeError(
            f"{reference.name} says nothing of case {without[0]}; iMRMC needs the truth of each case."
        )
    ill = [case for case in cases if truth[case] == "malignant"]
    lines = [
        f"# {INTENDED_USE}",
        "# Score: confidence from 1 definitely benign to 5 definitely malignant; truth: 1 malignant, 0 benign.",
        f"NR: {len({reader for reader, *_ in scores})}",
        f"N0: {len(cases) - len(ill)}",
        f"N1: {len(ill)}",
        f"NM: {len({stage for *_, stage, _ in scores})}",
        "",
        "BEGIN DATA:",
        *(f"-1,{case},0,{int(case in ill)}" for case in cases),
        *(",".join(map(str, score)) for score in scores),
    ]
    return "\n".join(lines) + "\n"
