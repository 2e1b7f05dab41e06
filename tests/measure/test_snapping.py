"""Which rule draws an end on which image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from napari_vcf.geometry import Grid, Volume
from napari_vcf.measure import NoEdge, draw_to_edge, snap_to_edge, snap_to_endplate

DOWN, BACK = np.array([0.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0])
GRID = Grid.from_axes(
    (3, 90, 40),
    origin_lps=(5.0, -30.0, 40.0),
    column_direction=(0, 1, 0),
    row_direction=(0, 0, -1),
    slice_direction=(-1, 0, 0),
    spacing_mm=(4.8, 0.8, 0.8),
)


def endplate_image(unit: str) -> Volume:
    """Marrow of 400, a plate of 1 mm without signal down to 33.3 mm, disc of 200."""
    fine = (np.arange(90 * 200) + 0.5) / 200 * 0.8 - 0.4
    rows = np.select([fine < 32.3, fine < 33.3], [400.0, 0.0], 200.0).reshape(90, 200).mean(axis=1)
    data = np.broadcast_to(rows[None, :, None], GRID.shape)
    # Air at the rim, as every image has it.
    data = np.where(np.arange(GRID.shape[2]) < 3, 0.0, data)
    return Volume(GRID, data.astype(np.float32), unit)


POINT = GRID.to_lps((25, 0, 1)) + 33.0 * DOWN


def test_endplates_are_looked_for_on_mr():
    volume = endplate_image("signal")
    np.testing.assert_array_equal(
        draw_to_edge(volume, POINT, DOWN, BACK, is_ct=False), snap_to_endplate(volume, POINT, DOWN, BACK)
    )


def test_on_maps_the_steepest_change_counts():
    volume = endplate_image("um2/s")
    found = draw_to_edge(volume, POINT, DOWN, BACK, is_ct=False)
    np.testing.assert_array_equal(found, snap_to_edge(volume, POINT, DOWN, BACK))
    assert np.linalg.norm(found - snap_to_endplate(endplate_image("signal"), POINT, DOWN, BACK)) > 0.5


def test_on_a_ct_without_a_rescale_nothing_is_drawn():
    assert draw_to_edge(endplate_image("signal"), POINT, DOWN, BACK, is_ct=True) is NoEdge.NO_UNIT


def ct_plate(
    rng: np.random.Generator, outer_mm: float, marrow: float, *, pixel_mm: float, slice_mm: float, noise: float
) -> Volume:
    """Marrow above a plate of bone that ends so many mm under the first row, disc below; blurred as a scanner blurs."""
    grid = Grid.from_axes(
        (5, round(70 / pixel_mm), 30),
        origin_lps=(5.0, -30.0, 40.0),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(-1, 0, 0),
        spacing_mm=(slice_mm, pixel_mm, pixel_mm),
    )
    edges = (np.arange(grid.shape[1])[:, None] + np.array([-0.5, 0.5])) * pixel_mm
    thickness, plate, disc = rng.uniform(0.5, 1.2), rng.uniform(550, 1000), rng.uniform(70, 110)
    blur = rng.uniform(0.3, 0.6)

    def share_below(depth: float) -> np.ndarray:
        # The integral of a blurred step over each pixel.
        u = (edges - depth) / blur
        integral = blur * (u * ndtr(u) + np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi))
        return (integral[:, 1] - integral[:, 0]) / pixel_mm

    inner, outer = share_below(outer_mm - thickness), share_below(outer_mm)
    rows = marrow * (1 - inner) + plate * (inner - outer) + disc * outer
    data = rows[None, :, None] + rng.normal(0, noise, grid.shape)
    return Volume(grid, data.astype(np.float32), "HU")


@pytest.mark.parametrize("pixel_mm", [0.35, 0.6, 0.9])
@pytest.mark.parametrize("marrow", [20.0, 60.0, 90.0, 150.0, 250.0])
def test_on_ct_the_outer_side_is_found_from_osteoporotic_to_dense_marrow(marrow, pixel_mm):
    rng = np.random.default_rng(int(marrow) + round(100 * pixel_mm))
    errors = []
    for slice_mm in (2.0, 3.0, 5.0):
        for _ in range(20):
            outer = rng.uniform(30, 36)
            volume = ct_plate(rng, outer, marrow, pixel_mm=pixel_mm, slice_mm=slice_mm, noise=15.0)
            start = volume.grid.to_lps((15, 0, 2))
            away = float(np.clip(rng.normal(0, 0.7), -1.7, 1.7))
            found = draw_to_edge(volume, start + (outer + away) * DOWN, DOWN, BACK, is_ct=True)
            if not isinstance(found, NoEdge):
                errors.append(float((found - start) @ DOWN) - outer)
    assert len(errors) > 50
    assert abs(np.mean(errors)) <= 0.2
    assert np.percentile(np.abs(errors), 95) < 0.6


def test_along_ct_slices_of_two_millimetres_and_more_nothing_is_drawn():
    volume = ct_plate(np.random.default_rng(1), 33.0, 60.0, pixel_mm=2.0, slice_mm=2.0, noise=5.0)
    point = volume.grid.to_lps((15, 0, 2)) + 33.0 * DOWN
    assert draw_to_edge(volume, point, DOWN, BACK, is_ct=True) is NoEdge.COARSE


def test_a_ct_without_a_plate_of_bone_moves_nothing():
    volume = ct_plate(np.random.default_rng(1), 33.0, 60.0, pixel_mm=0.5, slice_mm=3.0, noise=15.0)
    point = volume.grid.to_lps((15, 0, 2))
    for depth in (12.0, 20.0, 45.0, 52.0):
        assert draw_to_edge(volume, point + depth * DOWN, DOWN, BACK, is_ct=True) is NoEdge.UNCLEAR
