"""Verdicts and confidence against pathology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.analysis.paper import paper_remark
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Statistic
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import PATHOLOGY, oriented_confidence
from napari_vcf.agreement.statistics import (
    accuracy,
    auc,
    contingency,
    kappa,
)

__all__ = ["against_reference"]

_VALUES: tuple[Statistic, ...] = ("accuracy", "sensitivity", "specificity", "ppv", "npv")


def against_reference(
    found: Collected, readings: Readings, tables: Sequence[ItemTable], truth: NDArray[np.int64]
) -> None:
    """Add accuracy of each verdict and the area under the curve of each confidence.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    readings : Readings
        Names.
    tables : sequence of ItemTable
        Items of one stage.
    truth : ndarray of int, shape (all cases,)
        Position in `PATHOLOGY`, -1 where not known.
    """
    for table in tables:
        for reader in np.flatnonzero(table.asked[:, 0]).tolist():
            if table.scale.item == "verdict":
                _verdict(found, readings, table, reader, truth)
            elif table.scale.item == "confidence":
                _confidence(found, readings, table, reader, truth)


def _usable(
    found: Collected, readings: Readings, table: ItemTable, reader: int, truth: NDArray[np.int64], place: Place
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Answers of a reader with a known pathology; the others are listed."""
    answer, known = table.values[:, reader, 0], truth[table.cases]
    names = np.array(readings.cases)[table.cases]
    unsaid = table.not_assessed[:, reader, 0]
    found.leave_out(place, names[unsaid].tolist(), "said to be not assessable, which is neither right nor wrong")
    found.leave_out(place, names[np.isnan(answer)].tolist(), "not answered")
    found.leave_out(place, names[(known < 0) & ~np.isnan(answer) & ~unsaid].tolist(), "pathology not known")
    keep = np.isfinite(answer) & ~unsaid & (known >= 0)
    return answer[keep], known[keep]


def _note(readings: Readings, reader: int, positive: str) -> str:
    note = f"Positive class: {positive}."
    return f"{note} Consensus reading." if is_consensus(readings.readers[reader]) else note


def _verdict(found: Collected, readings: Readings, table: ItemTable, reader: int, truth: NDArray[np.int64]) -> None:
    settings = found.settings
    place = Place("against_reference", "verdict", table.stage, (readings.readers[reader],))
    answer, known = _usable(found, readings, table, reader, truth, place)
    positive = PATHOLOGY.index(settings.positive)
    note = _note(readings, reader, settings.positive)
    result = accuracy(answer == positive, known == positive, level=settings.level, interval=settings.proportions)
    for name in _VALUES:
        found.add(place, name, getattr(result, name), note)
    counts = contingency(answer.astype(np.int64), known, len(PATHOLOGY))
    found.add_table(place, PATHOLOGY, PATHOLOGY, counts)
    remark = paper_remark(table.stage, counts)
    against = "Agreement of the verdict with pathology, not between readers."
    found.add(
        place,
        "cohen_kappa",
        kappa(counts, level=settings.level, transformed=settings.intervals == "transformed"),
        " ".join(part for part in (against, remark) if part),
    )
    if remark:
        found.remark(remark)


def _confidence(found: Collected, readings: Readings, table: ItemTable, reader: int, truth: NDArray[np.int64]) -> None:
    settings = found.settings
    place = Place("against_reference", "confidence", table.stage, (readings.readers[reader],))
    answer, known = _usable(found, readings, table, reader, truth, place)
    transformed = settings.intervals == "transformed"
    score, true = oriented_confidence(answer, settings.positive), known == PATHOLOGY.index(settings.positive)
    found.add(
        place,
        "auc",
        auc(score, true, level=settings.level, transformed=transformed),
        _note(readings, reader, settings.positive),
    )
    if true.any() and not true.all():
        found.add_curve(place, score, true, lambda at: at if settings.positive == "malignant" else 6 - at)
