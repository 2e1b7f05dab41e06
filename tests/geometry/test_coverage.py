"""Each pixel counts with the exact area of its overlap with the region; shapely's polygon clipping is the judge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import Polygon, box

from napari_vcf.geometry import GeometryError, Grid, Rectangle, coverage_on_slice, polygon_coverage
from support.strategies import STRAIGHT, grids, rectangles_on, rigid_transforms

placed = grids().flatmap(lambda grid: st.tuples(st.just(grid), rectangles_on(grid)))


def sagittal(shape=(5, 30, 20), spacing=(4.8, 1.0, 1.0)) -> Grid:
    column, row = STRAIGHT["sagittal"]
    return Grid.from_axes(
        shape, origin_lps=(-10, -20, 30), column_direction=column, row_direction=row, spacing_mm=spacing
    )


def rectangle_at(grid: Grid, index, angle_deg: float = 0.0) -> Rectangle:
    """7 mm along the rows' direction, 5 mm along the columns', before it is turned."""
    rectangle = Rectangle(grid.to_lps(index), grid.directions[:, 1], grid.directions[:, 0], 7.0, 5.0)
    return rectangle.rotated(angle_deg)


def clipped_mm2(grid: Grid, rectangle: Rectangle, coverage) -> np.ndarray:
    """The same areas by clipping the rectangle with each pixel, in millimetres of the slice's plane."""
    origin = grid.to_lps((0, 0, coverage.slice_index))
    across = grid.directions[:, 0]
    down = np.cross(grid.normal, across)
    region = Polygon(np.stack([(rectangle.corners_lps - origin) @ axis for axis in (across, down)], axis=-1))
    area = np.zeros_like(coverage.area_mm2)
    for (r, c), _ in np.ndenumerate(area):
        column, row = coverage.first_column + c, coverage.first_row + r
        corners = grid.to_lps(
            [
                (column + x, row + y, coverage.slice_index)
                for x, y in [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
            ]
        )
        pixel = Polygon(np.stack([(corners - origin) @ axis for axis in (across, down)], axis=-1))
        area[r, c] = region.intersection(pixel).area
    return area


@given(placed)
def test_the_areas_add_up_to_the_rectangle(example):
    grid, (rectangle, index) = example
    coverage = coverage_on_slice(grid, rectangle)
    assert coverage.slice_index == index
    assert coverage.area_mm2.sum() == pytest.approx(35.0, abs=1e-9)
    assert (coverage.area_mm2 >= 0).all()
    assert (coverage.area_mm2 <= grid.pixel_area_mm2).all()


@given(placed)
def test_every_pixel_agrees_with_polygon_clipping(example):
    grid, (rectangle, _) = example
    coverage = coverage_on_slice(grid, rectangle)
    np.testing.assert_allclose(coverage.area_mm2, clipped_mm2(grid, rectangle, coverage), atol=1e-9)


@given(grids(sheared=True).flatmap(lambda grid: st.tuples(st.just(grid), rectangles_on(grid))), st.floats(-0.4, 0.4))
def test_between_slices_the_rectangle_is_measured_on_the_nearer_one_along_the_normal(example, offset):
    grid, (rectangle, index) = example
    plane = Rectangle(
        grid.to_lps((0, 0, index)), grid.directions[:, 0], np.cross(grid.normal, grid.directions[:, 0]), 7.0, 5.0
    ).moved(rectangle.center_lps - grid.to_lps((0, 0, index)))
    step = grid.normal * (offset * (grid.directions[:, 2] @ grid.normal) * grid.spacing_mm[0])
    lifted = Rectangle(plane.center_lps + step, plane.axis_long, plane.axis_short, 7.0, 5.0)
    on_slice, beside = coverage_on_slice(grid, plane), coverage_on_slice(grid, lifted)
    assert on_slice.slice_index == beside.slice_index == index
    assert beside.area_mm2.sum() == pytest.approx(35.0, abs=1e-9)
    # The same pixels, up to a border column or row that rounding fills with next to nothing.
    assert weights(beside) == pytest.approx(weights(on_slice), abs=1e-9)


def weights(coverage) -> dict[tuple[int, int], float]:
    return {
        (coverage.first_row + r, coverage.first_column + c): area
        for (r, c), area in np.ndenumerate(coverage.area_mm2)
        if area > 1e-9
    }


@given(placed, rigid_transforms())
def test_patient_and_rectangle_moved_together_give_the_same_areas(example, motion):
    grid, (rectangle, _) = example
    turn = motion.matrix[:3, :3]
    moved_grid = Grid(grid.shape, motion.matrix @ grid.affine_lps)
    moved = Rectangle(
        motion.apply(rectangle.center_lps), turn @ rectangle.axis_long, turn @ rectangle.axis_short, 7.0, 5.0
    )
    before, after = weights(coverage_on_slice(grid, rectangle)), weights(coverage_on_slice(moved_grid, moved))
    for pixel in before.keys() | after.keys():
        assert before.get(pixel, 0.0) == pytest.approx(after.get(pixel, 0.0), abs=5e-9)


@given(placed)
def test_the_other_way_round_it_is_the_same_rectangle(example):
    grid, (rectangle, _) = example
    before, after = (
        weights(coverage_on_slice(grid, rectangle)),
        weights(coverage_on_slice(grid, rectangle.rotated(180))),
    )
    for pixel in before.keys() | after.keys():
        assert before.get(pixel, 0.0) == pytest.approx(after.get(pixel, 0.0), abs=5e-9)


def test_sides_on_pixel_borders_cover_whole_pixels_only():
    grid = sagittal()
    coverage = coverage_on_slice(grid, rectangle_at(grid, (10, 12, 2)))
    whole = coverage.area_mm2 > 1e-9
    assert whole.sum() == 35
    np.testing.assert_allclose(coverage.area_mm2[whole], 1.0, atol=1e-12)
    np.testing.assert_array_equal(coverage.center_inside, whole)


@given(st.integers(4, 15), st.integers(5, 24), st.integers(0, 4), st.sampled_from([0.0, 180.0]), rigid_transforms())
def test_sides_on_pixel_borders_never_touch_the_pixels_beyond(column, row, index, angle_deg, motion):
    straight = sagittal()
    grid = Grid(straight.shape, motion.matrix @ straight.affine_lps)
    coverage = coverage_on_slice(grid, rectangle_at(grid, (column, row, index), angle_deg))
    assert (coverage.area_mm2 > 0).sum() == 35
    assert coverage.center_inside.sum() == 35


def test_half_a_pixel_aside_the_border_pixels_count_half_and_their_centres_as_inside():
    grid = sagittal()
    coverage = coverage_on_slice(grid, rectangle_at(grid, (10.5, 12, 2)))
    counted = coverage.area_mm2[coverage.area_mm2.sum(axis=1) > 1e-9]
    np.testing.assert_allclose(counted, np.tile([0.5, 1, 1, 1, 1, 0.5], (7, 1)), atol=1e-12)
    assert coverage.center_inside.sum() == 42


def test_a_quarter_turn_swaps_the_sides():
    grid = sagittal()
    coverage = coverage_on_slice(grid, rectangle_at(grid, (10, 12, 2), angle_deg=90))
    whole = coverage.area_mm2 > 1e-9
    assert (whole.any(axis=1).sum(), whole.any(axis=0).sum()) == (5, 7)


def test_over_the_edge_of_the_image_the_window_goes_on():
    grid = sagittal()
    coverage = coverage_on_slice(grid, rectangle_at(grid, (0, 12, 2)))
    assert coverage.first_column == -2
    assert coverage.area_mm2.sum() == pytest.approx(35.0, abs=1e-9)


def test_a_rectangle_inside_one_large_pixel_covers_that_pixel_alone():
    grid = sagittal(spacing=(5.0, 20.0, 20.0))
    coverage = coverage_on_slice(grid, rectangle_at(grid, (3, 4, 1), angle_deg=17))
    assert coverage.area_mm2.shape == (1, 1)
    assert (coverage.first_row, coverage.first_column) == (4, 3)
    assert coverage.area_mm2[0, 0] == pytest.approx(35.0, abs=1e-9)


def test_a_tilted_rectangle_is_refused():
    grid = sagittal()
    tilted = Rectangle(grid.to_lps((10, 12, 2)), np.array([0.1, 0, -np.sqrt(0.99)]), np.array([0.0, 1, 0]), 7.0, 5.0)
    with pytest.raises(GeometryError, match=r"tilted 5\.74 degrees"):
        coverage_on_slice(grid, tilted)


@pytest.mark.parametrize("position", [-0.7, 4.7, 100.0])
def test_a_rectangle_beside_the_slices_is_refused(position):
    grid = sagittal()
    with pytest.raises(GeometryError, match="outside the image"):
        coverage_on_slice(grid, rectangle_at(grid, (10, 12, position)))


# Rounded, because the judge errs on coordinates as small as 1e-313.
coordinates = st.one_of(st.integers(0, 12).map(lambda n: n / 2), st.floats(0, 6).map(lambda x: round(x, 12)))
triangles = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=3)


