"""What is drawn over the plane of the large image, painted once for all panes that show it alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap

__all__ = ["Sheet"]

#: Behind a text, so that it is read over bright fat as well, and how far it goes beyond the text.
_SHADE, _ACROSS_PX, _DOWN_PX = QColor(0, 0, 0, 112), 3, 1
#: Texts that are kept; a case has fewer slices than that.
_TEXTS = 400
#: Places for which lines are kept: those that panes of several sizes show at once.
_PLACES = 8


class Sheet:
    """Transparent pictures, each made when it is first asked for and kept until what is drawn changes."""

    def __init__(self) -> None:
        self._made: dict[Hashable, QPixmap] = {}
        self._of: Sequence[object] = ()
        self._made_of: dict[Hashable, QPixmap] = {}
        self._texts: dict[Hashable, QPixmap] = {}

    def forget(self) -> None:
        """Paint anew: something is drawn differently now."""
        self._made.clear()

    def clear(self) -> None:
        """Keep nothing: the case is closed."""
        self.forget()
        self._of = ()
        self._made_of.clear()

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
        return _kept(self._made, place, size, ratio, paint)

    def picture_of(
        self,
        drawn: Sequence[object],
        place: Hashable,
        size: QSize,
        ratio: float,
        paint: Callable[[QPainter], object],
    ) -> QPixmap:
        """The same of what is kept as long as it is drawn from the same objects, whatever else changes.

        Parameters
        ----------
        drawn : sequence
            What is drawn, as objects that never change.
        place, size, ratio, paint
            As in `picture`.

        Returns
        -------
        QPixmap
        """
        if len(drawn) != len(self._of) or any(one is not other for one, other in zip(drawn, self._of, strict=True)):
            self._of = drawn
            self._made_of.clear()
        found = _kept(self._made_of, place, size, ratio, paint)
        if len(self._made_of) > _PLACES:
            self._made_of.pop(next(iter(self._made_of)))
        return found

    def write(
        self, painter: QPainter, area: QRectF, where: Qt.AlignmentFlag, text: str, color: QColor, ratio: float
    ) -> None:
        """Write a text at the side of an area, on a shade; each text is drawn letter by letter once."""
        font = painter.font()
        key = text, color.rgba(), font.key(), ratio
        if key not in self._texts:
            if len(self._texts) >= _TEXTS:
                self._texts.clear()
            self._texts[key] = _written(text, color, font, ratio)
        picture = self._texts[key]
        painter.save()
        painter.setClipRect(area.adjusted(-_ACROSS_PX, -_DOWN_PX, _ACROSS_PX, _DOWN_PX))
        painter.drawPixmap(_corner(picture.deviceIndependentSize(), area, where), picture)
        painter.restore()


def _kept(
    made: dict[Hashable, QPixmap], place: Hashable, size: QSize, ratio: float, paint: Callable[[QPainter], object]
) -> QPixmap:
    key = place, size.width(), size.height(), ratio
    if key not in made:
        made[key] = _painted(size, ratio, paint)
    return made[key]


def _painted(size: QSize, ratio: float, paint: Callable[[QPainter], object]) -> QPixmap:
    found = QPixmap(size * ratio)
    found.setDevicePixelRatio(ratio)
    found.fill(Qt.GlobalColor.transparent)
    painter = QPainter(found)
    paint(painter)
    painter.end()
    return found


def _written(text: str, color: QColor, font: QFont, ratio: float) -> QPixmap:
    metrics = QFontMetricsF(font)
    around = QRectF(0, 0, metrics.horizontalAdvance(text), metrics.height())
    size = around.adjusted(0, 0, 2 * _ACROSS_PX, 2 * _DOWN_PX).toAlignedRect().size()

    def paint(painter: QPainter) -> None:
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), _SHADE)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(around.translated(_ACROSS_PX, _DOWN_PX), Qt.TextFlag.TextDontClip, text)

    return _painted(size, ratio, paint)


def _corner(size: QSizeF, area: QRectF, where: Qt.AlignmentFlag) -> QPointF:
    """Where a picture of a size begins, so that what is written on it stands at the side of an area."""
    width, height = size.width(), size.height()
    left, top = area.left() - _ACROSS_PX, area.top() - _DOWN_PX
    if where & Qt.AlignmentFlag.AlignRight:
        left = area.right() + _ACROSS_PX - width
    if where & Qt.AlignmentFlag.AlignBottom:
        top = area.bottom() + _DOWN_PX - height
    elif where & Qt.AlignmentFlag.AlignVCenter:
        top = area.center().y() - height / 2
    return QPointF(round(left), round(top))
