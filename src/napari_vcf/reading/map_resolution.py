"""How many voxels of an ADC map a rectangle of the protocol's size rests on, wherever it is placed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from napari_vcf.dicom import Series
from napari_vcf.geometry import Grid, Rectangle, coverage_on_slice
from napari_vcf.reading.protocol import Protocol

__all__ = ["MIN_EFFECTIVE_N", "map_effective_n"]

#: Fewer effective voxels than this make a mean ADC uncertain.
MIN_EFFECTIVE_N = 10

#: Angles in a quarter turn and places within a voxel, along rows and columns, over which is averaged.
_ANGLES, _PLACES = 8, 4


def map_effective_n(series: Series, protocol: Protocol) -> float:
    """Mean effective number of voxels of a rectangle over its angles and its places within a voxel.

    Parameters
    ----------
    series : Series
        An ADC map.
    protocol : Protocol
        With the size of the rectangle.

    Returns
    -------
    float
        Kish's ``(sum w)^2 / sum w^2`` of the overlaps; a single placement may have somewhat more or fewer.
    """
    _, row_mm, column_mm = series.grid.spacing_mm
    return _mean_effective_n(round(row_mm, 4), round(column_mm, 4), protocol.roi_long_mm, protocol.roi_short_mm)


@lru_cache(maxsize=64)
def _mean_effective_n(row_mm: float, column_mm: float, long_mm: float, short_mm: float) -> float:
    grid = Grid.from_axes(
        (1, 1, 1),
        origin_lps=(0, 0, 0),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(1.0, row_mm, column_mm),
    )
    found = []
    for angle in np.arange(_ANGLES) * np.pi / (2 * _ANGLES):
        long, short = (np.cos(angle), np.sin(angle), 0.0), (-np.sin(angle), np.cos(angle), 0.0)
        for row, column in np.ndindex(_PLACES, _PLACES):
            center = (column * column_mm / _PLACES, row * row_mm / _PLACES, 0.0)
            overlaps = coverage_on_slice(
                grid, Rectangle(np.array(center), np.array(long), np.array(short), long_mm, short_mm)
            ).area_mm2
            found.append(overlaps.sum() ** 2 / (overlaps**2).sum())
    return float(np.mean(found))
