"""The form that asks what leaves the program, and where to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from qtpy.QtWidgets import QCheckBox, QDialog, QLineEdit

pytestmark = pytest.mark.gui


def asked(bench) -> QDialog:
    bench.leave_dialogs()
    bench.front("Case")
    bench.hands.key("Ctrl+Shift+E")
    found: list[QDialog] = []

    def is_shown() -> bool:
        found[:] = [d for d in bench.arrangement.main.findChildren(QDialog, "export_dialog") if d.isVisible()]
        return bool(found)

    bench.until(is_shown)
    return found[0]


def test_a_key_asks_what_leaves_and_enter_in_the_form_writes_it(bench, qtbot, tmp_path: Path) -> None:
    from qtpy.QtCore import Qt

    written: list[Path] = []
    row = bench.arrangement.case_panel.dicom
    row.write_dicom, before = written.append, row.write_dicom
    try:
        dialog = asked(bench)
        line = dialog.findChild(QLineEdit, "fileNameEdit")
        assert Path(line.text()).name == "C001_R1.json"
        assert not dialog.findChild(QCheckBox, "export_as_dicom").isChecked()
        line.setText(str(tmp_path / "mine"))
        qtbot.keyClick(line, Qt.Key.Key_Return)
        bench.until((tmp_path / "mine.json").exists)
        assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["case"] == "C001"
        assert not bench.desk.unsaved
        assert not written
        dialog = asked(bench)
        # Where it went last is where the next one is offered.
        assert Path(dialog.findChild(QLineEdit, "fileNameEdit").text()).parent == tmp_path
        dialog.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / "again.json"))
        dialog.findChild(QCheckBox, "export_as_dicom").setChecked(True)
        dialog._accept()
        assert written == [tmp_path / "again-dicom"]
    finally:
        row.write_dicom = before


def test_a_form_that_is_left_writes_nothing(bench, tmp_path: Path) -> None:
    bench.desk.reading.set_spine("L2")
    dialog = asked(bench)
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / "mine.json"))
    dialog.reject()
    bench.settle()
    assert not list(tmp_path.iterdir())
    assert bench.desk.unsaved


def test_what_was_asked_of_one_reading_is_not_written_of_the_one_that_came_meanwhile(
    bench, monkeypatch, tmp_path: Path
) -> None:
    from qtpy.QtWidgets import QMessageBox

    from support.synthetic_case import make_case

    monkeypatch.setattr(QMessageBox, "warning", lambda *_: None)
    path = tmp_path / "C001_R1.json"
    path.write_text("mine")

    def come(*_: object) -> object:
        bench.open(make_case())
        return QMessageBox.StandardButton.Yes

    def asked_for(name: str) -> None:
        dialog = asked(bench)
        dialog.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / name))
        if name != path.name:
            come()
        dialog._accept()

    written: list[object] = []
    bench.desk.written.connect(written.append)
    # While the form is there, and while it is asked whether the file is to be replaced.
    for name in ("new.json", path.name):
        bench.desk.reading.set_spine("L2")
        with monkeypatch.context() as patched:
            patched.setattr(QMessageBox, "question", come)
            asked_for(name)
        assert "no longer open" in bench.said[-1][1]
        assert bench.desk.exported is None
    bench.desk.written.disconnect(written.append)
    assert not written
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "mine"


def test_every_control_of_the_form_says_what_it_is_for(bench) -> None:
    dialog = asked(bench)
    assert "JSON" in dialog.findChild(QLineEdit, "fileNameEdit").toolTip()
    assert "DICOM" in dialog.findChild(QCheckBox, "export_as_dicom").toolTip()
    dialog.reject()
