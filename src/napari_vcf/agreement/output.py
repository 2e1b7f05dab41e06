"""Writes an analysis: the document, a CSV file for each table, the report, and the tidy table on request."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_vcf.agreement.analysis import Analysed
from napari_vcf.agreement.document import AgreementDocument, Hypothesis, Row
from napari_vcf.agreement.errors import AgreementError, OutputError
from napari_vcf.agreement.figures import Drawn, charts_of, write_figures
from napari_vcf.agreement.input.readings import NOT_ASSESSED, Readings
from napari_vcf.agreement.output_folder import output_folder
from napari_vcf.agreement.report import Index, report_html
from napari_vcf.agreement.report.tables import GroupLine, accuracy_lines, group_lines, verdict_lines
from napari_vcf.agreement.scales import scale_of
from napari_vcf.reading.findings import NOT_ASSESSABLE
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.base import STAGES
from napari_vcf.records.csv_cells import plain

__all__ = ["write_analysis", "write_parquet"]

_GROUP_FILES = {1: "table1_baseline", 2: "table2_degree_extent", 3: "table3_morphology", 4: "table4_signal"}
_PARQUET_ROWS = 200_000


def write_analysis(
    analysed: Analysed, folder: Path | str, *, figures: bool = False, pictures: Sequence[Drawn] = ()
) -> list[Path]:
    """Write ``agreement.json``, the CSV files and ``report.html``.

    Parameters
    ----------
    analysed : Analysed
        The analysis.
    folder : path
        Made where it does not exist; files of an earlier analysis are replaced.
    figures : bool
        Whether the charts for a paper are drawn as well, into the folder ``figures`` and into the report.
    pictures : sequence of Drawn
        Further figures for both, such as `pictures_of_readings` draws; they come before the charts.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OutputError
        If the disk refuses.
    """
    document = analysed.document
    indexes = {label: Index(document.of_part(label)) for label in document.labels}
    files = {"agreement.json": document.model_dump_json(indent=1) + "\n", "agreement.csv": _rows_csv(document)}
    groups = [
        {**dataclasses.asdict(line), "part": label} for label, index in indexes.items() for line in group_lines(index)
    ]
    fields = [field.name for field in dataclasses.fields(GroupLine)]
    for number, name in _GROUP_FILES.items():
        files[f"{name}.csv"] = _csv((*fields, "part"), (line for line in groups if line["table"] == number))
    files["table5_verdicts.csv"] = _csv(
        ("stage", "reader", "verdict", "benign", "malignant", "part"),
        ({**line, "part": label} for label, index in indexes.items() for line in verdict_lines(index)),
    )
    files["table6_accuracy.csv"] = _csv(
        (*_accuracy_fields(), "part"),
        ({**line, "part": label} for label, index in indexes.items() for line in accuracy_lines(index, _pairs(index))),
    )
    files["cross_tables.csv"] = _csv(
        ("analysis", "item", "stage", "readers", "row", "column", "count", "part", "repeat"), _cross_lines(document)
    )
    files["p_values.csv"] = _csv(
        Hypothesis.model_fields,
        ({**test.model_dump(), "readers": "|".join(test.readers)} for test in document.hypotheses),
    )
    files["left_out.csv"] = _csv(
        ("analysis", "item", "stage", "readers", "case", "reason", "part", "repeat"), _left_out_lines(document)
    )
    drawn = [*pictures, *(charts_of(analysed) if figures else [])]
    files["report.html"] = report_html(analysed, [one.picture() for one in drawn])
    with output_folder(folder) as target:
        for name, text in files.items():
            write_atomically(target / name, text, overwrite=True)
    return [*(target / name for name in files), *(write_figures(drawn, target / "figures") if drawn else [])]


def _csv(fields: Iterable[str], lines: Iterable[Mapping[str, object]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: plain(value) for key, value in line.items()} for line in lines)
    return stream.getvalue()


def _rows_csv(document: AgreementDocument) -> str:
    lines = ({**row.model_dump(), "readers": "|".join(row.readers)} for row in document.rows)
    return _csv(Row.model_fields, lines)


def _pairs(index: Index) -> list[tuple[str, ...]]:
    return [pair for pair in index.readers_of("between_readers") if len(pair) == 2]


def _accuracy_fields() -> list[str]:
    names = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "kappa_against_reference", "kappa_between_readers")
    return ["stage", "reader", "positive", *(f"{name}{end}" for name in names for end in ("", "_low", "_high", "_n"))]


def _cross_lines(document: AgreementDocument) -> Iterable[dict[str, object]]:
    for table in document.cross_tables:
        head = {
            "analysis": table.analysis,
            "item": table.item,
            "stage": table.stage,
            "readers": "|".join(table.readers),
            "part": table.part,
            "repeat": table.repeat,
        }
        for row, counts in zip(table.rows, table.counts, strict=True):
            for column, count in zip(table.columns, counts, strict=True):
                yield {**head, "row": row, "column": column, "count": count}


def _left_out_lines(document: AgreementDocument) -> Iterable[dict[str, object]]:
    for entry in document.left_out:
        head = {
            "analysis": entry.analysis,
            "item": entry.item,
            "stage": entry.stage,
            "readers": "|".join(entry.readers),
            "part": entry.part,
            "repeat": entry.repeat,
        }
        for case in entry.cases:
            yield {**head, "case": case, "reason": entry.reason}


def write_parquet(readings: Readings, path: Path | str) -> Path:
    """Write the tidy table as Parquet, in row groups, so that memory holds only one.

    Parameters
    ----------
    readings : Readings
        All answers.
    path : path
        The file; replaced where it exists.

    Returns
    -------
    Path
        The file. Columns ``case, reader, stage, item, value, unit, occasion`` as text (occasion: integer), and
        ``number``, the value as a number where it is one.

    Raises
    ------
    AgreementError
        If pyarrow is not installed.
    OutputError
        If the disk refuses.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise AgreementError("Parquet needs the package pyarrow: pip install 'napari-vcf[parquet]'.") from error
    target = Path(path)
    text = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            *((name, text) for name in ("case", "reader", "stage", "item")),
            ("value", pa.string()),
            ("unit", text),
            ("occasion", pa.int16()),
            ("number", pa.float64()),
        ]
    )
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(part, schema) as writer:
            for start in range(0, len(readings), _PARQUET_ROWS):
                rows = slice(start, start + _PARQUET_ROWS)
                numbers, values = _values(readings, rows)
                columns = [
                    *(
                        pa.DictionaryArray.from_arrays(
                            pa.array(codes[rows].astype(np.int32)), pa.array(names, pa.string())
                        )
                        for codes, names in (
                            (readings.case, readings.cases),
                            (readings.reader, readings.readers),
                            (readings.stage, STAGES),
                            (readings.item, readings.items),
                        )
                    ),
                    pa.array(values, pa.string()),
                    pa.DictionaryArray.from_arrays(
                        pa.array(readings.unit[rows].astype(np.int32)), pa.array(readings.units, pa.string())
                    ),
                    pa.array(readings.occasion[rows]),
                    pa.array(numbers, pa.float64(), from_pandas=True),
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
        part.replace(target)
    except (OSError, pa.ArrowException) as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{target.name} could not be written: {error}.") from error
    return target


def _values(readings: Readings, rows: slice) -> tuple[np.ndarray, np.ndarray]:
    """Values as numbers (NaN for words) and as text."""
    numbers = readings.value[rows].copy()
    texts = np.array([repr(number) if np.isfinite(number) else "" for number in numbers.tolist()], dtype=object)
    for item in np.unique(readings.item[rows]).tolist():
        values = scale_of(readings.items[item]).values
        if not values:
            continue
        here = np.flatnonzero((readings.item[rows] == item) & np.isfinite(numbers))
        texts[here] = np.array(values, dtype=object)[numbers[here].astype(np.int64)]
        if not all(value.isdigit() for value in values):
            numbers[here] = np.nan
        else:
            numbers[here] += float(values[0])
    texts[readings.state[rows] == NOT_ASSESSED] = NOT_ASSESSABLE
    return numbers, texts
