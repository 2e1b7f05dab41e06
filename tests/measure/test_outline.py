"""Outlines on slices, and what is filled between them."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from napari_vcf.geometry import Grid
from napari_vcf.measure import MeasureError, beyond_outlines, fill_outline, interpolate_slices
from support import realdata


def _grid(spacing: tuple[float, float, float] = (4.8, 0.5, 0.8)) -> Grid:
    return Grid.from_axes(
        (9, 80, 60),
        origin_lps=(-20.0, -30.0, 40.0),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        spacing_mm=spacing,
    )


def _disc(grid: Grid, index: int, radius_mm: float) -> np.ndarray:
    center = grid.to_lps((30, 40, index))
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return center + radius_mm * np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=1)


def test_outline_has_the_area_of_its_polygon():
    grid = _grid()
    mask = fill_outline(grid, 4, _disc(grid, 4, 10.0))
    assert mask.shape == grid.shape[1:]
    assert mask.sum() * grid.pixel_area_mm2 == pytest.approx(np.pi * 100, rel=0.01)


def test_outline_of_whole_pixels_is_those_pixels():
    grid = _grid()
    corners = [grid.to_lps((c, r, 2)) for c, r in ((9.5, 19.5), (14.5, 19.5), (14.5, 29.5), (9.5, 29.5))]
    expected = np.zeros(grid.shape[1:], dtype=bool)
    expected[20:30, 10:15] = True
    assert np.array_equal(fill_outline(grid, 2, corners), expected)
    assert np.array_equal(fill_outline(grid, 2, corners[::-1]), expected)


def test_outline_over_the_edge_of_the_image_is_cut_there():
    grid = _grid()
    corners = [grid.to_lps((c, r, 0)) for c, r in ((-20, -20), (4.5, -20), (4.5, 3.5), (-20, 3.5))]
    mask = fill_outline(grid, 0, corners)
    assert mask.sum() == 5 * 4
    assert mask[:4, :5].all()


@pytest.mark.parametrize(("index", "points"), [(0, 2), (9, 4), (-1, 4)])
def test_outline_that_cannot_be_is_refused(index, points):
    grid = _grid()
    with pytest.raises(MeasureError):
        fill_outline(grid, index, _disc(grid, 0, 5.0)[:points])


def test_slices_between_two_discs_are_discs_of_radii_between():
    grid = _grid()
    mask = np.zeros(grid.shape, dtype=bool)
    mask[2] = fill_outline(grid, 2, _disc(grid, 2, 12.0))
    mask[6] = fill_outline(grid, 6, _disc(grid, 6, 6.0))
    filled = interpolate_slices(mask, [2, 6], pixel_mm=grid.spacing_mm[1:])
    for index, radius in ((3, 10.5), (4, 9.0), (5, 7.5)):
        wanted = fill_outline(grid, index, _disc(grid, index, radius))
        # The distance of a pixel counts from the nearest centre outside, so a seam of half a pixel may differ.
        assert (filled[index] ^ wanted).sum() <= 0.08 * wanted.sum()
    assert np.array_equal(filled[[2, 6]], mask[[2, 6]])
    assert not filled[[0, 1, 7, 8]].any()


def test_outlined_slices_stay_and_stale_ones_are_replaced():
    grid = _grid()
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1] = mask[5] = fill_outline(grid, 1, _disc(grid, 1, 8.0))
    mask[3, :10] = True
    filled = interpolate_slices(mask, [1, 5])
    assert np.array_equal(filled[3], mask[1])
    kept = interpolate_slices(mask, [1, 3, 5])
    assert np.array_equal(kept[3], mask[3])
    assert mask[3, :10].all()


def test_one_outline_cannot_be_filled_from():
    mask = np.zeros((5, 10, 10), dtype=bool)
    mask[2, 3:6, 3:6] = True
    with pytest.raises(MeasureError, match="two slices"):
        interpolate_slices(mask, [1, 2])


def _errors(body: np.ndarray, step: int, pixel_mm: tuple[float, float]) -> list[float]:
    """Share by which the volume is off where every so many slices and the outermost two are outlined."""
    first, last = np.flatnonzero(body.any(axis=(1, 2)))[[0, -1]].tolist()
    found = []
    for phase in range(step):
        outlined = sorted({first, *range(first + phase, last + 1, step), last})
        drawn = np.zeros_like(body)
        drawn[outlined] = body[outlined]
        found.append(interpolate_slices(drawn, outlined, pixel_mm=pixel_mm).sum() / body.sum() - 1)
    return found


def _made_body(rng: np.random.Generator) -> np.ndarray:
    """A waisted, leaning body with a box-like outline from above, cut into slices of 4.5 mm."""
    half = rng.uniform((18, 13, 9), (26, 19, 14))
    roundness, lean, waist = rng.uniform(2.0, 3.0), rng.uniform(-0.25, 0.25), rng.uniform(0.0, 0.15)
    x, z, y = np.meshgrid(
        np.arange(-9, 10) * 4.5 + rng.uniform(0, 4.5),
        np.arange(-40, 41) * 0.8,
        np.arange(-50, 51) * 0.8,
        indexing="ij",
    )
    y = y - lean * x
    side = 1 - waist * (1 - (z / half[2]) ** 2)
    return (np.abs(x / half[0]) ** roundness + np.abs(y / half[1]) ** roundness <= side) & (np.abs(z) <= half[2])


def test_filling_every_second_slice_keeps_the_volume_of_made_bodies():
    rng = np.random.default_rng(20)
    errors = np.abs([error for _ in range(30) for error in _errors(_made_body(rng), 2, (0.8, 0.8))])
    assert np.median(errors) < 0.02
    assert errors.max() < 0.05


def test_filling_every_second_slice_keeps_the_volume_of_real_bodies():
    folder = realdata.data_path("spine_nifti/tptbox_ct_mr")
    names = {
        "sub-ct_seg-vert_label-22_msk.nii.gz": "sub-ct_seg-subreg_label-22_msk.nii.gz",
        "sub-mri_seg-vert_label-6_msk.nii.gz": "sub-mri_seg-subreg_label-6_msk.nii.gz",
    }
    errors = []
    for vertebrae, parts in names.items():
        label, part = (_labels(folder / name) for name in (vertebrae, parts))
        for level in [int(n) for n in np.unique(label) if 0 < n < 100]:
            body = (label == level) & ((part == 49) | (part == 50))
            for phase in range(3):
                errors += _errors(body[phase::3], 2, (1.5, 1.5))
    assert len(errors) == 36
    assert np.median(np.abs(errors)) < 0.02
    assert np.max(np.abs(errors)) < 0.05


def _labels(path) -> np.ndarray:
    """A mask's labels, the slices from side to side."""
    image = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(path)), "LPS")
    return SimpleITK.GetArrayFromImage(image).transpose(2, 0, 1)


def test_equal_outlines_are_filled_with_the_same():
    grid = _grid()
    mask = np.zeros(grid.shape, dtype=bool)
    mask[[1, 3, 5, 7]] = fill_outline(grid, 1, _disc(grid, 1, 8.0))
    filled = interpolate_slices(mask, [1, 3, 5, 7], pixel_mm=grid.spacing_mm[1:])
    assert all(np.array_equal(filled[index], mask[1]) for index in range(1, 8))


def test_beyond_the_outermost_outlines_nothing_is_filled_but_a_look_is_asked_for():
    mask = np.zeros((9, 10, 10), dtype=bool)
    mask[[0, 2, 4], 3:6, 3:6] = True
    assert not interpolate_slices(mask, [0, 2, 4])[5:].any()
    assert beyond_outlines(mask, [0, 2, 4, 7]) == (5,)
    assert beyond_outlines(mask, [2, 4]) == (1, 5)
    assert beyond_outlines(mask, []) == ()
