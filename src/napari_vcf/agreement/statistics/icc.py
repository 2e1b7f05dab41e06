"""Intraclass correlations with intervals from the F distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, Method, undefined

__all__ = ["ICC_KINDS", "IccKind", "MeanSquares", "icc", "icc_bounds", "icc_values", "mean_squares"]

IccKind = Literal["icc_1_1", "icc_1_k", "icc_a_1", "icc_a_k", "icc_c_1", "icc_c_k"]
ICC_KINDS: tuple[IccKind, ...] = ("icc_1_1", "icc_1_k", "icc_a_1", "icc_a_k", "icc_c_1", "icc_c_k")

_METHODS: dict[IccKind, str] = {
    "icc_1_1": "one-way random, single measurement; Shrout and Fleiss ICC(1,1)",
    "icc_1_k": "one-way random, mean of k measurements; Shrout and Fleiss ICC(1,k)",
    "icc_a_1": "two-way random, absolute agreement, single measurement; McGraw and Wong ICC(A,1)",
    "icc_a_k": "two-way random, absolute agreement, mean of k measurements; McGraw and Wong ICC(A,k)",
    "icc_c_1": "two-way, consistency, single measurement; McGraw and Wong ICC(C,1)",
    "icc_c_k": "two-way, consistency, mean of k measurements; McGraw and Wong ICC(C,k)",
}


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Mean squares of a two-way layout of cases and raters, for one layout or many.

    Attributes
    ----------
    n, k : ndarray or float
        Cases and raters.
    rows, columns, error, within : ndarray
        Mean squares between cases, between raters, of the rest, and within cases.
    """

    n: NDArray[np.float64]
    k: int
    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    error: NDArray[np.float64]
    within: NDArray[np.float64]


def mean_squares(values: ArrayLike) -> MeanSquares:
    """Mean squares of cases by raters.

    Parameters
    ----------
    values : array_like, shape (..., n, k)
        Measurements of `n` cases by `k` raters, complete; at least two of each.

    Returns
    -------
    MeanSquares
        With the leading shape.

    Raises
    ------
    StatisticError
        If there are fewer than two cases or raters, or a value is not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim < 2 or x.shape[-1] < 2 or x.shape[-2] < 2:
        raise StatisticError(f"Values of shape {x.shape} do not hold two cases by two raters.")
    if not np.isfinite(x).all():
        raise StatisticError("The layout must be complete and finite; leave incomplete cases out first.")
    n, k = x.shape[-2:]
    x = x - x.mean(axis=(-2, -1), keepdims=True)
    case, rater = x.mean(axis=-1), x.mean(axis=-2)
    between_cases = k * (case**2).sum(axis=-1)
    between_raters = n * (rater**2).sum(axis=-1)
    # The rest from its own residuals, not as a difference of large sums: exact where raters agree perfectly.
    residual = ((x - case[..., :, None] - rater[..., None, :]) ** 2).sum(axis=(-2, -1))
    within = ((x - case[..., :, None]) ** 2).sum(axis=(-2, -1))
    return MeanSquares(
        n=np.asarray(n, dtype=np.float64),
        k=k,
        rows=np.asarray(between_cases / (n - 1)),
        columns=np.asarray(between_raters / (k - 1)),
        error=np.asarray(residual / ((n - 1) * (k - 1))),
        within=np.asarray(within / (n * (k - 1))),
    )


def icc_values(squares: MeanSquares, kind: IccKind) -> NDArray[np.float64]:
    """One form of the intraclass correlation from mean squares, for many layouts at once.

    Parameters
    ----------
    squares : MeanSquares
        Mean squares.
    kind : str
        One of `ICC_KINDS`.

    Returns
    -------
    ndarray
        NaN where the denominator is zero.

    Notes
    -----
    Shrout and Fleiss, Psychol Bull 1979; 86: 420. McGraw and Wong, Psychol Methods 1996; 1: 30, table 4.
    """
    n, k = squares.n, squares.k
    rows, columns, error, within = squares.rows, squares.columns, squares.error, squares.within
    top, bottom = {
        "icc_1_1": (rows - within, rows + (k - 1) * within),
        "icc_1_k": (rows - within, rows),
        "icc_a_1": (rows - error, rows + (k - 1) * error + k / n * (columns - error)),
        "icc_a_k": (rows - error, rows + (columns - error) / n),
        "icc_c_1": (rows - error, rows + (k - 1) * error),
        "icc_c_k": (rows - error, rows),
    }[kind]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(bottom == 0, np.nan, top / np.where(bottom == 0, 1, bottom)))


def icc_bounds(
    squares: MeanSquares, kind: IccKind, level: float = DEFAULT_LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidence bounds of an intraclass correlation from the F distribution, for many layouts at once.

    Parameters
    ----------
    squares : MeanSquares
        Mean squares; those of the error (or within cases) must not be zero.
    kind : str
        One of `ICC_KINDS`.
    level : float
        Confidence level.

    Returns
    -------
    low, high : ndarray

    Notes
    -----
    McGraw and Wong 1996, table 7, with the correction of 1996; 1: 390. The bounds of ICC(A,k) are those of ICC(A,1)
    carried through Spearman and Brown's formula, which is the same as their own.
    """
    n, k = squares.n, squares.k
    upper = 0.5 + level / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind in ("icc_a_1", "icc_a_k"):
            low, high = _absolute_bounds(squares, upper)
        else:
            rest = squares.within if kind.startswith("icc_1") else squares.error
            df = n * (k - 1) if kind.startswith("icc_1") else (n - 1) * (k - 1)
            ratio = squares.rows / rest
            f_low = ratio / stats.f.ppf(upper, n - 1, df)
            f_high = ratio * stats.f.ppf(upper, df, n - 1)
            low, high = (f_low - 1) / (f_low + k - 1), (f_high - 1) / (f_high + k - 1)
        if kind.endswith("_k"):
            low, high = k * low / (1 + (k - 1) * low), k * high / (1 + (k - 1) * high)
    return np.asarray(low), np.asarray(high)


