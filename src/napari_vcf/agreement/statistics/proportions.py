"""Proportions with intervals, and what follows from a 2 x 2 table against a reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, normal_quantile, undefined

__all__ = ["Accuracy", "ProportionInterval", "accuracy", "proportion"]

ProportionInterval = Literal["clopper-pearson", "wilson"]

_METHODS = {
    "clopper-pearson": "proportion, exact interval (Clopper and Pearson 1934)",
    "wilson": "proportion, score interval (Wilson 1927)",
}


def proportion(
    count: int, n: int, *, level: float = DEFAULT_LEVEL, interval: ProportionInterval = "clopper-pearson"
) -> Estimate:
    """Return a proportion with its interval.

    Parameters
    ----------
    count, n : int
        Successes and trials.
    level : float
        Confidence level.
    interval : {"clopper-pearson", "wilson"}
        Exact (never below the level) or score (close to the level on average).

    Returns
    -------
    Estimate
        In words where `n` is 0.

    Raises
    ------
    StatisticError
        If the counts cannot be, or the interval is unknown.

    Notes
    -----
    Clopper and Pearson, Biometrika 1934; 26: 404. Wilson, J Am Stat Assoc 1927; 22: 209.
    """
    if interval not in _METHODS:
        raise StatisticError(f"There is no interval '{interval}' of a proportion: {', '.join(_METHODS)}.")
    if not 0 <= count <= n:
        raise StatisticError(f"{count} of {n} is not a proportion.")
    method = _METHODS[interval]
    if n == 0:
        return undefined(0, method, "There is no case in the denominator.")
    value = count / n
    if interval == "clopper-pearson":
        tail = (1 - level) / 2
        low = 0.0 if count == 0 else float(stats.beta.ppf(tail, count, n - count + 1))
        high = 1.0 if count == n else float(stats.beta.ppf(1 - tail, count + 1, n - count))
    else:
        z = normal_quantile(level)
        centre = (value + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(value * (1 - value) / n + z * z / (4 * n * n))
        low, high = (0.0 if count == 0 else centre - half), (1.0 if count == n else centre + half)
    return Estimate(value, low, high, level, n, method)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a verdict is worth against the reference; each an `Estimate`."""

    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate


def accuracy(
    called: ArrayLike,
    truth: ArrayLike,
    *,
    level: float = DEFAULT_LEVEL,
    interval: ProportionInterval = "clopper-pearson",
) -> Accuracy:
    """Accuracy, sensitivity, specificity and predictive values.

    Parameters
    ----------
    called : array_like of bool, shape (n,)
        Whether the case was called positive.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.
    level : float
        Confidence level.
    interval : {"clopper-pearson", "wilson"}
        Interval of each proportion.

    Returns
    -------
    Accuracy
        Each with its own denominator as `n`.

    Raises
    ------
    StatisticError
        If the shapes differ.
    """
    call, true = np.asarray(called, dtype=bool), np.asarray(truth, dtype=bool)
    if call.shape != true.shape or call.ndim != 1:
        raise StatisticError(f"Calls of shape {call.shape} do not fit a reference of shape {true.shape}.")
    tp, tn = int((call & true).sum()), int((~call & ~true).sum())

    def share(count: int, n: int) -> Estimate:
        return proportion(count, n, level=level, interval=interval)

    return Accuracy(
        accuracy=share(tp + tn, call.size),
        sensitivity=share(tp, int(true.sum())),
        specificity=share(tn, int((~true).sum())),
        ppv=share(tp, int(call.sum())),
        npv=share(tn, int((~call).sum())),
    )
