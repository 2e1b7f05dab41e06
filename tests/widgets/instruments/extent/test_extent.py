"""The painter, worked with the mouse and the keys of a real window."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(bench):
    panel = bench.front("Lesion extent")
    bench.close_up()
    return panel


def outline(bench, slice_lps, half_mm=(15.0, 11.0)):
    """Outline a box of the body with four clicks and Enter."""
    across, up = half_mm
    bench.viewport.go_to_slice(float(bench.world(slice_lps, 0, 0)[0]))
    for y, z in ((-across, up), (across, up), (across, -up), (-across, -up)):
        bench.hands.click_at(bench.world(slice_lps, y, z))
    bench.hands.key("Return")


def body_and_lesion(bench):
    from napari_vcf.reading.masks import decode_mask

    masks = bench.desk.reading.state.stages[bench.desk.stage].masks
    return tuple(decode_mask(mask, masks.grid.shape) for mask in (masks.body, masks.lesion))


def text(panel, name):
    from qtpy.QtWidgets import QLabel

    return panel.findChild(QLabel, name).text()


def test_body_from_outlines_lesion_inside_it_and_the_eye_before_the_measure(bench, panel):
    hands = bench.hands
    outline(bench, 9.6)
    outline(bench, -9.6)
    body, lesion = body_and_lesion(bench)
    assert np.flatnonzero(body.any(axis=(1, 2))).tolist() == [2, 3, 4, 5, 6]
    pixel_mm2 = 0.9 * 1.2
    areas = body.sum(axis=(1, 2))[2:7] * pixel_mm2
    assert areas == pytest.approx([30 * 22] * 5, rel=0.06)
    assert not lesion.any()

    # The middle one was on the screen before, but not with what was filled there.
    assert "3</b> of 5 body slices not yet looked at" in text(panel, "unseen")
    for _ in range(3):
        hands.key("U")
    assert "All 5" in text(panel, "unseen")
    assert "2</b> beyond the outermost outlines not yet" in text(panel, "unseen")
    hands.key("U")
    hands.key("U")
    assert text(panel, "unseen") == "All 5 body slices looked at"

    bench.viewport.go_to_slice(float(bench.world(0, 0, 0)[0]))
    hands.key("L")
    hands.drag([bench.world(0, -30, 20), bench.world(0, 0, 0), bench.world(0, 30, -20)], step_px=30)
    painted, lesion = body_and_lesion(bench)
    assert np.array_equal(painted, body)
    assert lesion[4].any()
    assert not (lesion & ~body).any()
    assert not lesion[[0, 1, 2, 3, 5, 6, 7, 8]].any()

    assert "Hidden" in text(panel, "result")
    assert text(panel, "details") == ""
    hands.press(panel.button("visual_G4"))
    extent = bench.desk.reading.results(bench.desk.stage).extent
    assert extent.grade == "G1"
    assert f"{100 * extent.fraction:.1f} %" in text(panel, "result")
    assert f"{extent.lesion_cm3:.2f} cm³" in text(panel, "details")
    assert "differ" in text(panel, "differ")

    hands.key("Ctrl+Z")
    hands.key("Ctrl+Z")
    assert not body_and_lesion(bench)[1].any()
    assert not (panel.model.layers.masks()[1]).any()
    hands.key("Ctrl+Shift+Z")
    assert np.array_equal(panel.model.layers.masks()[1], lesion)


def test_a_body_without_lesion_is_shown_without_a_grade_until_the_pattern_says_that_there_is_none(bench, panel):
    reading, stage = bench.desk.reading, bench.desk.stage
    assert reading.protocol.asks(stage, "lesion_pattern")
    outline(bench, 0.0)
    bench.hands.press(panel.button("visual_G1"))
    assert "not graded" in text(panel, "result")
    assert "G1" not in text(panel, "result")
    reading.answer(stage, "lesion_pattern", "none")
    bench.settle()
    assert "which is G1" in text(panel, "result")


def test_nothing_in_naparis_own_controls_lets_the_brush_out_of_the_body(bench, panel):
    outline(bench, 0.0)
    layers = panel.model.layers
    bench.hands.key("L")
    layers.lesion.preserve_labels = False
    layers.lesion.selected_label = 7
    layers.body.selected_label = 3
    assert layers.lesion.preserve_labels
    assert (layers.lesion.selected_label, layers.body.selected_label) == (1, 1)
    layers.lesion.mode = "fill"
    assert str(layers.lesion.mode) == "pan_zoom"
    bench.hands.key("L")
    body, _ = body_and_lesion(bench)
    bench.hands.drag([bench.world(0, -25, 0), bench.world(0, 25, 0)], step_px=30)
    assert not (body_and_lesion(bench)[1] & ~body).any()
    assert body_and_lesion(bench)[1].any()

    painted = body_and_lesion(bench)[1]
    layers.lesion.undo()
    bench.settle()
    assert not body_and_lesion(bench)[1].any()
    layers.lesion.redo()
    bench.settle()
    assert np.array_equal(body_and_lesion(bench)[1], painted)


def test_what_is_taken_from_the_body_is_taken_from_the_lesion(bench, panel):
    outline(bench, 0.0)
    bench.hands.key("L")
    bench.hands.drag([bench.world(0, -10, 0), bench.world(0, 10, 0)], step_px=30)
    body, lesion = body_and_lesion(bench)
    bench.hands.key("Shift+B")
    bench.hands.drag([bench.world(0, 0, 14), bench.world(0, 0, -14)], step_px=30)
    smaller, left = body_and_lesion(bench)
    assert smaller.sum() < body.sum()
    assert np.array_equal(left, lesion & smaller)
    assert left.sum() < lesion.sum()
    assert np.array_equal(panel.model.layers.masks()[1], left)


def test_a_half_drawn_outline_is_dropped_by_escape_and_by_another_panel(bench, panel):
    bench.hands.click_at(bench.world(0, -10, 10))
    bench.hands.click_at(bench.world(0, 10, 10))
    bench.hands.key("Esc")
    assert not panel.outline.points
    bench.hands.click_at(bench.world(0, -10, 10))
    bench.front("Calipers")
    assert not panel.outline.points
    assert bench.desk.reading.state.stages[bench.desk.stage].masks is None


def test_the_body_begins_with_the_calipers_and_a_lesion_may_be_outlined_in_it(bench, panel):
    bench.hands.key("C")
    assert bench.desk.reading.state.stages[bench.desk.stage].masks is None
    assert any("height" in sentence for _, sentence in bench.said)
    t2 = bench.image("T2")
    for position, y, half in (("anterior", -14, 8), ("middle", 0, 9), ("posterior", 14, 11)):
        start, end = bench.viewport.to_lps([bench.world(0, y, half), bench.world(0, y, -half)], t2)
        bench.desk.reading.place_caliper(
            stage=bench.desk.stage, level="L1", position=position, image=t2, start_lps=start, end_lps=end
        )
    bench.hands.press(panel.button("from_calipers"))
    body, lesion = body_and_lesion(bench)
    assert np.flatnonzero(body.any(axis=(1, 2))).tolist() == [4]
    # Two trapezia, 14 mm wide each.
    assert body.sum() * 0.9 * 1.2 == pytest.approx(14 * (16 + 18) / 2 + 14 * (18 + 22) / 2, rel=0.05)

    bench.hands.key("Shift+L")
    for y, z in ((0, 5), (40, 5), (40, -5), (0, -5)):
        bench.hands.click_at(bench.world(0, y, z))
    bench.hands.key("Return")
    same, lesion = body_and_lesion(bench)
    assert np.array_equal(same, body)
    assert not (lesion & ~body).any()
    assert lesion.sum() * 0.9 * 1.2 == pytest.approx(14 * 10, rel=0.12)
    bench.hands.key("Ctrl+Z")
    assert not body_and_lesion(bench)[1].any()


def test_the_share_follows_the_brush_before_it_is_lifted(bench, panel):
    from qtpy.QtCore import QEvent

    outline(bench, 0.0)
    bench.hands.press(panel.button("visual_G1"))
    bench.hands.key("L")
    assert text(panel, "result").startswith("No lesion painted")
    assert "%" not in text(panel, "result")
    hands, places = bench.hands, [bench.hands.pixel(bench.world(0, y, 0)) for y in np.linspace(-10, 10, 12)]
    hands._mouse(QEvent.Type.MouseButtonPress, places[0], down=True)
    for place in places[1:]:
        hands._mouse(QEvent.Type.MouseMove, place, down=True)
    bench.settle()
    during = text(panel, "result")
    assert bench.desk.reading.results(bench.desk.stage).painted.lesion_voxels == 0
    live = panel.model.live_extent()
    hands._mouse(QEvent.Type.MouseButtonRelease, places[-1], down=False)
    bench.settle()
    extent = bench.desk.reading.results(bench.desk.stage).extent
    assert extent.lesion_voxels > 0
    # The text may be one frame behind the hand, the count never is.
    assert live == extent
    assert "%" in during
    assert " 0.0 %" not in during.replace("&nbsp;", " ")


def test_lesion_by_threshold_against_a_tissue_that_is_clicked(bench, panel):
    outline(bench, 9.6, half_mm=(25.0, 11.0))
    outline(bench, -9.6, half_mm=(25.0, 11.0))
    body, _ = body_and_lesion(bench)
    values = bench.desk.volume(bench.image("T2")).data
    bench.viewport.go_to_slice(float(bench.world(0, 0, 0)[0]))
    hands, changes = bench.hands, len(bench.desk.reading.log)

    hands.key("H")
    hands.key("Return")
    assert any("Click muscle" in sentence for _, sentence in bench.said)
    hands.click_at(bench.world(0, 38, 0))
    assert "100 % of muscle" in text(panel, "guide")
    for _ in range(4):
        hands.key("[")
    bench.settle()
    limit = 0.8 * panel.threshold.signal.mean
    assert panel.threshold.signal.mean == pytest.approx(900, rel=0.05)
    # What is only shown is neither lesion nor in the record, even while the slices go by.
    bench.until(lambda: np.array_equal(panel.model.layers.lesion.data == 2, body & (values < limit)))
    bench.viewport.step_slice(1)
    bench.viewport.step_slice(-1)
    bench.settle()
    assert not panel.model.layers.masks()[1].any()
    assert len(bench.desk.reading.log) == changes

    hands.key("G")
    hands.key("Return")
    assert len(bench.desk.reading.log) == changes + 1
    lesion = body_and_lesion(bench)[1]
    assert np.flatnonzero(lesion.any(axis=(1, 2))).tolist() == [4]
    hands.key("G")
    hands.key("Return")
    assert np.array_equal(body_and_lesion(bench)[1], body & (values < limit))
    entries = bench.desk.reading.state.stages[bench.desk.stage].masks.thresholds
    assert [(entry.tissue, entry.side, entry.factor, len(entry.slices)) for entry in entries] == [
        ("muscle", "darker", 0.8, 1),
        ("muscle", "darker", 0.8, 5),
    ]
    # Nothing of it gives the share away before the reader has estimated it.
    assert "Hidden" in text(panel, "result")
    hands.key("Ctrl+Z")
    assert np.array_equal(body_and_lesion(bench)[1], lesion)

    # In the body, nothing can be a reference; the tool is laid down without a trace.
    hands.key("T")
    hands.click_at(bench.world(0, 0, 0))
    hands.key("Return")
    assert any("cannot be compared with itself" in sentence for _, sentence in bench.said)
    hands.key("L")
    bench.settle()
    assert not (panel.model.layers.lesion.data == 2).any()
    assert not panel.threshold.isVisible()


def fast_freehand(bench, corners):
    """Go from corner to corner with the button down, faster than the canvas takes moves."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    canvas = bench.hands.canvas

    def send(kind, world, *, down):
        place = bench.hands.pixel(world)
        moved = kind == QEvent.Type.MouseMove
        event = QMouseEvent(
            kind,
            place,
            QPointF(canvas.mapToGlobal(place.toPoint())),
            Qt.MouseButton.NoButton if moved else Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton if down else Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(canvas, event)

    send(QEvent.Type.MouseButtonPress, corners[0], down=True)
    for corner in corners[1:]:
        send(QEvent.Type.MouseMove, corner, down=True)
    send(QEvent.Type.MouseButtonRelease, corners[-1], down=False)
    bench.settle()


def test_a_freehand_line_keeps_every_corner_however_fast_it_is_drawn(bench, panel):
    corners = [bench.world(0, y, z) for y, z in ((-15, 11), (15, 11), (15, -11), (-15, -11))]
    fast_freehand(bench, [*corners, bench.world(0, -15, 0)])
    points = np.stack(panel.outline.points)
    for corner in corners:
        assert np.linalg.norm(points[:, 1:] - corner[1:], axis=1).min() < 0.2
    # A step back takes the whole line, and not a point of hundreds.
    bench.hands.key("Backspace")
    assert not panel.outline.points
    fast_freehand(bench, [*corners, corners[0]])
    assert not panel.outline.points
    body, _ = body_and_lesion(bench)
    assert body.sum() * 0.9 * 1.2 == pytest.approx(30 * 22, rel=0.06)


def test_half_an_outline_stays_on_its_slice_through_scrolling_and_another_image(bench, panel):
    hands, viewport = bench.hands, bench.viewport
    for y, z in ((-15, 11), (15, 11), (15, -11)):
        hands.click_at(bench.world(0, y, z))
    drawn = np.stack(panel.outline.points)
    here = viewport.current_slice_mm
    hands.key("PgDown")
    bench.settle()
    assert viewport.current_slice_mm != here
    assert not panel.outline.points
    assert "half drawn on slice" in text(panel, "guide")
    # On this slice another one begins, and the first is not touched.
    hands.click_at([viewport.current_slice_mm, *bench.world(0, 0, 0)[1:]])
    hands.key("Esc")
    bench.desk.show(bench.image("ADC"))
    bench.settle()
    assert not panel.outline.points
    bench.desk.show(bench.image("T2"))
    viewport.go_to_slice(here)
    bench.settle()
    assert np.allclose(np.stack(panel.outline.points), drawn, atol=1e-6)
    hands.click_at(bench.world(0, -15, -11))
    hands.key("Return")
    body, _ = body_and_lesion(bench)
    assert np.flatnonzero(body.any(axis=(1, 2))).tolist() == [4]
    assert not panel.outline.points


def test_nothing_of_a_threshold_or_of_half_an_outline_is_seen_in_another_stage(bench, panel):
    desk, hands = bench.desk, bench.hands
    desk.set_stage("mri")
    bench.settle()
    desk.show(bench.image("T2"))
    bench.close_up()
    hands.click_at(bench.world(0, 0, 8))
    assert panel.outline.points
    hands.key("Esc")
    outline(bench, 0.0)
    hands.key("H")
    panel.threshold.choose("disc")
    hands.click_at(bench.world(0, 0, 0))
    panel.threshold.step(10)
    bench.until(lambda: (panel.model.layers._lesion == 2).any())
    limit = panel.threshold.factor
    assert panel.threshold.signal is not None
    assert "looked at" in text(panel, "unseen")

    desk.set_stage("combined")
    bench.settle()
    desk.show(bench.image("T2"))
    bench.close_up()
    assert panel.mode == "outline"
    assert panel.threshold.signal is None
    assert panel.threshold.factor != limit
    assert panel.threshold.tissue == "muscle"
    assert text(panel, "threshold_says") == ""
    assert not (panel.model.layers._lesion == 2).any()
    assert not panel.outline.points
    assert text(panel, "unseen") == ""
    # What was looked at for the other stage was not looked at for this one.
    outline(bench, 9.6)
    outline(bench, -9.6)
    assert "of 5 body slices not yet looked at" in text(panel, "unseen")

    desk.set_stage("mri")
    bench.settle()
    assert panel.threshold.signal is None
    assert not (panel.model.layers._lesion == 2).any()


def test_the_estimate_by_eye_tells_the_cuts_of_the_protocol_that_was_opened(bench, panel):
    from napari_vcf.reading import Protocol

    bench.open(bench.desk.case, protocol=Protocol(extent_cuts=("1/5", "2/5", "3/5")))
    assert all("G1 below 1/5" in widget.toolTip() for widget in panel._visual.values())
