"""The reference standard: pathology of each case, and what else describes the cases."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.errors import TableError
from napari_vcf.agreement.scales import PATHOLOGY

__all__ = ["Baseline", "Reference", "read_reference"]


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
        At a missing column, an unknown pathology, an empty or doubled case, with its line.
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
        raise TableError(
            name, f"missing column {', '.join(missing)}; found {', '.join(header) or 'none'}. It needs case,pathology."
        )
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
    pathology = np.array([PATHOLOGY.index(row["pathology"]) for row in rows], dtype=np.int64)
    baselines = tuple(_baseline(column, rows) for column in header if column not in ("case", "pathology"))
    return Reference(name, tuple(row["case"] for row in rows), pathology, baselines)


def _row(cells: list[str], header: list[str], place: str) -> dict[str, str]:
    if len(cells) != len(header):
        raise TableError(place, f"{len(cells)} cells under {len(header)} columns.")
    row: Mapping[str, str] = dict(zip(header, cells, strict=True))
    if not row["case"].strip():
        raise TableError(place, "the case is empty.")
    if row["pathology"] not in PATHOLOGY:
        raise TableError(place, f"unknown pathology '{row['pathology']}'; it is {' or '.join(PATHOLOGY)}.")
    return dict(row)


def _baseline(column: str, rows: list[dict[str, str]]) -> Baseline:
    texts = [row[column].strip() for row in rows]
    numbers = [_number(text) for text in texts]
    filled = [number for number, text in zip(numbers, texts, strict=True) if text]
    if filled and all(np.isfinite(filled)):
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
