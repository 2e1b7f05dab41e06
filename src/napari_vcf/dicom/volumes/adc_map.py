"""Apparent diffusion coefficients from diffusion-weighted signals, voxel by voxel.

The signal of a b-value is the geometric mean over its directions (an arithmetic mean lies about 2 % low in ADC where
diffusion is anisotropic). Two b-values give ADC = ln(S1 / S2) / (b2 - b1); more are fitted by non-linear least squares
on S = S0 exp(-b ADC), started from the log-linear fit weighted with the squared signal (Veraart et al., NeuroImage
2013, doi:10.1016/j.neuroimage.2013.05.028). b-values below 1 s/mm2 are b = 0. No noise floor is subtracted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import DicomError
from napari_vcf.dicom.files.diffusion import ZERO_B_LIMIT
from napari_vcf.language import say

__all__ = ["UM2_PER_S", "adc_from_signals", "geometric_mean"]

#: ADC in mm2/s (b in s/mm2) to um2/s.
UM2_PER_S: Final = 1e6
_ITERATIONS: Final = 10


def geometric_mean(signals: Iterable[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Geometric mean of signals; NaN where one of them is not positive.

    Parameters
    ----------
    signals : iterable of ndarray
        All of one shape; taken one at a time, so that they need not be in memory together.

    Returns
    -------
    ndarray
    """
    total: NDArray[np.float64] | None = None
    count = 0
    for signal in signals:
        logarithm = np.log(np.where(signal > 0, signal, np.nan).astype(np.float64))
        total = logarithm if total is None else total + logarithm
        count += 1
    if total is None:
        raise DicomError(say("A geometric mean needs at least one signal."))
    return np.asarray(np.exp(total / count))


def adc_from_signals(
    b_values: Sequence[float], signals: Sequence[NDArray[np.float32] | NDArray[np.float64]]
) -> NDArray[np.float64]:
    """ADC from one signal for each b-value.

    Parameters
    ----------
    b_values : sequence of float
        Different b-values in s/mm2; below 1 counts as 0.
    signals : sequence of ndarray
        Signal of each b-value, all of one shape.

    Returns
    -------
    ndarray
        um2/s; NaN where a signal is not positive.

    Raises
    ------
    DicomError
        If there are fewer than two different b-values.
    """
    weights = np.array([0.0 if b < ZERO_B_LIMIT else float(b) for b in b_values])
    if len(weights) != len(signals) or len(np.unique(weights)) != len(weights) or len(weights) < 2:
        raise DicomError(
            say(
                "An ADC needs at least two different b-values with one signal each, not {values}.",
                values=list(b_values),
            )
        )
    stacked = np.stack([np.asarray(signal, dtype=np.float64) for signal in signals])
    stacked = np.where((stacked > 0).all(axis=0), stacked, np.nan)
    if len(weights) == 2:
        return np.asarray(np.log(stacked[0] / stacked[1]) / (weights[1] - weights[0]) * UM2_PER_S)
    return _least_squares(weights, stacked) * UM2_PER_S


def _least_squares(b_values: NDArray[np.float64], signals: NDArray[np.float64]) -> NDArray[np.float64]:
    # b in ms/um2 keeps both unknowns near one.
    b = (b_values / 1000.0).reshape(-1, *[1] * (signals.ndim - 1))
    scale = signals.max(axis=0)
    relative = signals / scale
    logarithm, weight = np.log(relative), relative**2
    sums = [(weight * b**power).sum(axis=0) for power in range(3)]
    rights = [(weight * b**power * logarithm).sum(axis=0) for power in range(2)]
    determinant = sums[0] * sums[2] - sums[1] ** 2
    rate = (sums[1] * rights[0] - sums[0] * rights[1]) / determinant
    height = np.exp((sums[2] * rights[0] - sums[1] * rights[1]) / determinant)
    best = _cost(b, relative, height, rate)
    for _ in range(_ITERATIONS):
        decay = np.exp(-b * rate)
        residual = relative - height * decay
        slope = -b * height * decay
        a11, a12, a22 = (decay**2).sum(axis=0), (decay * slope).sum(axis=0), (slope**2).sum(axis=0)
        r1, r2 = (decay * residual).sum(axis=0), (slope * residual).sum(axis=0)
        det = a11 * a22 - a12**2
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            next_height = height + (a22 * r1 - a12 * r2) / det
            next_rate = rate + (a11 * r2 - a12 * r1) / det
            cost = _cost(b, relative, next_height, next_rate)
        # A step that does not help (or overflows) is not taken in that voxel.
        better = cost < best
        if not better.any():
            break
        height, rate = np.where(better, next_height, height), np.where(better, next_rate, rate)
        best = np.where(better, cost, best)
    return np.asarray(rate / 1000.0)


def _cost(
    b: NDArray[np.float64], signals: NDArray[np.float64], height: NDArray[np.float64], rate: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(((signals - height * np.exp(-b * rate)) ** 2).sum(axis=0))
