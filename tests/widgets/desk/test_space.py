"""Where an image's voxels lie on the screen: checked point by point, without a window."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.geometry import Grid, ReadingFrame, RigidTransform, Volume

pytest.importorskip("napari")

from napari_vcf.widgets.desk.placed_image import LazyReslice, place_image
from napari_vcf.widgets.desk.space import axis_order, letters, native_view, position_text, sagittal_view, turned_grid

AXES = list(itertools.permutations(range(3)))


def stored(axes: tuple[int, int, int], signs: tuple[int, int, int]) -> Grid:
    """A grid whose array axes run along the patient's in any order and direction."""
    directions = np.eye(3)[list(axes)] * np.array(signs)[:, None]
    return Grid.from_axes(
        (5, 6, 7),
        origin_lps=(11.0, -7.0, 3.0),
        slice_direction=directions[0],
        row_direction=directions[1],
        column_direction=directions[2],
        spacing_mm=(4.0, 2.0, 1.5),
    )


@given(st.sampled_from(AXES), st.tuples(*[st.sampled_from((-1, 1))] * 3))
def test_a_turned_array_keeps_every_voxel_where_it_is_in_the_patient(axes, signs):
    grid = stored(axes, signs)
    data = np.arange(np.prod(grid.shape), dtype=np.float32).reshape(grid.shape)
    for view in (native_view("mr", "x", grid), sagittal_view("mr", grid)):
        order = axis_order(grid, view.frame)
        turned, own = order.turn(data), turned_grid(grid, order)
        assert np.shares_memory(turned, data)
        index = np.indices(turned.shape).reshape(3, -1).T
        lps = own.to_lps(index[:, ::-1])
        columns, rows, slices = np.rint(grid.to_index(lps)).astype(int).T
        np.testing.assert_array_equal(data[slices, rows, columns], turned.ravel())
        scale, translate = view.frame.placement(own)
        np.testing.assert_allclose(view.frame.to_lps(translate + scale * index), lps, atol=1e-9)


@given(st.sampled_from(AXES), st.tuples(*[st.sampled_from((-1, 1))] * 3))
def test_the_screen_is_turned_as_radiologists_look_whatever_way_the_file_was_stored(axes, signs):
    grid = stored(axes, signs)
    frame = native_view("mr", "x", grid).frame
    right, down = letters(frame.axes[2]), letters(frame.axes[1])
    assert (right, down) == {"sagittal": ("P", "I"), "coronal": ("L", "I"), "axial": ("L", "P")}[grid.plane]
    sagittal = sagittal_view("mr", grid).frame
    assert (letters(sagittal.axes[2]), letters(sagittal.axes[1])) == ("P", "I")


def test_an_oblique_image_is_resliced_and_a_parallel_one_is_not():
    grid = stored((0, 2, 1), (1, -1, 1))
    view = sagittal_view("mr", grid)
    volume = Volume(grid, np.random.default_rng(1).normal(size=grid.shape).astype(np.float32), "signal")
    assert not place_image(volume, view, None, 0.0).resliced
    turn = RigidTransform.from_rotation_vector((0, 12, 0), (0, 0, 0))
    assert axis_order(grid, ReadingFrame(turn.apply(np.eye(3)))) is None
    assert place_image(volume, view, turn, 0.0).resliced


def test_a_resliced_image_shows_the_values_that_lie_there():
    grid = Grid.from_axes(
        (20, 40, 40),
        origin_lps=(-20, -20, -40),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(4, 1, 1),
    )
    columns, rows, slices = np.meshgrid(*(np.arange(n) for n in (40, 40, 20)), indexing="ij")
    lps = grid.to_lps(np.stack([columns, rows, slices], -1)).transpose(2, 1, 0, 3)
    volume = Volume(grid, (lps @ [1.0, 2.0, 3.0]).astype(np.float32), "signal")
    turn = RigidTransform.from_rotation_vector((5, 0, 8), (3, -2, 1))
    view = sagittal_view("mr", grid)
    placed = place_image(volume, view, turn, -999.0)
    index = tuple(n // 2 for n in placed.data.shape)
    point = turn.inverse().apply(view.frame.to_lps(placed.translate_mm + placed.scale_mm * index))
    assert placed.data[index[0]][index[1:]] == pytest.approx(point @ [1.0, 2.0, 3.0], abs=1e-2)


def test_only_the_slice_that_is_asked_for_is_resampled(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "napari_vcf.widgets.desk.placed_image.reslice_slice",
        lambda _volume, grid, index, _transform: calls.append(index) or np.zeros(grid.shape[1:], np.float32),
    )
    grid = stored((0, 1, 2), (1, 1, 1))
    lazy = LazyReslice(Volume(grid, np.zeros(grid.shape, np.float32), "signal"), grid, None, 0.0)
    assert (lazy.shape, lazy.ndim, lazy.size, len(lazy)) == (grid.shape, 3, 210, 5)
    assert lazy[3].shape == grid.shape[1:]
    assert lazy[3, 2:4, 0].shape == (2,)
    assert calls == [3]
    assert lazy[1:3].shape == (2, *grid.shape[1:])
    assert calls == [3, 1, 2]


def test_letters_name_two_directions_where_an_axis_lies_between_them():
    assert letters(np.array([0.0, 0.6, 0.8])) == "SP"
    assert letters(np.array([0.0, 0.1, -0.99])) == "I"
    grid = stored((0, 2, 1), (1, -1, 1))
    assert position_text(sagittal_view("mr", grid), -12.34) == "12.3 mm right"
