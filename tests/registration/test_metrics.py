from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.registration.fast_metric import FastMetric
from napari_vcf.registration.frame import WorkingFrame, anatomical_axes
from napari_vcf.registration.information import MutualInformation
from napari_vcf.registration.interpolation import Cube
from napari_vcf.registration.joint_metric import JointMetric, Part, is_fat_suppressed
from napari_vcf.registration.pairs import fit_points
from napari_vcf.registration.samples import Contrast
from napari_vcf.registration.search import Objective
from napari_vcf.registration.spine_bend import bend, place, straight_at, unplace

POSES = st.lists(st.floats(-4, 4), min_size=9, max_size=9).map(np.array)


def smooth_cube() -> Cube:
    x, y, z = np.meshgrid(*[np.linspace(-40, 40, 41)] * 3, indexing="ij")
    data = 200 * np.sin(x / 9) * np.cos(y / 11) + 150 * np.sin(z / 8 + x / 20) + 200
    return Cube(data.astype(np.float32), np.full(3, -40.0), np.full(3, 2.0))


def objective(seed: int, contrasts: int = 2) -> Objective:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-25, 25, (3, 4000))
    cube = smooth_cube()
    values = cube.at(points)
    classes = [
        np.clip((values + rng.normal(0, 60, values.size) + 200) / 60, 0, 11).astype(int) for _ in range(contrasts)
    ]
    information = MutualInformation(np.array(classes), 12, 16)
    return Objective(points, information, cube, np.zeros(3))


def slopes(function, at, step=1e-4):
    return np.array([(function(at + step * e) - function(at - step * e)) / (2 * step) for e in np.eye(at.size)])


def test_the_shares_of_the_samples_have_the_information_as_their_mean():
    rng = np.random.default_rng(4)
    classes = rng.integers(0, 12, (2, 3000))
    values = (classes[0] * 40.0 - 100.0 + rng.normal(0.0, 60.0, 3000)).astype(np.float32)
    information = MutualInformation(classes, 12, 24)
    shares = information.shares(values)
    assert shares.shape == (3000,)
    assert shares.mean() == pytest.approx(information.value(values), abs=1e-9)


@pytest.mark.parametrize("size", [6, 9])
def test_the_gradient_is_the_slope_of_the_value(size):
    measure = objective(0)
    pose = np.array([0.7, -1.1, 0.4, 1.5, -0.8, 0.6, 0.9, -0.5, 0.3])[:size]
    value, gradient = measure.negative_with_gradient(pose)
    assert value == pytest.approx(-measure.value(pose))
    # A piecewise linear interpolant has kinks, so a difference quotient agrees to a few per cent.
    expected = slopes(lambda p: -measure.value(p), pose, 1e-3)
    np.testing.assert_allclose(gradient, expected, atol=0.04 * np.abs(expected).max())


def test_the_gradient_of_a_displaced_contrast_is_the_slope_of_the_value():
    shift = JointMetric([Part(objective(1, 1), 0.5), Part(objective(2, 1), 0.8, displaced=True)], np.eye(3)[:, 1:])
    at = np.array([0.7, -1.1, 0.4, 1.5, -0.8, 0.6, 0.5, -0.4])
    expected = slopes(lambda p: shift.negative_with_gradient(p)[0], at, 1e-3)
    np.testing.assert_allclose(shift.negative_with_gradient(at)[1], expected, atol=0.04 * np.abs(expected).max())


def test_information_at_bin_centres_is_that_of_the_joint_histogram():
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 5, 3000)
    bins = np.clip(classes + rng.integers(0, 4, 3000), 0, 7)
    measure = MutualInformation(classes[None], 5, 8, (0.0, 7.0))
    assert measure.value(bins.astype(np.float32)) == pytest.approx(mutual_info_score(classes, bins), abs=1e-5)


