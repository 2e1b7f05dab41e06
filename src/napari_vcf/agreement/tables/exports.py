"""Exported readings as rows, one file in memory at a time."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from napari_vcf.agreement.tables.builder import Chunk, ReadingsBuilder
from napari_vcf.agreement.tables.readings import CONSENSUS, ReadingFacts
from napari_vcf.reading.document import ReadingExport
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.frame import reading_rows

__all__ = ["add_export", "facts_of", "schema_version_of"]

_VERSION = re.compile(r'"schema_version"\s*:\s*"([^"]{1,40})"')
#: The version stands among the first keys of a document.
_HEAD_CHARACTERS = 4096


def schema_version_of(path: Path) -> str:
    """Schema version that a file claims, from its first lines; empty where it claims none."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        found = _VERSION.search(stream.read(_HEAD_CHARACTERS))
    return found.group(1) if found else ""


def facts_of(export: ReadingExport, source: str, schema_version: str) -> ReadingFacts:
    """What a reading says about itself.

    Parameters
    ----------
    export : ReadingExport
        The reading.
    source : str
        Name of its file.
    schema_version : str
        The version in which the file was written; reading it brings it to the current one.

    Returns
    -------
    ReadingFacts
    """
    units = sorted({series.unit for series in export.series if series.role == "ADC" and series.unit})
    started, ended = export.started_at, export.exported_at
    facts = {
        "study": export.study,
        "status": export.status,
        "staging": export.protocol.staging,
        "stage order": ", ".join(export.protocol.stages),
        "placements": str(export.protocol.roi_placements),
        "started": started.date().isoformat(),
        "days": f"{(ended - started).total_seconds() / 86400:.3f}",
    }
    return ReadingFacts(
        source=source,
        case=export.case,
        reader=CONSENSUS if export.kind == "consensus" else export.reader,
        occasion=export.occasion,
        rules={
            "protocol": f"{export.protocol.name} {export.protocol.version} ({export.protocol_sha256[:12]})",
            "schema version": schema_version,
            "ADC unit": ", ".join(units),
        },
        facts=facts,
    )


def add_export(builder: ReadingsBuilder, path: Path, *, occasion: int = 1) -> ReadingExport:
    """Add the answers of one exported reading.

    Parameters
    ----------
    builder : ReadingsBuilder
        Where the rows go.
    path : Path
        The file.
    occasion : int
        Occasion, where the file does not count its readings.

    Returns
    -------
    ReadingExport
        The reading, for what is not in the table (masks).

    Raises
    ------
    ExportError
        If the file is no reading.
    """
    export = read_reading(path)
    record = facts_of(export, path.name, schema_version_of(path))
    number = max(record.occasion, occasion)
    builder.add_record(ReadingFacts(record.source, record.case, record.reader, number, record.rules, record.facts))
    source = builder.add_source(path.name, lambda _row: path.name)
    rows = list(reading_rows(export))
    if not rows:
        builder.remark(f"{path.name} holds no answer.")
        return export
    columns = {
        "case": np.array([row.case for row in rows], dtype=object),
        "reader": np.array([record.reader] * len(rows), dtype=object),
        "stage": np.array([row.stage for row in rows], dtype=object),
        "item": np.array([row.item for row in rows], dtype=object),
        "value": np.array([_cell(row.value) for row in rows], dtype=object),
        "unit": np.array([row.unit for row in rows], dtype=object),
    }
    builder.add(source, Chunk(dict(columns), np.full(len(rows), number, dtype=np.int64), 0))
    if not export.complete:
        builder.remark(f"{path.name} is not complete: items without an answer have no value.")
    return export


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value)
