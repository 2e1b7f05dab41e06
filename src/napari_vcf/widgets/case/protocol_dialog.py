"""The protocol of the next reading, drawn from its model; that of the open reading can only be looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say, shown, tr
from napari_vcf.reading import Protocol
from napari_vcf.reading.protocol_file import read_protocol_file, write_protocol_file
from napari_vcf.widgets.common.controls import VERMILLION, button, mark, note, scrolled
from napari_vcf.widgets.common.forms import ModelForm

__all__ = ["ProtocolDialog"]

_FILES = say("Protocol (*.json)")


class ProtocolDialog(QDialog):
    """Shows a protocol and lets it be changed, loaded and saved.

    Parameters
    ----------
    parent : QWidget
        Over which it appears.
    protocol : Protocol
        What it shows.
    then : callable or None
        Takes the protocol that was chosen. None where it belongs to a reading that has begun and stays as it is.
    """

    def __init__(self, parent: QWidget, protocol: Protocol, then: Callable[[Protocol], object] | None) -> None:
        super().__init__(parent)
        self.setObjectName("protocol_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Protocol"))
        self._then = then
        self.form = ModelForm(protocol)
        self.form.native.setEnabled(then is not None)
        self.trouble = note(name="protocol_trouble")
        self.trouble.setVisible(False)
        area = scrolled(self.form.native)
        load = button("load_protocol", tr("Load…"), tr("Read a protocol from a file"), self._ask_load)
        load.setEnabled(then is not None)
        save = button("save_protocol", tr("Save…"), tr("Write this protocol to a file"), self._ask_save)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Close
            if then is None
            else QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        for widget in (load, save):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.addWidget(
            note(
                tr("The reading has begun: its protocol stays as it is.")
                if then is None
                else tr("What is measured and how it is graded in the next case that is opened.")
            )
        )
        layout.addWidget(area, 1)
        layout.addWidget(self.trouble)
        layout.addLayout(row)
        room = self.screen().availableGeometry()
        self.resize(min(720, room.width()), min(self.form.native.sizeHint().height() + 140, int(0.9 * room.height())))

    def _accept(self) -> None:
        protocol = self._tried(self.form.read)
        if protocol is not None and self._then is not None:
            self._then(protocol)
            self.accept()

    def _ask_load(self) -> None:
        dialog = self._file_dialog(tr("Load a protocol"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.load(Path(path)))
        dialog.open()

    def _ask_save(self) -> None:
        dialog = self._file_dialog(tr("Save the protocol"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        # The dialog has asked whether a file may be replaced.
        dialog.fileSelected.connect(lambda path: self.save(Path(path)))
        dialog.open()

    def _file_dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self, title, "", shown(_FILES))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog, True)
        return dialog

    def load(self, path: Path) -> None:
        """Show the protocol of a file."""
        protocol = self._tried(lambda: read_protocol_file(path))
        if protocol is not None:
            self.form.show(protocol)

    def save(self, path: Path) -> None:
        """Write what is shown to a file."""
        protocol = self._tried(self.form.read)
        if protocol is not None:
            self._tried(lambda: write_protocol_file(path, protocol, overwrite=True))

    def _tried(self, call: Callable[[], Protocol | None]) -> Protocol | None:
        """What a call gives; what it refuses is said in the dialog."""
        try:
            result, sentence = call(), ""
        except NapariVcfError as error:
            result, sentence = None, shown(error)
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))
        mark(self.trouble, VERMILLION if sentence else "")
        return result