def test_interpolation_is_exact_on_a_trilinear_function_and_so_is_its_gradient():
    x, y, z = np.meshgrid(np.arange(6) * 2.0, np.arange(5) * 1.0, np.arange(4) * 3.0, indexing="ij")
    cube = Cube((3 * x - y * z + 0.5 * x * y).astype(np.float32), np.zeros(3), np.array([2.0, 1.0, 3.0]))
    points = np.random.default_rng(4).uniform(0.1, 0.9, (3, 50)) * np.array([[10.0], [4.0], [9.0]])
    px, py, pz = points
    values, gradient = cube.with_gradient(points)
    np.testing.assert_allclose(values, 3 * px - py * pz + 0.5 * px * py, atol=1e-3)
    np.testing.assert_allclose(values, cube.at(points), atol=1e-4)
    np.testing.assert_allclose(gradient, [3 + 0.5 * py, 0.5 * px - pz, -py], atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(pose=POSES)
def test_unplacing_undoes_placing(pose):
    points = np.random.default_rng(5).uniform(-30, 30, (3, 20))
    np.testing.assert_allclose(unplace(pose, place(pose, points)[0]), points, atol=0.01)


@settings(max_examples=30, deadline=None)
@given(pose=POSES)
def test_a_bent_pose_is_rigid_at_the_clicked_point(pose):
    straight = straight_at(pose, np.zeros(3))
    np.testing.assert_allclose(straight[:3], pose[:3], atol=1e-9)
    np.testing.assert_allclose(straight[3:], pose[3:6], atol=0.05)


def test_a_bend_turns_evenly_along_the_spine():
    # One parameter of 2.5 is 2.5 mrad for each mm: 40 mm up, the across direction has turned by a tenth of a radian.
    up = np.array([[0.0, 0.0], [0.0, 1.0], [40.0, 40.0]])
    moved = bend(up, np.array([2.5, 0.0, 0.0]))
    assert np.diff(moved, axis=1)[2, 0] == pytest.approx(0.1)
    assert moved[1, 0] == pytest.approx(-0.0025 * 40**2 / 2)


@settings(max_examples=30, deadline=None)
@given(pose=st.lists(st.floats(-20, 20), min_size=6, max_size=6).map(np.array))
def test_a_pose_and_its_transform_tell_the_same(pose):
    axes = RigidTransform.from_rotation_vector((5, -8, 3), (0, 0, 0)).matrix[:3, :3]
    frame = WorkingFrame(axes, np.array([10.0, -20.0, 30.0]), np.array([-5.0, 8.0, 900.0]))
    transform = frame.ct_to_mr(pose)
    np.testing.assert_allclose(frame.pose_of(transform), pose, atol=1e-6)
    point = np.array([[3.0], [-4.0], [12.0]])
    in_ct = frame.ct_to_lps(place(pose, frame.mr_to_working(point))[0])
    np.testing.assert_allclose(transform.apply(in_ct.T), point.T, atol=1e-9)


def test_axes_are_left_posterior_superior_whatever_the_stack():
    sagittal = Grid.from_axes(
        (5, 6, 7), origin_lps=(0, 0, 0), column_direction=(0, 1, 0.1), row_direction=(0, 0.1, -1), spacing_mm=(4, 1, 1)
    )
    axes = anatomical_axes(sagittal)
    assert (np.diag(axes) > 0.99).all()
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)


def test_pairs_are_fitted_by_least_squares_and_a_line_is_no_start():
    frame = WorkingFrame(np.eye(3), np.zeros(3), np.array([100.0, 0.0, 0.0]))
    truth = RigidTransform.from_rotation_vector((6, 2, -9), (-95.0, 3.0, 2.0))
    mr = np.array([(0.0, 0.0, 0.0), (20.0, 0.0, 5.0), (-3.0, 18.0, 2.0), (4.0, 5.0, 20.0)])
    ct = truth.inverse().apply(mr)
    frame = WorkingFrame(np.eye(3), mr[0], ct[0])
    pose, residual = fit_points(frame, list(zip(ct[1:], mr[1:], strict=True)))
    assert residual == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(frame.ct_to_mr(pose).matrix, truth.matrix, atol=1e-9)
    line = [(ct[0] + k, mr[0] + k) for k in (5.0, 10.0)]
    assert fit_points(frame, line)[1] is None


def test_fat_suppression_is_told_by_the_name():
    assert is_fat_suppressed("T2FS")
    assert is_fat_suppressed("STIR")
    assert not is_fat_suppressed("T1")
    assert not is_fat_suppressed("T2")


def test_the_quick_measure_is_highest_in_place_and_zero_where_the_mr_ends():
    frame = WorkingFrame(np.eye(3), np.zeros(3), np.zeros(3))
    grid = Grid.from_axes(
        (41, 41, 41),
        origin_lps=(-40, -40, -40),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(2, 2, 2),
    )
    # An image's array runs (slices, rows, columns), a cube's along the axes.
    contrast = Contrast("T1", Volume(grid, smooth_cube().data.transpose(2, 1, 0).copy(), "signal"))
    points = np.random.default_rng(6).uniform(-20, 20, (3, 3000))
    fast_metric = FastMetric([contrast], frame, points, points, smooth_cube().at(points))
    in_place = fast_metric.value(np.zeros(6), 0.6)
    for shift in np.eye(6)[:3] * 4.0:
        assert fast_metric.value(shift, 0.6) < 0.8 * in_place
    assert fast_metric.value(np.array([0.0, 0.0, 70.0, 0.0, 0.0, 0.0]), 0.6) == 0.0
