"""Cut-offs of measurements: Youden's index, its bootstrap, and how much of it is optimism."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.agreement.errors import StatisticError
from napari_vcf.agreement.statistics.bootstrap import percentile_interval
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate
from napari_vcf.agreement.statistics.proportions import ProportionInterval, proportion

__all__ = ["Cutoff", "youden_cutoff"]

_METHOD = "cut-off of the largest Youden index (Youden 1950)"
_BOOT = "percentile interval of a case bootstrap in which the cut-off is sought anew"
_CORRECTED = "less the optimism of a case bootstrap (Efron and Gong 1983), interval moved by the optimism (Noma 2021)"


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The best cut-off of a measurement and what it is worth.

    Attributes
    ----------
    high_is_positive : bool
        Whether cases at or above the cut-off are called positive; otherwise those at or below it.
    cutoff, index : Estimate
        Cut-off, halfway between the two measurements that it parts; Youden's index (sensitivity + specificity - 1).
    sensitivity, specificity : Estimate
        At the cut-off, in the same cases.
    index_corrected, sensitivity_corrected, specificity_corrected : Estimate
        What may be hoped for in other cases.
    """

    high_is_positive: bool
    cutoff: Estimate
    index: Estimate
    sensitivity: Estimate
    specificity: Estimate
    index_corrected: Estimate
    sensitivity_corrected: Estimate
    specificity_corrected: Estimate


