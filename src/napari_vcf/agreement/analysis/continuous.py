"""Agreement of repeated measurements; one bootstrap of the cases serves all items of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_vcf.agreement.analysis.collect import Collected, Place
from napari_vcf.agreement.document import Statistic
from napari_vcf.agreement.statistics import (
    LIMITS_FACTOR,
    Estimate,
    MeanSquares,
    bland_altman,
    bootstrap_squares,
    bootstrap_sums,
    icc,
    icc_values,
    percentile_interval,
    repeatability_coefficient,
    square_terms,
    wcv_value,
    within_subject_sd,
)

__all__ = ["Measured", "continuous_agreement"]

_Icc = Literal["icc_a_1", "icc_a_k", "icc_c_1", "icc_c_k"]
_ICCS: tuple[_Icc, ...] = ("icc_a_1", "icc_a_k", "icc_c_1", "icc_c_k")
_WCV = "root of the mean squared coefficient of variation of the cases, percentile interval of a case bootstrap"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measurements of one item.

    Attributes
    ----------
    place : Place
        What they belong to.
    unit : str
        Their unit.
    values : ndarray, shape (cases, k)
        All cases of the stage in one order; NaN where there is none.
    limits : bool
        Whether first and second are told apart (limits of agreement, consistency); the placements of an ROI are not.
    note : str
        Added to each row.
    """

    place: Place
    unit: str
    values: NDArray[np.float64]
    limits: bool = True
    note: str = ""


def continuous_agreement(found: Collected, items: Sequence[Measured]) -> None:
    """Add every statistic of the measurements of one stage and one set of readers.

    Parameters
    ----------
    found : Collected
        Where the rows go.
    items : sequence of Measured
        All with the same cases.
    """
    settings = found.settings
    if not items:
        return
    everything = settings.intervals == "bootstrap"
    terms = [square_terms(item.values) for item in items]
    # The closed intervals leave only the coefficient of variation to the bootstrap: the first and last terms.
    wanted = terms if everything else [part[:, [0, -1]] for part in terms]
    first = items[0].place
    seed = found.seed(Place(first.analysis, "", first.stage, first.readers), "cases")
    # A resample of the cases is the same for all items, so that they stay comparable.
    sums = bootstrap_sums(np.column_stack(wanted), settings.bootstrap, seed) if len(items[0].values) else None
    column = 0
    for item, part in zip(items, wanted, strict=True):
        width = part.shape[1]
        own = np.empty((0, width)) if sums is None else sums[:, column : column + width]
        column += width
        _one(found, item, own, everything=everything)


def _one(found: Collected, item: Measured, sums: NDArray[np.float64], *, everything: bool) -> None:
    settings = found.settings
    whole = np.isfinite(item.values).all(axis=1)
    x = item.values[whole]
    words = item.note
    squares = bootstrap_squares(sums) if everything else None
    if item.limits and x.shape[1] == 2 and len(x):
        found.keep_pairs(item.place, item.unit, x)

    def add(statistic: Statistic, estimate: Estimate, replicates: NDArray[np.float64] | None) -> None:
        if replicates is not None and estimate.value is not None:
            method = f"{estimate.value_method}, percentile interval of a case bootstrap"
            estimate = percentile_interval(
                estimate.value, replicates, n=estimate.n, level=settings.level, method=method
            )
        unit = f"In {item.unit}." if item.unit not in ("", "1") and not statistic.startswith(("icc", "wcv")) else ""
        found.add(item.place, statistic, estimate, " ".join(part for part in (unit, words) if part))

    for kind in _ICCS if item.limits else _ICCS[:2]:
        add(kind, icc(x, kind, level=settings.level), None if squares is None else icc_values(squares, kind))
    if item.limits and x.shape[1] == 2:
        limits = bland_altman(x[:, 0], x[:, 1], level=settings.level)
        ends = {"bias": 0.0, "lower": -LIMITS_FACTOR, "upper": LIMITS_FACTOR}
        for name, factor in ends.items():
            replicates = None if squares is None else _limit(squares, sums, factor)
            add(f"bland_altman_{name}", getattr(limits, name), replicates)  # type: ignore[arg-type]
    inner = None if squares is None else np.sqrt(squares.within)
    add("within_subject_sd", within_subject_sd(x, level=settings.level), inner)
    wide = None if inner is None else LIMITS_FACTOR * np.sqrt(2) * inner
    add("repeatability_coefficient", repeatability_coefficient(x, level=settings.level), wide)
    add("wcv", _wcv(x, sums, settings.level), None)


def _limit(squares: MeanSquares, sums: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Bias plus `factor` standard deviations of the difference, of each sample."""
    bias = (sums[:, 1] - sums[:, 2]) / squares.n
    return np.asarray(bias + factor * np.sqrt(2 * squares.error))


def _wcv(x: NDArray[np.float64], sums: NDArray[np.float64], level: float) -> Estimate:
    n = len(x)
    if n < 2:
        return Estimate(None, None, None, None, n, _WCV, f"{n} complete case(s); two are the least.")
    if (x <= 0).any():
        words = "Not all measurements are positive: a coefficient of variation means nothing here."
        return Estimate(None, None, None, None, n, _WCV, words)
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = np.sqrt(np.where(sums[:, 0] > 0, sums[:, -1] / sums[:, 0], np.nan))
    return percentile_interval(float(wcv_value(x)), replicates, n=n, level=level, method=_WCV)
