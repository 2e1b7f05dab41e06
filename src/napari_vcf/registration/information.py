"""Mutual information of MR classes and CT values, with its exact gradient.

Source of the measure: Viola & Wells 1997, Maes et al. 1997; linear Parzen windows on the CT axis make it differentiable
(Thevenaz & Unser 2000). Sums run in a fixed order, so the result is the same bit for bit with any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CT_RANGE_HU", "MutualInformation"]

#: Air and fat below, cortical bone and cement above, carry no more edges that matter.
CT_RANGE_HU = (-160.0, 640.0)


@dataclass(frozen=True, slots=True, eq=False)
class MutualInformation:
    """Mutual information between fixed classes and one value for each sample.

    Parameters
    ----------
    classes : ndarray of intp, shape (contrasts, samples)
        Class of each sample in each contrast, from 0.
    n_classes : int
        Number of classes of a contrast.
    n_bins : int
        Bins of the value axis.
    value_range : tuple of float
        Values outside are clipped.
    """

    classes: NDArray[np.intp]
    n_classes: int
    n_bins: int
    value_range: tuple[float, float] = CT_RANGE_HU

    def value(self, values: NDArray[np.float32]) -> float:
        """Sum over the contrasts, in nats, of values of shape (samples,)."""
        return self._evaluate(values)[0]

    def value_and_slope(self, values: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        """The sum and its derivative by each sample's value, shape (samples,)."""
        total, low, clipped, tables = self._evaluate(values)
        scale = (self.n_bins - 1) / (self.value_range[1] - self.value_range[0]) / values.size
        slope = np.zeros(values.size)
        for classes, table in zip(self.classes, tables, strict=True):
            step = np.diff(table, axis=1).ravel()
            slope += step[classes * (self.n_bins - 1) + low]
        slope[clipped] = 0.0
        slope *= scale
        return total, slope.astype(np.float32)

    def _evaluate(
        self, values: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.intp], NDArray[np.bool_], list[NDArray[np.float64]]]:
        floor, ceiling = self.value_range
        position = (values - floor) * ((self.n_bins - 1) / (ceiling - floor))
        clipped = (position <= 0) | (position >= self.n_bins - 1)
        position = np.clip(position, 0.0, self.n_bins - 1)
        low = np.minimum(position.astype(np.intp), self.n_bins - 2)
        fraction = (position - low).astype(np.float64)
        total = 0.0
        tables = []
        for classes in self.classes:
            cell = classes * self.n_bins + low
            size = self.n_classes * self.n_bins + 1
            upper = np.bincount(cell + 1, weights=fraction, minlength=size)
            lower = np.bincount(cell, minlength=size) - np.bincount(cell, weights=fraction, minlength=size)
            joint = np.maximum((upper + lower)[:-1].reshape(self.n_classes, self.n_bins), 0.0) / values.size
            information, table = _log_ratio(joint)
            total += information
            tables.append(table)
        return total, low, clipped, tables


def _log_ratio(joint: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Mutual information of a joint density and its derivative by the density (up to a constant)."""
    rows = joint.sum(axis=1, keepdims=True)
    columns = joint.sum(axis=0, keepdims=True)
    # An empty cell's logarithm is unbounded; a thousandth of a sample is as empty as can be told.
    tiny = 1e-9
    table = np.log((joint + tiny) / (rows * columns + tiny))
    return float((joint * table).sum()), table
