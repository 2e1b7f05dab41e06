from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.registration import register_vertebra, vertebra
from napari_vcf.registration.samples import working_frame
from napari_vcf.registration.scene import build_scene
from napari_vcf.registration.shared_frame import frame_holds
from support import spinecase as case

CLICK_OFF = np.array([4.0, -5.0, 3.0])


@cache
def images(moved: bool):
    """CT without dense bone and MRI, both in one frame; `moved`: the patient lay differently for the CT."""
    ct, mr = case.ct(), case.mr()
    motion = (
        RigidTransform.from_rotation_vector((1.0, -2.0, 1.0), (6.0, 5.0, -3.0)) if moved else RigidTransform.identity()
    )
    grid = Grid(ct.grid.shape, motion.matrix @ case.CT_OF_MR.inverse().matrix @ ct.grid.affine_lps)
    # A few voxels stay dense, so that it is no refusal but a doubt.
    soft = np.where(ct.data > np.percentile(ct.data, 99.7), ct.data, np.minimum(ct.data * 0.6, 140.0))
    return Volume(grid, soft.astype(np.float32), "HU"), mr, motion


def register(moved: bool, ct_click, *, same_frame: bool = True):
    ct, mr, _ = images(moved)
    return register_vertebra(ct, mr, ct_point_lps=ct_click, mr_point_lps=(0.0, 0.0, 0.0), same_frame=same_frame)


def test_a_fit_that_cannot_be_trusted_gives_way_to_the_frame_that_both_images_share():
    result = register(False, CLICK_OFF)
    assert result.status == "doubtful"
    assert "common frame of reference" in result.reason
    assert np.array_equal(result.ct_to_mr.matrix, np.eye(4))
    assert result.shift_mm == pytest.approx(np.linalg.norm(CLICK_OFF))
    assert result.quality["fit_from_frame_mm"] >= 0


def test_the_expected_error_is_that_of_the_frame_where_the_frame_is_returned(monkeypatch):
    center = images(True)[2].apply(np.zeros(3))
    monkeypatch.setattr(vertebra, "frame_holds", lambda scene, clicked: True)
    result = register(True, center)
    assert np.array_equal(result.ct_to_mr.matrix, np.eye(4))
    assert result.quality["expected_error_mm"] > np.linalg.norm(center)


def test_images_that_contradict_the_frame_keep_their_own_fit():
    motion = images(True)[2]
    result = register(True, motion.apply(np.zeros(3)))
    assert result.status == "doubtful"
    assert "common frame" not in result.reason
    assert np.linalg.norm(result.ct_to_mr.apply(motion.apply(np.zeros(3)))) < 2.0


def test_without_a_common_frame_the_images_alone_decide():
    result = register(False, CLICK_OFF, same_frame=False)
    assert "fit_from_frame_mm" not in result.quality
    assert not np.array_equal(result.ct_to_mr.matrix, np.eye(4))


def test_a_frame_in_which_the_images_do_not_meet_does_not_hold():
    ct, mr, _ = images(False)
    apart = CLICK_OFF + np.array([0.0, 0.0, 500.0])
    frame = working_frame(mr, np.zeros(3), apart)
    moved = RigidTransform.from_rotation_vector((0, 0, 0), (0, 0, 500.0))
    far_ct = Volume(Grid(ct.grid.shape, moved.matrix @ ct.grid.affine_lps), ct.data, "HU")
    scene = build_scene(far_ct, mr, frame, 1)
    assert not frame_holds(scene, np.zeros(6))
