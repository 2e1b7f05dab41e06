"""The form, answered with the mouse and the keys of a real window."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(bench):
    return bench.front("Findings")


def answers(bench):
    return bench.desk.reading.state.stages[bench.desk.stage].answers


def test_nothing_is_chosen_before_the_reader_chooses(bench, panel):
    from qtpy.QtWidgets import QAbstractButton

    assert set(panel.rows) == set(bench.desk.reading.protocol.stage_items[bench.desk.stage])
    assert not any(button.isChecked() for button in panel.findChildren(QAbstractButton))
    assert not answers(bench)
    assert panel.rows["compression_degree"].findChildren(QAbstractButton, "compression_degree__I") == []


def test_a_click_answers_and_the_cross_takes_back(bench, panel):
    bench.hands.press(panel.button("lesion_pattern__entire"))
    assert answers(bench)["lesion_pattern"].value == "entire"
    bench.hands.press(panel.button("lesion_pattern__none"))
    assert answers(bench)["lesion_pattern"].value == "none"
    assert not panel.button("lesion_pattern__entire").isChecked()
    bench.hands.press(panel.button("lesion_pattern__withdraw"))
    assert "lesion_pattern" not in answers(bench)
    assert not panel.button("lesion_pattern__none").isChecked()


def test_the_form_is_answered_by_numbers(bench, panel):
    panel.rows["lesion_pattern"].setFocus()
    bench.hands.key("3")
    assert answers(bench)["lesion_pattern"].value == "uniform_infiltration"
    # The focus has gone on to the next item that is not answered.
    bench.hands.key("1")
    assert answers(bench)["lesion_location"].value == "adjacent_to_endplate"
    panel.rows["lesion_pattern"].setFocus()
    bench.hands.key("Backspace")
    assert "lesion_pattern" not in answers(bench)
    panel.rows["confidence"].setFocus()
    bench.hands.key("0")
    bench.hands.key("5")
    assert answers(bench)["confidence"].value == 5


def test_a_key_that_is_held_down_answers_one_item(bench, panel):
    from qtpy.QtCore import QEvent, Qt
    from qtpy.QtGui import QKeyEvent, QShortcut
    from qtpy.QtWidgets import QApplication

    panel.rows["lesion_pattern"].setFocus()
    bench.hands.key("1")
    assert list(answers(bench)) == ["lesion_pattern"]
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_1, Qt.KeyboardModifier.NoModifier, "1", True)
    row = panel.rows["lesion_location"]
    assert row.hasFocus()
    for _ in range(3):
        QApplication.sendEvent(QApplication.focusWidget(), held)
    assert list(answers(bench)) == ["lesion_pattern"]
    assert row.hasFocus()
    # Nor do the window's keys repeat themselves, but for those that go by steps.
    repeated = {s.key().toString() for s in panel.window().findChildren(QShortcut) if s.autoRepeat()}
    bound = {binding.key for binding in bench.viewport.keys.bindings}
    assert {"1", "Y", "Return", "S", "U", "Ctrl+Z"} <= bound
    steps = {"Left", "Right", "Up", "Down", "Shift+Left", "Shift+Right", "PgUp", "PgDown", "[", "]", ",", "."}
    assert repeated & bound == steps


def test_not_assessable_needs_a_reason(bench, panel):
    from qtpy.QtWidgets import QComboBox

    bench.hands.press(panel.button("enhancement__not_assessable"))
    reason = panel.findChild(QComboBox, "enhancement__reason")
    assert reason.isVisible()
    bench.hands.press(panel.button("enhancement__save"))
    assert "enhancement" not in answers(bench)
    assert bench.said
    bench.hands.type_into(reason.lineEdit(), "no contrast medium given")
    bench.hands.key("Return")
    assert answers(bench)["enhancement"].not_assessable == "no contrast medium given"
    assert not reason.isVisible()


def test_each_stage_has_its_own_answers(bench, panel):
    bench.hands.press(panel.button("verdict__benign"))
    stage = bench.desk.stage
    bench.desk.set_stage("mri")
    bench.settle()
    assert not panel.button("verdict__benign").isChecked()
    assert "cortical_destruction" not in panel.rows
    bench.hands.press(panel.button("verdict__malignant"))
    stages = bench.desk.reading.state.stages
    assert (stages[stage].answers["verdict"].value, stages["mri"].answers["verdict"].value) == ("benign", "malignant")
