"""Two paired yes-or-no outcomes: McNemar's test in its exact and mid-P forms, and the interval of the difference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, normal_quantile, undefined

__all__ = ["mcnemar_exact", "mcnemar_mid_p", "paired_difference"]

_NO_CASE = "There is no paired case."


def _discordant(first: ArrayLike, second: ArrayLike) -> tuple[int, int, int]:
    """Cases, those right only the first time, and those right only the second time."""
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape or a.ndim != 1:
        raise StatisticError(f"Outcomes of shapes {a.shape} and {b.shape} are not paired.")
    return int(a.size), int((a & ~b).sum()), int((~a & b).sum())


def _note(only_first: int, only_second: int) -> str:
    if only_first + only_second == 0:
        return "No pair is discordant, so the two cannot be told apart."
    return f"Right only the first time {only_first}, right only the second time {only_second}."


def mcnemar_exact(first_right: ArrayLike, second_right: ArrayLike) -> Estimate:
    """Exact McNemar test of two paired yes-or-no outcomes.

    Parameters
    ----------
    first_right, second_right : array_like of bool, shape (n,)
        Outcome of the same cases under the two conditions, in the same order.

    Returns
    -------
    Estimate
        Two-sided P of the discordant pairs against a binomial with one half.

    Raises
    ------
    StatisticError
        If the shapes differ.

    Notes
    -----
    McNemar, Psychometrika 1947; 12: 153; exact form: binomial with the smaller discordant count, doubled, at most 1.
    """
    n, only_first, only_second = _discordant(first_right, second_right)
    method = "exact McNemar test, two-sided (binomial of the discordant pairs)"
    if n == 0:
        return undefined(0, method, _NO_CASE)
    discordant = only_first + only_second
    p = 1.0 if discordant == 0 else min(1.0, 2 * float(stats.binom.cdf(min(only_first, only_second), discordant, 0.5)))
    return Estimate(p, None, None, None, n, method, _note(only_first, only_second))


def mcnemar_mid_p(first_right: ArrayLike, second_right: ArrayLike) -> Estimate:
    """Mid-P McNemar test: the exact one less half the probability of what was seen.

    Parameters
    ----------
    first_right, second_right : array_like of bool, shape (n,)
        Outcome of the same cases under the two conditions, in the same order.

    Returns
    -------
    Estimate
        Two-sided mid-P. It is less cautious than the exact test and hardly ever exceeds the nominal level.

    Raises
    ------
    StatisticError
        If the shapes differ.

    Notes
    -----
    Fagerland, Lydersen and Laake, BMC Med Res Methodol 2013; 13: 91.
    """
    n, only_first, only_second = _discordant(first_right, second_right)
    method = "mid-P McNemar test, two-sided (Fagerland et al. 2013)"
    if n == 0:
        return undefined(0, method, _NO_CASE)
    discordant, least = only_first + only_second, min(only_first, only_second)
    p = 1.0
    if only_first != only_second:
        p = 2 * float(stats.binom.cdf(least, discordant, 0.5)) - float(stats.binom.pmf(least, discordant, 0.5))
    elif discordant:
        p = 1 - float(stats.binom.pmf(least, discordant, 0.5))
    return Estimate(p, None, None, None, n, method, _note(only_first, only_second))


def paired_difference(first_right: ArrayLike, second_right: ArrayLike, *, level: float = DEFAULT_LEVEL) -> Estimate:
    """Difference of two paired proportions, first minus second, with Tango's score interval.

    Parameters
    ----------
    first_right, second_right : array_like of bool, shape (n,)
        Outcome of the same cases under the two conditions, in the same order.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        In words where there is no case.

    Raises
    ------
    StatisticError
        If the shapes differ.

    Notes
    -----
    Tango, Stat Med 1998; 17: 891: the differences that a score test does not reject.
    """
    n, only_first, only_second = _discordant(first_right, second_right)
    method = "difference of paired proportions, first minus second, score interval (Tango 1998)"
    if n == 0:
        return undefined(0, method, _NO_CASE)
    z = normal_quantile(level)
    value = (only_first - only_second) / n

    def excess(difference: float) -> float:
        """How far a difference is from being rejected; falls from its left bound to its right one."""
        return _score(only_first, only_second, n, difference)

    low = -1.0 if excess(-1.0) <= z else float(optimize.brentq(lambda d: excess(d) - z, -1.0, value, xtol=1e-12))
    high = 1.0 if excess(1.0) >= -z else float(optimize.brentq(lambda d: excess(d) + z, value, 1.0, xtol=1e-12))
    return Estimate(value, low, high, level, n, method, _note(only_first, only_second))


def _score(b: int, c: int, n: int, difference: float) -> float:
    """Score statistic of a difference, with the share of second-only right estimated under it."""
    first = -b - c + (2 * n - b + c) * difference
    last = -c * difference * (1 - difference)
    share = (math.sqrt(max(first**2 - 8 * n * last, 0.0)) - first) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    gap = b - c - n * difference
    if variance <= 1e-12:
        return 0.0 if abs(gap) <= 1e-9 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)
