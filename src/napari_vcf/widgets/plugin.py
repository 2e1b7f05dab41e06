"""What the manifest names: reader, sample data and dock widgets. Each leads to the one desk of the viewer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.utils.notifications import show_warning
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_vcf.dicom import FolderError, folder_of
from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say, shown, tr
from napari_vcf.widgets.window.arrangement import Arrangement, arrange

__all__ = [
    "AdcRoi",
    "Calipers",
    "Findings",
    "LesionExtent",
    "NoWindowError",
    "ReadingDesk",
    "Registration",
    "get_reader",
    "open_sample",
]

_IMAGE_SUFFIXES = {"", ".dcm", ".ima", ".dicom", ".nii", ".gz", ".nrrd", ".nhdr"}
_PLACEHOLDER = "Sample case is being opened"
#: How many names of a folder are looked at before it is left to other readers.
_LOOK_AT = 2000


class NoWindowError(NapariVcfError):
    """The desk needs a window, and there is none."""


def get_reader(path: str | list[str] | None = None) -> Callable[[Any], list[tuple[None]]] | None:
    """Offer to open a folder that may hold a case, the folder of a DICOMDIR, or a structured report of this program.

    Parameters
    ----------
    path : str or list of str, optional
        What was dropped or opened. Without it, as from napari's command palette, the person is asked for a folder.

    Returns
    -------
    callable or None
        Opens it on the reading desk; None where it is neither, or the folder holds nothing that could be an image.
    """
    if path is None:
        _on_desk(lambda arrangement: arrangement.case_panel.ask_folder())
        return None
    folder = _folder_of(path)
    if folder.suffix.lower() == ".dcm" and folder.is_file():
        from napari_vcf.interchange.belonging import is_own_report

        return _open_report if is_own_report(folder) else None
    if not folder.is_dir():
        return None
    for number, entry in enumerate(folder.rglob("*")):
        if entry.is_file() and (entry.suffix.lower() in _IMAGE_SUFFIXES or entry.suffix[1:].isdigit()):
            return _open_folder
        if number > _LOOK_AT:
            break
    return None


def _folder_of(path: str | list[str]) -> Path:
    first = Path(path[0] if isinstance(path, list) else path)
    try:
        return folder_of(first)
    except FolderError:
        return first


def _open_folder(path: str | list[str]) -> list[tuple[None]]:
    _on_desk(lambda arrangement: arrangement.case_panel.open_folder(_folder_of(path)))
    # The desk adds the layers itself, once the folder is read; this is npe2's word for "nothing to add".
    return [(None,)]


def _open_report(path: str | list[str]) -> list[tuple[None]]:
    _on_desk(lambda arrangement: arrangement.case_panel.dicom.show_report(_folder_of(path)))
    return [(None,)]


def open_sample() -> list[Any]:
    """Open the synthetic case on the reading desk of the viewer in front.

    Returns
    -------
    list
        One empty layer that goes again at once: the desk adds the layers itself when the case is there, and napari
        calls a sample without any layer an error.
    """
    _on_desk(lambda arrangement: arrangement.case_panel.open_sample())
    viewer = napari.current_viewer()
    QTimer.singleShot(0, lambda: _take_off(viewer))
    about = {"name": _PLACEHOLDER, "visible": False, "units": "mm", "metadata": {_PLACEHOLDER: True}}
    return [(np.empty((0, 3)), about, "points")]


def _take_off(viewer: Any) -> None:
    layers = () if viewer is None else tuple(viewer.layers)
    for layer in layers:
        if layer.metadata.get(_PLACEHOLDER):
            viewer.layers.remove(layer)


def _on_desk(action: Callable[[Arrangement], object]) -> None:
    """Do something on the desk of the viewer in front; what it refuses is said in a notification of napari's."""
    viewer = napari.current_viewer()
    if viewer is None:
        raise NoWindowError(say("The reading desk needs a napari window; open one first, with napari.Viewer()."))
    try:
        action(arrange(viewer))
    except NapariVcfError as error:
        show_warning(shown(error))


class _Launcher(QWidget):
    """Lays out the desk, brings one panel to the front, and takes its own dock away again."""

    panel_name = "Case"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = napari_viewer
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(tr("The reading desk is laid out on the right.")))
        self.arrangement = arrange(napari_viewer)
        # napari puts this widget into a dock as soon as it has been made.
        QTimer.singleShot(0, self._step_aside)

    @property
    def panel(self) -> QWidget:
        """The panel that was brought to the front."""
        return self.arrangement.panels[self._name]

    @property
    def _name(self) -> str:
        # In a study the worklist has the place of the panel that opens cases.
        panels = self.arrangement.panels
        return self.panel_name if self.panel_name in panels else next(iter(panels))

    def _step_aside(self) -> None:
        self.arrangement.raise_panel(self._name)
        if self.parent() is not None:
            self._viewer.window.remove_dock_widget(self)


class ReadingDesk(_Launcher):
    """Reading desk."""


class Registration(_Launcher):
    """CT to MRI."""

    panel_name = "Registration"


class Calipers(_Launcher):
    """Height calipers."""

    panel_name = "Calipers"


class LesionExtent(_Launcher):
    """Lesion painter."""

    panel_name = "Lesion extent"


class AdcRoi(_Launcher):
    """ADC rectangle."""

    panel_name = "ADC ROI"


class Findings(_Launcher):
    """Structured form."""

    panel_name = "Findings"
