"""The desk in a real window: what is shown, what the mouse does, what is put right, what is asked."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


def click_image(bench, label):
    from qtpy.QtWidgets import QAbstractButton

    bench.hands.press(bench.arrangement.bar.findChild(QAbstractButton, f"image_{label}"))


def shown(bench):
    return [layer.name for layer in bench.viewport.layers.images.values() if layer.visible]


def test_the_canvas_shows_the_image_that_is_clicked_and_no_other(bench):
    for label in ("ADC", "CT", "T2"):
        click_image(bench, label)
        assert shown(bench) == [label]
        assert bench.desk.image.label == label
        bench.settle()
        assert bench.viewport.viewer.screenshot(canvas_only=True, flash=False)[..., :3].std() > 5


def test_a_point_on_the_screen_is_the_point_in_the_patient(bench):
    from support.synthetic_case import CENTER

    bench.close_up()
    bench.hands.move_to(bench.world(0, 7.0, -9.0))
    readout = bench.arrangement.dressing.read(np.array(bench.viewport.viewer.cursor.position))
    np.testing.assert_allclose(readout.point_lps, np.add(CENTER, (0, 7.0, -9.0)), atol=0.2)
    volume = bench.desk.volume(bench.desk.image_id)
    column, row, slice_ = np.rint(volume.grid.to_index(readout.point_lps)).astype(int)
    assert readout.value == volume.data[slice_, row, column]


def test_the_wheel_steps_through_slices_and_with_ctrl_it_zooms_at_the_pointer(bench):
    before = bench.viewport.current_slice_mm
    bench.hands.scroll(2)
    assert bench.viewport.current_slice_mm == pytest.approx(before + 2 * 4.8)
    bench.hands.scroll(-50)
    assert bench.viewport.nearest_slice(bench.viewport.current_slice_mm) == 0
    bench.hands.scroll(1)
    place = bench.world(0, 20, 20)
    pixel, zoom = bench.hands.pixel(place), bench.viewport.viewer.scene.camera.zoom
    bench.hands.scroll(3, over=place, zoom=True)
    assert bench.viewport.nearest_slice(bench.viewport.current_slice_mm) == 1
    assert bench.viewport.viewer.scene.camera.zoom == pytest.approx(zoom * 1.15**3)
    assert bench.hands.pixel(place).x() == pytest.approx(pixel.x(), abs=1.5)


def test_stages_hide_what_they_must_not_show(bench):
    bench.hands.key("Alt+1")
    assert {image.label for image in bench.desk.images()} == {"CT"}
    assert shown(bench) == ["CT"]
    bench.hands.key("Alt+2")
    assert {image.label for image in bench.desk.images()} == {"T2", "ADC"}
    assert all(layer.name != "CT" for layer in bench.viewport.viewer.layers)
    bench.hands.key("Alt+3")
    assert {image.label for image in bench.desk.images()} == {"CT", "T2", "ADC"}


def test_layers_that_a_person_deletes_or_moves_come_back_to_their_place(bench):
    viewer = bench.viewport.viewer
    front = bench.viewport.image_layer
    viewer.layers.remove(front)
    bench.settle()
    assert front in viewer.layers
    front.name = "renamed"
    viewer.layers.move(viewer.layers.index(front), len(viewer.layers))
    bench.settle()
    images = [viewer.layers.index(layer) for layer in bench.viewport.layers.images.values()]
    assert max(images) == len(images) - 1
    click_image(bench, "ADC")
    assert shown(bench) == ["ADC"]


def test_ct_stays_in_its_own_space_until_a_registration_is_accepted(bench):
    from napari_vcf.geometry import RigidTransform
    from napari_vcf.registration import RegistrationResult
    from support.synthetic_case import CENTER

    reading = bench.desk.reading
    ct, t2 = bench.image("CT"), bench.image("T2")
    click_image(bench, "CT")
    assert (bench.viewport.view.space, bench.viewport.shown_on) == ("ct", None)
    motion = RigidTransform.from_rotation_vector((0, 0, 6), (4, -3, 9), center_lps=CENTER)
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=ct, mr_images=[t2], mr_point_lps=CENTER, ct_point_lps=CENTER,
        result=RegistrationResult("ok", "made so", motion, 1.0, 10.0, 6.0),
    )  # fmt: skip
    assert bench.viewport.view.space == "ct"
    panel = bench.front("Registration")
    bench.hands.press(panel.form.accept_button)
    assert (bench.viewport.view.space, bench.viewport.shown_on) == ("mr", t2)
    assert shown(bench) == ["CT (resliced)"]
    np.testing.assert_allclose(bench.viewport.to_lps(bench.viewport.to_world(CENTER, ct), ct), CENTER, atol=1e-9)
    np.testing.assert_allclose(
        bench.viewport.to_world(CENTER, ct), bench.viewport.to_world(motion.apply(CENTER), t2), atol=1e-9
    )
    bench.hands.key("Ctrl+Z")
    assert bench.viewport.view.space == "ct"


def test_the_centre_is_marked_with_one_click_on_each(bench):
    from support.synthetic_case import CENTER

    panel = bench.front("Registration")
    bench.hands.choose(panel.form.level["ct"], "L1")
    assert not panel.form.register_button.isEnabled()
    bench.hands.press(panel.form.mark_buttons["mr"])
    bench.hands.click_at(bench.world(0, 0, 0))
    assert panel.marking == "ct"
    bench.hands.click_at(bench.world(0, 2, 1, role="CT"))
    np.testing.assert_allclose(panel.marks["mr"], CENTER, atol=1.0)
    np.testing.assert_allclose(panel.marks["ct"], np.add(CENTER, (0, 2, 1)), atol=1.0)
    assert panel.form.register_button.isEnabled()
    bench.hands.choose(panel.form.level["ct"], "L2")
    assert not panel.form.register_button.isEnabled()
    assert "named L1 on MRI and L2 on CT" in panel.form.banner.text()


def test_an_error_goes_once_something_has_worked_since(bench):
    bar, desk = bench.arrangement.bar, bench.desk
    desk.guard(lambda: desk.reading.set_spine("X9"))
    assert bar.message.text()
    bench.settle()
    assert not bar.message.fading.isActive()
    desk.reading.set_spine("L2")
    assert bar.message.fading.isActive()


def test_an_existing_file_is_replaced_only_after_a_yes(bench, tmp_path, monkeypatch):
    from qtpy.QtWidgets import QMessageBox

    from napari_vcf.widgets.case.exporting import write_export

    path = tmp_path / "C001_R1.json"
    path.write_text("mine")
    monkeypatch.setattr(
        "napari_vcf.reading.reading.export_reading", lambda _r, p, *, overwrite: p.write_text("new") and p
    )
    for answer, content in ((QMessageBox.StandardButton.No, "mine"), (QMessageBox.StandardButton.Yes, "new")):
        monkeypatch.setattr(QMessageBox, "question", lambda *_args, a=answer: a)
        assert bench.desk.unsaved
        write_export(bench.desk, bench.arrangement.main, bench.desk.reading, path)
        assert path.read_text() == content
    assert not bench.desk.unsaved


def test_closing_with_unsaved_work_asks_first(bench, monkeypatch):
    asked = []
    monkeypatch.setattr(bench.arrangement.closing, "may_close", lambda: bool(asked.append(True)))
    bench.arrangement.main.close()
    assert asked
    assert bench.arrangement.main.isVisible()


def test_no_key_is_bound_twice_and_every_key_has_a_sentence(bench):
    from napari_vcf.widgets.desk.shortcut_binding import ShortcutError

    keys = bench.viewport.keys.bindings
    assert all(len(binding.description) >= 4 for binding in keys)
    with pytest.raises(ShortcutError, match="taken"):
        bench.viewport.keys.bind("Ctrl+Z", lambda: None, "again")


def test_an_empty_folder_and_a_folder_of_text_leave_the_desk_as_it_was(bench, tmp_path):
    panel = bench.arrangement.case_panel
    bench.desk.saved = True
    reading = bench.desk.reading
    for text in (None, "no image"):
        if text is not None:
            (tmp_path / "notes.txt").write_text(text)
        panel.open_folder(tmp_path)
        bench.until(lambda: not panel.opener.running, seconds=20)
        assert panel.trouble.text()
        assert bench.said[-1][0] == "error"
        assert bench.desk.reading is reading


def test_the_checkerboard_shows_ct_and_mri_in_turn_until_the_decision(bench):
    from napari_vcf.geometry import RigidTransform
    from napari_vcf.registration import RegistrationResult
    from support.synthetic_case import CENTER

    reading = bench.desk.reading
    ct, t2 = bench.image("CT"), bench.image("T2")
    panel = bench.front("Registration")
    assert not panel.form.checkerboard.isEnabled()
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=ct, mr_images=[t2], mr_point_lps=CENTER, ct_point_lps=CENTER,
        result=RegistrationResult("ok", "made so", RigidTransform.identity(), 1.0, 0.0, 0.0),
    )  # fmt: skip
    click_image(bench, "T2")
    bench.close_up()

    def canvas():
        bench.settle()
        return np.asarray(bench.viewport.viewer.screenshot(canvas_only=True, flash=False)[..., :3], dtype=float)

    mri = canvas()
    bench.hands.key("K")
    assert panel.form.checkerboard.isChecked()
    mixed = canvas()
    layer = bench.viewport.layers.image("checkerboard")
    plane = np.asarray(layer.data[bench.viewport.nearest_slice(bench.viewport.current_slice_mm)])
    assert np.isfinite(plane).all()
    squares = plane < layer.contrast_limits[0]
    assert 0.3 < squares.mean() < 0.7
    # The MRI stays as it was in the squares between, and is covered in the others.
    same = np.abs(mixed - mri).max(axis=-1) < 3
    assert 0.2 < same.mean() < 0.9
    assert "CT checkerboard" in shown(bench)
    bench.hands.press(panel.form.accept_button)
    assert not panel.form.checkerboard.isChecked()
    assert "CT checkerboard" not in shown(bench)


def test_every_control_names_a_key_that_does_it(bench):
    import re

    from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider

    # Asked once where a file does not tell, and what stops work that runs by itself: reached by Tab.
    without = {"role", "adc_unit", "counted_mr", "counted_ct", "cancel_open", "cancel_register", "cancel_dicom"}
    arrangement = bench.arrangement
    for owner in (arrangement.bar, *arrangement.panels.values()):
        for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QSlider):
            for control in owner.findChildren(kind):
                name = control.objectName()
                if name and name not in without and not name.startswith("qt_") and "__" not in name:
                    assert re.search(r"\[.+\]", control.toolTip()), f"{owner.objectName()}: {name}"


def test_a_case_is_named_measured_and_fused_by_keys(bench):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    desk, hands = bench.desk, bench.hands
    stage = lambda: desk.reading.state.stages[desk.stage]  # noqa: E731
    while desk.reading.can_undo:
        hands.key("Ctrl+Z")
    panel = bench.front("Calipers")
    hands.key("N")
    bench.settle()
    popup = QApplication.activePopupWidget()
    QTest.keyClicks(popup.focusWidget() or popup, "L2")
    QTest.keyClick(popup.focusWidget() or popup, Qt.Key.Key_Return)
    bench.settle()
    assert desk.reading.state.spine.fractured == "L2"
    hands.key("U")
    for _ in range(2):
        hands.key("D")
    assert stage().references == {"L1": "intact", "L3": "not_intact"}
    hands.key("5")
    assert panel.target() == ("L2", "middle")
    hands.key("7")
    assert panel.target() == ("L1", "anterior")

    bench.front("Lesion extent")
    hands.key("3")
    assert stage().answers["lesion_extent_visual"].value == "G3"
    # In the form the same keys answer the item in focus, and no other panel's.
    bench.front("Findings")
    hands.key("N")
    hands.key("3")
    assert stage().answers["lesion_extent_visual"].value == "G3"
    assert stage().references == {"L1": "intact", "L3": "not_intact"}

    hands.key(".")
    before = bench.viewport.overlaid
    assert before is not None
    hands.key(",")
    assert bench.viewport.overlaid == (before[0], pytest.approx(before[1] - 0.1))


def test_the_list_of_keys_tells_what_a_key_does_in_each_panel(bench):
    dialog = bench.arrangement.keys_dialog
    text = dialog._html()
    for heading in ("In Calipers", "In Lesion extent", "In ADC ROI", "In Findings", "In Registration"):
        assert heading in text
    assert "Smaller brush or limit" in text
    assert "Turn it to the left by 1°" in text


def test_file_open_sample_begins_the_sample_case_and_leaves_nothing_else(bench, monkeypatch):
    viewer = bench.viewport.viewer
    begun, said = [], []
    monkeypatch.setattr(bench.arrangement.case_panel, "open_sample", lambda: begun.append(True))
    monkeypatch.setattr("napari.utils.notifications.notification_manager.dispatch", said.append)
    before = [layer.name for layer in viewer.layers]
    viewer.open_sample("napari-vcf", "vertebral_compression_fracture")
    bench.settle()
    assert begun == [True]
    assert [layer.name for layer in viewer.layers] == before
    assert said == []


def test_a_folder_opens_by_the_name_of_the_plugin(bench, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(bench.arrangement.case_panel, "open_folder", opened.append)
    (tmp_path / "IM0001").write_bytes(b"image")
    bench.viewport.viewer.open(str(tmp_path), plugin="napari-vcf")
    assert opened == [tmp_path]


def test_the_next_case_is_seen_in_its_own_place_window_and_name_and_nothing_of_the_last_one_stays(bench):
    from support.synthetic_case import make_case

    click_image(bench, "CT")
    click_image(bench, "T2")
    last = bench.viewport.image_layer
    kept = [np.asarray(layer.data) for layer in bench.viewport.layers.images.values()]
    bench.desk.saved = True
    bench.open(make_case())
    layer, image = bench.viewport.image_layer, bench.desk.image
    assert shown(bench) == [image.label] == [layer.name]
    volume = bench.desk.volume(image.id)
    assert not any(np.shares_memory(np.asarray(layer.data), data) for data in kept)
    assert np.shares_memory(np.asarray(layer.data), volume.data)
    assert tuple(layer.contrast_limits) == pytest.approx(bench.desk.windows.of(image.id))
    center = volume.grid.center_lps
    row, column = np.rint(layer.world_to_data(bench.viewport.to_world(center))).astype(int)[1:]
    number, middle = bench.viewport.slices.index, volume.grid.to_index(center)
    assert (column, row) == tuple(np.rint(middle[:2]).astype(int))
    assert layer.data[number].shape == volume.data.shape[1:]
    images = [known for known in bench.viewport.viewer.layers if known in bench.viewport.layers.images.values()]
    assert images == [layer]
    # And it stays where it is.
    layer.translate = np.asarray(layer.translate) + 5
    assert np.allclose(layer.world_to_data(bench.viewport.to_world(center))[1:], (row, column), atol=0.51)
    assert last is layer or last not in bench.viewport.viewer.layers


def test_what_a_hand_did_to_the_layer_of_one_case_does_not_reach_the_next(bench):
    from support.synthetic_case import make_case

    bench.viewport.image_layer.gamma = 0.3
    bench.desk.saved = True
    bench.open(make_case())
    assert bench.viewport.image_layer.gamma == 1.0
