"""Tidy tables from CSV, Parquet and data frames, read in chunks."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_vcf.agreement.errors import AgreementError, TableError
from napari_vcf.agreement.input.builder import Chunk, ReadingsBuilder
from napari_vcf.agreement.input.found_columns import found_columns

__all__ = ["COLUMNS", "OPTIONAL_COLUMNS", "add_csv", "add_frame", "add_parquet"]

#: Columns that a tidy table must have, and those that it may have.
COLUMNS = ("case", "reader", "stage", "item", "value")
OPTIONAL_COLUMNS = ("unit", "occasion")
_CHUNK_ROWS = 200_000


def _check_columns(found: Iterable[str], where: str, builder: ReadingsBuilder) -> None:
    names = [str(name) for name in found]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise TableError(
            where,
            f"missing column{'s' * (len(missing) > 1)} {', '.join(missing)}; {found_columns(names)} A "
            f"tidy table has {', '.join(COLUMNS)} and may have {', '.join(OPTIONAL_COLUMNS)}.",
        )
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise TableError(where, f"column {doubled[0]} is there twice.")
    for name in names:
        if name not in (*COLUMNS, *OPTIONAL_COLUMNS):
            builder.remark(f"Column '{name}' of {where} is not used.")


def _add_chunks(
    builder: ReadingsBuilder, source: int, frames: Iterable[pd.DataFrame], where: str, occasion: int
) -> None:
    row = 0
    for frame in frames:
        if row == 0:
            _check_columns(frame.columns, where, builder)
        size = len(frame)
        columns = {name: _text(frame[name]) for name in COLUMNS}
        columns["unit"] = _text(frame["unit"]) if "unit" in frame else np.full(size, "", dtype=object)
        if "occasion" in frame:
            occasions = _occasions(_text(frame["occasion"]), where, row)
        else:
            occasions = np.full(size, occasion, dtype=np.int64)
        rows = np.arange(row, row + size)
        builder.add(Chunk(dict(columns), occasions, np.full(size, source), rows))
        row += size


def _text(column: pd.Series[str]) -> NDArray[np.object_]:
    """Every cell as text; a missing cell is empty."""
    array = np.asarray(column, dtype=object)
    if pd.api.types.infer_dtype(array, skipna=False) == "string":
        return array
    missing = np.asarray(pd.isna(array))
    cells = ("" if gone else cell for cell, gone in zip(array, missing, strict=True))
    return np.array([cell if isinstance(cell, str) else _number_text(cell) for cell in cells], dtype=object)


def _number_text(cell: object) -> str:
    """Shortest text of a number that reads back the same; 3.0 is written 3."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def _occasions(text: NDArray[np.object_], where: str, row: int) -> NDArray[np.int64]:
    numbers = np.asarray(pd.to_numeric(pd.Series(text, dtype=object), errors="coerce"), dtype=np.float64)
    bad = ~(np.isfinite(numbers) & (numbers >= 1) & (numbers <= 1000) & (numbers == np.floor(numbers)))
    if bad.any():
        at = int(np.argmax(bad))
        raise TableError(
            f"{where}, answer {row + at + 1}", f"occasion '{text[at]}' is not a whole number from 1 to 1000."
        )
    return numbers.astype(np.int64)


def add_csv(builder: ReadingsBuilder, path: Path, *, occasion: int = 1) -> None:
    """Add a tidy CSV file (UTF-8, comma).

    Parameters
    ----------
    builder : ReadingsBuilder
        Where the rows go.
    path : Path
        The file.
    occasion : int
        Occasion of its readings, where it has no column of that name.

    Raises
    ------
    TableError
        At a missing column or the first row that is not understood, with its line.
    """
    name = path.name

    def place(row: int) -> str:
        return f"{name}, line {_csv_line(path, row)}"

    source = builder.add_source(name, place)
    try:
        _check_shape(path, builder)
        with pd.read_csv(
            path, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8-sig", chunksize=_CHUNK_ROWS
        ) as frames:
            _add_chunks(builder, source, frames, name, occasion)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise TableError(name, f"is not a table of comma-separated values ({error}).") from error
    except UnicodeDecodeError as error:
        raise TableError(name, f"is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    except OSError as error:
        raise TableError(name, f"cannot be read ({error.strerror}).") from error


def _check_shape(path: Path, builder: ReadingsBuilder) -> None:
    """Check the header, and that every row has a cell for each column: a short row is no empty answer."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        _check_columns(header, path.name, builder)
        width = len(header)
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) != width and cells:
                raise TableError(f"{path.name}, line {line}", f"{len(cells)} cells under {width} columns.")
            line = reader.line_num + 1


def _csv_line(path: Path, row: int) -> int:
    """Line on which a row begins; quoted cells may span lines, and blank lines hold no row."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        line = 1
        filled = 0
        for cells in reader:
            if cells:
                # The header is the first filled line.
                if filled == row + 1:
                    return line
                filled += 1
            line = reader.line_num + 1
    return line


def add_parquet(builder: ReadingsBuilder, path: Path, *, occasion: int = 1) -> None:
    """Add a tidy Parquet file; needs the optional package pyarrow.

    Parameters
    ----------
    builder : ReadingsBuilder
        Where the rows go.
    path : Path
        The file.
    occasion : int
        Occasion of its readings, where it has no column of that name.

    Raises
    ------
    AgreementError
        If pyarrow is not installed.
    TableError
        At a missing column or the first row that is not understood.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise AgreementError(
            "Parquet needs the package pyarrow: pip install 'napari-vcf[parquet]', or use CSV."
        ) from error
    source = builder.add_source(path.name, lambda row: f"{path.name}, row {row + 1}")
    try:
        file = pq.ParquetFile(path)
        _check_columns(file.schema_arrow.names, path.name, builder)
        wanted = [name for name in (*COLUMNS, *OPTIONAL_COLUMNS) if name in file.schema_arrow.names]
        batches = file.iter_batches(batch_size=_CHUNK_ROWS, columns=wanted)
        _add_chunks(builder, source, (batch.to_pandas() for batch in batches), path.name, occasion)
    except pa.ArrowException as error:
        raise TableError(path.name, f"is not a Parquet table that can be read ({error}).") from error
    except OSError as error:
        raise TableError(path.name, f"cannot be read ({error.strerror or error}).") from error


def add_frame(builder: ReadingsBuilder, frame: pd.DataFrame, *, name: str = "the table", occasion: int = 1) -> None:
    """Add a tidy data frame.

    Parameters
    ----------
    builder : ReadingsBuilder
        Where the rows go.
    frame : pandas.DataFrame
        Columns ``case``, ``reader``, ``stage``, ``item``, ``value`` and perhaps ``unit`` and ``occasion``.
    name : str
        What to call it in messages.
    occasion : int
        Occasion of its readings, where it has no column of that name.

    Raises
    ------
    TableError
        At a missing column or the first row that is not understood.
    """
    source = builder.add_source(name, lambda row: f"{name}, row {row + 1}")
    _check_columns(frame.columns, name, builder)
    starts = range(0, len(frame), _CHUNK_ROWS)
    _add_chunks(
        builder, source, (frame.iloc[start : start + _CHUNK_ROWS] for start in islice(starts, None)), name, occasion
    )
