"""What scratch tools say, against what is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.widgets.instruments.scratch.measures import cobb_deg, distance_mm, polygon_area, region_of


@given(angle=st.floats(0, 360), turn=st.floats(0, 360), flip=st.booleans())
def test_cobb_angle_is_that_of_the_lines_whichever_way_they_were_drawn(angle, turn, flip):
    def line(degrees, length):
        end = length * np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
        return np.array([3.0, 4.0]) + np.stack([np.zeros(2), end])

    first, second = line(turn, 20.0), line(turn + angle, 35.0)
    expected = min(angle % 180, 180 - angle % 180)
    assert cobb_deg(first, second[::-1] if flip else second) == pytest.approx(expected, abs=1e-4)


def test_a_distance_is_in_millimetres_of_the_patient():
    assert distance_mm(np.array([[1.0, 2.0, 3.0], [3.0, 5.0, 9.0]])) == pytest.approx(7.0)


def test_a_region_holds_the_values_inside_it_by_their_area():
    square = np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 10.0], [10.0, 0.0]])
    assert polygon_area(square) == 100.0
    # A quarter of it is 400, the rest 200.
    region = region_of(square, lambda point: 400.0 if point[0] < 2.5 else 200.0)
    assert region.area_mm2 == 100.0
    assert region.mean == pytest.approx(250.0, abs=1e-9)
    assert region.deviation == pytest.approx(np.sqrt(0.25 * 150**2 + 0.75 * 50**2))
    nothing = region_of(square, lambda _point: None)
    assert (nothing.mean, nothing.deviation) == (None, None)
