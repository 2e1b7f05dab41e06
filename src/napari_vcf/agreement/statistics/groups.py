"""Two groups compared: Pearson's chi-squared, Fisher's exact test, Student's and Welch's t."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import gammaln

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import Estimate, undefined

__all__ = ["SMALL_EXPECTED", "Test", "chi_squared", "expected_counts", "fisher_exact", "t_test", "welch_test"]

#: Below this expected count Fisher's test is given beside chi-squared.
SMALL_EXPECTED = 5.0
#: Most tables that Fisher's test enumerates; beyond it, the P value is simulated.
_MOST_TABLES = 2_000_000
_SIMULATED = 100_000


@dataclass(frozen=True, slots=True)
class Test:
    """A test statistic and its P value; each an `Estimate`."""

    statistic: Estimate
    p: Estimate


def _used(table: ArrayLike) -> NDArray[np.int64]:
    """Drop the categories that nobody has, which carry no information."""
    counts = np.asarray(table, dtype=np.int64)
    if counts.ndim != 2 or (counts < 0).any():
        raise StatisticError(f"Counts of shape {counts.shape} are not a table of counts.")
    return np.asarray(counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0])


def expected_counts(table: ArrayLike) -> NDArray[np.float64]:
    """Counts that independence of rows and columns would give, for the rows and columns in use.

    Parameters
    ----------
    table : array_like of int, shape (r, c)
        Counts.

    Returns
    -------
    ndarray
    """
    counts = _used(table)
    return np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(int(counts.sum()), 1)


def chi_squared(table: ArrayLike) -> Test:
    """Pearson's chi-squared test, without continuity correction.

    Parameters
    ----------
    table : array_like of int, shape (r, c)
        Counts; empty rows and columns are left out.

    Returns
    -------
    Test
        In words where only one row or column is in use.
    """
    counts = _used(table)
    n = int(counts.sum())
    methods = ("Pearson's chi-squared without continuity correction", "P of Pearson's chi-squared")
    if min(counts.shape) < 2:
        words = "Only one category or only one group is in use: there is nothing to compare."
        return Test(undefined(n, methods[0], words), undefined(n, methods[1], words))
    expected = expected_counts(counts)
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    value = float(((counts - expected) ** 2 / expected).sum())
    note = f"Degrees of freedom {df}."
    if expected.min() < SMALL_EXPECTED:
        note += f" The smallest expected count is {expected.min():.2f}, below 5: read Fisher's exact test."
    p = float(stats.chi2.sf(value, df))
    return Test(
        Estimate(value, None, None, None, n, methods[0], note), Estimate(p, None, None, None, n, methods[1], note)
    )


def fisher_exact(table: ArrayLike, *, seed: int = 0) -> Estimate:
    """Fisher's exact test of a table with two columns (or two rows), two-sided.

    Parameters
    ----------
    table : array_like of int, shape (r, 2) or (2, c)
        Counts.
    seed : int
        Seed, where the tables are too many to enumerate.

    Returns
    -------
    Estimate
        P: the probability of all tables with the same margins that are not more likely than this one (Freeman and
        Halton, Biometrika 1951; 38: 141). Above two million tables it is simulated, and the method says so.

    Raises
    ------
    StatisticError
        If neither side has two categories.
    """
    counts = _used(table)
    n = int(counts.sum())
    method = "Fisher's exact test, two-sided (Freeman and Halton 1951)"
    if min(counts.shape) < 2:
        return undefined(n, method, "Only one category or only one group is in use: there is nothing to compare.")
    if counts.shape[1] != 2:
        counts = counts.T
    if counts.shape[1] != 2:
        raise StatisticError(f"Fisher's test takes two groups, not a table of {counts.shape}.")
    # The largest row is what the others leave: enumerate the others only.
    counts = counts[np.argsort(counts.sum(axis=1))]
    rows, first = counts.sum(axis=1), int(counts[:, 0].sum())
    seen = float(_log_weight(counts[:, 0][None, :], rows)[0])
    if math.prod(int(row) + 1 for row in rows[:-1]) <= _MOST_TABLES:
        grid = np.array(list(itertools.product(*(range(int(row) + 1) for row in rows[:-1]))), dtype=np.int64)
        last = first - grid.sum(axis=1)
        fits = (last >= 0) & (last <= rows[-1])
        log = _log_weight(np.column_stack([grid, last])[fits], rows) - _log_choose(n, first)
        as_likely = log <= seen - _log_choose(n, first) + 1e-7
        return Estimate(min(1.0, float(np.exp(log[as_likely]).sum())), None, None, None, n, method)
    draws = np.random.default_rng(seed).multivariate_hypergeometric(rows, first, size=_SIMULATED)
    hits = int((_log_weight(draws, rows) <= seen + 1e-7).sum())
    p = (hits + 1) / (_SIMULATED + 1)
    return Estimate(p, None, None, None, n, f"{method}, simulated with {_SIMULATED} tables")


def _log_choose(n: ArrayLike, k: ArrayLike) -> NDArray[np.float64]:
    n, k = np.asarray(n, dtype=np.float64), np.asarray(k, dtype=np.float64)
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _log_weight(first_column: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(_log_choose(rows, first_column).sum(axis=1))


def t_test(first: ArrayLike, second: ArrayLike) -> Test:
    """Student's t test of two independent groups, pooled variance.

    Parameters
    ----------
    first, second : array_like
        Measurements of each group.

    Returns
    -------
    Test
        t is positive where the first group's mean is the larger.
    """
    return _two_means(first, second, pooled=True)


def welch_test(first: ArrayLike, second: ArrayLike) -> Test:
    """Welch's t test of two independent groups, variances not supposed equal.

    Parameters
    ----------
    first, second : array_like
        Measurements of each group.

    Returns
    -------
    Test
        t is positive where the first group's mean is the larger.
    """
    return _two_means(first, second, pooled=False)


def _two_means(first: ArrayLike, second: ArrayLike, *, pooled: bool) -> Test:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    name = "Student's t, pooled variance" if pooled else "Welch's t"
    methods = (f"{name}, first group minus second", f"two-sided P of {name}")
    n = int(a.size + b.size)
    if a.size < 2 or b.size < 2:
        words = f"The groups hold {a.size} and {b.size} values; two in each are the least."
        return Test(undefined(n, methods[0], words), undefined(n, methods[1], words))
    va, vb = float(a.var(ddof=1)), float(b.var(ddof=1))
    if pooled:
        df = float(n - 2)
        squared_error = ((a.size - 1) * va + (b.size - 1) * vb) / df * (1 / a.size + 1 / b.size)
    else:
        sa, sb = va / a.size, vb / b.size
        squared_error = sa + sb
        df = squared_error**2 / (sa**2 / (a.size - 1) + sb**2 / (b.size - 1)) if squared_error > 0 else math.nan
    if squared_error <= 0:
        words = "The values do not vary within the groups: t is not defined."
        return Test(undefined(n, methods[0], words), undefined(n, methods[1], words))
    value = float((a.mean() - b.mean()) / math.sqrt(squared_error))
    p = 2 * float(stats.t.sf(abs(value), df))
    note = f"Degrees of freedom {df:.6g}."
    return Test(
        Estimate(value, None, None, None, n, methods[0], note), Estimate(p, None, None, None, n, methods[1], note)
    )
