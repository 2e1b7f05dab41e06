"""Qt's own words follow the language of the window."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_buttons_of_qts_own_dialogs_speak_the_language_of_the_window_and_english_again(qtbot):
    from qtpy.QtCore import QCoreApplication
    from qtpy.QtWidgets import QMessageBox

    from napari_vcf.widgets.common.qt_language import let_qt_speak

    def cancel():
        box = QMessageBox(QMessageBox.Icon.NoIcon, "", "", QMessageBox.StandardButton.Cancel)
        qtbot.addWidget(box)
        return box.button(QMessageBox.StandardButton.Cancel).text().replace("&", "")

    assert cancel() == "Cancel"
    try:
        if not let_qt_speak("zh_CN"):
            pytest.skip("Qt's translations are not installed beside it.")
        assert cancel() == "取消"
        assert QCoreApplication.translate("QFileDialog", "File &name:") != "File &name:"
    finally:
        assert let_qt_speak("en")
    assert cancel() == "Cancel"
