"""The reading frame shows a parallel grid with a scale and a translate alone, and every voxel where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.geometry import GeometryError, Grid, ReadingFrame, RigidTransform
from support.strategies import grids, points, rigid_transforms, spacings


@given(grids(), points)
def test_world_and_patient_are_the_same_space_turned(grid, point):
    frame = ReadingFrame.of_grid(grid)
    np.testing.assert_allclose(frame.to_lps(frame.to_world(point)), point, atol=1e-9)
    assert np.linalg.norm(frame.to_world(point)) == pytest.approx(np.linalg.norm(point), abs=1e-9)


@given(grids(), st.data())
def test_scale_and_translate_put_every_voxel_where_it_is(grid, data):
    frame = ReadingFrame.of_grid(grid)
    scale, translate = frame.placement(grid)
    voxel = np.array([data.draw(st.integers(0, size - 1)) for size in grid.shape])
    np.testing.assert_allclose(translate + scale * voxel, frame.to_world(grid.to_lps(voxel[::-1])), atol=1e-8)
    np.testing.assert_allclose(scale, grid.spacing_mm)


@given(grids(), points)
def test_another_grid_of_the_same_directions_is_held_too(grid, origin):
    affine = grid.affine_lps.copy()
    affine[:3, :3] *= 0.5
    affine[:3, 3] = origin
    other = Grid((2, 3, 4), affine)
    frame = ReadingFrame.of_grid(grid)
    assert frame.holds(other)
    np.testing.assert_allclose(frame.placement(other)[1], frame.to_world(origin))


@given(grids(), st.floats(0.2, 20), st.integers(0, 2))
def test_a_turned_grid_is_not_held(grid, angle_deg, axis):
    turn = RigidTransform.from_rotation_vector(grid.directions[:, axis] * angle_deg, (0, 0, 0))
    turned = Grid(grid.shape, turn.matrix @ grid.affine_lps)
    frame = ReadingFrame.of_grid(grid)
    assert not frame.holds(turned)
    with pytest.raises(GeometryError, match="not parallel"):
        frame.placement(turned)


@given(grids(), spacings, spacings, rigid_transforms())
def test_the_grid_around_another_covers_it_tightly(grid, slice_mm, pixel_mm, motion):
    frame = ReadingFrame.of_grid(Grid(grid.shape, motion.matrix @ grid.affine_lps))
    around = frame.grid_around(grid, spacing_mm=(slice_mm, pixel_mm, pixel_mm))
    assert frame.holds(around)
    np.testing.assert_allclose(around.spacing_mm, (slice_mm, pixel_mm, pixel_mm))
    assert around.contains(grid.corners_lps, margin_mm=-1e-5 * max(around.spacing_mm)).all()
    inner, outer = frame.to_world(grid.corners_lps), frame.to_world(around.corners_lps)
    surplus = np.ptp(outer, axis=0) - np.ptp(inner, axis=0)
    assert (surplus < np.array(around.spacing_mm) * (1 + 1e-6)).all()
    np.testing.assert_allclose(around.center_lps, grid_center(frame, grid), atol=1e-6)


def grid_center(frame: ReadingFrame, grid: Grid) -> np.ndarray:
    corners = frame.to_world(grid.corners_lps)
    return frame.to_lps((corners.min(axis=0) + corners.max(axis=0)) / 2)


@given(grids())
def test_around_itself_at_its_own_spacing_a_grid_is_itself(grid):
    around = ReadingFrame.of_grid(grid).grid_around(grid, spacing_mm=grid.spacing_mm)
    assert around.is_close_to(grid)


def test_straight_sagittal_goes_right_to_left_head_to_feet_and_front_to_back():
    frame = ReadingFrame.sagittal()
    left, back, head = (10.0, 0, 0), (0, 10.0, 0), (0, 0, 10.0)
    np.testing.assert_allclose(frame.to_world(left), (10, 0, 0))
    np.testing.assert_allclose(frame.to_world(head), (0, -10, 0))
    np.testing.assert_allclose(frame.to_world(back), (0, 0, 10))


def test_a_sheared_grid_has_no_frame_and_is_not_held():
    sheared = Grid((2, 2, 2), [[1, 0, 0, 0], [0, 1, 0.2, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    with pytest.raises(GeometryError, match="sheared"):
        ReadingFrame.of_grid(sheared)
    assert not ReadingFrame.sagittal().holds(sheared)


@pytest.mark.parametrize("axes", [np.eye(2), np.eye(3) * 2, np.array([[1, 0, 0], [0.1, 1, 0], [0, 0, 1]])])
def test_axes_that_are_not_at_right_angles_are_refused(axes):
    with pytest.raises(GeometryError, match="right angles"):
        ReadingFrame(axes)
