"""Cohen's kappa, weighted kappa, PABAK, and agreement on one category: functions of tables, many tables at once."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, Method, normal_interval, undefined
from napari_vcf.agreement.statistics.proportions import ProportionInterval, proportion
from napari_vcf.agreement.statistics.weights import WeightKind, agreement_weights

__all__ = [
    "category_agreement_values",
    "kappa",
    "kappa_values",
    "pabak",
    "percent_agreement",
]

_KAPPA_NAMES: dict[WeightKind, str] = {
    "unweighted": "Cohen's kappa (Cohen 1960)",
    "linear": "kappa with linear weights (Cohen 1968)",
    "quadratic": "kappa with quadratic weights (Cohen 1968)",
}


def kappa_values(
    tables: ArrayLike, weights: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kappa and its standard error for many tables at once.

    Parameters
    ----------
    tables : array_like, shape (..., k, k)
        Counts; rows are the first rater's categories.
    weights : array_like, shape (k, k), optional
        Weights of agreement, 1 on the diagonal; identity (Cohen's kappa) if left out.

    Returns
    -------
    kappa, standard_error : ndarray, shape (...)
        NaN where the expected agreement is 1, that is, where both raters used one and the same category throughout.

    Notes
    -----
    Standard error for a kappa that is not zero: Fleiss, Cohen and Everitt, Psychol Bull 1969; 72: 323, equation for the
    weighted kappa, of which the unweighted one is the case of identity weights.
    """
    counts = np.asarray(tables, dtype=np.float64)
    k = counts.shape[-1]
    w = np.eye(k) if weights is None else np.asarray(weights, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        n = counts.sum(axis=(-2, -1))
        p = counts / n[..., None, None]
        rows, columns = p.sum(axis=-1), p.sum(axis=-2)
        observed = (p * w).sum(axis=(-2, -1))
        # Mean weight of each category against the other rater's margin.
        mean_row, mean_column = columns @ w.T, rows @ w
        expected = (rows * mean_row).sum(axis=-1)
        chance = 1 - expected
        chance = np.where(np.abs(chance) < 1e-12, np.nan, chance)
        value = (observed - expected) / chance
        miss = (1 - value)[..., None, None]
        spread = (p * (w - (mean_row[..., :, None] + mean_column[..., None, :]) * miss) ** 2).sum(axis=(-2, -1))
        variance = (spread - (value - expected * (1 - value)) ** 2) / (n * chance**2)
        error = np.sqrt(np.maximum(variance, 0))
    return value, error


def kappa(
    table: ArrayLike,
    *,
    kind: WeightKind = "unweighted",
    unordered: int = 0,
    level: float = DEFAULT_LEVEL,
    transformed: bool = False,
) -> Estimate:
    """Kappa of one table with its large-sample interval.

    Parameters
    ----------
    table : array_like of int, shape (k, k)
        Counts; rows are the first rater's categories.
    kind : {"unweighted", "linear", "quadratic"}
        Weights.
    unordered : int
        Categories at the end that stand outside the order; see `agreement_weights`.
    level : float
        Confidence level.
    transformed : bool
        Whether the interval is made on the scale of Fisher's z, which holds its level better near 1.

    Returns
    -------
    Estimate
        In words where kappa is not defined.
    """
    counts = np.asarray(table)
    method = Method(_KAPPA_NAMES[kind], "interval of Fleiss, Cohen and Everitt (1969)")
    n = int(counts.sum())
    if n < 2:
        return undefined(n, method, _too_few(n))
    value, error = kappa_values(counts, agreement_weights(counts.shape[0], kind, unordered=unordered))
    if not np.isfinite(value):
        return undefined(n, method, "Both gave one and the same category throughout: kappa is not defined.")
    estimate = normal_interval(
        float(value), float(error), n=n, level=level, method=method, bounds=(-1.0, 1.0), transformed=transformed
    )
    if int(np.trace(counts)) == n:
        return estimate.with_note("Agreement is perfect.")
    return estimate


def percent_agreement(
    table: ArrayLike, *, level: float = DEFAULT_LEVEL, interval: ProportionInterval = "clopper-pearson"
) -> Estimate:
    """Share of cases on which both agree, 0 to 1.

    Parameters
    ----------
    table : array_like of int, shape (k, k)
        Counts.
    level : float
        Confidence level.
    interval : {"clopper-pearson", "wilson"}
        Interval.

    Returns
    -------
    Estimate
        In words for fewer than two cases.
    """
    counts = np.asarray(table)
    n = int(counts.sum())
    estimate = proportion(int(np.trace(counts)), n, level=level, interval=interval)
    return undefined(n, estimate.method, _too_few(n)) if n < 2 else estimate


def pabak(
    table: ArrayLike, *, level: float = DEFAULT_LEVEL, interval: ProportionInterval = "clopper-pearson"
) -> Estimate:
    """Prevalence- and bias-adjusted kappa, (k p - 1) / (k - 1) with p the observed agreement.

    Parameters
    ----------
    table : array_like of int, shape (k, k)
        Counts.
    level : float
        Confidence level.
    interval : {"clopper-pearson", "wilson"}
        Interval of the observed agreement, which is carried over.

    Returns
    -------
    Estimate

    Notes
    -----
    Byrt, Bishop and Carlin, J Clin Epidemiol 1993; 46: 423; 2 p - 1 for two categories.
    """
    counts = np.asarray(table)
    k = counts.shape[0]
    raw = percent_agreement(counts, level=level, interval=interval)
    method = f"(k p - 1) / (k - 1), k = {k} (Byrt et al. 1993), interval carried over from: {raw.method}"
    if raw.value is None or raw.ci_low is None or raw.ci_high is None:
        return undefined(raw.n, method, raw.note)

    def adjust(p: float) -> float:
        return float((k * p - 1) / (k - 1))

    return Estimate(adjust(raw.value), adjust(raw.ci_low), adjust(raw.ci_high), level, raw.n, method)


def category_agreement_values(tables: ArrayLike, category: int) -> NDArray[np.float64]:
    """Agreement on one category (positive or negative agreement) for many tables at once.

    Parameters
    ----------
    tables : array_like, shape (..., k, k)
        Counts.
    category : int
        The category.

    Returns
    -------
    ndarray, shape (...)
        2 a / (uses by the first + uses by the second); NaN where nobody used the category.

    Notes
    -----
    Cicchetti and Feinstein, J Clin Epidemiol 1990; 43: 551.
    """
    counts = np.asarray(tables, dtype=np.float64)
    uses = counts[..., category, :].sum(axis=-1) + counts[..., :, category].sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * counts[..., category, category] / np.where(uses == 0, np.nan, uses))


def _too_few(n: int) -> str:
    return "No case was answered by both." if n == 0 else "Only one case was answered by both; two are the least."
