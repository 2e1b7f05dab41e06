"""Which image is laid over the one in front, how much of it is seen, and whether in colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QSlider, QWidget

from napari_vcf.dicom import Role
from napari_vcf.language import say, tr
from napari_vcf.widgets.common.shortcuts_in_force import key_text, with_key
from napari_vcf.widgets.window.bar_controls import bar_box, bar_tool, fill_box

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["FusionControls"]


class FusionControls(QWidget):
    """The image laid over the one in front.

    Parameters
    ----------
    viewport : Viewport
        What they act on.
    """

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self._viewport, self._desk = viewport, viewport.desk
        self.overlay = bar_box("overlay", with_key(tr("Image laid over the one in front"), "image.overlay"))
        self.overlay.activated.connect(lambda _index: self._lay_over())
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("fusion")
        self.slider.setRange(0, 100)
        self.slider.setMinimumWidth(40)
        self.slider.setMaximumWidth(90)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        flickers = tr("How much of the image laid over is seen; {key} flickers", key=key_text("image.flicker"))
        self.slider.setToolTip(with_key(flickers, "image.overlay_less", "image.overlay_more"))
        self.slider.valueChanged.connect(lambda _value: self._lay_over())
        self.colour = bar_tool(
            "fusion_colour", tr("Colour"), with_key(tr("The image laid over in colour, or in grey"), "image.colour")
        )
        self.colour.setCheckable(True)
        self.colour.clicked.connect(viewport.fuse_in_color)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        for widget in (self.overlay, self.slider, self.colour):
            row.addWidget(widget)
        viewport.overlay_changed.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Show what is laid over, and what could be."""
        viewport, desk = self._viewport, self._desk
        others = [
            image
            for image in desk.images()
            if image.id != desk.image_id and viewport.view is not None and viewport.can_show(image.id)
        ]
        # CT over MR is what a registration is judged by.
        others.sort(key=lambda image: image.series.role is not Role.CT)
        overlaid = viewport.overlaid
        fill_box(self.overlay, [(tr("no overlay"), ""), *((f"+ {image.label}", image.id) for image in others)])
        index = 0 if overlaid is None else max(0, self.overlay.findData(overlaid[0]))
        self.overlay.setCurrentIndex(index)
        self.overlay.setEnabled(bool(others))
        self.slider.setEnabled(index > 0)
        self.colour.setChecked(viewport.fused_in_color)
        self.slider.blockSignals(True)
        self.slider.setValue(0 if overlaid is None else round(100 * overlaid[1]))
        self.slider.blockSignals(False)

    def _lay_over(self) -> None:
        chosen = self.overlay.currentData()
        if not chosen:
            self._viewport.overlay(None)
        else:
            before = self._viewport.overlaid
            fresh = before is None or before[0] != chosen
            self._viewport.overlay(chosen, 0.5 if fresh else self.slider.value() / 100)

    def next_overlay(self) -> None:
        """Lay the next image over the one in front, and after the last one none."""
        if self.overlay.isEnabled():
            self.overlay.setCurrentIndex((self.overlay.currentIndex() + 1) % self.overlay.count())
            self._lay_over()

    def fuse(self, percent: int) -> None:
        """Show more or less of the image laid over; without one, the first is laid over by half."""
        if self._viewport.overlaid is None:
            self.next_overlay()
        else:
            self.slider.setValue(self.slider.value() + percent)

    def flicker(self) -> None:
        """Change between the image in front and the one laid over it."""
        overlaid = self._viewport.overlaid
        if overlaid is None:
            if self.overlay.count() < 2:
                self._desk.message.emit(say("There is no other image to change to on this plane."), "info")
                return
            self._viewport.overlay(self.overlay.itemData(1), 1.0)
        else:
            self._viewport.overlay(overlaid[0], 0.0 if overlaid[1] > 0.5 else 1.0)
