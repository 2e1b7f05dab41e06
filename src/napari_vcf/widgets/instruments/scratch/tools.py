"""The scratch tools on the canvas: drawn with the mouse, shown beside the line, gone with the stage or the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.language import say
from napari_vcf.widgets.common.label_places import Label, outline_of, place_labels
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.desk.canvas import UNIT_TEXT, voxel_value
from napari_vcf.widgets.desk.screen_boxes import shown_box, written_boxes
from napari_vcf.widgets.instruments.instrument import Holder, Tool, ToolManager, World
from napari_vcf.widgets.instruments.scratch.measures import cobb_deg, distance_mm, region_of

__all__ = ["KINDS", "Kind", "ScratchTools"]

Kind = Literal["distance", "cobb", "region"]
KINDS: dict[Kind, str] = {"distance": say("Distance"), "cobb": say("Cobb angle"), "region": say("Free region")}
_COLOR, _CASING = "#FFFFFF", (0.0, 0.0, 0.0, 1.0)
#: Room for a text, pixels: its height, the width of a character, the shadow around, and what is kept free beside lines.
_TEXT_HEIGHT_PX, _CHARACTER_PX, _AROUND_PX, _GAP_PX = 17.0, 9.3, 5.0, 6.0
#: A line shorter than this was a click.
_LEAST_MM = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Mark:
    """A line or outline in the patient space of an image, LPS mm, and what stands beside it."""

    kind: Kind
    image: str
    points_lps: NDArray[np.float64]
    text: str


class ScratchTools(Tool):
    """Distance, Cobb angle and free region; what they draw enters no record and no export.

    Parameters
    ----------
    tools : ToolManager
        What hands out the mouse.
    """

    #: Another one of them is in hand; carries its kind, or None.
    changed = Signal(object)

    def __init__(self, tools: ToolManager) -> None:
        self._tools = tools
        self._viewport, self._desk = tools.viewport, tools.desk
        self.kind: Kind | None = None
        self.tool: Tool | None = self
        self.shared_keys: dict[str, Callable[[], object]] = {"Esc": self.put_away}
        self._marks: list[_Mark] = []
        self._line: list[World] = []
        self._before: Holder | None = None
        self.drawing = LockedDrawing(self._viewport, "Scratch", self._compose)
        self._viewport.slice_changed.connect(self.drawing.redraw)
        self._viewport.frame_changed.connect(self.drawing.redraw)
        camera = self._viewport.viewer.scene.camera
        for event in (camera.events.zoom, camera.events.center, self._viewport.viewer.canvas.events.size):
            event.connect(self.drawing.redraw_soon)
        # Nothing of a stage, or of a patient, is seen in the next one.
        for signal in (self._desk.opened, self._desk.closed, self._desk.stage_changed):
            signal.connect(self.clear)

    @property
    def texts(self) -> list[str]:
        """What stands beside each of them."""
        return [mark.text for mark in self._marks if mark.text]

    # -- in hand ----------------------------------------------------------------------------------------------------
    def choose(self, kind: str | None) -> None:
        """Take one of them into hand; the same again, or None, puts it away."""
        known = next((name for name in get_args(Kind) if name == kind), None)
        if known is None or known == self.kind:
            self.put_away()
            return
        self.cancel()
        self.kind = known
        if self._tools.active is not self:
            self._before = self._tools.active
            self._tools.take(self)
        self.changed.emit(known)

    def put_away(self) -> None:
        """Give the mouse back to what had it before."""
        if self._tools.active is self:
            before = self._before
            self._tools.lay_down(self)
            if before is not None:
                self._tools.take(before)

    def taken(self) -> None:
        """It has the mouse."""

    def laid_down(self) -> None:
        """It has the mouse no longer; what it drew stays until the stage ends or it is cleared."""
        self.cancel()
        self.kind, self._before = None, None
        self.changed.emit(None)

    def clear(self, *_: object) -> None:
        """Take everything off that was drawn."""
        self._marks.clear()
        self._line.clear()
        self.drawing.redraw()

    # -- drawing ----------------------------------------------------------------------------------------------------
    def press(self, point: World) -> bool:
        """Begin a line or an outline."""
        self._line = [point]
        return True

    def drag(self, point: World) -> None:
        """Go on with it."""
        if self._line:
            self._line = [*self._line, point] if self.kind == "region" else [self._line[0], point]
            self.drawing.redraw_soon()

    def release(self, point: World) -> None:
        """End it, and say what it measures."""
        self.drag(point)
        line, self._line = np.array(self._line), []
        image = self._desk.image_id
        if self.kind is not None and image is not None and len(line) > 1 and np.ptp(line, axis=0).max() >= _LEAST_MM:
            line[:, 0] = self._viewport.current_slice_mm
            self._marks.append(_Mark(self.kind, image, self._viewport.to_lps(line), self._text(line)))
        self.drawing.redraw()

    def cancel(self) -> None:
        """Forget the line that is being drawn, and the first of two."""
        self._line = []
        if self._open_cobb() is not None:
            self._marks.pop()
        self.drawing.redraw()

    def take_back(self) -> bool:
        """Take the last of them back."""
        if not self._marks:
            return False
        self._marks.pop()
        self.drawing.redraw()
        return True

    def _open_cobb(self) -> _Mark | None:
        """The first of two lines, while the second is awaited."""
        last = self._marks[-1] if self._marks else None
        return last if last is not None and last.kind == "cobb" and not last.text else None

    def _text(self, line: World) -> str:
        """What stands beside a line that was just ended; nothing beside the first of two."""
        desk, viewport = self._desk, self._viewport
        if self.kind == "distance":
            return f"{distance_mm(line):.1f} mm"
        if self.kind == "cobb":
            first = self._open_cobb()
            if first is None:
                return ""
            return f"{cobb_deg(viewport.to_world(first.points_lps, first.image)[:, 1:], line[:, 1:]):.1f}°"
        assert desk.image_id is not None
        volume, position = desk.volume(desk.image_id), viewport.current_slice_mm
        region = region_of(
            line[:, 1:], lambda point: voxel_value(volume, viewport.to_lps(np.array([position, *point])))
        )
        if region.mean is None or region.deviation is None:
            return f"{region.area_mm2:.0f} mm², no value"
        unit = UNIT_TEXT.get(volume.unit, volume.unit)
        return f"{region.mean:.0f} ± {region.deviation:.0f} {unit}, {region.area_mm2:.0f} mm²"

    def _compose(self) -> Picture:
        picture = Picture()
        viewport = self._viewport
        if viewport.view is None:
            return picture
        zoom = max(float(viewport.viewer.scene.camera.zoom), 1e-6)
        shown: list[tuple[Kind, World, str]] = []
        for mark in self._marks:
            if viewport.can_show(mark.image):
                world = viewport.to_world(mark.points_lps, mark.image)
                if viewport.on_current_slice(world[0]):
                    shown.append((mark.kind, world[:, 1:], mark.text))
        if len(self._line) > 1 and self.kind is not None:
            shown.append((self.kind, np.array(self._line)[:, 1:], ""))
        for width_px, color in ((4.0, _CASING), (1.6, rgba(_COLOR))):
            for kind, path, text in shown:
                closed = np.concatenate([path, path[:1]]) if kind == "region" and text else path
                picture.line(closed, width_px / zoom, color)
        for at, text in self._text_places(shown, zoom):
            picture.text(at, text, rgba(_COLOR), pixel=1 / zoom)
        return picture

    def _text_places(self, shown: Sequence[tuple[Kind, World, str]], zoom: float) -> list[tuple[World, str]]:
        """Each text beside what it tells of, clear of all that is measured, of the title and of the other texts."""
        paths = [path * zoom for _, path, text in shown if text]
        texts = [f"scratch: {text}" for _, _, text in shown if text]
        labels = []
        for path, text in zip(paths, texts, strict=True):
            size = (_TEXT_HEIGHT_PX, len(text) * _CHARACTER_PX + _AROUND_PX)
            labels.append(Label(np.array([path[:, 0].mean(), path[:, 1].max()]), size))
        places = place_labels(
            labels,
            [outline_of(path * zoom) for _, path, _ in shown],
            gap=_GAP_PX,
            view=shown_box(self._viewport, zoom),
            reserved=written_boxes(self._viewport, zoom),
        )
        return [(place / zoom, text) for place, text in zip(places, texts, strict=True)]
