"""The boxes of the bar say what is chosen, or that it is cut."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_vcf.widgets.window.bar_controls import bar_box

pytestmark = pytest.mark.gui

PRESET = "ADC 0 to 2500"


@pytest.fixture
def box(qtbot):
    box = bar_box("preset", "Window")
    box.addItem(PRESET)
    qtbot.addWidget(box)
    box.show()
    return box


@pytest.mark.parametrize("theme", ["", "dark", "light"])
def test_a_box_with_room_says_the_whole(box, theme):
    from napari.qt import get_stylesheet

    box.setStyleSheet(get_stylesheet(theme) if theme else "")
    box.resize(box.sizeHint())
    assert box.text_in_room() == PRESET


@given(width=st.integers(62, 400))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_number_is_never_cut_to_another(box, width):
    box.resize(width, 22)
    said = box.text_in_room()
    assert said == PRESET or said.endswith("…")
    assert box.fontMetrics().horizontalAdvance(said) <= width
