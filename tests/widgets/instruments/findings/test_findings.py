"""The form, answered with the mouse and the keys of a real window."""

from __future__ import annotations

import gc

import pytest

from support.cases import asked_again
from support.synthetic_case import make_case

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(bench):
    found = bench.front("Findings")
    # A form that the test before has left further down would be moved by a key.
    found.area.verticalScrollBar().setValue(0)
    return found


def answers(bench):
    return bench.desk.reading.state.stages[bench.desk.stage].answers


def test_nothing_is_chosen_before_the_reader_chooses(bench, panel):
    from qtpy.QtWidgets import QAbstractButton

    assert tuple(panel.rows) == bench.desk.reading.asked(bench.desk.stage)
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
    panel.area.ensureWidgetVisible(panel.rows["confidence"])
    panel.rows["confidence"].setFocus()
    bench.hands.key("0")
    bench.hands.key("5")
    assert answers(bench)["confidence"].value == 5


def test_a_panel_that_goes_behind_another_takes_no_key_any_more(bench, panel):
    panel.rows["lesion_pattern"].setFocus()
    bench.front("Lesion extent")
    bench.hands.key("3")
    assert {key: answer.value for key, answer in answers(bench).items()} == {"lesion_extent_visual": "G3"}


@pytest.mark.parametrize("by", ["click", "wheel", "key"])
@pytest.mark.parametrize("focused", ["lesion_pattern", "lesion_pattern__reason"])
def test_whichever_way_another_panel_comes_forward_no_key_reaches_the_form_behind(bench, panel, focused, by):
    from qtpy.QtWidgets import QApplication

    from support.window import turn_wheel

    if focused.endswith("reason"):
        bench.hands.press(panel.button("lesion_pattern__not_assessable"))
    else:
        panel.rows["lesion_pattern"].setFocus()
    assert panel.isAncestorOf(QApplication.focusWidget())
    if by == "click":
        bench.click_tab("Lesion extent")
    elif by == "key":
        bench.hands.key("F4")
        bench.settle()
    else:
        bar, place = bench.tab("Findings")
        for _ in range(2):
            turn_wheel(bar, place, by=120)
        bench.settle()
    assert bench.arrangement.panels["Lesion extent"].in_hand
    for key in ("3", "Return", "Tab", "1"):
        bench.hands.key(key)
    assert {key: answer.value for key, answer in answers(bench).items()} == {"lesion_extent_visual": "G1"}


def test_tab_goes_past_the_panels_behind(bench, panel):
    from qtpy.QtWidgets import QApplication

    keys = list(panel.rows)
    for step, first, last in (("Tab", keys[0], keys[-1]), ("Shift+Tab", keys[-1], keys[0])):
        panel.rows[first].setFocus()
        seen = []
        for _ in range(80):
            bench.hands.key(step)
            seen.append(QApplication.focusWidget())
            for name, dock in bench.arrangement.docks.items():
                assert name == "Findings" or seen[-1] is None or not dock.isAncestorOf(seen[-1])
        # It went through the form and on.
        assert panel.rows[last] in seen[:-1], [widget and widget.objectName() for widget in seen]


def test_a_digit_that_answers_nothing_says_why(bench, panel):
    bench.arrangement.main.setFocus()
    for key in ("2", "0"):
        bench.hands.key(key)
        assert bench.said[-1] == ("info", "No item is in focus, so nothing was answered. N goes to the next item.")
    panel.rows["lesion_pattern"].setFocus()
    bench.hands.key("7")
    assert bench.said[-1] == ("info", "Pattern of the lesion has no such answer. N goes to the next item.")
    assert not answers(bench)


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

    bench.hands.press(panel.button("lesion_pattern__not_assessable"))
    reason = panel.findChild(QComboBox, "lesion_pattern__reason")
    assert reason.isVisible()
    bench.hands.press(panel.button("lesion_pattern__save"))
    assert "lesion_pattern" not in answers(bench)
    assert bench.said
    bench.hands.type_into(reason.lineEdit(), "artefact")
    bench.hands.key("Return")
    assert answers(bench)["lesion_pattern"].not_assessable == "artefact"
    assert not reason.isVisible()


def test_every_row_has_its_own_field_for_a_reason_however_often_the_form_is_built_anew(bench, panel):
    from qtpy.compat import isalive

    rows = []
    for _ in range(5):
        rows.append(list(panel.rows.values()))
        panel._build_rows()
        bench.settle()
        del rows[:-2]
        gc.collect(1)
        assert all(isalive(row._line) and row._reason.lineEdit() is row._line for row in panel.rows.values())
    bench.hands.press(panel.button("pedicle_invasion__not_assessable"))
    assert panel.rows["pedicle_invasion"]._line.isVisible()


def test_without_an_image_after_contrast_enhancement_is_no_item_and_the_form_says_why(bench, panel):
    from qtpy.QtWidgets import QLabel

    assert "enhancement" in bench.desk.reading.protocol.items_of(bench.desk.stage)
    assert "enhancement" not in panel.rows
    said = panel.findChild(QLabel, "not_asked")
    assert said.isVisible()
    assert said.text() == "Enhancement: not asked, no contrast-enhanced image."


