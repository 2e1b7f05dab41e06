"""The painter's two Labels layers: the body, and the lesion that cannot leave it.

Both show arrays on the native grid of the painted image; the layers see them turned to the plane on the screen. In the
lesion layer the body has napari's background value 0 and everything outside it 255: with ``preserve_labels`` brush and
eraser then change body voxels only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_vcf.geometry import Grid, Volume
from napari_vcf.measure import Box
from napari_vcf.widgets.common.controls import SKY, VERMILLION, YELLOW
from napari_vcf.widgets.desk.section import Section
from napari_vcf.widgets.desk.space import axis_order, turned_grid

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["OUTSIDE", "ExtentLayers", "Part"]

Part = Literal["body", "lesion"]
BODY, LESION, CANDIDATE, OUTSIDE = 0, 1, 2, 255
_CLEAR = (0.0, 0.0, 0.0, 0.0)


class ExtentLayers:
    """Body and lesion on one image.

    Parameters
    ----------
    viewport : Viewport
        Whose plane they are shown on.
    grid : Grid
        Native grid of the image. It must be parallel to the plane: see `fits`.
    """

    #: A stroke has ended, or napari's own undo was used; carries the part that was painted.
    painted = Signal(str)
    #: The lesion changes while a stroke is being made.
    touched = Signal()

    def __init__(self, viewport: Viewport, grid: Grid) -> None:
        order = axis_order(grid, viewport.frame)
        assert order is not None
        self._viewport, self._desk = viewport, viewport.desk
        self.grid = grid
        self._body = np.zeros(grid.shape, dtype=np.uint8)
        self._lesion = np.full(grid.shape, OUTSIDE, dtype=np.uint8)
        self._saved = {"body": self._body.copy(), "lesion": self._lesion.copy()}
        self._loading = False
        self._part: Part | None = None
        scale, translate = viewport.frame.placement(turned_grid(grid, order))
        where: dict[str, Any] = {"scale": scale, "translate": translate, "units": "mm"}
        self.body = Labels(order.turn(self._body), name="Vertebral body", colormap=_colors(SKY), opacity=0.9, **where)
        self.lesion = Labels(
            order.turn(self._lesion), name="Lesion", colormap=_colors(VERMILLION, YELLOW), opacity=0.55, **where
        )
        self.body.contour = 1
        for part, layer in self._layers():
            layer.selected_label = 1
            layer.brush_size = 9
            viewport.add_layer(layer)
            layer.events.paint.connect(lambda _e, p=part: self._on_painted(p))
            layer.events.set_data.connect(lambda _e, p=part: self._on_set_data(p))
            layer.events.selected_label.connect(lambda _e, la=layer: self._guard(la))
            layer.events.preserve_labels.connect(lambda _e, la=layer: self._guard(la))
            layer.events.mode.connect(lambda _e, p=part: self._on_mode(p))
        self.lesion.events.labels_update.connect(lambda _e: self.touched.emit())
        self.lesion.preserve_labels = True
        # First, before the layer sees the press.
        viewport.viewer.mouse_drag_callbacks.insert(0, self._on_right_drag)

    @staticmethod
    def fits(viewport: Viewport, grid: Grid) -> bool:
        """Whether a grid's own voxels lie on the plane on the screen, so that they can be painted."""
        return viewport.view is not None and axis_order(grid, viewport.frame) is not None

    def set_shown(self, shown: bool) -> None:
        """Show both masks, or let them step back."""
        for _, layer in self._layers():
            layer.visible = shown

    def remove(self) -> None:
        """Take both layers off the canvas."""
        self._viewport.viewer.mouse_drag_callbacks.remove(self._on_right_drag)
        for _, layer in self._layers():
            self._viewport.remove_layer(layer)

    def _layers(self) -> tuple[tuple[Part, Labels], tuple[Part, Labels]]:
        return ("body", self.body), ("lesion", self.lesion)

    # -- masks ------------------------------------------------------------------------------------------------------
    def masks(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Body and lesion as they are painted now, on the native grid."""
        body = self._body == 1
        return body, (self._lesion == LESION) & body

    def preview(self, candidates: NDArray[np.bool_] | None) -> None:
        """Mark body voxels that could become lesion; they are none, and masks and counts leave them out."""
        coded = np.where(self._lesion == CANDIDATE, np.uint8(BODY), self._lesion)
        if candidates is not None:
            coded[candidates & (coded == BODY)] = CANDIDATE
        if np.array_equal(coded, self._lesion):
            return
        self._lesion[...] = coded
        # No stroke: nothing is to be saved.
        self._saved["lesion"][...] = coded
        self._loading = True
        try:
            self.lesion.refresh()
        finally:
            self._loading = False

    def sections(self, image_id: str) -> tuple[Section, ...]:
        """Both masks as they are painted now, for the linked panes; the arrays themselves, no copies."""
        return (
            Section(image_id, Volume(self.grid, self._body, "mask"), 1, SKY, outlined=True),
            Section(image_id, Volume(self.grid, self._lesion, "mask"), LESION, VERMILLION, outlined=False),
            Section(image_id, Volume(self.grid, self._lesion, "mask"), CANDIDATE, YELLOW, outlined=False),
        )

    def in_box(self, box: Box) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Body and lesion inside a box, as they are painted now."""
        return self._body[box] == 1, self._lesion[box] == LESION

    def load(self, body: NDArray[np.bool_], lesion: NDArray[np.bool_]) -> None:
        """Show the masks of the record."""
        coded = np.where(body, np.where(lesion, LESION, BODY), OUTSIDE).astype(np.uint8)
        for part, array, new in (("body", self._body, body.astype(np.uint8)), ("lesion", self._lesion, coded)):
            if np.array_equal(array, new):
                self._saved[part][...] = new
                continue
            array[...] = new
            self._saved[part][...] = new
            layer = getattr(self, part)
            self._loading = True
            try:
                # Setting the data again also empties napari's own undo history, which knows nothing of the record's.
                layer.data = layer.data
            finally:
                self._loading = False

    # -- painting ---------------------------------------------------------------------------------------------------
    def start(self, part: Part, mode: Literal["paint", "erase"]) -> None:
        """Give brush or eraser of one part to the mouse."""
        self._part = part
        self.body.contour = 0 if part == "body" else 1
        self.body.opacity = 0.4 if part == "body" else 0.9
        for other, layer in self._layers():
            layer.mode = mode if other == part else "pan_zoom"
        self._viewport.viewer.layers.selection.active = getattr(self, part)

    def stop(self) -> None:
        """Give the mouse back."""
        self._part = None
        self.body.contour = 1
        self.body.opacity = 0.9
        for _, layer in self._layers():
            layer.mode = "pan_zoom"

    def set_brush(self, pixels: int, *, in_3d: bool) -> None:
        """Set the diameter of the brush in pixels of the image, and whether it paints through the slices."""
        for _, layer in self._layers():
            layer.brush_size = pixels
            layer.n_edit_dimensions = 3 if in_3d else 2

    def _on_right_drag(self, _viewer: Any, event: Any) -> Iterator[None]:
        """Keep napari's encircle-and-fill off the right button, which sets the window."""
        if event.button != 2 or self._part is None:
            return
        layer: Labels = getattr(self, self._part)
        mode = layer.mode
        layer.mode = "pan_zoom"
        yield
        while event.type == "mouse_move":
            yield
        layer.mode = mode

    def _on_painted(self, part: Part) -> None:
        if not self._loading:
            self.painted.emit(part)

    def _on_set_data(self, part: Part) -> None:
        """Look for napari's own undo, which shows itself only here, as does every slice that is drawn."""
        self._viewport.drawing_changed.emit()
        if self._loading or QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            return
        array = self._body if part == "body" else self._lesion
        if not np.array_equal(array, self._saved[part]):
            self.painted.emit(part)

    def _guard(self, layer: Labels) -> None:
        """Hold the settings that keep the brush inside the body, whatever is ticked in napari's own controls."""
        if layer is self.lesion and not layer.preserve_labels:
            layer.preserve_labels = True
        if layer is self.body and layer.preserve_labels:
            layer.preserve_labels = False
        if layer.selected_label != 1:
            layer.selected_label = 1

    def _on_mode(self, part: Part) -> None:
        """Fill and polygon of napari would not know of slices that were outlined; only brush and eraser are used."""
        layer = getattr(self, part)
        allowed = {"pan_zoom", "paint", "erase"} if part == self._part else {"pan_zoom"}
        if str(layer.mode) not in allowed:
            layer.mode = "pan_zoom"


def _colors(color: str, candidate: str | None = None) -> DirectLabelColormap:
    colors = {BODY: _CLEAR, 1: color, CANDIDATE: candidate or _CLEAR, OUTSIDE: _CLEAR, None: _CLEAR}
    return DirectLabelColormap(color_dict=colors)
