"""What is drawn over the plane of the large image, painted once for all panes that show it alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPixmap

__all__ = ["Sheet"]


class Sheet:
    """Transparent pictures, each made when it is first asked for and kept until what is drawn changes."""

    def __init__(self) -> None:
        self._made: dict[Hashable, QPixmap] = {}

    def forget(self) -> None:
        """Paint anew: something is drawn differently now."""
        self._made.clear()

    def picture(self, place: Hashable, size: QSize, ratio: float, paint: Callable[[QPainter], object]) -> QPixmap:
        """What is drawn, as a pane of a size shows it.

        Parameters
        ----------
        place : hashable
            Everything on which it depends where a line lies in the pane.
        size : QSize
            Of the pane.
        ratio : float
            Pixels of the screen for each of the pane's.
        paint : callable
            Draws on a painter of that size.

        Returns
        -------
        QPixmap
        """
        key = place, size.width(), size.height(), ratio
        if key not in self._made:
            found = QPixmap(size * ratio)
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            painter = QPainter(found)
            paint(painter)
            painter.end()
            self._made[key] = found
        return self._made[key]
