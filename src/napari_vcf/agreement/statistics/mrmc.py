"""Modalities compared over readers and cases: the analysis of variance of Obuchowski and Rockette.

The figures of merit theta[t, r] of modality t and reader r are taken as

    theta[t, r] = mu + modality[t] + reader[r] + interaction[t, r] + error[t, r]

where the errors, which come from the sampling of cases, have one variance and three covariances: Cov1 (same reader,
other modality), Cov2 (same modality, other reader) and Cov3 (both other). They are estimated from the cases, so that an
ordinary F test is set right by them.

Obuchowski and Rockette, Commun Stat Simul Comput 1995; 24: 285. Degrees of freedom: Hillis, Stat Med 2007; 26: 596.
Fixed readers and fixed cases: Hillis, Obuchowski, Schartz and Berbaum, Stat Med 2005; 24: 1579. Intervals of single
modalities: Hillis, Stat Med 2014; 33: 330.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, normal_quantile
from napari_vcf.agreement.statistics.merit import FiguresOfMerit

__all__ = [
    "Comparison",
    "Components",
    "Contrast",
    "EffectTest",
    "MrmcResult",
    "SingleModality",
    "closer_than_cases",
    "obuchowski_rockette",
]

_NOTHING = 1e-14


@dataclass(frozen=True, slots=True)
class Components:
    """Mean squares and variance components of the model.

    Attributes
    ----------
    ms_t, ms_r, ms_tr : float
        Mean squares of modalities, of readers and of their interaction.
    var_r, var_tr : float
        Variance of readers, and of the interaction; moment estimates, which may be negative.
    var_error, cov1, cov2, cov3 : float
        Variance of a figure over the cases; covariance with the same reader in another modality, with another reader
        in the same modality, and with another reader in another modality.
    """

    ms_t: float
    ms_r: float
    ms_tr: float
    var_r: float
    var_tr: float
    var_error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, slots=True)
class EffectTest:
    """Test of no difference between modalities.

    Attributes
    ----------
    f : float or None
        F; for fixed readers, chi-squared over its degrees of freedom. None where the error variance is zero.
    df_numerator : float
        Modalities less one.
    df : float or None
        Degrees of freedom of the denominator; infinite for fixed readers.
    p : float or None
        P.
    """

    f: float | None
    df_numerator: float
    df: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Contrast:
    """Difference of two modalities under one view of readers and cases.

    Attributes
    ----------
    difference, standard_error : float
        First minus second, averaged over the readers, and its standard error.
    df : float
        Degrees of freedom of t; infinite for fixed readers.
    low, high : float or None
        Interval; None where the standard error is zero.
    f, p : float or None
        Squared t and two-sided P.
    """

    difference: float
    standard_error: float
    df: float
    low: float | None
    high: float | None
    f: float | None
    p: float | None

    @property
    def test(self) -> EffectTest:
        """The same as a test with one degree of freedom in the numerator."""
        return EffectTest(self.f, 1.0, self.df, self.p)

    def noninferiority_p(self, margin: float) -> float | None:
        """One-sided P of "the second modality is worse than the first by `margin` or more"."""
        if self.p is None:
            return None
        return float(stats.t.cdf((self.difference - margin) / self.standard_error, self.df))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two modalities compared: readers and cases random, readers fixed, cases fixed."""

    first: int
    second: int
    random: Contrast
    fixed_readers: Contrast
    fixed_cases: Contrast


@dataclass(frozen=True, slots=True)
class SingleModality:
    """Mean over the readers of one modality, readers and cases random, from its own readings alone."""

    value: float
    standard_error: float
    df: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class MrmcResult:
    """All that the analysis finds.

    Attributes
    ----------
    components : Components
        Mean squares and variance components.
    random, fixed_readers, fixed_cases : EffectTest
        Test of all modalities at once.
    comparisons : tuple of Comparison
        Every pair of modalities, the error taken from all of them.
    modalities : tuple of SingleModality
        Each modality.
    readers, cases : int
        How many.
    """

    components: Components
    random: EffectTest
    fixed_readers: EffectTest
    fixed_cases: EffectTest
    comparisons: tuple[Comparison, ...]
    modalities: tuple[SingleModality, ...]
    readers: int
    cases: int


def closer_than_cases(ms_tr: float, var_error: float, cov1: float, cov2: float, cov3: float) -> bool:
    """Whether readers vary less between modalities than the sampling of the cases alone would make them.

    The error for random readers is then smaller than that for fixed readers, which cannot be true of the populations:
    few readers happened to agree, and the P value for random readers is too small.
    """
    return ms_tr < var_error - cov1 - max(cov2 - cov3, 0.0) - _NOTHING


