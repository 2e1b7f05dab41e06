"""Agreement of more than two readers at once, besides that of each pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.checks import is_consensus
from napari_vcf.agreement.document import Statistic
from napari_vcf.agreement.input.readings import ItemTable, Readings
from napari_vcf.agreement.scales import PLACEMENT
from napari_vcf.agreement.statistics import Estimate, conger_kappa, fleiss_kappa, krippendorff_alpha
from napari_vcf.agreement.statistics.multirater import AlphaMetric

__all__ = ["agreement_of_several"]

_ALPHAS: dict[AlphaMetric, Statistic] = {
    "nominal": "krippendorff_alpha_nominal",
    "ordinal": "krippendorff_alpha_ordinal",
    "interval": "krippendorff_alpha_interval",
}


def agreement_of_several(found: Collected, readings: Readings, tables: Sequence[ItemTable]) -> None:
    """Add Fleiss' and Conger's kappa and Krippendorff's alpha of all readers, where there are more than two.

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
    for table in tables:
        readers = [reader for reader in own if table.asked[reader, 0]]
        if len(readers) < 3 or PLACEMENT.match(table.scale.item):
            continue
        names = tuple(readings.readers[reader] for reader in readers)
        place = Place("between_readers", table.scale.item, table.stage, names)
        values = np.asarray(table.values[:, readers, 0])
        if table.scale.values:
            _categories(found, place, table, values)
        else:
            _alpha(found, place, "interval", values, None, "")


def _categories(found: Collected, place: Place, table: ItemTable, values: NDArray[np.float64]) -> None:
    settings, size = found.settings, len(table.scale.values)
    unsaid = bool((values == size).any())
    categories = len(table.scale.categories(not_assessable=unsaid))
    gaps = int((~np.isfinite(values).all(axis=1)).sum())
    note = f"{gaps} case(s) not answered by all do not enter." if gaps else ""
    kappas: tuple[tuple[Statistic, Callable[..., Estimate]], ...] = (
        ("fleiss_kappa", fleiss_kappa),
        ("conger_kappa", conger_kappa),
    )
    for statistic, kappa in kappas:
        seed = found.seed(place, statistic)
        estimate = kappa(values, categories, samples=settings.bootstrap, seed=seed, level=settings.level)
        found.add(place, statistic, estimate, note)
    _alpha(found, place, "nominal", values, categories, "")
    if table.scale.kind == "ordinal":
        graded = np.where(values == size, np.nan, values)
        words = "not_assessable stands outside the order and counts as no answer." if unsaid else ""
        _alpha(found, place, "ordinal", graded, size, words)
        _alpha(found, place, "interval", graded, None, words)


def _alpha(
    found: Collected, place: Place, metric: AlphaMetric, values: NDArray[np.float64], categories: int | None, note: str
) -> None:
    settings, statistic = found.settings, _ALPHAS[metric]
    estimate = krippendorff_alpha(
        values,
        metric,
        categories=categories,
        samples=settings.bootstrap,
        seed=found.seed(place, statistic),
        level=settings.level,
    )
    found.add(place, statistic, estimate, note)
