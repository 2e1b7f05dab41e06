"""Where a rectangle lies: against a body of known edge, endplates of known tilt, and another rectangle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, Rectangle
from napari_vcf.measure import cuts_endplates, deviation_deg, endplate_direction, place_in_body, touched_voxels

#: The body is the box |y| <= 12, |z| <= 10 mm on three slices; its edges lie between voxels of 0.5 mm.
GRID = Grid.from_axes(
    (3, 80, 80),
    origin_lps=(-4.0, -19.75, 19.75),
    column_direction=(0, 1, 0),
    row_direction=(0, 0, -1),
    slice_direction=(1, 0, 0),
    spacing_mm=(4.0, 0.5, 0.5),
)
BODY = np.zeros(GRID.shape, dtype=bool)
BODY[:, 20:60, 16:64] = True


def rectangle(y: float, z: float, angle_deg: float = 0.0, x: float = 0.0) -> Rectangle:
    long, short = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    return Rectangle(np.array([x, y, z]), long, short, 7.0, 5.0).rotated(angle_deg)


@settings(max_examples=80, deadline=None)
@given(y=st.floats(-12, 12), z=st.floats(-10, 10), angle=st.floats(0, 180))
def test_body_and_cortex_by_the_corners_of_a_box(y, z, angle):
    placed = rectangle(y, z, angle)
    corners = placed.corners_lps
    room = float(min((12 - np.abs(corners[:, 1])).min(), (10 - np.abs(corners[:, 2])).min()))
    found = place_in_body(placed, BODY, GRID, voxel_mm=2.0)
    # The mask is sampled, so a corner exactly on a limit may fall on either side.
    if min(abs(room), abs(room - 2.0)) > 0.05:
        assert found == ("outside" if room < 0 else "near" if room < 2.0 else "inside")


def test_beside_the_last_slice_it_is_outside():
    assert place_in_body(rectangle(0, 0, x=40.0), BODY, GRID, voxel_mm=1.0) == "outside"


@given(tilt=st.floats(-40, 40), wedge=st.floats(0, 20), turn=st.floats(-80, 80))
def test_the_long_side_is_compared_with_the_direction_between_both_endplates(tilt, wedge, turn):
    def line(angle, z):
        y = np.array([-10.0, 0.0, 10.0])
        return np.stack([np.zeros(3), y, z + y * np.tan(np.radians(angle))], axis=1)

    direction = endplate_direction(line(tilt + wedge, 10), line(tilt - wedge, -10))
    np.testing.assert_allclose(direction, (0, np.cos(np.radians(tilt)), np.sin(np.radians(tilt))), atol=1e-9)
    aligned = Rectangle(np.zeros(3), direction, np.cross(direction, (1.0, 0, 0)), 7.0, 5.0)
    assert deviation_deg(aligned, direction) == pytest.approx(0, abs=1e-6)
    assert deviation_deg(aligned.rotated(turn), direction) == pytest.approx(abs(turn), abs=1e-6)


@pytest.mark.parametrize("axes", [((1.0, 0, 0), (0, 1.0, 0)), ((1.0, 0, 0), (0, 0, 1.0)), ((0, 1.0, 0), (1.0, 0, 0))])
def test_on_axial_and_coronal_maps_there_is_no_angle_to_the_endplates(axes):
    placed = Rectangle(np.zeros(3), *(np.array(axis) for axis in axes), 7.0, 5.0)
    assert not cuts_endplates(placed)
    assert deviation_deg(placed, (0.0, 1.0, 0.0)) is None


def test_one_caliper_gives_no_direction():
    assert endplate_direction([(0, 0, 10)], [(0, 0, -10)]) is None


def test_voxels_differ_as_soon_as_one_does():
    here = touched_voxels(GRID, rectangle(0.0, 0.0))
    assert touched_voxels(GRID, rectangle(0.1, 0.0)) != touched_voxels(GRID, rectangle(0.6, 0.0))
    assert touched_voxels(GRID, rectangle(0.0, 0.0)) == here
    assert len(here) == 14 * 10
