"""What proposals do to readers: agreement on extent and heights with and without them, apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.categorical import categorical_agreement
from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.analysis.continuous import Measured, continuous_agreement
from napari_vcf.agreement.analysis.painted import compare_masks
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.input.masks import MASKS, MaskStore
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import of_body, of_middles

__all__ = ["agreement_by_proposal"]

_KINDS = {True: "proposed", False: "by_hand"}
_HEIGHTS = tuple(f"height_middle{where}" for where in ("", "_above", "_below"))


class _Question(NamedTuple):
    """What may be proposed, what rests on it, and why a case belongs to neither kind."""

    items: tuple[str, ...]
    named: Callable[[str, str], str]
    mixed: str


_BODY = _Question(
    ("lesion_extent", "lesion_fraction", "lesion_fraction_mid_slice", "lesion_volume", "body_volume"),
    of_body,
    "the body began as a proposal in one of the readings and was drawn by hand in the other",
)
_MIDDLES = _Question(
    ("compression_degree", "height_loss", "loss_middle", *_HEIGHTS),
    of_middles,
    "a middle height was proposed from corners in one of the readings and all were drawn by hand in the other",
)


def agreement_by_proposal(
    found: Collected, readings: Readings, tables: Sequence[ItemTable], store: MaskStore, stage: str
) -> None:
    """Add the agreement between readers apart for what began as a proposal and what was drawn.

    That is the extent, by how the bodies began, and the heights, by whether middle ones were proposed from corners.
    Nothing is added where nothing of the kind was proposed in the stage.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    tables : sequence of ItemTable
        Items of the stage.
    store : MaskStore
        Masks of the exported readings; they say how each body began, and the store how heights did.
    stage : str
        The stage.
    """
    own = {
        (record.case, record.reader)
        for record in readings.records
        if record.occasion == 1 and stage in record.stages and not is_consensus(record.reader)
    }
    bodies = {key: masks.proposed for key, masks in store.masks.items() if masks.runs["body"].size > 1}
    for question, proposals in ((_BODY, bodies), (_MIDDLES, store.middles)):
        began = {
            (case, reader): proposed
            for (place, case, reader, occasion), proposed in proposals.items()
            if place == stage and occasion == 1 and (case, reader) in own
        }
        if not any(began.values()):
            continue
        for pair in combinations(sorted({reader for _, reader in began}), 2):
            both = [case for case in readings.cases if all((case, reader) in began for reader in pair)]
            mixed = [case for case in both if began[case, pair[0]] is not began[case, pair[1]]]
            for proposed, kind in _KINDS.items():
                cases = [case for case in both if all(began[case, reader] is proposed for reader in pair)]
                _one_kind(found, readings, tables, stage, pair, cases, mixed, question, kind)
                if question is _BODY and cases:
                    _masks_of_kind(found, store, stage, pair, cases, kind)


def _one_kind(
    found: Collected,
    readings: Readings,
    tables: Sequence[ItemTable],
    stage: str,
    pair: tuple[str, str],
    cases: Sequence[str],
    mixed: Sequence[str],
    question: _Question,
    kind: str,
) -> None:
    measured = []
    for table in tables:
        if table.scale.item not in question.items:
            continue
        place = Place("between_readers", question.named(table.scale.item, kind), stage, pair)
        found.leave_out(place, mixed, question.mixed)
        values = _values(readings, table, pair, cases)
        if not len(values):
            continue
        if table.scale.values:
            categorical_agreement(found, place, table.scale, values[:, 0], values[:, 1])
        else:
            measured.append(Measured(place, table.unit, values))
    continuous_agreement(found, measured)


def _masks_of_kind(
    found: Collected, store: MaskStore, stage: str, pair: tuple[str, str], cases: Sequence[str], kind: str
) -> None:
    for name, item in MASKS.items():
        place = Place("between_readers", of_body(item, kind), stage, pair)
        compare_masks(found, store, place, name, ((pair[0], 1), (pair[1], 1)), cases)


def _values(readings: Readings, table: ItemTable, pair: tuple[str, str], cases: Sequence[str]) -> NDArray[np.float64]:
    """Values of both readers in the cases in which both have one, shape (n, 2)."""
    columns = [readings.readers.index(reader) for reader in pair]
    chosen = np.isin(np.array(readings.cases)[table.cases], list(cases))
    values = np.asarray(table.values[chosen][:, columns, 0])
    return np.asarray(values[np.isfinite(values).all(axis=1)])
