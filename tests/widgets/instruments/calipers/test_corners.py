"""Heights by corners, worked with the mouse and the keys of a real window.

The bodies of the small case are blocks of 32 x 24 mm whose endplates are the border to a brighter surrounding.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from support.synthetic_case import CENTER

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("unpainted")]

#: Middle of each body over that of the fractured one, mm.
UP = {"T12": 34, "L1": 0, "L2": -34}
CORNERS = ((-14, 12), (-14, -12), (14, 12), (14, -12))


def three_blocks(volume):
    """The same image with a whole block for each of the three bodies."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in volume.grid.shape), indexing="ij"), axis=-1)[..., ::-1]
    _, back, up = np.moveaxis(volume.grid.to_lps(index) - CENTER, -1, 0)
    inside = (np.abs(back) < 16) & ((up + 12) % 34 < 24)
    noise = np.random.default_rng(7).normal(0, 20, volume.grid.shape)
    return replace(volume, data=(np.where(inside, 400.0, 900.0) + noise).astype(np.float32))


@pytest.fixture
def panel(bench):
    t2, volumes = bench.image("T2"), bench.desk.case._volumes
    volumes[t2, 0] = three_blocks(volumes[t2, 0])
    panel = bench.front("Calipers")
    bench.close_up(5.0)
    bench.hands.key("C")
    yield panel
    panel._corners.setChecked(False)


def guide(panel):
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, "guide").text()


def stage_of(bench):
    return bench.desk.reading.state.stages[bench.desk.stage]


def click(bench, level, corner):
    back, up = CORNERS[corner]
    bench.hands.click_at(bench.world(0, back, UP[level] + up))


def set_corners(bench, *levels):
    for level in levels:
        for corner in range(4):
            click(bench, level, corner)


def test_twelve_clicks_in_the_order_of_the_guide_and_one_key_measure_nine_heights(bench, panel):
    names = ("upper anterior", "lower anterior", "upper posterior", "lower posterior")
    for level in ("T12", "L1", "L2"):
        for corner, name in enumerate(names):
            assert level in guide(panel)
            assert name in guide(panel)
            assert panel.calipers.next_corner == f"{level}: {name} corner"
            click(bench, level, corner)
    assert len(stage_of(bench).calipers) == 6
    assert "T12, L1, L2" in guide(panel)
    assert re.fullmatch(r"2[34]\.\d \?", panel.button("cell_fractured_middle").text())
    assert bench.desk.reading.results(bench.desk.stage).heights["L1"].middle is None
    bench.hands.key("Return")
    heights = bench.desk.reading.results(bench.desk.stage).heights
    for level in UP:
        assert heights[level].middle == pytest.approx(24, abs=0.9)
        assert stage_of(bench).caliper(level, "middle").origin == "proposed"
        assert stage_of(bench).caliper(level, "anterior").origin == "corners"
    assert "All heights are measured" in guide(panel)
    assert panel.calipers.next_corner == ""
    bench.hands.key("Ctrl+Z")
    assert len(stage_of(bench).calipers) == 6


def test_undo_takes_one_click_back_at_a_time(bench, panel):
    set_corners(bench, "T12")
    wanted = ["T12: upper anterior corner", "T12: lower anterior corner"]
    wanted += ["T12: upper posterior corner", "T12: lower posterior corner"]
    for expected in reversed(wanted):
        bench.hands.key("Ctrl+Z")
        assert panel.calipers.next_corner == expected
    assert stage_of(bench).calipers == ()
    set_corners(bench, "T12")
    bench.hands.key("Ctrl+Z")
    # From where it is, the click is made again elsewhere.
    bench.hands.click_at(bench.world(0, 14, UP["T12"] - 10))
    wall = stage_of(bench).caliper("T12", "posterior")
    assert wall.origin == "corners"
    assert bench.desk.reading.results(bench.desk.stage).heights["T12"].posterior == pytest.approx(22, abs=0.5)


def test_corners_that_cross_are_refused_and_the_third_and_fourth_are_clicked_again(bench, panel):
    for corner in (0, 1):
        click(bench, "T12", corner)
    bench.hands.click_at(bench.world(0, -25, UP["T12"] + 12))
    bench.hands.click_at(bench.world(0, -25, UP["T12"] - 12))
    assert any(kind == "error" and "behind" in sentence for kind, sentence in bench.said)
    assert panel.calipers.next_corner == "T12: upper posterior corner"
    assert len(stage_of(bench).calipers) == 1


