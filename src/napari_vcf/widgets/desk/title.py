"""The title of the image, in its corner."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

__all__ = ["Title"]

_FROM_CORNER_PX = 6


class Title(QLabel):
    """Lines over the image, on a shade that is read over bright fat as well.

    They change with each slice. A label of Qt's is drawn in the same frame as the slice; a text of napari's own would
    have the canvas drawn twice, and a shader built for its shade.

    Parameters
    ----------
    canvas : QWidget
        What the image is drawn on.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName("image_title")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setStyleSheet("color: #ffd75e; background: rgba(0, 0, 0, 112); font-size: 11pt; padding: 3px 5px;")
        self.move(_FROM_CORNER_PX, _FROM_CORNER_PX)
        self.hide()

    def say(self, text: str) -> None:
        """Show a title; an empty one hides it."""
        if text != self.text():
            self.setText(text)
            self.resize(self.sizeHint())
        self.setVisible(bool(text))