def _absolute_bounds(squares: MeanSquares, upper: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n, k, rows, columns, error = squares.n, squares.k, squares.rows, squares.columns, squares.error
    rho = icc_values(squares, "icc_a_1")
    a = k * rho / (n * (1 - rho))
    b = 1 + k * rho * (n - 1) / (n * (1 - rho))
    # Satterthwaite's degrees of freedom of a * columns + b * error.
    df = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    f_low, f_high = stats.f.ppf(upper, n - 1, df), stats.f.ppf(upper, df, n - 1)
    rest = k * columns + (k * n - k - n) * error
    low = n * (rows - f_low * error) / (f_low * rest + n * rows)
    high = n * (f_high * rows - error) / (rest + n * f_high * rows)
    return low, high


def icc(values: ArrayLike, kind: IccKind = "icc_a_1", *, level: float = DEFAULT_LEVEL) -> Estimate:
    """Intraclass correlation of cases by raters with its F interval.

    Parameters
    ----------
    values : array_like, shape (n, k)
        Complete measurements.
    kind : str
        One of `ICC_KINDS`; absolute agreement of a single measurement by default.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        In words where cases do not vary at all or there are fewer than two.
    """
    x = np.asarray(values, dtype=np.float64)
    method = Method(f"{_METHODS[kind]} (k = {x.shape[1]})", "interval from F")
    n = int(x.shape[0])
    if n < 2:
        return undefined(n, method, f"{n} complete case{'s' * (n != 1)}; two are the least.")
    if x.shape[1] < 2:
        return undefined(n, method, "There is one measurement per case; two are the least.")
    squares = mean_squares(x)
    # Spread below rounding error is no spread.
    tiny = (np.abs(x).max() * 1e-12) ** 2
    if squares.rows <= tiny:
        return undefined(
            n, method, "The cases do not differ (no variance between them): the correlation is not defined."
        )
    value = float(icc_values(squares, kind))
    if not np.isfinite(value):
        return undefined(n, method, "The mean squares leave a zero denominator: the correlation is not defined.")
    rest = squares.within if kind.startswith("icc_1") else squares.error
    if rest <= tiny:
        perfect = "Agreement is perfect" if squares.within <= tiny else "The raters differ by a constant only"
        return Estimate(value, None, None, None, n, method, f"{perfect}: the error variance is zero, so no interval.")
    low, high = icc_bounds(squares, kind, level)
    if not (np.isfinite(low) and np.isfinite(high)):
        return Estimate(value, None, None, None, n, method, "The F interval is not defined for these mean squares.")
    return Estimate(value, float(low), float(high), level, n, method)
