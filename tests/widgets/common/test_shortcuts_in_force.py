"""The reader's own keys: what a file of them changes, and what it may not."""

from __future__ import annotations

import re

import pytest

from napari_vcf.widgets.common.shortcut_defaults import ACTIONS, SCOPES
from napari_vcf.widgets.common.shortcuts_in_force import KeysError, keys_template, read_keys


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "keys.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_file_changes_the_keys_it_names_and_leaves_the_others(write):
    keys = read_keys(write('[image]\nnext = "F9"\n[findings]\nnext = ["ctrl+e", "Enter"]\n'))
    assert keys["image.next"] == ("F9",)
    assert keys["findings.next"] == ("Ctrl+E", "Return")
    assert {name for name, its in keys.items() if its != ACTIONS[name].keys} == {"image.next", "findings.next"}


def test_two_actions_may_change_places(write):
    keys = read_keys(write('[image]\nwindow = "P"\nplane = "W"\n'))
    assert (keys["image.window"], keys["image.plane"]) == (("P",), ("W",))


def test_panels_may_share_a_key_because_only_one_is_in_hand(write):
    assert read_keys(write('[adc]\ntissue = "S"\n'))["adc.tissue"] == ("S",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[image]\nnxt = "F9"', r"there is no action image\.nxt \(is image\.next meant\?\)"),
        ('next = "F9"', "there is no action next"),
        ('[image]\nnext = "Foo"', r"image\.next = 'Foo' is not a key"),
        ('[image]\nnext = "Ctrl"', "is not a key"),
        ('[image]\nnext = "Ctrl+K, I"', "is not a key"),
        ("[image]\nnext = 7", r"image\.next needs a key"),
        ("[image]\nnext = []", r"image\.next needs a key"),
        ('[image]\nnext = "W"', r"W is the key of image\.next and of image\.window"),
        ('[image]\nnext = "S"', r"S is the key of image\.next and of calipers\.snap"),
        ('[calipers]\nsnap = "U"', r"U is the key of calipers\.status_above and of calipers\.snap"),
        ('[image]\nnext = "Ctrl+C"', "fields and buttons need this key"),
        ('[findings]\nnext = "Tab"', "fields and buttons need this key"),
        ('[extent]\nfinish = "Space"', "fields and buttons need this key"),
        ('[image]\nnext = "Alt+F"', "the menus need this key"),
        ('[image]\nnext = "Ctrl+Q"', r"napari needs this key \(quit\)"),
        ("[image", "it is not TOML"),
        ("[image]\nnext = '\\ud800'", r"is not a key|no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(write, text, named):
    path = write(text)
    with pytest.raises(KeysError, match=named) as refused:
        read_keys(path, {"Ctrl+Q": "quit"})
    assert str(path) in str(refused.value)


def test_every_wrong_place_is_named_at_once(write):
    with pytest.raises(KeysError, match=r"no action image\.a.*no action image\.b"):
        read_keys(write('[image]\na = "F9"\nb = "F9"\n'))


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(KeysError, match="cannot be read"):
        read_keys(tmp_path)


def test_the_usual_keys_are_a_file_that_can_be_used(write):
    assert read_keys(write(keys_template())) == {name: action.keys for name, action in ACTIONS.items()}
    # With all comments taken off it says the same.
    said = re.sub(r"(?m)^# (?=\w+ = )", "", keys_template())
    assert read_keys(write(said)) == {name: action.keys for name, action in ACTIONS.items()}
    assert said.count(" = ") == len(ACTIONS)
    assert {action.scope for action in ACTIONS.values()} == set(SCOPES)


@pytest.mark.gui
def test_a_window_with_other_keys_obeys_them_and_names_them_everywhere(qtbot, tmp_path, monkeypatch):
    import napari
    from qtpy.QtWidgets import QLabel, QWidget

    from napari_vcf.widgets.common import shortcuts_in_force as own
    from napari_vcf.widgets.scripted.hands import Hands
    from napari_vcf.widgets.window.arrangement import arrange
    from support.synthetic_case import make_case

    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    path = own.keys_path()
    path.write_text(
        '[image]\nnext = "F9"\nflicker = "F10"\n[findings]\nanswer_1 = "A"\n[registration]\nregister = "G"\n'
    )
    viewer = napari.Viewer(show=True)
    try:
        arrangement = arrange(viewer)
        main, hands = arrangement.main, Hands(arrangement)
        main.activateWindow()
        qtbot.waitUntil(main.isActiveWindow)
        assert arrangement.troubles == ()
        arrangement.desk.open_case(make_case())
        arrangement.desk.set_stage("combined")
        front = arrangement.desk.image_id
        hands.key("I")
        assert arrangement.desk.image_id == front
        hands.key("F9")
        assert arrangement.desk.image_id != front
        # A key in brackets at the end of a tooltip is one in force.
        tips = {tip for widget in main.findChildren(QWidget) if (tip := widget.toolTip())}
        said = {key for tip in tips for key in re.findall(r"  \[([^ ]\S*)\]$", tip)}
        known = {own.written(key) for action in ACTIONS for key in own.keys_of(action)}
        assert {"G", "A"} <= said <= known | {"Enter"}
        assert any("F10 flickers" in tip for tip in tips)
        assert any("F10 flickers" in label.text() for label in main.findChildren(QLabel))
        arrangement.keys_dialog.toggle()
        listed = arrangement.keys_dialog._text.text()
        assert "<b>F9</b>" in listed
        assert "<b>G</b>" in listed
        assert str(path) in arrangement.keys_dialog.own.text()
        arrangement.keys_dialog.toggle()
        arrangement.raise_panel("Findings")
        panel = arrangement.panels["Findings"]
        qtbot.waitUntil(lambda: not panel.visibleRegion().isEmpty())
        panel.rows["lesion_location"].setFocus()
        hands.key("1")
        assert not arrangement.desk.reading.state.stages[arrangement.desk.stage].answers
        hands.key("A")
        assert list(arrangement.desk.reading.state.stages[arrangement.desk.stage].answers) == ["lesion_location"]
    finally:
        arrangement.desk.close()
        viewer.close()
        own.use_keys({})


@pytest.mark.gui
def test_a_window_says_why_a_file_of_keys_is_not_used(qtbot, tmp_path, monkeypatch):
    import napari

    from napari_vcf.widgets.common import shortcuts_in_force as own
    from napari_vcf.widgets.window.arrangement import arrange

    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    path = own.keys_path()
    path.write_text('[image]\nnext = "Ctrl+O"\n')
    viewer = napari.Viewer(show=True)
    try:
        arrangement = arrange(viewer)
        assert "Ctrl+O" in arrangement.bar.message.text()
        assert "napari needs this key" in arrangement.bar.message.text()
        assert "I" in {binding.key for binding in arrangement.viewport.keys.bindings}
    finally:
        viewer.close()
        own.use_keys({})