@given(triangles)
def test_any_triangle_agrees_with_polygon_clipping_in_either_direction(corners):
    region = Polygon(corners)
    expected = np.array(
        [[region.intersection(box(c - 0.5, r - 0.5, c + 0.5, r + 0.5)).area for c in range(7)] for r in range(7)]
    )
    for direction in (corners, corners[::-1]):
        np.testing.assert_allclose(polygon_coverage(direction, 0, 0, (7, 7)), expected, atol=1e-9)


def test_a_polygon_with_a_notch_is_covered_without_the_notch():
    notched = [(-0.5, -0.5), (2.5, -0.5), (2.5, 2.5), (1.0, 1.0), (-0.5, 2.5)]
    region = Polygon(notched)
    expected = [[region.intersection(box(c - 0.5, r - 0.5, c + 0.5, r + 0.5)).area for c in range(3)] for r in range(3)]
    np.testing.assert_allclose(polygon_coverage(notched, 0, 0, (3, 3)), expected, atol=1e-12)


#: The judge itself errs where a corner lies next to no distance from a line.
coordinates = st.floats(-3, 9).map(lambda value: round(value, 6))


@given(
    st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9, unique=True),
    st.integers(-2, 3),
    st.integers(-2, 3),
)
def test_any_simple_outline_agrees_with_clipping_also_where_it_leaves_the_window(corners, first_column, first_row):
    # Around their middle, so that no side crosses another.
    middle = np.mean(corners, axis=0)
    ways = np.array(corners) - middle
    outline = np.array(corners)[np.argsort(np.arctan2(ways[:, 1], ways[:, 0]))]
    region = Polygon(outline)
    assume(region.is_valid)
    for way in (outline, outline[::-1]):
        found = polygon_coverage(way, first_column, first_row, (5, 4))
        for (r, c), share in np.ndenumerate(found):
            pixel = box(first_column + c - 0.5, first_row + r - 0.5, first_column + c + 0.5, first_row + r + 0.5)
            assert share == pytest.approx(region.intersection(pixel).area, abs=1e-9)


@pytest.mark.parametrize("rise", [0.0, 5e-324, 1e-300, 1e-17, 1e-9])
def test_a_side_that_lies_almost_along_the_rows_counts_like_one_that_does(rise):
    outline = np.array([(-0.5, -0.5 - rise), (2.5, -0.5 + rise), (2.5, 1.5), (-0.5, 1.5)])
    np.testing.assert_allclose(polygon_coverage(outline, 0, 0, (2, 3)), np.ones((2, 3)), atol=1e-8)
