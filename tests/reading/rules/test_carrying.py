"""What is carried from an earlier stage: a draft that counts nowhere until it was confirmed, changed or deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_vcf.dicom import Role
from napari_vcf.reading import ExportError, Protocol, Reading, RefusedActionError, reopen
from napari_vcf.reading import actions as act
from napari_vcf.reading.carrying import CarriedItem, geometry_of, open_items
from napari_vcf.reading.export import build_export
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.state import Carried, StageState
from support.carried import SEALS, carried, carrying, confirm_all, draft_from, signed_ct, signed_mri
from support.cases import body_masks, image, measure_heights, memory_case, new_reading, rectangle

STAGE = "combined"


def part(reading: Reading) -> StageState:
    return reading.state.stages[STAGE]


def waiting(reading: Reading, **wanted: Any) -> list[CarriedItem]:
    return [i for i in open_items(part(reading)) if all(getattr(i, k) == v for k, v in wanted.items())]


def confirm(reading: Reading, **wanted: Any) -> None:
    reading.decide_carried(STAGE, waiting(reading, **wanted), "confirmed")


def unchanged(stage: str) -> Carried:
    return Carried(stage=stage, geometry="unchanged")


def changed(stage: str) -> Carried:
    return Carried(stage=stage, geometry="changed")


# -- the protocol ------------------------------------------------------------------------------------------------------
def test_by_default_nothing_is_carried_and_the_hash_is_as_it_was() -> None:
    assert Protocol().carry is False
    assert "carry" in Protocol().later_decisions()
    content = Protocol().model_dump(mode="json")
    del content["carry"]
    assert Protocol.model_validate(content) == Protocol()
    assert carrying().sha256 != Protocol(staging="sealed", stage_items=carrying().stage_items).sha256


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        ({"staging": "open"}, "sees everything"),
        ({"stages": ("ct", "mri")}, "read one of them before"),
        ({"stages": ("combined", "ct", "mri")}, "read one of them before"),
        ({"stage_items": Protocol().stage_items}, "nothing to take over"),
    ],
)
def test_a_protocol_refuses_to_carry_where_there_is_nothing_to_carry(decisions: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        carrying(**decisions)


def test_with_carrying_the_combined_stage_measures_once_more_by_default() -> None:
    asked = carrying().items_of("combined")
    assert {"compression_degree", "lesion_extent_visual", "lesion_extent", "lesion_pattern", "adc"} <= set(asked)
    assert carrying().items_of("mri") == Protocol().items_of("mri")
    assert "signal_dwi" not in asked


def test_only_what_the_combined_stage_asks_is_carried() -> None:
    items = {**Protocol().stage_items, "combined": ("adc", "verdict", "confidence")}
    protocol = carrying(stage_items=items)
    draft = draft_from(signed_mri(protocol), "mri")
    assert draft.rois
    assert not draft.calipers
    assert draft.masks is None


# -- the draft ---------------------------------------------------------------------------------------------------------
def test_answers_statuses_and_the_name_of_the_vertebra_stay_blank() -> None:
    mri = signed_mri()
    mri.answer("mri", "verdict", "benign")
    mri.answer("mri", "confidence", 2)
    mri.answer("mri", "lesion_extent_visual", "G3")
    reading = carried(draft_from(mri, "mri"), spine=None)
    assert reading.state.spine is None
    assert part(reading).answers == {}
    assert part(reading).references == {}
    written = reading.log[0].model_dump_json()
    assert "verdict" not in written
    assert "confidence" not in written
    assert "lesion_extent_visual" not in written


def test_a_draft_counts_nowhere() -> None:
    reading = carried()
    results = reading.results(STAGE)
    assert not results.heights
    assert results.extent is None
    assert results.painted is None
    assert results.adc.lesion is None
    document = build_export(reading).stages[STAGE]
    assert not document.calipers
    assert document.masks is None
    assert not document.rois
    assert not document.complete
    assert {"compression_degree", "lesion_extent", "adc"} <= set(document.unanswered)


def test_what_waits_is_named_and_keeps_the_stage_incomplete() -> None:
    reading = carried()
    open_issues = {i.item: str(i) for i in reading.missing(STAGE) if i.code == "carried_open"}
    assert set(open_issues) == {"compression_degree", "lesion_extent", "adc"}
    assert "anterior height of L1 (CT)" in open_issues["compression_degree"]
    assert "body (MRI), lesion (MRI)" in open_issues["lesion_extent"]
    assert "ADC ROI 1, lesion (MRI)" in open_issues["adc"]


@given(st.lists(st.integers(0, 40), max_size=12))
def test_an_item_counts_exactly_when_it_was_confirmed(choices: list[int]) -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    confirmed: set[CarriedItem] = set()
    for choice in choices:
        left = open_items(part(reading))
        item = left[choice % len(left)]
        try:
            reading.decide_carried(STAGE, [item], "confirmed")
        except RefusedActionError:
            continue
        confirmed.add(item)
    state = part(reading)
    heights = {(c.level, c.position, c.image) for c in state.calipers}
    assert heights == {(i.level, i.position, i.image) for i in confirmed if i.kind == "caliper"}
    rois = {(r.tissue, r.placement) for r in state.rois}
    assert rois == {(i.tissue, i.placement) for i in confirmed if i.kind == "roi"}
    kinds = {i.kind for i in confirmed}
    assert ("body" in kinds) == (state.masks is not None and state.masks.body.voxels > 0)
    assert ("lesion" in kinds) == (state.masks is not None and state.masks.lesion.voxels > 0)
    assert not confirmed & set(open_items(state))
    assert all(c.carried is not None and c.carried.geometry == "unchanged" for c in (*state.calipers, *state.rois))


@given(st.permutations(("ct", "mri")), st.floats(-3.0, 3.0), st.floats(-20.0, 20.0))
def test_confirming_everything_gives_the_signed_geometry_to_the_bit(
    order: list[str], shift: float, angle: float
) -> None:
    mri = signed_mri()
    turned = rectangle(mri, y=shift, z=shift / 3, angle=angle)
    mri.place_roi(stage="mri", tissue="lesion", placement=2, level="L1", image=image(mri, Role.ADC), rectangle=turned)
    sources = {"ct": signed_ct(), "mri": mri}
    reading = carried(*(draft_from(sources[stage], stage) for stage in ("ct", "mri")))
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    for stage in order:
        confirm_all(reading, stage)
    state, signed = part(reading), sources["mri"].state.stages["mri"]
    first = sources[order[0]].state.stages[order[0]]
    assert [geometry_of(c) for c in state.calipers] == [geometry_of(c) for c in first.calipers]
    assert sorted(map(repr, map(geometry_of, state.rois))) == sorted(map(repr, map(geometry_of, signed.rois)))
    assert state.masks is not None
    assert signed.masks is not None
    for kind in ("body", "lesion"):
        assert geometry_of(state.masks, kind) == geometry_of(signed.masks, kind)
    assert state.masks.body_carried == state.masks.lesion_carried == unchanged("mri")
    assert state.drafts == ()


def test_one_height_counts_once_whichever_image_it_was_confirmed_on() -> None:
    reading = carried()
    confirm(reading, kind="caliper", level="L1", position="anterior", stage="mri")
    assert not waiting(reading, kind="caliper", level="L1", position="anterior")
    (caliper,) = part(reading).calipers
    assert caliper.image == image(reading, Role.T2)
    assert caliper.carried == unchanged("mri")


# -- changing, deleting ------------------------------------------------------------------------------------------------
def place(reading: Reading, role: Role, top: float) -> None:
    reading.place_caliper(
        stage=STAGE,
        level="L1",
        position="anterior",
        image=image(reading, role),
        start_lps=(-0.8, -15.0, top),
        end_lps=(-0.8, -15.0, -7.5),
    )


@pytest.mark.parametrize("confirmed_before", [False, True])
def test_a_height_that_is_placed_where_one_was_carried_is_changed(confirmed_before: bool) -> None:
    reading = carried()
    if confirmed_before:
        confirm(reading, kind="caliper", level="L1", position="anterior", stage="mri")
    place(reading, Role.T2, 7.0)
    assert not waiting(reading, kind="caliper", level="L1", position="anterior")
    caliper = part(reading).caliper("L1", "anterior")
    assert caliper is not None
    assert caliper.carried == changed("mri")
    place(reading, Role.T2, 6.0)
    caliper = part(reading).caliper("L1", "anterior")
    assert caliper is not None
    assert caliper.carried == changed("mri")


def test_a_height_on_an_image_from_which_none_was_carried_is_drawn_in_this_stage() -> None:
    reading = carried()
    place(reading, Role.T1, 7.0)
    caliper = part(reading).caliper("L1", "anterior")
    assert caliper is not None
    assert caliper.carried is None
    assert not waiting(reading, kind="caliper", level="L1", position="anterior")


def test_what_is_deleted_is_gone_and_what_is_drawn_then_is_drawn_in_this_stage() -> None:
    reading = carried()
    items = waiting(reading, kind="caliper", level="L1", position="anterior")
    reading.decide_carried(STAGE, items, "deleted")
    assert part(reading).calipers == ()
    place(reading, Role.T2, 7.0)
    caliper = part(reading).caliper("L1", "anterior")
    assert caliper is not None
    assert caliper.carried is None


def test_a_rectangle_that_is_moved_is_changed() -> None:
    reading = carried()
    confirm(reading, kind="roi", tissue="lesion", placement=1)
    for number in (1, 2):
        reading.place_roi(
            stage=STAGE,
            tissue="lesion",
            placement=number,
            level="L1",
            image=image(reading, Role.ADC),
            rectangle=rectangle(reading, y=3.0),
        )
    assert [roi.carried for roi in part(reading).rois] == [changed("mri"), changed("mri")]


def test_body_and_lesion_wait_for_the_estimate_by_eye() -> None:
    reading = carried()
    for kind in ("body", "lesion"):
        with pytest.raises(RefusedActionError, match="estimate"):
            confirm(reading, kind=kind)
    reading.answer(STAGE, "lesion_extent_visual", "G1")
    confirm(reading, kind="body")
    confirm(reading, kind="lesion")
    assert reading.results(STAGE).extent is not None


def test_a_body_without_its_lesion_is_not_graded_as_one_that_has_none() -> None:
    # Where the pattern is not asked, a body with nothing painted in it is G1; here something waits.
    items = {**carrying().stage_items, "combined": ("lesion_extent", "verdict", "confidence")}
    protocol = carrying(stage_items=items)
    reading = carried(draft_from(signed_mri(protocol), "mri"), protocol=protocol)
    confirm(reading, kind="body")
    assert reading.results(STAGE).extent is None
    reading.decide_carried(STAGE, waiting(reading, kind="lesion"), "deleted")
    extent = reading.results(STAGE).extent
    assert extent is not None
    assert extent.grade == "G1"


def test_a_body_that_is_painted_on_is_changed_and_its_lesion_still_waits() -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    body, lesion = body_masks(reading)
    body[2, 48:52, 48:52] = True
    reading.set_masks(STAGE, image(reading, Role.T2), body, np.zeros_like(lesion))
    masks = part(reading).masks
    assert masks is not None
    assert masks.body_carried == changed("mri")
    assert masks.lesion_carried is None
    assert not waiting(reading, kind="body")
    assert waiting(reading, kind="lesion")
    confirm(reading, kind="lesion")
    masks = part(reading).masks
    assert masks is not None
    assert masks.lesion_carried == unchanged("mri")


def test_a_lesion_beyond_the_body_that_was_changed_is_cut_to_it_and_called_changed() -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    body, lesion = body_masks(reading)
    body[3] = False
    reading.set_masks(STAGE, image(reading, Role.T2), body, np.zeros_like(lesion))
    confirm(reading, kind="lesion")
    masks = part(reading).masks
    assert masks is not None
    assert masks.lesion_carried == changed("mri")
    assert not (decode_mask(masks.lesion, masks.grid.shape) & ~body).any()


def test_no_lesion_is_confirmed_without_a_body_and_none_is_taken_by_threshold_before_the_carried_one() -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    with pytest.raises(RefusedActionError, match="confirm or draw the body"):
        confirm(reading, kind="lesion")
    confirm(reading, kind="body")
    with pytest.raises(RefusedActionError, match="carried and waits"):
        reading.threshold_lesion(STAGE, tissue="muscle", center_lps=(-0.8, 60.0, 0.0), side="darker", factor=2.0)


def test_another_name_of_the_vertebra_keeps_everything_from_being_confirmed() -> None:
    reading = carried(spine="L2")
    with pytest.raises(RefusedActionError, match="called L1, and here L2"):
        confirm(reading, kind="caliper", level="L1", position="anterior", stage="mri")
    assert part(reading).calipers == ()


def test_levels_that_are_corrected_make_what_was_confirmed_changed() -> None:
    reading = carried()
    confirm(reading, kind="caliper", level="L1", position="anterior", stage="mri")
    confirm(reading, kind="roi", tissue="lesion", placement=1)
    reading.correct_levels("L2")
    assert part(reading).calipers[0].carried == changed("mri")
    assert part(reading).rois[0].carried == changed("mri")


def joined() -> tuple[Reading, str, str]:
    """MRI as it was signed, with its ADC map in a frame of its own that was joined to the T2; and the two images."""
    reading = new_reading(memory_case(frame_of_reference_uid="1.2.3.9"), protocol=carrying())
    adc, t2 = image(reading, Role.ADC), image(reading, Role.T2)
    reading.join_frames(adc, t2, point_lps=(0.1, 0.2, 28.0), to_point_lps=(0.0, 0.0, 0.3))
    return reading, adc, t2


def test_what_joins_two_frames_is_carried_and_confirmed_to_the_bit_or_changed() -> None:
    signed, adc, t2 = joined()
    draft = draft_from(signed, "mri")

    def begun() -> Reading:
        reading = Reading(signed.case, study="S1", reader="R1", protocol=carrying())
        reading.apply(act.CarryDrafts(stage=STAGE, drafts=(draft,)))
        return reading

    reading = begun()
    assert reading.motion(adc, t2) is None
    confirm(reading, kind="frame_join")
    (join,) = reading.state.frame_joins
    assert geometry_of(join) == geometry_of(signed.state.frame_joins[0])
    assert join.carried == unchanged("mri")
    assert part(reading).drafts == ()
    reading = begun()
    reading.join_frames(adc, t2)
    assert reading.state.frame_joins[0].carried == changed("mri")
    assert part(reading).drafts == ()


# -- the record --------------------------------------------------------------------------------------------------------
def test_undo_takes_a_word_back_but_never_the_draft() -> None:
    reading = carried(spine=None)
    assert not reading.can_undo
    reading.set_spine("L1")
    before = part(reading)
    confirm(reading, kind="caliper", level="L1", position="anterior", stage="ct")
    reading.undo()
    assert part(reading) == before


def test_the_log_as_json_gives_the_same_state_again() -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    confirm_all(reading, "mri")
    again = Reading(reading.case, study="S1", reader="R1", protocol=reading.protocol)
    entries = [act.LoggedAction.model_validate_json(entry.model_dump_json()) for entry in reading.log]
    again.restore(entries)
    assert again.state == reading.state


def test_the_document_says_of_each_item_what_was_carried_and_what_was_changed() -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    place(reading, Role.CT, 7.0)
    place_middle = {"level": "L1", "position": "middle"}
    reading.decide_carried(STAGE, waiting(reading, kind="caliper", **place_middle), "deleted")
    measure = {"start_lps": (-0.8, 0.0, 10.0), "end_lps": (-0.8, 0.0, -10.0), "image": image(reading, Role.T2)}
    reading.place_caliper(stage=STAGE, **place_middle, **measure)
    confirm_all(reading)
    document = json.loads(build_export(reading, stages=[STAGE]).model_dump_json())
    calipers = {(c["level"], c["position"]): c["carried"] for c in document["stages"][STAGE]["calipers"]}
    assert calipers["L1", "anterior"] == {"stage": "ct", "geometry": "changed"}
    assert calipers["L1", "middle"] is None
    assert calipers["L2", "posterior"] == {"stage": "ct", "geometry": "unchanged"}
    assert document["stages"][STAGE]["carried_from"] == SEALS
    assert document["stages"][STAGE]["masks"]["body_carried"] == {"stage": "mri", "geometry": "unchanged"}
    read = ReadingExport.model_validate_json(json.dumps(document), strict=True)
    assert read.stages[STAGE].state() == part(reading)


def test_a_reading_in_which_something_carried_waits_is_not_written_to_a_file(tmp_path: Path) -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    confirm(reading, kind="body")
    path = tmp_path / "r.json"
    with pytest.raises(ExportError, match=r"CT \+ MRI, and waiting still: .*lesion \(MRI\).*Confirm, change or delete"):
        reading.export(path)
    assert not path.exists()
    confirm_all(reading)
    again = reopen(reading.export(path), reading.case)
    assert part(again) == part(reading)
    assert again.results(STAGE).extent == reading.results(STAGE).extent


def test_nothing_is_carried_where_the_protocol_or_the_moment_does_not_allow_it() -> None:
    draft = draft_from(signed_mri(), "mri")
    carry = act.CarryDrafts(stage=STAGE, drafts=(draft,))
    with pytest.raises(RefusedActionError, match="does not allow"):
        new_reading().apply(carry)
    late = new_reading(protocol=carrying())
    with pytest.raises(RefusedActionError, match="before anything is read"):
        late.apply(carry)
    with pytest.raises(RefusedActionError, match="once each"):
        carried(draft, draft)
    reading = carried()
    item = waiting(reading, kind="caliper", stage="ct")[:1]
    reading.decide_carried(STAGE, item, "deleted")
    with pytest.raises(RefusedActionError, match="waits there"):
        reading.decide_carried(STAGE, item, "confirmed")


def test_a_stage_that_was_measured_without_carrying_says_so_by_silence() -> None:
    reading = new_reading()
    measure_heights(reading)
    assert all(caliper.carried is None for caliper in part(reading).calipers)
    assert build_export(reading).stages[STAGE].carried_from == {}
