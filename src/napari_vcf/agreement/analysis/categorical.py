"""Agreement of two sets of categories."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.document import Statistic
from napari_vcf.agreement.scales import Scale
from napari_vcf.agreement.statistics import (
    Estimate,
    WeightKind,
    agreement_weights,
    bootstrap_tables,
    category_agreement_values,
    contingency,
    gwet_ac,
    gwet_values,
    kappa,
    kappa_values,
    pabak,
    percent_agreement,
    percentile_interval,
)

__all__ = ["categorical_agreement", "table_of"]

_KAPPAS: dict[Statistic, WeightKind] = {
    "cohen_kappa": "unweighted",
    "weighted_kappa_linear": "linear",
    "weighted_kappa_quadratic": "quadratic",
}
_ACS: dict[Statistic, WeightKind] = {
    "gwet_ac1": "unweighted",
    "gwet_ac2_linear": "linear",
    "gwet_ac2_quadratic": "quadratic",
}


def table_of(
    scale: Scale, first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Categories in use and their table; "not assessable" is a category wherever someone said it.

    Parameters
    ----------
    scale : Scale
        Scale of the item.
    first, second : ndarray, shape (n,)
        Category numbers, complete.

    Returns
    -------
    labels : tuple of str
    counts : ndarray of int, shape (k, k)
    """
    top = len(scale.values)
    used = bool((first == top).any() or (second == top).any())
    labels = scale.categories(not_assessable=used)
    return labels, contingency(first.astype(np.int64), second.astype(np.int64), len(labels))


def categorical_agreement(
    found: Collected, place: Place, scale: Scale, first: NDArray[np.float64], second: NDArray[np.float64]
) -> None:
    """Add every statistic of two sets of categories.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    place : Place
        What they belong to.
    scale : Scale
        Scale of the item.
    first, second : ndarray, shape (n,)
        Category numbers, complete and paired.
    """
    settings = found.settings
    labels, table = table_of(scale, first, second)
    unordered = len(labels) - len(scale.values)
    found.add_table(place, labels, labels, table)
    note = _scale_note(scale, unordered)
    agreement = percent_agreement(table, level=settings.level, interval=settings.proportions)
    found.add(place, "percent_agreement", agreement)
    draws = None
    if settings.intervals == "bootstrap" or scale.kind == "binary":
        draws = bootstrap_tables(table, settings.bootstrap, found.seed(place))
    ordinal = scale.kind == "ordinal"
    transformed = settings.intervals == "transformed"
    for statistic, kind in _KAPPAS.items():
        if kind == "unweighted" or ordinal:
            estimate = kappa(table, kind=kind, unordered=unordered, level=settings.level, transformed=transformed)
            if settings.intervals == "bootstrap" and draws is not None:
                weights = agreement_weights(len(labels), kind, unordered=unordered)
                estimate = _resampled(estimate, kappa_values(draws, weights)[0], settings.level)
            found.add(place, statistic, estimate, note if ordinal else "")
    for statistic, kind in _ACS.items():
        if kind == "unweighted" or ordinal:
            estimate = gwet_ac(table, kind=kind, unordered=unordered, level=settings.level, transformed=transformed)
            if settings.intervals == "bootstrap" and draws is not None:
                weights = agreement_weights(len(labels), kind, unordered=unordered)
                estimate = _resampled(estimate, gwet_values(draws, weights)[0], settings.level)
            found.add(place, statistic, estimate, note if ordinal else "")
    if not ordinal:
        found.add(place, "pabak", pabak(table, level=settings.level, interval=settings.proportions))
    if scale.kind == "binary":
        positive = _positive(scale, settings.positive)
        for statistic, category in (("positive_agreement", positive), ("negative_agreement", 1 - positive)):
            _specific(found, place, statistic, table, draws, category, labels)


def _scale_note(scale: Scale, unordered: int) -> str:
    note = f"Weights over {', '.join(scale.values)}"
    return f"{note}; not_assessable agrees only with itself." if unordered else f"{note}."


def _positive(scale: Scale, positive: str) -> int:
    """Number of the positive category: the chosen pathology, "yes", or else the first of the scale."""
    for name in (positive, "yes"):
        if name in scale.values:
            return scale.values.index(name)
    return 0


def _resampled(estimate: Estimate, replicates: NDArray[np.float64], level: float) -> Estimate:
    """The same value with a bootstrap interval instead of the closed one."""
    if estimate.value is None:
        return estimate
    method = f"{estimate.value_method}, percentile interval of a case bootstrap"
    return percentile_interval(estimate.value, replicates, n=estimate.n, level=level, method=method)


def _specific(
    found: Collected,
    place: Place,
    statistic: Statistic,
    table: NDArray[np.int64],
    draws: NDArray[np.int64] | None,
    category: int,
    labels: tuple[str, ...],
) -> None:
    method = "2 a / (uses by both) (Cicchetti and Feinstein 1990), percentile interval of a case bootstrap"
    n = int(table.sum())
    value = float(category_agreement_values(table, category))
    if n < 2 or not np.isfinite(value) or draws is None:
        words = (
            f"Nobody answered '{labels[category]}'." if n >= 2 else f"{n} case(s) answered by both; two are the least."
        )
        found.add(place, statistic, Estimate(None, None, None, None, n, method, words))
        return
    replicates = category_agreement_values(draws, category)
    estimate = percentile_interval(value, replicates, n=n, level=found.settings.level, method=method)
    found.add(place, statistic, estimate, f"Agreement on '{labels[category]}'.")
