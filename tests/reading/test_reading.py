"""A reading: every change is one action that takes effect whole or is refused and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading import (
    ACTION_ADAPTER,
    LoggedAction,
    Protocol,
    Reading,
    ReadingError,
    RefusedActionError,
    UnknownImageError,
)
from napari_vcf.reading import actions as act
from napari_vcf.registration import LEVEL_OPEN, RegistrationResult
from support.cases import (
    answer_all,
    asked_again,
    body_masks,
    clock,
    complete_reading,
    image,
    measure_heights,
    memory_case,
    new_reading,
    place_rois,
    rectangle,
)


def registration(status: str = "ok") -> RegistrationResult:
    return RegistrationResult(
        status=status,
        reason="" if status == "ok" else "no overlap",
        ct_to_mr=RigidTransform.from_rotation_vector((2, 0, 0), (1, 2, 3)) if status != "refused" else None,
        seconds=0.5,
        shift_mm=1.5,
        angle_deg=2.0,
        quality={"overlap": 0.9},
    )


def propose(reading: Reading, status: str = "ok", level: str = "L1", ct_level: str = "L1") -> None:
    reading.propose_registration(
        mr_level=level,
        ct_level=ct_level,
        ct_image=image(reading, Role.CT),
        mr_images=[image(reading, Role.T2)],
        mr_point_lps=(0, 0, 0),
        ct_point_lps=(1, 1, 1),
        result=registration(status),
    )


def test_heights_losses_and_degree_follow_from_the_calipers() -> None:
    reading = new_reading()
    measure_heights(reading)
    graded = reading.results("combined").height_loss
    assert graded is not None
    assert (graded.degree, graded.graded_position, graded.graded_loss) == ("II", "anterior", pytest.approx(0.5))
    assert set(reading.results("combined").height_losses) == {"mean_adjacent", "above", "below", "own_posterior"}
    assert reading.results("mri").heights == {}


def test_extent_follows_from_the_masks_and_its_middle_slice_from_the_calipers() -> None:
    reading = new_reading()
    measure_heights(reading)
    reading.set_masks("combined", image(reading, Role.T2), *body_masks(reading))
    extent = reading.results("combined").extent
    assert extent is not None
    assert (extent.grade, extent.fraction, extent.body_voxels) == ("G3", pytest.approx(0.6), 300)
    assert extent.mid_slice == 4


def test_adc_is_summed_up_once_all_placements_are_there() -> None:
    reading = new_reading()
    reading.place_roi(
        stage="mri",
        tissue="lesion",
        placement=1,
        level="L1",
        image=image(reading, Role.ADC),
        rectangle=rectangle(reading),
    )
    assert reading.results("mri").adc.lesion is None
    place_rois(reading, "mri")
    adc = reading.results("mri").adc
    assert adc.lesion is not None
    assert adc.normal is not None
    assert adc.ratio == pytest.approx(adc.lesion.mean_um2_per_s / adc.normal.mean_um2_per_s)


def test_a_center_off_the_slice_is_recorded_on_the_slice_that_is_measured() -> None:
    reading = new_reading()
    roi = reading.roi_rectangle((0.9, 1.0, 2.0), (0, 1, 0), (0, 0, -1))
    reading.place_roi(
        stage="mri", tissue="lesion", placement=1, level="L1", image=image(reading, Role.ADC), rectangle=roi
    )
    assert reading.state.stages["mri"].rois[0].center_lps == pytest.approx((-0.8, 1.0, 2.0))


REFUSALS: list[tuple[Callable[[Reading], object], str]] = [
    (lambda r: r.set_spine("L9"), "fractured"),
    (lambda r: r.set_reference("mri", "L4", "intact"), "not adjacent"),
    (lambda r: place(r, level="L4"), "nor adjacent"),
    (lambda r: place(r, end=(0, 0, 9.8)), "not that of a vertebral body"),
    (lambda r: place(r, end=(0, 0, -95)), "not that of a vertebral body"),
    (lambda r: place(r, start=(0, 99.5, 20), end=(0, 99.5, -20)), "outside"),
    (lambda r: place(r, start=(0, 0, float("nan"))), "finite"),
    (lambda r: place(r, stage="ct"), "not open in the CT stage"),
    (lambda r: place(r, stage="mri", role=Role.CT), "not open in the MRI stage"),
    (lambda r: place(r, role=Role.CT, shown_on=Role.T2), "Accept the registration"),
    (lambda r: place(r, shown_on=Role.T1), "Only a registered CT"),
    (lambda r: r.remove_caliper("mri", "L1", "middle"), "no middle caliper"),
    (lambda r: r.answer("mri", "signal_dwi", "bright"), "not an answer"),
    (lambda r: r.answer("mri", "confidence", 6), "not an answer"),
    (lambda r: r.answer("mri", "confidence", True), "text or a whole number"),
    (lambda r: r.answer("mri", "confidence", np.bool_(True)), "text or a whole number"),
    (lambda r: r.set_spine("l1"), "C1 to C7, T1 to T13 or L1 to L6"),
    (lambda r: place(r, start=(1.0, 2.0)), "three numbers"),
    (lambda r: place(r, start=None), "three numbers"),
    (lambda r: r.set_masks("mri", image(r, Role.T2), *(0.5 * mask for mask in body_masks(r))), "other values"),
    (lambda r: r.set_masks("mri", "T2", *body_masks(r)), "no image"),
    (lambda r: r.results("MRI"), "no stage 'MRI'; stages are ct, mri, combined"),
    (lambda r: r.missing("MRI"), "no stage 'MRI'"),
    (lambda r: Reading(r.case, study="S", reader="R", protocol={"reference": "above"}), "Protocol"),
    (lambda r: r.answer("ct", "signal_dwi", "high"), "not asked in the CT stage"),
    (lambda r: r.answer("mri", "mood", "good"), "no item"),
    (lambda r: r.answer("mri", "compression_degree", "II"), "comes from the measurement"),
    (lambda r: r.mark_not_assessable("mri", "verdict", "hard to say"), "always given"),
    (lambda r: r.mark_not_assessable("mri", "signal_dwi", "  "), "reason"),
    (lambda r: r.withdraw_answer("mri", "signal_dwi"), "not answered"),
    (lambda r: r.clear_masks("mri"), "Nothing is painted"),
    (lambda r: r.set_masks("ct", image(r, Role.CT), *masks_on(r, Role.CT)), "painted on MRI"),
    (lambda r: r.set_masks("mri", image(r, Role.T2), *masks_on(r, Role.ADC)), "does not fit"),
    (lambda r: r.set_masks("mri", image(r, Role.T2), *outside_masks(r)), "outside the vertebral body"),
    (lambda r: roi(r, role=Role.T2), "ADC map"),
    (lambda r: roi(r, level="L2"), "cannot lie in L2"),
    (lambda r: roi(r, tissue="normal"), "cannot lie in L1"),
    (lambda r: roi(r, placement=4), "3 placements"),
    (lambda r: roi(r, y=99.0), "edge of the image"),
    (lambda r: r.accept_registration("L1"), "no registration"),
    (lambda r: propose(r, ct_level="L2"), "same vertebra"),
    (lambda r: propose(r, level="L4", ct_level="L4"), "nor adjacent"),
    (lambda r: r.correct_role(image(r, Role.T1), "T9"), "not a role"),
    (lambda r: r.redo(), "nothing to redo"),
]


def test_numbers_of_numpy_answer_like_those_of_python() -> None:
    reading = new_reading()
    reading.answer("mri", "confidence", np.int64(4))
    reading.set_masks("mri", image(reading, Role.T2), *(mask.astype(np.uint8) for mask in body_masks(reading)))
    value = reading.state.stages["mri"].answers["confidence"].value
    assert (type(value), value) == (int, 4)
    assert reading.results("mri").extent.fraction == 0.6


def test_endplates_do_not_depend_on_the_end_with_which_a_caliper_was_begun() -> None:
    reading = new_reading()
    upper, lower = (
        {"anterior": (0, -14, 8), "posterior": (0, 14, 14)},
        {"anterior": (0, -14, -9), "posterior": (0, 14, -8)},
    )
    found = []
    for swapped in ((), ("anterior",), ("posterior",), ("anterior", "posterior")):
        for position in upper:
            ends = (upper[position], lower[position])
            start, end = ends[::-1] if position in swapped else ends
            reading.place_caliper(
                stage="mri", level="L1", position=position, image=image(reading, Role.T2), start_lps=start, end_lps=end
            )
        found.append(reading.endplates("mri", "L1"))
    np.testing.assert_allclose(found, [found[0]] * 4)
    assert found[0][1] > 0.9


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        (("L2", "L2"), None),
        (("T12", "T12"), "T12, which is said not to be intact"),
        (("L2", "T12"), "in different vertebrae: L2, T12"),
        (("L4", "L4"), "L4, which is not adjacent to L1"),
    ],
)
def test_normal_marrow_of_another_than_one_intact_neighbour_is_said(levels: tuple, sentence: str | None) -> None:
    reading = new_reading()
    reading.set_reference("mri", "T12", "not_intact")
    for placement, level in enumerate(levels, 1):
        roi(reading, tissue="normal", placement=placement, level=level, y=3.0 * placement)
    said = [w.text for w in reading.results("mri").warnings if w.code.startswith("normal_level")]
    assert (said == []) if sentence is None else any(sentence in text for text in said)


def place(reading: Reading, *, role: Role = Role.T2, shown_on: Role | None = None, **changes: object) -> None:
    reading.place_caliper(
        stage=changes.get("stage", "combined"),
        level=changes.get("level", "L1"),
        position="middle",
        image=image(reading, role),
        start_lps=changes.get("start", (0.0, 0.0, 10.0)),
        end_lps=changes.get("end", (0.0, 0.0, -10.0)),
        shown_on=None if shown_on is None else image(reading, shown_on),
    )


def roi(reading: Reading, *, role: Role = Role.ADC, y: float = 0.0, **changes: object) -> None:
    reading.place_roi(
        stage="mri",
        tissue=changes.get("tissue", "lesion"),
        placement=changes.get("placement", 1),
        level=changes.get("level", "L1"),
        image=image(reading, role),
        rectangle=rectangle(reading, y=y),
    )


def masks_on(reading: Reading, role: Role) -> tuple[np.ndarray, np.ndarray]:
    shape = reading.case.with_role(role)[0].series.grid.shape
    return np.ones(shape, bool), np.zeros(shape, bool)


def outside_masks(reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    body, lesion = body_masks(reading)
    lesion[0, 0, 0] = True
    return body, lesion


@pytest.mark.parametrize(("change", "sentence"), REFUSALS)
def test_a_refused_change_changes_nothing(change: Callable[[Reading], object], sentence: str) -> None:
    reading = new_reading()
    before, log = reading.state, reading.log
    with pytest.raises(ReadingError, match=sentence):
        change(reading)
    assert reading.state is before
    assert reading.log == log


def test_nothing_can_be_measured_before_the_fractured_vertebra_is_named() -> None:
    reading = Reading(memory_case(), study="S", reader="R", clock=clock())
    with pytest.raises(RefusedActionError, match="Name the fractured vertebra"):
        place(reading)


def test_the_fractured_vertebra_cannot_be_renamed_under_its_measurements() -> None:
    reading = new_reading()
    place(reading)
    with pytest.raises(RefusedActionError, match="calipers on L1"):
        reading.set_spine("L2")


def test_the_fractured_vertebra_cannot_be_renamed_under_its_answers() -> None:
    reading = new_reading()
    reading.set_spine("L2")
    reading.set_reference("mri", "L1", "intact")
    with pytest.raises(RefusedActionError, match="answers on L2"):
        reading.set_spine("L1")
    reading.correct_levels("L3")
    assert reading.state.stages["mri"].references == {"L2": "intact"}
    reading.withdraw_reference("mri", "L2")
    reading.answer("mri", "verdict", "benign")
    with pytest.raises(RefusedActionError, match="answers on L3"):
        reading.set_spine("L1")
    reading.withdraw_answer("mri", "verdict")
    reading.set_spine("L1")


def test_a_journal_from_before_that_was_refused_is_read() -> None:
    written: list[act.LoggedAction] = []
    reading = new_reading(recorder=written.append)
    reading.answer("mri", "verdict", "benign")
    again = Reading(memory_case(), study=reading.study, reader=reading.reader)
    renamed = written[-1].model_copy(update={"number": len(written) + 1, "action": act.SetSpine(fractured="L3")})
    again.restore([*written, renamed])
    assert again.state.spine is not None
    assert (again.state.spine.fractured, again.state.stages["mri"].answers["verdict"].value) == ("L3", "benign")


def test_an_image_that_is_not_there_is_named_as_such() -> None:
    reading = new_reading()
    with pytest.raises(UnknownImageError, match="has no image"):
        reading.case.volume("f" * 32)


def test_an_adc_map_of_unknown_unit_waits_for_the_persons_answer() -> None:
    reading = new_reading(memory_case(unit=None))
    with pytest.raises(RefusedActionError, match="unit of ADC is not known"):
        roi(reading)


def test_an_image_with_missing_slices_is_closed_to_measurement() -> None:
    reading = new_reading(memory_case(measurable=False, not_measurable_reason="a slice is missing at 12.0 mm."))
    with pytest.raises(RefusedActionError, match="a slice is missing"):
        roi(reading)


def test_ct_over_mr_opens_with_acceptance_and_closes_when_nudged() -> None:
    reading = new_reading()
    propose(reading)
    with pytest.raises(RefusedActionError, match="Accept"):
        place(reading, role=Role.CT, shown_on=Role.T2)
    reading.accept_registration("L1")
    reading.nudge_registration("L1", shift_lps_mm=(0.5, 0, 0))
    with pytest.raises(RefusedActionError, match="Accept"):
        place(reading, role=Role.CT, shown_on=Role.T2)
    reading.accept_registration("L1")
    place(reading, role=Role.CT, shown_on=Role.T2)
    with pytest.raises(RefusedActionError, match="remove them"):
        reading.nudge_registration("L1", shift_lps_mm=(0.5, 0, 0))


def test_nudges_move_the_clicked_point_by_what_they_say() -> None:
    reading = new_reading()
    propose(reading)
    before = RigidTransform(np.array(reading.state.registrations["L1"].ct_to_mr))
    reading.nudge_registration("L1", shift_lps_mm=(0.5, 0, 0))
    reading.nudge_registration("L1", rotation_lps_deg=(0, 0, 0.5))
    after = RigidTransform(np.array(reading.state.registrations["L1"].ct_to_mr))
    np.testing.assert_allclose(after.apply((1, 1, 1)) - before.apply((1, 1, 1)), (0.5, 0, 0), atol=1e-9)
    assert (after @ before.inverse()).angle_deg == pytest.approx(0.5)
    assert reading.state.registrations["L1"].nudges == 2


def test_the_quality_of_a_registration_is_recorded_as_the_registration_gives_it() -> None:
    reading = new_reading()
    quality = {"inside": 0.9, "levels_mm": {"T12": 1.5, "L2": None}, "offset_mm": None, "contrasts": ["T1", "T2"]}
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=image(reading, Role.CT), mr_images=[image(reading, Role.T2)],
        mr_point_lps=(0, 0, 0), ct_point_lps=(0, 0, 0),
        result=RegistrationResult("ok", "fits", RigidTransform.identity(), 1.0, 0.0, 0.0, quality),
    )  # fmt: skip
    recorded = reading.state.registrations["L1"].quality
    assert recorded == {"inside": 0.9, "levels_mm.T12": 1.5, "contrasts": ["T1", "T2"]}


def with_doubts(*doubts: str) -> Reading:
    reading = new_reading()
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=image(reading, Role.CT), mr_images=[image(reading, Role.T2)],
        mr_point_lps=(0, 0, 0), ct_point_lps=(0, 0, 0),
        result=RegistrationResult(
            "doubtful", "look", RigidTransform.identity(), 1.0, 0.0, 0.0, {"doubts": list(doubts)}
        ),
    )  # fmt: skip
    return reading


def test_counting_the_levels_lifts_the_doubt_that_the_images_leave_open() -> None:
    reading = with_doubts(LEVEL_OPEN)
    assert reading.state.registrations["L1"].level_open
    assert reading.state.registrations["L1"].standing == "doubtful"
    reading.count_levels("L1", ct_from="sacrum", mr_from="C2")
    counted = reading.state.registrations["L1"]
    assert counted.level_count is not None
    assert (counted.level_count.ct_from, counted.level_count.mr_from) == ("sacrum", "C2")
    assert not counted.level_open
    assert (counted.standing, counted.status) == ("ok", "doubtful")


@pytest.mark.parametrize("doubts", [("level_contradicted",), (LEVEL_OPEN, "error"), ("place",), ()])
def test_counting_the_levels_lifts_no_other_doubt(doubts: tuple[str, ...]) -> None:
    reading = with_doubts(*doubts)
    reading.count_levels("L1", ct_from="sacrum", mr_from="sacrum")
    assert reading.state.registrations["L1"].standing == "doubtful"


def test_a_new_registration_asks_for_a_new_count() -> None:
    reading = with_doubts(LEVEL_OPEN)
    reading.count_levels("L1", ct_from="sacrum", mr_from="sacrum")
    propose(reading)
    assert reading.state.registrations["L1"].level_count is None


def test_the_levels_of_a_refused_registration_cannot_be_counted() -> None:
    reading = new_reading()
    propose(reading, status="refused")
    with pytest.raises(RefusedActionError, match="no level to confirm"):
        reading.count_levels("L1", ct_from="sacrum", mr_from="sacrum")


def test_a_count_says_where_it_began_on_both_images() -> None:
    with pytest.raises(RefusedActionError, match="mr_from"):
        with_doubts(LEVEL_OPEN).count_levels("L1", ct_from="sacrum", mr_from=" ")


def test_a_refused_registration_cannot_be_accepted() -> None:
    reading = new_reading()
    propose(reading, status="refused")
    with pytest.raises(RefusedActionError, match="cannot be accepted"):
        reading.accept_registration("L1")


def test_every_action_is_one_line_of_json_and_replaying_them_gives_the_same_state() -> None:
    reading = complete_reading()
    reading.undo()
    reading.undo()
    reading.redo()
    lines = [ACTION_ADAPTER.dump_json(entry.action) for entry in reading.log]
    again = Reading(memory_case(), study="S1", reader="R1", clock=clock())
    for line in lines:
        again.apply(ACTION_ADAPTER.validate_json(line))
    assert again.state == reading.state


def test_restoring_a_log_gives_the_same_state_with_the_same_times_and_the_same_undo() -> None:
    reading = complete_reading()
    reading.undo()
    again = Reading(memory_case(), study="S1", reader="R1", clock=clock())
    again.restore(reading.log)
    assert again.state == reading.state
    assert again.log == reading.log
    again.redo()
    reading.redo()
    assert again.state.stages == reading.state.stages
    with pytest.raises(RefusedActionError, match="does not follow"):
        again.restore(reading.log[:1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["answer", "caliper", "undo", "redo", "spine"]), max_size=25))
def test_undo_and_redo_are_exact_whatever_came_before(steps: list[str]) -> None:
    reading = Reading(memory_case(), study="S", reader="R", clock=clock())
    history, position = [reading.state], 0
    for number, step in enumerate(steps):
        try:
            if step == "undo":
                reading.undo()
                position -= 1
            elif step == "redo":
                reading.redo()
                position += 1
            else:
                if step == "answer":
                    reading.answer("mri", "confidence", number % 5 + 1)
                elif step == "spine":
                    reading.set_spine("L1", has_l6=bool(number % 2))
                else:
                    place(reading, start=(0.0, float(number), 10.0), end=(0.0, float(number), -10.0))
                del history[position + 1 :]
                history.append(reading.state)
                position += 1
        except RefusedActionError:
            pass
        assert reading.state is history[position]
        assert reading.can_undo == (position > 0)
        assert reading.can_redo == (position < len(history) - 1)


def test_what_is_missing_is_named_and_nothing_is_missing_from_a_complete_reading() -> None:
    reading = new_reading()
    sentences = "\n".join(map(str, reading.missing("mri")))
    for words in ("Degree of compression", "no vertebral body painted", "0 of 3 ROIs", "Verdict: not answered"):
        assert words in sentences
    done = complete_reading()
    for stage in ("ct", "mri", "combined"):
        assert done.missing(stage) == ()


def test_contradictions_are_named() -> None:
    reading = new_reading(protocol=asked_again())
    measure_heights(reading)
    answer_all(reading, "combined")
    reading.answer("combined", "verdict", "benign")
    reading.answer("combined", "confidence", 5)
    reading.mark_not_assessable("combined", "compression_degree", "motion artefact")
    sentences = "\n".join(map(str, reading.conflicts("combined")))
    assert "verdict is benign, but the confidence is 5" in sentences
    assert "not assessable, but it has been measured" in sentences


def test_mixed_images_are_said() -> None:
    reading = new_reading()
    measure_heights(reading)
    place(reading, role=Role.T1)
    assert any("different images: T1, T2" in warning.text for warning in reading.results("combined").warnings)


@pytest.mark.parametrize("name", ["", "a b", "../x", "Müller", "x" * 65])
def test_names_that_could_carry_more_than_a_pseudonym_are_refused(name: str) -> None:
    with pytest.raises(ReadingError, match="cannot name a reader"):
        Reading(memory_case(), study="S", reader=name)


def test_signals_tell_of_each_change() -> None:
    reading = new_reading()
    seen = []
    reading.changed.connect(seen.append)
    reading.answer("ct", "verdict", "benign")
    reading.undo()
    assert [entry.action.action for entry in seen] == ["answer", "undo"]


def test_protocol_hash_depends_on_its_content_alone() -> None:
    assert Protocol().sha256 == Protocol().sha256
    assert Protocol(reference="above").sha256 != Protocol().sha256


def test_a_change_that_cannot_be_written_down_is_not_made() -> None:
    written, full = [], [False]

    def recorder(entry: LoggedAction) -> None:
        if full[0]:
            raise OSError("No space left on device")
        written.append(entry)

    reading = Reading(memory_case(), study="S", reader="R", clock=clock(), recorder=recorder)
    reading.set_spine("L1")
    before = reading.state
    full[0] = True
    for change in (lambda: reading.answer("ct", "verdict", "benign"), reading.undo):
        with pytest.raises(OSError, match="No space"):
            change()
        assert reading.state is before
    full[0] = False
    reading.answer("ct", "verdict", "benign")
    assert written == list(reading.log)
    assert [entry.number for entry in written] == [1, 2]


def test_endplates_drawn_on_ct_count_where_the_registration_was_accepted() -> None:
    reading = new_reading()
    ct, t2 = image(reading, Role.CT), image(reading, Role.T2)
    turn = RigidTransform.from_rotation_vector((25.0, 0.0, 0.0), (1.0, 2.0, 3.0))
    # On the CT the endplates run straight from front to back; on the MRI that is 25 degrees to the axial plane.
    for position, y in (("anterior", -14.0), ("posterior", 14.0)):
        reading.place_caliper(
            stage="combined", level="L1", position=position, image=ct, start_lps=(0, y, 10), end_lps=(0, y, -10)
        )
    reading.place_roi(
        stage="combined", tissue="lesion", placement=1, level="L1", image=image(reading, Role.ADC),
        rectangle=rectangle(reading),
    )  # fmt: skip

    def deviation() -> float | None:
        return reading.results("combined").adc.endplate_deviation_deg.get(("lesion", 1))

    assert (reading.endplates("combined", "L1"), deviation()) == (None, None)
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=ct, mr_images=[t2], mr_point_lps=(0, 0, 0), ct_point_lps=(0, 0, 0),
        result=RegistrationResult("ok", "made so", turn, 1.0, 10.0, 25.0),
    )  # fmt: skip
    assert (reading.endplates("combined", "L1"), deviation()) == (None, None)
    reading.accept_registration("L1")
    np.testing.assert_allclose(
        reading.endplates("combined", "L1"), (0, np.cos(np.radians(25)), np.sin(np.radians(25))), atol=1e-9
    )
    assert deviation() == pytest.approx(25.0)
    reading.refuse_registration("L1", "does not fit")
    assert (reading.endplates("combined", "L1"), deviation()) == (None, None)


@pytest.mark.parametrize(("half_mm", "warned"), [(4.0, True), (12.0, False)])
def test_a_rectangle_in_a_body_hardly_higher_than_itself_is_warned_of(half_mm: float, warned: bool) -> None:
    reading = new_reading()
    reading.set_spine("L1")
    adc = image(reading, Role.ADC)
    for position, y in (("anterior", -14.0), ("posterior", 14.0)):
        reading.place_caliper(
            stage="combined",
            level="L1",
            position=position,
            image=adc,
            start_lps=(0, y, half_mm),
            end_lps=(0, y, -half_mm),
        )
    reading.place_roi(
        stage="combined", tissue="lesion", placement=1, level="L1", image=adc, rectangle=rectangle(reading)
    )
    codes = {warning.code for warning in reading.results("combined").warnings}
    assert ("roi_in_low_body" in codes) is warned
    assert "no_endplate_angle" not in codes


def test_what_an_older_document_did_not_hold_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_vcf.reading import verify

    reading = complete_reading()
    monkeypatch.setattr(verify, "scan_case", lambda *_, **__: None)
    monkeypatch.setattr(verify, "Case", lambda *_, **__: reading.case)
    path = reading.export(tmp_path / "r.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    for roi_export in document["stages"]["combined"]["rois"]:
        assert roi_export["endplate_deviation_deg"] is not None
        roi_export["endplate_deviation_deg"] = None
    for version, differs in (("1.1.0", False), ("1.2.0", True)):
        path.write_text(json.dumps({**document, "schema_version": version}), encoding="utf-8")
        assert bool(verify.verify_export(path, tmp_path).differences) is differs
