"""Images of a case from a DICOM server, for a reader outside of any study: searched for, chosen, brought, opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from qtpy.QtCore import QItemSelectionModel, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.errors import NapariVcfError
from napari_vcf.interchange.extra import needs_extra
from napari_vcf.language import said, say, shown, tr
from napari_vcf.widgets.common.activity import SteadyBar
from napari_vcf.widgets.common.controls import VERMILLION, button, mark, note
from napari_vcf.widgets.common.errand import Errand
from napari_vcf.widgets.common.forms import ModelForm
from napari_vcf.widgets.common.preferences import archive_preferences

if TYPE_CHECKING:
    from napari_vcf.interchange.servers import StudyEntry

__all__ = ["ArchiveDialog", "ArchiveSearch"]

_HEADINGS = (say("Date"), say("Study"), say("Modalities"), say("Images"))


class ArchiveSearch(BaseModel):
    """Where is searched, and for what.

    Attributes
    ----------
    server : str
        https://host/dicom-web, or TITLE@host:port; name and password come from the environment or the keyring
    title : str
        Application entity title of this side, for a server that is named TITLE@host:port
    tls : bool
        Whether a server that is named TITLE@host:port speaks TLS; its certificate is checked
    patient_id : str
        The whole patient ID
    study_date : str
        20240131, or 20240101-20240131
    folder : str
        Where the images are kept, as the server has them; each case gets a folder of its own here
    """

    server: str = Field("", title="Server")
    title: str = Field("NAPARI-VCF", title="Own title")
    tls: bool = Field(False, title="TLS")
    patient_id: str = Field("", title="Patient ID")
    study_date: str = Field("", title="Study date")
    folder: str = Field(default_factory=lambda: str(Path.home() / "napari-vcf-images"), title="Keep in")


class ArchiveDialog(QDialog):
    """Searches a server and brings the studies of one case.

    Preferences name the server; what was searched for is kept nowhere.

    Parameters
    ----------
    parent : QWidget
        Over which it appears.
    pseudonym : str
        Name of the case.
    then : callable
        Opens the folder that was brought.
    """

    def __init__(self, parent: QWidget, pseudonym: str, then: Callable[[Path], object]) -> None:
        super().__init__(parent)
        self.setObjectName("archive_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Open from archive"))
        self._pseudonym, self._then = pseudonym, then
        names = {name: f"archive_{name}" for name in ArchiveSearch.model_fields}
        self.form = ModelForm(ArchiveSearch(**archive_preferences()), names)
        self.studies: tuple[StudyEntry, ...] = ()
        self.searching, self.fetching = Errand(say("Searching the archive")), Errand(say("Bringing images"))
        self.search_button = button("archive_search", tr("Search"), tr("Ask the server for the studies"), self.search)
        self.open_button = button(
            "archive_open", tr("Bring and open"), tr("Bring the images of the chosen studies, as one case"), self.fetch
        )
        self.stop_button = button(
            "archive_stop", tr("Stop"), tr("Stop; what was received is kept for the next try"), self.stop
        )
        self.table = QTableWidget(0, len(_HEADINGS))
        self.table.setObjectName("archive_studies")
        self.table.setToolTip(
            tr("Studies that the server found; choose several with Ctrl where CT and MRI are studies apart")
        )
        self.table.setHorizontalHeaderLabels([shown(text) for text in _HEADINGS])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().setVisible(False)
        self.table.itemSelectionChanged.connect(self._refresh)
        self.progress = SteadyBar("archive_progress", tr("The server is at work"))
        self.trouble = note(name="archive_trouble")
        for errand in (self.searching, self.fetching):
            errand.progressed.connect(self.progress.report)
            errand.failed.connect(self._on_failed)
        self.searching.finished.connect(self._on_found)
        self.fetching.finished.connect(self._on_fetched)
        self._lay_out()
        self._refresh()

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        for widget in (self.search_button, self.open_button, self.stop_button):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.addWidget(
            note(
                tr(
                    "The images are opened as case {pseudonym}. Nothing but this search is sent to the server.",
                    pseudonym=self._pseudonym,
                )
            )
        )
        layout.addWidget(self.form.native)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.progress)
        layout.addWidget(self.trouble)
        layout.addLayout(row)
        self.resize(640, 560)

    @property
    def _running(self) -> bool:
        return self.searching.running or self.fetching.running

    def _refresh(self) -> None:
        running = self._running
        self.progress.setVisible(running)
        self.stop_button.setVisible(running)
        self.search_button.setEnabled(not running)
        self.open_button.setEnabled(not running and bool(self.table.selectedItems()))

    def _say(self, sentence: str) -> None:
        self.trouble.setText(shown(sentence))
        self.trouble.setVisible(bool(sentence))
        mark(self.trouble, VERMILLION if sentence else "")

    def _asked(self) -> ArchiveSearch | None:
        try:
            asked = self.form.read()
        except NapariVcfError as error:
            self._say(said(error))
            return None
        if not asked.patient_id.strip() and not asked.study_date.strip():
            self._say(tr("Give a patient ID or a date; every study of the server is not listed."))
            return None
        self._say("")
        return asked

    def search(self) -> None:
        """Ask the server for the studies."""
        asked = self._asked()
        if asked is None or self._running:
            return
        self.table.setRowCount(0)

        def work(progress: Callable[[int, int, str], None]) -> object:
            from napari_vcf.interchange.servers import Studies

            progress(0, 0, say("asking the server"))
            wanted = Studies(patient_id=asked.patient_id.strip(), study_date=asked.study_date.strip())
            return _server(asked).studies(wanted)

        self.searching.start(work)
        self._refresh()

    def _on_found(self, studies: Any) -> None:
        self.studies = tuple(studies)
        self.table.setRowCount(len(self.studies))
        for row, study in enumerate(self.studies):
            date = study.study_date
            written = f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else date
            for column, text in enumerate((written, study.description, study.modalities, study.images)):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.resizeColumnsToContents()
        if self.studies:
            # Whatever keys are down: selectRow would toggle the row where Ctrl is.
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().select(self.table.model().index(0, 0), flags.ClearAndSelect | flags.Rows)
        self._say("" if self.studies else tr("The server has no such study."))
        self._refresh()

    def fetch(self) -> None:
        """Bring the chosen studies, and open them as one case."""
        asked, rows = self._asked(), sorted({index.row() for index in self.table.selectedIndexes()})
        if asked is None or self._running or not rows:
            return
        studies, case = [self.studies[row] for row in rows], self._pseudonym

        def work(progress: Callable[[int, int, str], None]) -> object:
            from napari_vcf.interchange.fetching import Wanted, fetch_case
            from napari_vcf.interchange.servers import Studies

            out = Path(asked.folder).expanduser()
            wanted = Wanted(case, tuple(Studies(study_uid=study.study_uid) for study in studies))
            fetch_case(_server(asked), wanted, out, progress=progress)
            return out / case

        self.fetching.start(work)
        self._refresh()

    def _on_fetched(self, folder: Any) -> None:
        self.accept()
        self._then(Path(folder))

    def _on_failed(self, sentence: str) -> None:
        self._say(sentence or tr("Stopped. What was received is kept; the same study goes on from there."))
        self._refresh()

    def stop(self) -> None:
        """Stop what is under way."""
        self.searching.cancel()
        self.fetching.cancel()

    def reject(self) -> None:
        """Close, and stop what is under way."""
        self.stop()
        for errand in (self.searching, self.fetching):
            errand.finished.disconnect()
            errand.failed.disconnect()
            errand.progressed.disconnect()
        super().reject()


def _server(asked: ArchiveSearch) -> Any:
    """The server that was named, by the protocol that its address speaks of."""
    with needs_extra():
        from napari_vcf.interchange.connecting import connect
    address = asked.server.strip()
    web = "://" in address
    return connect(
        dicomweb=address if web else "", dicom="" if web else address, title=asked.title.strip(), tls=asked.tls
    )
