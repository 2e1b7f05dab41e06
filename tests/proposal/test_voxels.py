"""Sheets of a known body turned into voxels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.geometry import Grid
from napari_vcf.proposal.endplates import EndplateSheets
from napari_vcf.proposal.space import body_space
from napari_vcf.proposal.voxels import voxels_within
from napari_vcf.proposal.walls import LEVELS, Walls

HEIGHT_MM, HALF_DEPTH_MM, HALF_WIDTH_MM = 14.0, 13.0, 17.6
ENDS = np.array([[0.0, -10.0, 0.0], [0.0, 0.0, 0.0], [0.0, 10.0, 0.0]])


def _box(pixel_mm: float, shift_mm: float) -> tuple[Grid, np.ndarray]:
    """A box between flat sheets on sagittal slices 4.4 mm apart, of which none is cut by a side wall."""
    half = int(45 / pixel_mm)
    grid = Grid.from_axes(
        (17, 2 * half, 2 * half),
        origin_lps=(-35.2, -half * pixel_mm + shift_mm, half * pixel_mm + shift_mm),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0),
        spacing_mm=(4.4, pixel_mm, pixel_mm),
    )
    up = np.array([0.0, 0.0, HEIGHT_MM / 2])
    space = body_space(grid, ENDS + up, ENDS - up)
    flat = np.full((len(space.x), len(space.y)), HEIGHT_MM / 2)
    lengthwise = np.full((len(space.x), len(LEVELS)), HALF_DEPTH_MM)
    sideways = np.full((len(LEVELS), len(space.y)), HALF_WIDTH_MM)
    walls = Walls(
        middle=(0.0, 0.0),
        front=lengthwise,
        back=lengthwise,
        right=sideways,
        left=sideways,
        seen=np.ones(lengthwise.shape, dtype=bool),
        half_width=HALF_WIDTH_MM,
        expected_half_width=HALF_WIDTH_MM,
    )
    return grid, voxels_within(grid, space, EndplateSheets(flat, -flat, flat > 0), walls)


@pytest.mark.parametrize("pixel_mm", [0.4, 0.6, 0.9])
def test_a_body_is_as_high_and_as_deep_as_its_sheets_whatever_the_pixels(pixel_mm):
    """Over all places of the grid, masks are on average as large as what they are made from."""
    heights, depths = [], []
    for shift in np.arange(8) * pixel_mm / 8:
        grid, mask = _box(pixel_mm, float(shift))
        middle = mask[8]
        rows, columns = np.flatnonzero(middle.any(axis=1)), np.flatnonzero(middle.any(axis=0))
        heights.append(len(rows) * grid.spacing_mm[1])
        depths.append(len(columns) * grid.spacing_mm[2])
    assert np.mean(heights) == pytest.approx(HEIGHT_MM, abs=pixel_mm / 5)
    assert np.mean(depths) == pytest.approx(2 * HALF_DEPTH_MM, abs=pixel_mm / 5)
