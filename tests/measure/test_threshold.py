"""Thresholds against a reference tissue: only the body, more with every step, and what the reader pointed at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, Volume
from napari_vcf.measure import MeasureError, reference_region, reference_signal, start_factor, voxels_beyond
from support.strategies import grids

GRID = Grid.from_axes(
    (5, 60, 50),
    origin_lps=(-9.6, -25.0, 30.0),
    column_direction=(0, 1, 0),
    row_direction=(0, 0, -1),
    slice_direction=(1, 0, 0),
    spacing_mm=(4.8, 1.2, 0.9),
)


def noise(seed: int, *, holes: bool = False) -> Volume:
    rng = np.random.default_rng(seed)
    data = rng.uniform(0, 1000, GRID.shape).astype(np.float32)
    padding = rng.random(GRID.shape) < 0.1 if holes else None
    if holes:
        data[rng.random(GRID.shape) < 0.05] = np.nan
    return Volume(GRID, data, "signal", padding)


@given(
    seed=st.integers(0, 999),
    share=st.floats(0, 0.4),
    thresholds=st.tuples(st.floats(-100, 1200), st.floats(-100, 1200)),
    side=st.sampled_from(["darker", "brighter"]),
    slices=st.none() | st.sets(st.integers(0, 4)),
)
def test_never_outside_the_body_nor_what_was_not_measured_and_more_with_every_step(
    seed, share, thresholds, side, slices
):
    volume = noise(seed, holes=True)
    body = np.random.default_rng(seed + 1).random(GRID.shape) < share
    less, more = sorted(thresholds, reverse=side == "brighter")
    few, many = (voxels_beyond(volume, body, limit, side, slices=slices) for limit in (less, more))
    assert not (many & ~body).any()
    assert not (many & volume.padding).any()
    assert not (few & ~many).any()
    elsewhere = [index for index in range(5) if slices is not None and index not in slices]
    assert not many[elsewhere].any()
    # One voxel at a time, in Python's own numbers.
    for place in np.argwhere(body)[:200]:
        value = float(volume.data[tuple(place)])
        wanted = value < more if side == "darker" else value > more
        wanted = wanted and not volume.padding[tuple(place)] and (slices is None or place[0] in slices)
        assert many[tuple(place)] == wanted


def test_a_voxel_on_the_threshold_is_on_neither_side():
    volume = Volume(GRID, np.full(GRID.shape, 0.1, np.float32), "signal")
    body = np.ones(GRID.shape, dtype=bool)
    exactly = float(np.float32(0.1))
    for side in ("darker", "brighter"):
        assert not voxels_beyond(volume, body, exactly, side).any()
    assert voxels_beyond(volume, body, np.nextafter(exactly, 1), "darker").all()


@given(
    grid=grids(straight=True),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    radius=st.floats(1, 8),
)
def test_the_reference_is_a_circle_of_voxel_centres_on_the_nearest_slice(grid, place, radius):
    size = np.array(grid.shape[::-1])
    index = np.array(place) * (size - 1)
    center = grid.to_lps(index)
    reach = radius / np.array(grid.spacing_mm[:0:-1])
    fits = ((index[:2] - reach >= -0.5) & (index[:2] + reach <= size[:2] - 0.5)).all()
    if not fits:
        with pytest.raises(MeasureError, match="edge of the image"):
            reference_region(grid, center, radius)
        return
    found, voxels = reference_region(grid, center, radius)
    assert abs(found - index[2]) <= 0.5 + 1e-6
    here = grid.to_lps((index[0], index[1], found))
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    everywhere = np.stack([columns, rows, np.full_like(rows, found)], axis=-1)
    far = np.linalg.norm(grid.to_lps(everywhere) - here, axis=-1)
    taken = np.zeros(far.shape, dtype=bool)
    taken[tuple(voxels.T)] = True
    # A centre on the circle may fall on either side by a rounding.
    sure = np.abs(far - radius) > 1e-6
    assert np.array_equal(taken[sure], (far <= radius)[sure])


def test_mean_spread_and_number_are_those_of_the_circle():
    volume = noise(3)
    signal = reference_signal(volume, GRID.to_lps((20.3, 31.8, 2)), radius_mm=3.0)
    values = [
        float(volume.data[2, row, column])
        for row in range(60)
        for column in range(50)
        if ((row - 31.8) * 1.2) ** 2 + ((column - 20.3) * 0.9) ** 2 <= 9.0
    ]
    assert (signal.voxels, signal.slice_index, signal.unit) == (len(values), 2, "signal")
    assert signal.mean == pytest.approx(np.mean(values))
    assert signal.sd == pytest.approx(np.std(values, ddof=1))


def test_what_cannot_be_a_reference_is_refused():
    middle = GRID.to_lps((25, 30, 2))
    padded = np.zeros(GRID.shape, dtype=bool)
    padded[2, 30, 25] = True
    ones = np.ones(GRID.shape, np.float32)
    for volume, radius, sentence in (
        (Volume(GRID, ones, "signal", padded), 3.0, "no measurement"),
        (Volume(GRID, ones, "signal"), 1.0, "only 3 voxels"),
        (Volume(GRID, 0 * ones, "signal"), 3.0, "no signal"),
    ):
        with pytest.raises(MeasureError, match=sentence):
            reference_signal(volume, middle, radius_mm=radius)
    with pytest.raises(MeasureError, match="edge of the image"):
        reference_signal(Volume(GRID, ones, "signal"), GRID.to_lps((1, 30, 2)))
    with pytest.raises(MeasureError, match="does not fit"):
        voxels_beyond(Volume(GRID, ones, "signal"), np.ones((1, 2, 3), bool), 1.0, "darker")


def test_a_threshold_against_normal_marrow_starts_outside_its_own_spread():
    volume = noise(5)
    signal = reference_signal(volume, GRID.to_lps((25, 30, 2)))
    assert start_factor(signal, "muscle", "darker") == start_factor(signal, "disc", "brighter") == 1.0
    darker, brighter = (start_factor(signal, "normal_vertebra", side) for side in ("darker", "brighter"))
    assert darker < 1 < brighter
