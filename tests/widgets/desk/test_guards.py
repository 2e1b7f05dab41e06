"""What a hand may do by mistake while it works: nothing is lost, nothing is bent, nothing stays stuck."""

from __future__ import annotations

import numpy as np
import pytest

from support.window import turn_wheel

pytestmark = pytest.mark.gui


def stage(bench):
    return bench.desk.reading.state.stages[bench.desk.stage]


def leave_canvas(bench, start_world, way=(0, 4000)):
    """Press on the image, drag far out of the window, and let go there."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    canvas, place = bench.hands.canvas, bench.hands.pixel(start_world)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, point, button, held in (
        (QEvent.Type.MouseButtonPress, place, left, left),
        (QEvent.Type.MouseMove, place + QPointF(0, 40), none, left),
        (QEvent.Type.MouseMove, place + QPointF(*way), none, left),
        (QEvent.Type.MouseButtonRelease, place + QPointF(*way), left, none),
    ):
        where = QPointF(canvas.mapToGlobal(point.toPoint()))
        QApplication.sendEvent(canvas, QMouseEvent(kind, point, where, button, held, Qt.KeyboardModifier.NoModifier))
        bench.settle()


def test_a_drag_that_leaves_the_window_is_refused_and_the_next_one_works(bench):
    bench.front("Calipers")
    bench.close_up()
    leave_canvas(bench, bench.world(0, 0, 10))
    assert not stage(bench).calipers
    assert bench.said[-1][0] == "error"
    bench.hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=40)
    assert len(stage(bench).calipers) == 1

    panel = bench.front("ADC ROI")
    bench.close_up()
    middle = bench.world(0, 0, 0, role="ADC")
    bench.hands.click_at(middle)
    before = panel.model.movable()
    leave_canvas(bench, middle)
    after = panel.model.movable()
    np.testing.assert_allclose(after.center_lps, before.center_lps)
    assert panel.roi_tool.draft is None
    bench.hands.drag([middle, middle + np.array([0, 2, 0])], step_px=20)
    assert panel.model.movable().center_lps != pytest.approx(before.center_lps)


def test_undo_stops_at_the_start_and_redo_at_the_end(bench):
    bench.front("Calipers")
    bench.close_up()
    bench.hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=40)
    for _ in range(4):
        bench.hands.key("Ctrl+Z")
    assert not stage(bench).calipers
    assert bench.desk.reading.state.spine is None
    assert ("info", "There is nothing to undo.") in bench.said
    for _ in range(4):
        bench.hands.key("Ctrl+Shift+Z")
    assert len(stage(bench).calipers) == 1
    assert ("info", "There is nothing to undo.") in bench.said


@pytest.mark.slow
def test_half_done_work_ends_with_another_stage_panel_case_or_theme(bench):
    desk, hands, viewer = bench.desk, bench.hands, bench.viewport.viewer
    panel = bench.front("Calipers")
    bench.close_up()
    for interrupt in (
        lambda: hands.key("Alt+2"),
        lambda: hands.key("F4"),
        lambda: setattr(viewer, "theme", "light"),
        lambda: setattr(viewer, "theme", "dark"),
    ):
        hands.key("Alt+3")
        bench.front("Calipers")
        bench.close_up()
        hands.click_at(bench.world(0, 0, 10))
        assert panel.calipers.is_waiting
        interrupt()
        bench.settle()
        if panel.calipers.is_waiting:
            # A theme is no reason to lose a click: the second one still places the caliper.
            hands.click_at(bench.world(0, 0, -10))
            assert len(stage(bench).calipers) == 1
            hands.key("Ctrl+Z")
        assert not any(part.calipers for part in desk.reading.state.stages.values())

    # Three dimensions would be a projection under the title of a slice: the desk stays on its plane.
    viewer.dims.ndisplay = 3
    bench.settle()
    assert viewer.dims.ndisplay == 2


def test_the_desk_is_on_one_slice_again_where_a_strange_layer_fails_in_three_dimensions(bench):
    from napari.layers import Shapes

    class Failing(Shapes):
        def _set_view_slice(self) -> None:
            if self._slice_input.ndisplay == 3:
                raise ValueError("no three dimensions here")
            super()._set_view_slice()

    viewer = bench.viewport.viewer
    bench.settle()
    seen = viewer.screenshot(canvas_only=True, flash=False)
    strange = viewer.add_layer(Failing(ndim=3))
    with pytest.raises(ValueError, match="no three dimensions"):
        viewer.dims.ndisplay = 3
    bench.settle()
    assert viewer.dims.ndisplay == 2
    assert strange not in viewer.layers
    assert np.array_equal(viewer.screenshot(canvas_only=True, flash=False), seen)


def test_a_painted_layer_that_is_deleted_or_renamed_comes_back_with_the_record(bench):
    panel = bench.front("Lesion extent")
    bench.close_up()
    for y, z in ((-12, 9), (12, 9), (12, -9), (-12, -9)):
        bench.hands.click_at(bench.world(0, y, z))
    bench.hands.key("Return")
    state, layers = bench.desk.reading.state, panel.model.layers
    body = layers.masks()[0].copy()
    for layer in (layers.lesion, layers.body):
        bench.viewport.viewer.layers.remove(layer)
        bench.settle()
        assert layer in bench.viewport.viewer.layers
        layer.name = "mine"
    bench.hands.key("L")
    bench.hands.drag([bench.world(0, -6, 0), bench.world(0, 6, 0)], step_px=30)
    assert stage(bench).masks.lesion.voxels > 0
    bench.hands.key("Ctrl+Z")
    assert bench.desk.reading.state == state
    np.testing.assert_array_equal(layers.masks()[0], body)


def test_both_clicks_of_a_height_lie_on_one_slice_and_one_plane(bench):
    desk, hands = bench.desk, bench.hands
    panel = bench.front("Calipers")
    bench.close_up()
    hands.click_at(bench.world(0, 0, 10))
    hands.scroll(1)
    assert panel.calipers.draft is None
    hands.click_at(bench.world(0, 0, -10))
    assert not stage(bench).calipers
    assert panel.calipers.is_waiting, "the click on the other slice is the first one of a height there"
    assert "one slice" in bench.said[-1][1]
    hands.click_at(bench.world(0, 0, 10))
    ends = stage(bench).calipers[0]
    assert bench.viewport.on_current_slice(bench.viewport.to_world(ends.start_lps, ends.image))
    hands.key("Ctrl+Z")

    # On the CT's own plane the same point of the screen is another place of the patient.
    hands.click_at(bench.world(0, 0, 10))
    desk.show(bench.image("CT"))
    bench.settle()
    assert not panel.calipers.is_waiting


def test_what_escape_stops_in_the_middle_of_a_drag_is_not_placed(bench):
    from qtpy.QtCore import QEvent

    hands = bench.hands
    panel = bench.front("Calipers")
    bench.close_up()
    start, end = hands.pixel(bench.world(0, 0, 10)), hands.pixel(bench.world(0, 0, -10))
    hands._mouse(QEvent.Type.MouseButtonPress, start, down=True)
    hands._mouse(QEvent.Type.MouseMove, (start + end) / 2, down=True)
    assert panel.calipers.draft is not None
    hands.key("Esc")
    hands._mouse(QEvent.Type.MouseMove, end, down=True)
    hands._mouse(QEvent.Type.MouseButtonRelease, end, down=False)
    assert panel.calipers.draft is None
    assert not stage(bench).calipers


def test_an_end_nearby_does_not_take_the_click_for_the_next_vertebra(bench):
    bench.front("Calipers")
    bench.close_up(zoom=2.0)
    bench.hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=20)
    before = stage(bench).calipers[0]
    # Five millimetres of disc are ten pixels here.
    bench.hands.drag([bench.world(0, 0, -13.5), bench.world(0, 0, -33)], step_px=20)
    assert len(stage(bench).calipers) == 2
    assert stage(bench).calipers[0] == before


def test_undo_takes_half_done_work_back_first_and_says_what_it_took(bench):
    hands = bench.hands
    bench.front("Calipers")
    bench.close_up()
    hands.drag([bench.world(0, 0, 10), bench.world(0, 0, -10)], step_px=40)
    state = bench.desk.reading.state
    hands.click_at(bench.world(0, 10, 10))
    hands.key("Ctrl+Z")
    assert bench.desk.reading.state is state
    panel = bench.front("Lesion extent")
    for point in ((-12, 9), (12, 9), (12, -9)):
        hands.click_at(bench.world(0, *point))
    hands.key("Ctrl+Z")
    assert len(panel.outline.points) == 2
    hands.key("Esc")
    hands.key("Ctrl+Z")
    assert not stage(bench).calipers
    assert bench.said[-1] == ("info", "Taken back: anterior height of L1.")
    hands.key("Alt+2")
    hands.key("Ctrl+Shift+Z")
    assert bench.said[-1] == ("info", "Made again: anterior height of L1 (stage CT + MRI).")


def test_the_list_of_what_is_missing_is_up_to_date_when_its_tab_comes_back(bench):
    panel = bench.front("Case")
    assert "Verdict" in panel.missing.text()
    bench.hands.key("F3")
    bench.settle()
    bench.desk.reading.answer(bench.desk.stage, "verdict", "benign")
    bench.hands.key("F1")
    bench.settle()
    assert "Verdict" not in panel.missing.text()
    assert "Confidence" in panel.missing.text()


def test_an_image_stays_in_its_place_whatever_is_done_to_its_layer(bench):
    viewer, hands = bench.viewport.viewer, bench.hands
    panel = bench.front("Lesion extent")
    bench.close_up()
    image = bench.viewport.image_layer
    place = image.scale.copy(), image.translate.copy(), image.affine.affine_matrix.copy()
    bench.front("Findings")
    viewer.layers.selection.active = image
    image.mode = "transform"
    assert str(image.mode) == "pan_zoom"
    hands.drag([bench.world(0, 0, 0), bench.world(0, 5, 5)], step_px=30)
    image.translate = image.translate + 7.0
    image.scale = image.scale * 1.5
    image.rotate = 30.0
    image.affine = np.diag([1.0, 1.0, 1.2, 1.0])
    for held, now in zip(place, (image.scale, image.translate, image.affine.affine_matrix), strict=True):
        np.testing.assert_allclose(now, held)
    body = panel.model.layers.body
    held = body.translate.copy()
    body.translate = held + 3.0
    np.testing.assert_allclose(body.translate, held)
    # Nor is the plane turned under the letters and the instruments.
    viewer.dims.order = (2, 0, 1)
    assert tuple(viewer.dims.order) == (0, 1, 2)


def test_a_wheel_over_a_box_answers_nothing(bench):
    from qtpy.QtWidgets import QComboBox

    for name in ("Calipers", "Registration", "Case", "ADC ROI"):
        panel = bench.front(name)
        for box in panel.findChildren(QComboBox):
            if not (box.isVisible() and box.isEnabled()):
                continue
            state, shown = bench.desk.reading.state, box.currentIndex()
            turn_wheel(box)
            bench.settle()
            assert bench.desk.reading.state is state, box.objectName()
            assert box.currentIndex() == shown, box.objectName()


def test_a_layer_of_more_axes_leaves_slices_and_millimetres_as_they_are(bench):
    hands = bench.hands
    bench.front("Calipers")
    bench.close_up()
    slice_of = bench.viewport.nearest_slice
    before = slice_of(bench.viewport.current_slice_mm)
    foreign = bench.viewport.viewer.add_image(np.zeros((3, 4, 8, 8)), name="foreign", visible=False)
    try:
        assert bench.viewport.viewer.dims.ndim == 4
        assert slice_of(bench.viewport.current_slice_mm) == before
        bench.viewport.go_to_slice(float(bench.viewport.view.positions_mm[before + 1]))
        position = bench.viewport.current_slice_mm
        assert slice_of(position) == before + 1
        # What is said is what is shown.
        assert round(bench.viewport.image_layer.world_to_data(bench.viewport.viewer.dims.point[-3:])[0]) == before + 1
        bench.viewport.viewer.dims.order = (0, 3, 1, 2)
        assert tuple(bench.viewport.viewer.dims.order) == (0, 1, 2, 3)
        here = bench.world(0, 0, 0)
        ends = [np.array([position, here[1] - 10, here[2]]), np.array([position, here[1] + 10, here[2]])]
        hands.drag(ends, step_px=30)
        (placed,) = stage(bench).calipers
        for end, wanted in zip((placed.start_lps, placed.end_lps), ends, strict=True):
            np.testing.assert_allclose(bench.viewport.to_world(end, placed.image), wanted, atol=0.6)
            assert bench.viewport.on_current_slice(bench.viewport.to_world(end, placed.image))
    finally:
        bench.viewport.viewer.layers.remove(foreign)


def menu_entry(bench, name):
    from qtpy.QtGui import QAction

    def entries(actions):
        for action in actions:
            menu = action.menu()
            if menu is not None:
                menu.aboutToShow.emit()
                yield from entries(menu.actions())
            elif isinstance(action, QAction):
                yield action

    return next(action for action in entries(bench.arrangement.main.menuBar().actions()) if action.objectName() == name)


@pytest.mark.parametrize(
    "entry", ["_image_from_clipboard", "new_layer.new_labels", "new_layer.new_points", "new_layer.new_shapes"]
)
def test_a_layer_of_napari_s_own_menus_is_taken_off_again_in_a_sentence(bench, entry):
    from qtpy.QtGui import QImage
    from qtpy.QtWidgets import QApplication

    picture = QImage(40, 30, QImage.Format.Format_RGB32)
    picture.fill(0xFF8040)
    QApplication.clipboard().setImage(picture)
    viewer = bench.viewport.viewer
    before = list(viewer.layers)
    bench.said.clear()
    menu_entry(bench, f"napari.window.file.{entry}").trigger()
    bench.settle()
    assert list(viewer.layers) == before
    assert viewer.layers.selection.active is bench.viewport.image_layer
    assert any(str(text).startswith("Taken off again: ") for _kind, text in bench.said)


@pytest.mark.parametrize("entry", ["new_points", "new_shapes"])
def test_a_new_layer_of_napari_s_own_fits_several_drawings_and_is_taken_off_again(bench, entry):
    viewer = bench.viewport.viewer
    drawings = [layer for layer in viewer.layers if layer.ndim == 2]
    assert len(drawings) > 1
    before = list(viewer.layers)
    viewer.layers.selection = set(drawings[:2])
    bench.said.clear()
    # A failure of the entry would be raised here.
    menu_entry(bench, f"napari.window.file.new_layer.{entry}").trigger()
    bench.settle()
    assert list(viewer.layers) == before
    assert any(str(text).startswith("Taken off again: ") for _kind, text in bench.said)


def test_the_brush_goes_on_where_it_was_after_a_stray_layer_has_gone(bench):
    bench.desk.set_stage("mri")
    extent = bench.front("Lesion extent")
    bench.hands.press(extent.button("mode_body_add"))
    viewer = bench.viewport.viewer
    painted = viewer.layers.selection.active
    assert painted is not bench.viewport.image_layer
    assert str(painted.mode) == "paint"
    viewer.add_labels(np.zeros((4, 4), dtype=int), name="stray")
    bench.settle()
    assert viewer.layers.selection.active is painted
    assert str(painted.mode) == "paint"


def test_the_bar_tells_no_place_of_an_image_that_is_not_there_any_more(bench):
    readout = bench.arrangement.bar.readout
    bench.viewport.go_to_slice(bench.viewport.current_slice_mm + 10)
    assert readout.text()
    bench.desk.saved = True
    bench.desk.close()
    bench.settle()
    assert readout.text() == ""


def test_an_image_is_not_blended_away_from_napari_s_own_controls(bench):
    for layer in (bench.viewport.image_layer, bench.viewport.viewer.layers["Calipers"]):
        made = layer.blending
        for blending in ("minimum", "multiplicative", "additive"):
            layer.blending = blending
            assert layer.blending == made
    shot = np.asarray(bench.viewport.viewer.screenshot(canvas_only=True, flash=False))
    assert shot[..., :3].std() > 10


def test_an_image_looks_as_before_after_a_window_in_which_nothing_could_be_told_apart(bench):
    layer, viewer = bench.viewport.image_layer, bench.viewport.viewer

    def picture():
        return np.asarray(viewer.screenshot(canvas_only=True, flash=False))

    usual, before = layer.contrast_limits, picture()
    # A hand types them into napari's own controls, or into the boxes of the bar.
    layer.contrast_limits = (1e7 - 1, 1e7)
    layer.contrast_limits = usual
    assert (picture() == before).all()
    bench.desk.set_window((1e7 - 1, 1e7))
    bench.desk.reset_window()
    assert (picture() == before).all()


def test_an_image_that_is_renamed_by_hand_keeps_its_name_and_its_title(bench):
    desk, viewport, title = bench.desk, bench.viewport, bench.arrangement.title
    desk.show(bench.image("T2"))
    desk.show(bench.image("ADC"))
    bench.settle()
    for name in ("T2", "CT", "x", ""):
        viewport.image_layer.name = name
        assert title.text().splitlines()[0] == "ADC"
        viewport.step_slice(1)
        assert title.text().splitlines()[0] == "ADC"
        bench.settle()
        assert viewport.image_layer.name == "ADC"
    desk.show(bench.image("T2"))
    assert viewport.image_layer.name == "T2"
    assert title.text().splitlines()[0] == "T2"


def test_notches_of_the_wheel_that_pile_up_are_gone_through_at_once_and_before_the_next_press(bench):
    viewport, canvas = bench.viewport, bench.hands.canvas
    viewport.slices.go_to(0)
    bench.settle()
    seen = []
    viewport.slice_changed.connect(seen.append)
    positions = viewport.view.positions_mm
    for _ in range(6):
        turn_wheel(canvas)
    turn_wheel(canvas, by=120)
    bench.settle()
    # The first is drawn at once, the others together.
    assert seen == [positions[1], positions[5]]
    assert viewport.slices.index == 5
    assert viewport.slice_text in bench.arrangement.title.text()
    # What waits is drawn before anything is pressed, and given up by whoever goes elsewhere.
    for _ in range(3):
        turn_wheel(canvas)
    leave_canvas(bench, bench.world(0, 0, 10), way=(0, 0))
    assert viewport.slices.index == 8
    for _ in range(3):
        turn_wheel(canvas)
    viewport.slices.go_to(2)
    bench.settle()
    assert viewport.slices.index == 2
    viewport.slice_changed.disconnect(seen.append)


@pytest.mark.parametrize("title", ["Calipers", "Lesion extent", "ADC ROI"])
def test_a_panel_says_where_its_measurement_is_not_asked(empty_bench, title):
    from qtpy.QtWidgets import QLabel

    from support.synthetic_case import make_case

    bench = empty_bench
    bench.open(make_case())
    bench.desk.reading.set_spine("L1")
    for stage, word in (("combined", True), ("mri", False)):
        bench.desk.set_stage(stage)
        panel = bench.front(title)
        bench.settle()
        assert ("does not ask for this" in panel.findChild(QLabel, "guide").text()) is word
