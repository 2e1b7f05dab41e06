"""Statistics of an ADC region of locked size, from native voxels by exact area of overlap.

Every voxel counts with the exact area of its overlap with the rectangle. Counting pixel centres gives an area that
changes from placement to placement; that rule is computed beside it, for comparison only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import GeometryError, Rectangle, Volume, coverage_on_slice
from napari_vcf.language import said, say
from napari_vcf.measure.errors import MeasureError

__all__ = ["ADC_UNIT", "Placements", "RoiStatistics", "roi_statistics", "summarize_placements"]

#: The one unit of every ADC that leaves the program.
ADC_UNIT = "um2/s"


@dataclass(frozen=True, slots=True)
class RoiStatistics:
    """ADC within one rectangle, in um2/s.

    Attributes
    ----------
    mean_um2_per_s, sd_um2_per_s : float
        Coverage-weighted mean and population standard deviation.
    min_um2_per_s, max_um2_per_s : float
        Over every voxel that the rectangle touches.
    area_mm2 : float
        Sum of the overlaps: the rectangle's area.
    n_voxels : int
        Voxels touched.
    effective_n : float
        ``(sum w)^2 / sum w^2`` of the weights (Kish).
    center_mean_um2_per_s : float or None
        Plain mean over the voxels whose centre lies inside or on the edge; None if there is none.
    center_n : int
        Number of those voxels.
    slice_index : int
        Slice of the native grid.
    """

    mean_um2_per_s: float
    sd_um2_per_s: float
    min_um2_per_s: float
    max_um2_per_s: float
    area_mm2: float
    n_voxels: int
    effective_n: float
    center_mean_um2_per_s: float | None
    center_n: int
    slice_index: int


@dataclass(frozen=True, slots=True)
class Placements:
    """Repeated placements of one region.

    Attributes
    ----------
    n : int
        Number of placements.
    mean_um2_per_s : float
        Mean of the placements' means.
    sd_um2_per_s : float or None
        Sample standard deviation of the placements' means; None for one.
    within_cv : float or None
        Standard deviation over mean.
    center_spread_mm : float
        Largest distance between two centres, mm.
    """

    n: int
    mean_um2_per_s: float
    sd_um2_per_s: float | None
    within_cv: float | None
    center_spread_mm: float


def roi_statistics(volume: Volume, rectangle: Rectangle) -> RoiStatistics:
    """Measure a rectangle on the slice of an ADC map that it lies on.

    Parameters
    ----------
    volume : Volume
        Native ADC map in um2/s.
    rectangle : Rectangle
        Parallel to the slices.

    Returns
    -------
    RoiStatistics

    Raises
    ------
    MeasureError
        If the map is not in um2/s, or the rectangle reaches over the edge of the image or of what was scanned.
    """
    if volume.unit != ADC_UNIT:
        raise MeasureError(
            say("ADC is measured in {adc_unit}; this image is in '{unit}'.", adc_unit=ADC_UNIT, unit=volume.unit)
        )
    try:
        cover = coverage_on_slice(volume.grid, rectangle)
    except GeometryError as error:
        raise MeasureError(said(error)) from error
    rows, columns = np.nonzero(cover.area_mm2 > 0)
    weights = cover.area_mm2[rows, columns]
    rows, columns = rows + cover.first_row, columns + cover.first_column
    _, n_rows, n_columns = volume.grid.shape
    if (rows < 0).any() or (columns < 0).any() or (rows >= n_rows).any() or (columns >= n_columns).any():
        raise MeasureError(say("The ROI reaches over the edge of the image; move it inside."))
    values = volume.data[cover.slice_index, rows, columns].astype(np.float64)
    padded = volume.padding is not None and volume.padding[cover.slice_index, rows, columns].any()
    if padded or not np.isfinite(values).all():
        raise MeasureError(
            say("The ROI reaches over voxels that hold no measurement; move it inside the scanned area.")
        )
    centers = cover.center_inside[rows - cover.first_row, columns - cover.first_column]
    return _statistics(values, weights, values[centers], cover.slice_index)


def _statistics(
    values: NDArray[np.float64], weights: NDArray[np.float64], centered: NDArray[np.float64], slice_index: int
) -> RoiStatistics:
    total = float(weights.sum())
    mean = float(weights @ values) / total
    return RoiStatistics(
        mean_um2_per_s=mean,
        sd_um2_per_s=float(np.sqrt(weights @ (values - mean) ** 2 / total)),
        min_um2_per_s=float(values.min()),
        max_um2_per_s=float(values.max()),
        area_mm2=total,
        n_voxels=len(values),
        effective_n=total**2 / float(weights @ weights),
        center_mean_um2_per_s=float(centered.mean()) if centered.size else None,
        center_n=int(centered.size),
        slice_index=slice_index,
    )


def summarize_placements(statistics: Sequence[RoiStatistics], rectangles: Sequence[Rectangle]) -> Placements:
    """Average repeated placements.

    Parameters
    ----------
    statistics : sequence of RoiStatistics
        At least one.
    rectangles : sequence of Rectangle
        The placements they belong to.

    Returns
    -------
    Placements
    """
    if not statistics:
        raise MeasureError(say("There is no placement to average."))
    means = np.array([item.mean_um2_per_s for item in statistics])
    centers = np.stack([rectangle.center_lps for rectangle in rectangles])
    mean = float(means.mean())
    sd = float(means.std(ddof=1)) if len(means) > 1 else None
    return Placements(
        n=len(means),
        mean_um2_per_s=mean,
        sd_um2_per_s=sd,
        within_cv=sd / mean if sd is not None and mean > 0 else None,
        center_spread_mm=float(np.linalg.norm(centers[:, None] - centers[None], axis=-1).max()),
    )
