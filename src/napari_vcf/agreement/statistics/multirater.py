"""Agreement of more than two readers: Fleiss' and Conger's kappa, and Krippendorff's alpha.

Each is a function of sums over the cases, so that one product of resampled case counts and the cases' terms gives all
bootstrap samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.bootstrap import bootstrap_sums, percentile_interval
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, undefined

__all__ = ["AlphaMetric", "conger_kappa", "fleiss_kappa", "krippendorff_alpha"]

AlphaMetric = Literal["nominal", "ordinal", "interval"]
_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Sums:
    """A statistic as a function of sums over cases."""

    terms: _Floats
    value: Callable[[_Floats], _Floats]
    method: str
    nothing: str


def fleiss_kappa(
    ratings: ArrayLike, categories: int, *, samples: int = 2000, seed: int = 0, level: float = DEFAULT_LEVEL
) -> Estimate:
    """Fleiss' kappa: chance agreement from the categories' overall use, whoever used them.

    Parameters
    ----------
    ratings : array_like, shape (n, m)
        Category number of each case by each reader; a case with a gap (NaN) does not enter.
    categories : int
        Number of categories.
    samples, seed : int
        Bootstrap samples of cases, and their seed.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        In words where it is not defined.

    Notes
    -----
    Fleiss, Psychol Bull 1971; 76: 378.
    """
    return _estimate(_kappa_sums(ratings, categories, conger=False), samples, seed, level)


def conger_kappa(
    ratings: ArrayLike, categories: int, *, samples: int = 2000, seed: int = 0, level: float = DEFAULT_LEVEL
) -> Estimate:
    """Conger's kappa: chance agreement from each reader's own use of the categories; Cohen's kappa for two readers.

    Parameters
    ----------
    ratings : array_like, shape (n, m)
        Category number of each case by each reader; a case with a gap (NaN) does not enter.
    categories : int
        Number of categories.
    samples, seed : int
        Bootstrap samples of cases, and their seed.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        In words where it is not defined.

    Notes
    -----
    Conger, Psychol Bull 1980; 88: 322.
    """
    return _estimate(_kappa_sums(ratings, categories, conger=True), samples, seed, level)


def krippendorff_alpha(
    ratings: ArrayLike,
    metric: AlphaMetric,
    *,
    categories: int | None = None,
    samples: int = 2000,
    seed: int = 0,
    level: float = DEFAULT_LEVEL,
) -> Estimate:
    """Krippendorff's alpha, which takes gaps: a case counts with the readers who answered it, two or more.

    Parameters
    ----------
    ratings : array_like, shape (n, m)
        Category numbers or measurements; NaN where there is none.
    metric : {"nominal", "ordinal", "interval"}
        How far apart two answers are.
    categories : int, optional
        Number of categories; needed but for the interval metric, whose answers may be any numbers.
    samples, seed : int
        Bootstrap samples of cases, and their seed.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        In words where it is not defined.

    Raises
    ------
    StatisticError
        If the number of categories is missing, or an answer lies outside it.

    Notes
    -----
    Krippendorff, Content Analysis, 3rd ed. 2013, chapter 12. The interval comes from resampled cases.
    """
    x = _checked(ratings)
    x = x[np.isfinite(x).sum(axis=1) >= 2]
    if metric == "interval":
        return _estimate(_interval_sums(x), samples, seed, level)
    if categories is None:
        raise StatisticError(f"Alpha of {metric} answers needs the number of categories.")
    return _estimate(_coincidence_sums(x, categories, metric), samples, seed, level)


def _checked(ratings: ArrayLike) -> _Floats:
    x = np.asarray(ratings, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2:
        raise StatisticError(f"Ratings of shape {x.shape} are not cases by two or more readers.")
    return x


def _counted(x: _Floats, categories: int) -> _Floats:
    """How often each case was put into each category, shape (n, categories)."""
    answered = np.isfinite(x)
    codes = np.where(answered, x, 0).astype(np.int64)
    if codes.size and (codes.min() < 0 or codes.max() >= categories):
        raise StatisticError(f"A category lies outside 0 .. {categories - 1}.")
    return np.asarray((np.eye(categories)[codes] * answered[..., None]).sum(axis=1))


def _kappa_sums(ratings: ArrayLike, categories: int, *, conger: bool) -> _Sums:
    x = _checked(ratings)
    x = x[np.isfinite(x).all(axis=1)]
    m = x.shape[1]
    counts = _counted(x, categories)
    agreement = ((counts**2).sum(axis=1) - m) / (m * (m - 1))
    own = np.eye(categories)[x.astype(np.int64)].reshape(len(x), m * categories)

    def value(sums: _Floats) -> _Floats:
        n = sums[..., 0]
        shares = sums[..., 2:].reshape(*sums.shape[:-1], m, categories) / n[..., None, None]
        expected = (shares.mean(axis=-2) ** 2).sum(axis=-1)
        if conger:
            expected = expected - shares.var(axis=-2, ddof=1).sum(axis=-1) / m
        return np.asarray((sums[..., 1] / n - expected) / np.where(expected > 1 - 1e-12, np.nan, 1 - expected))

    name = "Conger's kappa (Conger 1980)" if conger else "Fleiss' kappa (Fleiss 1971)"
    terms = np.column_stack([np.ones(len(x)), agreement, own])
    return _Sums(terms, value, name, "All gave one and the same category throughout: kappa is not defined.")


def _coincidence_sums(x: _Floats, categories: int, metric: AlphaMetric) -> _Sums:
    counts = _counted(x, categories)
    pairs = counts[:, :, None] * counts[:, None, :] - np.eye(categories) * counts[:, :, None]
    terms = (pairs / (counts.sum(axis=1) - 1)[:, None, None]).reshape(len(x), categories**2)

    def value(sums: _Floats) -> _Floats:
        table = sums.reshape(*sums.shape[:-1], categories, categories)
        uses = table.sum(axis=-1)
        apart = _distances(uses, metric)
        seen = (table * apart).sum(axis=(-2, -1))
        by_chance = (uses[..., :, None] * uses[..., None, :] * apart).sum(axis=(-2, -1))
        return np.asarray(1 - (uses.sum(axis=-1) - 1) * seen / np.where(by_chance > 0, by_chance, np.nan))

    return _Sums(terms, value, *_alpha_words(metric))


def _distances(uses: _Floats, metric: AlphaMetric) -> _Floats:
    """Squared distance of each two categories, shape (..., c, c)."""
    c = uses.shape[-1]
    if metric == "nominal":
        return np.broadcast_to(1 - np.eye(c), (*uses.shape, c))
    # The distance of two grades is the number of answers between them, half of their own included.
    middle = np.cumsum(uses, axis=-1) - uses / 2
    return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)


def _interval_sums(x: _Floats) -> _Sums:
    answered = np.isfinite(x)
    # From the overall mean, so that the squares keep their digits.
    moved = np.where(answered, x - (x[answered].mean() if answered.any() else 0.0), 0.0)
    m, total, squares = answered.sum(axis=1), moved.sum(axis=1), (moved**2).sum(axis=1)
    within = 2 * (m * squares - total**2) / np.maximum(m - 1, 1)

    def value(sums: _Floats) -> _Floats:
        n, s, q, seen = (sums[..., number] for number in range(4))
        by_chance = 2 * (n * q - s**2)
        return np.asarray(1 - (n - 1) * seen / np.where(by_chance > 1e-12 * n * q, by_chance, np.nan))

    return _Sums(np.column_stack([m, total, squares, within]), value, *_alpha_words("interval"))


def _alpha_words(metric: AlphaMetric) -> tuple[str, str]:
    return f"Krippendorff's alpha, {metric} (Krippendorff 2013)", "The answers do not vary: alpha is not defined."


def _estimate(sums: _Sums, samples: int, seed: int, level: float) -> Estimate:
    n = len(sums.terms)
    method = f"{sums.method}, percentile interval of a case bootstrap"
    if n < 2:
        return undefined(n, method, f"{n} case(s) answered by enough readers; two are the least.")
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(sums.value(sums.terms.sum(axis=0)))
        if not np.isfinite(value):
            return undefined(n, method, sums.nothing)
        replicates = sums.value(bootstrap_sums(sums.terms, samples, seed))
    return percentile_interval(value, replicates, n=n, level=level, method=method)
