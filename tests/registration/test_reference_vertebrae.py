from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_vcf.phantom import make_case, random_spec
from napari_vcf.registration import register_levels


@pytest.mark.slow
def test_with_another_posture_each_neighbour_gains_by_its_own_transform():
    errors = []
    for seed in (6021, 6022):
        spec = replace(random_spec(seed), contrasts=("CT", "T1", "T2", "T2FS"), posture_deg=3.5)
        case = make_case(spec)
        truth, rng = case.truth, np.random.default_rng(seed)

        def clicked(landmarks, rng=rng):
            return np.asarray(landmarks["body_center"]) + rng.normal(0.0, 1.5, 3)

        neighbours = [level for level in (truth.level_above, truth.level_below) if level in truth.landmarks_ct]
        points = {truth.level: (clicked(truth.landmarks_ct[truth.level]), clicked(truth.landmarks_mr[truth.level]))}
        points |= {level: (None, clicked(truth.landmarks_mr[level])) for level in neighbours}
        mr = {name: case.volumes[name] for name in ("T1", "T2", "T2FS")}
        results = register_levels(case.volumes["CT"], mr, points, fractured=truth.level)
        for level in neighbours:
            of_ct, of_mr = truth.landmarks_ct[level], truth.landmarks_mr[level]
            errors.append(
                [
                    np.mean([np.linalg.norm(r.ct_to_mr.apply(of_ct[k]) - np.asarray(of_mr[k])) for k in of_ct])
                    for r in (results[level], results[truth.level])
                ]
            )
    own, reused = np.array(errors).T
    assert np.median(own) <= 1.0
    assert np.median(own) < np.median(reused)
    assert (own <= reused + 0.5).all()
