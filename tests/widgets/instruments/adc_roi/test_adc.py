"""ADC rectangles, worked with the mouse and the keys of a real window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = [pytest.mark.gui, pytest.mark.usefixtures("unpainted")]


@pytest.fixture
def panel(bench):
    panel = bench.front("ADC ROI")
    bench.settle()
    middle = bench.world(0, 0, 0, role="ADC")
    bench.viewport.go_to_slice(float(middle[0]))
    bench.viewport.viewer.scene.camera.center = (0.0, *middle[1:])
    bench.viewport.viewer.scene.camera.zoom = 8.0
    bench.settle()
    return panel


def shape_mm(rectangle):
    corners = rectangle.corners_lps
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    diagonals = np.linalg.norm(corners[[0, 1]] - corners[[2, 3]], axis=1)
    return (*sides, *diagonals)


UP = np.array([0.0, 0.0, 1.0])
CONGRUENT = (7.0, 5.0, 7.0, 5.0, np.hypot(5, 7), np.hypot(5, 7))


def text(panel, name):
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, name).text()


def test_the_rectangle_stays_congruent_whatever_is_done(bench, panel):
    from napari_vcf.widgets.instruments.adc_roi.tool import handle_point

    desk, hands = bench.desk, bench.hands
    assert desk.image.label == "ADC"
    hands.click_at(bench.world(0, 0, 0, role="ADC"))
    first = panel.model.movable()
    hands.drag(
        [bench.viewport.to_world(first.center_lps), bench.viewport.to_world(first.center_lps) + np.array([0, 2, 3])],
        step_px=30,
    )
    moved = panel.model.movable()
    assert bench.viewport.to_world(moved.center_lps) - bench.viewport.to_world(first.center_lps) == pytest.approx(
        [0, 2, 3], abs=0.13
    )
    handle = bench.viewport.to_world(handle_point(moved))
    hands.drag([handle, handle + np.array([0, 4, -1])], step_px=30)
    turned = panel.model.movable()
    assert turned.center_lps == pytest.approx(moved.center_lps)
    assert shape_mm(turned) == pytest.approx(CONGRUENT, abs=1e-9)
    corner = bench.viewport.to_world(turned.center_lps + 0.95 * (turned.corners_lps[2] - turned.center_lps))
    hands.drag([corner, corner + np.array([0, -4, -5])], step_px=30)
    assert shape_mm(panel.model.movable()) == pytest.approx(CONGRUENT, abs=1e-9)

    before = panel.model.movable()
    hands.key("Right")
    hands.key("Down")
    step = bench.viewport.to_world(panel.model.movable().center_lps) - bench.viewport.to_world(before.center_lps)
    assert step == pytest.approx([0, 0.5, 0.5], abs=1e-9)
    hands.key("]")
    angle = np.degrees(np.arccos(panel.model.movable().axis_long @ before.axis_long))
    assert angle == pytest.approx(1.0, abs=1e-6)

    # Enter in the field of the angle ends the typing, and not the placement.
    hands.type_into(panel._angle.lineEdit(), "-12")
    hands.key("Return")
    assert panel.model.current is not None
    assert panel._angle.value() == -12.0
    assert shape_mm(panel.model.movable()) == pytest.approx(CONGRUENT, abs=1e-9)

    state, layer = desk.reading.state, panel.drawing.layer
    drawn = len(layer.data)
    layer.mode = "select"
    layer.selected_data = {0}
    layer.remove_selected()
    layer.data = []
    assert str(layer.mode) == "pan_zoom"
    assert len(layer.data) == drawn
    assert desk.reading.state is state
    assert len(state.stages[desk.stage].rois) == 1


def test_values_and_earlier_placements_are_hidden_until_the_last_and_fixed_after_it(bench, panel):
    desk, hands = bench.desk, bench.hands
    for number in range(3):
        if number:
            assert not panel.drawing.layer.data
        hands.click_at(bench.world(0, number - 1, 0, role="ADC"))
        assert "hidden" in text(panel, "summary_lesion")
        assert len(panel.model.placed()) == number + 1
        hands.key("Return")
    lesion = desk.reading.results(desk.stage).adc.lesion
    assert f"{lesion.mean_um2_per_s:.0f}" in text(panel, "summary_lesion")
    assert "µm²/s" in text(panel, "summary_lesion")
    state = desk.reading.state
    hands.drag([bench.world(0, 0, 0, role="ADC"), bench.world(0, 4, 4, role="ADC")], step_px=30)
    hands.key("Left")
    assert desk.reading.state is state

    hands.press(panel.button("tissue_normal"))
    hands.click_at(bench.world(0, 0, 34, role="ADC"))
    # Neither calipers nor a body tell which vertebra that is; it is asked, not guessed.
    assert desk.reading.state is state
    hands.key("N")
    for number in range(3):
        hands.click_at(bench.world(0, number - 1, 34, role="ADC"))
        hands.press(panel.button("next"))
    results = desk.reading.results(desk.stage).adc
    assert f"{results.ratio:.2f}" in text(panel, "ratio")
    hands.key("Ctrl+Z")
    assert "hidden" in text(panel, "summary_normal")
    assert text(panel, "ratio") == ""
    assert {roi.level for roi in panel.model.placed("normal")} == {"T12"}


def test_a_rectangle_over_the_edge_is_refused_in_a_sentence(bench, panel):
    bench.viewport.viewer.scene.camera.zoom = 4
    bench.hands.click_at(bench.world(0, 61, 0, role="ADC"))
    assert not panel.model.placed()
    assert any(kind == "error" and "edge" in sentence for kind, sentence in bench.said)


def test_a_new_rectangle_is_parallel_to_the_endplates_and_says_what_is_doubtful(bench, panel):
    desk, hands = bench.desk, bench.hands
    tilt = np.radians(12.0)
    back = np.array([0.0, np.cos(tilt), np.sin(tilt)])
    for position, along in (("anterior", -10.0), ("posterior", 10.0)):
        middle = bench.viewport.to_lps(bench.world(0, 0, 0), bench.image("T2")) + along * back
        desk.reading.place_caliper(
            stage=desk.stage, level="L1", position=position, image=bench.image("T2"),
            start_lps=middle + 10 * UP, end_lps=middle - 10 * UP,
        )  # fmt: skip
    hands.click_at(bench.world(0, 0, 0, role="ADC"))
    assert panel.model.movable().axis_long @ back == pytest.approx(1.0, abs=1e-9)
    assert "0.0° to the endplates" in text(panel, "placements")
    for _ in range(5):
        hands.key("]")
    assert "5.0° to the endplates" in text(panel, "placements")
    hands.key("A")
    assert "0.0° to the endplates" in text(panel, "placements")
    hands.key("Return")
    hands.click_at(bench.world(0, 0, 0, role="ADC"))
    assert "ROI 2 (lesion) covers the same voxels as ROI 1" in text(panel, "warnings")


def test_a_rectangle_on_another_slice_is_brought_here_by_a_click_and_not_moved_unseen(bench, panel):
    hands = bench.hands
    middle = bench.world(0, 0, 0, role="ADC")
    hands.click_at(middle)
    first = panel.model.movable()
    hands.scroll(1)
    assert "another slice" in text(panel, "guide")
    hands.key("Left")
    np.testing.assert_array_equal(panel.model.movable().center_lps, first.center_lps)
    assert bench.viewport.on_current_slice(middle), "the key shows where it is"
    hands.scroll(1)
    hands.click_at(middle + np.array([0, 2, 3]))
    moved = panel.model.movable()
    assert bench.viewport.on_current_slice(bench.viewport.to_world(moved.center_lps, panel.model.current.image))
    assert len(panel.model.placed()) == 1
    np.testing.assert_array_equal(moved.axis_long, first.axis_long)


def test_an_undo_never_moves_a_rectangle_unseen(bench, panel):
    hands = bench.hands
    middle = bench.world(0, 0, 0, role="ADC")
    hands.click_at(middle)
    placed = panel.model.current
    hands.key("Right")
    hands.key("Return")
    assert panel.model.current is None
    hands.key("Ctrl+Z")
    assert panel.model.current == placed
    assert panel.drawing.layer.data
    hands.key("Ctrl+Z")
    assert not panel.model.placed()
    hands.key("Ctrl+Shift+Z")
    hands.key("Ctrl+Shift+Z")
    assert panel.model.current.center_lps != placed.center_lps
    # Of three that have been seen, one that is taken back hides them all again.
    for number in range(3):
        if number:
            hands.click_at(middle)
        hands.key("Return")
    assert panel.model.revealed()
    hands.key("Ctrl+Z")
    assert not panel.model.revealed()
    hands.click_at(middle)
    assert not panel.model.revealed()
    hands.key("Return")
    assert panel.model.revealed()


def test_a_typed_angle_turns_the_rectangle_and_gives_the_keys_back(bench, panel):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    bench.hands.click_at(bench.world(0, 0, 0, role="ADC"))
    field = panel._angle
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    field.lineEdit().selectAll()
    QTest.keyClicks(field.lineEdit(), "25")
    bench.hands.key("Return")
    turned = panel.model.movable()
    assert panel._screen_angle(turned) == pytest.approx(25.0)
    assert (turned.long_mm, turned.short_mm) == (7.0, 5.0)
    bench.hands.key("]")
    assert panel._screen_angle(panel.model.movable()) == pytest.approx(26.0)
    bench.hands.key("Return")
    assert panel.model.current is None


def test_masks_step_back_while_the_rectangle_is_in_hand(bench):
    image = next(image for image in bench.desk.images() if image.label == "T2")
    body = np.zeros(image.series.grid.shape, dtype=bool)
    body[4, 60:80, 40:60] = True
    bench.desk.reading.set_masks(bench.desk.stage, image.id, body, body)
    model = bench.front("Lesion extent").model
    assert model.layers.lesion.visible
    assert len(model.sections()) == 3
    bench.front("ADC ROI")
    assert model.layers is None or not (model.layers.lesion.visible or model.layers.body.visible)
    assert model.sections() == ()
    bench.front("Lesion extent")
    assert model.layers.lesion.visible
    assert len(model.sections()) == 3
