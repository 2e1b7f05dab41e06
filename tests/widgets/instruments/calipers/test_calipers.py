"""Calipers, worked with the mouse and the keys of a real window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("unpainted")]

#: One pixel of the screen at the enlargement of these tests, mm.
PIXEL_MM = 1 / 6


@pytest.fixture
def panel(bench):
    panel = bench.front("Calipers")
    bench.close_up()
    return panel


def heights(bench, level="L1"):
    found = bench.desk.reading.results(bench.desk.stage).heights
    return found.get(level)


def text(panel, name):
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, name).text()


def test_two_clicks_place_a_height_and_the_length_shows_before_the_second(bench, panel):
    bench.hands.click_at(bench.world(0, -12, 11))
    bench.hands.move_to(bench.world(0, -12, 1))
    assert "10.0 mm" in text(panel, "guide")
    assert panel.button("cell_fractured_anterior").text() == "10.0"
    assert heights(bench) is None
    bench.hands.click_at(bench.world(0, -11, -9))
    assert heights(bench).anterior == pytest.approx(np.hypot(20, 1), abs=2 * PIXEL_MM)
    caliper = bench.desk.reading.state.stages[bench.desk.stage].calipers[0]
    assert caliper.image == bench.image("T2")
    assert caliper.shown_on is None
    assert caliper.start_lps[2] > caliper.end_lps[2]


def test_drags_place_the_rest_in_the_order_of_the_guide(bench, panel):
    for offset in (-12, 0, 12):
        bench.hands.drag([bench.world(0, offset, -10), bench.world(0, offset, 10)], step_px=40)
    for level, up in (("T12", 1), ("L2", -1)):
        for offset in (-12, 0, 12):
            assert level in text(panel, "guide")
            bench.hands.drag([bench.world(0, offset, 34 * up + 12), bench.world(0, offset, 34 * up - 12)], step_px=40)
    for level, mm in (("L1", 20), ("T12", 24), ("L2", 24)):
        found = heights(bench, level)
        assert (found.anterior, found.middle, found.posterior) == pytest.approx((mm, mm, mm), abs=2 * PIXEL_MM)
    assert "No degree" in text(panel, "degree")
    bench.hands.choose(panel.findChild(type(panel._level), "status_above"), "intact")
    bench.hands.choose(panel.findChild(type(panel._level), "status_below"), "not intact")
    loss = bench.desk.reading.results(bench.desk.stage).height_loss
    assert loss.degree == "I"
    assert "Degree I" in text(panel, "degree")
    assert f"{100 * loss.graded_loss:.1f} %" in text(panel, "degree")
    assert "–" in text(panel, "loss_below")


def test_an_end_is_dragged_alone_and_a_deleted_caliper_comes_back(bench, panel):
    top, bottom = bench.world(0, 0, 10), bench.world(0, 0, -10)
    bench.hands.drag([top, bottom], step_px=40)
    before = bench.desk.reading.state.stages[bench.desk.stage].calipers[0]
    bench.hands.drag([bottom, bench.world(0, 0, -14)], step_px=40)
    after = bench.desk.reading.state.stages[bench.desk.stage].calipers[0]
    assert after.start_lps == pytest.approx(before.start_lps, abs=1e-9)
    assert heights(bench).anterior == pytest.approx(24, abs=2 * PIXEL_MM)
    bench.hands.key("Del")
    assert heights(bench) is None
    bench.hands.key("Ctrl+Z")
    assert heights(bench).anterior == pytest.approx(24, abs=2 * PIXEL_MM)


def test_escape_stops_half_a_caliper(bench, panel):
    bench.hands.click_at(bench.world(0, -12, 11))
    bench.hands.key("Esc")
    bench.hands.move_to(bench.world(0, -12, -9))
    assert panel.calipers.draft is None
    assert not bench.desk.reading.state.stages[bench.desk.stage].calipers


def test_the_drawing_is_drawn_again_whatever_is_done_to_it(bench, panel):
    bench.hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=40)
    layer, state = panel.drawing.layer, bench.desk.reading.state
    drawn = [np.array(shape) for shape in layer.data]
    layer.data = []
    layer.add(np.array([[0.0, 0.0], [50.0, 50.0]]), shape_type="line")
    layer.mode = "select"
    layer.selected_data = {0}
    layer.remove_selected()
    bench.viewport.viewer.layers.remove(layer)
    bench.settle()
    assert str(layer.mode) == "pan_zoom"
    assert layer in bench.viewport.viewer.layers
    assert len(layer.data) == len(drawn)
    assert all(np.allclose(new, old) for new, old in zip(layer.data, drawn, strict=True))
    assert bench.desk.reading.state is state


def test_a_height_outside_the_image_is_refused_in_a_sentence(bench, panel):
    bench.viewport.viewer.scene.camera.zoom = 3
    bench.hands.drag([bench.world(0, 0, 50), bench.world(0, 0, 70)], step_px=40)
    assert not bench.desk.reading.state.stages[bench.desk.stage].calipers
    assert any(kind == "error" and "outside" in sentence for kind, sentence in bench.said)


def test_ends_are_drawn_to_the_edge_only_while_that_is_wanted_and_allowed(bench, panel):
    """The body's endplates lie 12 mm above and below its middle."""
    from qtpy.QtCore import QEvent

    caliper = lambda: bench.desk.reading.state.stages[bench.desk.stage].calipers[-1]  # noqa: E731
    bench.hands.key("S")
    bench.hands.drag([bench.world(0, 0, 10.8), bench.world(0, 0, -10.8)], step_px=40)
    # A voxel of 0.9 mm, mixed by no one, may lie with its edge up to half of that away.
    assert heights(bench).anterior == pytest.approx(24, abs=1.0)
    assert caliper().snapped == ("start", "end")
    bench.hands.drag([bench.viewport.to_world(caliper().end_lps), bench.world(0, 0, -6)], step_px=40)
    assert caliper().snapped == ("start",)
    bench.hands.key("S")
    bench.hands.drag([bench.world(0, 8, 10.8), bench.world(0, 8, -10.8)], step_px=40)
    assert caliper().snapped == ()
    assert heights(bench).middle == pytest.approx(21.6, abs=2 * PIXEL_MM)
    # Pressed in the middle of a drag, the key suspends it for the end in tool.
    bench.hands.key("S")
    hands, places = bench.hands, [bench.hands.pixel(bench.world(0, -8, z)) for z in np.linspace(10.8, -10.8, 9)]
    hands._mouse(QEvent.Type.MouseButtonPress, places[0], down=True)
    for place in places[1:]:
        hands._mouse(QEvent.Type.MouseMove, place, down=True)
    hands.key("S")
    hands._mouse(QEvent.Type.MouseButtonRelease, places[-1], down=False)
    bench.settle()
    assert (caliper().position, caliper().snapped) == ("posterior", ("start",))

    # Where the protocol forbids it, neither key nor tick brings it about.
    bench.desk.reading.protocol = bench.desk.reading.protocol.model_copy(update={"snapping": False})
    panel.refresh()
    assert not panel.button("snapping").isEnabled()
    bench.hands.key("S")
    panel._snap.setChecked(True)
    bench.hands.drag([bench.viewport.to_world(caliper().start_lps), bench.world(0, -8, 10.7)], step_px=40)
    assert caliper().snapped == ()
    assert heights(bench).posterior == pytest.approx(21.5, abs=2 * PIXEL_MM)
    panel._snap.setChecked(False)


