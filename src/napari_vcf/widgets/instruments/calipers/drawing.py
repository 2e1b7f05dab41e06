"""The drawing of the calipers: one Shapes layer that shows the record and keeps nothing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_vcf.measure import Position
from napari_vcf.reading.results import caliper_mm
from napari_vcf.reading.state import Caliper
from napari_vcf.widgets.common.controls import GREEN, ORANGE, SKY
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.instruments.calipers.tool import CaliperTool
from napari_vcf.widgets.instruments.instrument import World

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["POSITION_COLORS", "POSITION_SHORT", "CaliperDrawing", "with_serifs"]

POSITION_COLORS: dict[Position, str] = {"anterior": ORANGE, "middle": SKY, "posterior": GREEN}
POSITION_SHORT: dict[Position, str] = {"anterior": "ant", "middle": "mid", "posterior": "post"}
#: Side of the caliper on which its label stands, so that the labels of one vertebra do not cover each other.
_LABEL_SIDE: dict[Position, float] = {"anterior": -1.0, "middle": 0.0, "posterior": 1.0}
#: Pixels to the middle of a label: half a character each, and a gap.
_LABEL_HALF_CHARACTER_PX = 4.3
_LABEL_GAP_PX = 9.0
_LINE_PX = 2.0
_SELECTED_PX = 3.5
#: Half the width of the small bars at the ends, mm.
_SERIF_MM = 1.6
_OTHER_SLICE_ALPHA = 0.25


class CaliperDrawing:
    """Draws the calipers of the current stage and the one that is being placed."""

    def __init__(self, viewport: Viewport, tool: CaliperTool) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._tool = tool
        self._placed = LockedDrawing(viewport, "Calipers", lambda: self._compose(drafts=False))
        # On a layer of its own, so that a drag draws one caliper again and not nine.
        self._draft = LockedDrawing(viewport, "Caliper being drawn", lambda: self._compose(drafts=True))
        self.layer = self._placed.layer
        tool.changed.connect(self._redraw_soon)
        viewport.slice_changed.connect(self.redraw)
        viewport.viewer.scene.camera.events.zoom.connect(self._redraw_soon)

    def redraw(self, *_: object) -> None:
        """Draw what has changed."""
        self._placed.redraw()
        self._draft.redraw()

    def _redraw_soon(self, *_: object) -> None:
        self._placed.redraw_soon()
        self._draft.redraw_soon()

    def _compose(self, *, drafts: bool) -> Picture:
        picture = Picture()
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        draft = self._tool.draft
        for start, end, caliper, selected, here in self._items():
            if drafts is not (draft is not None and caliper is draft.caliper):
                continue
            position = caliper.position
            color = rgba(POSITION_COLORS[position], 1.0 if here else _OTHER_SLICE_ALPHA)
            picture.line(with_serifs(start, end), (_SELECTED_PX if selected else _LINE_PX) / zoom, color)
            if here:
                text = f"{caliper.level} {POSITION_SHORT[position]} {caliper_mm(caliper):.1f} mm"
                away_px = _LABEL_SIDE[position] * (len(text) * _LABEL_HALF_CHARACTER_PX + _LABEL_GAP_PX)
                # Beside the end that reaches out farther, where the caliper leans.
                middle = (start + end) / 2
                lean = _LABEL_SIDE[position] * abs(float(end[1] - start[1])) / 2
                picture.text(middle + np.array([0.0, away_px / zoom + lean]), text, color, pixel=1 / zoom)
        return picture

    def _items(self) -> list[tuple[World, World, Caliper, bool, bool]]:
        """Ends in world (row, column) mm, the caliper, whether it is chosen, and whether it lies on this slice."""
        if self._desk.reading is None:
            return []
        tool = self._tool
        items = []
        for caliper in tool.stage_with_draft().calipers:
            if not self._viewport.can_show(caliper.image):
                continue
            start, end = self._viewport.to_world([caliper.start_lps, caliper.end_lps], caliper.image)
            selected = tool.selected == (caliper.level, caliper.position)
            drawn = tool.draft is not None and tool.draft.caliper is caliper
            items.append((start[1:], end[1:], caliper, selected or drawn, self._viewport.on_current_slice(start)))
        return items


def with_serifs(start: World, end: World) -> World:
    """A line in the shape of an I, drawn in one go."""
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
    side = np.array([-along[1], along[0]]) * _SERIF_MM
    return np.stack([start - side, start + side, start, end, end + side, end - side])
