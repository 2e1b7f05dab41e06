"""A window that reads a study, and nothing else: the worklist in the place of the case panel, and no way around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QAbstractItemView, QLineEdit, QMainWindow, QPlainTextEdit, QTextEdit, QWidget

from napari_vcf.study import ReaderStudy
from napari_vcf.widgets.worklist import WorklistPanel

if TYPE_CHECKING:
    from napari_vcf.widgets.docks import Arrangement

__all__ = ["WORKLIST", "begin_study", "close_side_doors"]

WORKLIST = "Worklist"


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
    panel = WorklistPanel(arrangement.desk, study)
    panel.instead_of = arrangement.replace_panel("Case", WORKLIST, panel)
    close_side_doors(arrangement.main)
    arrangement.raise_panel(WORKLIST)
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
