"""Keeping what is read outside of a study, and offering to go on with it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say, tr
from napari_vcf.reading import Case, Protocol
from napari_vcf.study.kept_readings import KeptReading, ReadingPlace, Unfinished, place_for

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["Keeper", "Wish", "shelf_path"]


def shelf_path() -> Path:
    """Where readings are kept: beside napari's settings where those were put somewhere, else in the own data folder."""
    napari = os.environ.get("NAPARI_CONFIG")
    return (
        Path(napari).parent / "napari-vcf-readings"
        if napari
        else user_data_path("napari-vcf", appauthor=False) / "readings"
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be opened, under which names.

    Attributes
    ----------
    study, reader, case : str
        Pseudonyms.
    protocol : Protocol or None
        By which a new reading is made.
    export : Path or None
        The exported reading that is gone on with.
    salt : str or None
        The secret under which that names the images.
    source : Path or None
        What the images are remembered by, where that is not their folder.
    """

    study: str
    reader: str
    case: str
    protocol: Protocol | None = None
    export: Path | None = None
    salt: str | None = None
    source: Path | None = None


class Keeper:
    """Keeps the reading on one desk.

    Parameters
    ----------
    desk : Desk
        Where it is read.
    parent : QWidget
        Over which questions appear.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        self._desk, self._parent = desk, parent
        self._kept: KeptReading | None = None
        self._place: ReadingPlace | None = None
        desk.closed.connect(self._leave)
        desk.written.connect(self._on_written)

    def salt_for(self, wish: Wish, folder: Path) -> str | None:
        """The secret under which the images of a folder are named at each opening; on any thread.

        None where nothing can be kept; that is said once the case is open.
        """
        source = wish.source or folder
        if wish.export is not None:
            # Each document is gone on with by itself.
            source = source / hashlib.sha256(wish.export.read_bytes()).hexdigest()
        self._place = place_for(shelf_path(), source, study=wish.study, reader=wish.reader, case=wish.case)
        if wish.salt is not None:
            return wish.salt
        try:
            return self._place.salt()
        except NapariVcfError:
            self._place = None
            return None

    def forget(self) -> None:
        """Let go of the place that was looked for: nothing is opened there after all."""
        self._place = None

    def start(self, wish: Wish, case: Case, then: Callable[[], object]) -> None:
        """Show a case: as a new reading, or gone on with; asks where there is a choice."""
        place, self._place = self._place, None
        if place is None:
            self._desk.open_case(case, protocol=wish.protocol, study=wish.study, reader=wish.reader)
            self._desk.message.emit(
                say(
                    "Nothing can be written to {folder}: this reading is kept only once it is exported.",
                    folder=shelf_path(),
                ),
                "warning",
            )
            then()
            return
        found = place.unfinished()
        if found is None or found.salt != case.salt:
            self._begin(place, wish, case, then)
        else:
            self._ask(place, found, wish, case, then)

    def _begin(self, place: ReadingPlace, wish: Wish, case: Case, then: Callable[[], object]) -> None:
        if wish.export is not None:
            kept = place.begin_from(wish.export, case)
        else:
            kept = place.begin(case, study=wish.study, reader=wish.reader, protocol=wish.protocol or Protocol())
        self._show(kept, then)

    def _ask(self, place: ReadingPlace, found: Unfinished, wish: Wish, case: Case, then: Callable[[], object]) -> None:
        box = QMessageBox(self._parent)
        box.setObjectName("go_on")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(tr("Go on with the reading?"))
        changes = tr("one change") if found.changes == 1 else tr("{count} changes", count=found.changes)
        box.setText(
            tr(
                "{reader} has read these images before: {changes} up to {last:%Y-%m-%d %H:%M} are in no export.",
                reader=wish.reader,
                changes=changes,
                last=found.last.astimezone(),
            )
        )
        box.setInformativeText(tr("Go on where it was left, or begin a new reading? Nothing is lost either way."))
        go_on = box.addButton(tr("Go on"), QMessageBox.ButtonRole.AcceptRole)
        go_on.setObjectName("go_on_yes")
        anew = box.addButton(tr("Begin anew"), QMessageBox.ButtonRole.DestructiveRole)
        anew.setObjectName("go_on_no")
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(go_on)

        def decide(clicked: object) -> None:
            if clicked is go_on:
                self._desk.guard(lambda: self._show(place.go_on(found, case), then, unsaved=True))
            elif clicked is anew:
                self._desk.guard(lambda: self._begin(place, wish, case, then))
            else:
                self._desk.message.emit(say("Nothing was opened."), "info")

        box.buttonClicked.connect(decide)
        box.open()

    def _show(self, kept: KeptReading, then: Callable[[], object], *, unsaved: bool = False) -> None:
        # What was open before is closed, and its keeping ends, before this one's begins.
        self._desk.start(kept.reading)
        self._kept, self._desk.kept = kept, True
        if unsaved:
            self._desk.saved = False
            self._desk.message.emit(say("The reading goes on where it was left."), "info")
        then()

    def _on_written(self, path: Path) -> None:
        if self._kept is not None:
            self._kept.exported(path)

    def _leave(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()
