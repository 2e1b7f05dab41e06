"""The window around a vertebra follows what lies there, and nothing that lies elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, Volume
from napari_vcf.widgets.desk.window_level import is_narrow, window_around, with_width

GRID = Grid.from_axes(
    (11, 100, 100),
    origin_lps=(-24.0, -50.0, 50.0),
    column_direction=(0, 1, 0),
    row_direction=(0, 0, -1),
    slice_direction=(1, 0, 0),
    spacing_mm=(4.8, 1.0, 1.0),
)


def test_the_window_is_that_of_the_values_around_the_point():
    data = np.full(GRID.shape, 5000.0)
    inside = slice(2, 9), slice(15, 86), slice(15, 86)
    data[inside] = np.random.default_rng(1).uniform(200.0, 600.0, data[inside].shape)
    low, high = window_around(Volume(GRID, data, "signal"), (0.0, 0.0, 0.0), radius_mm=12.0)
    assert low == pytest.approx(204, abs=3)
    assert high == pytest.approx(596, abs=3)


def test_padding_does_not_count_and_beside_the_image_there_is_none():
    data = np.random.default_rng(2).uniform(200.0, 600.0, GRID.shape)
    padding = np.zeros(GRID.shape, dtype=bool)
    padding[:, :50] = True
    data[padding] = -9999.0
    low, _ = window_around(Volume(GRID, data, "signal", padding), (0.0, 0.0, 0.0))
    assert low > 199
    assert window_around(Volume(GRID, data, "signal"), (0.0, 0.0, 400.0)) is None
    assert window_around(Volume(GRID, np.full(GRID.shape, 7.0), "signal"), (0.0, 0.0, 0.0)) is None


@given(st.floats(-1e6, 1e6), st.floats(0.0, 1e6), st.floats(1e-6, 1e6))
def test_a_window_that_can_be_drawn_stays_and_a_narrower_one_is_widened_about_its_middle(middle, width, span):
    asked = middle - width / 2, middle + width / 2
    low, high = with_width(asked, (0.0, span))
    # The canvas holds both numbers in single precision.
    assert np.float32(low) < np.float32(high)
    assert not is_narrow((low, high))
    assert (low + high) / 2 == pytest.approx(middle, abs=1e-9 * max(1.0, abs(middle), width))
    if width >= 1e-3 * span and width > 2e-4 * (abs(middle) + width):
        assert (low, high) == asked
