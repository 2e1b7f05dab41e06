"""The drawing of the ADC rectangles: it shows the record, and whatever is done to the layer, it is drawn again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes
from numpy.typing import NDArray

from napari_vcf.geometry import Rectangle
from napari_vcf.reading.state import Roi, Tissue
from napari_vcf.widgets.instrument import on_current_slice
from napari_vcf.widgets.locked_layer import lock_drawing, new_drawing
from napari_vcf.widgets.parts import SKY, VERMILLION, YELLOW
from napari_vcf.widgets.roi_hand import RoiHand, handle_point

if TYPE_CHECKING:
    from napari_vcf.widgets.desk import Desk

__all__ = ["RoiDrawing"]

_COLORS: dict[Tissue, str] = {"lesion": VERMILLION, "normal": SKY}
_KNOB_PX = 5.0

Shown = Callable[[], list[tuple[Rectangle, Roi, bool]]]


class RoiDrawing:
    """Draws rectangles with a knob on the one that may be turned."""

    def __init__(self, desk: Desk, hand: RoiHand, shown: Shown) -> None:
        self._desk = desk
        self._hand = hand
        self._shown = shown
        self.layer: Shapes = new_drawing("ADC ROI")
        self.redraw = lock_drawing(self.layer, self._draw)
        desk.add_layer(self.layer)
        hand.changed.connect(self._redraw)
        desk.slice_changed.connect(self._redraw)
        desk.viewer.scene.camera.events.zoom.connect(self._redraw)

    def _redraw(self, *_: Any) -> None:
        self.redraw()

    def _draw(self) -> None:
        zoom = max(float(self._desk.viewer.scene.camera.zoom), 1e-6)
        paths: list[NDArray[np.float64]] = []
        colors: list[str] = []
        labels: list[str] = []
        drafted = False
        for rectangle, roi, movable in self._shown():
            shown = rectangle
            if movable and self._hand.draft is not None:
                shown, drafted = self._hand.draft, True
            self._add(shown, roi.image, movable, _COLORS[roi.tissue], f"{roi.placement}", zoom, (paths, colors, labels))
        if self._hand.draft is not None and not drafted and self._desk.image_id is not None:
            self._add(self._hand.draft, self._desk.image_id, True, YELLOW, "", zoom, (paths, colors, labels))
        layer = self.layer
        layer.selected_data = set()
        layer.data = []
        if paths:
            layer.add(paths, shape_type="path", edge_width=2.0 / zoom, edge_color=colors, face_color="transparent")
        layer.features = {"label": labels}
        if paths:
            layer.text = {"string": "{label}", "size": 9, "color": colors, "anchor": "center"}
        layer.refresh()

    def _add(
        self,
        rectangle: Rectangle,
        image: str,
        movable: bool,
        color: str,
        label: str,
        zoom: float,
        into: tuple[list[NDArray[np.float64]], list[str], list[str]],
    ) -> None:
        desk = self._desk
        if not desk.can_show(image):
            return
        corners = desk.to_world(rectangle.corners_lps, image)
        if not on_current_slice(desk, corners.mean(axis=0)):
            return
        paths, colors, labels = into
        paths.append(np.concatenate([corners, corners[:1]])[:, 1:])
        colors.append(color)
        labels.append("" if movable else label)
        if movable:
            knob, side = desk.to_world(
                [handle_point(rectangle), rectangle.center_lps + rectangle.long_mm / 2 * rectangle.axis_long], image
            )
            angle = np.linspace(0, 2 * np.pi, 17)
            ring = knob[1:] + _KNOB_PX / zoom * np.stack([np.sin(angle), np.cos(angle)], axis=1)
            paths += [np.stack([side[1:], knob[1:]]), ring]
            colors += [color, color]
            labels += ["", ""]
