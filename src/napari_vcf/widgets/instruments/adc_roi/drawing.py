"""The drawing of the ADC rectangles: it shows the record, and whatever is done to the layer, it is drawn again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from napari_vcf.geometry import Rectangle
from napari_vcf.reading.state import Roi, Tissue
from napari_vcf.widgets.common.controls import SKY, YELLOW
from napari_vcf.widgets.common.dashes import dashes
from napari_vcf.widgets.common.locked_layer import Color, LockedDrawing, Picture, rgba
from napari_vcf.widgets.instruments.adc_roi.tool import RoiTool, handle_point

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["RoiDrawing"]

#: None of them is a mask's, and each runs on a dark line, so that it is seen on whatever lies under it.
_COLORS: dict[Tissue, str] = {"lesion": YELLOW, "normal": SKY}
_DRAFT = "#FFFFFF"
_CASING: Color = (0.0, 0.0, 0.0, 1.0)
_LINE_PX, _CASING_PX = 2.0, 5.0
_KNOB_PX = 5.0
#: Of what was carried and waits, and how long its dashes and gaps are.
_CARRIED_ALPHA, _DASH_MM = 0.7, 1.0

Shown = Callable[[], list[tuple[Rectangle, Roi, bool]]]


class RoiDrawing:
    """Draws rectangles with a knob on the one that may be turned."""

    def __init__(
        self, viewport: Viewport, tool: RoiTool, shown: Shown, waits: Callable[[Roi], bool] = lambda _roi: False
    ) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._tool = tool
        #: Whether a rectangle was carried from an earlier stage and waits.
        self._waits = waits
        self._shown = shown
        self._drawing = LockedDrawing(viewport, "ADC ROI", self._compose)
        self.layer = self._drawing.layer
        self.redraw = self._drawing.redraw
        tool.changed.connect(self._drawing.redraw_soon)
        viewport.slice_changed.connect(self._drawing.redraw)
        viewport.viewer.scene.camera.events.zoom.connect(self._drawing.redraw_soon)

    def _compose(self) -> Picture:
        picture, draft = Picture(), self._tool.draft
        drafted = False
        for rectangle, roi, movable in self._shown():
            shown = rectangle
            if movable and draft is not None:
                shown, drafted = draft, True
            waits = shown is rectangle and self._waits(roi)
            color = rgba(_COLORS[roi.tissue], _CARRIED_ALPHA if waits else 1.0)
            self._add(picture, shown, roi.image, color, None if movable else str(roi.placement), dashed=waits)
        if draft is not None and not drafted and self._desk.image_id is not None:
            self._add(picture, draft, self._desk.image_id, rgba(_DRAFT), None)
        return picture

    def _add(
        self,
        picture: Picture,
        rectangle: Rectangle,
        image: str,
        color: Color,
        label: str | None,
        *,
        dashed: bool = False,
    ) -> None:
        """Add a rectangle: with its number, or with the knob by which it is turned."""
        viewport = self._viewport
        if not viewport.can_show(image):
            return
        corners = viewport.to_world(rectangle.corners_lps, image)
        if not viewport.on_current_slice(corners.mean(axis=0)):
            return
        zoom = max(float(viewport.viewer.scene.camera.zoom), 1e-6)
        lines = [np.concatenate([corners, corners[:1]])[:, 1:]]
        if label is None:
            knob, side = viewport.to_world(
                [handle_point(rectangle), rectangle.center_lps + rectangle.long_mm / 2 * rectangle.axis_long], image
            )
            angle = np.linspace(0, 2 * np.pi, 17)
            lines.append(np.stack([side[1:], knob[1:]]))
            lines.append(knob[1:] + _KNOB_PX / zoom * np.stack([np.sin(angle), np.cos(angle)], axis=1))
        if dashed:
            lines = [*dashes(corners[:, 1:], dash=_DASH_MM, gap=_DASH_MM), *lines[1:]]
        for width_px, paint in ((_CASING_PX, _CASING), (_LINE_PX, color)):
            for line in lines:
                picture.line(line, width_px / zoom, paint)
        if label is not None:
            picture.text(corners.mean(axis=0)[1:], label, color, pixel=1 / zoom)
