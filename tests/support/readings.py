"""Exported readings under names of one's own, for the analysis."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from napari_vcf.reading import Protocol, build_export
from napari_vcf.reading.export_document import ReadingExport
from support.cases import complete_reading

__all__ = ["of_protocol", "put", "with_answers"]


@cache
def of_protocol(stage: str = "mri", **changes: Any) -> ReadingExport:
    """A complete reading of one stage, under the usual protocol with changes."""
    return build_export(complete_reading(protocol=Protocol(**changes)), stages=[stage])


def with_answers(export: ReadingExport, **answers: str) -> ReadingExport:
    """The same reading with other answers, where the stage asks for the items."""
    stages = {}
    for name, part in export.stages.items():
        found = {
            key: answer.model_copy(update={"value": answers[key]}) if key in answers else answer
            for key, answer in part.findings.items()
        }
        stages[name] = part.model_copy(update={"findings": found})
    return export.model_copy(update={"stages": stages})


def put(
    path: Path, case: str, reader: str, export: ReadingExport | None = None, *, later: float = 0, **changes: Any
) -> Path:
    """Write a reading as of a case and a reader, begun and exported some days later."""
    one = of_protocol() if export is None else export
    wait = timedelta(days=later)
    times = {"started_at": one.started_at + wait, "exported_at": one.exported_at + wait}
    path.parent.mkdir(parents=True, exist_ok=True)
    document = one.model_copy(update={"case": case, "reader": reader, **times, **changes})
    path.write_text(document.model_dump_json(warnings=False), encoding="utf-8")
    return path
