"""A volume is voxels that fit their grid."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.geometry import GeometryError, Grid, Volume

GRID = Grid((2, 3, 4), np.eye(4))


def test_voxels_that_fit_are_kept_as_they_are():
    data = np.arange(24, dtype=np.float32).reshape(GRID.shape)
    volume = Volume(GRID, data, "HU", padding=data > 20)
    assert volume.data is data
    assert volume.padding is not None
    assert volume.padding.sum() == 3


def test_voxels_in_the_order_of_the_affine_are_refused():
    with pytest.raises(GeometryError, match=r"\(4, 3, 2\) do not fit a grid of shape \(2, 3, 4\)"):
        Volume(GRID, np.zeros((4, 3, 2)), "HU")


def test_a_padding_mask_of_another_shape_is_refused():
    with pytest.raises(GeometryError, match="padding mask"):
        Volume(GRID, np.zeros((2, 3, 4)), "HU", padding=np.zeros((2, 3), dtype=bool))
