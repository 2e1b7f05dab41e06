"""What leaves the program: the reading as JSON, and as DICOM where wanted; no file is replaced without a clear yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from magicgui.widgets import FileEdit
from pydantic import BaseModel, Field
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QMessageBox, QVBoxLayout, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import said, say, shown, tr
from napari_vcf.reading import Reading
from napari_vcf.reading.errors import ExportError
from napari_vcf.widgets.common.controls import note
from napari_vcf.widgets.common.forms import ModelForm

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["ExportDialog", "Leaving", "ask_export", "check_open", "write_export"]


class Leaving(BaseModel):
    """What leaves the program.

    Attributes
    ----------
    file : Path
        The file of the reading: JSON, with every number and no pixel
    dicom : bool
        Verify the reading against its images and write it as DICOM objects, into a folder beside the file
    """

    file: Annotated[Path, {"mode": "w", "filter": say("Reading (*.json)")}] = Field(title="File")
    dicom: bool = Field(False, title="DICOM as well")


class ExportDialog(QDialog):
    """Asks what leaves the program, and where to.

    Parameters
    ----------
    parent : QWidget
        Over which it appears.
    offered : Leaving
        What it says at first.
    then : callable
        Takes what was chosen.
    dicom : bool
        Whether DICOM objects are offered.
    """

    def __init__(self, parent: QWidget, offered: Leaving, then: Callable[[Leaving], object], *, dicom: bool) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Export the reading"))
        self._then = then
        self.form = ModelForm(offered, {"file": "export_file", "dicom": "export_as_dicom"})
        self.form.container["dicom"].visible = dicom
        file = self.form.container["file"]
        assert isinstance(file, FileEdit)
        self.line = file.line_edit.native
        self.line.setObjectName("fileNameEdit")
        file.choose_btn.tooltip = tr("Look for the folder, and name the file there")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Save).setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(note(tr("The reading leaves under its pseudonyms; images never leave with it.")))
        layout.addWidget(self.form.native)
        layout.addWidget(buttons)
        self.resize(640, self.sizeHint().height())
        self.line.setFocus()

    def _accept(self) -> None:
        chosen = self.form.read()
        if not chosen.file.suffix:
            chosen = chosen.model_copy(update={"file": chosen.file.with_suffix(".json")})
        self.accept()
        self._then(chosen)


def ask_export(
    desk: Desk,
    parent: QWidget,
    then: Callable[[], object] | None = None,
    *,
    dicom: Callable[[Path], object] | None = None,
) -> None:
    """Let the reader choose what leaves and where to, and write it.

    Parameters
    ----------
    desk : Desk
        Whose reading is exported.
    parent : QWidget
        Over which the dialog appears.
    then : callable, optional
        Called once the file is written.
    dicom : callable, optional
        Writes the exported reading as DICOM objects into a folder; offered where it is given.
    """
    reading = desk.reading
    if reading is None:
        desk.message.emit(say("No case is open: there is nothing to export."), "info")
        return
    start = desk.exported.parent if desk.exported is not None else Path.home()
    offered = Leaving(file=start / f"{reading.case.pseudonym}_{reading.reader}.json")

    def chosen(leaving: Leaving) -> None:
        if not write_export(desk, parent, reading, leaving.file):
            return
        if then is not None:
            then()
        if dicom is not None and leaving.dicom:
            dicom(leaving.file.with_name(f"{leaving.file.stem}-dicom"))

    ExportDialog(parent, offered, chosen, dicom=dicom is not None).open()


def check_open(desk: Desk, reading: Reading) -> None:
    """Refuse what was asked of a reading that is no longer on the desk: a folder that was being read may have come.

    Raises
    ------
    ExportError
        If another reading, or none, is open by now.
    """
    if desk.reading is not reading:
        raise ExportError(
            say(
                "The reading of {case} by {reader} is no longer open; nothing of it was written.",
                case=reading.case.pseudonym,
                reader=reading.reader,
            )
        )


def write_export(desk: Desk, parent: QWidget, reading: Reading, path: Path) -> bool:
    """Write the reading that was asked about to a file; True if it was written."""
    try:
        check_open(desk, reading)
        overwrite = path.exists()
        if overwrite and not _may_replace(parent, path):
            desk.message.emit(say("{name} was left as it is; the reading is not exported.", name=path.name), "warning")
            return False
        # While that was asked, another may have come.
        check_open(desk, reading)
        desk.export(path, overwrite=overwrite)
    except NapariVcfError as error:
        desk.message.emit(said(error), "error")
        QMessageBox.warning(parent, tr("Not exported"), shown(error))
        return False
    missing = sum(len(reading.missing(stage)) for stage in reading.protocol.stages)
    if not missing:
        done = say("Exported to {name}. The reading is complete.", name=path.name)
    elif missing == 1:
        done = say("Exported to {name}. 1 entry of the form is still open.", name=path.name)
    else:
        done = say("Exported to {name}. {count} entries of the form are still open.", name=path.name, count=missing)
    desk.message.emit(done, "info")
    return True


def _may_replace(parent: QWidget, path: Path) -> bool:
    answer = QMessageBox.question(
        parent,
        tr("Replace the file?"),
        tr("{name} exists already. Replace it by this reading?", name=path.name),
        QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No,
        QMessageBox.StandardButton.No,
    )
    return answer == QMessageBox.StandardButton.Yes
