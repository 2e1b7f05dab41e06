"""Measured quantities against pathology: ROC curve, best cut-off, and what it would be worth in other cases."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Statistic
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import PATHOLOGY
from napari_vcf.agreement.statistics import auc, youden_cutoff

__all__ = ["cutoffs_of_measurements", "is_quantity"]

#: ADC and its ratio, height losses and the share of the lesion; not single placements, and not millimetres of height,
#: which depend on the patient's size.
_QUANTITY = re.compile(
    r"^(adc_(lesion|ratio)(_um2_per_s)?|height_loss|loss_(anterior|middle|posterior)|lesion_fraction.*)$"
)
_SAME: tuple[Statistic, ...] = (
    "youden_cutoff",
    "youden_index",
    "cutoff_sensitivity",
    "cutoff_specificity",
    "youden_index_corrected",
    "cutoff_sensitivity_corrected",
    "cutoff_specificity_corrected",
)


def is_quantity(item: str) -> bool:
    """Whether an item is a measured quantity for which a cut-off is sought."""
    return _QUANTITY.match(item) is not None


def cutoffs_of_measurements(
    found: Collected, readings: Readings, tables: Sequence[ItemTable], truth: NDArray[np.int64]
) -> None:
    """Add the ROC curve and the cut-off of each measured quantity and reader.

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
        if table.scale.values or not is_quantity(table.scale.item):
            continue
        for reader in np.flatnonzero(table.asked[:, 0]).tolist():
            if not is_consensus(readings.readers[reader]):
                _one(found, readings, table, reader, truth[table.cases])


def _one(found: Collected, readings: Readings, table: ItemTable, reader: int, known: NDArray[np.int64]) -> None:
    settings = found.settings
    place = Place("against_reference", table.scale.item, table.stage, (readings.readers[reader],))
    values = table.values[:, reader, 0]
    keep = np.isfinite(values) & (known >= 0)
    names = np.array(readings.cases)[table.cases]
    unsaid = table.not_assessed[:, reader, 0]
    found.leave_out(place, names[unsaid].tolist(), "said to be not assessable, so there is no number")
    found.leave_out(place, names[~np.isfinite(values) & ~unsaid].tolist(), "not measured")
    values, true = values[keep], known[keep] == PATHOLOGY.index(settings.positive)
    found.keep_quantity(place, table.unit, values, known[keep])
    if not true.any() or true.all():
        return
    seed = found.seed(place, "youden")
    best = youden_cutoff(
        values,
        true,
        samples=settings.bootstrap,
        seed=seed,
        level=settings.level,
        interval=settings.proportions,
    )
    turned = values if best.high_is_positive else -values
    side = "high" if best.high_is_positive else "low"
    unit = f" In {table.unit}." if table.unit not in ("", "1") else ""
    note = f"Positive class: {settings.positive}; {side} values speak for it, as they do in these data."
    transformed = settings.intervals == "transformed"
    found.add(place, "auc", auc(turned, true, level=settings.level, transformed=transformed), note)
    for statistic in _SAME:
        field = statistic.removeprefix("youden_").removeprefix("cutoff_")
        found.add(place, statistic, getattr(best, field), note + (unit if statistic == "youden_cutoff" else ""))
    found.add_curve(place, turned, true, lambda at: at if best.high_is_positive else -at)
