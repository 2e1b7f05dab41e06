"""Figures of merit of several readers in several modalities, and how they vary together over the cases.

A figure of merit is what a reader's answers are worth in one modality: the area under the ROC curve, or the share of
right verdicts among all, the positive or the negative cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.roc import auc_covariance

__all__ = ["CovarianceMethod", "FiguresOfMerit", "auc_figures", "share_figures"]

CovarianceMethod = Literal["jackknife", "delong"]


@dataclass(frozen=True, slots=True, eq=False)
class FiguresOfMerit:
    """One number for each modality and reader, with the covariance that the sampling of cases gives them.

    Attributes
    ----------
    values : ndarray, shape (t, r)
        Figure of `t` modalities and `r` readers.
    covariance : ndarray, shape (t, r, t, r)
        Covariance of each two of them over the cases.
    cases : int
        Cases that any of them rests on.
    complete : bool
        Whether every case has an answer of every reader in every modality.
    method : str
        How the covariance was found.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    cases: int
    complete: bool
    method: str


def auc_figures(scores: ArrayLike, truth: ArrayLike, *, covariance: CovarianceMethod = "jackknife") -> FiguresOfMerit:
    """Areas under the empirical ROC curves.

    Parameters
    ----------
    scores : array_like, shape (t, r, n)
        Score of each case by each reader in each modality, higher meaning more likely positive; NaN for none.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.
    covariance : {"jackknife", "delong"}
        Jackknife over the cases, which also takes readings that are not complete; or DeLong's, which does not.

    Returns
    -------
    FiguresOfMerit

    Raises
    ------
    StatisticError
        If the shapes do not fit, if a reader has fewer than two positive or two negative cases in a modality, or if
        DeLong's covariance is asked for and readings are missing.

    Notes
    -----
    The jackknife is exact and needs no loop: without case i the area follows from the area and from the share of cases
    of the other kind that case i is ranked against rightly (the structural components of DeLong et al. 1988). Hillis,
    Obuchowski, Schartz and Berbaum, Stat Med 2005; 24: 1579.
    """
    x, true = _checked(scores, truth, covariance)
    t, r, n = x.shape
    answered = np.isfinite(x)
    complete = bool(answered.all())
    if covariance == "delong":
        if not complete:
            raise StatisticError("DeLong's covariance needs an answer of every reader in every modality to every case.")
        _enough(answered, true)
        areas, matrix = auc_covariance(x.reshape(t * r, n), true)
        return FiguresOfMerit(areas.reshape(t, r), matrix.reshape(t, r, t, r), n, complete, "DeLong et al. (1988)")
    _enough(answered, true)
    if complete:
        areas, left_out = _areas_without_each(x.reshape(t * r, n), true)
    else:
        areas, left_out = np.empty(t * r), np.empty((t * r, n))
        for line, (row, here) in enumerate(zip(x.reshape(t * r, n), answered.reshape(t * r, n), strict=True)):
            own, without = _areas_without_each(row[None, here], true[here])
            areas[line] = own[0]
            left_out[line] = own[0]
            left_out[line, here] = without[0]
    return _jackknifed(areas, left_out, answered, complete)


def share_figures(
    right: ArrayLike, chosen: ArrayLike | None = None, *, covariance: CovarianceMethod = "jackknife"
) -> FiguresOfMerit:
    """Shares of right answers: accuracy, or sensitivity or specificity where only one kind of case is chosen.

    Parameters
    ----------
    right : array_like, shape (t, r, n)
        1 where the answer was right, 0 where it was wrong, NaN for none.
    chosen : array_like of bool, shape (n,), optional
        Cases that count: the positive ones for sensitivity, the negative ones for specificity.
    covariance : {"jackknife", "delong"}
        For a share both are the same; the jackknife also takes readings that are not complete.

    Returns
    -------
    FiguresOfMerit

    Raises
    ------
    StatisticError
        If the shapes do not fit, if fewer than two cases count, or as for `auc_figures`.
    """
    x = np.asarray(right, dtype=np.float64)
    keep = np.ones(x.shape[-1], dtype=bool) if chosen is None else np.asarray(chosen, dtype=bool)
    x, _ = _checked(x, keep, covariance)
    x = x[..., keep]
    t, r, n = x.shape
    answered = np.isfinite(x)
    complete = bool(answered.all())
    if covariance == "delong" and not complete:
        raise StatisticError("DeLong's covariance needs an answer of every reader in every modality to every case.")
    counts = answered.sum(axis=2)
    if n == 0 or counts.min() < 2:
        raise StatisticError("A reader has fewer than two such cases in a modality; two are the least.")
    filled = np.where(answered, x, 0.0)
    means = filled.sum(axis=2) / counts
    # Without case i the mean moves by its distance from the mean, shared among those that are left.
    moved = np.where(answered, (means[..., None] - x) / (counts[..., None] - 1), 0.0)
    left_out = means[..., None] + moved
    return _jackknifed(means.reshape(t * r), left_out.reshape(t * r, n), answered, complete)


def _checked(
    scores: ArrayLike, truth: ArrayLike, covariance: CovarianceMethod
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    x, true = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=bool)
    if covariance not in get_args(CovarianceMethod):
        raise StatisticError(f"There is no covariance '{covariance}': {', '.join(get_args(CovarianceMethod))}.")
    if x.ndim != 3 or true.shape != x.shape[2:]:
        raise StatisticError(f"Answers of shape {x.shape} do not fit a reference of shape {true.shape}.")
    if np.isinf(x).any():
        raise StatisticError("An answer is infinite.")
    return x, true


def _enough(answered: NDArray[np.bool_], true: NDArray[np.bool_]) -> None:
    if min((answered & kind).sum(axis=2).min() for kind in (true, ~true)) < 2:
        raise StatisticError(
            "A reader has fewer than two positive or two negative cases in a modality; two of each are the least."
        )


def _areas_without_each(
    x: NDArray[np.float64], true: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas of `m` scores, shape (m,), and the areas without each case, shape (m, n)."""
    positives, negatives = int(true.sum()), int((~true).sum())
    high, low = x[:, true], x[:, ~true]
    ranks = stats.rankdata(np.concatenate([high, low], axis=1), axis=1)
    of_positive = (ranks[:, :positives] - stats.rankdata(high, axis=1)) / negatives
    of_negative = 1 - (ranks[:, positives:] - stats.rankdata(low, axis=1)) / positives
    areas = of_positive.mean(axis=1)
    left_out = np.empty_like(x)
    left_out[:, true] = (positives * areas[:, None] - of_positive) / (positives - 1)
    left_out[:, ~true] = (negatives * areas[:, None] - of_negative) / (negatives - 1)
    return areas, left_out


def _jackknifed(
    values: NDArray[np.float64], left_out: NDArray[np.float64], answered: NDArray[np.bool_], complete: bool
) -> FiguresOfMerit:
    t, r = answered.shape[:2]
    used = answered.any(axis=(0, 1))
    kept = left_out[:, used]
    n = kept.shape[1]
    centred = kept - kept.mean(axis=1, keepdims=True)
    matrix = (n - 1) / n * (centred @ centred.T)
    return FiguresOfMerit(values.reshape(t, r), matrix.reshape(t, r, t, r), n, complete, "jackknife over the cases")
