"""Asking for a file and writing the export; an existing file is replaced only after a clear yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_vcf.errors import NapariVcfError

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["ask_export", "write_export"]


def ask_export(desk: Desk, parent: QWidget, then: Callable[[], object] | None = None) -> None:
    """Let the reader choose a file and write the export.

    Parameters
    ----------
    desk : Desk
        Whose reading is exported.
    parent : QWidget
        Over which the dialog appears.
    then : callable, optional
        Called once the file is written.
    """
    reading = desk.reading
    if reading is None:
        desk.message.emit("No case is open: there is nothing to export.", "info")
        return
    name = f"{reading.case.pseudonym}_{reading.reader}.json"
    start = desk.exported.parent if desk.exported is not None else Path.home()
    dialog = QFileDialog(parent, "Export the reading", str(start / name), "Reading (*.json)")
    dialog.setObjectName("export_dialog")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("json")
    # The question whether to replace a file is the desk's own, so that it is the same on every platform.
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite, True)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog, True)

    def chosen(path: str) -> None:
        if write_export(desk, parent, Path(path)) and then is not None:
            then()

    dialog.fileSelected.connect(chosen)
    dialog.open()


def write_export(desk: Desk, parent: QWidget, path: Path) -> bool:
    """Write the export to a file; True if it was written."""
    overwrite = False
    if path.exists():
        answer = QMessageBox.question(
            parent,
            "Replace the file?",
            f"{path.name} exists already. Replace it by this reading?",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No,
            QMessageBox.StandardButton.No,
        )
        if answer != QMessageBox.StandardButton.Yes:
            desk.message.emit(f"{path.name} was left as it is; the reading is not exported.", "warning")
            return False
        overwrite = True
    try:
        desk.export(path, overwrite=overwrite)
    except NapariVcfError as error:
        desk.message.emit(str(error), "error")
        QMessageBox.warning(parent, "Not exported", str(error))
        return False
    assert desk.reading is not None
    missing = sum(len(desk.reading.missing(stage)) for stage in desk.reading.protocol.stages)
    tail = f" {missing} entries of the form are still open." if missing else " The reading is complete."
    desk.message.emit(f"Exported to {path.name}.{tail}", "info")
    return True
