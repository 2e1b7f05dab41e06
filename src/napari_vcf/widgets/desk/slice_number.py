"""The number beside napari's slider: the one in the title, counted from 1, where napari counts its own steps from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, QTimer
from qtpy.QtGui import QIntValidator
from qtpy.QtWidgets import QLabel, QLineEdit, QWidget

from napari_vcf.language import tr
from napari_vcf.widgets.common.shortcuts_in_force import with_key

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["SliceNumber", "slider_rows"]


def slider_rows(holder: QWidget) -> list[QWidget]:
    """The rows of napari's sliders in a widget, one for each axis; those that napari has given up are among them."""
    return [row for found in holder.findChildren(QWidget) for row in getattr(found, "slider_widgets", ())]


class SliceNumber(QObject):
    """Puts the number of the slice, which may be typed, into the place of napari's own beside its slider.

    Parameters
    ----------
    viewport : Viewport
        Whose slices are counted.
    sliders : QWidget
        The widget that holds napari's sliders.
    """

    def __init__(self, viewport: Viewport, sliders: QWidget) -> None:
        super().__init__(sliders)
        self._viewport, self._sliders = viewport, sliders
        self._row: QWidget | None = None
        self.number: QLineEdit | None = None
        self.count: QLabel | None = None
        self._allowed = QIntValidator(1, 1, self)
        viewport.slice_changed.connect(self.say)
        for signal in (viewport.frame_changed, viewport.desk.image_changed, viewport.desk.closed):
            signal.connect(self.place)
        # napari makes its sliders anew where axes come or go, and only after it has told so.
        viewport.viewer.dims.events.ndim.connect(lambda _event: QTimer.singleShot(0, self.place))
        self.place()

    def place(self, *_: object) -> None:
        """Stand beside the slider that goes through the slices; without a case napari's own numbers do."""
        if self._viewport.desk.replacing and self._viewport.view is None:
            # The next case has slices as well.
            return
        axis, shown = self._viewport.slice_axis, self._viewport.view is not None
        rows = slider_rows(self._sliders)
        found = next((row for row in rows if shown and row.axis == axis), None)
        for row in rows:
            for own in (row.curslice_label, row.totslice_label):
                own.setVisible(row is not found)
        if found is not self._row:
            self._leave()
            if found is not None:
                self._enter(found)
        self.say()

    def _enter(self, row: QWidget) -> None:
        self._row = row
        number, count = QLineEdit(row), QLabel(row)
        number.setObjectName("slice_number")
        number.setToolTip(
            with_key(tr("Number of the slice: type one, then Enter"), "image.slice_before", "image.slice_next")
        )
        number.setValidator(self._allowed)
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        number.setFixedWidth(number.fontMetrics().horizontalAdvance("00000") + 8)
        number.returnPressed.connect(self._go)
        number.editingFinished.connect(self.say)
        count.setObjectName("slice_count")
        layout = row.layout()
        assert layout is not None
        for widget in (number, count):
            layout.addWidget(widget)
            widget.show()
        self.number, self.count = number, count
        # napari takes its sliders away with all that stands in them.
        row.destroyed.connect(self._forget)

    def _leave(self) -> None:
        row, self._row = self._row, None
        if row is not None:
            row.destroyed.disconnect(self._forget)
        for widget in (self.number, self.count):
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.number = self.count = None

    def _forget(self) -> None:
        self._row = self.number = self.count = None

    def say(self, *_: object) -> None:
        """Show the number of the slice that is drawn."""
        if self.number is None or self.count is None:
            return
        number, count = self._viewport.slice_number
        self.number.setText(str(number))
        self._allowed.setTop(max(count, 1))
        self.count.setText(tr("of {count}", count=count))

    def _go(self) -> None:
        if self.number is not None:
            self._viewport.go_to_number(int(self.number.text()))
            # The keys belong to the image again.
            self.number.clearFocus()
