"""Agreement in the unit of the measurement: limits of agreement, within-subject SD, repeatability."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, Method, undefined

__all__ = [
    "LIMITS_FACTOR",
    "LimitsOfAgreement",
    "bland_altman",
    "repeatability_coefficient",
    "wcv",
    "wcv_value",
    "within_subject_sd",
]

#: Standard deviations of the difference that the limits reach from the bias.
LIMITS_FACTOR = 1.96


@dataclass(frozen=True, slots=True)
class LimitsOfAgreement:
    """Bias and limits of agreement; each an `Estimate` in the unit of the measurement."""

    bias: Estimate
    lower: Estimate
    upper: Estimate


def bland_altman(
    first: ArrayLike, second: ArrayLike, *, level: float = DEFAULT_LEVEL, factor: float = LIMITS_FACTOR
) -> LimitsOfAgreement:
    """Bias (first minus second) and limits of agreement with their intervals.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Paired measurements, finite.
    level : float
        Confidence level of the intervals.
    factor : float
        Standard deviations of the difference from bias to limit.

    Returns
    -------
    LimitsOfAgreement

    Raises
    ------
    StatisticError
        If the measurements are not paired.

    Notes
    -----
    Bland and Altman, Lancet 1986; 327: 307: standard error of the bias s / sqrt(n), of a limit sqrt(3 s^2 / n), each
    with t of n - 1 degrees of freedom.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise StatisticError(f"Measurements of shapes {a.shape} and {b.shape} are not paired.")
    n = int(a.size)
    names = ("bias, first minus second", f"bias - {factor:g} SD", f"bias + {factor:g} SD")
    methods = [Method(f"{name} (Bland and Altman 1986)", "interval from t") for name in names]
    if n < 2:
        words = f"{n} complete case{'s' * (n != 1)}; two are the least."
        return LimitsOfAgreement(*(undefined(n, method, words) for method in methods))
    difference = a - b
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stats.t.ppf(0.5 + level / 2, n - 1))
    values = (bias, bias - factor * sd, bias + factor * sd)
    errors = (sd / math.sqrt(n), math.sqrt(3 / n) * sd, math.sqrt(3 / n) * sd)
    if sd == 0:
        words = "The differences do not vary, so there is no interval."
        return LimitsOfAgreement(
            *(
                Estimate(value, None, None, None, n, method, words)
                for value, method in zip(values, methods, strict=True)
            )
        )
    return LimitsOfAgreement(
        *(
            Estimate(value, value - t * error, value + t * error, level, n, method)
            for value, error, method in zip(values, errors, methods, strict=True)
        )
    )


def within_subject_sd(values: ArrayLike, *, level: float = DEFAULT_LEVEL) -> Estimate:
    """Within-subject standard deviation, the root of the mean of the cases' variances.

    Parameters
    ----------
    values : array_like, shape (n, k)
        Complete measurements of `n` cases.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        Interval from chi-squared with n (k - 1) degrees of freedom.

    Notes
    -----
    Bland and Altman, BMJ 1996; 313: 744.
    """
    x = np.asarray(values, dtype=np.float64)
    n, k = x.shape
    method = Method("root of the mean within-case variance (Bland and Altman 1996)", "interval from chi-squared")
    if n < 2 or k < 2:
        return undefined(n, method, f"{n} complete case(s) with {k} measurement(s); two of each are the least.")
    variance = float(x.var(axis=1, ddof=1).mean())
    value = math.sqrt(variance)
    if value == 0:
        return Estimate(
            0.0, None, None, None, n, method, "Repeated measurements are all equal, so there is no interval."
        )
    df = n * (k - 1)
    tail = (1 - level) / 2
    low = value * math.sqrt(df / float(stats.chi2.ppf(1 - tail, df)))
    high = value * math.sqrt(df / float(stats.chi2.ppf(tail, df)))
    return Estimate(value, low, high, level, n, method)


def repeatability_coefficient(values: ArrayLike, *, level: float = DEFAULT_LEVEL) -> Estimate:
    """Difference that two measurements of one case stay below in 95 % of cases.

    It is 1.96 sqrt(2) times the within-subject SD.

    Parameters
    ----------
    values : array_like, shape (n, k)
        Complete measurements of `n` cases.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Notes
    -----
    Bland and Altman, BMJ 1996; 313: 744.
    """
    base = within_subject_sd(values, level=level)
    method = Method("1.96 sqrt(2) x within-subject SD (Bland and Altman 1996)", "interval from chi-squared")
    factor = LIMITS_FACTOR * math.sqrt(2)

    def scale(part: float | None) -> float | None:
        return None if part is None else factor * part

    return Estimate(scale(base.value), scale(base.ci_low), scale(base.ci_high), base.level, base.n, method, base.note)


def wcv_value(values: ArrayLike) -> NDArray[np.float64]:
    """Within-subject coefficient of variation, the root of the mean squared coefficient of variation of the cases.

    Parameters
    ----------
    values : array_like, shape (..., n, k)
        Positive measurements.

    Returns
    -------
    ndarray, shape (...)
    """
    x = np.asarray(values, dtype=np.float64)
    return np.asarray(np.sqrt((x.var(axis=-1, ddof=1) / x.mean(axis=-1) ** 2).mean(axis=-1)))


def wcv(values: ArrayLike, *, level: float = DEFAULT_LEVEL, samples: int = 2000, seed: int = 0) -> Estimate:
    """Within-subject coefficient of variation (a share, not a percentage) with a bootstrap interval over cases.

    Parameters
    ----------
    values : array_like, shape (n, k)
        Complete measurements.
    level : float
        Confidence level.
    samples : int
        Bootstrap samples of cases; 0 for no interval.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Estimate
        In words where a measurement is not positive, for a ratio means nothing then.

    Notes
    -----
    Root-mean-square form: Bland and Altman; Raunig et al., Stat Methods Med Res 2015; 24: 27.
    """
    from napari_vcf.agreement.statistics.bootstrap import bootstrap_mean, percentile_interval

    x = np.asarray(values, dtype=np.float64)
    n, k = x.shape
    method = "root of the mean squared coefficient of variation of the cases, percentile interval of a case bootstrap"
    if n < 2 or k < 2:
        return undefined(n, method, f"{n} complete case(s) with {k} measurement(s); two of each are the least.")
    if (x <= 0).any():
        return undefined(n, method, "Not all measurements are positive: a coefficient of variation means nothing here.")
    squared = x.var(axis=1, ddof=1) / x.mean(axis=1) ** 2
    means = np.sqrt(bootstrap_mean(squared[:, None], samples, seed)[:, 0])
    return percentile_interval(float(np.sqrt(squared.mean())), means, n=n, level=level, method=method)