def youden_cutoff(
    values: ArrayLike,
    truth: ArrayLike,
    *,
    samples: int = 2000,
    seed: int = 0,
    level: float = DEFAULT_LEVEL,
    interval: ProportionInterval = "clopper-pearson",
) -> Cutoff:
    """Find the cut-off with the largest Youden index, and correct it for having been sought.

    Parameters
    ----------
    values : array_like, shape (n,)
        Measurements.
    truth : array_like of bool, shape (n,)
        Whether the reference is positive.
    samples, seed : int
        Bootstrap samples of cases, and their seed.
    level : float
        Confidence level.
    interval : {"clopper-pearson", "wilson"}
        Interval of sensitivity and specificity at the cut-off.

    Returns
    -------
    Cutoff

    Raises
    ------
    StatisticError
        If the shapes differ, a value is not finite, or one of the groups is empty.

    Notes
    -----
    Youden, Cancer 1950; 3: 32. The side that counts as positive is the one with the larger area under the curve; each
    bootstrap sample chooses side and cut-off anew, so that this choice is corrected for as well. Optimism is the mean,
    over the samples, of a sample's figure less the figure of the sample's cut-off in the data: Efron and Gong, Am Stat
    1983; 37: 36; Harrell, Lee and Mark, Stat Med 1996; 15: 361. Interval: Noma et al., Stat Med 2021; 40: 5691.
    """
    x, true = np.asarray(values, dtype=np.float64), np.asarray(truth, dtype=bool)
    if x.shape != true.shape or x.ndim != 1 or not np.isfinite(x).all():
        raise StatisticError(f"Measurements of shape {x.shape} do not fit a reference of shape {true.shape}.")
    if not true.any() or true.all():
        raise StatisticError("A cut-off needs positive and negative cases.")
    levels, place = np.unique(x, return_inverse=True)
    counts = np.zeros((2, levels.size))
    np.add.at(counts, (true.astype(np.int64), place), 1)
    # Cut number c parts the levels below c from the others; the first and the last part nothing.
    cuts = np.concatenate([[levels[0]], (levels[1:] + levels[:-1]) / 2, [levels[-1]]])
    found = _best(counts[None])
    draws = _resampled(counts, samples, seed)
    boot = _best(draws)
    usable = (draws.sum(axis=2) > 0).all(axis=1)
    high, cut = bool(found.high[0]), int(found.cut[0])
    n = x.size
    hits = round(float(found.sensitivity[0] * counts[1].sum()))
    rejections = round(float(found.specificity[0] * counts[0].sum()))
    # The cut-offs of the samples, applied to the data.
    outside = np.stack(_shares(counts[None], boot.high, boot.cut))
    optimism = {
        "sensitivity": (boot.sensitivity - outside[0])[usable],
        "specificity": (boot.specificity - outside[1])[usable],
        "index": (boot.sensitivity + boot.specificity - outside.sum(axis=0))[usable],
    }
    apparent = {"sensitivity": boot.sensitivity, "specificity": boot.specificity}
    apparent["index"] = boot.sensitivity + boot.specificity - 1
    value = {"sensitivity": float(found.sensitivity[0]), "specificity": float(found.specificity[0])}
    value["index"] = value["sensitivity"] + value["specificity"] - 1

    def corrected(name: str) -> Estimate:
        if not usable.any():
            return Estimate(value[name], None, None, None, n, _CORRECTED, "There was no bootstrap. Not corrected.")
        shift = float(optimism[name].mean())
        moved = np.where(usable, apparent[name] - shift, np.nan)
        estimate = percentile_interval(value[name] - shift, moved, n=n, level=level, method=_CORRECTED)
        return estimate.with_note(f"Optimism {shift:.3f}.")

    def percentile(number: float, replicates: NDArray[np.float64]) -> Estimate:
        return percentile_interval(
            number, np.where(usable, replicates, np.nan), n=n, level=level, method=f"{_METHOD}, {_BOOT}"
        )

    sign = ">=" if high else "<="
    note = f"A case is positive where the measurement is {sign} the cut-off."
    return Cutoff(
        high_is_positive=high,
        cutoff=percentile(float(cuts[cut]), cuts[boot.cut]).with_note(note),
        index=percentile(value["index"], apparent["index"]),
        sensitivity=proportion(hits, int(counts[1].sum()), level=level, interval=interval).with_note(note),
        specificity=proportion(rejections, int(counts[0].sum()), level=level, interval=interval).with_note(note),
        index_corrected=corrected("index"),
        sensitivity_corrected=corrected("sensitivity"),
        specificity_corrected=corrected("specificity"),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    high: NDArray[np.bool_]
    cut: NDArray[np.int64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]


def _below(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each group below each cut, shape (s, 2, levels + 1)."""
    sums = np.cumsum(counts, axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = sums / sums[:, :, -1:]
    return np.concatenate([np.zeros((*counts.shape[:2], 1)), shares], axis=2)


def _best(counts: NDArray[np.float64]) -> _Best:
    """Best cut of each sample, shape (s, 2, levels) with the negative group first."""
    below = _below(counts)
    index = below[:, 0] - below[:, 1]
    # Area under the curve less one half, by trapezoids: which side is the positive one.
    side = ((below[:, 0, 1:] + below[:, 0, :-1]) / 2 * np.diff(below[:, 1], axis=1)).sum(axis=1) - 0.5
    high = ~(side < 0)
    index = np.where(high[:, None], index, -index)
    cut = np.nan_to_num(index, nan=-1.0).argmax(axis=1)
    return _Best(high, cut, *_shares(counts, high, cut))


def _shares(
    counts: NDArray[np.float64], high: NDArray[np.bool_], cut: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sensitivity and specificity of cuts; one table of counts may serve many cuts."""
    below = _below(counts)
    rows = np.arange(cut.size) if len(counts) == cut.size else np.zeros(cut.size, dtype=np.int64)
    negative, positive = below[rows, 0, cut], below[rows, 1, cut]
    return np.where(high, 1 - positive, positive), np.where(high, negative, 1 - negative)


def _resampled(counts: NDArray[np.float64], samples: int, seed: int) -> NDArray[np.float64]:
    """Counts of resampled cases, shape (samples, 2, levels)."""
    cells = counts.ravel()
    n = int(cells.sum())
    draws = np.random.default_rng(seed).multinomial(n, cells / n, size=samples)
    return draws.reshape(samples, *counts.shape).astype(np.float64)
