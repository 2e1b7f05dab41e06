"""Exports as one tidy table, for analysis scripts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_vcf.measure import POSITIONS
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import ReadingExport, StageExport
from napari_vcf.reading.findings import ITEMS, NOT_ASSESSABLE, table_name
from napari_vcf.reading.results import adjacent_levels, heights_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FRAME_COLUMNS", "Row", "reading_rows", "readings_frame"]

FRAME_COLUMNS = ("case", "reader", "stage", "item", "value", "unit")


class Row(NamedTuple):
    """One value of one reading."""

    case: str
    reader: str
    stage: str
    item: str
    value: str | int | float
    unit: str


def readings_frame(paths: Iterable[Path | str] | Path | str) -> pd.DataFrame:
    """Read exports into a tidy table.

    Parameters
    ----------
    paths : path or iterable of paths
        Exported JSON files.

    Returns
    -------
    pandas.DataFrame
        Columns ``case, reader, stage, item, value, unit``; one row for each answer and measured value. Grades and
        answers are text, confidences whole numbers, measurements floating point. An item that nobody answered has no
        row; one that is not assessable has the value ``"not_assessable"``.

    Raises
    ------
    ExportError
        If a file is no reading.

    Warns
    -----
    UserWarning
        If two files hold the same stage of one case by one reader: a copy, an amended version or a second reading,
        whose rows nothing in the table tells apart.

    Notes
    -----
    Measured items are ``compression_degree``, ``height_loss`` (the graded one), ``loss_anterior`` / ``_middle`` /
    ``_posterior``, ``height_anterior`` and so on of the fractured vertebra, ``height_anterior_above`` / ``_below`` and
    so on of its neighbours, ``lesion_extent``, ``lesion_fraction``, ``lesion_fraction_mid_slice``, ``lesion_volume``,
    ``body_volume``, ``adc_lesion``, ``adc_normal``, ``adc_ratio``, and each placement as ``adc_lesion_1`` and so on.
    An item whose answers are those of the second form carries its version: ``signal_dwi@2``.
    """
    import pandas as pd

    sources = [paths] if isinstance(paths, str | Path) else list(paths)
    rows: list[Row] = []
    holder: dict[tuple[str, str, str], str] = {}
    for path in sources:
        found = list(reading_rows(read_reading(path)))
        for key in dict.fromkeys(row[:3] for row in found):
            if key in holder:
                case, reader, stage = key
                warnings.warn(
                    f"{holder[key]} and {Path(path).name} both hold the {stage} stage of case {case} by reader "
                    f"{reader}; the table cannot tell their rows apart. Give one of them.",
                    stacklevel=2,
                )
            holder[key] = Path(path).name
        rows.extend(found)
    frame = pd.DataFrame(rows, columns=list(FRAME_COLUMNS))
    return frame.astype({"value": object})


def reading_rows(export: ReadingExport) -> Iterator[Row]:
    """Rows of one export, in the order of its stages."""
    for stage, part in export.stages.items():
        for item, value, unit in _stage_rows(export, part):
            yield Row(export.case, export.reader, stage, table_name(item, export.protocol.form_version), value, unit)


def _stage_rows(export: ReadingExport, part: StageExport) -> Iterator[tuple[str, str | int | float, str]]:
    for item, answer in part.findings.items():
        yield item, NOT_ASSESSABLE if answer.value is None else answer.value, ""
    for key, known in ITEMS.items():
        grade = known.measurement.value(part) if known.measurement is not None and known.outcomes else None
        if grade is not None and key not in part.findings:
            yield key, grade, ""
    yield from _height_rows(export, part)
    if part.extent is not None:
        yield "lesion_fraction", part.extent.fraction, "1"
        if part.extent.mid_slice_fraction is not None:
            yield "lesion_fraction_mid_slice", part.extent.mid_slice_fraction, "1"
        yield "lesion_volume", part.extent.lesion_cm3, "cm3"
        yield "body_volume", part.extent.body_cm3, "cm3"
    for roi in part.rois:
        yield f"adc_{roi.tissue}_{roi.placement}", roi.statistics.mean_um2_per_s, "um2/s"
    for tissue, summary in (("lesion", part.adc.lesion), ("normal", part.adc.normal)):
        if summary is not None:
            yield f"adc_{tissue}", summary.mean_um2_per_s, "um2/s"
    if part.adc.ratio is not None:
        yield "adc_ratio", part.adc.ratio, "1"


def _height_rows(export: ReadingExport, part: StageExport) -> Iterator[tuple[str, str | float, str]]:
    graded = part.height_loss
    if graded is not None:
        if graded.graded_loss is not None:
            yield "height_loss", graded.graded_loss, "1"
        for loss in graded.losses:
            yield f"loss_{loss.position}", loss.loss, "1"
    if export.spine is None:
        return
    heights = heights_of(part.state())
    above, below = adjacent_levels(export.spine)
    for level, suffix in ((export.spine.fractured, ""), (above, "_above"), (below, "_below")):
        if level is None or level not in heights:
            continue
        for position in POSITIONS:
            height = heights[level].at(position)
            if height is not None:
                yield f"height_{position}{suffix}", height, "mm"
