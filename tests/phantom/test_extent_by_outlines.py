"""The extent as the scripted reader outlines it, on every fracture shape, without a window."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_vcf.measure import fill_outline, interpolate_slices, lesion_extent
from napari_vcf.phantom import PhantomSpec, make_case
from napari_vcf.widgets.scripted.strokes import outline_of

#: Pixels that can be clicked around.
SMALLEST = 10
CUTS = (0.25, 0.50, 0.75)


@pytest.mark.slow
@pytest.mark.parametrize("fracture", ["wedge", "biconcave", "crush"])
@pytest.mark.parametrize("seed", range(10, 20))
def test_outlines_on_every_second_slice_give_the_true_grade(seed, fracture):
    share = float(np.random.default_rng(seed).uniform(0.1, 0.95))
    case = make_case(PhantomSpec(seed=seed, fracture=fracture, lesion_share=share, contrasts=("T2",)))
    truth, grid = case.truth, case.truth.t2_grid
    slices = np.flatnonzero(truth.body_mask.sum(axis=(1, 2)) >= SMALLEST).tolist()
    outlined = sorted({*slices[::2], slices[-1]})
    body = np.zeros_like(truth.body_mask)
    for index in outlined:
        rows, columns = outline_of(truth.body_mask[index]).T
        corners = grid.to_lps(np.stack([columns, rows, np.full(rows.size, index)], axis=-1))
        body[index] = fill_outline(grid, index, corners)
    body = interpolate_slices(body, outlined, pixel_mm=grid.spacing_mm[1:])
    measured = float(body.sum() / truth.body_mask.sum()) - 1
    assert abs(measured) < 0.05
    lesion = _painted(body, truth.body_mask, truth.lesion_mask)
    counts = [mask.sum(axis=(1, 2)) for mask in (body, lesion)]
    extent = lesion_extent(*counts, voxel_mm3=grid.voxel_volume_mm3, mid_slice=slices[len(slices) // 2])
    assert extent.fraction == pytest.approx(truth.lesion_share, abs=0.02)
    # A share this near to a cut may fall on either side by the painted pixels alone.
    if min(abs(truth.lesion_share - cut) for cut in CUTS) > 0.02:
        assert str(extent.grade) == f"G{sum(truth.lesion_share > cut for cut in CUTS) + 1}"


def _painted(body: np.ndarray, true_body: np.ndarray, true_lesion: np.ndarray) -> np.ndarray:
    """The lesion painted up to the edge of the body as it was drawn, as a reader does."""
    lesion = true_lesion & body
    for index in np.flatnonzero((body & ~true_body).any(axis=(1, 2))):
        if true_body[index].any():
            nearest = ndimage.distance_transform_edt(~true_body[index], return_distances=False, return_indices=True)
            lesion[index] |= body[index] & ~true_body[index] & true_lesion[index][tuple(nearest)]
    return lesion
