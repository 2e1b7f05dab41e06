"""What a statistic answers: a value with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy import stats

from napari_vcf.agreement.errors import StatisticError

__all__ = ["DEFAULT_LEVEL", "Estimate", "Method", "normal_interval", "normal_quantile", "undefined"]

#: Confidence level of every interval unless another one is asked for.
DEFAULT_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Method:
    """How a statistic was found.

    Attributes
    ----------
    value : str
        How its value was, with the source.
    interval : str
        How its interval was; another interval may take its place.
    """

    value: str
    interval: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.value, self.interval)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its interval.

    Attributes
    ----------
    value : float or None
        The statistic; None where the data do not define it, and then `note` says why.
    ci_low, ci_high : float or None
        Bounds of the confidence interval; None where there is none.
    level : float or None
        Confidence level of the interval; None where there is none.
    n : int
        Cases that entered.
    method : Method or str
        How value and interval were found, with the source; in one, where no other interval is made.
    note : str
        What a reader of the number must know.
    """

    value: float | None
    ci_low: float | None
    ci_high: float | None
    level: float | None
    n: int
    method: Method | str
    note: str = ""

    @property
    def value_method(self) -> str:
        """How the value alone was found."""
        return self.method.value if isinstance(self.method, Method) else self.method

    def with_note(self, note: str) -> Estimate:
        """Return the same estimate with a sentence added to its note."""
        return replace(self, note=" ".join(part for part in (self.note, note) if part))


def undefined(n: int, method: Method | str, note: str) -> Estimate:
    """Answer in words where the data do not define a statistic."""
    return Estimate(None, None, None, None, n, method, note)


def normal_quantile(level: float) -> float:
    """Two-sided quantile of the normal distribution, 1.96 for a level of 0.95.

    Parameters
    ----------
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    StatisticError
        If the level is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise StatisticError(f"A confidence level lies between 0 and 1, not at {level}.")
    return float(stats.norm.ppf(0.5 + level / 2))


def normal_interval(
    value: float,
    standard_error: float,
    *,
    n: int,
    level: float,
    method: Method | str,
    bounds: tuple[float, float],
    quantile: float | None = None,
    transformed: bool = False,
) -> Estimate:
    """Value plus and minus a quantile of standard errors, cut at the range of the statistic.

    Parameters
    ----------
    value, standard_error : float
        The statistic and its standard error.
    n : int
        Cases.
    level : float
        Confidence level.
    method : Method or str
        Name of the method.
    bounds : tuple of float
        Range of the statistic.
    quantile : float, optional
        Quantile to use instead of the normal one.
    transformed : bool
        Whether to step on a scale without ends (the logit of the statistic between its bounds, which for bounds -1 and
        1 is Fisher's z) and go back: the interval is then lopsided near a bound, as the statistic itself is.

    Returns
    -------
    Estimate
        Without an interval, and saying so, where the standard error is zero or not a number.
    """
    if not math.isfinite(standard_error) or standard_error <= 1e-12:
        return Estimate(value, None, None, None, n, method, "The standard error is zero, so there is no interval.")
    reach = (normal_quantile(level) if quantile is None else quantile) * standard_error
    low, high = bounds
    if transformed and low < value < high:
        # The logit's slope carries the standard error over (delta method).
        centre, step = math.log((value - low) / (high - value)), reach * (high - low) / ((value - low) * (high - value))
        ends = [low + (high - low) / (1 + math.exp(-(centre + sign * step))) for sign in (-1, 1)]
        scale = "Fisher's z" if bounds == (-1.0, 1.0) else "the logit"
        parts = method if isinstance(method, Method) else Method(method)
        interval = ", ".join(filter(None, (parts.interval, f"on the scale of {scale}")))
        return Estimate(value, ends[0], ends[1], level, n, Method(parts.value, interval))
    return Estimate(value, max(bounds[0], value - reach), min(bounds[1], value + reach), level, n, method)
