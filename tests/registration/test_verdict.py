from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import chi

from napari_vcf.registration import LEVEL_OPEN
from napari_vcf.registration.levels import LevelEvidence
from napari_vcf.registration.quality import Stability
from napari_vcf.registration.verdict import Findings, doubts_by_name, judge

FIRM = Stability(restarts_mm=0.1, halves_mm=0.1, contrasts_mm=0.3, inverse_mm=0.2, column_mm=0.2)
CLEAR = LevelEvidence({"clicked": 1.5, "above": 1.2, "below": 1.1}, {}, 9000, (), 7.0)
GOOD = Findings(
    stability=FIRM, evidence=CLEAR, covered=1.0, contrasts=3, rival_share=0.0, slice_mm=3.0, information=0.5
)


def test_a_firm_fit_at_a_clear_level_is_ok_with_its_numbers():
    status, reason = judge(GOOD)
    assert status == "ok"
    assert "20%" in reason
    assert "mm" in reason


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"evidence": LevelEvidence({"clicked": 1.2, "above": 1.5}, {}, 9000)}, "above"),
        ({"evidence": LevelEvidence({"clicked": 1.2, "below": 1.19}, {}, 9000)}, "confirm the level"),
        (
            {"evidence": LevelEvidence({"clicked": 1.2, "below": 1.1}, {}, 9000, ("above",))},
            "Count the levels on both images",
        ),
        ({"evidence": replace(CLEAR, agreement=2.1)}, "Parts of the column"),
        ({"evidence": replace(CLEAR, untested=("below",))}, "The vertebra below cannot be compared"),
        ({"evidence": LevelEvidence({"clicked": 1.2}, {}, 9000)}, "No neighbouring vertebra"),
        ({"evidence": LevelEvidence({}, {}, 10)}, "No neighbouring vertebra"),
        ({"shift_mm": 14.0}, "14.0 mm"),
        ({"angle_deg": 31.0}, "31 degrees"),
        ({"angle_deg": 17.0}, "17 degrees"),
        ({"frame_gap_mm": 34.0}, "34 mm apart"),
        ({"from_frame_mm": 6.0}, "6.0 mm from where the declared frame"),
        ({"pairs_residual_mm": 6.0}, "pairs"),
        ({"covered": 0.5}, "50%"),
        ({"bone_share": 0.02}, "2% of the CT"),
        ({"rival_share": 0.995}, "Another place"),
        ({"rival_mm": 2.4}, "2.4 mm away along the spine"),
        ({"stability": replace(FIRM, restarts_mm=4.5)}, "Fits begun nearby"),
        ({"information": 0.06}, "uncertain"),
        ({"stability": replace(FIRM, column_mm=5.0)}, "column"),
    ],
)
def test_each_doubt_is_said(change, word):
    status, reason = judge(replace(GOOD, **change))
    assert status == "doubtful"
    assert word in reason


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({}, []),
        ({"evidence": replace(CLEAR, untested=("below",))}, [LEVEL_OPEN]),
        ({"evidence": LevelEvidence({"clicked": 1.2}, {}, 9000)}, [LEVEL_OPEN]),
        ({"evidence": replace(CLEAR, agreement=2.1)}, [LEVEL_OPEN]),
        ({"evidence": LevelEvidence({"clicked": 1.2, "above": 1.5}, {}, 9000)}, ["level_contradicted"]),
        ({"evidence": replace(CLEAR, untested=("below",)), "rival_mm": 2.4}, [LEVEL_OPEN, "fit"]),
        ({"information": 0.06}, ["error"]),
    ],
)
def test_only_a_level_that_nothing_contradicts_is_open_to_a_count(change, names):
    assert doubts_by_name(replace(GOOD, **change)) == names


def test_a_shared_frame_speaks_for_the_level_where_no_neighbour_can():
    alone = LevelEvidence({"clicked": 1.2}, {}, 9000)
    assert judge(replace(GOOD, evidence=alone, frame_gap_mm=2.0))[0] == "ok"


def test_worse_repeats_and_fewer_contrasts_raise_the_expected_error():
    shaky = replace(GOOD, stability=replace(FIRM, contrasts_mm=3.0))
    assert shaky.expected_error_mm > GOOD.expected_error_mm
    assert replace(GOOD, contrasts=1).expected_error_mm > GOOD.expected_error_mm
    assert replace(GOOD, rival_mm=1.4).expected_error_mm > GOOD.expected_error_mm


@pytest.mark.parametrize("slice_mm", [1.0, 3.0, 5.0])
@pytest.mark.parametrize("information", [0.1, 0.15, 0.2, 0.22, 0.3, 0.5, 1.0])
def test_a_fit_is_ok_only_where_not_one_in_a_hundred_is_beyond_two_millimetres(information, slice_mm):
    """Errors alike in all directions, of which nine in ten stay below what is expected."""
    findings = replace(GOOD, information=information, slice_mm=slice_mm)
    beyond = chi.ppf(0.99, 3) / chi.ppf(0.9, 3) * findings.expected_error_mm
    assert judge(findings)[0] != "ok" or beyond < 2.0
