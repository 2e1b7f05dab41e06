"""The crosshair: one point of the patient that all panes show, wherever the reader set it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from napari_vcf.widgets.common.controls import PURPLE
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["Crosshair"]

#: The cross leaves its middle free, so that it hides nothing; pixels from the middle.
_FROM_PX, _TO_PX = 7.0, 17.0
#: How far the lines of the other planes reach into the image, and how far they keep away from the crosshair, mm.
_REFERENCE_MM, _REFERENCE_FREE_MM = 15.0, 30.0


class Crosshair:
    """A point in the world of the canvas. It is the middle of the large image until the reader sets it.

    Once set it stays in the patient, through slices and planes, until the image is moved so far that it is not seen.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    """

    moved = Signal()

    def __init__(self, viewport: Viewport) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._point: NDArray[np.float64] = np.zeros(3)
        self._space: object = None
        self._lps: NDArray[np.float64] | None = None
        #: Whether the reader put it where it is.
        self.is_set = False
        self.shown = False
        #: Whether the planes across the image are on the screen, so that their places on it are drawn.
        self.planes_shown = False
        self._drawing = LockedDrawing(viewport, "Crosshair", self._compose, everywhere=False)
        viewer = viewport.viewer
        viewer.mouse_move_callbacks.append(self._on_move)
        camera = viewer.scene.camera.events
        for event in (camera.center, camera.zoom):
            event.connect(self._on_camera)
        viewport.slice_changed.connect(self._on_slice)
        viewport.frame_changed.connect(self._on_frame)
        viewport.desk.closed.connect(self._forget)
        self.moved.connect(self._drawing.redraw_soon)

    @property
    def world(self) -> NDArray[np.float64]:
        """The point, world (slice, row, column) mm."""
        return self._point.copy()

    @property
    def lps(self) -> NDArray[np.float64]:
        """The point in the patient space on the canvas, LPS mm."""
        return self._viewport.frame.to_lps(self._point)

    def show(self, shown: bool) -> None:
        """Draw the cross on the large image, or not."""
        self.shown = shown
        self._drawing.redraw()

    def restore(self, place: tuple[NDArray[np.float64], bool]) -> None:
        """Go back to a `place`."""
        point, was_set = place
        if was_set:
            self.set(point)
        else:
            self._viewport.go_to_slice(float(point[0]))
            self.is_set = False
            self._on_camera()
            self._drawing.redraw_soon()

    @property
    def place(self) -> tuple[NDArray[np.float64], bool]:
        """Where it is, and whether the reader put it there."""
        return self.world, self.is_set

    def set(self, point_world: ArrayLike) -> None:
        """Put the crosshair on a point, and show its slice; a point off the image is brought to its edge."""
        viewport = self._viewport
        if viewport.view is None:
            return
        point = np.asarray(point_world, dtype=np.float64)[-3:].copy()
        corners = viewport.frame.to_world(viewport.view.grid.corners_lps)
        point = np.clip(point, corners.min(axis=0), corners.max(axis=0))
        point[0] = viewport.view.positions_mm[viewport.nearest_slice(float(point[0]))]
        self.is_set = True
        self._put(point)
        self._drawing.redraw_soon()
        # Only once the point is known: the canvas tells of its slice at once.
        viewport.go_to_slice(float(point[0]))

    def set_to_pointer(self) -> None:
        """Put the crosshair under the mouse pointer."""
        position = np.asarray(self._viewport.viewer.cursor.position, dtype=np.float64)
        self.set([self._viewport.current_slice_mm, *position[-2:]])

    def _forget(self) -> None:
        """The next case is another patient."""
        self.is_set = False

    def _put(self, point: NDArray[np.float64]) -> None:
        if np.allclose(point, self._point, atol=1e-6):
            return
        self._point = point
        self._remember()
        self.moved.emit()

    def _remember(self) -> None:
        view = self._viewport.view
        self._space, self._lps = (None, None) if view is None else (view.space, self.lps)

    def _on_slice(self, position_mm: float) -> None:
        self._put(np.array([position_mm, *self._point[1:]]))

    def _on_frame(self) -> None:
        """Another plane: the same point of the patient where that is known, else the middle of the canvas."""
        view = self._viewport.view
        if view is None:
            return
        if self.is_set and self._lps is not None and self._space == view.space:
            point = self._viewport.frame.to_world(self._lps)
            if not view.grid.contains(self._lps):
                point = self._middle()
        else:
            point, self.is_set = self._middle(), False
        point[0] = self._viewport.current_slice_mm
        self._point = point
        # Of a point that was set the slice is the nearest of this image's; the place itself is not forgotten.
        if not self.is_set:
            self._remember()
        self.moved.emit()

    def _middle(self) -> NDArray[np.float64]:
        center = np.asarray(self._viewport.viewer.scene.camera.center, dtype=np.float64)[-2:]
        return np.array([self._viewport.current_slice_mm, *center])

    def _on_camera(self, _event: Any = None) -> None:
        """Follow the middle of the image; a point that was set, only when it is out of sight."""
        if self._viewport.view is None:
            return
        camera = self._viewport.viewer.scene.camera
        center = np.asarray(camera.center, dtype=np.float64)[-2:]
        reach = np.array(self._viewport.viewer.canvas.size, dtype=np.float64) / max(float(camera.zoom), 1e-6) / 2
        if not self.is_set or (np.abs(self._point[1:] - center) > reach).any():
            self.is_set = False
            self._put(np.array([self._point[0], *center]))
        self.moved.emit()

    def _on_move(self, _viewer: Any, event: Any) -> None:
        # As other viewers do it: the crosshair follows the pointer while Shift is held.
        if self.shown and not event.is_dragging and "Shift" in event.modifiers:
            self.set([self._viewport.current_slice_mm, *np.asarray(event.position, dtype=np.float64)[-2:]])

    def _compose(self) -> Picture:
        picture = Picture()
        view = self._viewport.view
        if self.planes_shown and view is not None:
            zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
            corners = view.frame.to_world(view.grid.corners_lps)[:, 1:]
            low, high = corners.min(axis=0), corners.max(axis=0)
            for axis in (0, 1):
                # From the edge inwards, and never so far that the line comes near to what is looked at.
                for edge, way in ((low[axis], 1.0), (high[axis], -1.0)):
                    reach = min(_REFERENCE_MM, way * (self._point[1 + axis] - edge) - _REFERENCE_FREE_MM)
                    if reach > 0:
                        line = np.tile(self._point[1:], (2, 1))
                        line[:, axis] = edge, edge + way * reach
                        picture.line(line, 1.2 / zoom, rgba(PURPLE, 0.8))
        # In the very middle it would only be in the way of what is measured there.
        if not (self.shown and self.is_set) or self._viewport.view is None:
            return picture
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        for direction in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
            ends = np.outer((_FROM_PX, _TO_PX), direction) / zoom
            picture.line(self._point[1:] + ends, 1.6 / zoom, rgba(PURPLE))
        return picture
