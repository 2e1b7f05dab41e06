"""Drawings that only show the record: whatever a hand does to their layer, it is drawn again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from napari.layers import Layer, Shapes
from numpy.typing import NDArray
from psygnal import SignalInstance
from qtpy.QtCore import QPointF, QTimer
from qtpy.QtGui import QColor, QPolygonF

__all__ = ["Canvas", "Color", "Linked", "LockedDrawing", "Picture", "lock_drawing", "rgba"]

Color = tuple[float, float, float, float]
_TEXT_SIZE = 9
#: Least time between two frames of a drag, ms.
FRAME_MS = 25


def rgba(color: str, alpha: float = 1.0) -> Color:
    """A colour ``"#rrggbb"`` with an opacity, as numbers from 0 to 1."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, alpha


@dataclass
class Picture:
    """Lines to be drawn: paths (n, 2) in world (row, column) mm, their widths in mm and colours, and a text on each."""

    paths: list[NDArray[np.float64]] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    colors: list[Color] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def line(self, path: NDArray[np.float64], width: float, color: Color) -> None:
        """Add a line."""
        self._add(path, width, color, "")

    def text(self, at: NDArray[np.float64], text: str, color: Color, *, pixel: float = 0.0) -> None:
        """Add a text, centred on a point; with the size of a pixel in mm, on a shadow, so that it is read over bone."""
        if pixel:
            self.text(at + 1.2 * pixel, text, (0.0, 0.0, 0.0, 1.0))
        # Carried by a line too small to be seen.
        self._add(np.stack([at, at + np.array([0.01, 0.0])]), 0.01, (*color[:3], 0.0), text)

    def _add(self, path: NDArray[np.float64], width: float, color: Color, text: str) -> None:
        self.paths.append(np.asarray(path, dtype=np.float64))
        self.widths.append(width)
        self.colors.append(color)
        self.labels.append(text)

    @cached_property
    def lines(self) -> list[tuple[QPolygonF, QColor]]:
        """The lines with their colours, points (column, row) in mm, for a painter: made once for all linked panes."""
        found = []
        for path, color, label in zip(self.paths, self.colors, self.labels, strict=True):
            if not label and color[3] > 0:
                points = [QPointF(column, row) for row, column in path.tolist()]
                found.append((QPolygonF(points), QColor.fromRgbF(*color)))
        return found

    def differs_in_paths_alone(self, other: Picture) -> bool:
        """Whether lines of another picture were only moved."""
        return len(self.paths) == len(other.paths) and self.widths == other.widths and self.colors == other.colors

    def same_as(self, other: Picture | None) -> bool:
        """Whether another picture looks the same."""
        return (
            other is not None
            and self.widths == other.widths
            and self.colors == other.colors
            and self.labels == other.labels
            and all(np.array_equal(a, b) for a, b in zip(self.paths, other.paths, strict=True))
        )


class Canvas(Protocol):
    """Where a drawing is put: a desk, or anything else that keeps layers above its images."""

    def add_layer(self, layer: Layer) -> None:
        """Show a layer."""


@runtime_checkable
class Linked(Protocol):
    """A canvas with panes beside it, which show its drawings as well."""

    drawings: list[LockedDrawing]
    drawing_changed: SignalInstance


