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


def test_every_control_of_the_form_says_what_it_is_for(bench) -> None:
    dialog = asked(bench)
    assert "JSON" in dialog.findChild(QLineEdit, "fileNameEdit").toolTip()
    assert "DICOM" in dialog.findChild(QCheckBox, "export_as_dicom").toolTip()
    dialog.reject()
