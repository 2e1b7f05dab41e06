"""The line for messages under the bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QLabel, QSizePolicy

from napari_vcf.language import shown
from napari_vcf.widgets.common.controls import GREEN, ORANGE, SKY, VERMILLION
from napari_vcf.widgets.common.notifying import notify

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["MessageLine"]

_COLORS = {"info": GREEN, "warning": ORANGE, "error": VERMILLION}


class MessageLine(QLabel):
    """The last message; an error stays until something has worked since, the rest makes room after a while.

    Parameters
    ----------
    desk : Desk
        Whose messages are shown.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("message")
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.fading = QTimer(self)
        self.fading.setSingleShot(True)
        self.fading.timeout.connect(self._fade)
        desk.message.connect(self._on_message)
        # What was said of one stage does not hold of the next.
        desk.stage_changed.connect(lambda _stage: self._fade())
        for signal in (desk.opened, desk.reading_changed):
            signal.connect(self._outdate)

    def _on_message(self, text: str, kind: str) -> None:
        notify(text, kind)
        self.setText(shown(text))
        self.setToolTip(shown(text))
        self.setStyleSheet(f"border-left: 4px solid {_COLORS.get(kind, SKY)}; padding-left: 5px; font-weight: bold;")
        if kind == "error":
            self.fading.stop()
        else:
            self.fading.start(12_000)

    def _fade(self) -> None:
        self.setText("")
        self.setStyleSheet("")

    def _outdate(self, *_: object) -> None:
        """Let an error go that is older than a change of the reading: beside what came out well it would mislead."""
        if self.text() and not self.fading.isActive():
            self.fading.start(4_000)
