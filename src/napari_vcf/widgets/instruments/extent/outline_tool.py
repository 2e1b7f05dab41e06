"""Drawing a closed outline on a slice: click by click, freehand, or both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.widgets.common.controls import SKY, YELLOW
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.instruments.instrument import Tool, World

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["OutlineDrawing", "OutlineTool"]

#: Points of a freehand line are at least this far apart, mm.
STEP_MM = 0.8
#: A click this near to the first point closes the outline, pixels.
CLOSE_PX = 9.0


class OutlineTool(Tool):
    """Collects the points of an outline.

    Parameters
    ----------
    viewport : Viewport
        Where it is drawn.
    finish : callable
        Called with the points (n, 3), world mm, of an outline that was closed.
    may_draw : callable
        Whether the image that is painted on is the one that is seen; says so where it is not.
    """

    changed = Signal()

    def __init__(
        self,
        viewport: Viewport,
        finish: Callable[[NDArray[np.float64]], None],
        may_draw: Callable[[], bool] = lambda: True,
    ) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._finish = finish
        self._may_draw = may_draw
        self._drawing = False
        self.points: list[World] = []
        self.pointer: World | None = None
        self._freehand = False

    def press(self, point: World) -> bool:
        """Set a point, or close the outline at its first one."""
        self._freehand = self._drawing = False
        if not self._may_draw():
            return True
        self._drawing = True
        if len(self.points) >= 3 and self._near_first(point):
            self.close()
            return True
        if self.points and abs(self.points[0][0] - point[0]) > 1e-6:
            # The slice was changed in between.
            self.points.clear()
        self._add(point)
        return True

    def drag(self, point: World) -> None:
        """Follow the pointer, freehand."""
        if self._drawing and self.points and float(np.linalg.norm((point - self.points[-1])[1:])) >= STEP_MM:
            self._freehand = True
            self._add(point)

    def release(self, point: World) -> None:
        """Close a freehand line that came back to where it began."""
        del point
        if self._freehand and len(self.points) >= 8 and self._near_first(self.points[-1], factor=2.0):
            self.close()

    def hover(self, point: World) -> None:
        """Let the open line follow the pointer."""
        if self.points:
            self.pointer = point
            self.changed.emit()

    def double_click(self, point: World) -> bool:
        """Close the outline."""
        del point
        if len(self.points) >= 3:
            self.close()
        return True

    def close(self) -> None:
        """Close the outline and hand it over."""
        if self.points and not self._may_draw():
            return
        points, self.points, self.pointer = self.points, [], None
        self.changed.emit()
        if len(points) >= 3:
            self._finish(np.stack(points))

    def cancel(self) -> None:
        """Forget the outline."""
        self.points, self.pointer = [], None
        self.changed.emit()

    def take_back(self) -> bool:
        """Take the last point back."""
        if not self.points:
            return False
        self.points.pop()
        self.changed.emit()
        return True

    def _add(self, point: World) -> None:
        # Both presses of a double click come here; the second adds nothing.
        if not self.points or float(np.linalg.norm((point - self.points[-1])[1:])) > 1e-6:
            self.points.append(point)
        self.pointer = point
        self.changed.emit()

    def _near_first(self, point: World, factor: float = 1.0) -> bool:
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        return float(np.linalg.norm((point - self.points[0])[1:])) <= factor * CLOSE_PX / zoom


class OutlineDrawing:
    """Shows the outline while it is drawn."""

    def __init__(self, viewport: Viewport, tool: OutlineTool) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._tool = tool
        self._drawing = LockedDrawing(viewport, "Outline being drawn", self._compose)
        self.layer = self._drawing.layer
        tool.changed.connect(self._drawing.redraw_soon)
        viewport.slice_changed.connect(self._drawing.redraw)

    def _compose(self) -> Picture:
        tool, picture = self._tool, Picture()
        if not tool.points or abs(tool.points[0][0] - self._viewport.current_slice_mm) > 1e-3:
            return picture
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        path = [p[1:] for p in tool.points] + ([tool.pointer[1:]] if tool.pointer is not None else [])
        if len(path) == 1:
            path = [path[0], path[0] + 0.01]
        picture.line(np.stack(path), 2.0 / zoom, rgba(SKY))
        picture.line(_ring(tool.points[0][1:], CLOSE_PX / zoom), 1.5 / zoom, rgba(YELLOW))
        return picture


def _ring(center: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 25)
    return np.asarray(center + radius * np.stack([np.sin(angle), np.cos(angle)], axis=1))
