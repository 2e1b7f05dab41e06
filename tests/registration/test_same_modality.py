"""One MR frame joined to another, by a fit from the same place marked on both."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.registration import register_frames, reslice

SAGITTAL = {"column_direction": (0, 1, 0), "row_direction": (0, 0, -1), "slice_direction": (1, 0, 0)}
CENTER = np.array((0.0, 0.0, 0.0))


def tissue() -> Volume:
    """Smooth blobs of the size of vertebrae and discs, in fine voxels."""
    grid = Grid.from_axes((60, 120, 120), origin_lps=(-45, -90, 90), spacing_mm=(1.5, 1.5, 1.5), **SAGITTAL)
    noise = np.random.default_rng(3).normal(size=grid.shape)
    data = gaussian_filter(noise, 5)
    return Volume(grid, (300 + 200 * data / data.std()).astype(np.float32), "signal")


def sagittal(pixel_mm: float, spacing_mm: float = 4.0) -> Grid:
    rows = round(150 / pixel_mm)
    return Grid.from_axes(
        (15, rows, rows),
        origin_lps=(-7 * spacing_mm, -75, 75),
        spacing_mm=(spacing_mm, pixel_mm, pixel_mm),
        **SAGITTAL,
    )


@pytest.mark.parametrize("shift", [(0.0, 0.0, -28.0), (3.0, 5.0, 12.0)])
def test_a_patient_who_moved_is_found_again_within_a_voxel(shift: tuple[float, float, float]) -> None:
    truth = RigidTransform.from_rotation_vector((2.0, 0.0, 3.0), shift)
    source = tissue()
    fixed = reslice(source, sagittal(1.2))
    # The later image shows the same tissue under other coordinates, with another contrast and in coarser pixels.
    later = reslice(source, _moved(sagittal(2.0), truth.inverse()), transform=truth.inverse())
    moving = Volume(later.grid, (900.0 - 0.8 * later.data).astype(np.float32), "signal")
    clicked = np.add(truth.inverse().apply(CENTER), (1.0, 2.0, -2.0))
    result = register_frames(moving, fixed, moving_point_lps=clicked, fixed_point_lps=CENTER)
    assert result.status == "ok", result.reason
    corners = np.array([(x, y, z) for x in (-15, 15) for y in (-15, 15) for z in (-30, 30)], dtype=float)
    error = np.linalg.norm(result.ct_to_mr.apply(truth.inverse().apply(corners)) - corners, axis=1)
    assert error.max() < 2.0


def _moved(grid: Grid, motion: RigidTransform) -> Grid:
    """A grid carried to where the patient lies in the other frame, its axes left parallel."""
    affine = grid.affine_lps.copy()
    affine[:3, 3] += motion.apply(CENTER) - CENTER
    return Grid(grid.shape, affine)


def test_points_outside_the_images_are_refused_with_a_way_out() -> None:
    volume = reslice(tissue(), sagittal(2.0))
    result = register_frames(volume, volume, moving_point_lps=(0, 0, 500), fixed_point_lps=CENTER)
    assert (result.status, result.ct_to_mr) == ("refused", None)
    assert "mark the same place" in result.reason
