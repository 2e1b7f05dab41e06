"""What stands on and beside the image: number of the slice, pseudonym."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_the_number_beside_napari_slider_is_that_of_the_title_and_may_be_typed(bench):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    own = bench.arrangement.slice_number
    for step in (0, 1, -3):
        bench.viewport.step_slice(step)
        assert f"slice {own.number.text()} {own.count.text()}," in bench.arrangement.title.text()
    for number in (1, 9, 4):
        own.number.setFocus()
        own.number.selectAll()
        QTest.keyClicks(own.number, str(number))
        QTest.keyClick(own.number, Qt.Key.Key_Return)
        assert f"slice {number} of 9," in bench.arrangement.title.text()
    assert own.number.isVisible()
    row = own.number.parent()
    assert not row.curslice_label.isVisible()


def test_the_pseudonym_of_the_case_stands_on_the_image(bench):
    assert bench.desk.case.pseudonym in bench.arrangement.title.text().splitlines()


def test_an_image_of_another_frame_says_so_until_it_is_joined(bench):
    from support.cases import memory_case

    desk = bench.desk
    desk.saved = True
    desk.open_case(memory_case(frame_of_reference_uid="1.2.3.9"))
    desk.set_stage("mri")
    adc, t2 = bench.image("ADC"), bench.image("T2")
    desk.show(adc)
    assert "another frame of reference" in bench.arrangement.title.text()
    desk.reading.set_spine("L1")
    desk.reading.join_frames(adc, t2, point_lps=(0, 0, 28), to_point_lps=(0, 0, 0))
    bench.until(lambda: "another frame of reference" not in bench.arrangement.title.text())


def test_what_was_said_of_a_stage_goes_with_it(bench):
    desk, message = bench.desk, bench.arrangement.bar.message
    desk.set_stage("mri")
    desk.message.emit("Every item of this stage is answered.", "info")
    desk.set_stage("ct")
    assert message.text() == ""
    # What the new stage itself has to say comes after.
    desk.set_stage("combined")
    assert "seen together now" in message.text()


def test_no_control_of_a_panel_is_left_out_of_the_window(bench):
    from qtpy.QtWidgets import QWidget

    left_out, seen = [], set()

    def look(thing, path: str) -> None:
        if id(thing) in seen:
            return
        seen.add(id(thing))
        for name, value in vars(thing).items():
            if isinstance(value, QWidget) and value.window() is not bench.arrangement.main:
                left_out.append(f"{path}.{name}")
            if type(value).__module__.startswith("napari_vcf.widgets.") and hasattr(value, "__dict__"):
                look(value, f"{path}.{name}")

    for name, panel in bench.arrangement.panels.items():
        look(panel, name)
    assert len(seen) > 50
    assert left_out == []


def test_width_and_level_are_typed_as_numbers_and_one_key_goes_back(bench):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    bench.desk.show(bench.image("CT"))
    row = bench.arrangement.bar.window_row
    bench.hands.key("Ctrl+L")
    for box, number, key in ((row.width_box, "400", Qt.Key.Key_Tab), (row.level_box, "50", Qt.Key.Key_Return)):
        assert box.hasFocus()
        QTest.keyClicks(box, number)
        QTest.keyClick(box, key)
    assert not row.level_box.hasFocus()
    assert bench.viewport.image_layer.contrast_limits == [-150.0, 250.0]
    # 50 and 400 are those of soft tissue.
    assert bench.arrangement.bar.window_preset.currentText() == "Soft tissue"
    bench.desk.set_window((-150.0, 333.0))
    assert (row.width_box.value(), row.level_box.value()) == (483.0, 92.0)
    assert bench.arrangement.bar.window_preset.currentText() == "By hand"
    bench.hands.key("Shift+W")
    assert bench.viewport.image_layer.colormap.name == "gray_r"
    bench.hands.key("Shift+R")
    assert bench.viewport.image_layer.contrast_limits == [-200.0, 600.0]
    assert bench.viewport.image_layer.colormap.name == "gray"


def test_a_window_is_never_without_width_however_far_it_is_stepped_down(bench):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    bench.desk.show(bench.image("CT"))
    row = bench.arrangement.bar.window_row
    bench.desk.set_window((9000.0, 9400.0))
    # Keys are the image's, unless the field has the keyboard.
    row.edit()
    for _ in range(80):
        QTest.keyClick(row.width_box, Qt.Key.Key_Down)
    low, high = bench.viewport.image_layer.contrast_limits
    assert high - low < 100.0
    assert low < 9200.0 < high
    row.width_box.setValue(0.0)
    low, high = bench.viewport.image_layer.contrast_limits
    assert low < 9200.0 < high
    assert row.width_box.value() > 0


def test_one_key_hides_all_drawings_everywhere_and_shows_again_what_would_be_seen(bench):
    from napari.layers import Labels, Shapes

    def drawn():
        return {
            layer.name for layer in bench.viewport.viewer.layers if isinstance(layer, Labels | Shapes) and layer.visible
        }

    bench.front("Calipers")
    bench.close_up()
    bench.hands.drag([bench.world(0, -15, 12), bench.world(0, -15, -12)], step_px=40)
    extent = bench.front("Lesion extent")
    bench.until(lambda: {"Calipers", "Vertebral body", "Lesion"} <= drawn())
    before = drawn()
    bench.hands.key("Q")
    assert not drawn()
    assert all(drawing.picture is None for drawing in bench.viewport.drawings)
    assert "drawings are hidden" in bench.arrangement.title.text()
    # What would appear meanwhile stays hidden as well.
    bench.viewport.step_slice(1)
    bench.viewport.step_slice(-1)
    bench.settle()
    assert not drawn()
    bench.hands.key("Q")
    assert drawn() == before
    # Masks that stepped back meanwhile do not come back with the rest.
    bench.hands.key("Q")
    extent.model.step_back(True)
    bench.hands.key("Q")
    assert drawn() == before - {"Vertebral body", "Lesion"}
    extent.model.step_back(False)
    assert drawn() == before


def test_letters_stand_at_the_sides_of_the_image_wherever_the_window_ends(bench):
    arrangement, canvas = bench.arrangement, bench.hands.canvas
    top, bottom, left, right = arrangement.letters.labels
    assert [label.text() for label in (top, bottom, left, right)] == ["S", "I", "A", "P"]
    size = arrangement.main.size()
    for width, height in ((1100, 760), (1400, 900)):
        arrangement.main.resize(width, height)
        bench.settle()
        middle = canvas.rect().center()
        assert top.isVisible()
        assert top.geometry().center().x() == pytest.approx(middle.x(), abs=2)
        assert top.y() < 20 < canvas.height() - 60 < bottom.y()
        assert bottom.geometry().bottom() < canvas.height()
        assert left.geometry().center().y() == pytest.approx(middle.y(), abs=2)
        assert left.x() < 20
        assert canvas.width() - 20 < right.geometry().right() < canvas.width()
    arrangement.main.resize(size)
    bench.desk.saved = True
    bench.desk.close()
    bench.settle()
    assert not any(label.isVisible() for label in arrangement.letters.labels)
