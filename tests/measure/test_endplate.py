"""The outer surface of a dark plate of known place and thickness between marrow and disc, in pixels that average it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, Volume
from napari_vcf.measure import SNAP_REACH_MM, NoEdge, snap_to_edge, snap_to_endplate

DOWN, BACK = np.array([0.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0])


def grid(pixel_mm: float = 0.83) -> Grid:
    return Grid.from_axes(
        (3, 90, 40),
        origin_lps=(5.0, -30.0, 40.0),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(-1, 0, 0),
        spacing_mm=(4.8, pixel_mm, pixel_mm),
    )


def plate(
    outer_mm: float,
    thickness_mm: float,
    marrow: float,
    disc: float,
    *,
    pixel_mm: float = 0.83,
    noise: float = 0.0,
    floor: float = 0.0,
) -> Volume:
    """Marrow above, disc below a plate that ends so many mm under the first row; pixels are means over their height."""
    space = grid(pixel_mm)
    fine = (np.arange(space.shape[1] * 200) + 0.5) / 200 * pixel_mm - pixel_mm / 2
    tissue = np.select([fine < outer_mm - thickness_mm, fine < outer_mm], [marrow, 0.0], disc)
    rows = tissue.reshape(space.shape[1], 200).mean(axis=1)
    data = np.broadcast_to(rows[None, :, None], space.shape) + floor
    # Air at the rim, as every image has it.
    data = np.where(np.arange(space.shape[2]) < 3, floor, data)
    if noise:
        data = data + np.random.default_rng(11).normal(0, noise, space.shape)
    return Volume(space, data.astype(np.float32), "signal")


def at(depth_mm: float, pixel_mm: float = 0.83) -> np.ndarray:
    return grid(pixel_mm).to_lps((25, 0, 1)) + depth_mm * DOWN


def off(found: np.ndarray | NoEdge, depth_mm: float, pixel_mm: float = 0.83) -> float:
    assert not isinstance(found, NoEdge)
    return float((found - at(depth_mm, pixel_mm)) @ DOWN)


@settings(max_examples=80, deadline=None)
@given(
    outer=st.floats(25.0, 45.0),
    thickness=st.floats(0.6, 1.4),
    disc=st.floats(120.0, 900.0),
    away=st.floats(-1.5, 1.5),
    pixel=st.sampled_from([0.6, 0.83, 1.0]),
    floor=st.floats(0.0, 60.0),
)
def test_the_outer_side_is_found_whatever_marrow_disc_thickness_and_pixel(outer, thickness, disc, away, pixel, floor):
    volume = plate(outer, thickness, 400.0, disc, pixel_mm=pixel, floor=floor)
    point = at(outer + away, pixel)
    found = snap_to_endplate(volume, point, DOWN, BACK)
    assert off(found, outer, pixel) == pytest.approx(0, abs=0.4 * pixel)
    assert np.linalg.norm(np.cross(found - point, DOWN)) < 1e-9
    assert np.linalg.norm(found - point) <= SNAP_REACH_MM + 1e-9


def test_on_t1_the_strongest_edge_is_the_inner_side_and_this_one_the_outer():
    outers = np.arange(28.0, 40.0, 0.37)
    images = [plate(outer, 1.0, 400.0, 180.0, noise=8.0) for outer in outers]
    pairs = list(zip(images, outers, strict=True))
    strongest = [off(snap_to_edge(image, at(outer), DOWN, BACK), outer) for image, outer in pairs]
    ours = [off(snap_to_endplate(image, at(outer), DOWN, BACK), outer) for image, outer in pairs]
    assert np.median(strongest) < -0.7
    assert np.median(ours) == pytest.approx(0, abs=0.15)
    assert np.max(np.abs(ours)) < 0.6


def test_under_marrow_as_dark_as_the_plate_the_border_to_the_disc_is_it():
    # Fat-suppressed: nothing but the disc gives a signal.
    volume = plate(33.3, 1.0, 5.0, 600.0)
    assert off(snap_to_endplate(volume, at(34.0), DOWN, BACK), 33.3) == pytest.approx(0, abs=0.3)


def test_what_shows_no_outer_side_moves_nothing():
    # A black disc begins where the plate ends, unseen.
    assert snap_to_endplate(plate(33.3, 1.0, 400.0, 0.0), at(33.0), DOWN, BACK) is NoEdge.UNCLEAR
    assert snap_to_endplate(plate(33.3, 1.0, 400.0, 200.0), at(38.0), DOWN, BACK) is NoEdge.UNCLEAR
    assert snap_to_endplate(plate(33.3, 0.0, 400.0, 400.0), at(33.0), DOWN, BACK) is NoEdge.UNCLEAR
    assert snap_to_endplate(plate(33.3, 1.0, 400.0, 200.0), at(1.0), DOWN, BACK) is NoEdge.OUTSIDE
    # Coarse pixels cannot show it.
    assert snap_to_endplate(plate(33.3, 1.0, 400.0, 200.0, pixel_mm=1.5), at(33.0, 1.5), DOWN, BACK) is NoEdge.COARSE


def test_across_thick_slices_nothing_is_an_edge():
    space = Grid.from_axes(
        (12, 60, 60),
        origin_lps=(0, 0, 0),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(5.0, 0.35, 0.35),
    )
    data = np.where(np.arange(12)[:, None, None] < 6, 40.0, 600.0) * np.ones(space.shape)
    volume = Volume(space, data.astype(np.float32), "HU")
    middle = space.to_lps((30, 30, 5.5))
    assert snap_to_edge(volume, middle, (0, 0, 1), (0, 1, 0)) is NoEdge.COARSE


def test_noise_alone_is_hardly_ever_taken_for_an_endplate():
    space = grid()
    noisy = Volume(space, np.random.default_rng(5).normal(400, 40, space.shape).astype(np.float32), "signal")
    points = [at(depth) + offset * BACK for depth in np.arange(12, 60, 2.5) for offset in (-8.0, 0.0, 8.0)]
    taken = sum(not isinstance(snap_to_endplate(noisy, point, DOWN, BACK), NoEdge) for point in points)
    assert taken <= 0.1 * len(points)