def obuchowski_rockette(figures: FiguresOfMerit, *, level: float = DEFAULT_LEVEL) -> MrmcResult:
    """Compare modalities over readers and cases.

    Parameters
    ----------
    figures : FiguresOfMerit
        Two or more modalities by two or more readers.
    level : float
        Confidence level.

    Returns
    -------
    MrmcResult

    Raises
    ------
    StatisticError
        If there are fewer than two modalities or fewer than two readers.
    """
    t, r = figures.values.shape
    if t < 2 or r < 2:
        raise StatisticError(f"{t} modalities and {r} readers: two of each are the least.")
    parts = _components(figures)
    extra = max(parts.cov2 - parts.cov3, 0.0)
    df_numerator = float(t - 1)
    plain_df = float((t - 1) * (r - 1))
    random = parts.ms_tr + r * extra
    fixed_readers = parts.var_error - parts.cov1 + (r - 1) * extra
    # Where the readers agree in the interaction to the last digit only the cases are left to err.
    df = math.inf if parts.ms_tr < _NOTHING else random**2 / (parts.ms_tr**2 / plain_df)
    errors = ((random, df), (fixed_readers, math.inf), (parts.ms_tr, plain_df))
    means = figures.values.mean(axis=1)
    return MrmcResult(
        components=parts,
        random=_test(parts.ms_t, random, df_numerator, df),
        fixed_readers=_test(parts.ms_t, fixed_readers, df_numerator, math.inf),
        fixed_cases=_test(parts.ms_t, parts.ms_tr, df_numerator, plain_df),
        comparisons=tuple(
            Comparison(
                i, j, *(_contrast(float(means[i] - means[j]), 2 / r * error, own, level) for error, own in errors)
            )
            for i, j in combinations(range(t), 2)
        ),
        modalities=tuple(_single(figures, number, level) for number in range(t)),
        readers=r,
        cases=figures.cases,
    )


def _components(figures: FiguresOfMerit) -> Components:
    values, covariance = figures.values, figures.covariance
    t, r = values.shape
    of_modality, of_reader, grand = values.mean(axis=1), values.mean(axis=0), values.mean()
    ms_t = r * float(((of_modality - grand) ** 2).sum()) / (t - 1)
    ms_r = t * float(((of_reader - grand) ** 2).sum()) / (r - 1)
    rest = values - of_modality[:, None] - of_reader[None, :] + grand
    ms_tr = float((rest**2).sum()) / ((t - 1) * (r - 1))
    same_t = np.eye(t, dtype=bool)[:, None, :, None]
    same_r = np.eye(r, dtype=bool)[None, :, None, :]

    def average(pairs: NDArray[np.bool_]) -> float:
        return float(covariance[np.broadcast_to(pairs, covariance.shape)].mean())

    var_error, cov1 = average(same_t & same_r), average(~same_t & same_r)
    cov2, cov3 = average(same_t & ~same_r), average(~same_t & ~same_r)
    return Components(
        ms_t=ms_t,
        ms_r=ms_r,
        ms_tr=ms_tr,
        var_r=(ms_r - ms_tr) / t - cov1 + cov3,
        var_tr=ms_tr - var_error + cov1 + max(cov2 - cov3, 0.0),
        var_error=var_error,
        cov1=cov1,
        cov2=cov2,
        cov3=cov3,
    )


def _test(ms_t: float, error: float, df_numerator: float, df: float) -> EffectTest:
    if error < _NOTHING:
        return EffectTest(None, df_numerator, df, None)
    f = ms_t / error
    p = stats.chi2.sf(df_numerator * f, df_numerator) if math.isinf(df) else stats.f.sf(f, df_numerator, df)
    return EffectTest(f, df_numerator, df, float(p))


def _contrast(difference: float, variance: float, df: float, level: float) -> Contrast:
    if variance < _NOTHING:
        return Contrast(difference, 0.0, df, None, None, None, None)
    error = math.sqrt(variance)
    reach = _quantile(level, df) * error
    score = abs(difference) / error
    p = 2 * float(stats.norm.sf(score) if math.isinf(df) else stats.t.sf(score, df))
    return Contrast(difference, error, df, difference - reach, difference + reach, score**2, p)


def _quantile(level: float, df: float) -> float:
    return normal_quantile(level) if math.isinf(df) else float(stats.t.ppf(0.5 + level / 2, df))


def _single(figures: FiguresOfMerit, number: int, level: float) -> SingleModality:
    values = figures.values[number]
    own = figures.covariance[number, :, number, :]
    r = values.size
    ms_r = float(values.var(ddof=1))
    cov2 = max(float(own[~np.eye(r, dtype=bool)].mean()), 0.0)
    variance = ms_r / r + cov2
    value = float(values.mean())
    if variance < _NOTHING:
        return SingleModality(value, 0.0, math.inf, None, None)
    df = math.inf if ms_r < _NOTHING else (ms_r + r * cov2) ** 2 / (ms_r**2 / (r - 1))
    error = math.sqrt(variance)
    reach = _quantile(level, df) * error
    return SingleModality(value, error, df, max(0.0, value - reach), min(1.0, value + reach))
