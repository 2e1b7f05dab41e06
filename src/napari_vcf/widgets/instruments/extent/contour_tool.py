"""Pulling the contour of the body, or of what is proposed as body, on the slice on the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.measure import edge_middles, mask_contour
from napari_vcf.widgets.common.controls import SKY, YELLOW
from napari_vcf.widgets.common.dashes import dashes
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.instruments.extent.model import ExtentModel
from napari_vcf.widgets.instruments.instrument import Tool, World

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["ContourDrawing", "ContourTool"]

#: A press this near to the contour takes it, pixels.
GRAB_PX = 14.0


class ContourTool(Tool):
    """Takes the contour where it is pressed and pulls it along; its surroundings follow less and less.

    Parameters
    ----------
    viewport : Viewport
        Where it is drawn.
    model : ExtentModel
        Whose proposal it is.
    may_draw : callable
        Whether the image that is painted on is the one that is seen; says so where it is not.
    """

    changed = Signal()

    def __init__(self, viewport: Viewport, model: ExtentModel, may_draw: Callable[[], bool]) -> None:
        self._viewport = viewport
        self._model = model
        self._may_draw = may_draw
        self._grab: World | None = None
        self._base: NDArray[np.float64] | None = None
        self._shown: tuple[object, NDArray[np.float64] | None] = (None, None)
        #: The contour as it is pulled now, world (row, column) mm.
        self.pulled: NDArray[np.float64] | None = None
        #: Where the contour would be taken, world (row, column) mm.
        self.near: NDArray[np.float64] | None = None

    def contour(self) -> NDArray[np.float64] | None:
        """Contour on the slice on the screen, (n, 2) world (row, column) mm; None where nothing is."""
        model = self._model
        index, image = model.current_index(), model.image
        if index is None or image is None:
            return None
        shape = model.proposed.shape_on(index)
        key = (model.masks, index, self._viewport.view)
        if self._shown[0] != key:
            found = None
            if shape is not None:
                corners = edge_middles(mask_contour(shape))[:, ::-1]
                places = np.column_stack([corners, np.full(len(corners), float(index))])
                found = self._viewport.to_world(image.series.grid.to_lps(places), image.id)[:, 1:]
            self._shown = key, found
        return self._shown[1]

    def press(self, point: World) -> bool:
        """Take the contour, if it is near; elsewhere the image is moved."""
        self._drop()
        contour = self.contour()
        if contour is None or self._nearest(contour, point) is None or not self._may_draw():
            return False
        self._base, self._grab = contour, point[1:]
        return True

    def drag(self, point: World) -> None:
        """Pull it."""
        if self._base is not None and self._grab is not None:
            self.pulled = self._model.proposed.pulled(self._base, self._grab, point[1:])
            self.near = None
            self.changed.emit()

    def release(self, point: World) -> None:
        """Make what was pulled the body of this slice."""
        if self.pulled is not None:
            self.drag(point)
        model = self._model
        index, image, pulled = model.current_index(), model.image, self.pulled
        self._drop()
        if index is None or image is None or pulled is None:
            return
        slices = np.full(len(pulled), float(point[0]))
        model.proposed.correct(
            image.series.grid, index, self._viewport.to_lps(np.column_stack([slices, pulled]), image.id)
        )

    def hover(self, point: World) -> None:
        """Mark where the contour would be taken."""
        contour = self.contour()
        near = None if contour is None else self._nearest(contour, point)
        if not np.array_equal(np.array(near), np.array(self.near)):
            self.near = near
            self.changed.emit()

    def cancel(self) -> None:
        """Let the contour go as it was."""
        self._drop()

    def take_back(self) -> bool:
        """Let go of a contour that is being pulled."""
        pulling = self.pulled is not None
        self._drop()
        return pulling

    def _drop(self) -> None:
        self._grab = self._base = self.pulled = self.near = None
        self.changed.emit()

    def _nearest(self, contour: NDArray[np.float64], point: World) -> NDArray[np.float64] | None:
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        away = np.linalg.norm(contour - point[1:], axis=1)
        nearest = int(np.argmin(away))
        return contour[nearest] if away[nearest] <= GRAB_PX / zoom else None


class ContourDrawing:
    """Shows what is proposed on this slice, dashed, and a contour that is pulled."""

    def __init__(
        self,
        viewport: Viewport,
        model: ExtentModel,
        tool: ContourTool,
        sketch: Callable[[], NDArray[np.float64] | None],
    ) -> None:
        self._viewport = viewport
        self._model = model
        self._tool = tool
        self._sketch = sketch
        #: Whether the painter is in hand.
        self.active = False
        self._proposal = LockedDrawing(viewport, "Proposed body", self._compose)
        # On a layer of its own: a move of the hand draws one line again, and not all dashes.
        self._hand = LockedDrawing(viewport, "Contour being pulled", self._compose_hand)
        tool.changed.connect(self._hand.redraw_soon)
        tool.changed.connect(self._proposal.redraw_soon)
        viewport.slice_changed.connect(self.redraw)
        viewport.frame_changed.connect(self.redraw_soon)
        viewport.viewer.scene.camera.events.zoom.connect(self.redraw_soon)

    @property
    def picture(self) -> Picture | None:
        """What is drawn of the proposal."""
        return self._proposal.picture

    def redraw(self, *_: object) -> None:
        """Draw what has changed, now."""
        self._proposal.redraw()
        self._hand.redraw()

    def redraw_soon(self, *_: object) -> None:
        """Draw what has changed with the next frame."""
        self._proposal.redraw_soon()
        self._hand.redraw_soon()

    def _compose(self) -> Picture:
        picture, model = Picture(), self._model
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        if not self.active:
            return picture
        sketch = self._sketch()
        if sketch is not None and self._viewport.on_current_slice(sketch[0]):
            for dash in dashes(sketch[:, 1:]):
                picture.line(dash, 1.0 / zoom, rgba(YELLOW, 0.6))
            return picture
        index = model.current_index()
        if index not in model.proposed.waiting or self._tool.pulled is not None:
            return picture
        contour = self._tool.contour()
        if contour is None:
            return picture
        for dash in dashes(contour):
            picture.line(dash, 2.0 / zoom, rgba(YELLOW))
        return picture

    def _compose_hand(self) -> Picture:
        picture, tool = Picture(), self._tool
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        if not self.active:
            return picture
        if tool.pulled is not None:
            waits = self._model.current_index() in self._model.proposed.waiting
            closed = np.concatenate([tool.pulled, tool.pulled[:1]])
            picture.line(closed, 2.0 / zoom, rgba(YELLOW if waits else SKY))
        elif tool.near is not None:
            angle = np.linspace(0, 2 * np.pi, 17)
            ring = tool.near + 5.0 / zoom * np.stack([np.sin(angle), np.cos(angle)], axis=1)
            picture.line(ring, 2.0 / zoom, rgba(YELLOW))
        return picture