def test_an_end_drawn_to_the_edge_is_marked_and_goes_back_to_the_hand_by_one_key(bench, panel):
    def marks():
        """Closed paths of five points: the marks."""
        paths = [np.asarray(path) for path in panel.drawing.layer.data]
        return [path for path in paths if len(path) == 5 and np.allclose(path[0], path[-1])]

    def caliper():
        return bench.desk.reading.state.stages[bench.desk.stage].calipers[-1]

    bench.hands.drag([bench.world(0, 0, 10.8), bench.world(0, 0, -10.8)], step_px=40)
    by_hand = caliper()
    bench.settle()
    assert marks() == []
    bench.hands.key("Ctrl+Z")
    bench.hands.key("S")
    bench.hands.drag([bench.world(0, 0, 10.8), bench.world(0, 0, -10.8)], step_px=40)
    drawn = caliper()
    assert drawn.snapped == ("start", "end")
    assert any("Both ends drawn to the edge" in sentence for _, sentence in bench.said)
    bench.until(lambda: len(marks()) == 2)
    middles = sorted(path[:-1, -2:].mean(axis=0).tolist() for path in marks())
    ends = bench.viewport.to_world([drawn.start_lps, drawn.end_lps], drawn.image)[:, 1:]
    assert np.allclose(middles, sorted(ends.tolist()), atol=0.02)

    bench.hands.key("B")
    assert caliper().snapped == ()
    assert np.allclose(caliper().start_lps, by_hand.start_lps, atol=0.05)
    assert np.allclose(caliper().end_lps, by_hand.end_lps, atol=0.05)
    bench.until(lambda: marks() == [])
    # It is a change like any other.
    bench.hands.key("Ctrl+Z")
    assert caliper() == drawn
    # Of what was recorded otherwise nobody knows where the hand was.
    panel.calipers.forget()
    panel.choose(("L1", "anterior"))
    bench.hands.key("B")
    assert caliper() == drawn
    assert any("not known any more" in sentence for _, sentence in bench.said)
    panel._snap.setChecked(False)


def test_naming_another_level_once_something_is_drawn_asks_and_then_moves_all_names(bench, panel):
    from qtpy.QtWidgets import QMessageBox, QPushButton

    bench.hands.click_at(bench.world(0, -12, 11))
    bench.hands.click_at(bench.world(0, -11, -9))
    before = heights(bench)
    for name, level in (("recount_no", "L1"), ("recount_yes", "L2")):
        bench.hands.choose(panel._level, "L2")
        box = panel.findChild(QMessageBox, "recount")
        bench.hands.press(box.findChild(QPushButton, name))
        bench.settle()
        assert bench.desk.reading.state.spine.fractured == level
        assert panel._level.currentText() == level
        assert heights(bench, level) == before
    bench.desk.undo()
    assert heights(bench, "L1") == before


def test_naming_another_level_once_something_is_answered_asks_as_well(bench, panel):
    from qtpy.QtWidgets import QMessageBox, QPushButton

    reading = bench.desk.reading
    reading.answer(bench.desk.stage, "verdict", "benign")
    bench.hands.choose(panel._level, "L3")
    bench.hands.press(panel.findChild(QMessageBox, "recount").findChild(QPushButton, "recount_yes"))
    bench.settle()
    assert reading.state.spine.fractured == "L3"
    assert reading.state.stages[bench.desk.stage].answers["verdict"].value == "benign"


def test_the_degree_s_tooltip_tells_the_cuts_of_the_protocol(bench, panel):
    assert "below 1/3" in panel._degree.toolTip()
    assert "12.5 percentage points" in panel._degree.toolTip()
    rules = bench.desk.reading.protocol
    other = {"degree_cuts": ("1/4", "2/4"), "degree_borderline_within": 0.05}
    bench.desk.reading.protocol = rules.model_copy(update=other)
    panel.follow_desk()
    panel._show()
    assert "II: 1/4 to 2/4, III: above 2/4. A loss nearer to a cut than 5 percentage points" in panel._degree.toolTip()
