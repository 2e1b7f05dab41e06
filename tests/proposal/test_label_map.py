"""Masks put on another grid by geometry, and what is refused as a body; judged by SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its users know
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.proposal import Endplates, ProposalError, check_body, holds, labels_on_grid, middle_of, part_at
from support.labelfiles import itk_image, stored

SAGITTAL = {"column_direction": (0, 1, 0), "row_direction": (0, 0, -1), "slice_direction": (1, 0, 0)}
GRID = Grid.from_axes((7, 24, 22), origin_lps=(-12.0, -10.0, 9.0), spacing_mm=(4.4, 0.9, 1.1), **SAGITTAL)


def blob(grid: Grid, seed: int = 3, level: float = 0.5) -> np.ndarray:
    """A ragged body of no symmetry."""
    slices, rows, columns = np.indices(grid.shape)
    points = grid.to_lps(np.stack([columns, rows, slices], axis=-1)) - grid.center_lps
    wave = np.sin(points @ np.random.default_rng(seed).normal(0, 0.25, (3, 4))).sum(axis=-1)
    size = np.ptp(grid.corners_lps, axis=0) / 2
    return np.asarray(((points / size) ** 2).sum(axis=-1) < level + 0.08 * wave)


def moved_grid(spacing: tuple[float, float, float], tilt_deg: tuple[float, float, float]) -> Grid:
    """A grid of other voxels, turned about the middle of `GRID`."""
    turn = RigidTransform.from_rotation_vector(tilt_deg, (0, 0, 0)).matrix[:3, :3]
    shape = tuple(int(28 / step) + 1 for step in spacing)
    made = Grid.from_axes(
        shape, origin_lps=(0, 0, 0), column_direction=turn[:, 0], row_direction=turn[:, 1],
        slice_direction=turn[:, 2], spacing_mm=spacing,
    )  # fmt: skip
    affine = made.affine_lps.copy()
    affine[:3, 3] = GRID.center_lps - made.center_lps
    return Grid(shape, affine)


@given(
    st.permutations([0, 1, 2]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 5)),
)
def test_the_same_voxels_in_any_order_and_direction_and_with_any_margin_are_the_same_mask(order, flips, margin):
    truth = blob(GRID, level=0.3)
    padded = np.pad(truth, [(n, n) for n in margin])
    affine = GRID.affine_lps.copy()
    affine[:3, 3] = GRID.to_lps((-margin[2], -margin[1], -margin[0]))
    array, turned = stored(padded, Grid(padded.shape, affine), tuple(order), flips)
    own = np.ascontiguousarray(array.transpose(2, 1, 0))
    assert np.array_equal(labels_on_grid(own, Grid(own.shape, turned), GRID), truth)


@given(
    st.tuples(*[st.floats(0.8, 4.0)] * 3),
    st.tuples(*[st.floats(-25.0, 25.0)] * 3),
    st.tuples(*[st.floats(-6.0, 6.0)] * 3),
)
def test_a_voxel_is_inside_where_half_of_its_samples_are_by_itk(spacing, tilt, shift):
    source = moved_grid(spacing, tilt)
    mask = blob(source)
    motion = RigidTransform.from_rotation_vector((2.0, -3.0, 1.0), shift, center_lps=GRID.center_lps)
    found = labels_on_grid(mask, source, GRID, motion)

    image = itk_image(mask.transpose(2, 1, 0).astype(np.float32), source.affine_lps)
    parts = [min(2 * int(np.ceil(round(step / min(source.spacing_mm), 3))) + 1, 9) for step in GRID.spacing_mm]
    fine = GRID.affine_lps.copy()
    fine[:3, :3] = fine[:3, :3] / np.array(parts[::-1])
    fine[:3, 3] = GRID.to_lps([0.5 / n - 0.5 for n in parts[::-1]])
    shape = tuple(n * k for n, k in zip(GRID.shape, parts, strict=True))
    reference = itk_image(np.zeros(shape[::-1], dtype=np.float32), fine)
    back = motion.inverse().matrix
    transform = sitk.AffineTransform(back[:3, :3].ravel().tolist(), back[:3, 3].tolist())
    sampled = sitk.GetArrayFromImage(sitk.Resample(image, reference, transform, sitk.sitkNearestNeighbor, 0.0))
    share = sampled.reshape(GRID.shape[0], parts[0], GRID.shape[1], parts[1], GRID.shape[2], parts[2]).mean(
        axis=(1, 3, 5)
    )
    # A sample on the border of two voxels may fall to either; one of them is at most so much of a voxel.
    near = np.abs(share - 0.5) <= 1.5 / np.prod(parts)
    assert np.array_equal(found[~near], share[~near] >= 0.5)


def test_a_mask_that_lies_beyond_the_grid_leaves_it_empty():
    far = Grid(GRID.shape, RigidTransform.from_rotation_vector((0, 0, 0), (500, 0, 0)).matrix @ GRID.affine_lps)
    assert not labels_on_grid(blob(GRID), far, GRID).any()
    assert not labels_on_grid(np.zeros(GRID.shape, dtype=bool), GRID, GRID).any()


def test_the_part_at_a_point_is_one_body_of_several():
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[2:5, 2:8, 4:12] = True
    mask[2:5, 12:20, 4:12] = True
    part = part_at(mask, GRID, GRID.to_lps((8, 15, 3)))
    assert part.sum() == 3 * 8 * 8
    assert not part[:, :9].any()
    assert not part_at(mask, GRID, GRID.to_lps((8, 10, 3))).any()
    assert not part_at(mask, GRID, GRID.to_lps((8, 15, 300))).any()


# -- what is a body ----------------------------------------------------------------------------------------------------
WIDE = Grid.from_axes((11, 100, 110), origin_lps=(-22.0, -40.0, 50.0), spacing_mm=(4.4, 1.0, 1.0), **SAGITTAL)
ENDS = Endplates(
    top_lps=[(0.0, y, 11.0) for y in (-13.0, 0.0, 13.0)], bottom_lps=[(0.0, y, -11.0) for y in (-13.0, 0.0, 13.0)]
)


def box(*spans: tuple[float, float]) -> np.ndarray:
    slices, rows, columns = np.indices(WIDE.shape)
    points = WIDE.to_lps(np.stack([columns, rows, slices], axis=-1))
    return np.asarray(
        np.logical_and.reduce([(points[..., i] > a) & (points[..., i] < b) for i, (a, b) in enumerate(spans)])
    )


BODY = box((-18, 18), (-16, 16), (-13, 13))


def test_the_body_of_the_heights_is_taken():
    check_body(BODY, WIDE, ENDS)
    assert np.allclose(middle_of(ENDS), 0)
    assert holds(BODY, WIDE, middle_of(ENDS))


def test_upper_and_lower_ends_may_be_called_the_other_way_round():
    check_body(BODY, WIDE, Endplates(ENDS.bottom_lps, ENDS.top_lps))


@pytest.mark.parametrize("shift", [(0, 0, 35), (0, 0, -35), (0, 40, 0)])
def test_a_label_that_does_not_contain_the_middle_of_the_heights_is_refused(shift):
    spans = [(a + d, b + d) for (a, b), d in zip(((-18, 18), (-16, 16), (-13, 13)), shift, strict=True)]
    with pytest.raises(ProposalError, match="does not contain the middle of the heights"):
        check_body(box(*spans), WIDE, ENDS)


def test_a_label_that_lies_nowhere_on_the_image_is_refused():
    with pytest.raises(ProposalError, match="nowhere on this image"):
        check_body(np.zeros(WIDE.shape, dtype=bool), WIDE, ENDS)


def test_a_vertebra_with_its_arch_and_processes_is_refused():
    arch = box((-18, 18), (16, 26), (-4, 8)) & ~box((-9, 9), (16, 26), (-20, 20))
    process = box((-3, 3), (26, 50), (-8, 4))
    with pytest.raises(ProposalError, match="whole vertebra"):
        check_body(BODY | arch | process | box((-16, 16), (24, 32), (-8, 8)), WIDE, ENDS)


def test_two_bodies_in_one_label_are_refused():
    with pytest.raises(ProposalError, match="more than this body"):
        check_body(BODY | box((-18, 18), (-16, 16), (16, 40)), WIDE, ENDS)


def test_heights_that_lie_in_one_place_are_refused():
    with pytest.raises(ProposalError, match="lie in one place"):
        check_body(BODY, WIDE, Endplates([(0.0, 0.0, 11.0)] * 3, [(0.0, 0.0, -11.0)] * 3))
