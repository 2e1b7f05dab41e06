"""What is written over the image: its title in the corner, and at its sides which way the patient lies."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QLabel, QWidget

__all__ = ["SideLetters", "Title"]

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


class SideLetters(QObject):
    """A letter at each side of the image, for the way in which the patient lies.

    Labels like the title, and for the same reason: as texts of napari's own, four letters that hardly ever change were
    laid out and drawn with each slice.

    Parameters
    ----------
    canvas : QWidget
        What the image is drawn on.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.labels: list[QLabel] = []
        for side in ("top", "bottom", "left", "right"):
            label = QLabel(canvas)
            label.setObjectName(f"letter_{side}")
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.setStyleSheet("color: #ffd75e; background: rgba(0, 0, 0, 112); font-size: 14pt; padding: 1px 4px;")
            label.hide()
            self.labels.append(label)
        canvas.installEventFilter(self)

    def say(self, texts: tuple[str, str, str, str]) -> None:
        """Show the letters of top, bottom, left and right; an empty one is hidden."""
        for label, text in zip(self.labels, texts, strict=True):
            if text != label.text():
                label.setText(text)
                label.resize(label.sizeHint())
            label.setVisible(bool(text))
        self._place()

    def _place(self) -> None:
        width, height = self._canvas.width(), self._canvas.height()
        top, bottom, left, right = self.labels
        top.move((width - top.width()) // 2, _FROM_CORNER_PX)
        bottom.move((width - bottom.width()) // 2, height - bottom.height() - _FROM_CORNER_PX)
        left.move(_FROM_CORNER_PX, (height - left.height()) // 2)
        right.move(width - right.width() - _FROM_CORNER_PX, (height - right.height()) // 2)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Stay at the sides of the canvas."""
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self._place()
        return False
