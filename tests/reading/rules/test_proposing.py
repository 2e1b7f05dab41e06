"""A proposed body: allowed, asked for after the estimate, accepted slice by slice, and never more than a proposal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.dicom import Role, Scan
from napari_vcf.geometry import Grid
from napari_vcf.reading import Protocol, Reading, RefusedActionError
from napari_vcf.reading import actions as act
from napari_vcf.reading.body_slices import open_slices, slice_origins
from napari_vcf.reading.export import build_export
from napari_vcf.reading.masks import decode_mask, encode_mask
from napari_vcf.reading.proposing import METHOD
from napari_vcf.reading.state import Masks, ProposedBody
from support.cases import SAGITTAL, MemoryCase, image, measure_heights, memory_case, new_reading, series

STAGE = "mri"


def ready(**options: object) -> Reading:
    """Heights measured, the estimate by eye given, and no lesion seen, so that a body counts as it is."""
    reading = new_reading(**options)
    measure_heights(reading, STAGE)
    reading.answer(STAGE, "lesion_pattern", "none")
    reading.answer(STAGE, "lesion_extent_visual", "G2")
    return reading


def body_on(slices: range = range(2, 7)) -> np.ndarray:
    mask = np.zeros((9, 100, 100), dtype=bool)
    mask[slices.start : slices.stop, 45:55, 42:58] = True
    return mask


def propose(reading: Reading, mask: np.ndarray | None = None, poor: tuple[int, ...] = (6,)) -> None:
    request = reading.body_request(STAGE, image(reading, Role.T2))
    proposed = ProposedBody(
        images=request.images,
        ends=request.ends,
        neighbours=request.neighbours,
        method=METHOD,
        mask=encode_mask(body_on() if mask is None else mask),
        poor=poor,
    )
    reading.propose_body(STAGE, image(reading, Role.T2), proposed)


def masks_of(reading: Reading) -> Masks:
    masks = reading.state.stages[STAGE].masks
    assert masks is not None
    return masks


def body_of(reading: Reading) -> np.ndarray:
    return decode_mask(masks_of(reading).body, masks_of(reading).grid.shape)


def test_a_proposal_is_no_body_until_a_slice_of_it_is_accepted() -> None:
    reading = ready()
    propose(reading)
    assert masks_of(reading).body.voxels == 0
    assert reading.results(STAGE).extent is None
    assert open_slices(masks_of(reading)) == (2, 3, 4, 5, 6)
    reading.decide_slices(STAGE, [3, 4], "accepted")
    extent = reading.results(STAGE).extent
    assert extent is not None
    assert extent.body_slices == (3, 4)
    assert extent.body_voxels == 2 * 10 * 16
    assert open_slices(masks_of(reading)) == (2, 5, 6)
    assert [w.code for w in reading.results(STAGE).warnings if w.code.startswith("proposal")] == ["proposal_open"]


def test_no_body_is_proposed_before_the_estimate_by_eye() -> None:
    reading = new_reading()
    measure_heights(reading, STAGE)
    with pytest.raises(RefusedActionError, match="your own estimate"):
        reading.body_request(STAGE, image(reading, Role.T2))
    reading.answer(STAGE, "lesion_extent_visual", "G1")
    propose(reading)
    # Nor by an action that was made elsewhere.
    action = next(entry.action for entry in reading.log if isinstance(entry.action, act.ProposeBody))
    other = new_reading()
    with pytest.raises(RefusedActionError, match="your own estimate"):
        other.apply(action)


def test_a_protocol_can_forbid_that_a_body_is_proposed() -> None:
    reading = ready(protocol=Protocol(body_proposal=False))
    with pytest.raises(RefusedActionError, match="does not allow a body to be proposed"):
        reading.propose_body(STAGE, image(reading, Role.T2))


def test_a_body_is_proposed_from_all_three_heights_of_the_fractured_vertebra() -> None:
    reading = ready()
    reading.remove_caliper(STAGE, "L1", "middle")
    with pytest.raises(RefusedActionError, match="posterior height of L1 first"):
        reading.body_request(STAGE, image(reading, Role.T2))


def test_of_several_stations_the_one_that_holds_the_vertebra_helps() -> None:
    lumbar = memory_case().with_role(Role.T1)[0].series
    cervical = Grid.from_axes((13, 100, 100), origin_lps=(-20, -100, 400), spacing_mm=(3.0, 2.0, 2.0), **SAGITTAL)
    others = [found.series for found in memory_case().images.values() if found.series.role is not Role.T1]
    found = (*others, series(Role.T1, cervical, key="cervical"), series(Role.T1, lumbar.grid, key="lumbar"))
    reading = ready(case=MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32))
    first, second = reading.case.with_role(Role.T1)
    assert first.series.grid.shape[0] == 13
    assert reading.body_request(STAGE, image(reading, Role.T2)).helping == (second.id,)


def test_heights_on_a_ct_that_nothing_joins_propose_nothing_on_mri() -> None:
    reading = new_reading(protocol=Protocol(stages=("combined",)))
    measure_heights(reading, "combined", Role.CT)
    reading.answer("combined", "lesion_extent_visual", "G2")
    with pytest.raises(RefusedActionError, match="which nothing joins to T2"):
        reading.body_request("combined", image(reading, Role.T2))


def test_what_helps_is_of_the_same_frame_and_other_contrast() -> None:
    reading = ready()
    request = reading.body_request(STAGE, image(reading, Role.T2))
    assert request.images == (image(reading, Role.T2), image(reading, Role.T1))
    assert len(request.neighbours) == 2
    assert request.ends.top_lps[0] == (-0.8, -15.0, 7.5)


def test_slices_accepted_without_a_look_do_not_count_and_the_record_says_so() -> None:
    reading = ready()
    propose(reading)
    reading.decide_slices(STAGE, [2, 3, 4, 5, 6], "accepted", looked_at=False)
    assert masks_of(reading).body.voxels == 0
    assert masks_of(reading).proposal.unseen == (2, 3, 4, 5, 6)
    assert reading.results(STAGE).extent is None
    assert [issue.item for issue in reading.missing(STAGE) if issue.item == "lesion_extent"]
    (warning,) = [w for w in reading.results(STAGE).warnings if w.code == "proposal_unseen"]
    assert "3, 4, 5, 6, 7" in warning.text
    reading.decide_slices(STAGE, [4], "accepted")
    assert masks_of(reading).proposal.unseen == (2, 3, 5, 6)
    assert reading.results(STAGE).extent.body_slices == (4,)


def test_each_slice_says_where_it_comes_from() -> None:
    reading = ready()
    propose(reading)
    reading.decide_slices(STAGE, [2, 3], "accepted")
    reading.decide_slices(STAGE, [6], "rejected")
    body = body_of(reading)
    body[3, 45:47] = False
    body[4] = body_on()[4]
    body[4, 44, 42:58] = True
    body[5, 40:50, 40:50] = True
    body[7, 45:50, 45:50] = True
    reading.set_masks(STAGE, image(reading, Role.T2), body, np.zeros_like(body), corrected=(4,))
    proposal = masks_of(reading).proposal
    assert (proposal.accepted, proposal.corrected, proposal.rejected) == ((2,), (3, 4), (6,))
    origins = {2: "proposed", 3: "corrected", 4: "corrected", 5: "drawn", 7: "drawn"}
    assert slice_origins(masks_of(reading)) == origins
    extent = build_export(reading).stages[STAGE].extent
    assert (extent.slices_proposed, extent.slices_corrected, extent.slices_drawn) == ((2,), (3, 4), (5, 7))
    assert open_slices(masks_of(reading)) == ()


def test_a_slice_that_is_outlined_anew_is_drawn_and_one_that_is_cleared_is_rejected() -> None:
    reading = ready()
    propose(reading)
    reading.decide_slices(STAGE, [2, 3], "accepted")
    body = body_of(reading)
    body[2], body[3] = False, False
    body[3, 48:52, 48:52] = True
    reading.set_masks(STAGE, image(reading, Role.T2), body, np.zeros_like(body), outlined=(3,))
    assert masks_of(reading).proposal.rejected == (2,)
    assert slice_origins(masks_of(reading)) == {3: "drawn"}


def test_a_rejected_slice_loses_its_body_and_the_lesion_in_it() -> None:
    reading = ready()
    propose(reading)
    reading.decide_slices(STAGE, [3, 4], "accepted")
    body = body_of(reading)
    reading.set_masks(STAGE, image(reading, Role.T2), body, body)
    reading.decide_slices(STAGE, [4], "rejected")
    extent = reading.results(STAGE).extent
    assert (extent.body_slices, extent.fraction) == ((3,), 1.0)
    reading.undo()
    assert reading.results(STAGE).extent.body_slices == (3, 4)


def test_what_was_drawn_stays_when_a_body_is_proposed_over_it() -> None:
    reading = ready()
    drawn = np.zeros((9, 100, 100), dtype=bool)
    drawn[4, 46:54, 46:54] = True
    reading.set_masks(STAGE, image(reading, Role.T2), drawn, drawn)
    propose(reading)
    assert np.array_equal(body_of(reading), drawn)
    assert open_slices(masks_of(reading)) == (2, 3, 5, 6)
    assert slice_origins(masks_of(reading)) == {4: "drawn"}
    reading.decide_slices(STAGE, [3], "accepted")
    # A second proposal knows what began with the first.
    other = body_on()
    other[3, 45] = False
    propose(reading, other)
    assert slice_origins(masks_of(reading)) == {3: "corrected", 4: "drawn"}


@pytest.mark.parametrize(("slices", "words"), [([0], "slice 1"), ([12], "slice 13")])
def test_nothing_is_accepted_where_nothing_is_proposed(slices: list[int], words: str) -> None:
    reading = ready()
    with pytest.raises(RefusedActionError, match="No body is proposed"):
        reading.decide_slices(STAGE, slices, "accepted")
    propose(reading)
    with pytest.raises(RefusedActionError, match=f"No body is proposed on {words}"):
        reading.decide_slices(STAGE, slices, "accepted")


def test_a_proposal_of_another_grid_or_image_is_refused() -> None:
    reading = ready()
    propose(reading)
    action = next(entry.action for entry in reading.log if isinstance(entry.action, act.ProposeBody))
    other = ready(case=memory_case())
    with pytest.raises(RefusedActionError, match="painted on"):
        other.apply(action.model_copy(update={"image": image(other, Role.T1)}))
    moved = ((2.0, 0.0, 0.0, 0.0), (0.0, 2.0, 0.0, 0.0), (0.0, 0.0, 4.8, 0.0), (0.0, 0.0, 0.0, 1.0))
    grid = action.grid.model_copy(update={"affine_lps": moved})
    with pytest.raises(RefusedActionError, match="native grid"):
        other.apply(action.model_copy(update={"grid": grid}))


def test_a_proposal_goes_through_journal_export_and_reopening_unchanged(tmp_path: Path) -> None:
    from napari_vcf.reading import read_reading
    from napari_vcf.reading.actions import LoggedAction
    from napari_vcf.reading.reopening import reopen

    reading = ready()
    propose(reading)
    reading.decide_slices(STAGE, [3], "accepted")
    reading.decide_slices(STAGE, [6], "rejected")
    lines = [entry.model_dump_json() for entry in reading.log]
    fresh = Reading(memory_case(), study="S1", reader="R1")
    fresh.restore(LoggedAction.model_validate_json(line) for line in lines)
    assert fresh.state == reading.state
    path = reading.export(tmp_path / "r.json")
    assert read_reading(path).stages[STAGE].masks == masks_of(reading)
    assert json.loads(path.read_text(encoding="utf-8"))["stages"][STAGE]["masks"]["proposal"]["accepted"] == [3]
    assert reopen(path, reading.case).state.stages[STAGE].masks == masks_of(reading)


def test_verify_tells_a_proposal_that_the_images_do_not_give_and_a_slice_that_is_not_as_proposed() -> None:
    from napari_vcf.reading.proposal_checks import proposal_statements

    reading = ready()
    propose(reading)
    reading.decide_slices(STAGE, [3, 4], "accepted")
    masks = masks_of(reading)
    # These voxels are noise; what was put in by hand does not come out of them.
    wrong = [each.place for each in proposal_statements("p", masks, reading.case) if not each.holds]
    assert wrong == ["p.mask"]
    other = masks.model_copy(update={"proposal": masks.proposal.model_copy(update={"method": "of another version"})})
    assert all(each.holds for each in proposal_statements("p", other, reading.case))
    body = body_of(reading)
    body[4, 45] = False
    changed = other.model_copy(update={"body": encode_mask(body)})
    wrong = [each.place for each in proposal_statements("p", changed, reading.case) if not each.holds]
    assert wrong == ["p.accepted.4"]


def test_verify_takes_a_slice_as_corrected_where_only_an_earlier_proposal_holds_it() -> None:
    from napari_vcf.reading.proposal_checks import proposal_statements

    reading = ready()
    propose(reading)
    reading.decide_slices(STAGE, [2, 3], "accepted")
    propose(reading, body_on(range(3, 7)))
    masks = masks_of(reading)
    assert slice_origins(masks) == {2: "corrected", 3: "proposed"}
    other = masks.model_copy(update={"proposal": masks.proposal.model_copy(update={"method": "of another version"})})
    assert all(each.holds for each in proposal_statements("p", other, reading.case))
    # Without any body there, nothing was corrected.
    empty = other.model_copy(update={"body": encode_mask(np.zeros_like(body_on()))})
    wrong = [each.place for each in proposal_statements("p", empty, reading.case) if not each.holds]
    assert wrong == ["p.accepted.3", "p.corrected.2"]
