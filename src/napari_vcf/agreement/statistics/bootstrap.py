"""Case bootstrap, vectorised: tables by multinomial draws, means and moments by matrix products.

Resampling the cases of a table of counts is the same as drawing its cells from a multinomial distribution, so the cost
does not grow with the number of cases. What depends on the cases through sums is resampled as (counts of each case) x
(sums' terms), for all quantities of a group of cases in one product.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.statistics.estimate import Estimate
from napari_vcf.agreement.statistics.icc import MeanSquares

__all__ = [
    "bootstrap_mean",
    "bootstrap_squares",
    "bootstrap_sums",
    "bootstrap_tables",
    "percentile_interval",
    "square_terms",
    "stable_seed",
]

#: Cells of a block of resampled counts: 4 million doubles are 32 MB.
_BLOCK = 4_000_000


def stable_seed(seed: int, *names: str) -> int:
    """Seed of one quantity, the same whatever else is analysed beside it.

    Parameters
    ----------
    seed : int
        Seed of the analysis.
    *names : str
        Names that tell the quantity apart.

    Returns
    -------
    int
    """
    return (seed << 32) ^ zlib.crc32("\x1f".join(names).encode())


def bootstrap_tables(table: ArrayLike, samples: int, seed: int) -> NDArray[np.int64]:
    """Resample the cases of a table of counts.

    Parameters
    ----------
    table : array_like of int, shape (r, c)
        Counts.
    samples : int
        Number of samples.
    seed : int
        Seed.

    Returns
    -------
    ndarray of int, shape (samples, r, c)
    """
    counts = np.asarray(table, dtype=np.int64)
    n = int(counts.sum())
    if n == 0:
        return np.zeros((samples, *counts.shape), dtype=np.int64)
    # Empty cells stay empty: drawing only the others costs less where tables are sparse.
    filled = np.flatnonzero(counts.ravel())
    draws = np.random.default_rng(seed).multinomial(n, counts.ravel()[filled] / n, size=samples)
    tables = np.zeros((samples, counts.size), dtype=np.int64)
    tables[:, filled] = draws
    return tables.reshape(samples, *counts.shape)


def _case_counts(n: int, samples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Blocks, shape (b, n), of how often each case is in a sample."""
    rng = np.random.default_rng(seed)
    block = max(1, min(samples, _BLOCK // max(n, 1)))
    for start in range(0, samples, block):
        rows = min(block, samples - start)
        # Unsigned 32-bit draws are the fastest; the offset of each sample makes one count of all of them.
        draws = rng.integers(0, n, size=(rows, n), dtype=np.uint32).astype(np.int64)
        draws += (np.arange(rows) * n)[:, None]
        yield np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def bootstrap_sums(terms: ArrayLike, samples: int, seed: int) -> NDArray[np.float64]:
    """Sums over resampled cases.

    Parameters
    ----------
    terms : array_like, shape (n, m)
        What each case adds to each of `m` sums.
    samples : int
        Number of samples.
    seed : int
        Seed.

    Returns
    -------
    ndarray, shape (samples, m)
    """
    x = np.asarray(terms, dtype=np.float64)
    out = np.empty((samples, x.shape[1]))
    start = 0
    for counts in _case_counts(x.shape[0], samples, seed):
        out[start : start + len(counts)] = counts @ x
        start += len(counts)
    return out


def bootstrap_mean(values: ArrayLike, samples: int, seed: int) -> NDArray[np.float64]:
    """Means over resampled cases.

    Parameters
    ----------
    values : array_like, shape (n, m)
        `m` quantities of each case.
    samples : int
        Number of samples.
    seed : int
        Seed.

    Returns
    -------
    ndarray, shape (samples, m)
    """
    x = np.asarray(values, dtype=np.float64)
    return np.asarray(bootstrap_sums(x, samples, seed) / x.shape[0])


def square_terms(values: ArrayLike) -> NDArray[np.float64]:
    """What each case adds to the sums from which mean squares are made.

    Parameters
    ----------
    values : array_like, shape (n, k)
        Measurements; a case with a gap (NaN) adds nothing.

    Returns
    -------
    ndarray, shape (n, k + 4)
        1, the k measurements, their squares' sum, the squared mean, the squared coefficient of variation. The
        measurements are taken from their overall mean first, so that sums of squares keep their digits; the last
        term is not.
    """
    x = np.asarray(values, dtype=np.float64)
    whole = np.asarray(np.isfinite(x).all(axis=1))
    centre = x[whole].mean() if whole.any() else 0.0
    moved = np.where(whole[:, None], x - centre, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        squared_cv = x.var(axis=1, ddof=1) / x.mean(axis=1) ** 2
    return np.column_stack(
        [
            whole,
            moved,
            (moved**2).sum(axis=1),
            moved.mean(axis=1) ** 2,
            np.where(whole & np.isfinite(squared_cv), squared_cv, 0.0),
        ]
    )


def bootstrap_squares(sums: NDArray[np.float64]) -> MeanSquares:
    """Mean squares of resampled cases from the sums of `square_terms`.

    Parameters
    ----------
    sums : ndarray, shape (samples, k + 4)
        Sums over each sample.

    Returns
    -------
    MeanSquares
        With one value per sample; NaN where a sample has fewer than two cases.
    """
    k = sums.shape[1] - 4
    n = np.where(sums[:, 0] >= 2, sums[:, 0], np.nan)
    raters = sums[:, 1 : 1 + k] / n[:, None]
    total, case = sums[:, 1 + k], sums[:, 2 + k]
    grand = raters.mean(axis=1)
    rows = k * (case - n * grand**2)
    columns = n * ((raters - grand[:, None]) ** 2).sum(axis=1)
    within = total - k * case
    return MeanSquares(
        n=n,
        k=k,
        rows=np.maximum(rows, 0) / (n - 1),
        columns=columns / (k - 1),
        error=np.maximum(within - columns, 0) / ((n - 1) * (k - 1)),
        within=np.maximum(within, 0) / (n * (k - 1)),
    )


def percentile_interval(value: float, replicates: ArrayLike, *, n: int, level: float, method: str) -> Estimate:
    """Percentile interval of bootstrap replicates.

    Parameters
    ----------
    value : float
        The statistic of the data.
    replicates : array_like, shape (samples,)
        The statistic of each sample; NaN where a sample does not define it.
    n : int
        Cases.
    level : float
        Confidence level.
    method : str
        Name of the method.

    Returns
    -------
    Estimate
        Without an interval, and saying so, where fewer than half of the samples define the statistic or all are equal.

    Notes
    -----
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    all_of_them = np.asarray(replicates, dtype=np.float64)
    found = all_of_them[np.isfinite(all_of_them)]
    if found.size == 0 or found.size * 2 < all_of_them.size:
        words = "There was no bootstrap." if all_of_them.size == 0 else "Most bootstrap samples do not define it."
        return Estimate(value, None, None, None, n, method, f"{words} No interval.")
    low, high = np.quantile(found, [(1 - level) / 2, 0.5 + level / 2])
    if high - low <= 1e-12:
        return Estimate(
            value, None, None, None, n, method, "All bootstrap samples give the same value, so no interval."
        )
    estimate = Estimate(value, float(low), float(high), level, n, method)
    if found.size < all_of_them.size:
        return estimate.with_note(f"{all_of_them.size - found.size} of {all_of_them.size} samples do not define it.")
    return estimate
