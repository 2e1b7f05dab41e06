"""Which rule draws an end on which image."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.geometry import Grid, Volume
from napari_vcf.measure import draw_to_edge, snap_to_edge, snap_to_endplate

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


@pytest.mark.parametrize(("is_ct", "unit"), [(True, "HU"), (True, "signal"), (False, "um2/s")])
def test_elsewhere_and_on_a_ct_without_a_rescale_the_steepest_change_counts(is_ct, unit):
    volume = endplate_image(unit)
    found = draw_to_edge(volume, POINT, DOWN, BACK, is_ct=is_ct)
    np.testing.assert_array_equal(found, snap_to_edge(volume, POINT, DOWN, BACK))
    assert np.linalg.norm(found - snap_to_endplate(endplate_image("signal"), POINT, DOWN, BACK)) > 0.5
