"""Voxels on a grid, with their unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry.errors import GeometryError
from napari_vcf.geometry.grid import Grid
from napari_vcf.language import say

__all__ = ["Volume"]


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Voxel values on a grid.

    Parameters
    ----------
    grid : Grid
        Where the voxels are.
    data : ndarray, shape ``grid.shape``
        Values (slices, rows, columns), in `unit`.
    unit : str
        Unit of the values: ``"HU"``, ``"um2/s"``, or ``"signal"`` for arbitrary MR intensities.
    padding : ndarray of bool, shape ``grid.shape``, optional
        True where a voxel holds no measurement (outside the scan); such voxels never enter a statistic.

    Raises
    ------
    GeometryError
        If a shape does not fit the grid.
    """

    grid: Grid
    data: NDArray[Any]
    unit: str
    padding: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if self.data.shape != self.grid.shape:
            raise GeometryError(
                say(
                    "Voxels of shape {shape} do not fit a grid of shape {expected}.",
                    shape=self.data.shape,
                    expected=self.grid.shape,
                )
            )
        if self.padding is not None and self.padding.shape != self.grid.shape:
            raise GeometryError(
                say(
                    "A padding mask of shape {shape} does not fit {expected}.",
                    shape=self.padding.shape,
                    expected=self.grid.shape,
                )
            )
