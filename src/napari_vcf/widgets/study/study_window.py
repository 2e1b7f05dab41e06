"""A window that reads a study, and nothing else: the worklist in the place of the case panel, and no way around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from napari_vcf.language import say, shown, tr
from napari_vcf.reading import Stage
from napari_vcf.study import ReaderStudy
from napari_vcf.study.confirmations import Confirmations
from napari_vcf.widgets.common.canvas_widget import canvas_of
from napari_vcf.widgets.common.garbage import collect_beside_windows
from napari_vcf.widgets.common.gl_context import keep_gl_context
from napari_vcf.widgets.common.lean_canvas import map_plane_directly
from napari_vcf.widgets.common.playing import let_playing_stop
from napari_vcf.widgets.common.preferences import speak_as_preferred
from napari_vcf.widgets.common.screen import check_display
from napari_vcf.widgets.common.shortcuts_in_force import use_keys_file
from napari_vcf.widgets.common.toasts import tidy_notifications
from napari_vcf.widgets.desk.slice_number import slider_rows
from napari_vcf.widgets.desk.title import Title
from napari_vcf.widgets.study.consensus_dock import ConsensusDock
from napari_vcf.widgets.study.worklist import WorklistPanel
from napari_vcf.widgets.window.raster_canvas import draw_as_fits

if TYPE_CHECKING:
    from napari_vcf.widgets.window.arrangement import Arrangement

__all__ = ["WORKLIST", "begin_study", "close_side_doors", "open_consensus_window"]

WORKLIST = say("Worklist")


def begin_study(arrangement: Arrangement, study: ReaderStudy) -> WorklistPanel:
    """Put a reader's worklist on the desk and open the next case.

    Parameters
    ----------
    arrangement : Arrangement
        A desk that shows no case.
    study : ReaderStudy
        The reader's part of the study.

    Returns
    -------
    WorklistPanel
    """
    panel = WorklistPanel(arrangement.viewport, study)
    panel.instead_of = arrangement.replace_panel("Case", WORKLIST, panel)
    close_side_doors(arrangement.main)
    arrangement.raise_panel(WORKLIST)
    # Whoever signs by key has another panel in front, and must not miss what is told of it.
    panel.study_desk.signed.connect(
        lambda signed: arrangement.raise_panel(WORKLIST) if signed.feedback or signed.troubles else None
    )
    panel.begin()
    return panel


def close_side_doors(main: QMainWindow) -> None:
    """Take away napari's own ways to open files: its menu lists the last ones by name, and dropped files would show."""
    bar = main.menuBar()
    bar.setEnabled(False)
    bar.hide()
    for widget in main.findChildren(QWidget):
        if widget.acceptDrops() and not isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit | QAbstractItemView):
            widget.setAcceptDrops(False)


def open_consensus_window(
    root: Path, case: str, stages: tuple[Stage, ...], stage: Stage, confirmations: Confirmations | None = None
) -> ConsensusDock:
    """Open a window of its own for the consensus on a case.

    Parameters
    ----------
    root : Path
        The study folder.
    case : str
        Pseudonym of the case.
    stages : tuple of str
        Stages of the study.
    stage : str
        The one to begin with.
    confirmations : Confirmations, optional
        File of receipts and key that confirm each signature.

    Returns
    -------
    ConsensusDock

    Raises
    ------
    DisplayError
        If there is no display or no Qt binding.
    CanvasError
        If how the canvas is to be drawn was named wrongly.
    """
    check_display()
    import napari
    from napari.utils.notifications import show_warning

    tidy_notifications()
    draw_as_fits()
    viewer = napari.Viewer(title="napari-vcf")
    for sentence in (*speak_as_preferred(), *use_keys_file()):
        show_warning(shown(sentence))
    dock = ConsensusDock(viewer, root, case, stages, confirmations)
    frame = viewer.window.add_dock_widget(dock, name="Consensus", area="right", add_vertical_stretch=False)
    main = frame.parent()
    collect_beside_windows()
    keep_gl_context(viewer, main)
    map_plane_directly(viewer)
    let_playing_stop(main)
    frame.setWindowTitle(tr("Consensus"))
    frame.setTitleBarWidget(QWidget())
    frame.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    dock.keys.attach(main)
    for panel in main.findChildren(QDockWidget):
        if panel.objectName() in {"layer list", "layer controls"}:
            panel.hide()
    surface = canvas_of(main)
    assert surface is not None
    title = Title(surface)
    dock.canvas.titled.connect(title.say)

    def hide_numbers() -> None:
        # napari counts slices from 0; the title tells which is shown.
        for slider in slider_rows(main.centralWidget()):
            for number in (slider.curslice_label, slider.totslice_label):
                number.hide()

    # napari makes its sliders anew where axes come or go, and only after it has told so.
    viewer.dims.events.ndim.connect(lambda _event: QTimer.singleShot(0, hide_numbers))
    # What napari says there of keys is not true of what cannot be edited.
    main.statusBar().hide()
    close_side_doors(main)
    screen = main.screen().availableGeometry()
    viewer.window.resize(min(screen.width(), 1900), min(screen.height(), 1200))
    # Its place on the canvas is known only once the window has its size.
    QApplication.processEvents()
    dock.open(stage)
    return dock