class LockedDrawing:
    """A Shapes layer that shows what a model composes, over every slice, and nothing else.

    Parameters
    ----------
    canvas : Canvas
        Whose canvas it is on.
    name : str
        Name of the layer.
    compose : callable
        Gives the picture as it should be now.
    everywhere : bool
        Whether the linked panes show it too.
    """

    def __init__(self, canvas: Canvas, name: str, compose: Callable[[], Picture], *, everywhere: bool = True) -> None:
        self._compose = compose
        self._linked = canvas if isinstance(canvas, Linked) else None
        self._shown: Picture | None = None
        self._busy = False
        self._resting = True
        self._drawn_at_s = 0.0
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.redraw)
        self.layer = Shapes(
            ndim=2,
            name=name,
            scale=(1.0, 1.0),
            units=("mm", "mm"),
            opacity=1.0,
            visible=False,
            text={"string": {"constant": ""}, "size": _TEXT_SIZE, "anchor": "center"},
        )
        self.layer.editable = False
        # Nothing in it can be chosen, so no marks of it have to be worked out.
        self.layer.events.highlight.block()
        self.layer.events.data.connect(self._on_foreign_change)
        self.layer.events.set_data.connect(self._on_foreign_change)
        self.layer.events.mode.connect(self._on_mode)
        canvas.add_layer(self.layer)
        if everywhere and self._linked is not None:
            self._linked.drawings.append(self)

    @property
    def picture(self) -> Picture | None:
        """What is drawn now."""
        return self._shown if self.layer.visible else None

    def redraw_soon(self, *_: Any) -> None:
        """Draw what has changed, at once or with the next frame: moves of the mouse come faster than napari draws."""
        if not self._timer.isActive():
            self._timer.start(self._left_ms())

    def redraw_in_time(self, *_: Any) -> None:
        """Draw what has changed: now, if the last frame is long enough ago, else with the next.

        For what changes once with a move of the mouse: what else the move changes is on the screen in the same frame.
        """
        if self._timer.isActive() or self._left_ms():
            self.redraw_soon()
        else:
            self.redraw()

    def _left_ms(self) -> int:
        return max(0, round(FRAME_MS - 1000 * (time.monotonic() - self._drawn_at_s)))

    def redraw(self, *_: Any) -> None:
        """Draw what has changed, now."""
        self._timer.stop()
        if self._busy:
            return
        picture = self._compose()
        if picture.same_as(self._shown):
            return
        self._busy = True
        try:
            self._draw(picture)
            self._rest(not picture.paths)
        finally:
            self._busy = False
        self._shown, self._drawn_at_s = picture, time.monotonic()
        if self._linked is not None:
            self._linked.drawing_changed.emit()

    def _draw(self, picture: Picture) -> None:
        layer = self.layer
        layer.selected_data = set()
        # Of new data napari asks all its layers how far they reach; a drawing says nothing about the slices.
        # The text is drawn with the lines, and all of it once: napari gives its canvas each change several times.
        events, text = layer.events, layer.text.events
        with events.data.blocker(), events.set_data.blocker(), text.blocker(), layer.block_thumbnail_update():
            self._fill(picture)
        if picture.paths:
            # An empty one is hidden, and filled before it is shown again.
            layer.refresh(thumbnail=False, highlight=False, extent=False)

    def _fill(self, picture: Picture) -> None:
        layer, shown = self.layer, self._shown
        if shown is not None and picture.paths and picture.differs_in_paths_alone(shown):
            self._letter(picture)
            layer.data = picture.paths
            return
        if len(layer.data):
            layer.data = []
            # napari keeps a row for each line that has gone, and its table of features fails where one is chosen.
            layer.features = {}
        # Only now: with other lines there napari cuts the texts to as many, or leaves the last ones blank.
        self._letter(picture)
        if picture.paths:
            layer.add(
                picture.paths,
                shape_type="path",
                edge_width=picture.widths,
                edge_color=np.array(picture.colors),
                face_color="transparent",
            )

    def _letter(self, picture: Picture) -> None:
        """Give the layer its texts, one for each line that it is about to have."""
        text = self.layer.text
        text.string = picture.labels if any(picture.labels) else {"constant": ""}
        text.color = [(*color[:3], 1.0) for color in picture.colors] or "white"

    def _rest(self, empty: bool) -> None:
        """Hide the layer while it is empty: to napari it costs as much in each frame as a full one.

        What a person has hidden stays hidden.
        """
        if empty and self.layer.visible:
            self._resting = True
            self.layer.visible = False
        elif not empty and self._resting:
            self._resting = False
            self.layer.visible = True

    def _on_foreign_change(self, _event: Any) -> None:
        if self._busy:
            return
        shown = self._shown
        drawn = [np.asarray(path, dtype=np.float32) for path in shown.paths] if shown is not None else []
        held = self.layer.data
        if len(held) == len(drawn) and all(np.allclose(a, b, atol=1e-3) for a, b in zip(held, drawn, strict=True)):
            return
        self._shown = None
        self.redraw()

    def _on_mode(self, _event: Any) -> None:
        if str(self.layer.mode) != "pan_zoom":
            self.layer.mode = "pan_zoom"


def lock_drawing(layer: Shapes, draw: Callable[[], None]) -> Callable[[], None]:
    """Make a drawing obey its model alone.

    Parameters
    ----------
    layer : Shapes
        The drawing.
    draw : callable
        Draws the model into the layer.

    Returns
    -------
    callable
        Redraws; changes that anybody else makes to the layer redraw it as well, and its mode stays ``pan_zoom``.
    """
    busy = False

    def redraw() -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            draw()
        finally:
            busy = False

    def on_data(_event: Any) -> None:
        redraw()

    def on_mode(_event: Any) -> None:
        if str(layer.mode) != "pan_zoom":
            layer.mode = "pan_zoom"

    layer.events.data.connect(on_data)
    layer.events.set_data.connect(on_data)
    layer.events.mode.connect(on_mode)
    return redraw
