"""The first panel: open a case, see what was found in it, correct it, export the reading."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.language import Sentence, say, shown, tr
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading import Case, Protocol, Reading, read_reading
from napari_vcf.records.unpacking import unpack_zip
from napari_vcf.widgets.case.dicom_row import DicomRow
from napari_vcf.widgets.case.image_questions import ImageQuestions
from napari_vcf.widgets.case.image_statement import asks
from napari_vcf.widgets.case.image_table import ImageTable
from napari_vcf.widgets.case.keeping import Keeper, Wish
from napari_vcf.widgets.case.opening import CaseOpener
from napari_vcf.widgets.case.protocol_dialog import ProtocolDialog
from napari_vcf.widgets.case.sample import sample_folder
from napari_vcf.widgets.common.activity import SteadyBar
from napari_vcf.widgets.common.controls import button, fill_with, find_dock, heading, note, scrolled
from napari_vcf.widgets.common.forms import ModelForm
from napari_vcf.widgets.common.shortcuts_in_force import key_text

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["CasePanel"]


class CaseNames(BaseModel):
    """Under which names a case is read.

    Attributes
    ----------
    case : str
        Pseudonym of the case in the export; never the patient's name
    reader : str
        Your pseudonym in the export
    study : str
        Name of the study in the export
    """

    case: str = Field("C001", title="Case")
    reader: str = Field("R1", title="Reader")
    study: str = Field("STUDY", title="Study")


class CasePanel(QWidget):
    """Opens a case and lists its images.

    Parameters
    ----------
    desk : Desk
        Where the case is opened.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("case")
        self._desk = desk
        self._dock: QDockWidget | None = None
        self.protocol: Protocol | None = None
        self._report: Path | None = None
        self.opener = CaseOpener()
        self.keeper = Keeper(desk, self)
        #: Folders of unpacked images; they go with the program.
        self._unpacked: list[tempfile.TemporaryDirectory[str]] = []
        #: The one of what is being opened.
        self._unpacking: tempfile.TemporaryDirectory[str] | None = None
        #: What was open, and how far it had come, when something else was begun.
        self._agreed = self._standing()
        desk.disposed.connect(self._remove_unpacked)
        self._wish = Wish("STUDY", "R1", "C001")
        self.opener.finished.connect(self._on_finished)
        self.opener.failed.connect(self._on_failed)
        self._build()
        self.opener.progressed.connect(self.progress.report)
        for signal in (desk.opened, desk.closed, desk.image_changed, desk.reading_changed):
            signal.connect(self._refresh)
        self._refresh()

    @property
    def keys(self) -> dict[str, Callable[[], object]]:
        """What this panel does for actions of the register."""
        return {
            "reading.open_folder": self.ask_folder,
            "reading.open_sample": self.sample_button.click,
            "reading.open_reading": self.ask_reading,
            "reading.images": self.ask_images,
            "reading.describe": self.images.describe.click,
            "reading.protocol": self.show_protocol,
            "reading.export": self._export,
            "reading.open_archive": self.dicom.ask_archive,
            "reading.write_dicom": self.dicom.ask_dicom,
        }

    def _build(self) -> None:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        self.open_button = button(
            "open_folder",
            tr("Open folder…"),
            tr("Open the folder that holds the files of one case"),
            self.ask_folder,
            action="reading.open_folder",
        )
        self.sample_button = button(
            "open_sample",
            tr("Sample case"),
            tr("Open a synthetic CT + MRI case whose truth is known"),
            self.open_sample,
            action="reading.open_sample",
        )
        self.export_button = button(
            "export",
            tr("Export…"),
            tr("Write the reading to a JSON file, and as DICOM objects where wanted"),
            self._export,
            action="reading.export",
        )
        self.protocol_button = button(
            "protocol",
            tr("Protocol…"),
            tr("What is measured and how it is graded; can be changed before a case is opened"),
            self.show_protocol,
            action="reading.protocol",
        )
        self.reading_button = button(
            "open_reading",
            tr("Open reading…"),
            tr("Open an exported reading on its images: to look at, and to go on with as a new version"),
            self.ask_reading,
            action="reading.open_reading",
        )
        rows = ((self.open_button, self.sample_button, self.protocol_button), (self.reading_button, self.export_button))
        for buttons in rows:
            row = QHBoxLayout()
            for widget in buttons:
                row.addWidget(widget)
            layout.addLayout(row)
        self.dicom = DicomRow(self._desk, lambda: self.case_name.text().strip(), self.open_folder)
        layout.addWidget(self.dicom)
        self.names = ModelForm(CaseNames(), {name: f"{name}_name" for name in CaseNames.model_fields})
        self.case_name, self.reader_name, self.study_name = fields = [
            self.names.control(name) for name in ("case", "reader", "study")
        ]
        for field in fields:
            field.returnPressed.connect(field.clearFocus)
        layout.addWidget(self.names.native)
        self.progress = SteadyBar("open_progress", tr("The files of the case are being read"))
        self.cancel_button = button("cancel_open", tr("Cancel"), tr("Stop reading the folder"), self.opener.cancel)
        progress_row = QHBoxLayout()
        progress_row.addWidget(self.progress, 1)
        progress_row.addWidget(self.cancel_button)
        layout.addLayout(progress_row)
        self.trouble = note(name="open_trouble")
        layout.addWidget(self.trouble)
        self.images = ImageTable(self._desk)
        layout.addWidget(self.images)
        self.ask_button = button(
            "ask_images",
            tr("What are they…"),
            tr("Say what each image is, in one dialog"),
            self.ask_images,
            action="reading.images",
        )
        layout.addWidget(self.ask_button)
        self.welcome = QLabel(
            tr(
                "<p>Open the folder of one case (CT, MRI or both), drop it on the window, or try the "
                "sample case.</p><p>Then: <b>1</b> name the fractured vertebra and join CT and MRI under "
                "<i>Registration</i>, <b>2</b> measure the heights, <b>3</b> outline the body and paint "
                "the lesion, <b>4</b> place the ADC rectangles, <b>5</b> answer the form under "
                "<i>Findings</i>, <b>6</b> export.</p><p>Press <b>{key}</b> for all keys.</p>",
                key=key_text("panels.keys"),
            )
        )
        self.welcome.setWordWrap(True)
        layout.addWidget(self.welcome)
        self.missing_heading = heading(tr("Still to do in this stage"))
        self.missing = note(name="missing")
        layout.addWidget(self.missing_heading)
        layout.addWidget(self.missing)
        layout.addStretch(1)
        layout.addWidget(note(shown(Sentence(INTENDED_USE))))
        fill_with(self, scrolled(inside))
        self._show_progress(False)

    # -- opening ----------------------------------------------------------------------------------------------------
    def ask_folder(self) -> None:
        """Let the person choose a folder."""
        dialog = QFileDialog(self, tr("Open the folder of one case"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda path: self.open_folder(Path(path)))
        dialog.open()

    def open_folder(self, folder: Path) -> None:
        """Open a folder, after asking about unsaved work."""
        self._begin(lambda _progress: folder)

    def open_zip(self, archive: Path) -> None:
        """Open the images in a zip file; they are unpacked into a folder that goes with the program."""

        def unpack(progress: Any) -> Path:
            into = self._unpacking = tempfile.TemporaryDirectory(prefix="napari-vcf-zip-")
            return unpack_zip(archive, Path(into.name), progress=progress, cancelled=self.opener.is_stopped)

        named = (self.study_name.text().strip(), self.reader_name.text().strip(), self.case_name.text().strip())
        self._begin(unpack, Wish(*named, protocol=self.protocol, source=archive))

    def _remove_unpacked(self) -> None:
        while self._unpacked:
            self._unpacked.pop().cleanup()

    @property
    def has_case(self) -> bool:
        """Whether a case is open."""
        return self._desk.reading is not None

    def offer_labels(self, path: Path) -> None:
        """Hand a label map to what proposes a body from it."""
        self._desk.labels_offered.emit(path)

    def refuse(self, sentence: str) -> None:
        """Say why something is not opened."""
        self._say(sentence)
        self._desk.message.emit(sentence, "warning")

    def ask_reading(self) -> None:
        """Let the person choose an exported reading, and then the folder of its images."""
        dialog = QFileDialog(self, tr("Open an exported reading"), "", tr("Reading (*.json)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.ask_images_of(Path(path)))
        dialog.open()

    def ask_images_of(self, export: Path) -> None:
        """Let the person choose the folder of the images that an exported reading was made on."""
        dialog = QFileDialog(self, tr("The folder of the images of {name}", name=export.name))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda path: self.open_reading(export, Path(path)))
        dialog.open()

    def open_reading(self, export: Path, folder: Path) -> None:
        """Open an exported reading on its images: to look at, and to go on with as a new version."""
        document = self._desk.guard(lambda: read_reading(export))
        if document is None:
            return
        for field, text in (
            (self.case_name, document.case),
            (self.reader_name, document.reader),
            (self.study_name, document.study),
        ):
            field.setText(text)
        wish = Wish(document.study, document.reader, document.case, export=export, salt=document.salt)
        self._begin(lambda _progress: folder, wish)

    def show_when_open(self, report: Path) -> None:
        """Show a structured report once the folder that is being read is open."""
        self._report = report

    def open_sample(self) -> None:
        """Open the sample case; it is computed once and kept."""
        self._begin(sample_folder)

    def show_protocol(self) -> None:
        """Show the protocol of the open reading, or let that of the next one be changed."""
        reading = self._desk.reading
        if reading is not None:
            ProtocolDialog(self, reading.protocol, None).open()
        else:
            ProtocolDialog(self, self.protocol or Protocol(), self._take_protocol).open()

    def ask_images(self) -> None:
        """Ask what the images are, where the files do not say it; else let what they say be corrected."""
        if self._desk.case is None or self._desk.study_stage is not None:
            self._desk.message.emit(say("No case is open whose images could be named."), "info")
        else:
            ImageQuestions(self._desk, self).open()

    def _take_protocol(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self._desk.message.emit(
            say(
                "The next case is read by the protocol {name}, version {version}.",
                name=protocol.name,
                version=protocol.version,
            ),
            "info",
        )

    def _begin(self, prepare: Callable[[Any], Path], wish: Wish | None = None) -> None:
        if self.opener.running:
            self._desk.message.emit(say("A folder is being read already; cancel it first."), "warning")
            return
        if self._desk.unsaved and not self._may_leave():
            return
        self.trouble.setText("")
        self.trouble.setVisible(False)
        self._show_progress(True)
        self.progress.report(0, 0, say("reading the folder"))
        named = (self.study_name.text().strip(), self.reader_name.text().strip(), self.case_name.text().strip())
        self._wish = wish = wish or Wish(*named, protocol=self.protocol)
        self._agreed = self._standing()
        self.opener.open(prepare, pseudonym=wish.case, salt=lambda folder: self.keeper.salt_for(wish, folder))

    def _standing(self) -> tuple[Reading | None, int]:
        """What is open, and how far it has come."""
        reading = self._desk.reading
        return reading, 0 if reading is None else len(reading.log)

    def _may_leave(self) -> bool:
        """Ask whether to leave the reading on the desk."""
        if self._desk.kept:
            answer = QMessageBox.question(
                self,
                tr("Reading not exported"),
                tr(
                    "The reading on the desk has not been exported. It is kept: opening its images again "
                    "offers to go on. Open another case?"
                ),
                QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
                QMessageBox.StandardButton.Cancel,
            )
            return answer == QMessageBox.StandardButton.Yes
        answer = QMessageBox.question(
            self,
            tr("Unsaved reading"),
            tr("The reading on the desk has not been exported. Open another case and lose it?"),
            QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Discard

    def _on_finished(self, case: Case, troubles: tuple[str, ...]) -> None:
        self._show_progress(False)
        # The reader may have gone on meanwhile, and agreed to leave what was there before that.
        if self._desk.unsaved and self._standing() != self._agreed and not self._may_leave():
            self._let_go()
            self._desk.message.emit(say("Nothing was opened."), "info")
            return
        unpacked, self._unpacking = self._unpacking, None
        if unpacked is not None:
            # Read on demand, they must last as long as the case.
            self._unpacked.append(unpacked)
        self._desk.guard(lambda: self.keeper.start(self._wish, case, self._on_open))
        self._say("\n".join(shown(text) for text in troubles))

    def _on_open(self) -> None:
        report, self._report = self._report, None
        if report is not None:
            self.dicom.say_report(report)
        case = self._desk.case
        if case is not None and any(asks(image) for image in case.images.values()):
            self.ask_images()

    def _let_go(self) -> None:
        """Leave nothing of what was not opened after all, and let nothing of it come with the next."""
        unpacked, self._unpacking, self._report = self._unpacking, None, None
        self.keeper.forget()
        if unpacked is not None:
            unpacked.cleanup()

    def _on_failed(self, sentence: str) -> None:
        self._show_progress(False)
        self._let_go()
        self._say(sentence)
        self._desk.message.emit(sentence or say("Cancelled; nothing was opened."), "error" if sentence else "info")

    def _say(self, text: str) -> None:
        self.trouble.setText(shown(text))
        self.trouble.setVisible(bool(text))

    def _show_progress(self, running: bool) -> None:
        self.progress.setVisible(running)
        self.cancel_button.setVisible(running)
        self.open_button.setEnabled(not running)
        self.sample_button.setEnabled(not running)
        self.reading_button.setEnabled(not running)

    def _export(self) -> None:
        from napari_vcf.widgets.case.exporting import ask_export

        ask_export(self._desk, self, dicom=self.dicom.write_dicom)

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Catch up with what happened while another panel was in front."""
        super().showEvent(event)
        self._refresh()
        dock = find_dock(self)
        if dock is not None and dock is not self._dock:
            # A tab that comes to the front is not shown anew; only its dock knows. Its place is known a moment later.
            self._dock = dock
            dock.visibilityChanged.connect(lambda front: QTimer.singleShot(0, self._refresh) if front else None)

    def _refresh(self, *_: object) -> None:
        reading = self._desk.reading
        is_open = reading is not None
        self.export_button.setEnabled(is_open)
        self.dicom.refresh()
        self.images.setVisible(is_open)
        self.ask_button.setVisible(is_open and self._desk.study_stage is None)
        self.welcome.setVisible(not is_open)
        self.images.refresh()
        # Working out what is missing costs more than the rest, and nobody sees it behind another panel.
        if self.visibleRegion().isEmpty() and is_open:
            return
        missing = () if reading is None else reading.missing(self._desk.stage)
        self.missing_heading.setVisible(bool(missing))
        self.missing.setVisible(bool(missing))
        self.missing.setText("\n".join(f"• {shown(issue.text)}" for issue in missing))
