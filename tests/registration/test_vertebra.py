from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from napari_vcf.errors import CancelledError
from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.registration import register_levels, register_vertebra
from napari_vcf.registration.checks import usable_contrasts
from support import spinecase as case

MR_POINT = np.array([1.0, -1.2, 0.8])
CT_POINT = case.CT_OF_MR.apply((0.0, 0.0, 0.0)) + np.array([-1.1, 0.9, 1.4])


@cache
def images():
    return case.ct(), case.mr()


def target_error_mm(transform, level=case.FRACTURED) -> float:
    corners = np.array([(x, y, z) for x in (-18, 18) for y in (-14, 14) for z in (-10, 10)]) + case.centers()[level]
    return float(np.linalg.norm(transform.apply(case.CT_OF_MR.apply(corners)) - corners, axis=1).mean())


def register(ct_point=CT_POINT, mr_point=MR_POINT, **more):
    ct, mr = images()
    return register_vertebra(ct, mr, ct_point_lps=ct_point, mr_point_lps=mr_point, **more)


@cache
def found():
    return register()


def test_the_vertebra_is_found_from_a_rough_click():
    result = found()
    assert result.status == "ok"
    assert target_error_mm(result.ct_to_mr) < 1.0
    assert result.quality["level_margin"] > 0.04
    assert 0.1 < result.quality["expected_error_mm"] < 2.0
    assert result.shift_mm == pytest.approx(np.linalg.norm(result.ct_to_mr.apply(CT_POINT) - MR_POINT))
    assert json.loads(json.dumps(result.quality, allow_nan=False)) == result.quality


def test_the_result_is_the_same_bit_for_bit_with_more_threads():
    result = register(threads=2)
    assert np.array_equal(result.ct_to_mr.matrix, found().ct_to_mr.matrix)
    assert result.quality == found().quality


@pytest.mark.parametrize("off", [-1, 1])
def test_a_click_one_level_off_is_never_ok(off):
    wrong = case.CT_OF_MR.apply(case.centers()[case.FRACTURED + off])
    result = register(ct_point=wrong)
    assert result.status == "doubtful"
    assert result.quality["level_best"] == ("below" if off < 0 else "above")
    assert "level" in result.reason


def test_each_vertebra_gets_its_own_transform():
    ct, mr = images()
    centers = case.centers()
    points = {"L2": (CT_POINT, MR_POINT), "L1": (None, centers[2]), "L3": (case.CT_OF_MR.apply(centers[3]), centers[4])}
    results = register_levels(ct, mr, points, fractured="L2")
    assert list(results) == ["L2", "L1", "L3"]
    assert target_error_mm(results["L1"].ct_to_mr, 2) < 1.0
    assert results["L1"].status == "ok"
    # The third pair's CT point is on the wrong vertebra, which the fit shows.
    assert results["L3"].status == "doubtful"
    assert results["L3"].quality["clicks_apart_mm"] > 20


def test_progress_grows_and_cancelling_stops():
    seen = []

    def note(done, total, what):
        seen.append((done, total, what))

    with pytest.raises(CancelledError):
        register(progress=note, cancelled=lambda: len(seen) > 3)
    shares = [done / total for done, total, _ in seen]
    assert shares == sorted(shares)
    assert all(what for _, _, what in seen)


def test_a_point_outside_the_images_is_refused():
    result = register(ct_point=(900.0, 0.0, 0.0))
    assert (result.status, result.ct_to_mr) == ("refused", None)
    assert "outside the CT" in result.reason
    assert "outside the MR" in register(mr_point=(900.0, 0.0, 0.0)).reason
    assert "three finite numbers" in register(mr_point=(np.nan, 0.0, 0.0)).reason


def test_images_that_do_not_overlap_are_refused_with_the_way_out():
    ct, mr = images()
    middle = len(ct.data) // 2
    # The upper half of the CT alone, clicked just inside where it ends: hardly any of the vertebra is in it.
    upper = ct.grid.sliced((middle + 8, 0, 0), (len(ct.data) - middle - 8, *ct.grid.shape[1:]))
    point = upper.to_lps((upper.shape[2] / 2, upper.shape[1] / 2, 0.0))
    result = register_vertebra(
        Volume(upper, ct.data[middle + 8 :], "HU"), mr, ct_point_lps=point, mr_point_lps=MR_POINT
    )
    assert (result.status, result.ct_to_mr) == ("refused", None)
    assert "click" in result.reason.lower()
    far = {
        name: Volume(
            Grid(v.grid.shape, RigidTransform.from_rotation_vector((0, 0, 0), (0, 0, 900)).matrix @ v.grid.affine_lps),
            v.data,
            v.unit,
        )
        for name, v in mr.items()
    }
    elsewhere = register_vertebra(ct, far, ct_point_lps=CT_POINT, mr_point_lps=MR_POINT)
    assert elsewhere.status == "refused"
    assert "outside the MR" in elsewhere.reason
    assert "click inside it" in elsewhere.reason


def test_a_ct_that_ends_in_the_vertebra_is_refused():
    ct, mr = images()
    above = ct.grid.sliced((30, 0, 0), (len(ct.data) - 30, 64, 64))
    part = Volume(above, ct.data[30:], "HU")
    point = above.to_lps((32.0, 24.0, 0.0))
    result = register_vertebra(part, mr, ct_point_lps=point, mr_point_lps=MR_POINT)
    assert result.status == "refused"
    assert "not the whole vertebra" in result.reason


def test_a_ct_without_bone_is_refused():
    ct, mr = images()
    soft = Volume(ct.grid, np.minimum(ct.data, 60.0), "HU")
    result = register_vertebra(soft, mr, ct_point_lps=CT_POINT, mr_point_lps=MR_POINT)
    assert result.status == "refused"
    assert "no vertebra" in result.reason


def test_empty_flat_broken_or_thin_images_are_refused():
    ct, mr = images()

    def refusal(ct_volume, mr_volumes):
        result = register_vertebra(ct_volume, mr_volumes, ct_point_lps=CT_POINT, mr_point_lps=MR_POINT)
        assert result.status == "refused"
        return result.reason

    t1 = mr["T1"]
    assert "no MR" in refusal(ct, {})
    assert "empty" in refusal(ct, {"T1": Volume(t1.grid, np.zeros(t1.grid.shape), "signal")})
    assert "not numbers" in refusal(ct, {"T1": Volume(t1.grid, np.full(t1.grid.shape, np.nan), "signal")})
    assert "one value" in refusal(Volume(ct.grid, np.full(ct.grid.shape, 40.0), "HU"), mr)
    middle = t1.grid.sliced((7, 0, 0), (1, *t1.grid.shape[1:]))
    assert "1 slice " in refusal(ct, {"T1": Volume(middle, t1.data[7:8], "signal")})
    thin = Grid((1, *ct.grid.shape[1:]), ct.grid.affine_lps)
    assert "1 slice " in refusal(Volume(thin, ct.data[:1], "HU"), mr)


def test_a_contrast_that_cannot_be_used_is_named_and_left_out():
    _, mr = images()
    flat = Volume(mr["T1"].grid, np.zeros(mr["T1"].grid.shape), "signal")
    usable, left_out = usable_contrasts({**mr, "T2": flat}, MR_POINT)
    assert sorted(usable) == ["T1", "T2FS"]
    assert len(left_out) == 1
    assert "MR T2 is empty" in left_out[0]
