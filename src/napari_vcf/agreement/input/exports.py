"""Exported readings as rows, one file in memory at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from napari_vcf.agreement.input.builder import Chunk, ReadingsBuilder
from napari_vcf.agreement.input.readings import CONSENSUS, ReadingFacts
from napari_vcf.reading.carried_items import CarriedKind, carried_values
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.export_table import Row, reading_rows, refused_numbers
from napari_vcf.reading.findings import NOT_ASSESSABLE, table_name

__all__ = ["CarriedChoice", "ExportRows", "facts_of", "schema_version_of"]

_VERSION = re.compile(r'"schema_version"\s*:\s*"([^"]{1,40})"')
#: The version stands among the first keys of a document.
_HEAD_CHARACTERS = 4096
_CHUNK_ROWS = 100_000
_NAMED = 10
#: What becomes of values that rest on carried drawings.
CarriedChoice = Literal["counted", "left_out"]
#: Of the many values of a reading those that are told one by one.
_TOLD = ("compression_degree", "lesion_extent", "adc_ratio")


def schema_version_of(path: Path) -> str:
    """Schema version that a file claims, from its first lines where they say; empty where it claims none."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(_HEAD_CHARACTERS)
        # In a sealed document keys are sorted, and what a consensus settled comes before its version.
        found = _VERSION.search(head) or _VERSION.search(head + stream.read())
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
        "stages": ", ".join(stage for stage in export.protocol.stages if stage in export.stages),
        "cuts": f"degree {', '.join(export.protocol.degree_cuts)}; extent {', '.join(export.protocol.extent_cuts)}",
    }
    if export.seal is not None:
        facts |= {"sealed": export.seal.sealed_at.isoformat(), "position": str(export.seal.position)}
        if export.seal.days_since_previous_stage is not None:
            facts["days since previous stage"] = f"{export.seal.days_since_previous_stage:.3f}"
    return ReadingFacts(
        source=source,
        case=export.case,
        reader=CONSENSUS if export.kind == "consensus" else export.reader,
        occasion=export.occasion,
        rules={
            "protocol": f"{export.protocol.name} {export.protocol.version} ({export.protocol_sha256[:12]})",
            "form": export.protocol.form_version,
            "schema version": schema_version,
            "ADC unit": ", ".join(units),
        },
        facts=facts,
        not_asked=frozenset(
            (stage, table_name(issue.item, export.protocol.form_version))
            for stage, part in export.stages.items()
            for issue in part.not_asked
            if issue.item is not None
        ),
    )


class ExportRows:
    """Gathers the answers of many exports, so that the builder checks them in large chunks.

    Parameters
    ----------
    builder : ReadingsBuilder
        Where the rows go.
    carried : {"counted", "left_out"}
        What becomes of values that rest on drawings carried from an earlier stage.
    """

    def __init__(self, builder: ReadingsBuilder, *, carried: CarriedChoice = "counted") -> None:
        self._builder = builder
        self._carried = carried
        #: Values that rest on carried drawings, by stage, name and kind.
        self._found: Counter[tuple[str, str, CarriedKind]] = Counter()
        #: Files by stage and item that was drawn, and said to be not assessable all the same.
        self._refused: dict[tuple[str, str], list[str]] = {}
        self._rows: list[tuple[str, str, str, str, str, str, int, int]] = []

    def add(self, export: ReadingExport, name: str, schema_version: str, *, occasion: int = 1) -> ReadingFacts:
        """Add the answers of one exported reading.

        Parameters
        ----------
        export : ReadingExport
            The reading.
        name : str
            What its file is called in messages.
        schema_version : str
            The version in which the file was written.
        occasion : int
            Which reading of the case it is.

        Returns
        -------
        ReadingFacts
            What it says about itself.
        """
        source = self._builder.add_source(name, lambda _row: name)
        record = replace(facts_of(export, name, schema_version), occasion=occasion, number=source)
        self._builder.add_record(record)
        for stage, part in export.stages.items():
            for item in (item for item, drawn in refused_numbers(part).items() if drawn):
                self._refused.setdefault((stage, item), []).append(name)
        before = len(self._rows)
        left_out = False
        for row in self._counted(export):
            if row is None:
                left_out = True
                continue
            self._rows.append(
                (row.case, record.reader, row.stage, row.item, _cell(row.value), row.unit, record.occasion, source)
            )
        if left_out and len(self._rows) == before:
            self._builder.remark(f"{name} holds nothing but what was carried.")
        elif len(self._rows) == before:
            self._builder.remark(f"{name} holds no answer.")
        elif not export.complete:
            self._builder.remark(f"{name} is not complete: items without an answer have no value.")
        if len(self._rows) >= _CHUNK_ROWS:
            self.flush()
        return record

    def _counted(self, export: ReadingExport) -> Iterator[Row | None]:
        """Rows of an export; None for each that is left out."""
        carried: dict[str, dict[str, CarriedKind]] = {
            name: carried_values(part, export.spine) for name, part in export.stages.items()
        }
        for row in reading_rows(export):
            # That something is not assessable is the reader's own word, and rests on nothing.
            kind = None if row.value == NOT_ASSESSABLE else carried[row.stage].get(row.item)
            if kind is not None:
                self._found[row.stage, row.item, kind] += 1
            yield None if kind is not None and self._carried == "left_out" else row

    def remark_on_carried(self) -> None:
        """Say, for each stage, how many values rest on carried drawings, and what became of them."""
        for stage in dict.fromkeys(place[0] for place in self._found):
            of_stage = {place[1:]: count for place, count in self._found.items() if place[0] == stage}
            kinds = Counter[str]()
            for (_, kind), count in of_stage.items():
                kinds[kind] += count
            items = ", ".join(
                f"{name} {sum(count for (other, _), count in of_stage.items() if other == name)}"
                for name in dict.fromkeys(name for name, _ in of_stage)
                if name in _TOLD
            )
            done = (
                "they are left out of everything, as asked"
                if self._carried == "left_out"
                else "they are counted like the others; '--without-carried' leaves them out"
            )
            self._builder.remark(
                f"Stage {stage}: {kinds.total()} values rest on drawings that readers carried from an earlier stage, "
                f"{kinds['unchanged']} of them unchanged and {kinds['changed']} changed"
                f"{f' ({items})' if items else ''}; {done}."
            )

    def remark_on_refused(self) -> None:
        """Say of which items numbers were drawn and are left out, as the reader said that they are not assessable."""
        for (stage, item), names in self._refused.items():
            few = f"{', '.join(names[:_NAMED])}{' and more' if len(names) > _NAMED else ''}"
            self._builder.remark(
                f"Stage {stage}: in {len(names)} reading{'s' * (len(names) > 1)} something was drawn for {item}, which "
                f"the reader then said is not assessable; numbers that hang on it are left out ({few})."
            )

    def flush(self) -> None:
        """Hand the gathered rows to the builder."""
        if not self._rows:
            return
        columns = [np.array(column, dtype=object) for column in zip(*self._rows, strict=True)]
        names = ("case", "reader", "stage", "item", "value", "unit")
        occasion, source = (column.astype(np.int64) for column in columns[6:])
        rows = np.zeros(len(self._rows), dtype=np.int64)
        self._builder.add(Chunk(dict(zip(names, columns[:6], strict=True)), occasion, source, rows))
        self._rows.clear()


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value)
