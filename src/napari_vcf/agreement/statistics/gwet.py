"""Gwet's AC1 and AC2."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, Method, normal_interval, undefined
from napari_vcf.agreement.statistics.weights import WeightKind, agreement_weights

__all__ = ["gwet_ac", "gwet_values"]


def gwet_values(tables: ArrayLike, weights: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AC1 (identity weights) or AC2 and its standard error for many tables at once.

    Parameters
    ----------
    tables : array_like, shape (..., q, q)
        Counts; rows are the first rater's categories. All categories of the scale, used or not.
    weights : array_like, shape (q, q), optional
        Weights of agreement; identity (AC1) if left out.

    Returns
    -------
    ac, standard_error : ndarray, shape (...)
        NaN where there are fewer than two categories or no case.

    Notes
    -----
    Gwet, Br J Math Stat Psychol 2008; 61: 29 (AC1 and its variance, which does not suppose independent raters); Gwet,
    Handbook of Inter-Rater Reliability, 4th ed. 2014, chapter 4 (AC2). The variance is that of the cases' linearised
    contributions, with n - 1 in the denominator.
    """
    counts = np.asarray(tables, dtype=np.float64)
    q = counts.shape[-1]
    w = np.eye(q) if weights is None else np.asarray(weights, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        n = counts.sum(axis=(-2, -1))
        p = counts / n[..., None, None]
        use = (p.sum(axis=-1) + p.sum(axis=-2)) / 2
        scale = w.sum() / (q * (q - 1)) if q > 1 else np.nan
        observed = (p * w).sum(axis=(-2, -1))
        expected = scale * (use * (1 - use)).sum(axis=-1)
        chance = 1 - expected
        chance = np.where(np.abs(chance) < 1e-12, np.nan, chance)
        value = (observed - expected) / chance
        # A case in cell (k, l) contributes its own agreement and its own share of the chance agreement.
        own = (w - expected[..., None, None]) / chance[..., None, None]
        chance_own = scale * (1 - (use[..., :, None] + use[..., None, :]) / 2)
        shift = 2 * (1 - value)[..., None, None] * (chance_own - expected[..., None, None]) / chance[..., None, None]
        linear = own - shift
        variance = (p * (linear - value[..., None, None]) ** 2).sum(axis=(-2, -1)) / (n - 1)
    return value, np.sqrt(variance)


def gwet_ac(
    table: ArrayLike,
    *,
    kind: WeightKind = "unweighted",
    unordered: int = 0,
    level: float = DEFAULT_LEVEL,
    transformed: bool = False,
) -> Estimate:
    """AC1, or AC2 with linear or quadratic weights, with its interval.

    Parameters
    ----------
    table : array_like of int, shape (q, q)
        Counts, with every category of the scale.
    kind : {"unweighted", "linear", "quadratic"}
        Unweighted is AC1.
    unordered : int
        Categories at the end that stand outside the order; see `agreement_weights`.
    level : float
        Confidence level.
    transformed : bool
        Whether the interval is made on the scale of Fisher's z, which holds its level better near 1.

    Returns
    -------
    Estimate
        Interval from the t distribution with n - 1 degrees of freedom.
    """
    counts = np.asarray(table)
    name = "AC1 (Gwet 2008)" if kind == "unweighted" else f"AC2 with {kind} weights (Gwet 2014)"
    method = Method(
        f"{name}, q = {counts.shape[0]} categories", "interval from the cases' linearised contributions (t, n - 1)"
    )
    n = int(counts.sum())
    if n < 2:
        return undefined(n, method, f"{n} case{'s' * (n != 1)} answered by both; two are the least.")
    value, error = gwet_values(counts, agreement_weights(counts.shape[0], kind, unordered=unordered))
    if not np.isfinite(value):
        return undefined(n, method, "The scale has fewer than two categories: the coefficient is not defined.")
    quantile = float(stats.t.ppf(0.5 + level / 2, n - 1))
    return normal_interval(
        float(value),
        float(error),
        n=n,
        level=level,
        method=method,
        bounds=(-1.0, 1.0),
        quantile=quantile,
        transformed=transformed,
    )
