"""A cell for each slice of a body that was proposed, with what became of it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_vcf.language import say, tr
from napari_vcf.widgets.common.controls import BLUE, ORANGE, SKY, YELLOW
from napari_vcf.widgets.instruments.extent.proposed import SliceKind

__all__ = ["KINDS", "SliceStrip"]

#: What stands on each kind of slice, and in words.
KINDS: dict[SliceKind, tuple[str, str]] = {
    "waiting": ("?", say("proposed; waits for your word")),
    "unseen": ("!", say("accepted without a look; not counted")),
    "rejected": ("–", say("rejected; no body")),
    "proposed": ("P", say("looked at and accepted as proposed")),
    "label_map": ("M", say("looked at and accepted as the label map has it")),
    "corrected": ("C", say("proposed, then corrected by you")),
    "drawn": ("D", say("drawn by you")),
}
_CELL_PX = 24


class SliceStrip(QWidget):
    """A cell for each slice of the body: what became of it, and a click to go there.

    Parameters
    ----------
    go_to : callable
        Called with the slice of a cell that was clicked.
    """

    def __init__(self, go_to: Callable[[int], None]) -> None:
        super().__init__()
        self.setObjectName("proposal_slices")
        self.setToolTip(tr("The slices of the body and what became of each; click one to go there"))
        self._go_to = go_to
        self._kinds: dict[int, SliceKind] = {}
        self._here: int | None = None
        self._seen: frozenset[int] = frozenset()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_slices(self, kinds: dict[int, SliceKind], here: int | None, seen: frozenset[int]) -> None:
        """Show what became of each slice, which one is on the screen, and which were looked at."""
        if (kinds, here, seen) != (self._kinds, self._here, self._seen):
            self._kinds, self._here, self._seen = dict(kinds), here, seen
            self.setAccessibleDescription("; ".join(self.tells(index) for index in kinds))
            self.updateGeometry()
            self.update()

    def tells(self, index: int) -> str:
        """What is said of a slice."""
        kind = KINDS[self._kinds[index]][1]
        if index in self._seen or self._kinds[index] == "rejected":
            return tr("Slice {number}: {kind}", number=index + 1, kind=kind)
        return tr("Slice {number}: {kind}, not yet looked at", number=index + 1, kind=kind)

    def cell(self, index: int) -> QRectF:
        """Where a slice's cell lies."""
        return self._cells()[index]

    def _columns(self) -> int:
        return max(1, min(len(self._kinds), (self.width() or 360) // _CELL_PX))

    def _cells(self) -> dict[int, QRectF]:
        columns = self._columns()
        return {
            index: QRectF(number % columns * _CELL_PX + 1, number // columns * 36 + 1, _CELL_PX - 2, 34)
            for number, index in enumerate(self._kinds)
        }

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for all cells."""
        rows = -(-len(self._kinds) // self._columns()) if self._kinds else 0
        return QSize(_CELL_PX * self._columns(), 36 * rows)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As high as all cells are."""
        return QSize(_CELL_PX, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the cells: number above, mark below; a frame around the one on the screen."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().windowText().color()
        for index, cell in self._cells().items():
            kind = self._kinds[index]
            box = cell.adjusted(1, 15, -1, -1)
            fill, pen = {
                "waiting": (None, QPen(QColor(YELLOW), 2, Qt.PenStyle.DashLine)),
                "unseen": (ORANGE, QPen(QColor(ORANGE), 1)),
                "rejected": (None, QPen(QColor(128, 128, 128), 1)),
            }.get(kind, (BLUE, QPen(QColor(SKY), 1)))
            painter.setPen(pen)
            painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor("white") if fill == BLUE else QColor("black") if fill else text)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, KINDS[kind][0])
            painter.setPen(text)
            font = painter.font()
            font.setBold(index == self._here)
            painter.setFont(font)
            painter.drawText(cell.adjusted(0, 0, 0, -20), Qt.AlignmentFlag.AlignCenter, str(index + 1))
            if index == self._here:
                painter.drawLine(cell.topLeft(), cell.topRight())
        painter.end()

    def _at(self, x: float, y: float) -> int | None:
        return next((index for index, cell in self._cells().items() if cell.contains(x, y)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go to the slice that was clicked."""
        index = self._at(event.position().x(), event.position().y())
        if index is not None:
            self._go_to(index)

    def event(self, event: QEvent) -> bool:
        """Say of each cell what became of its slice."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self._at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), self.toolTip() if index is None else self.tells(index), self)
            return True
        return super().event(event)
