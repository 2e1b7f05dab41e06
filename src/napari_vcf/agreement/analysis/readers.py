"""Agreement between readers, of a reader with himself, and of repeated placements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.categorical import categorical_agreement
from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.analysis.continuous import Measured, continuous_agreement
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Analysis
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.names import PLACEMENTS
from napari_vcf.agreement.scales import PLACEMENT

__all__ = ["agreement_of_readers"]

_UNSAID = "said to be not assessable, so there is no number to compare"


def agreement_of_readers(found: Collected, readings: Readings, tables: Sequence[ItemTable]) -> None:
    """Add agreement between readers and within each reader.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    tables : sequence of ItemTable
        All items of one stage.
    """
    own = [number for number, name in enumerate(readings.readers) if not is_consensus(name)]
    active = [reader for reader in own if any(table.asked[reader].any() for table in tables)]
    for first, second in combinations(active, 2):
        _pair(found, readings, tables, "between_readers", (first, 0), (second, 0))
    if len(active) > 2:
        _all_readers(found, readings, tables, active)
    for reader in active:
        occasions = max((table.asked.shape[1] for table in tables if table.asked[reader].any()), default=1)
        for first, second in combinations(range(occasions), 2):
            if any(table.asked.shape[1] > second and table.asked[reader, second] for table in tables):
                _pair(found, readings, tables, "within_reader", (reader, first), (reader, second))
        _placements(found, readings, tables, reader)


def _column(table: ItemTable, who: tuple[int, int]) -> NDArray[np.float64]:
    reader, occasion = who
    if occasion >= table.values.shape[2]:
        return np.full(len(table.cases), np.nan)
    return np.asarray(table.values[:, reader, occasion])


def _asked(table: ItemTable, who: tuple[int, int]) -> bool:
    return who[1] < table.asked.shape[1] and bool(table.asked[who])


def _pair(
    found: Collected,
    readings: Readings,
    tables: Iterable[ItemTable],
    analysis: Analysis,
    first: tuple[int, int],
    second: tuple[int, int],
) -> None:
    names = tuple(dict.fromkeys((readings.readers[first[0]], readings.readers[second[0]])))
    within = analysis == "within_reader"
    note = f"Reading {first[1] + 1} and reading {second[1] + 1} of {names[0]}." if within else ""
    repeat = f"{first[1] + 1}_vs_{second[1] + 1}" if within else ""
    measured = []
    for table in tables:
        if not (_asked(table, first) or _asked(table, second)):
            continue
        place = Place(analysis, table.scale.item, table.stage, names, repeat)
        a, b = _column(table, first), _column(table, second)
        whole = np.isfinite(a) & np.isfinite(b)
        _leave_out(found, readings, table, place, (first, second), whole)
        if table.scale.values:
            start = len(found.rows)
            categorical_agreement(found, place, table.scale, a[whole], b[whole])
            if note:
                found.rows[start:] = [
                    row.model_copy(update={"note": f"{row.note} {note}".strip()}) for row in found.rows[start:]
                ]
        else:
            measured.append(Measured(place, table.unit, np.column_stack([a, b]), note=note))
    continuous_agreement(found, measured)


def _leave_out(
    found: Collected,
    readings: Readings,
    table: ItemTable,
    place: Place,
    who: Sequence[tuple[int, int]],
    whole: NDArray[np.bool_],
) -> None:
    if whole.all():
        return
    flagged = np.zeros(whole.size, dtype=bool)
    for reader, occasion in who:
        if not table.scale.values and occasion < table.values.shape[2]:
            flagged |= table.not_assessed[:, reader, occasion]
    names = np.array(readings.cases)[table.cases]
    found.leave_out(place, names[~whole & flagged].tolist(), _UNSAID)
    item = (table.stage, table.scale.item)
    never_asked = np.isin(names, [record.case for record in readings.records if item in record.not_asked])
    found.leave_out(place, names[~whole & never_asked].tolist(), "not asked, as no image of the case shows it")
    rest = ~whole & ~flagged & ~never_asked
    found.leave_out(place, names[rest].tolist(), "not answered in one of the readings that are compared")


def _all_readers(found: Collected, readings: Readings, tables: Iterable[ItemTable], active: Sequence[int]) -> None:
    """Intraclass correlation and within-subject SD of all readers at once."""
    measured = []
    for table in tables:
        if table.scale.values or not all(_asked(table, (reader, 0)) for reader in active):
            continue
        place = Place("between_readers", table.scale.item, table.stage, tuple(readings.readers[r] for r in active))
        values = np.asarray(table.values[:, active, 0])
        _leave_out(found, readings, table, place, [(r, 0) for r in active], np.asarray(np.isfinite(values).all(axis=1)))
        measured.append(Measured(place, table.unit, values, note="All readers at once."))
    continuous_agreement(found, measured)


def _placements(found: Collected, readings: Readings, tables: Sequence[ItemTable], reader: int) -> None:
    """Repeated placements of one region by one reader."""
    by_item = {table.scale.item: table for table in tables}
    regions: dict[str, list[tuple[int, ItemTable]]] = {}
    for table in tables:
        match = PLACEMENT.match(table.scale.item)
        if match is not None and _asked(table, (reader, 0)):
            name = match["region"] + (match["unit"] or "")
            regions.setdefault(name, []).append((int(match["number"]), table))
    measured = []
    for region, numbered in regions.items():
        ordered = [table for _, table in sorted(numbered, key=lambda pair: pair[0])]
        if len(ordered) < 2:
            continue
        place = Place("within_reader", region, ordered[0].stage, (readings.readers[reader],), PLACEMENTS)
        values = np.column_stack([_column(table, (reader, 0)) for table in ordered])
        names = np.array(readings.cases)[ordered[0].cases]
        gaps = ~np.isfinite(values).all(axis=1)
        means = [by_item[region]] if region in by_item else []
        unsaid = gaps & np.any([table.not_assessed[:, reader, 0] for table in (*ordered, *means)], axis=0)
        found.leave_out(place, names[unsaid].tolist(), _UNSAID)
        found.leave_out(place, names[gaps & ~unsaid].tolist(), "a placement is missing")
        note = f"{len(ordered)} placements in one reading; icc_a_k is that of their mean."
        measured.append(Measured(place, ordered[0].unit, values, limits=False, note=note))
    continuous_agreement(found, measured)
