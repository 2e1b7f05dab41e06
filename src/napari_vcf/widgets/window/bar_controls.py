"""The small controls of the bar over the image: buttons, boxes that give way, lines that keep their room."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import (
    QComboBox,
    QLabel,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from napari_vcf.widgets.common.controls import keep_keys

__all__ = ["NarrowBox", "SteadyLabel", "bar_box", "bar_gap", "bar_tool", "fill_box"]

#: A box of the bar is never narrower.
_NARROW_PX = 62
#: So far beyond its field a text is drawn.
_PAST_FIELD_PX = 3


def bar_tool(name: str, text: str, tooltip: str) -> QToolButton:
    """A button of the bar, reached by Tab only."""
    widget = QToolButton()
    widget.setObjectName(name)
    widget.setText(text)
    widget.setToolTip(tooltip)
    widget.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    widget.setMinimumHeight(26)
    return widget


class NarrowBox(QComboBox):
    """A box as wide as its entries, which gives way where the window is narrow."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Room for the arrow and the first letters."""
        return QSize(min(_NARROW_PX, super().minimumSizeHint().width()), super().minimumSizeHint().height())

    def text_in_room(self) -> str:
        """The chosen entry as far as there is room for it: cut without a mark, 2500 could be read as 250."""
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, self._option(), QStyle.SubControl.SC_ComboBoxEditField, self
        )
        room = field.width() + _PAST_FIELD_PX
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the box as its style does, with an ellipsis where the text has no room."""
        del event
        option = self._option()
        option.currentText = self.text_in_room()
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _option(self) -> QStyleOptionComboBox:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return option


class SteadyLabel(QLabel):
    """A line that keeps the room it once took: one that fits its text has the window laid out at each change."""

    def setText(self, text: str) -> None:  # noqa: N802
        """Show a text."""
        super().setText(text)
        hint = self.sizeHint()
        self.setFixedSize(max(hint.width(), self.minimumWidth()), hint.height())


def bar_box(name: str, tooltip: str) -> QComboBox:
    """A box of the bar that leaves letter keys to the instruments."""
    widget = NarrowBox()
    widget.setObjectName(name)
    widget.setToolTip(tooltip)
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    keep_keys(widget)
    return widget


def bar_gap() -> QWidget:
    """Some room between two groups."""
    widget = QWidget()
    widget.setFixedWidth(10)
    return widget


def fill_box(combo: QComboBox, entries: Sequence[tuple[str, object]]) -> None:
    """Replace the entries of a box, only where they differ, without a signal."""
    have = [(combo.itemText(index), combo.itemData(index)) for index in range(combo.count())]
    if have == list(entries):
        return
    combo.blockSignals(True)
    combo.clear()
    for text, data in entries:
        combo.addItem(text, data)
    combo.blockSignals(False)
