"""Moving and turning the ADC rectangle. Its size is the protocol's, and no gesture changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.geometry import Rectangle
from napari_vcf.language import say
from napari_vcf.widgets.instruments.instrument import Tool, World

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["HANDLE_MM", "RoiTool", "handle_point", "initial_axes"]

#: Distance of the turning handle from the middle of the long side's end, mm.
HANDLE_MM = 3.0
GRAB_PX = 9.0
#: Where the image is small on the screen it is this, so that the knob does not reach into the rectangle.
GRAB_MM = 2.5


class RoiTool(Tool):
    """The rectangle that is being placed.

    Parameters
    ----------
    viewport : Viewport
        Where it is placed.
    current : callable
        The rectangle that may be moved now; None if there is none.
    place : callable
        Puts a rectangle into the reading.
    may_place : callable
        Whether a click may begin a rectangle.
    endplates : callable
        Direction of the endplates of the vertebra at a point, LPS, to which a new rectangle is parallel; None where it
        is not known.
    """

    #: The rectangle that is shown during a drag has changed.
    changed = Signal()

    def __init__(
        self,
        viewport: Viewport,
        *,
        current: Callable[[], Rectangle | None],
        place: Callable[[Rectangle], None],
        may_place: Callable[[], bool],
        endplates: Callable[[NDArray[np.float64]], NDArray[np.float64] | None] = lambda _point: None,
    ) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._current = current
        self._place = place
        self._may_place = may_place
        self._endplates = endplates
        self.draft: Rectangle | None = None
        self._origin: Rectangle | None = None
        self._mode: Literal["move", "turn"] = "move"
        self._grip = np.zeros(3)

    def press(self, point: World) -> bool:
        """Take the rectangle, or its handle, or begin one under the pointer."""
        rectangle = self._current()
        at = self._lps(point)
        if rectangle is None:
            if not self._may_place():
                return False
            long, short = initial_axes(self._viewport, self._endplates(at))
            assert self._desk.reading is not None
            self._origin = self._desk.reading.roi_rectangle(at, long, short)
            self._mode = "move"
        elif not self.on_screen(rectangle):
            # It lies on another slice, unseen: a click brings it here.
            assert self._desk.reading is not None
            self._mode = "move"
            self._origin = self._desk.reading.roi_rectangle(at, rectangle.axis_long, rectangle.axis_short)
        else:
            reach = min(GRAB_PX / max(float(self._viewport.viewer.scene.camera.zoom), 1e-6), GRAB_MM)
            if _in_plane(at - handle_point(rectangle), rectangle) <= reach:
                self._mode = "turn"
            elif _inside(rectangle, at, reach / 2):
                self._mode = "move"
            else:
                return False
            self._origin = rectangle
        self._grip = at
        self.draft = self._origin
        self.changed.emit()
        return True

    def drag(self, point: World) -> None:
        """Move or turn what was taken."""
        if self._origin is None:
            return
        at = self._lps(point)
        if self._mode == "move":
            self.draft = self._origin.moved(at - self._grip)
        else:
            before, after = (_angle_deg(self._origin, p) for p in (self._grip, at))
            self.draft = self._origin.rotated(after - before)
        self.changed.emit()

    def release(self, point: World) -> None:
        """Put it into the reading."""
        self.drag(point)
        draft, self.draft, self._origin = self.draft, None, None
        if draft is not None:
            self._place(draft)
        self.changed.emit()

    def cancel(self) -> None:
        """Forget a drag."""
        self.draft = self._origin = None
        self.changed.emit()

    def on_screen(self, rectangle: Rectangle) -> bool:
        """Whether a rectangle lies on the slice on the canvas."""
        return self._viewport.on_current_slice(self._viewport.to_world(rectangle.center_lps, self._desk.image_id))

    def _in_sight(self) -> Rectangle | None:
        """The rectangle that may be moved; one on another slice is shown first, and not moved unseen."""
        rectangle = self._current()
        if rectangle is None or self.on_screen(rectangle):
            return rectangle
        self._viewport.go_to_slice(float(self._viewport.to_world(rectangle.center_lps, self._desk.image_id)[0]))
        self._desk.message.emit(say("The rectangle lies on this slice."), "info")
        return None

    def nudge(self, right_mm: float, down_mm: float) -> None:
        """Move by a step along the screen."""
        rectangle = self._in_sight()
        if rectangle is not None:
            axes = self._viewport.frame.axes
            self._place(rectangle.moved(right_mm * axes[2] + down_mm * axes[1]))

    def turn(self, angle_deg: float) -> None:
        """Turn by a step; positive is clockwise on the screen."""
        rectangle = self._in_sight()
        if rectangle is not None:
            axes = self._viewport.frame.axes
            # Seen on the screen, right then down is clockwise.
            sign = 1.0 if float(np.cross(axes[2], axes[1]) @ rectangle.normal) > 0 else -1.0
            self._place(rectangle.rotated(sign * angle_deg))

    def align(self) -> bool:
        """Turn the rectangle parallel to the endplates; False where they or the rectangle are not there."""
        rectangle = self._in_sight()
        endplates = None if rectangle is None else self._endplates(rectangle.center_lps)
        if rectangle is None or endplates is None or self._desk.reading is None:
            return False
        long, short = initial_axes(self._viewport, endplates)
        self._place(self._desk.reading.roi_rectangle(rectangle.center_lps, long, short))
        return True

    def _lps(self, point: World) -> NDArray[np.float64]:
        return self._viewport.to_lps(point, self._desk.image_id)


def initial_axes(
    viewport: Viewport, endplates_lps: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Long side along the endplates, or else across the screen (front to back); short side down it."""
    axes = viewport.frame.axes
    if endplates_lps is not None:
        down, right = float(endplates_lps @ axes[1]), float(endplates_lps @ axes[2])
        length = float(np.hypot(down, right))
        if length > 0.5:
            long = (right * axes[2] + down * axes[1]) / length
            return long, (right * axes[1] - down * axes[2]) / length
    return axes[2].copy(), axes[1].copy()


def handle_point(rectangle: Rectangle) -> NDArray[np.float64]:
    """Where the turning handle is, LPS mm."""
    return np.asarray(rectangle.center_lps + (rectangle.long_mm / 2 + HANDLE_MM) * rectangle.axis_long)


def _in_plane(offset: NDArray[np.float64], rectangle: Rectangle) -> float:
    normal = rectangle.normal
    return float(np.linalg.norm(offset - (offset @ normal) * normal))


def _inside(rectangle: Rectangle, point: NDArray[np.float64], margin: float) -> bool:
    offset = point - rectangle.center_lps
    return bool(
        abs(offset @ rectangle.axis_long) <= rectangle.long_mm / 2 + margin
        and abs(offset @ rectangle.axis_short) <= rectangle.short_mm / 2 + margin
    )


def _angle_deg(rectangle: Rectangle, point: NDArray[np.float64]) -> float:
    offset = point - rectangle.center_lps
    return float(np.degrees(np.arctan2(offset @ rectangle.axis_short, offset @ rectangle.axis_long)))
