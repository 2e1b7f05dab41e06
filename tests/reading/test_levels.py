"""Names of the vertebrae, and a miscount corrected at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading import Reading, RefusedActionError
from napari_vcf.reading.levels import LEVELS, REGULAR_LEVELS, level_above, level_below, recounted
from napari_vcf.registration import RegistrationResult
from support.cases import body_masks, clock, image, measure_heights, memory_case, new_reading, place_rois

NEVER = (False, False)


@given(st.sampled_from(REGULAR_LEVELS[2:-2]), st.integers(-2, 2), st.integers(-2, 2))
def test_all_names_move_by_as_many_places(fractured: str, step: int, beside: int) -> None:
    at = REGULAR_LEVELS.index(fractured)
    other = REGULAR_LEVELS[at + beside]
    corrected = REGULAR_LEVELS[at + step]
    if not 0 <= at + step + beside < len(REGULAR_LEVELS):
        with pytest.raises(RefusedActionError, match="Count once more"):
            recounted([other], fractured, corrected, has_t13=NEVER, has_l6=NEVER)
        return
    moved = recounted([other], fractured, corrected, has_t13=NEVER, has_l6=NEVER)
    assert moved == {fractured: corrected, other: REGULAR_LEVELS[at + step + beside]}


@given(st.sampled_from(LEVELS[1:-1]), st.sampled_from(LEVELS[1:-1]))
def test_neighbours_stay_neighbours(fractured: str, corrected: str) -> None:
    options = {"has_t13": "T13" in (fractured, corrected), "has_l6": True}
    above, below = level_above(fractured, has_t13=options["has_t13"]), level_below(fractured, **options)
    moved = recounted(
        [above, below],
        fractured,
        corrected,
        has_t13=(options["has_t13"],) * 2,
        has_l6=(True, True),
    )
    assert moved[above] == level_above(corrected, has_t13=options["has_t13"])
    assert moved[below] == level_below(corrected, **options)


def test_a_patient_who_turns_out_to_have_a_thirteenth_thoracic_vertebra_is_recounted() -> None:
    moved = recounted(["T12", "L2"], "L1", "T13", has_t13=(False, True), has_l6=NEVER)
    assert moved == {"L1": "T13", "T12": "T12", "L2": "L1"}


def read() -> Reading:
    reading = new_reading()
    measure_heights(reading, "ct", Role.CT)
    measure_heights(reading, "mri")
    reading.set_reference("mri", "T12", "not_intact")
    reading.set_masks("mri", image(reading, Role.T2), *body_masks(reading))
    place_rois(reading, "mri")
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=image(reading, Role.CT), mr_images=[image(reading, Role.T2)],
        mr_point_lps=(0, 0, 0), ct_point_lps=(0, 0, 0),
        result=RegistrationResult("ok", "fits", RigidTransform.identity(), 1.0, 0.0, 0.0),
    )  # fmt: skip
    return reading


def test_one_action_moves_every_name_and_no_measurement_and_one_undo_takes_it_back() -> None:
    reading = read()
    before, heights = reading.state, reading.results("mri").heights
    loss = reading.results("ct").height_loss
    number = len(reading.log)
    reading.correct_levels("L2")
    assert len(reading.log) == number + 1
    mri = reading.state.stages["mri"]
    assert reading.state.spine.fractured == "L2"
    assert {c.level for stage in ("ct", "mri") for c in reading.state.stages[stage].calipers} == {"L1", "L2", "L3"}
    assert mri.references == {"L1": "not_intact", "L3": "intact"}
    assert {(roi.tissue, roi.level) for roi in mri.rois} == {("lesion", "L2"), ("normal", "L3")}
    assert {level: entry.level for level, entry in reading.state.registrations.items()} == {"L2": "L2"}
    assert reading.results("mri").heights == {"L1": heights["T12"], "L2": heights["L1"], "L3": heights["L2"]}
    assert reading.results("ct").height_loss == loss
    assert [c.start_lps for c in mri.calipers] == [c.start_lps for c in before.stages["mri"].calipers]
    assert mri.masks == before.stages["mri"].masks
    reading.undo()
    assert reading.state == before
    reading.redo()
    assert reading.state.spine.fractured == "L2"


def test_a_correction_is_read_back_from_the_journal() -> None:
    reading = read()
    reading.correct_levels("T12")
    again = Reading(memory_case(), study="S1", reader="R1", clock=clock())
    again.restore(type(entry).model_validate_json(entry.model_dump_json()) for entry in reading.log)
    assert again.state == reading.state


def test_nothing_changes_where_a_correction_says_nothing_or_leads_beyond_the_column() -> None:
    reading = read()
    state = reading.state
    with pytest.raises(RefusedActionError, match="called L1 already"):
        reading.correct_levels("L1")
    with pytest.raises(RefusedActionError, match="what was measured on L2 lies beyond the sacrum"):
        reading.correct_levels("L5")
    with pytest.raises(RefusedActionError, match="correct all levels at once"):
        reading.set_spine("L2")
    assert reading.state is state
    with pytest.raises(RefusedActionError, match="Name the fractured vertebra first"):
        Reading(memory_case(), study="S1", reader="R1").correct_levels("L2")