def test_a_proposal_is_corrected_by_a_drag_and_told_from_what_is_accepted(bench, panel):
    set_corners(bench, "T12", "L1", "L2")
    pending = panel.calipers.pending.of("L1")
    bench.hands.drag([bench.viewport.to_world(pending.caliper.start_lps), bench.world(0, 0, 8)], step_px=20)
    found = stage_of(bench).caliper("L1", "middle")
    assert (found.origin, found.proposed_from.kept) == ("corrected", ("end",))
    assert bench.desk.reading.results(bench.desk.stage).heights["L1"].middle == pytest.approx(20, abs=0.9)
    bench.hands.key("Return")
    assert stage_of(bench).caliper("T12", "middle").origin == "proposed"
    # Dragged after it was accepted, it is not as it was proposed any more.
    bench.hands.drag(
        [bench.viewport.to_world(stage_of(bench).caliper("T12", "middle").end_lps)] * 1
        + [bench.world(0, 0, UP["T12"] - 9)],
        step_px=20,
    )
    assert stage_of(bench).caliper("T12", "middle").origin == "corrected"
    assert stage_of(bench).caliper("T12", "middle").proposed_from.kept == ("start",)


def test_a_wall_that_is_dragged_takes_the_accepted_middle_with_it_and_says_so(bench, panel):
    set_corners(bench, "T12", "L1", "L2")
    bench.hands.key("Return")
    assert stage_of(bench).caliper("L1", "middle").origin == "proposed"
    wall = stage_of(bench).caliper("L1", "anterior")
    bench.hands.drag([bench.viewport.to_world(wall.end_lps), bench.world(0, -14, -8)], step_px=20)
    assert stage_of(bench).caliper("L1", "middle") is None
    assert any("middle height of L1" in sentence and "went with it" in sentence for _, sentence in bench.said)
    bench.hands.key("Ctrl+Z")
    assert stage_of(bench).caliper("L1", "middle").origin == "proposed"
    panel.calipers.select(("L1", "posterior"))
    bench.said.clear()
    bench.hands.key("Del")
    assert stage_of(bench).caliper("L1", "middle") is None
    assert any("went with it" in sentence for _, sentence in bench.said)


def test_where_no_edge_may_be_looked_for_enter_accepts_nothing_and_both_ends_are_put_by_hand(bench, panel):
    bench.desk.reading.protocol = bench.desk.reading.protocol.model_copy(update={"snapping": False})
    set_corners(bench, "T12", "L1", "L2")
    bench.hands.key("Return")
    assert len(stage_of(bench).calipers) == 6
    assert panel.button("cell_fractured_middle").text() != "24.0 ?"
    assert any("lies on no edge" in sentence for _, sentence in bench.said)
    # One end dragged is half a height.
    bench.hands.drag([bench.world(0, 0, UP["T12"] + 12), bench.world(0, 0, UP["T12"] + 11)], step_px=20)
    assert stage_of(bench).caliper("T12", "middle") is None
    bench.hands.key("Ctrl+Z")
    assert panel.calipers.pending.of("T12").moved == {}
    bench.hands.drag([bench.world(0, 0, UP["T12"] + 12), bench.world(0, 0, UP["T12"] + 11)], step_px=20)
    bench.hands.drag([bench.world(0, 0, UP["T12"] - 12), bench.world(0, 0, UP["T12"] - 11)], step_px=20)
    found = stage_of(bench).caliper("T12", "middle")
    assert (found.origin, found.snapped, found.proposed_from.kept) == ("corrected", (), ())
    # Two clicks draw it, also where they are made on the proposal.
    bench.hands.click_at(bench.world(0, 0, 11.5))
    bench.hands.click_at(bench.world(0, 0, -11))
    assert stage_of(bench).caliper("L1", "middle").origin == "drawn"
    assert bench.desk.reading.results(bench.desk.stage).heights["L1"].middle == pytest.approx(22.5, abs=0.9)


def test_a_proposal_that_is_out_of_view_or_hidden_is_not_accepted(bench, panel):
    set_corners(bench, "T12", "L1", "L2")
    bench.hands.key("Q")
    bench.hands.key("Return")
    assert len(stage_of(bench).calipers) == 6
    bench.hands.key("Q")
    camera = bench.viewport.viewer.scene.camera
    middle = bench.world(0, 0, UP["L2"])
    camera.center, camera.zoom = (0.0, *middle[1:]), 20.0
    bench.settle()
    bench.hands.key("Return")
    assert [c.level for c in stage_of(bench).calipers if c.position == "middle"] == ["L2"]


def test_the_three_heights_stay_and_the_choice_is_remembered(bench, panel):
    assert bench.desk.settings.get("corners", False) is True
    set_corners(bench, "T12")
    bench.hands.key("C")
    assert bench.desk.settings.get("corners", False) is False
    assert panel.target() == ("L1", "anterior")
    assert panel.calipers.waiting_middles() == ()
    bench.hands.key("8")
    bench.hands.drag([bench.world(0, 0, UP["T12"] + 11), bench.world(0, 0, UP["T12"] - 11)], step_px=40)
    assert stage_of(bench).caliper("T12", "middle").origin == "drawn"


def test_walls_give_the_outline_its_start_and_the_rectangle_its_direction(bench, panel):
    set_corners(bench, "T12", "L1")
    assert bench.arrangement.panels["Lesion extent"].model.caliper_corners() is not None
    direction = bench.desk.reading.endplates(bench.desk.stage, "L1")
    assert abs(direction[1]) > 0.999
