"""What is dropped on the window or chosen in its File menu: opened, asked about, or refused in a sentence.

Nothing of it is left to another reader, which would lay an image of no known place and unit over the desk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_vcf.dicom import FolderError, folder_of
from napari_vcf.dicom.files.volumefile import is_volume_file
from napari_vcf.dicom.labels import is_label_map
from napari_vcf.errors import NapariVcfError
from napari_vcf.language import said, say, shown, tr

if TYPE_CHECKING:
    from napari_vcf.widgets.case.panel import CasePanel

__all__ = ["DropTarget", "take_dropped"]

#: Ends of the names of files that may be a part of a case.
_IMAGE_ENDS = ("", ".dcm", ".ima", ".dicom", ".nii", ".nii.gz", ".hdr", ".img", ".nrrd", ".nhdr")
#: Kinds of images that others read, and that hold neither what an image is nor its unit.
_FOREIGN = {".mha": "MetaImage", ".mhd": "MetaImage", ".mgz": "MGH", ".mgh": "MGH"}
_MOST_ASKED = 6


def take_dropped(panel: CasePanel, paths: list[Path]) -> None:
    """Open what was dropped.

    Parameters
    ----------
    panel : CasePanel
        Opens it, and asks.
    paths : list of Path
        Folders and files.
    """
    folders = [path for path in paths if path.is_dir()]
    parents = list(dict.fromkeys(path.parent for path in paths))
    if len(paths) == 1:
        _take_one(panel, paths[0])
    elif len(folders) > 1:
        _ask(panel, say("One case is read at a time. Which folder is to be opened?"), folders)
    elif not folders and len(parents) == 1 and any(_may_be_image(path) for path in paths):
        _ask(panel, say("A case is opened by its folder, which may hold more than what was dropped."), parents)
    else:
        panel.refuse(say("A case is one folder or one zip file; drop that alone."))


def _take_one(panel: CasePanel, path: Path) -> None:
    name = path.name.lower()
    if path.is_dir():
        panel.open_folder(path)
    elif name.startswith("dicomdir"):
        try:
            panel.open_folder(folder_of(path))
        except FolderError as error:
            panel.refuse(said(error))
    elif name.endswith(".zip"):
        panel.open_zip(path)
    elif name.endswith(".json"):
        panel.ask_images_of(path)
    elif name.endswith(".dcm") and _is_report(path):
        panel.dicom.show_report(path)
    elif path.is_file() and is_label_map(path):
        _take_labels(panel, path)
    elif path.suffix.lower() in _FOREIGN:
        panel.refuse(
            say(
                "{name} is a {suffix} file, which is not read here: convert it to NIfTI, or open the "
                "DICOM files that it was made of.",
                name=path.name,
                suffix=_FOREIGN[path.suffix.lower()],
            )
        )
    elif _may_be_image(path):
        asked = tr("A case is opened by its folder. Open the folder of {name}?", name=path.name)
        labels = path if panel.has_case and is_volume_file(path.name) else None
        _ask(panel, asked, [path.parent], labels=labels)
    else:
        panel.refuse(
            say(
                "{name} is not an image that is read here: open a folder or zip file of DICOM or NIfTI files.",
                name=path.name,
            )
        )


def _take_labels(panel: CasePanel, path: Path) -> None:
    """Hand a label map to the panel that proposes a body from it."""
    if not panel.has_case:
        panel.refuse(
            say(
                "{name} is a label map: open the images first, then drop it again or take it in Lesion extent, by From "
                "labels.",
                name=path.name,
            )
        )
    else:
        panel.offer_labels(path)


def _may_be_image(path: Path) -> bool:
    name = path.name.lower()
    return path.is_file() and (
        path.suffix.lower() in _IMAGE_ENDS or name.endswith(".nii.gz") or path.suffix[1:].isdigit()
    )


def _is_report(path: Path) -> bool:
    try:
        from napari_vcf.interchange.belonging import is_own_report

        return is_own_report(path)
    except NapariVcfError:
        # What reads reports is not installed: then it is an image, or nothing.
        return False


def _ask(panel: CasePanel, text: str, folders: list[Path], *, labels: Path | None = None) -> None:
    """Ask which folder is opened, or whether a file is a label map of the open case."""
    box = QMessageBox(panel)
    box.setObjectName("dropped")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(tr("Open a folder"))
    more = len(folders) - _MOST_ASKED
    left = tr("{count} more were dropped; drop one of them alone to open it.", count=more)
    box.setText(f"{shown(text)} {left}" if more > 0 else shown(text))
    buttons = {}
    for folder in folders[:_MOST_ASKED]:
        widget = box.addButton(folder.name or str(folder), QMessageBox.ButtonRole.AcceptRole)
        widget.setToolTip(str(folder))
        buttons[widget] = folder
    as_labels = None
    if labels is not None:
        as_labels = box.addButton(tr("As a label map"), QMessageBox.ButtonRole.ActionRole)
        as_labels.setToolTip(tr("Take a vertebral body of the open case from this file, as a proposal"))
    box.addButton(QMessageBox.StandardButton.Cancel)

    def decide(clicked: object) -> None:
        if as_labels is not None and clicked is as_labels and labels is not None:
            panel.offer_labels(labels)
        for widget, folder in buttons.items():
            if clicked is widget:
                panel.open_folder(folder)

    box.buttonClicked.connect(decide)
    box.open()


class DropTarget(QObject):
    """Takes files before napari hands them to whatever reader it finds.

    That is what is dropped anywhere on a window, and what is chosen in its File menu or by its keys and commands.

    Parameters
    ----------
    window : QWidget
        The window; its parts that take files are watched.
    take : callable
        Called with the paths.
    """

    def __init__(self, window: QWidget, take: Callable[[list[Path]], object]) -> None:
        super().__init__(window)
        self._take = take
        for widget in (window, *window.findChildren(QWidget)):
            if not type(widget).__module__.startswith("napari."):
                continue
            if widget.acceptDrops():
                widget.installEventFilter(self)
            # napari shares the entries of its menus between windows; each ends here, in the window it was chosen in.
            if hasattr(widget, "_qt_open"):
                widget._qt_open = self._open

    def _open(self, filenames: list[str], *_: object, **__: object) -> None:
        """Take files as napari's dialogs hand them over, whatever else was chosen there."""
        self._take([Path(name) for name in filenames])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Take files; what moves layers in the list goes on its way."""
        del watched
        if event.type() != QEvent.Type.Drop or not event.mimeData().hasUrls():
            return False
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        if paths:
            self._take(paths)
        return True
