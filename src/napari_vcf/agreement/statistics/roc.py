"""The area under the ROC curve and its comparison, after DeLong, DeLong and Clarke-Pearson."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate, normal_interval, undefined

__all__ = ["AucComparison", "auc", "auc_covariance", "compare_auc", "roc_points"]

_METHOD = "area under the empirical ROC curve, interval of DeLong et al. (1988)"


def auc_covariance(scores: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas of one or more scores on the same cases, and their covariance.

    Parameters
    ----------
    scores : array_like, shape (m, n)
        `m` scores of `n` cases; higher means more likely positive.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.

    Returns
    -------
    areas : ndarray, shape (m,)
    covariance : ndarray, shape (m, m)
        NaN where there are fewer than two positive or two negative cases.

    Raises
    ------
    StatisticError
        If the shapes do not fit or one of the two groups is empty.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson, Biometrics 1988; 44: 837, by midranks: Sun and Xu, IEEE Signal Process Lett 2014;
    21: 1389, so that the time grows with n log n.
    """
    x, true = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.asarray(truth, dtype=bool)
    if true.ndim != 1 or x.ndim != 2 or x.shape[1] != true.size:
        raise StatisticError(f"Scores of shape {x.shape} do not fit a reference of shape {true.shape}.")
    positives, negatives = int(true.sum()), int((~true).sum())
    if positives == 0 or negatives == 0:
        raise StatisticError("An ROC curve needs positive and negative cases.")
    high, low = x[:, true], x[:, ~true]
    ranks = stats.rankdata(np.concatenate([high, low], axis=1), axis=1)
    # Share of negatives below each positive, and of positives above each negative (ties count half).
    of_positive = (ranks[:, :positives] - stats.rankdata(high, axis=1)) / negatives
    of_negative = 1 - (ranks[:, positives:] - stats.rankdata(low, axis=1)) / positives
    areas = of_positive.mean(axis=1)
    if positives < 2 or negatives < 2:
        return areas, np.full((len(areas), len(areas)), np.nan)
    covariance = np.cov(of_positive).reshape(len(areas), -1) / positives
    covariance = covariance + np.cov(of_negative).reshape(len(areas), -1) / negatives
    return areas, covariance


def auc(score: ArrayLike, truth: ArrayLike, *, level: float = DEFAULT_LEVEL, transformed: bool = False) -> Estimate:
    """Area under the ROC curve of one score.

    Parameters
    ----------
    score : array_like, shape (n,)
        Higher means more likely positive.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.
    level : float
        Confidence level.
    transformed : bool
        Whether the interval is made on the logit scale, which holds its level better near 1.

    Returns
    -------
    Estimate
        In words where one of the groups is empty.
    """
    true = np.asarray(truth, dtype=bool)
    n = int(true.size)
    if not true.any() or true.all():
        return undefined(n, _METHOD, "All cases have the same reference: there is no ROC curve.")
    areas, covariance = auc_covariance(score, true)
    value, error = float(areas[0]), float(np.sqrt(covariance[0, 0]))
    return normal_interval(value, error, n=n, level=level, method=_METHOD, bounds=(0.0, 1.0), transformed=transformed)


@dataclass(frozen=True, slots=True)
class AucComparison:
    """Two areas on the same cases: their difference with its interval, and P."""

    difference: Estimate
    p: Estimate


def compare_auc(
    first: ArrayLike, second: ArrayLike, truth: ArrayLike, *, level: float = DEFAULT_LEVEL
) -> AucComparison:
    """Compare the areas of two scores on the same cases.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Scores, in the same order of cases.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.
    level : float
        Confidence level.

    Returns
    -------
    AucComparison
        Area of the first minus area of the second; P is two-sided.
    """
    true = np.asarray(truth, dtype=bool)
    n = int(true.size)
    methods = (
        "area of the first minus area of the second (DeLong et al. 1988)",
        "two-sided test of DeLong et al. (1988)",
    )
    if not true.any() or true.all():
        words = "All cases have the same reference: there is no ROC curve."
        return AucComparison(undefined(n, methods[0], words), undefined(n, methods[1], words))
    areas, covariance = auc_covariance([np.asarray(first, dtype=float), np.asarray(second, dtype=float)], true)
    value = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    error = math.sqrt(max(variance, 0.0)) if math.isfinite(variance) else math.nan
    difference = normal_interval(value, error, n=n, level=level, method=methods[0], bounds=(-1.0, 1.0))
    if difference.ci_low is None:
        return AucComparison(difference, undefined(n, methods[1], "The difference has no variance: there is no test."))
    p = 2 * float(stats.norm.sf(abs(value) / error))
    return AucComparison(difference, Estimate(p, None, None, None, n, methods[1]))


def roc_points(score: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Points of the empirical ROC curve.

    Parameters
    ----------
    score : array_like, shape (n,)
        Higher means more likely positive.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.

    Returns
    -------
    thresholds : ndarray, shape (t,)
        Distinct scores, highest first.
    true_positives, false_positives : ndarray of int, shape (t,)
        Cases at or above each threshold.
    """
    x, true = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=bool)
    thresholds, level = np.unique(-x, return_inverse=True)
    hits = np.cumsum(np.bincount(level[true], minlength=thresholds.size))
    alarms = np.cumsum(np.bincount(level[~true], minlength=thresholds.size))
    return -thresholds, hits, alarms
