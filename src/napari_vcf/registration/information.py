"""Mutual information of MR classes and CT values, with its exact gradient.

Source of the measure: Viola & Wells 1997, Maes et al. 1997; linear Parzen windows on the CT axis make it differentiable
(Thevenaz & Unser 2000). Sums run in a fixed order, so the result is the same bit for bit with any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    _cells: NDArray[np.intp] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Each contrast has its own block of rows in one joint table, so that one pass counts them all.
        rows = self.classes + np.arange(len(self.classes))[:, None] * self.n_classes
        object.__setattr__(self, "_cells", rows * self.n_bins)

    def value(self, values: NDArray[np.float32]) -> float:
        """Sum over the contrasts, in nats, of values of shape (samples,)."""
        low, fraction, _ = self._binned(values)
        return self._information(self._cells + low, fraction)[0]

    def shares(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each sample adds, in nats, shape (samples,); their mean is `value`."""
        low, fraction, _ = self._binned(values)
        cells = self._cells + low
        table = self._information(cells, fraction)[1].ravel()
        # The lower bin is never a row's last one, so the next cell is in the same row.
        return np.asarray((table[cells] * (1.0 - fraction) + table[cells + 1] * fraction).sum(axis=0))

    def value_and_slope(self, values: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        """The sum and its derivative by each sample's value, shape (samples,)."""
        low, fraction, clipped = self._binned(values)
        cells = self._cells + low
        total, table = self._information(cells, fraction)
        # The lower bin is never a row's last one, so what stands there is never asked for.
        step = np.zeros(table.size, np.float32)
        np.subtract(table.ravel()[1:], table.ravel()[:-1], out=step[:-1], casting="same_kind")
        slope = step.take(cells[0])
        for line in cells[1:]:
            slope += step.take(line)
        slope[clipped] = 0.0
        slope *= (self.n_bins - 1) / (self.value_range[1] - self.value_range[0]) / values.size
        return total, slope

    def _binned(self, values: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
        """Lower bin of each value, the share that goes to the next one, and which values lie outside."""
        floor, ceiling = self.value_range
        position = (values - floor) * ((self.n_bins - 1) / (ceiling - floor))
        clipped = (position <= 0) | (position >= self.n_bins - 1)
        np.maximum(position, 0.0, out=position)
        np.minimum(position, self.n_bins - 1, out=position)
        low = np.minimum(position.astype(np.intp), self.n_bins - 2)
        return low, np.subtract(position, low, dtype=np.float64), clipped

    def _information(self, cells: NDArray[np.intp], fraction: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The sum, and its derivative by the joint density (up to a constant), shape (contrasts, classes, bins)."""
        contrasts = len(cells)
        size = contrasts * self.n_classes * self.n_bins
        flat = cells.ravel()
        upper = np.bincount(flat, weights=np.concatenate([fraction] * contrasts), minlength=size)
        joint = np.bincount(flat, minlength=size) - upper
        # The lower bin is never a row's last one, so the next one is in the same row.
        joint[1:] += upper[:-1]
        joint = np.maximum(joint, 0.0).reshape(contrasts, self.n_classes, self.n_bins) / fraction.size
        # An empty cell's logarithm is unbounded; a thousandth of a sample is as empty as can be told.
        tiny = 1e-9
        table = joint.sum(axis=2, keepdims=True) * joint.sum(axis=1, keepdims=True)
        table += tiny
        np.divide(joint + tiny, table, out=table)
        np.log(table, out=table)
        return float((joint * table).sum()), table
