"""A window of its own: what is in it, and what is left of it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_a_viewer_that_closes_is_gone_with_its_desk_and_a_second_one_is_another(make_napari_viewer, qtbot):
    from napari.layers import Image

    from napari_vcf.widgets.window.layout import arrange
    from support.synthetic_case import make_case

    first, second = (make_napari_viewer(show=True) for _ in range(2))
    arrangement, other = arrange(first), arrange(second)
    assert arrange(first) is arrangement
    assert other is not arrangement
    desk = arrangement.desk
    desk.open_case(make_case())
    assert arrangement.viewport.image_layer in first.layers
    # Neither sees the other's case.
    assert other.desk.reading is None
    assert not [layer for layer in second.layers if isinstance(layer, Image)]
    desk.saved = True
    first.close()
    qtbot.wait(50)
    assert desk.reading is None
    assert not first.layers
    # Closed, it is forgotten: the fixture fails where anything still holds on to a window.
    assert arrange(second) is other


def test_every_button_that_a_panel_makes_is_in_the_window(window):
    from qtpy.QtWidgets import QAbstractButton, QApplication

    lost = [
        widget.objectName()
        for widget in QApplication.allWidgets()
        if isinstance(widget, QAbstractButton) and widget.parent() is None
    ]
    assert lost == []
