"""What a proposed body does to readers: agreement on the extent with and without proposals, apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.categorical import categorical_agreement
from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.analysis.continuous import Measured, continuous_agreement
from napari_vcf.agreement.analysis.painted import compare_masks
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.input.masks import MASKS, MaskStore
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import of_body

__all__ = ["agreement_by_proposal"]

#: What rests on the body that was painted.
_ITEMS = ("lesion_extent", "lesion_fraction", "lesion_fraction_mid_slice", "lesion_volume", "body_volume")
_KINDS = {True: "proposed", False: "by_hand"}
_MIXED = "the body began as a proposal in one of the readings and was drawn by hand in the other"


def agreement_by_proposal(
    found: Collected, readings: Readings, tables: Sequence[ItemTable], store: MaskStore, stage: str
) -> None:
    """Add the agreement between readers on the extent, apart for bodies that began as a proposal and those drawn.

    Nothing is added where no body of the stage was proposed.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    tables : sequence of ItemTable
        Items of the stage.
    store : MaskStore
        Masks of the exported readings; they say how each body began.
    stage : str
        The stage.
    """
    own = {(record.case, record.reader) for record in readings.records if not is_consensus(record.reader)}
    began = {
        (case, reader): masks.proposed
        for (place, case, reader, occasion), masks in store.masks.items()
        if place == stage and occasion == 1 and (case, reader) in own and masks.runs["body"].size > 1
    }
    if not any(began.values()):
        return
    for pair in combinations(sorted({reader for _, reader in began}), 2):
        both = [case for case in readings.cases if all((case, reader) in began for reader in pair)]
        mixed = [case for case in both if began[case, pair[0]] is not began[case, pair[1]]]
        for proposed, kind in _KINDS.items():
            cases = [case for case in both if all(began[case, reader] is proposed for reader in pair)]
            _one_kind(found, readings, tables, store, stage, pair, cases, mixed, kind)


def _one_kind(
    found: Collected,
    readings: Readings,
    tables: Sequence[ItemTable],
    store: MaskStore,
    stage: str,
    pair: tuple[str, str],
    cases: Sequence[str],
    mixed: Sequence[str],
    kind: str,
) -> None:
    measured = []
    for table in tables:
        if table.scale.item not in _ITEMS:
            continue
        place = Place("between_readers", of_body(table.scale.item, kind), stage, pair)
        found.leave_out(place, mixed, _MIXED)
        values = _values(readings, table, pair, cases)
        if not len(values):
            continue
        if table.scale.values:
            categorical_agreement(found, place, table.scale, values[:, 0], values[:, 1])
        else:
            measured.append(Measured(place, table.unit, values))
    continuous_agreement(found, measured)
    if cases:
        for name, item in MASKS.items():
            place = Place("between_readers", of_body(item, kind), stage, pair)
            compare_masks(found, store, place, name, ((pair[0], 1), (pair[1], 1)), cases)


def _values(readings: Readings, table: ItemTable, pair: tuple[str, str], cases: Sequence[str]) -> NDArray[np.float64]:
    """Values of both readers in the cases in which both have one, shape (n, 2)."""
    columns = [readings.readers.index(reader) for reader in pair]
    chosen = np.isin(np.array(readings.cases)[table.cases], list(cases))
    values = np.asarray(table.values[chosen][:, columns, 0])
    return np.asarray(values[np.isfinite(values).all(axis=1)])