def test_where_it_is_asked_in_every_case_two_keys_say_that_there_is_no_contrast(bench):
    bench.desk.saved = True
    bench.desk.open_case(make_case(), protocol=asked_again(ask_without_image=True))
    bench.desk.set_stage("mri")
    panel = bench.front("Findings")
    panel.rows["enhancement"].setFocus()
    bench.hands.key("0")
    assert "enhancement" not in answers(bench)
    bench.hands.key("Return")
    assert answers(bench)["enhancement"].not_assessable == "no contrast medium given"


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


def test_a_key_never_replaces_an_answer(bench, panel):
    bench.hands.press(panel.button("lesion_pattern__entire"))
    row = panel.rows["lesion_pattern"]
    # The row that was clicked is the one that the next key belongs to.
    assert row.hasFocus()
    for key in ("1", "0"):
        bench.hands.key(key)
        assert answers(bench)["lesion_pattern"].value == "entire"
        assert bench.said[-1] == (
            "warning",
            f"{row.item.label} is answered already: entire. Backspace takes it back; or click another answer.",
        )
    assert list(answers(bench)) == ["lesion_pattern"]
    bench.hands.key("Backspace")
    bench.hands.key("1")
    assert answers(bench)["lesion_pattern"].value == row.item.values[0]


def test_after_the_last_item_further_keys_change_nothing(bench, panel):
    reading, stage = bench.desk.reading, bench.desk.stage
    for key in reading.unanswered(stage):
        item = reading.protocol.form[key]
        if item.values:
            reading.answer(stage, key, item.values[0])
        else:
            reading.mark_not_assessable(stage, key, "artefact in the image")
    reading.withdraw_answer(stage, "confidence")
    bench.hands.wait(30)
    panel.area.ensureWidgetVisible(panel.rows["confidence"])
    panel.rows["confidence"].setFocus()
    for key in ("4", "2", "1"):
        bench.hands.key(key)
    assert answers(bench)["confidence"].value == 4
    assert all(
        a.value == reading.protocol.form[k].values[0]
        for k, a in answers(bench).items()
        if k != "confidence" and reading.protocol.form[k].values
    )


def test_an_answer_by_key_and_one_that_is_replaced_are_said(bench, panel):
    panel.rows["lesion_pattern"].setFocus()
    bench.hands.key("3")
    label = panel.rows["lesion_pattern"].item.label
    assert ("info", f"{label}: uniform infiltration.") in bench.said
    bench.hands.press(panel.button("lesion_pattern__none"))
    sentence = f"{label}: none instead of uniform infiltration. Ctrl+Z brings that back."
    assert bench.said[-1] == ("info", sentence)


def test_a_key_shows_a_row_that_is_out_of_sight_and_answers_nothing(bench, panel):
    row = panel.rows["confidence"]
    panel.area.verticalScrollBar().setValue(0)
    row.setFocus()
    bench.hands.wait(40)
    assert row.visibleRegion().isEmpty()
    bench.hands.key("5")
    assert not answers(bench)
    assert not row.visibleRegion().isEmpty()
    assert bench.said[-1][1].startswith("Confidence is the item in focus.")
    bench.hands.key("5")
    assert answers(bench)["confidence"].value == 5


def test_not_assessable_goes_on_to_the_next_item_like_an_answer(bench, panel):
    panel.rows["lesion_pattern"].setFocus()
    bench.hands.key("0")
    bench.hands.wait(30)
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    QTest.keyClicks(QApplication.focusWidget(), "artefact")
    bench.hands.key("Return")
    assert answers(bench)["lesion_pattern"].not_assessable == "artefact"
    assert panel.rows["lesion_location"].hasFocus()


def test_the_form_does_not_scroll_under_the_pointer(bench, panel):
    from qtpy.QtGui import QCursor

    keys = list(panel.rows)
    bar = panel.area.verticalScrollBar()
    bar.setValue(0)
    bench.hands.wait(40)
    last = [k for k in keys if panel.rows[k].visibleRegion().boundingRect() == panel.rows[k].rect()][-1]
    QCursor.setPos(panel.area.viewport().mapToGlobal(panel.area.viewport().rect().center()))
    bench.hands.wait(40)
    for key in keys[: keys.index(last)]:
        item = panel.rows[key].item
        if item.values:
            bench.desk.reading.answer(bench.desk.stage, key, item.values[0])
        else:
            bench.desk.reading.mark_not_assessable(bench.desk.stage, key, "artefact in the image")
    bench.hands.wait(40)
    panel.rows[last].setFocus()
    before = bar.value()
    bench.hands.key("1")
    assert last in answers(bench)
    assert bar.value() == before
    following = panel.rows[keys[keys.index(last) + 1]]
    assert bench.said[-1] == ("info", f"Next: {following.item.label}. N goes there.")
    panel.next_unanswered()
    assert following.hasFocus()
    assert bar.value() > before


def test_confidence_says_what_each_number_stands_for(panel):
    texts = [panel.button(f"confidence__{number}").text() for number in (1, 2, 3, 4, 5)]
    assert texts == [
        "1 definitely benign",
        "2 probably benign",
        "3 uncertain",
        "4 probably malignant",
        "5 definitely malignant",
    ]
