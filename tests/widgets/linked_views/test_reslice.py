"""Planes through a volume: the right voxels at the right millimetres, and no copy where the voxels lie along them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.geometry import Grid, ReadingFrame, RigidTransform, Volume
from napari_vcf.widgets.linked_views.reslice import cross_frame, cut_volume, to_gray


def ramp(grid: Grid) -> Volume:
    """Values that tell the place: x + 1000 y + 1000000 z of each voxel's centre, LPS mm."""
    slices, rows, columns = np.indices(grid.shape)
    points = grid.to_lps(np.stack([columns, rows, slices], axis=-1))
    return Volume(grid, points @ np.array([1.0, 1e3, 1e6]), "signal")


SAGITTAL = Grid.from_axes(
    (9, 60, 50),
    origin_lps=(20.0, -30.0, 40.0),
    column_direction=(0, 1, 0),
    row_direction=(0, 0, -1),
    slice_direction=(-1, 0, 0),
    spacing_mm=(4.5, 0.75, 1.25),
)


@pytest.mark.parametrize(
    ("axis", "down", "right"),
    [(0, (0, 0, -1), (0, 1, 0)), (1, (0, 1, 0), (1, 0, 0)), (2, (0, 0, -1), (1, 0, 0))],
)
def test_each_plane_is_turned_as_radiologists_look_at_it(axis, down, right):
    frame = cross_frame(ReadingFrame.sagittal(), axis)
    np.testing.assert_allclose(frame.axes[1:], [down, right])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_cut_along_the_voxels_shows_them_where_they_are_and_copies_nothing(axis):
    volume = ramp(SAGITTAL)
    frame = cross_frame(ReadingFrame.sagittal(), axis)
    center = SAGITTAL.to_lps((20, 30, 4))
    cut = cut_volume(volume, frame, center, (40, 30), 0.5)
    assert cut.native
    assert np.shares_memory(cut.pixels, volume.data)
    for row, column in ((0, 0), (cut.pixels.shape[0] - 1, 2)):
        place = frame.to_lps(
            [
                frame.to_world(center)[0],
                cut.top_mm + (row + 0.5) * cut.row_mm,
                cut.left_mm + (column + 0.5) * cut.column_mm,
            ]
        )
        assert cut.pixels[row, column] == pytest.approx(place @ np.array([1.0, 1e3, 1e6]), rel=1e-9)
    reach = np.array(cut.pixels.shape) * (cut.row_mm, cut.column_mm)
    # As much as the pane shows, and at most two voxels more.
    assert (reach <= np.array([40, 30]) * 0.5 + 3 * np.array([cut.row_mm, cut.column_mm])).all()


def test_an_oblique_cut_is_as_large_as_the_pane_and_lies_at_the_right_place():
    grid = SAGITTAL
    smooth = Volume(grid, ramp(grid).data / 1e3, "signal")
    motion = RigidTransform.from_rotation_vector((4, 3, -5), (2, 1, -3), center_lps=grid.center_lps)
    frame = ReadingFrame.sagittal()
    center = motion.apply(grid.center_lps)
    cut = cut_volume(smooth, frame, center, (20, 16), 0.6, motion)
    assert not cut.native
    assert cut.pixels.shape == (20, 16)
    place = frame.to_lps([frame.to_world(center)[0], cut.top_mm + 5.5 * 0.6, cut.left_mm + 9.5 * 0.6])
    expected = motion.inverse().apply(place) @ np.array([1e-3, 1.0, 1e3])
    assert cut.pixels[5, 9] == pytest.approx(expected, rel=1e-4)


def test_beside_the_volume_there_is_nothing():
    far = SAGITTAL.center_lps + np.array([200.0, 0, 0])
    assert cut_volume(ramp(SAGITTAL), ReadingFrame.sagittal(), far, (20, 20), 0.5) is None


def test_a_window_becomes_grey_levels():
    values = np.array([[-5.0, 0.0, 50.0, 100.0, 900.0, np.nan, np.inf, -np.inf]])
    assert to_gray(values, (0.0, 100.0)).tolist() == [[0, 0, 127, 255, 255, 0, 255, 0]]
    assert to_gray(np.array([[-5, 0, 50, 900]], dtype=np.int16), (0.0, 100.0)).tolist() == [[0, 0, 127, 255]]
    assert to_gray(values.T[::-1].astype(np.float32), (0.0, 100.0)).flags.c_contiguous
