"""A rigid transform keeps distances and turns, chains and undoes as motions do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from napari_vcf.geometry import GeometryError, RigidTransform
from support.strategies import distances, points, rigid_transforms, rotation_vectors_deg

clouds = st.lists(points, min_size=2, max_size=6).map(np.stack)


@given(rigid_transforms(), clouds)
def test_distances_are_kept(motion, cloud):
    np.testing.assert_allclose(distances(motion.apply(cloud)), distances(cloud), atol=1e-9)


@given(rigid_transforms(), clouds)
def test_the_inverse_brings_every_point_back(motion, cloud):
    np.testing.assert_allclose(motion.inverse().apply(motion.apply(cloud)), cloud, atol=1e-9)


@given(rigid_transforms(), rigid_transforms(), clouds)
def test_a_chain_applies_the_right_one_first(second, first, cloud):
    np.testing.assert_allclose((second @ first).apply(cloud), second.apply(first.apply(cloud)), atol=1e-9)


@given(rotation_vectors_deg)
def test_the_rotation_is_that_of_an_independent_implementation(vector):
    ours = RigidTransform.from_rotation_vector(vector, (0, 0, 0)).matrix[:3, :3]
    np.testing.assert_allclose(ours, Rotation.from_rotvec(vector, degrees=True).as_matrix(), atol=1e-12)


@given(rotation_vectors_deg, points, points)
def test_the_centre_only_takes_the_shift(vector, shift, center):
    motion = RigidTransform.from_rotation_vector(vector, shift, center_lps=center)
    np.testing.assert_allclose(motion.apply(center), center + shift, atol=1e-9)
    assert motion.shift_mm(center) == pytest.approx(np.linalg.norm(shift), abs=1e-9)


@given(st.floats(0, 180), points.filter(lambda p: np.linalg.norm(p) > 1))
def test_the_angle_is_that_of_the_rotation_vector(angle_deg, axis):
    motion = RigidTransform.from_rotation_vector(axis / np.linalg.norm(axis) * angle_deg, (1, 2, 3))
    assert motion.angle_deg == pytest.approx(angle_deg, abs=1e-6)


@given(points)
def test_the_identity_leaves_every_point(point):
    identity = RigidTransform.identity()
    np.testing.assert_array_equal(identity.apply(point), point)
    assert identity.angle_deg == 0
    assert identity.shift_mm(point) == 0


def test_a_long_chain_of_small_turns_stays_rigid():
    step = RigidTransform.from_rotation_vector((0.3, 0.2, 0.1), (0.01, 0, 0))
    motion = RigidTransform.identity()
    for _ in range(2000):
        motion = step @ motion
    rotation = motion.matrix[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    "linear", [np.diag([1.0, 1.0, 1.001]), np.diag([1.0, 1.0, -1.0]), np.array([[1, 0.01, 0], [0, 1, 0], [0, 0, 1.0]])]
)
def test_what_scales_mirrors_or_shears_is_refused(linear):
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    with pytest.raises(GeometryError, match="not rigid"):
        RigidTransform(matrix)


@pytest.mark.parametrize("matrix", [np.eye(3), np.full((4, 4), np.nan), np.eye(4) * 2, np.ones((4, 4))])
def test_what_is_no_homogeneous_matrix_is_refused(matrix):
    with pytest.raises(GeometryError, match="finite 4 x 4"):
        RigidTransform(matrix)
