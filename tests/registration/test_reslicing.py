from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.geometry import GeometryError, Grid, RigidTransform, Volume
from napari_vcf.registration import reslice, reslice_slice


def linear_volume(shape=(12, 14, 16), unit="HU") -> Volume:
    """Values are a plane in patient space, which linear interpolation must give back exactly."""
    grid = Grid.from_axes(
        shape,
        origin_lps=(-20.0, 5.0, 100.0),
        column_direction=(0.0, 1.0, 0.0),
        row_direction=(0.0, 0.0, -1.0),
        spacing_mm=(4.0, 1.5, 1.25),
    )
    slices, rows, columns = np.indices(shape)
    points = grid.to_lps(np.stack([columns, rows, slices], axis=-1))
    return Volume(grid, plane(points).astype(np.float32), unit)


def plane(points):
    return 3.0 * points[..., 0] - 2.0 * points[..., 1] + 0.5 * points[..., 2]


@settings(max_examples=20, deadline=None)
@given(
    rotation=st.tuples(*[st.floats(-20, 20)] * 3),
    shift=st.tuples(*[st.floats(-50, 50)] * 3),
)
def test_reslicing_takes_each_value_from_where_the_transform_says(rotation, shift):
    volume = linear_volume()
    transform = RigidTransform.from_rotation_vector(rotation, shift, center_lps=volume.grid.center_lps)
    center = transform.apply(volume.grid.center_lps)
    grid = Grid.from_axes(
        (3, 4, 5), origin_lps=center - 2, column_direction=(1, 0, 0), row_direction=(0, 1, 0), spacing_mm=(1, 1, 1)
    )
    got = reslice(volume, grid, transform=transform)
    slices, rows, columns = np.indices(grid.shape)
    points = grid.to_lps(np.stack([columns, rows, slices], axis=-1))
    np.testing.assert_allclose(got.data, plane(transform.inverse().apply(points)), atol=0.05)
    assert got.padding is None
    assert got.unit == "HU"


def test_a_slice_alone_equals_the_slice_of_the_whole():
    volume = linear_volume()
    target = Grid.from_axes(
        (9, 20, 22),
        origin_lps=(-25, 0, 60),
        column_direction=(1, 0.1, 0),
        row_direction=(-0.1, 1, 0),
        spacing_mm=(5, 2, 2),
    )
    whole = reslice(volume, target)
    for index in (0, 4, 8):
        np.testing.assert_array_equal(reslice_slice(volume, target, index), whole.data[index])


def test_outside_is_padding_with_the_fill_value():
    volume = linear_volume()
    far = Grid.from_axes(
        (2, 3, 4), origin_lps=(500, 0, 0), column_direction=(1, 0, 0), row_direction=(0, 1, 0), spacing_mm=(1, 1, 1)
    )
    got = reslice(volume, far)
    assert (got.data == -1024).all()
    assert got.padding is not None
    assert got.padding.all()
    signal = linear_volume(unit="signal")
    assert (reslice(signal, far).data == 0).all()
    assert (reslice(signal, far, fill=7).data == 7).all()


def test_padding_of_the_source_stays_padding():
    volume = linear_volume()
    padding = np.zeros(volume.grid.shape, bool)
    padding[:, :5] = True
    got = reslice(Volume(volume.grid, volume.data, "HU", padding), volume.grid)
    np.testing.assert_array_equal(got.padding, padding)
    assert (got.data[padding] == -1024).all()


def test_nearest_keeps_labels():
    volume = linear_volume()
    labels = (np.arange(volume.data.size).reshape(volume.grid.shape) % 5).astype(np.uint8)
    got = reslice(Volume(volume.grid, labels, "label"), volume.grid, interpolation="nearest")
    assert got.data.dtype == np.uint8
    np.testing.assert_array_equal(got.data, labels)


def test_a_sheared_grid_is_refused():
    volume = linear_volume()
    affine = volume.grid.affine_lps.copy()
    affine[:3, 2] += affine[:3, 1]
    with pytest.raises(GeometryError, match="sheared"):
        reslice(volume, Grid(volume.grid.shape, affine))
    with pytest.raises(GeometryError, match="no slice 12"):
        reslice_slice(volume, volume.grid, 12)
