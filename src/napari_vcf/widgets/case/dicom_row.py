"""DICOM beside the folder and the JSON: images from an archive, and the reading as DICOM objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.interchange.extra import needs_extra
from napari_vcf.language import said, say, tr
from napari_vcf.widgets.case.archive_dialog import ArchiveDialog
from napari_vcf.widgets.case.exporting import ask_export, check_open
from napari_vcf.widgets.case.report_dialog import ReportDialog
from napari_vcf.widgets.common.activity import SteadyBar
from napari_vcf.widgets.common.controls import button
from napari_vcf.widgets.common.errand import Errand

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["DicomRow"]


class DicomRow(QWidget):
    """Two buttons of the case panel; where a study is read, neither is there.

    Parameters
    ----------
    desk : Desk
        Whose reading is written.
    pseudonym : callable
        Gives the name of the next case.
    open_folder : callable
        Opens a folder as a case.
    """

    def __init__(self, desk: Desk, pseudonym: Callable[[], str], open_folder: Callable[[Path], object]) -> None:
        super().__init__()
        self._desk, self._pseudonym, self._open_folder = desk, pseudonym, open_folder
        self.archive_button = button(
            "open_archive",
            tr("Open from archive…"),
            tr("Search a DICOM server for a study and bring its images; nothing is looked up before you press Search"),
            self.ask_archive,
            action="reading.open_archive",
        )
        self.dicom_button = button(
            "export_dicom",
            tr("Write DICOM…"),
            tr("Write the exported reading as DICOM: structured report, segmentations and registrations"),
            self.ask_dicom,
            action="reading.write_dicom",
        )
        self.errand = Errand(say("Writing DICOM"))
        self.progress = SteadyBar(
            "dicom_progress", tr("The reading is verified against the images and written as DICOM")
        )
        self.cancel_button = button("cancel_dicom", tr("Cancel"), tr("Stop; nothing is written"), self.errand.cancel)
        self.errand.progressed.connect(self.progress.report)
        self.errand.finished.connect(self._on_written)
        self.errand.failed.connect(self._on_failed)
        self._shown: list[QWidget] = []
        row, running = QHBoxLayout(), QHBoxLayout()
        for widget in (self.archive_button, self.dicom_button):
            row.addWidget(widget)
        running.addWidget(self.progress, 1)
        running.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addLayout(running)
        self._show_running(False)
        self.refresh()

    def refresh(self) -> None:
        """Offer what can be done now."""
        self.dicom_button.setEnabled(self._desk.reading is not None and not self.errand.running)

    def _show_running(self, running: bool) -> None:
        self.progress.setVisible(running)
        self.cancel_button.setVisible(running)

    # -- out --------------------------------------------------------------------------------------------------------
    def ask_dicom(self) -> None:
        """Ask for a folder and write the reading; one that is not exported is exported first."""
        if self._desk.reading is None:
            self._desk.message.emit(say("No case is open: there is nothing to write as DICOM."), "info")
        elif self._desk.unsaved or self._desk.exported is None:
            # The objects name the document that they were made of.
            ask_export(self._desk, self, then=self._ask_folder)
        else:
            self._ask_folder()

    def _ask_folder(self) -> None:
        reading = self._desk.reading
        assert reading is not None

        def chosen(path: str) -> None:
            check_open(self._desk, reading)
            self.write_dicom(Path(path))

        dialog = QFileDialog(self, tr("Folder for the DICOM files"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setObjectName("dicom_folder_dialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog, True)
        dialog.fileSelected.connect(lambda path: self._desk.guard(lambda: chosen(path)))
        dialog.open()

    def write_dicom(self, out: Path) -> None:
        """Write the exported reading into a folder, on a thread of its own."""
        reading, exported = self._desk.reading, self._desk.exported
        if reading is None or exported is None or self.errand.running:
            return
        case = reading.case

        def work(progress: Callable[[int, int, str], None]) -> object:
            with needs_extra():
                from napari_vcf.interchange.belonging import folder_of_case
                from napari_vcf.interchange.writing import write_dicom
            return write_dicom(exported, folder_of_case(case), out, progress=progress)

        self._show_running(True)
        self.progress.report(0, 0, say("verifying the reading"))
        self.errand.start(work)
        self.refresh()

    def _on_written(self, written: Any) -> None:
        self._show_running(False)
        self.refresh()
        names = ", ".join(path.name for path in written.files)
        self._desk.message.emit(
            say(
                "{verified} values verified, {numbers} numbers written and read back: {names}.",
                verified=written.verified,
                numbers=written.numbers,
                names=names,
            ),
            "info",
        )

    def _on_failed(self, sentence: str) -> None:
        self._show_running(False)
        self.refresh()
        self._desk.message.emit(
            sentence or say("Cancelled; no DICOM file was written."), "error" if sentence else "info"
        )

    # -- in ---------------------------------------------------------------------------------------------------------
    def ask_archive(self) -> None:
        """Search a server for the images of a case."""
        dialog = ArchiveDialog(self, self._pseudonym(), self._open_folder)
        dialog.open()

    def show_report(self, path: Path) -> None:
        """Show a structured report of this program over the images that it was made on.

        Raises
        ------
        InterchangeError
            If it is none, or was made on other images than those of the open case.
        """
        with needs_extra():
            from napari_vcf.interchange.belonging import belonging
            from napari_vcf.interchange.report import read_report
        groups = read_report(path)
        reading = self._desk.reading
        sentence = belonging(path, None if reading is None else reading.case)
        dialog = ReportDialog(self, path.name, groups, sentence)
        self._shown = [open_ for open_ in self._shown if open_.isVisible()]
        self._shown.append(dialog)
        dialog.show()

    def say_report(self, path: Path) -> None:
        """Show a report, or say why not."""
        try:
            self.show_report(path)
        except NapariVcfError as error:
            self._desk.message.emit(said(error), "error")
