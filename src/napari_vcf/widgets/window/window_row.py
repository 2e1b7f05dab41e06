"""Window and level as numbers, beside the line for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from napari_vcf.language import tr
from napari_vcf.widgets.common.shortcuts_in_force import with_key
from napari_vcf.widgets.window.bar_controls import bar_tool

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["NumberBox", "WindowRow"]

_UNITS = {"HU": " HU", "um2/s": " µm²/s"}
#: Beyond this many of its unit a number needs no decimals.
_WHOLE = 20.0


class NumberBox(QDoubleSpinBox):
    """A number that is typed, or stepped by the arrows; the wheel over it does nothing unless it has the focus."""

    def wheelEvent(self, event: Any) -> None:  # noqa: N802
        """Leave a wheel that was meant for something else alone."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class WindowRow(QWidget):
    """Width and level of the image in front, whether it is inverted, and the way back.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    """

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self._desk = desk = viewport.desk
        self.width_box = _number_box(
            "window_width", with_key(tr("Width of the window: type it, then Enter"), "image.type_window")
        )
        self.level_box = _number_box(
            "window_level", with_key(tr("Level, the middle of the window: Tab from its width"), "image.type_window")
        )
        self.invert = bar_tool(
            "invert", tr("Invert"), with_key(tr("Show what is high dark and what is low bright"), "image.invert")
        )
        self.invert.setCheckable(True)
        self.invert.clicked.connect(desk.invert)
        self.reset = bar_tool(
            "window_reset", tr("Reset"), with_key(tr("The usual window of this image"), "image.usual_window")
        )
        self.reset.clicked.connect(desk.reset_window)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for text, box in (("W", self.width_box), ("L", self.level_box)):
            layout.addWidget(QLabel(text))
            layout.addWidget(box)
            box.valueChanged.connect(self._set)
            box.editingFinished.connect(lambda b=box: _leave(b))
        for button in (self.invert, self.reset):
            button.setMinimumHeight(20)
            layout.addWidget(button)
        for signal in (desk.image_changed, desk.window_changed, desk.closed, viewport.frame_changed):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show the window of the image in front."""
        image = self._desk.image
        for widget in (self.width_box, self.level_box, self.invert, self.reset):
            widget.setEnabled(image is not None)
        if image is None:
            return
        low, high = self._desk.windows.of(image.id)
        unit = self._desk.volume(image.id).unit
        decimals = 0 if high - low > _WHOLE else int(np.clip(2 - np.floor(np.log10(high - low)), 3, 12))
        for box, value in ((self.width_box, high - low), (self.level_box, (high + low) / 2)):
            box.blockSignals(True)
            suffix = _UNITS.get(unit or "", "")
            # Of the same once more Qt would lay the bar and the window out anew.
            if (box.decimals(), box.suffix()) != (decimals, suffix):
                box.setDecimals(decimals)
                box.setSuffix(suffix)
                if box is self.width_box:
                    # Fewer decimals round a smaller minimum to nothing, and a window without width cannot be drawn.
                    box.setMinimum(10.0**-decimals)
            box.setSingleStep(max((high - low) / 50, 1.0) if high - low > _WHOLE else (high - low) / 50)
            box.setValue(value)
            box.blockSignals(False)
        self.invert.setChecked(self._desk.windows.is_inverted(image.id))

    def edit(self) -> None:
        """Put the cursor into the width."""
        self.width_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.width_box.selectAll()

    def _set(self, _value: float) -> None:
        width, level = self.width_box.value(), self.level_box.value()
        self._desk.set_window((level - width / 2, level + width / 2))


def _leave(box: NumberBox) -> None:
    """Give the keys back to the image once a number was typed, unless Tab went on to the other one."""
    if box.hasFocus():
        box.clearFocus()


def _number_box(name: str, tooltip: str) -> NumberBox:
    box = NumberBox()
    box.setObjectName(name)
    box.setToolTip(tooltip)
    box.setRange(-1e7, 1e7)
    box.setKeyboardTracking(False)
    box.setFocusPolicy(Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus)
    box.setFixedWidth(126)
    box.setFixedHeight(22)
    return box
