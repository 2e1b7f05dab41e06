"""Middle heights proposed from corners: accepted all at once, told from what was drawn, and computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vcf.dicom import Role, Scan
from napari_vcf.geometry import Volume
from napari_vcf.reading import Protocol, Reading, RefusedActionError, build_export
from napari_vcf.reading import actions as act
from napari_vcf.reading.actions import ACTION_ADAPTER
from napari_vcf.reading.case import Case
from napari_vcf.reading.middle_checks import middle_statements
from napari_vcf.reading.state import Caliper, FromCorners
from support.bodies import Body, mr_grid, mr_image
from support.cases import clock, image, series

STAGE = "mri"
BODIES = {
    "T12": Body(at=(0, 36)),
    "L1": Body(anterior=15.0, posterior=26.0, hollow=(3.0, 1.5)),
    "L2": Body(at=(0, -36)),
}


class BodyCase(Case):
    """A T2 on which three bodies are seen."""

    picture: Volume

    def volume(self, image: str, index: int = 0, **_: Any) -> Volume:
        del image, index
        return self.picture


def body_case(*, visible: bool = True) -> BodyCase:
    grid = mr_grid()
    case = BodyCase(Scan(Path(), (series(Role.T2, grid),), ()), pseudonym="C001", salt="0" * 32)
    case.picture = mr_image(list(BODIES.values()) if visible else [], grid=grid)
    return case


def reading_of(case: Case | None = None, **options: Any) -> Reading:
    reading = Reading(case or body_case(), study="S1", reader="R1", clock=clock(), **options)
    reading.set_spine("L1")
    return reading


def wall(reading: Reading, level: str, position: str, ends: Any = None, **options: Any) -> None:
    front, back = BODIES[level].walls()
    start, end = (front if position == "anterior" else back) if ends is None else ends
    reading.place_caliper(
        stage=STAGE,
        level=level,
        position=position,
        image=image(reading, Role.T2),
        start_lps=start,
        end_lps=end,
        **{"origin": "corners", **options},
    )


def with_corners(reading: Reading, *levels: str) -> Reading:
    for level in levels or BODIES:
        wall(reading, level, "anterior")
        wall(reading, level, "posterior")
    return reading


def middle(reading: Reading, level: str = "L1") -> Caliper | None:
    return reading.state.stages[STAGE].caliper(level, "middle")


def test_twelve_corners_and_one_acceptance_measure_nine_heights():
    reading = with_corners(reading_of())
    for level in ("T12", "L2"):
        reading.set_reference(STAGE, level, "intact")
    assert reading.results(STAGE).height_loss.degree is None
    assert "middle" in reading.results(STAGE).height_loss.reason
    reading.accept_middles(STAGE, ["T12", "L1", "L2"])
    loss = reading.results(STAGE).height_loss
    assert loss.degree == "II"
    for level, body in BODIES.items():
        assert reading.results(STAGE).heights[level].middle == pytest.approx(body.middle_mm, abs=0.6)


def test_what_was_accepted_unmoved_is_told_and_one_undo_takes_all_of_it_back():
    reading = with_corners(reading_of())
    before = reading.state
    reading.accept_middles(STAGE, ["T12", "L2"])
    found = middle(reading, "T12")
    assert (found.origin, found.snapped, found.proposed_from.kept) == ("proposed", ("start", "end"), ("start", "end"))
    assert [str(w) for w in reading.results(STAGE).warnings if w.code == "middle_proposed"] == [
        "Middle height as proposed from the corners and accepted: T12, L2."
    ]
    reading.undo()
    assert reading.state.stages[STAGE] == before.stages[STAGE]


def test_a_proposal_is_nothing_as_long_as_nobody_accepts_it():
    reading = with_corners(reading_of(), "L1")
    assert reading.proposed_middle(STAGE, "L1").fitted == ("start", "end")
    assert middle(reading) is None
    assert reading.results(STAGE).heights["L1"].middle is None


def test_an_end_without_an_edge_is_not_accepted_but_put_there_by_hand():
    reading = with_corners(reading_of(body_case(visible=False)), "L1")
    proposal = reading.proposed_middle(STAGE, "L1")
    assert proposal.fitted == ()
    with pytest.raises(RefusedActionError, match="by hand"):
        reading.accept_middles(STAGE, ["L1"])
    assert middle(reading) is None
    reading.apply(act.PlaceCaliper(stage=STAGE, caliper=proposal.caliper(start_lps=(0, 0, 8), end_lps=(0, 0, -8))))
    assert (middle(reading).origin, middle(reading).proposed_from.kept) == ("corrected", ())
    assert not [w for w in reading.results(STAGE).warnings if w.code == "middle_proposed"]


def test_where_the_protocol_allows_no_edge_no_end_is_looked_for():
    reading = with_corners(reading_of(protocol=Protocol(snapping=False)), "L1")
    assert reading.proposed_middle(STAGE, "L1").fitted == ()


def test_an_end_that_was_moved_is_told_from_the_one_that_was_kept():
    reading = with_corners(reading_of(), "L1")
    moved = reading.proposed_middle(STAGE, "L1").caliper(start_lps=(0.0, 1.0, 9.0))
    assert (moved.origin, moved.snapped, moved.proposed_from.kept) == ("corrected", ("end",), ("end",))


def test_nothing_is_proposed_without_both_walls_or_where_the_middle_is_there():
    reading = reading_of()
    wall(reading, "L1", "anterior")
    assert reading.proposed_middle(STAGE, "L1") is None
    wall(reading, "L1", "posterior")
    reading.accept_middles(STAGE, ["L1"])
    assert reading.proposed_middle(STAGE, "L1") is None
    with pytest.raises(RefusedActionError, match="No middle height"):
        reading.accept_middles(STAGE, ["L1"])


def test_corners_that_are_none_of_one_body_are_refused_and_change_nothing():
    reading = reading_of()
    wall(reading, "L1", "anterior")
    before = reading.state
    front, back = BODIES["L1"].walls()
    aside = back + np.array([4.8, 0.0, 0.0])
    with pytest.raises(RefusedActionError, match="no corners of L1"):
        wall(reading, "L1", "posterior", back[::-1])
    with pytest.raises(RefusedActionError, match="behind"):
        wall(reading, "L1", "posterior", front - (0, 20, 0))
    with pytest.raises(RefusedActionError, match="one slice"):
        wall(reading, "L1", "posterior", aside)
    assert reading.state is before
    # Drawn as heights, two lines may lie as they like.
    wall(reading, "L1", "posterior", aside, origin="drawn")
    with pytest.raises(RefusedActionError, match="one slice"):
        reading.proposed_middle(STAGE, "L1")


def test_a_height_accepted_for_other_corners_is_refused():
    reading = with_corners(reading_of(), "L1")
    caliper = reading.proposed_middle(STAGE, "L1").caliper()
    front, _ = BODIES["L1"].walls()
    wall(reading, "L1", "anterior", front - (0, 1, 0))
    with pytest.raises(RefusedActionError, match="other corners"):
        reading.apply(act.AcceptMiddles(stage=STAGE, calipers=(caliper,)))


def two_down(level: str) -> tuple[Any, Any]:
    return tuple(ends - (0, 0, 2) for ends in BODIES[level].walls())


@pytest.mark.parametrize("position", ["anterior", "posterior"])
@pytest.mark.parametrize("origin", ["corners", "drawn"])
def test_a_middle_accepted_from_corners_goes_with_them_and_one_undo_brings_both_back(position, origin):
    reading = with_corners(reading_of())
    reading.accept_middles(STAGE, ["T12", "L1"])
    before = reading.state
    front, back = two_down("L1")
    wall(reading, "L1", position, front if position == "anterior" else back, origin=origin)
    assert middle(reading) is None
    assert middle(reading, "T12") is not None
    assert reading.proposed_middle(STAGE, "L1") is not None
    reading.undo()
    assert reading.state.stages[STAGE] == before.stages[STAGE]
    reading.redo()
    assert middle(reading) is None
    reading.undo()
    reading.remove_caliper(STAGE, "L1", position)
    assert middle(reading) is None
    reading.undo()
    assert reading.state.stages[STAGE] == before.stages[STAGE]


def test_a_middle_stays_where_its_walls_are_as_they_were_or_the_reader_put_an_end_himself():
    reading = with_corners(reading_of(), "L1")
    reading.accept_middles(STAGE, ["L1"])
    accepted = middle(reading)
    wall(reading, "L1", "anterior", BODIES["L1"].walls()[0][::-1], origin="drawn")
    assert middle(reading) == accepted
    reading.remove_caliper(STAGE, "L1", "middle")
    own = reading.proposed_middle(STAGE, "L1").caliper(start_lps=(0.0, 1.0, 9.0))
    reading.apply(act.PlaceCaliper(stage=STAGE, caliper=own))
    wall(reading, "L1", "anterior", two_down("L1")[0], origin="drawn")
    reading.remove_caliper(STAGE, "L1", "posterior")
    assert middle(reading).origin == "corrected"


def test_walls_of_a_journal_from_before_leave_the_middle_where_it_was():
    reading = with_corners(reading_of(), "L1")
    reading.accept_middles(STAGE, ["L1"])
    accepted = middle(reading)
    wall(reading, "L1", "anterior", two_down("L1")[0])
    reading.remove_caliper(STAGE, "L1", "posterior")
    lines = [entry.model_dump(mode="json") for entry in reading.log]
    assert [line["action"].get("without_middle") for line in lines[-2:]] == [True, None]
    again = reading_of()
    again.restore([act.LoggedAction.model_validate(line) for line in lines[1:]])
    assert again.state == reading.state
    assert middle(again) is None
    del lines[-2]["action"]["without_middle"]
    before = reading_of()
    before.restore([act.LoggedAction.model_validate(line) for line in lines[1:]])
    assert middle(before) == accepted


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "proposed"},
        {"origin": "corners"},
        {"position": "anterior"},
        {"kept": ("start",)},
        {"snapped": ("start",)},
        {"proposed_from": None},
    ],
)
def test_a_caliper_that_contradicts_its_own_origin_is_no_caliper(changes):
    reading = with_corners(reading_of(), "L1")
    good = reading.proposed_middle(STAGE, "L1").caliper().model_dump()
    kept = changes.pop("kept", None)
    if kept is not None:
        changes = {"proposed_from": {**good["proposed_from"], "kept": kept}}
    elif changes == {"origin": "proposed"}:
        changes = {"origin": "corrected"}
    with pytest.raises(ValueError, match=r"proposed|corners"):
        Caliper(**{**good, **changes})


def test_a_journal_line_written_before_there_were_corners_reads_as_drawn():
    reading = reading_of()
    wall(reading, "L1", "anterior", origin="drawn")
    line = reading.log[-1].action.model_dump(mode="json")
    assert not {"origin", "proposed_from"} & set(line)
    assert ACTION_ADAPTER.validate_python(line) == reading.log[-1].action
    reading = with_corners(reading_of(), "L1")
    reading.accept_middles(STAGE, ["L1"])
    logged = reading.log[-1].action
    assert ACTION_ADAPTER.validate_json(logged.model_dump_json()) == logged


def test_verify_computes_kept_ends_again_and_finds_a_moved_one():
    reading = with_corners(reading_of(), "L1")
    reading.accept_middles(STAGE, ["L1"])
    found = middle(reading)
    assert found.proposed_from is not None
    statements = middle_statements("x", found, reading.case)
    assert [s.holds for s in statements] == [True, True]
    up = np.add(found.start_lps, (0, 0, 0.01)).tolist()
    forged = found.model_copy(update={"start_lps": tuple(up)})
    assert [s.holds for s in middle_statements("x", forged, reading.case)] == [False, True]
    blind = body_case(visible=False)
    assert [(s.holds, s.recomputed) for s in middle_statements("x", found, blind)] == [(False, "no edge")] * 2
    other = found.model_copy(update={"proposed_from": found.proposed_from.model_copy(update={"method": "corners 0"})})
    assert middle_statements("x", other, reading.case) == []
    corners = found.proposed_from.corners_lps
    crossed = FromCorners(corners_lps=(*corners[:2], corners[3], corners[2]), method="corners 1", kept=("start",))
    broken = found.model_copy(update={"proposed_from": crossed})
    assert [s.holds for s in middle_statements("x", broken, reading.case)] == [False]


def test_the_export_says_how_each_height_was_made():
    reading = with_corners(reading_of())
    reading.accept_middles(STAGE, ["T12"])
    part = build_export(reading).stages[STAGE]
    assert {(c.level, c.position): c.origin for c in part.calipers}["T12", "middle"] == "proposed"
    assert {c.origin for c in part.calipers if c.position != "middle"} == {"corners"}


def test_two_walls_give_the_endplates_directions_of_the_rectangle():
    reading = with_corners(reading_of(), "L1")
    front, back = BODIES["L1"].walls()
    slopes = [(back[i] - front[i]) / np.linalg.norm(back[i] - front[i]) for i in (0, 1)]
    expected = (slopes[0] + slopes[1]) / np.linalg.norm(slopes[0] + slopes[1])
    assert reading.endplates(STAGE, "L1", image(reading, Role.T2)) == pytest.approx(expected)
