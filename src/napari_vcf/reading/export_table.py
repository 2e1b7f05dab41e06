"""Exports as one tidy table, for analysis scripts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_vcf.measure import POSITIONS
from napari_vcf.reading.export import read_reading
from napari_vcf.reading.export_document import ReadingExport, StageExport
from napari_vcf.reading.findings import ITEMS, NOT_ASSESSABLE, table_name
from napari_vcf.reading.results import adjacent_levels, heights_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FRAME_COLUMNS", "Row", "reading_rows", "readings_frame", "refused_numbers"]

FRAME_COLUMNS = ("case", "reader", "stage", "item", "value", "unit")
#: Numbers that stand for a measured item where the reader said that it is not assessable, each with its unit. The form
#: asks to say so only where heights cannot be measured, a lesion cannot be painted, a region cannot be placed.
_STANDS = {
    "compression_degree": {"height_loss": "1"},
    "lesion_extent": {"lesion_fraction": "1"},
    "adc": {"adc_lesion": "um2/s", "adc_normal": "um2/s", "adc_ratio": "1"},
}
_Value = tuple[str, str | int | float, str]


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
        row; one that is not assessable has the value ``"not_assessable"``, and so has every number that hangs on it,
        whether it was drawn or not.

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


def refused_numbers(part: StageExport) -> dict[str, bool]:
    """Measured items that the reader said are not assessable, and whether something of each was drawn all the same.

    Parameters
    ----------
    part : StageExport
        The stage.

    Returns
    -------
    dict of str to bool
    """
    drawn = {
        "compression_degree": bool(part.calipers),
        "lesion_extent": part.extent is not None,
        "adc": bool(part.rois),
    }
    return {key: drawn[key] for key in _STANDS if key in part.findings and part.findings[key].value is None}


def _stage_rows(export: ReadingExport, part: StageExport) -> Iterator[_Value]:
    refused = refused_numbers(part)
    for item, answer in part.findings.items():
        # The ADC has no grade of its own: its numbers say that it is not assessable.
        if item not in refused or ITEMS[item].outcomes:
            yield item, NOT_ASSESSABLE if answer.value is None else answer.value, ""
    for key, known in ITEMS.items():
        grade = known.measurement.value(part) if known.measurement is not None and known.outcomes else None
        if grade is not None and key not in part.findings:
            yield key, grade, ""
    numbers: dict[str, Iterator[_Value]] = {
        "compression_degree": chain(_loss_rows(part), _height_rows(export, part)),
        "lesion_extent": _extent_rows(part),
        "adc": _adc_rows(part),
    }
    for key, rows in numbers.items():
        if key not in refused:
            yield from rows
            continue
        units = {item: unit for item, _, unit in rows}
        yield from ((item, NOT_ASSESSABLE, unit) for item, unit in {**_STANDS[key], **units}.items())
    if part.extent is not None:
        yield "body_volume", part.extent.body_cm3, "cm3"


def _extent_rows(part: StageExport) -> Iterator[_Value]:
    if part.extent is not None:
        yield "lesion_fraction", part.extent.fraction, "1"
        if part.extent.mid_slice_fraction is not None:
            yield "lesion_fraction_mid_slice", part.extent.mid_slice_fraction, "1"
        yield "lesion_volume", part.extent.lesion_cm3, "cm3"


def _adc_rows(part: StageExport) -> Iterator[_Value]:
    for roi in part.rois:
        yield f"adc_{roi.tissue}_{roi.placement}", roi.statistics.mean_um2_per_s, "um2/s"
    for tissue, summary in (("lesion", part.adc.lesion), ("normal", part.adc.normal)):
        if summary is not None:
            yield f"adc_{tissue}", summary.mean_um2_per_s, "um2/s"
    if part.adc.ratio is not None:
        yield "adc_ratio", part.adc.ratio, "1"


def _loss_rows(part: StageExport) -> Iterator[_Value]:
    graded = part.height_loss
    if graded is not None:
        if graded.graded_loss is not None:
            yield "height_loss", graded.graded_loss, "1"
        for loss in graded.losses:
            yield f"loss_{loss.position}", loss.loss, "1"


def _height_rows(export: ReadingExport, part: StageExport) -> Iterator[_Value]:
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
