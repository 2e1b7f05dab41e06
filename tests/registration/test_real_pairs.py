from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.dicom import load_volume, scan_folder
from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.registration import register_vertebra
from support import realdata


def volume(name: str) -> Volume:
    (series,) = scan_folder(realdata.data_path(name)).series
    return load_volume(series)


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["ctmr_pair_STS_002", "ctmr_pair_STS_003"])
def test_a_pair_without_a_vertebra_is_never_ok_beyond_two_millimetres(pair):
    """Buttock and thigh, lain on differently: what no rigid motion joins must not be called joined."""
    ct, t1 = volume(f"{pair}/CT"), volume(f"{pair}/MR_T1")
    center = t1.grid.center_lps
    around = center + np.array([(x, y, z) for x in (-20, 20) for y in (-20, 20) for z in (-20, 20)])
    rng = np.random.default_rng(11)
    for _ in range(3):
        off, axis = rng.normal(size=(2, 3))
        off *= rng.uniform(5.0, 10.0) / np.linalg.norm(off)
        turn = RigidTransform.from_rotation_vector(axis / np.linalg.norm(axis) * 5.0, (0, 0, 0), center_lps=center)
        moved = Volume(Grid(ct.grid.shape, turn.matrix @ ct.grid.affine_lps), ct.data, ct.unit)
        result = register_vertebra(moved, {"T1": t1}, ct_point_lps=center + off, mr_point_lps=center)
        if result.status == "ok":
            error = np.linalg.norm((result.ct_to_mr @ turn).apply(around) - around, axis=1).mean()
            assert error <= 2.0, result.reason
        else:
            assert result.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "tumour"),
    [("ctmr_pair_STS_002", (81.2, 129.3, -551.6)), ("ctmr_pair_STS_003", (-55.8, 72.4, -768.8))],
)
def test_clicks_far_off_do_not_move_a_pair_in_one_frame_that_has_no_bone_to_fit(pair, tumour):
    """The publisher brought the MR into the CT's frame, and both declare it: what is right is no motion at all."""
    ct, t1 = volume(f"{pair}/CT"), volume(f"{pair}/MR_T1")
    around = np.array(tumour) + np.array([(x, y, z) for x in (-20, 20) for y in (-20, 20) for z in (-20, 20)])
    rng = np.random.default_rng(12)
    for _ in range(3):
        off = rng.normal(size=3)
        off *= rng.uniform(5.0, 10.0) / np.linalg.norm(off)
        result = register_vertebra(
            ct, {"T1": t1}, ct_point_lps=np.array(tumour) + off, mr_point_lps=tumour, same_frame=True
        )
        assert result.status == "doubtful"
        assert np.linalg.norm(result.ct_to_mr.apply(around) - around, axis=1).mean() <= 2.0
