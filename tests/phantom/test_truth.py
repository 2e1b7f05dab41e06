from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.geometry import RigidTransform
from napari_vcf.phantom import LANDMARKS, PhantomSpec, SpecError, make_truth, random_spec

POSITIONS = ("anterior", "middle", "posterior")


def test_heights_are_distances_of_the_landmarks_in_both_frames() -> None:
    truth = make_truth()
    for marks in (truth.landmarks_mr, truth.landmarks_ct):
        for level in truth.levels:
            assert set(marks[level]) == set(LANDMARKS)
            for position in POSITIONS:
                span = marks[level][f"{position}_superior"] - marks[level][f"{position}_inferior"]
                assert np.linalg.norm(span) == pytest.approx(truth.heights_mm[level][position], abs=1e-9)


@pytest.mark.parametrize("fracture", ["wedge", "biconcave", "crush"])
def test_the_lost_heights_are_those_asked_for(fracture: str) -> None:
    losses = (0.41, 0.52, 0.17)
    truth = make_truth(PhantomSpec(seed=5, fracture=fracture, level="L2", losses=losses))
    assert [truth.loss[p] for p in POSITIONS] == pytest.approx(losses, abs=1e-9)
    assert (truth.level_above, truth.level_below) == ("L1", "L3")


def test_heights_in_mm_take_precedence() -> None:
    truth = make_truth(PhantomSpec(heights_mm=(12.0, 14.5, 22.0), losses=(0.1, 0.1, 0.1)))
    assert [truth.heights_mm["L1"][p] for p in POSITIONS] == pytest.approx([12.0, 14.5, 22.0])


def test_each_level_has_the_transform_that_moves_its_landmarks() -> None:
    truth = make_truth(PhantomSpec(posture_deg=5.0))
    for level, transform in truth.ct_to_mr_by_level.items():
        for name, point in truth.landmarks_ct[level].items():
            assert transform.apply(point) == pytest.approx(truth.landmarks_mr[level][name], abs=1e-9)
    assert truth.target_error_mm(truth.ct_to_mr) < 1e-9
    assert truth.target_error_mm(truth.ct_to_mr, truth.level_above) > 0.5
    off = RigidTransform.from_rotation_vector((0, 0, 0), (0.0, 3.0, 0.0)) @ truth.ct_to_mr
    assert truth.target_error_mm(off) == pytest.approx(3.0)


@given(
    rotation=st.tuples(*[st.floats(-12, 12)] * 3),
    translation=st.tuples(*[st.floats(-500, 500)] * 3),
    posture=st.floats(0, 6),
)
@settings(max_examples=8, deadline=None)
def test_the_motion_between_the_examinations_is_the_one_asked_for(
    rotation: tuple[float, float, float], translation: tuple[float, float, float], posture: float
) -> None:
    spec = PhantomSpec(ct_rotation_deg=rotation, ct_translation_mm=translation, posture_deg=posture, mr_matrix=48)
    truth = make_truth(spec)
    turn = RigidTransform.from_rotation_vector(rotation, (0, 0, 0)).matrix[:3, :3]
    assert truth.ct_to_mr.matrix[:3, :3] == pytest.approx(turn, abs=1e-9)
    apart = truth.landmarks_ct["L1"]["body_center"] - truth.landmarks_mr["L1"]["body_center"]
    assert apart == pytest.approx(translation, abs=1e-6)
    for neighbour in (truth.level_above, truth.level_below):
        difference = truth.ct_to_mr_by_level[neighbour].inverse() @ truth.ct_to_mr
        assert difference.angle_deg == pytest.approx(posture, abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.24, 0.62, 0.77, 1.0])
@pytest.mark.parametrize("malignant", [False, True])
def test_the_lesion_has_its_share_of_the_marrow(share: float, malignant: bool) -> None:
    truth = make_truth(PhantomSpec(seed=2, fracture="biconcave", malignant=malignant, lesion_share=share))
    assert truth.lesion_share == pytest.approx(share, abs=0.01)
    assert truth.lesion_share == truth.lesion_mask.sum() / truth.body_mask.sum()
    assert not (truth.lesion_mask & ~truth.body_mask).any()
    assert truth.body_mask.shape == truth.t2_grid.shape


def test_the_body_mask_is_the_compressed_body() -> None:
    truth = make_truth()
    slices, rows, columns = np.nonzero(truth.body_mask)
    points = truth.t2_grid.to_lps(np.stack([columns, rows, slices], axis=-1))
    assert np.linalg.norm(points.mean(axis=0) - truth.landmarks_mr["L1"]["body_center"]) < 4.0
    # A block of the body's width, depth and mean height, with rounded corners and a waist.
    volume = truth.body_mask.sum() * truth.t2_grid.voxel_volume_mm3
    block = 41.5 * 32.0 * np.mean(list(truth.heights_mm["L1"].values()))
    assert 0.6 * block < volume < block


def test_points_for_the_adc_lie_in_what_they_are_named_after() -> None:
    truth = make_truth()
    column, row, slice_ = np.rint(truth.t2_grid.to_index(truth.lesion_point_lps)).astype(int)
    assert truth.lesion_mask[slice_, row - 2 : row + 3, column - 3 : column + 4].all()
    assert truth.marrow_level == "L2"
    assert make_truth(PhantomSpec(cemented="L2")).marrow_level == "T12"


def test_drawn_cases_are_drawn_once_for_all() -> None:
    assert random_spec(4) == random_spec(4)
    assert random_spec(4) != random_spec(5)
    assert random_spec(4) != random_spec(4, hard=True)


@given(seed=st.integers(0, 10_000), hard=st.booleans())
@settings(max_examples=200, deadline=None)
def test_drawn_cases_keep_their_ranges(seed: int, hard: bool) -> None:
    spec = random_spec(seed, hard=hard)
    angle = float(np.linalg.norm(spec.ct_rotation_deg))
    assert (8 <= angle <= 16) if hard else angle <= 8
    assert (spec.snr == 9.0) is hard
    assert (spec.chemical_shift_px == 1.5) is hard
    assert (spec.cemented is not None) is (hard and seed % 3 == 2)
    if spec.cemented is not None:
        assert spec.cemented != spec.level


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"level": "L5"}, "L5"),
        ({"level": "C2"}, "C2"),
        ({"cemented": "L1"}, "L1"),
        ({"losses": (1.0, 0.2, 0.1)}, "below 1"),
        ({"heights_mm": (10.0, float("nan"), 10.0)}, "nan"),
        ({"lesion_share": 1.2}, "1.2"),
        ({"snr": 0.0}, "snr"),
        ({"mr_matrix": 100}, "three"),
        ({"contrasts": ("T3",)}, "T3"),
        ({"contrasts": ()}, "Contrasts"),
    ],
)
def test_what_cannot_be_built_is_refused(change: dict[str, object], word: str) -> None:
    with pytest.raises(SpecError, match=word):
        replace(PhantomSpec(), **change)
