from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, Volume
from napari_vcf.widgets.desk.checkerboard import SQUARE_MM, CheckerSquares, checkered, see_through


def test_squares_are_as_long_as_said_whatever_the_pixels():
    for spacing in ((0.5, 0.5), (1.0, 0.25)):
        shown = checkered((200, 200), spacing)
        row, column = (round(SQUARE_MM / step) for step in spacing)
        assert shown[:row, :column].all()
        assert not shown[row : 2 * row, :column].any()
        assert not shown[:row, column : 2 * column].any()
        assert shown[row : 2 * row, column : 2 * column].all()


def squares(values, window):
    grid = Grid(values.shape, np.eye(4))
    made = CheckerSquares(Volume(grid, values.astype(np.float32), "HU"), grid, None, -1024.0)
    assert made.look_through(window)
    assert not made.look_through(window)
    return made[1], checkered(values.shape[1:], (1.0, 1.0))


def opacity(plane, window):
    """As the canvas makes it of a value: its place in the window, then the colour there."""
    share = (plane.astype(float) - window[0]) / (window[1] - window[0])
    return see_through().map(np.clip(share, 0, 1).ravel())[:, 3].reshape(plane.shape)


def test_shown_squares_hold_the_values_and_the_others_lie_far_below_the_window():
    values, window = np.random.default_rng(0).uniform(-150, 250, size=(3, 40, 40)), (-200.0, 300.0)
    plane, shown = squares(values, window)
    np.testing.assert_allclose(plane[shown], values[1][shown], atol=1e-3)
    assert (plane[~shown] < window[0] - 1000 * (window[1] - window[0])).all()


@given(
    low=st.floats(-2000, 2000),
    width=st.floats(1, 4000),
    value=st.floats(-5000, 5000),
)
def test_a_shown_square_is_opaque_whatever_its_value_and_the_others_are_transparent(low, width, value):
    window = (low, low + width)
    plane, shown = squares(np.full((3, 40, 40), value), window)
    clear = opacity(plane, window)
    assert np.isfinite(plane).all()
    assert (clear[shown] == 1).all()
    assert (clear[~shown] == 0).all()


def test_a_pixel_between_a_hole_and_the_brightest_value_is_a_hole_as_well():
    window = (-200.0, 600.0)
    plane, shown = squares(np.full((3, 40, 40), 3000.0), window)
    between = 0.01 * plane[~shown].max() + 0.99 * plane[shown].max()
    assert opacity(np.array([between]), window) == 0
