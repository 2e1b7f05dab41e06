"""The questions before a window closes: about unsaved work, once, beside those that napari asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from qtpy.QtCore import QEvent
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication, QMainWindow, QMessageBox

from napari_vcf.language import said, tr
from napari_vcf.reading.errors import ExportError
from napari_vcf.widgets.case.exporting import ask_export, check_open
from napari_vcf.widgets.desk.desk import Desk

__all__ = ["Closing"]


class Closing:
    """How a window with a desk closes.

    Parameters
    ----------
    main : QMainWindow
        napari's window.
    desk : Desk
        Whose work may be unsaved.
    leave : callable
        Puts everything away, once the window surely closes.
    others : callable
        Gives those of the program's other windows.
    """

    def __init__(
        self,
        main: QMainWindow,
        desk: Desk,
        leave: Callable[[], object],
        others: Callable[[], Iterable[Closing]],
    ) -> None:
        self._main, self._desk, self._leave, self._others = main, desk, leave, others
        #: The window as napari's own class, which says more than Qt's.
        self._napari: Any = main
        self._ask_once()

    def ask(self, event: QEvent) -> None:
        """Ask, hand the event on to napari, which may ask as well, and leave only if the window then closes."""
        # After `viewer.close` the image is gone, and a window that stayed would have none: it is too late to ask.
        gone = self._napari._qt_viewer.isHidden()
        asks = self._desk.unsaved and not gone
        if (asks and not self.may_close()) or (self._napari._quit_app and not gone and not self._may_quit()):
            event.ignore()
        else:
            # Whoever has just said yes is asked by napari only about work under way: where an event does not come from
            # the window system, it asks nothing.
            handed = QCloseEvent() if asks and not self._works else event
            self._main.event(handed)
            event.setAccepted(handed.isAccepted())
        if event.isAccepted():
            self._leave()
        else:
            # An Exit that was refused would else end the program when this window closes some day.
            self._napari._quit_app = False

    def forget(self) -> None:
        """Let napari's window close as it did before: what it was given would hold a window that is gone."""
        del self._napari.close

    def may_close(self) -> bool:
        """Ask about unsaved work; whether the window may close at once."""
        reading, quits = self._desk.reading, self._napari._quit_app
        assert reading is not None
        box = QMessageBox(self._main)
        box.setObjectName("unsaved")
        box.setWindowTitle(tr("Unsaved reading"))
        box.setText(tr("The reading has changes that were not exported."))
        box.setInformativeText(
            tr("They are kept: opening these images again offers to go on. Close?")
            if self._desk.kept
            else tr("Close and lose them?")
        )
        export = box.addButton(tr("Export…"), QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(tr("Close without export"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(cancel)
        box.exec()
        clicked = box.clickedButton()
        if clicked not in (export, discard):
            return False
        try:
            check_open(self._desk, reading)
        except ExportError as error:
            self._desk.message.emit(said(error), "error")
            return False
        if clicked is export:
            ask_export(self._desk, self._main, then=lambda: self._close_after_export(quits))
        return clicked is discard

    def _may_quit(self) -> bool:
        """Ask for the other windows as well: napari's Exit takes them all down, and asks nobody."""
        return all(other.may_close() for other in self._others() if other._desk.unsaved)

    @property
    def _works(self) -> bool:
        """Whether napari knows of work under way in this window."""
        return bool(self._napari._window._task_status_manager.is_busy())

    def _ask_once(self) -> None:
        """Keep napari's Close Window and Exit from asking where the question about unsaved work comes anyway."""
        close = self._napari.close

        def close_window(quit_app: bool = False, confirm_need: bool = False) -> object:
            return close(quit_app=quit_app, confirm_need=confirm_need and not self._desk.unsaved)

        self._napari.close = close_window

    def _close_after_export(self, quits: bool) -> None:
        if self._works:
            # napari asks about it only where the window system closes the window, and this is still the person's wish.
            self._napari._quit_app = quits
            QApplication.sendEvent(self._main.windowHandle(), QCloseEvent())
        else:
            self._napari.close(quit_app=quits)
