"""How many cases and readers a study needs: for the interval of a kappa or an ICC, and for tests of two stages."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, normal_quantile
from napari_vcf.agreement.statistics.kappa import kappa_values
from napari_vcf.agreement.statistics.mrmc import Components

__all__ = [
    "Pilot",
    "icc_cases",
    "icc_test_cases",
    "kappa_cases",
    "mcnemar_cases",
    "mrmc_cases",
    "mrmc_power",
]

_MOST_CASES = 100_000


def _within(value: float, low: float, high: float, name: str) -> None:
    if not low < value < high:
        raise StatisticError(f"{name} lies between {low:g} and {high:g}, not at {value:g}.")


def kappa_cases(kappa: float, prevalence: float, width: float, *, level: float = DEFAULT_LEVEL) -> int:
    """Cases that two readers must both read for an interval of kappa of a given width, two categories.

    Parameters
    ----------
    kappa : float
        Kappa that is expected.
    prevalence : float
        Share of the first category, the same for both readers.
    width : float
        Whole width of the interval.
    level : float
        Confidence level.

    Returns
    -------
    int

    Raises
    ------
    StatisticError
        If a number is out of range.

    Notes
    -----
    From the standard error of Fleiss, Cohen and Everitt, Psychol Bull 1969; 72: 323.
    """
    _within(kappa, 0, 1, "Kappa")
    _within(prevalence, 0, 1, "The prevalence")
    _within(width, 0, 2, "The width")
    both = prevalence**2 + kappa * prevalence * (1 - prevalence)
    apart = prevalence - both
    table = np.array([[both, apart], [apart, 1 - both - 2 * apart]])
    # With counts that add up to one the standard error is that of a single case.
    error = float(kappa_values(table)[1])
    return max(2, math.ceil((2 * normal_quantile(level) * error / width) ** 2 - 1e-9))


def icc_cases(icc: float, readers: int, width: float, *, level: float = DEFAULT_LEVEL) -> int:
    """Cases for an interval of an ICC of a given width.

    Parameters
    ----------
    icc : float
        ICC that is expected.
    readers : int
        Readers of each case.
    width : float
        Whole width of the interval.
    level : float
        Confidence level.

    Returns
    -------
    int

    Raises
    ------
    StatisticError
        If a number is out of range.

    Notes
    -----
    Bonett, Stat Med 2002; 21: 1331, with his addition of 5 times the ICC for two readers and an ICC of 0.7 and more.
    """
    _within(icc, 0, 1, "The ICC")
    _within(width, 0, 2, "The width")
    _at_least_two(readers)
    z = normal_quantile(level)
    n = 8 * z**2 * (1 - icc) ** 2 * (1 + (readers - 1) * icc) ** 2 / (readers * (readers - 1) * width**2) + 1
    if readers == 2 and icc >= 0.7:
        n += 5 * icc
    return math.ceil(n - 1e-9)


def icc_test_cases(least: float, expected: float, readers: int, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Cases to show that an ICC exceeds a least acceptable value.

    Parameters
    ----------
    least, expected : float
        Value to be exceeded, and value that is expected.
    readers : int
        Readings of each case.
    alpha : float
        One-sided level.
    power : float
        Power.

    Returns
    -------
    int

    Raises
    ------
    StatisticError
        If a number is out of range.

    Notes
    -----
    Walter, Eliasziw and Donner, Stat Med 1998; 17: 101.
    """
    _within(expected, 0, 1, "The expected ICC")
    _at_least_two(readers)
    if not 0 <= least < expected:
        raise StatisticError(f"The ICC to be exceeded lies from 0 to below the expected one, not at {least:g}.")
    ratio = (1 + readers * least / (1 - least)) / (1 + readers * expected / (1 - expected))
    z = _normal(1 - alpha) + _normal(power)
    return math.ceil(1 + 2 * z**2 * readers / (math.log(ratio) ** 2 * (readers - 1)) - 1e-9)


