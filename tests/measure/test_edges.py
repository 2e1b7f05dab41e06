"""Edges of known place: drawn to within a small part of a pixel, and never where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, Volume
from napari_vcf.measure import SNAP_REACH_MM, NoEdge, snap_to_edge

GRID = Grid.from_axes(
    (3, 80, 60),
    origin_lps=(5.0, -30.0, 40.0),
    column_direction=(0, 1, 0),
    row_direction=(0, 0, -1),
    slice_direction=(-1, 0, 0),
    spacing_mm=(4.0, 0.8, 0.8),
)
DOWN, BACK = np.array([0.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0])


def plate(depth_mm: float, low: float = 100.0, high: float = 500.0, noise: float = 0.0) -> Volume:
    """Dark above an endplate so many mm below the first row, bright below; a pixel on the edge is mixed."""
    row = np.arange(GRID.shape[1]) * 0.8
    share = np.clip((row + 0.4 - depth_mm) / 0.8, 0, 1)
    data = np.broadcast_to((low + (high - low) * share)[None, :, None], GRID.shape).copy()
    if noise:
        data += np.random.default_rng(3).normal(0, noise, GRID.shape)
    return Volume(GRID, data.astype(np.float32), "signal")


def at(depth_mm: float) -> np.ndarray:
    return GRID.to_lps((30, 0, 1)) + depth_mm * DOWN


@settings(max_examples=60, deadline=None)
@given(edge=st.floats(20.0, 40.0), away=st.floats(-1.9, 1.9), bright_above=st.booleans())
def test_a_point_within_reach_goes_to_the_edge_along_the_caliper(edge, away, bright_above):
    volume = plate(edge, *((500.0, 100.0) if bright_above else (100.0, 500.0)))
    point = at(edge + away)
    found = snap_to_edge(volume, point, DOWN, BACK)
    assert not isinstance(found, NoEdge)
    assert (found - at(edge)) @ DOWN == pytest.approx(0, abs=0.12)
    assert np.linalg.norm(np.cross(found - point, DOWN)) < 1e-9
    assert np.linalg.norm(found - point) <= SNAP_REACH_MM + 1e-9
    # Which way the caliper runs does not matter.
    np.testing.assert_allclose(snap_to_edge(volume, point, -DOWN, BACK), found, atol=1e-6)


def test_of_two_edges_the_stronger_is_taken():
    weak, strong = plate(30.0, 100, 200), plate(31.8, 0, 400)
    volume = Volume(GRID, weak.data + strong.data, "signal")
    found = snap_to_edge(volume, at(30.4), DOWN, BACK)
    assert (found - at(31.8)) @ DOWN == pytest.approx(0, abs=0.25)


def test_beyond_reach_in_flat_tissue_and_at_the_rim_nothing_is_drawn():
    assert snap_to_edge(plate(30.0), at(36.0), DOWN, BACK) is NoEdge.UNCLEAR
    assert snap_to_edge(plate(30.0, 300, 300), at(30.0), DOWN, BACK) is NoEdge.UNCLEAR
    assert snap_to_edge(plate(30.0), at(0.5), DOWN, BACK) is NoEdge.OUTSIDE


def test_noise_moves_the_end_by_less_than_half_a_pixel():
    for seed_depth in (25.0, 28.3, 33.7):
        found = snap_to_edge(plate(seed_depth, noise=20.0), at(seed_depth + 1.2), DOWN, BACK)
        assert (found - at(seed_depth)) @ DOWN == pytest.approx(0, abs=0.4)


def test_noise_alone_is_hardly_ever_taken_for_an_edge():
    noisy = Volume(GRID, np.random.default_rng(5).normal(400, 40, GRID.shape).astype(np.float32), "signal")
    points = [at(depth) + offset * BACK for depth in np.arange(12, 52, 2.5) for offset in (-10.0, 0.0, 10.0)]
    taken = sum(not isinstance(snap_to_edge(noisy, point, DOWN, BACK), NoEdge) for point in points)
    assert taken <= 0.2 * len(points)
