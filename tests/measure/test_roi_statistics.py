"""ADC statistics: exact coverage on native voxels, and nothing that was not measured."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, Rectangle, Volume
from napari_vcf.measure import MeasureError, roi_statistics, summarize_placements


def sagittal_grid(pixel_mm: float = 2.0, n: int = 24) -> Grid:
    return Grid.from_axes(
        (5, n, n),
        origin_lps=(-10.0, -n * pixel_mm / 2, n * pixel_mm / 2),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0),
        spacing_mm=(4.8, pixel_mm, pixel_mm),
    )


def roi(grid: Grid, shift: tuple[float, float] = (0.0, 0.0), angle: float = 0.0, slice_index: int = 2) -> Rectangle:
    center = grid.to_lps(((grid.shape[2] - 1) / 2, (grid.shape[1] - 1) / 2, slice_index)) + np.array((0.0, *shift))
    return Rectangle(center, np.array([0.0, 1, 0]), np.array([0.0, 0, -1]), 7.0, 5.0).rotated(angle)


def adc(grid: Grid, seed: int = 0) -> Volume:
    data = np.random.default_rng(seed).uniform(300, 2500, grid.shape).astype(np.float32)
    return Volume(grid, data, "um2/s")


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.7, 3.5), st.floats(-6, 6), st.floats(-6, 6), st.floats(-180, 180), st.integers(0, 4), st.integers(0, 99)
)
def test_mean_is_the_area_weighted_mean_of_the_overlaps(
    pixel: float, x: float, y: float, angle: float, slice_index: int, seed: int
) -> None:
    grid = sagittal_grid(pixel, n=int(40 / pixel) + 8)
    volume, rectangle = adc(grid, seed), roi(grid, (x, y), angle, slice_index)
    statistics = roi_statistics(volume, rectangle)
    corners = grid.to_index(rectangle.corners_lps)[:, :2]
    polygon = shapely.Polygon(corners)
    columns, rows = np.meshgrid(np.arange(grid.shape[2]), np.arange(grid.shape[1]))
    boxes = shapely.box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
    weights = shapely.area(shapely.intersection(boxes, polygon)) * pixel**2
    values = volume.data[slice_index].astype(float)
    assert statistics.area_mm2 == pytest.approx(35.0, abs=1e-9)
    assert statistics.mean_um2_per_s == pytest.approx((weights * values).sum() / 35.0, rel=1e-9)
    assert statistics.effective_n == pytest.approx(35.0**2 / (weights**2).sum(), rel=1e-9)


def test_on_a_constant_map_every_placement_reads_the_constant() -> None:
    grid = sagittal_grid(2.5)
    volume = Volume(grid, np.full(grid.shape, 1050.0, np.float32), "um2/s")
    for angle in (0, 17, 90, 133):
        statistics = roi_statistics(volume, roi(grid, (0.7, -1.1), angle))
        assert statistics.mean_um2_per_s == pytest.approx(1050.0, rel=1e-12)
        assert statistics.sd_um2_per_s == pytest.approx(0.0, abs=1e-6)


def test_pixel_center_rule_stands_beside_the_exact_one() -> None:
    grid = sagittal_grid(1.0)
    statistics = roi_statistics(adc(grid), roi(grid, (0.5, 0.5)))
    assert statistics.center_n == 35
    assert statistics.n_voxels == 35
    assert statistics.center_mean_um2_per_s == pytest.approx(statistics.mean_um2_per_s)


def test_signal_is_not_adc() -> None:
    grid = sagittal_grid()
    volume = Volume(grid, np.ones(grid.shape, np.float32), "signal")
    with pytest.raises(MeasureError, match="um2/s"):
        roi_statistics(volume, roi(grid))


def test_no_statistic_over_the_edge_over_padding_or_off_the_plane() -> None:
    grid = sagittal_grid()
    volume = adc(grid)
    with pytest.raises(MeasureError, match="edge of the image"):
        roi_statistics(volume, roi(grid, (23.0, 0.0)))
    padding = np.zeros(grid.shape, bool)
    padding[2, 12, 12] = True
    with pytest.raises(MeasureError, match="no measurement"):
        roi_statistics(Volume(grid, volume.data, "um2/s", padding), roi(grid))
    with pytest.raises(MeasureError, match="outside the image"):
        roi_statistics(volume, roi(grid, slice_index=7))
    tilted = Rectangle(grid.center_lps, np.array([0.0, 1, 0]), np.array([0.6, 0, -0.8]), 7.0, 5.0)
    with pytest.raises(MeasureError, match="tilted"):
        roi_statistics(volume, tilted)


def test_three_placements_are_averaged() -> None:
    grid = sagittal_grid()
    volume = adc(grid)
    rois = [roi(grid, (x, 0.0)) for x in (-3.0, 0.0, 1.0)]
    statistics = [roi_statistics(volume, item) for item in rois]
    means = [item.mean_um2_per_s for item in statistics]
    summary = summarize_placements(statistics, rois)
    assert summary.mean_um2_per_s == pytest.approx(np.mean(means))
    assert summary.sd_um2_per_s == pytest.approx(np.std(means, ddof=1))
    assert summary.center_spread_mm == pytest.approx(4.0)
