from __future__ import annotations

import numpy as np

from napari_vcf.geometry import Grid, Volume
from napari_vcf.widgets.desk.checkerboard import SQUARE_MM, CheckerSquares, checkered


def test_squares_are_as_long_as_said_whatever_the_pixels():
    for spacing in ((0.5, 0.5), (1.0, 0.25)):
        shown = checkered((200, 200), spacing)
        row, column = (round(SQUARE_MM / step) for step in spacing)
        assert shown[:row, :column].all()
        assert not shown[row : 2 * row, :column].any()
        assert not shown[:row, column : 2 * column].any()
        assert shown[row : 2 * row, column : 2 * column].all()


def test_shown_squares_hold_the_values_and_the_others_nothing():
    grid = Grid((3, 40, 40), np.eye(4))
    volume = Volume(grid, np.random.default_rng(0).normal(size=grid.shape).astype(np.float32), "HU")
    plane = CheckerSquares(volume, grid, None, -1024.0)[1]
    shown = checkered((40, 40), (1.0, 1.0))
    np.testing.assert_allclose(plane[shown], volume.data[1][shown], atol=1e-4)
    assert np.isnan(plane[~shown]).all()
