"""A small logistic model of signs chosen beforehand, with its calibration and what of it is optimism."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.errors import AgreementError, StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, normal_quantile
from napari_vcf.agreement.statistics.roc import auc_covariance

__all__ = ["FEW_EVENTS", "LogisticFit", "LogisticTerm", "fit_logistic"]

#: Events for each coefficient below which a model is warned of (Peduzzi et al., J Clin Epidemiol 1996; 49: 1373).
FEW_EVENTS = 10.0
_STEEP = 12.0


@dataclass(frozen=True, slots=True)
class LogisticTerm:
    """A coefficient: log odds ratio with its standard error, interval of the odds ratio, and Wald P."""

    name: str
    coefficient: float
    standard_error: float
    odds_ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class LogisticFit:
    """A fitted model.

    Attributes
    ----------
    terms : tuple of LogisticTerm
        The intercept first.
    risk : ndarray, shape (n,)
        Predicted probability of each case.
    cases, events : int
        Cases, and those of the rarer class.
    events_per_variable : float
        Events for each coefficient but the intercept.
    auc, slope, brier : float
        Area under the curve, slope of calibration (1 in the data by construction) and Brier score, in the data.
    auc_corrected, slope_corrected : float or None
        Less the optimism of a case bootstrap; None where too few samples could be fitted.
    failed : int
        Bootstrap samples that could not be fitted.
    """

    terms: tuple[LogisticTerm, ...]
    risk: NDArray[np.float64]
    cases: int
    events: int
    events_per_variable: float
    auc: float
    slope: float
    brier: float
    auc_corrected: float | None
    slope_corrected: float | None
    failed: int


def fit_logistic(
    signs: ArrayLike,
    truth: ArrayLike,
    names: Sequence[str],
    *,
    samples: int = 200,
    seed: int = 0,
    level: float = DEFAULT_LEVEL,
) -> LogisticFit:
    """Fit a logistic model by maximum likelihood.

    Parameters
    ----------
    signs : array_like, shape (n, p)
        One column for each sign, complete.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.
    names : sequence of str
        Names of the columns.
    samples, seed : int
        Bootstrap samples for the optimism, and their seed.
    level : float
        Confidence level.

    Returns
    -------
    LogisticFit

    Raises
    ------
    StatisticError
        If the signs part the two groups completely or one sign says the same as the others, so that there is no
        estimate.
    AgreementError
        If statsmodels is not installed.

    Notes
    -----
    Harrell, Lee and Mark, Stat Med 1996; 15: 361.
    """
    x, true = np.asarray(signs, dtype=np.float64), np.asarray(truth, dtype=bool)
    n, p = x.shape
    if not true.any() or true.all():
        raise StatisticError("A model needs positive and negative cases.")
    design = np.column_stack([np.ones(n), x])
    if np.linalg.matrix_rank(design) < p + 1:
        raise StatisticError("A sign does not vary, or says the same as the others together: leave it out.")
    fitted = _fit(design, true)
    if fitted is None:
        raise StatisticError(
            "The signs part the two groups completely or nearly so (separation): there is no finite estimate. Choose "
            "fewer signs."
        )
    coefficients, errors, p_values = fitted
    z = normal_quantile(level)
    terms = tuple(
        LogisticTerm(name, b, e, math.exp(b), math.exp(b - z * e), math.exp(b + z * e), value)
        for name, b, e, value in zip(("intercept", *names), coefficients, errors, p_values, strict=True)
    )
    line = design @ coefficients
    risk = 1 / (1 + np.exp(-line))
    area = float(auc_covariance(line, true)[0][0])
    events = int(min(true.sum(), (~true).sum()))
    gains, slopes, failed = _optimism(design, true, samples, seed)
    enough = samples > 0 and failed * 2 < samples
    return LogisticFit(
        terms=terms,
        risk=risk,
        cases=n,
        events=events,
        events_per_variable=events / p,
        auc=area,
        slope=1.0,
        brier=float(((risk - true) ** 2).mean()),
        auc_corrected=area - float(np.mean(gains)) if enough else None,
        slope_corrected=float(np.mean(slopes)) if enough else None,
        failed=failed,
    )


def _fit(
    design: NDArray[np.float64], true: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None:
    try:
        import statsmodels.api as sm
        from statsmodels.tools.sm_exceptions import PerfectSeparationError
    except ImportError as error:
        raise AgreementError("A logistic model needs statsmodels: pip install 'napari-vcf[paper]'.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = sm.Logit(true.astype(np.float64), design).fit(disp=0, maxiter=100)
    except (PerfectSeparationError, np.linalg.LinAlgError):
        return None
    coefficients = np.asarray(result.params)
    spread = np.abs(coefficients[1:]) * np.ptp(design[:, 1:], axis=0)
    # A log odds ratio beyond this over a sign's range is a coefficient on its way to infinity.
    if not result.mle_retvals["converged"] or not np.isfinite(coefficients).all() or spread.max() > _STEEP:
        return None
    return coefficients, np.asarray(result.bse), np.asarray(result.pvalues)


def _optimism(
    design: NDArray[np.float64], true: NDArray[np.bool_], samples: int, seed: int
) -> tuple[list[float], list[float], int]:
    """For each sample the area it claims less what its model reaches in the data, and its slope in the data."""
    rng = np.random.default_rng(seed)
    gains, slopes, failed = [], [], 0
    for _ in range(samples):
        chosen = rng.integers(0, true.size, true.size)
        x, y = design[chosen], true[chosen]
        whole = y.any() and not y.all() and np.linalg.matrix_rank(x) == x.shape[1]
        fitted = _fit(x, y) if whole else None
        if fitted is None:
            failed += 1
            continue
        line = design @ fitted[0]
        recalibrated = _fit(np.column_stack([np.ones(true.size), line]), true)
        inside = float(auc_covariance(x @ fitted[0], y)[0][0])
        gains.append(inside - float(auc_covariance(line, true)[0][0]))
        if recalibrated is not None:
            slopes.append(float(recalibrated[0][1]))
    if not slopes:
        failed = samples
    return gains, slopes, failed
