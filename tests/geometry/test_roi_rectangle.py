"""The rectangle of the ADC measurement: 5 x 7 mm whatever is done to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.geometry import GeometryError, Rectangle
from support.strategies import angles_deg, grids, points, rectangles_on

rectangles = grids().flatmap(rectangles_on).map(lambda placed: placed[0])
gestures = st.lists(st.one_of(angles_deg, points), max_size=30)


def after(rectangle: Rectangle, gesture: float | np.ndarray) -> Rectangle:
    return rectangle.rotated(gesture) if isinstance(gesture, float) else rectangle.moved(gesture)


def assert_congruent(rectangle: Rectangle) -> None:
    """Checked on the drawn corners alone, by their sides, angles and area."""
    corners = rectangle.corners_lps
    sides = np.roll(corners, -1, axis=0) - corners
    np.testing.assert_allclose(np.linalg.norm(sides, axis=1), (7, 5, 7, 5), atol=1e-9)
    np.testing.assert_allclose(np.sum(sides * np.roll(sides, -1, axis=0), axis=1), 0, atol=1e-8)
    assert np.linalg.norm(np.cross(sides[0], sides[1])) == pytest.approx(35.0, abs=1e-8)
    assert rectangle.area_mm2 == 35.0


@given(rectangles, gestures)
def test_no_sequence_of_moves_and_turns_changes_size_or_shape(rectangle, sequence):
    for gesture in sequence:
        rectangle = after(rectangle, gesture)
    assert_congruent(rectangle)


@given(rectangles, gestures)
def test_no_sequence_of_moves_and_turns_leaves_the_plane(rectangle, sequence):
    start = rectangle
    for gesture in sequence:
        rectangle = after(rectangle, gesture)
    np.testing.assert_allclose((rectangle.corners_lps - start.center_lps) @ start.normal, 0, atol=1e-8)


def test_two_thousand_small_turns_do_not_wear_it_down():
    rectangle = Rectangle(np.zeros(3), np.array([0.6, 0.8, 0.0]), np.array([-0.48, 0.36, 0.8]), 7.0, 5.0)
    normal = rectangle.normal
    for _ in range(2_000):
        rectangle = rectangle.rotated(0.037)
    assert_congruent(rectangle)
    np.testing.assert_allclose(rectangle.normal, normal, atol=1e-12)


@given(rectangles, angles_deg, angles_deg)
def test_turns_add_up_about_the_centre(rectangle, first, second):
    twice = rectangle.rotated(first).rotated(second)
    once = rectangle.rotated(first + second)
    np.testing.assert_allclose(twice.corners_lps, once.corners_lps, atol=1e-9)
    np.testing.assert_array_equal(twice.center_lps, rectangle.center_lps)


@given(rectangles, points)
def test_a_move_takes_the_in_plane_part_of_the_shift(rectangle, shift):
    moved = rectangle.moved(shift)
    step = moved.center_lps - rectangle.center_lps
    for axis in (rectangle.axis_long, rectangle.axis_short):
        assert step @ axis == pytest.approx(shift @ axis, abs=1e-8)
    assert step @ rectangle.normal == pytest.approx(0, abs=1e-8)


def test_a_quarter_turn_goes_from_the_long_towards_the_short_axis():
    rectangle = Rectangle(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), 7.0, 5.0)
    turned = rectangle.rotated(90)
    np.testing.assert_allclose(turned.axis_long, (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(turned.axis_short, (-1, 0, 0), atol=1e-12)


def test_a_rectangle_cannot_be_stretched_from_outside():
    center = np.zeros(3)
    rectangle = Rectangle(center, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), 7.0, 5.0)
    center[0] = 9
    assert rectangle.center_lps[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        rectangle.axis_long[0] = 2
    with pytest.raises(AttributeError):
        rectangle.long_mm = 9.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"axis_long": (2.0, 0.0, 0.0)}, "right angles"),
        ({"axis_short": (0.1, 1.0, 0.0)}, "right angles"),
        ({"center_lps": (np.nan, 0.0, 0.0)}, "center_lps"),
        ({"axis_long": (1.0, 0.0)}, "axis_long"),
        ({"long_mm": 0.0}, "does not exist"),
        ({"short_mm": -5.0}, "does not exist"),
        ({"long_mm": np.inf}, "does not exist"),
        ({"long_mm": np.nan}, "does not exist"),
    ],
)
def test_a_rectangle_that_cannot_exist_is_refused(change, reason):
    whole = {"center_lps": (0, 0, 0), "axis_long": (1, 0, 0), "axis_short": (0, 1, 0), "long_mm": 7.0, "short_mm": 5.0}
    with pytest.raises(GeometryError, match=reason):
        Rectangle(**(whole | change))
