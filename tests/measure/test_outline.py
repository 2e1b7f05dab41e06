"""Outlines on slices, and what is filled between them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.geometry import Grid
from napari_vcf.measure import MeasureError, fill_outline, interpolate_slices


def _grid(spacing: tuple[float, float, float] = (4.8, 0.5, 0.8)) -> Grid:
    return Grid.from_axes(
        (9, 80, 60),
        origin_lps=(-20.0, -30.0, 40.0),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        spacing_mm=spacing,
    )


def _disc(grid: Grid, index: int, radius_mm: float) -> np.ndarray:
    center = grid.to_lps((30, 40, index))
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return center + radius_mm * np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=1)


def test_outline_has_the_area_of_its_polygon():
    grid = _grid()
    mask = fill_outline(grid, 4, _disc(grid, 4, 10.0))
    assert mask.shape == grid.shape[1:]
    assert mask.sum() * grid.pixel_area_mm2 == pytest.approx(np.pi * 100, rel=0.01)


def test_outline_of_whole_pixels_is_those_pixels():
    grid = _grid()
    corners = [grid.to_lps((c, r, 2)) for c, r in ((9.5, 19.5), (14.5, 19.5), (14.5, 29.5), (9.5, 29.5))]
    expected = np.zeros(grid.shape[1:], dtype=bool)
    expected[20:30, 10:15] = True
    assert np.array_equal(fill_outline(grid, 2, corners), expected)
    assert np.array_equal(fill_outline(grid, 2, corners[::-1]), expected)


def test_outline_over_the_edge_of_the_image_is_cut_there():
    grid = _grid()
    corners = [grid.to_lps((c, r, 0)) for c, r in ((-20, -20), (4.5, -20), (4.5, 3.5), (-20, 3.5))]
    mask = fill_outline(grid, 0, corners)
    assert mask.sum() == 5 * 4
    assert mask[:4, :5].all()


@pytest.mark.parametrize(("index", "points"), [(0, 2), (9, 4), (-1, 4)])
def test_outline_that_cannot_be_is_refused(index, points):
    grid = _grid()
    with pytest.raises(MeasureError):
        fill_outline(grid, index, _disc(grid, 0, 5.0)[:points])


def test_slices_between_two_discs_are_discs_of_radii_between():
    grid = _grid()
    mask = np.zeros(grid.shape, dtype=bool)
    mask[2] = fill_outline(grid, 2, _disc(grid, 2, 12.0))
    mask[6] = fill_outline(grid, 6, _disc(grid, 6, 6.0))
    filled = interpolate_slices(mask, [2, 6], pixel_mm=grid.spacing_mm[1:])
    for index, radius in ((3, 10.5), (4, 9.0), (5, 7.5)):
        wanted = fill_outline(grid, index, _disc(grid, index, radius))
        # The distance of a pixel counts from the nearest centre outside, so a seam of half a pixel may differ.
        assert (filled[index] ^ wanted).sum() <= 0.08 * wanted.sum()
    assert np.array_equal(filled[[2, 6]], mask[[2, 6]])
    assert not filled[[0, 1, 7, 8]].any()


def test_outlined_slices_stay_and_stale_ones_are_replaced():
    grid = _grid()
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1] = mask[5] = fill_outline(grid, 1, _disc(grid, 1, 8.0))
    mask[3, :10] = True
    filled = interpolate_slices(mask, [1, 5])
    assert np.array_equal(filled[3], mask[1])
    kept = interpolate_slices(mask, [1, 3, 5])
    assert np.array_equal(kept[3], mask[3])
    assert mask[3, :10].all()


def test_one_outline_cannot_be_filled_from():
    mask = np.zeros((5, 10, 10), dtype=bool)
    mask[2, 3:6, 3:6] = True
    with pytest.raises(MeasureError, match="two slices"):
        interpolate_slices(mask, [1, 2])