def mcnemar_cases(discordant: float, difference: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Pairs for McNemar's test.

    Parameters
    ----------
    discordant : float
        Share of cases that only one of the two stages gets right.
    difference : float
        Difference of the shares of right verdicts.
    alpha : float
        Two-sided level.
    power : float
        Power.

    Returns
    -------
    int

    Raises
    ------
    StatisticError
        If a number is out of range.

    Notes
    -----
    Connor, Biometrics 1987; 43: 207.
    """
    _within(discordant, 0, 1, "The share of discordant cases")
    size = abs(difference)
    if not 0 < size <= discordant:
        raise StatisticError(
            f"The difference is larger than 0 and at most the share of discordant cases ({discordant:g}), not {size:g}."
        )
    root = _normal(1 - alpha / 2) * math.sqrt(discordant) + _normal(power) * math.sqrt(discordant - size**2)
    return math.ceil(root**2 / size**2 - 1e-9)


@dataclass(frozen=True, slots=True)
class Pilot:
    """Variance components of a pilot study and how many cases it had."""

    components: Components
    cases: int


def mrmc_power(pilot: Pilot, difference: float, readers: int, cases: int, *, alpha: float = 0.05) -> float:
    """Power of the comparison of two modalities over readers and cases.

    Parameters
    ----------
    pilot : Pilot
        Components of the model of Obuchowski and Rockette.
    difference : float
        Difference of the mean figures of merit.
    readers, cases : int
        Of the planned study, with the pilot's mix of benign and malignant cases.
    alpha : float
        Two-sided level.

    Returns
    -------
    float

    Raises
    ------
    StatisticError
        If a number is out of range.

    Notes
    -----
    Hillis, Obuchowski and Berbaum, Acad Radiol 2011; 18: 129. What the cases give shrinks with their number; what the
    readers give does not. Negative estimates of a component count as zero.
    """
    _at_least_two(readers)
    if cases < 2 or difference == 0:
        raise StatisticError("Power needs two or more cases and a difference that is not zero.")
    parts, scale = pilot.components, pilot.cases / cases
    spread = max(parts.cov2 - parts.cov3, 0.0)
    own = max(parts.var_error - parts.cov1 - spread, 0.0) * scale + max(parts.var_tr, 0.0)
    error = own + readers * spread * scale
    if error <= 0:
        raise StatisticError("The pilot's variance components leave no error: it is too small to plan from.")
    df = math.inf if own <= 0 else error**2 / (own**2 / (readers - 1))
    noncentral = readers * difference**2 / 2 / error
    if math.isinf(df):
        return float(stats.ncx2.sf(stats.chi2.ppf(1 - alpha, 1), 1, noncentral))
    return float(stats.ncf.sf(stats.f.ppf(1 - alpha, 1, df), 1, df, noncentral))


def mrmc_cases(pilot: Pilot, difference: float, readers: int, *, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Fewest cases with which a number of readers reaches a power.

    Parameters
    ----------
    pilot : Pilot
        Components of the model of Obuchowski and Rockette.
    difference : float
        Difference of the mean figures of merit.
    readers : int
        Readers.
    alpha : float
        Two-sided level.
    power : float
        Power.

    Returns
    -------
    int or None
        None where not even 100,000 cases suffice, because the readers differ too much: it takes more readers.

    Raises
    ------
    StatisticError
        If a number is out of range.
    """
    _within(power, 0, 1, "The power")
    if mrmc_power(pilot, difference, readers, _MOST_CASES, alpha=alpha) < power:
        return None
    low, high = 2, _MOST_CASES
    while low < high:
        middle = (low + high) // 2
        if mrmc_power(pilot, difference, readers, middle, alpha=alpha) >= power:
            high = middle
        else:
            low = middle + 1
    return low


def _at_least_two(readers: int) -> None:
    if readers < 2:
        raise StatisticError(f"{readers} readers; two are the least.")


def _normal(p: float) -> float:
    if not 0 < p < 1:
        raise StatisticError(f"Level and power lie between 0 and 1; one of them leaves {p:g}.")
    return float(stats.norm.ppf(p))
