"""A grid maps indices to patient millimetres and back, and refuses what spans no volume."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.errors import NapariVcfError
from napari_vcf.geometry import GeometryError, Grid, RigidTransform
from support.strategies import STRAIGHT, distances, grids, points, rigid_transforms, spacings

indices = st.tuples(*[st.floats(-50, 400)] * 3).map(np.array)


def axial(shape=(3, 4, 5), spacing=(5.0, 0.5, 0.75)) -> Grid:
    column, row = STRAIGHT["axial"]
    return Grid.from_axes(
        shape, origin_lps=(10, 20, 30), column_direction=column, row_direction=row, spacing_mm=spacing
    )


@given(grids(sheared=True), indices)
def test_index_to_lps_and_back_is_the_same_index(grid, index):
    np.testing.assert_allclose(grid.to_index(grid.to_lps(index)), index, atol=1e-9)


@given(grids(), points)
def test_lps_to_index_and_back_is_the_same_point(grid, point):
    np.testing.assert_allclose(grid.to_lps(grid.to_index(point)), point, atol=1e-9)


@given(grids(), st.lists(indices, min_size=1, max_size=5))
def test_many_points_map_as_each_alone(grid, several):
    together = grid.to_lps(np.stack(several))
    np.testing.assert_allclose(together, [grid.to_lps(index) for index in several], atol=1e-9)
    np.testing.assert_allclose(grid.to_index(together[None])[0], several, atol=1e-9)


def test_the_affine_takes_column_row_slice_and_the_shape_slice_row_column():
    grid = axial()
    np.testing.assert_allclose(grid.to_lps((1, 0, 0)) - grid.origin_lps, (0.75, 0, 0))
    np.testing.assert_allclose(grid.to_lps((0, 1, 0)) - grid.origin_lps, (0, 0.5, 0))
    np.testing.assert_allclose(grid.to_lps((0, 0, 1)) - grid.origin_lps, (0, 0, 5.0))
    assert grid.shape == (3, 4, 5)
    assert grid.spacing_mm == pytest.approx((5.0, 0.5, 0.75))


@given(grids())
def test_voxel_and_pixel_sizes_follow_from_the_spacing_of_an_orthogonal_grid(grid):
    slice_mm, row_mm, column_mm = grid.spacing_mm
    assert grid.is_orthogonal
    assert grid.pixel_area_mm2 == pytest.approx(row_mm * column_mm, rel=1e-9)
    assert grid.voxel_volume_mm3 == pytest.approx(slice_mm * row_mm * column_mm, rel=1e-9)


@given(grids(sheared=True))
def test_the_normal_is_at_right_angles_to_the_slice_and_on_the_side_of_growing_slices(grid):
    assert np.linalg.norm(grid.normal) == pytest.approx(1.0)
    np.testing.assert_allclose(grid.normal @ grid.directions[:, :2], 0, atol=1e-9)
    assert grid.normal @ grid.directions[:, 2] > 0


@pytest.mark.parametrize("plane", sorted(STRAIGHT))
def test_the_plane_of_a_straight_scan_is_named(plane):
    column, row = STRAIGHT[plane]
    grid = Grid.from_axes(
        (1, 2, 2), origin_lps=(0, 0, 0), column_direction=column, row_direction=row, spacing_mm=(1, 1, 1)
    )
    assert grid.plane == plane


@given(grids(straight=False), rigid_transforms())
def test_sizes_do_not_depend_on_where_the_patient_lies(grid, motion):
    moved = Grid(grid.shape, motion.matrix @ grid.affine_lps)
    np.testing.assert_allclose(moved.spacing_mm, grid.spacing_mm, rtol=1e-9)
    assert moved.pixel_area_mm2 == pytest.approx(grid.pixel_area_mm2, rel=1e-9)
    np.testing.assert_allclose(distances(moved.corners_lps), distances(grid.corners_lps), atol=1e-9)
    np.testing.assert_allclose(moved.center_lps, motion.apply(grid.center_lps), atol=1e-9)


@given(grids())
def test_the_corners_are_the_outer_edges_of_the_voxels(grid):
    slices, rows, columns = grid.shape
    index = grid.to_index(grid.corners_lps)
    np.testing.assert_allclose(index.min(axis=0), (-0.5, -0.5, -0.5), atol=1e-8)
    np.testing.assert_allclose(index.max(axis=0), (columns - 0.5, rows - 0.5, slices - 0.5), atol=1e-8)
    np.testing.assert_allclose(grid.corners_lps.mean(axis=0), grid.center_lps, atol=1e-9)


def test_contains_reaches_to_the_outer_voxel_edge_less_the_margin():
    grid = axial(shape=(3, 20, 20))
    edge, inward = grid.to_lps((-0.5, 10, 1)), np.array([1.0, 0, 0])
    assert grid.contains(edge + 1e-6 * inward)
    assert not grid.contains(edge - 1e-6 * inward)
    assert not grid.contains(edge + 0.9 * inward, margin_mm=1.0)
    assert grid.contains(edge + 1.1 * inward, margin_mm=1.0)
    assert grid.contains(edge - 0.9 * inward, margin_mm=-1.0)
    assert not grid.contains(edge - 1.1 * inward, margin_mm=-1.0)


def test_contains_answers_for_each_point():
    grid = axial()
    inside = grid.contains([grid.center_lps, grid.center_lps * 100])
    assert inside.tolist() == [True, False]


@given(grids(), st.data())
def test_the_grid_of_a_sub_array_puts_its_voxels_where_they_were(grid, data):
    start = tuple(data.draw(st.integers(0, size - 1)) for size in grid.shape)
    shape = tuple(data.draw(st.integers(1, size - first)) for size, first in zip(grid.shape, start, strict=True))
    part = grid.sliced(start, shape)
    assert part.shape == shape
    np.testing.assert_allclose(part.to_lps((0, 0, 0)), grid.to_lps(start[::-1]), atol=1e-9)
    assert part.is_parallel_to(grid)


@given(grids())
def test_a_grid_is_parallel_and_close_to_itself(grid):
    assert grid.is_parallel_to(grid)
    assert grid.is_close_to(Grid(grid.shape, grid.affine_lps))


@given(grids(), st.sampled_from([0.04, 0.06, 5.0]), st.integers(0, 2))
def test_parallel_means_within_a_twentieth_of_a_degree(grid, angle_deg, axis):
    # Turned about one of its own axes, so that the other two turn by the entire angle.
    turn = RigidTransform.from_rotation_vector(grid.directions[:, axis] * angle_deg, (0, 0, 0))
    turned = Grid(grid.shape, turn.matrix @ grid.affine_lps)
    assert turned.is_parallel_to(grid) == (angle_deg < 0.05)


@given(grids())
def test_a_grid_that_runs_the_other_way_is_not_parallel(grid):
    affine = grid.affine_lps.copy()
    affine[:3, 0] *= -1
    assert not Grid(grid.shape, affine).is_parallel_to(grid)


def test_close_means_the_same_shape_and_every_voxel_within_the_tolerance():
    grid = axial()
    assert not grid.is_close_to(axial(shape=(3, 4, 6)))
    assert not grid.is_close_to(axial(spacing=(5.01, 0.5, 0.75)))
    assert grid.is_close_to(axial(spacing=(5.01, 0.5, 0.75)), tolerance_mm=0.1)


def test_a_tilted_gantry_gives_a_grid_that_is_not_orthogonal():
    column, row = STRAIGHT["axial"]
    grid = Grid.from_axes(
        (3, 4, 5),
        origin_lps=(0, 0, 0),
        column_direction=column,
        row_direction=row,
        spacing_mm=(5, 1, 1),
        slice_direction=(0, 0.1, 1),
    )
    assert not grid.is_orthogonal
    assert grid.spacing_mm[0] == pytest.approx(5.0)


@given(spacings)
def test_a_grid_cannot_be_changed_from_outside(step):
    affine = np.diag([step, step, step, 1.0])
    grid = Grid((1, 1, 1), affine)
    affine[0, 0] = 99
    assert grid.affine_lps[0, 0] == step
    with pytest.raises(ValueError, match="read-only"):
        grid.affine_lps[0, 0] = 99


@pytest.mark.parametrize(
    ("shape", "affine", "reason"),
    [
        ((0, 2, 2), np.eye(4), "three positive sizes"),
        ((2, 2), np.eye(4), "three positive sizes"),
        ((2, 2, 2), np.eye(3), "finite 4 x 4"),
        ((2, 2, 2), np.full((4, 4), np.nan), "finite 4 x 4"),
        ((2, 2, 2), np.eye(4) * 2, "last row"),
        ((2, 2, 2), np.diag([1.0, 1.0, 0.0, 1.0]), "singular"),
    ],
)
def test_a_grid_that_cannot_exist_is_refused(shape, affine, reason):
    with pytest.raises(GeometryError, match=reason) as refusal:
        Grid(shape, affine)
    assert isinstance(refusal.value, NapariVcfError)


@pytest.mark.parametrize("spacing", [(0, 1, 1), (1, -1, 1), (1, 1, np.nan), (np.inf, 1, 1)])
def test_a_spacing_that_is_not_positive_is_refused(spacing):
    with pytest.raises(GeometryError, match="spacing"):
        axial(spacing=spacing)


@pytest.mark.parametrize("direction", [(0, 0, 0), (np.nan, 0, 1), (1, 0)])
def test_a_direction_that_is_none_is_refused(direction):
    with pytest.raises(GeometryError, match="not a direction"):
        Grid.from_axes(
            (1, 1, 1), origin_lps=(0, 0, 0), column_direction=direction, row_direction=(0, 1, 0), spacing_mm=(1, 1, 1)
        )
