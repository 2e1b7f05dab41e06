"""The extent as the scripted reader measures it from a proposed body, on every fracture shape, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.geometry import Volume
from napari_vcf.measure import (
    POSITIONS,
    fill_outline,
    lesion_extent,
    mask_contour,
    pull_contour,
    reference_signal,
    start_factor,
    voxels_beyond,
)
from napari_vcf.phantom import PhantomCase, PhantomSpec, make_case
from napari_vcf.proposal import Endplates, propose_body
from napari_vcf.widgets.scripted.eye import best_limit, lesion_seen, pull_of

SMALLEST, MOST_PULLS = 10, 4


@pytest.mark.slow
@pytest.mark.parametrize("fracture", ["wedge", "biconcave", "crush"])
@pytest.mark.parametrize("seed", range(20, 30))
def test_a_proposed_body_gone_through_gives_the_true_share(seed, fracture):
    case = make_case(PhantomSpec(seed=seed, fracture=fracture, contrasts=("T1", "T2", "T2FS")))
    truth = case.truth
    body = gone_through(case, np.random.default_rng(seed))
    lesion = by_threshold(case, body)
    slices = np.flatnonzero(truth.body_mask.any(axis=(1, 2)))
    counts = [mask.sum(axis=(1, 2)) for mask in (body, lesion)]
    extent = lesion_extent(*counts, voxel_mm3=truth.t2_grid.voxel_volume_mm3, mid_slice=slices[len(slices) // 2])
    # Drags leave up to a twentieth of a slice as it is; in a crushed body that is a rim all around.
    assert extent.fraction == pytest.approx(truth.lesion_share, abs=0.05)
    assert str(extent.grade) == "G3"


def gone_through(case: PhantomCase, rng: np.random.Generator) -> np.ndarray:
    """The body as proposed from heights that are off by 0.3 mm, each slice pulled where it is off."""
    truth, grid = case.truth, case.truth.t2_grid

    def heights(level: str) -> Endplates:
        marks = truth.landmarks_mr[level]
        ends = (np.array([marks[f"{p}_{end}"] for p in POSITIONS]) for end in ("superior", "inferior"))
        return Endplates(*(points + rng.normal(0, 0.3, (3, 3)) for points in ends))

    images = [Volume(case.volumes[name].grid, case.volumes[name].data, "signal") for name in ("T2FS", "T2", "T1")]
    near = [heights(level) for level in (truth.level_above, truth.level_below)]
    body = propose_body(images, heights(truth.level), neighbours=near).mask.copy()
    scale = np.array(grid.spacing_mm[1:])
    for index in range(len(body)):
        seen = truth.body_mask[index]
        if np.count_nonzero(seen) < SMALLEST or not body[index].any():
            # Rejected; or passed over by the proposal, and outlined.
            body[index] = seen & (np.count_nonzero(seen) >= SMALLEST)
            continue
        for _ in range(MOST_PULLS):
            pull = pull_of(body[index], seen, grid.spacing_mm[1:])
            if pull is None:
                break
            corners = mask_contour(body[index])
            line = (corners + np.roll(corners, -1, axis=0)) / 2
            pulled = pull_contour(line * scale, pull.grab * scale, pull.to * scale) / scale
            places = np.column_stack([pulled[:, 1], pulled[:, 0], np.full(len(pulled), index)])
            body[index] = fill_outline(grid, index, grid.to_lps(places))
    return body


def by_threshold(case: PhantomCase, body: np.ndarray) -> np.ndarray:
    """What is brighter than a multiple of the normal vertebra below, set by the eye over all slices."""
    truth = case.truth
    image = Volume(case.volumes["T2FS"].grid, case.volumes["T2FS"].data, "signal")
    center = truth.landmarks_mr[truth.level_below]["body_center"]
    signal = reference_signal(image, center)
    looked_at = np.flatnonzero(body.any(axis=(1, 2))).tolist()
    lesion = sum(int(lesion_seen(body[i], truth.body_mask[i], truth.lesion_mask[i]).sum()) for i in looked_at)
    values = np.concatenate([image.data[i][body[i]].astype(float) for i in looked_at])
    start = start_factor(signal, "normal_vertebra", "brighter")
    limits = [signal.mean * (start + 0.05 * step) for step in range(-8, 31) if start + 0.05 * step > 0]
    limit = best_limit(values, lesion, limits)
    return voxels_beyond(image, body, limit, "brighter")
