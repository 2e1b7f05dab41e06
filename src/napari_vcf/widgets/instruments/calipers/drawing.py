"""The drawing of the calipers: one Shapes layer that shows the record and keeps nothing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_vcf.measure import Position
from napari_vcf.reading.results import caliper_mm
from napari_vcf.reading.state import Caliper
from napari_vcf.widgets.common.controls import GREEN, ORANGE, SKY, YELLOW
from napari_vcf.widgets.common.label_places import Label, outline_of, place_labels
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.desk.screen_boxes import shown_box, written_boxes
from napari_vcf.widgets.instruments.calipers.tool import CaliperTool
from napari_vcf.widgets.instruments.instrument import World

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["POSITION_COLORS", "POSITION_SHORT", "CaliperDrawing", "with_serifs"]

POSITION_COLORS: dict[Position, str] = {"anterior": ORANGE, "middle": SKY, "posterior": GREEN}
POSITION_SHORT: dict[Position, str] = {"anterior": "ant", "middle": "mid", "posterior": "post"}
#: Side of the vertebra on which a label stands; the one of the middle takes what is nearer.
_LABEL_SIDE: dict[Position, int] = {"anterior": -1, "middle": 0, "posterior": 1}
#: Room for a label, pixels: its height, the width of a character, and the shadow around.
_LABEL_HEIGHT_PX, _CHARACTER_PX, _AROUND_PX = 17.0, 9.3, 5.0
#: Between a label and a vertebra.
_LABEL_GAP_PX = 4.0
#: So deep a vertebral body is taken to be as long as it is measured on one side only, mm.
_BODY_DEPTH_MM = 34.0
_LINE_PX = 2.0
_SELECTED_PX = 3.5
#: Half the width of the small bars at the ends, mm.
_SERIF_MM = 1.6
#: Half the width of the mark of an end that was drawn to an edge, on the screen.
_SNAPPED_PX = 6.0
_OTHER_SLICE_ALPHA = 0.25
#: Of what was carried and waits, and how long its dashes and gaps are.
_CARRIED_ALPHA, _DASH_MM = 0.6, 1.8
#: How far below the top the next corner is named.
_NEXT_PX = 62.0


#: Ends in world (row, column) mm, the caliper, whether it is chosen, and whether it lies on this slice.
Item = tuple[World, World, Caliper, bool, bool]


class CaliperDrawing:
    """Draws the calipers of the current stage and the one that is being placed."""

    def __init__(self, viewport: Viewport, tool: CaliperTool) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._tool = tool
        self._places: dict[int, World] = {}
        self._placed_for: object = None
        self._placed = LockedDrawing(viewport, "Calipers", lambda: self._compose(drafts=False))
        # On a layer of its own, with the texts of its vertebra, which move with it: a drag draws these again, not all.
        self._draft = LockedDrawing(viewport, "Caliper being drawn", lambda: self._compose(drafts=True))
        self.layer = self._placed.layer
        tool.changed.connect(self._follow_tool)
        viewport.slice_changed.connect(self.redraw)
        viewer = viewport.viewer
        for event in (viewer.scene.camera.events.zoom, viewer.scene.camera.events.center, viewer.canvas.events.size):
            event.connect(self._redraw_soon)

    def redraw(self, *_: object) -> None:
        """Draw what has changed."""
        self._placed.redraw()
        self._draft.redraw()

    def _follow_tool(self) -> None:
        # The table follows the tool as well: both are put on the screen at once.
        self._placed.redraw_in_time()
        self._draft.redraw_in_time()

    def _redraw_soon(self, *_: object) -> None:
        self._placed.redraw_soon()
        self._draft.redraw_soon()

    def _compose(self, *, drafts: bool) -> Picture:
        picture = Picture()
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        draft = self._tool.draft
        # Nothing is drawn of the others where none is being drawn.
        items = [] if drafts and draft is None else self._items()
        outlines = {level: _outline(items, level) for level in dict.fromkeys(item[2].level for item in items)}
        places = self._label_places(items, outlines, zoom) if items else {}
        moving = None if draft is None else draft.caliper.level
        carried = {id(caliper) for caliper in self._tool.drafted()}
        for number, (start, end, caliper, selected, here) in enumerate(items):
            waits = id(caliper) in carried
            color = rgba(POSITION_COLORS[caliper.position], _alpha(here=here, waits=waits))
            if drafts is (draft is not None and caliper is draft.caliper):
                width = (_SELECTED_PX if selected else _LINE_PX) / zoom
                dashed = waits or isinstance(caliper, PendingCaliper)
                for line in _dashed(start, end) if dashed else [with_serifs(start, end)]:
                    picture.line(line, width, color)
                for name in caliper.snapped:
                    # The program put this end there, and not the reader's hand.
                    mark = _diamond(start if name == "start" else end, _SNAPPED_PX / zoom)
                    picture.line(mark, _LINE_PX / zoom, color)
            if number in places and drafts is (caliper.level == moving):
                picture.text(places[number], label_text(caliper, waits=waits), color, pixel=1 / zoom)
        for level, at in _name_places(items, outlines, zoom):
            if drafts is (level == moving):
                picture.text(at, level, rgba(YELLOW), pixel=1 / zoom)
        if drafts and self._tool.next_corner:
            top, left = shown_box(self._viewport, zoom)[0]
            column = left + self._viewport.viewer.canvas.size[1] / 2
            at = np.array([top + _NEXT_PX, column]) / zoom
            picture.text(at, self._tool.next_corner, rgba(YELLOW), pixel=1 / zoom)
        return picture

    def _label_places(self, items: list[Item], outlines: dict[str, World], zoom: float) -> dict[int, World]:
        """Middle of the label of each caliper on this slice, by its number: beside the vertebrae, at any zoom.

        All are placed together, the one being drawn last, so that the others stay where they are as long as they can.
        """
        view, reserved = shown_box(self._viewport, zoom), written_boxes(self._viewport, zoom)
        key = (
            zoom,
            *(corner.tobytes() for box in (view, *reserved) for corner in box),
            *((start.tobytes(), end.tobytes(), caliper, here) for start, end, caliper, _, here in items),
        )
        if key != self._placed_for:
            here = [number for number, item in enumerate(items) if item[4]]
            carried = {id(caliper) for caliper in self._tool.drafted()}
            draft = self._tool.draft
            here.sort(key=lambda n: draft is not None and items[n][2] is draft.caliper)
            labels = []
            for number in here:
                start, end, caliper, _, _ = items[number]
                shape = outlines[caliper.level] * zoom
                side = _LABEL_SIDE[caliper.position]
                middle = (start + end) / 2 * zoom
                anchor = np.array([middle[0], middle[1]])
                if side:
                    # Beyond the vertebra on its own side.
                    anchor[1] = shape[:, 1].min() if side < 0 else shape[:, 1].max()
                width = len(label_text(caliper, waits=id(caliper) in carried)) * _CHARACTER_PX + _AROUND_PX
                labels.append(Label(anchor, (_LABEL_HEIGHT_PX, width), side))
            structures = [outline_of(shape * zoom) for shape in outlines.values()]
            gap = _LABEL_GAP_PX + _SERIF_MM * zoom
            found = place_labels(labels, structures, gap=gap, view=view, reserved=reserved)
            self._places = {number: place / zoom for number, place in zip(here, found, strict=True)}
            self._placed_for = key
        return self._places

    def _items(self) -> list[Item]:
        """Ends in world (row, column) mm, the caliper, whether it is chosen, and whether it lies on this slice."""
        if self._desk.reading is None:
            return []
        tool = self._tool
        items: list[Item] = []
        front = tool.carried.front
        in_front = None if front is None else tool.carried.caliper(front)
        pending = tuple(PendingCaliper(**dict(each.caliper)) for each in tool.waiting_middles())
        # What waits first, so that a caliper being drawn stays the last.
        for caliper in (*tool.drafted(), *pending, *tool.calipers()):
            if not self._viewport.can_show(caliper.image):
                continue
            start, end = self._viewport.to_world([caliper.start_lps, caliper.end_lps], caliper.image)
            selected = tool.selected == (caliper.level, caliper.position) or caliper is in_front
            drawn = tool.draft is not None and tool.draft.caliper is caliper
            items.append((start[1:], end[1:], caliper, selected or drawn, self._viewport.on_current_slice(start)))
        return items


def _name_places(items: list[Item], outlines: dict[str, World], zoom: float) -> list[tuple[str, World]]:
    """The name of each measured vertebra and where it stands on the body: behind its middle, if it fits."""
    found: list[tuple[str, World]] = []
    for level in dict.fromkeys(item[2].level for item in items if item[4]):
        shape = outlines[level]
        height, depth = np.ptp(shape[:, 0]), np.ptp(shape[:, 1])
        if min(height, depth / 4) * zoom > _LABEL_HEIGHT_PX:
            middle = shape.mean(axis=0)
            found.append((level, middle + np.array([0.0, depth / 4])))
    return found


class PendingCaliper(Caliper):
    """A proposal that waits, drawn beside the calipers of the record."""


def label_text(caliper: Caliper, *, waits: bool = False) -> str:
    """What stands beside a caliper.

    One that was carried and waits has no length, for it is not measured yet; nor has a proposal that lies on no edge.
    """
    name = f"{caliper.level} {POSITION_SHORT[caliper.position]}"
    pending = isinstance(caliper, PendingCaliper)
    if waits or (pending and len(caliper.snapped) < 2):
        return f"{name} ?"
    return f"{name} {caliper_mm(caliper):.1f} mm" + (" ?" if pending else "")


def _outline(items: list[Item], level: str) -> NDArray[np.float64]:
    """Points around a vertebra that is measured, mm; where only one wall is, the other is taken to be where it may be.

    Nothing follows from it but where labels do not stand.
    """
    ends = {item[2].position: np.stack(item[:2]) for item in items if item[2].level == level}
    points = [*ends.values()]
    some = next(iter(ends.values()))
    along = some[1] - some[0]
    back = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
    back *= 1.0 if back[1] >= 0 else -1.0
    middle = ends.get("middle")
    walls: tuple[tuple[Position, Position, float], ...] = (("anterior", "posterior", -1), ("posterior", "anterior", 1))
    for wall, other, way in walls:
        if wall not in ends:
            known, share = (middle, 0.5) if middle is not None else (ends[other], 1.0)
            points.append(known + way * share * _BODY_DEPTH_MM * back)
    return np.concatenate(points)


def _alpha(*, here: bool, waits: bool) -> float:
    return _OTHER_SLICE_ALPHA if not here else _CARRIED_ALPHA if waits else 1.0


def _dashed(start: World, end: World) -> list[World]:
    """A caliper that waits: its bars, and dashes between them."""
    lines = with_serifs(start, end)
    length = max(float(np.linalg.norm(end - start)), 1e-9)
    count = max(round(length / _DASH_MM), 2) | 1
    marks = np.linspace(start, end, count + 1)
    return [lines[:2], lines[4:], *(marks[n : n + 2] for n in range(0, count, 2))]


def with_serifs(start: World, end: World) -> World:
    """A line in the shape of an I, drawn in one go."""
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
    side = np.array([-along[1], along[0]]) * _SERIF_MM
    return np.stack([start - side, start + side, start, end, end + side, end - side])


def _diamond(center: World, half_mm: float) -> World:
    corners = np.array([[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]])
    return np.asarray(center + half_mm * corners)
