"""The contour of a mask, and pulling it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import binary_fill_holes, label

from napari_vcf.geometry import Grid
from napari_vcf.measure import MeasureError, fill_outline
from napari_vcf.measure.contour import mask_contour, pull_contour


def filled(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    grid = Grid.from_axes(
        (1, *shape), origin_lps=(0, 0, 0), column_direction=(0, 1, 0), row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0), spacing_mm=(4.0, 1.0, 1.0),
    )  # fmt: skip
    return fill_outline(grid, 0, grid.to_lps(np.column_stack([points[:, 1], points[:, 0], np.zeros(len(points))])))


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)))
def test_contour_encloses_the_largest_part_of_a_mask_without_its_holes(mask: np.ndarray) -> None:
    if not mask.any():
        with pytest.raises(MeasureError, match="nothing is drawn"):
            mask_contour(mask)
        return
    parts, count = label(mask)
    sizes = [int((parts == number).sum()) for number in range(1, count + 1)]
    largest = parts == 1 + int(np.argmax(sizes))
    # What is closed in only over a corner is no hole of the contour.
    solid = binary_fill_holes(largest, structure=np.ones((3, 3)))
    again = filled(mask_contour(mask), mask.shape)
    assert (again & largest).sum() == largest.sum()
    assert not (again & ~binary_fill_holes(largest)).any()
    assert not (solid & ~again).any()


def disc() -> np.ndarray:
    rows, columns = np.mgrid[:60, :60]
    return (rows - 30) ** 2 + (columns - 30) ** 2 < 18**2


def test_a_pull_of_nothing_changes_nothing() -> None:
    pulled = pull_contour(mask_contour(disc()), (12.0, 30.0), (12.0, 30.0))
    assert np.array_equal(filled(pulled, (60, 60)), disc())


def test_a_pull_moves_what_is_near_and_nothing_beyond_its_reach() -> None:
    pulled = filled(pull_contour(mask_contour(disc()), (12.0, 30.0), (7.0, 30.0), reach_mm=12.0), (60, 60))
    assert pulled[8, 30]
    assert not disc()[8, 30]
    assert np.array_equal(pulled[31:], disc()[31:])
    assert pulled.sum() > disc().sum()


@given(st.floats(-4, 4), st.floats(-4, 4))
def test_a_pull_and_its_way_back_bring_a_smooth_contour_back(down: float, right: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = 30 + 18 * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    grab = np.array([12.0, 30.0])
    to = grab + np.array([down, right])
    there = pull_contour(circle, grab, to)
    moved = np.linalg.norm(there - grab - (down, right), axis=1).min()
    assert moved < 0.3
    assert np.linalg.norm(there - 30, axis=1).max() < 18 + 4 * 2**0.5 + 0.1


def test_two_points_are_no_contour() -> None:
    with pytest.raises(MeasureError, match="three points"):
        pull_contour([(0, 0), (1, 1)], (0, 0), (1, 0))
