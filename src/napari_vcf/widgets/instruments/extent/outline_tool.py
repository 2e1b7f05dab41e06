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

#: A drag of fewer millimetres than this is a click with an unsteady hand.
STEP_MM = 0.8
#: A click this near to the first point closes the outline, pixels.
CLOSE_PX = 9.0
#: A freehand line shorter than this never closes by itself, mm.
SHORTEST_MM = 8 * STEP_MM


class OutlineTool(Tool):
    """Collects the points of an outline, one outline on each slice of each image.

    What is half drawn stays on its slice until it is closed or stopped: it is there again when its slice is.

    Parameters
    ----------
    viewport : Viewport
        Where it is drawn.
    finish : callable
        Called with the points (n, 3), world mm, of an outline that was closed.
    may_draw : callable
        Whether the image that is painted on is the one that is seen; says so where it is not.
    """

    wants_every_point = True
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
        #: Half an outline by where it lies: LPS mm of the image, so that no change of plane moves it.
        self._begun: dict[tuple[str, str, int], list[NDArray[np.float64]]] = {}
        self.pointer: World | None = None
        #: How many points there were before the drag, and what of the drag is no more than an unsteady click so far.
        self._before = 0
        self._unsteady: list[World] = []
        self._freehand = False

    # -- where it lies ----------------------------------------------------------------------------------------------
    def _place(self) -> tuple[str, str, int] | None:
        """Stage, image and slice on the screen."""
        image = self._desk.image
        if image is None or self._viewport.view is None:
            return None
        point = self._viewport.to_lps((self._viewport.current_slice_mm, 0.0, 0.0), image.id)
        return self._desk.stage, image.id, round(float(image.series.grid.to_index(point)[2]))

    @property
    def points(self) -> list[World]:
        """Points of the outline on the slice on the screen, world mm."""
        place = self._place()
        held = self._begun.get(place, []) if place is not None else []
        if place is None or not held:
            return []
        points = self._viewport.to_world(np.stack(held), place[1])
        # On a plane across its slice it is not seen.
        return list(points) if all(self._viewport.on_current_slice(point) for point in (points[0], points[-1])) else []

    @property
    def waiting(self) -> tuple[int, ...]:
        """Other slices of the image in front on which an outline is half drawn, as the image counts them."""
        here = self._place()
        if here is None:
            return ()
        return tuple(sorted(place[2] for place in self._begun if place[:2] == here[:2] and place != here))

    # -- the mouse --------------------------------------------------------------------------------------------------
    def press(self, point: World) -> bool:
        """Set a point, or close the outline at its first one."""
        self._freehand = self._drawing = False
        self._unsteady.clear()
        if not self._may_draw():
            return True
        self._drawing = True
        points = self.points
        self._before = len(points)
        if len(points) >= 3 and self._near(points[0], point):
            self.close()
            self._drawing = False
            return True
        self._add([point])
        return True

    def drag(self, point: World) -> None:
        """Follow the pointer, freehand; every point is kept."""
        points = self.points
        if not self._drawing or not points:
            return
        if self._freehand:
            self._add([point])
            return
        self._unsteady.append(point)
        if float(np.linalg.norm((point - points[-1])[1:])) >= STEP_MM:
            self._freehand = True
            self._add(self._unsteady)
            self._unsteady.clear()

    def release(self, point: World) -> None:
        """Close a freehand line that came back to where it began."""
        if self._freehand:
            self._add([point])
        points = self.points
        drawn, self._drawing = self._drawing, False
        if not (drawn and self._freehand) or len(points) < 3 or not self._near(points[0], points[-1], factor=2.0):
            return
        flat = np.stack(points)[:, 1:]
        length = float(np.linalg.norm(np.diff(flat, axis=0), axis=1).sum())
        # It has been away, and is not still on its way out.
        if length >= SHORTEST_MM and not all(self._near(points[0], other, factor=2.0) for other in points):
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
        """Close the outline on the slice on the screen and hand it over."""
        points = self.points
        if points and not self._may_draw():
            return
        self._drop()
        if len(points) >= 3:
            self._finish(np.stack(points))

    def cancel(self) -> None:
        """Forget the outline on the slice on the screen."""
        self._drop()

    def forget(self) -> None:
        """Forget every outline that is half drawn."""
        self._begun.clear()
        self._drop()

    def change_plane(self) -> None:
        """Keep what is half drawn: it lies in the patient, and is there again with its image."""
        self.pointer, self._drawing = None, False
        self.changed.emit()

    def take_back(self) -> bool:
        """Take the last point back, or the whole freehand line that was drawn last."""
        place = self._place()
        held = self._begun.get(place) if place is not None else None
        if place is None or not held:
            return False
        keep = self._before if self._freehand and self._before < len(held) else len(held) - 1
        del held[keep:]
        self._freehand = False
        if not held:
            del self._begun[place]
        self.changed.emit()
        return True

    # -- inside -----------------------------------------------------------------------------------------------------
    def _drop(self) -> None:
        place = self._place()
        if place is not None:
            self._begun.pop(place, None)
        self.pointer, self._drawing, self._freehand = None, False, False
        self.changed.emit()

    def _add(self, points: list[World]) -> None:
        place = self._place()
        if place is None:
            return
        held = self._begun.setdefault(place, [])
        for point in self._viewport.to_lps(np.stack(points), place[1]):
            # Both presses of a double click come here; the second adds nothing.
            if not held or float(np.linalg.norm(point - held[-1])) > 1e-6:
                held.append(point)
        self.pointer = points[-1]
        self.changed.emit()

    def _near(self, first: World, point: World, factor: float = 1.0) -> bool:
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        return float(np.linalg.norm((point - first)[1:])) <= factor * CLOSE_PX / zoom


class OutlineDrawing:
    """Shows the outline while it is drawn."""

    def __init__(self, viewport: Viewport, tool: OutlineTool) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._tool = tool
        self._drawing = LockedDrawing(viewport, "Outline being drawn", self._compose)
        self.layer = self._drawing.layer
        tool.changed.connect(self._drawing.redraw_soon)
        viewport.slice_changed.connect(self._drawing.redraw)
        viewport.frame_changed.connect(self._drawing.redraw_soon)

    def _compose(self) -> Picture:
        tool, picture = self._tool, Picture()
        points = tool.points
        if not points:
            return picture
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        path = [p[1:] for p in points] + ([tool.pointer[1:]] if tool.pointer is not None else [])
        if len(path) == 1:
            path = [path[0], path[0] + 0.01]
        picture.line(np.stack(path), 2.0 / zoom, rgba(SKY))
        picture.line(_ring(points[0][1:], CLOSE_PX / zoom), 1.5 / zoom, rgba(YELLOW))
        return picture


def _ring(center: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 25)
    return np.asarray(center + radius * np.stack([np.sin(angle), np.cos(angle)], axis=1))
