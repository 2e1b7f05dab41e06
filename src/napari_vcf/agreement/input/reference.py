"""The reference standard: pathology of each case, and what else describes the cases."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.errors import TableError
from napari_vcf.agreement.input.found_columns import found_columns
from napari_vcf.agreement.scales import MEASUREMENTS, PATHOLOGY, is_measurement

__all__ = ["Baseline", "Reference", "read_reference"]


#: How other programs write that a value is missing; here an empty cell says so.
_MISSING = frozenset({"na", "n/a", "nan", "nil", "none", "null", "-", "?", "."})


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A column that describes the cases.

    Attributes
    ----------
    name : str
        Name of the column.
    categories : tuple of str
        Its categories; empty where all values are numbers.
    values : ndarray, shape (cases,)
        Category numbers or measurements; NaN where the cell is empty.
    """

    name: str
    categories: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Pathology and baseline of each case.

    Attributes
    ----------
    source : str
        Name of the file.
    cases : tuple of str
        Cases in the order of the file.
    pathology : ndarray of int, shape (cases,)
        Position in `PATHOLOGY`.
    baselines : tuple of Baseline
        Further columns.
    """

    source: str
    cases: tuple[str, ...]
    pathology: NDArray[np.int64]
    baselines: tuple[Baseline, ...]

    def of(self, case: str) -> str:
        """Pathology of a case."""
        return PATHOLOGY[int(self.pathology[self.cases.index(case)])]

    def aligned(self, cases: tuple[str, ...]) -> NDArray[np.int64]:
        """Pathology of each of `cases`, -1 where it is not known."""
        known = dict(zip(self.cases, self.pathology.tolist(), strict=True))
        return np.array([known.get(case, -1) for case in cases], dtype=np.int64)


def read_reference(path: Path | str) -> Reference:
    """Read ``case,pathology`` and any describing columns.

    Parameters
    ----------
    path : path
        CSV, UTF-8, comma.

    Returns
    -------
    Reference

    Raises
    ------
    TableError
        At a missing column, an unknown pathology, an empty or doubled case, or a word in a column of numbers, with its
        line.
    """
    source = Path(path)
    try:
        with source.open(newline="", encoding="utf-8-sig") as stream:
            return _read(stream, source.name)
    except UnicodeDecodeError as error:
        raise TableError(source.name, f"is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    except csv.Error as error:
        raise TableError(source.name, f"is not a table of comma-separated values ({error}).") from error
    except OSError as error:
        raise TableError(source.name, f"cannot be read ({error.strerror}).") from error


def _read(stream: TextIO, name: str) -> Reference:
    reader = csv.reader(stream)
    header: list[str] = next(reader, [])
    missing = [column for column in ("case", "pathology") if column not in header]
    if missing:
        raise TableError(name, f"missing column {', '.join(missing)}; {found_columns(header)} It needs case,pathology.")
    if len(set(header)) != len(header):
        raise TableError(name, "two columns have the same name.")
    lines: dict[str, int] = {}
    rows: list[dict[str, str]] = []
    line = reader.line_num + 1
    for cells in reader:
        here, line = line, reader.line_num + 1
        if not cells:
            continue
        row = _row(cells, header, f"{name}, line {here}")
        case = row["case"]
        if case in lines:
            raise TableError(f"{name}, line {here}", f"case '{case}' a second time (the first: line {lines[case]}).")
        lines[case] = here
        rows.append(row)
    if not rows:
        raise TableError(name, "holds no case.")
    places = [f"{name}, line {here}" for here in lines.values()]
    pathology = np.array([PATHOLOGY.index(row["pathology"]) for row in rows], dtype=np.int64)
    baselines = tuple(_baseline(column, rows, places) for column in header if column not in ("case", "pathology"))
    return Reference(name, tuple(row["case"] for row in rows), pathology, baselines)


def _row(cells: list[str], header: list[str], place: str) -> dict[str, str]:
    if len(cells) != len(header):
        raise TableError(place, f"{len(cells)} cells under {len(header)} columns.")
    row = dict(zip(header, cells, strict=True))
    row["case"] = row["case"].strip()
    if not row["case"]:
        raise TableError(place, "the case is empty.")
    if row["pathology"] not in PATHOLOGY:
        raise TableError(place, f"unknown pathology '{row['pathology']}'; it is {' or '.join(PATHOLOGY)}.")
    return row


def _baseline(column: str, rows: list[dict[str, str]], places: list[str]) -> Baseline:
    texts = [row[column].strip() for row in rows]
    numbers = [_number(text) for text in texts]
    words = [at for at, text in enumerate(texts) if text and not np.isfinite(numbers[at])]
    count = int(np.isfinite(numbers).sum())
    # A single "NA" or "60y" among ages would make every age a category of its own.
    if words and count > sum(texts[at].lower() not in _MISSING for at in words):
        raise TableError(
            places[words[0]],
            f"'{texts[words[0]]}' in column '{column}' is not a number, and most of this column are numbers. Leave the "
            "cell empty where the value is missing; give categories names that are not numbers.",
        )
    if count and not words:
        for place, number in zip(places, numbers, strict=True):
            if not (np.isnan(number) or is_measurement(number)):
                raise TableError(
                    place, f"{number:g} in column '{column}' is not a measurement, which is {MEASUREMENTS}."
                )
        return Baseline(column, (), np.array(numbers))
    categories = tuple(sorted({text for text in texts if text}))
    values = [float(categories.index(text)) if text else np.nan for text in texts]
    return Baseline(column, categories, np.array(values))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan
