"""A window of its own: what is in it, and what is left of it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_a_viewer_that_closes_is_gone_with_its_desk_and_a_second_one_is_another(own_window, qtbot):
    from napari.layers import Image

    from napari_vcf.widgets.window.arrangement import arrange
    from support.synthetic_case import make_case

    first, second = own_window(), own_window()
    assert second is not first
    assert arrange(second.viewport.viewer) is second
    desk, viewer = first.desk, first.viewport.viewer
    desk.open_case(make_case())
    assert first.viewport.image_layer in viewer.layers
    # Neither sees the other's case.
    assert second.desk.reading is None
    assert not [layer for layer in second.viewport.viewer.layers if isinstance(layer, Image)]
    desk.saved = True
    viewer.close()
    qtbot.wait(10)
    assert desk.reading is None
    # What was drawn is not put back into a window that is gone.
    assert not viewer.layers
    assert arrange(second.viewport.viewer) is second


def test_what_lay_over_the_canvas_is_asked_nothing_once_it_is_gone(own_window, qtbot):
    from napari_vcf.widgets.desk.screen_boxes import written_boxes

    arrangement = own_window()
    before = len(written_boxes(arrangement.viewport, 1.0))
    gone = []
    arrangement.title.destroyed.connect(lambda: gone.append(True))
    arrangement.title.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))
    assert len(written_boxes(arrangement.viewport, 1.0)) == before - 1


def test_every_button_that_a_panel_makes_is_in_the_window(window):
    from qtpy.QtWidgets import QAbstractButton, QApplication

    lost = [
        widget.objectName()
        for widget in QApplication.allWidgets()
        if isinstance(widget, QAbstractButton) and widget.parent() is None
    ]
    assert lost == []
