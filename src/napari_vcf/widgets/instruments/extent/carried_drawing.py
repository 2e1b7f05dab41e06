"""Body and lesion that were carried from an earlier stage and wait: dashed, and paler than what counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from napari_vcf.measure import edge_middles, mask_contour
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.state import Masks
from napari_vcf.widgets.common.controls import SKY, VERMILLION
from napari_vcf.widgets.common.dashes import dashes
from napari_vcf.widgets.common.locked_layer import LockedDrawing, Picture, rgba
from napari_vcf.widgets.instruments.extent.model import ExtentModel

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["CarriedDrawing"]

_COLORS = {"body": SKY, "lesion": VERMILLION}
_ALPHA = 0.7
#: Shorter for the lesion, so that the two are told apart without colour.
_DASH_MM = {"body": 2.4, "lesion": 1.2}


class CarriedDrawing:
    """Draws what was carried of body and lesion on the slice on the screen.

    Parameters
    ----------
    viewport : Viewport
        Where it is drawn.
    model : ExtentModel
        What waits.
    """

    def __init__(self, viewport: Viewport, model: ExtentModel) -> None:
        self._viewport = viewport
        self._model = model
        self._decoded: tuple[Masks, dict[str, NDArray[np.bool_]]] | None = None
        self._drawing = LockedDrawing(viewport, "Carried body and lesion", self._compose)
        self.redraw_soon = self._drawing.redraw_soon
        viewport.slice_changed.connect(self._drawing.redraw)
        viewport.frame_changed.connect(self.redraw_soon)
        viewport.viewer.scene.camera.events.zoom.connect(self.redraw_soon)

    @property
    def picture(self) -> Picture | None:
        """What is drawn."""
        return self._drawing.picture

    def _compose(self) -> Picture:
        picture, model = Picture(), self._model
        found, index, image = model.carried.masks(), model.current_index(), model.image
        if found is None or index is None or image is None or found[0].image != image.id:
            return picture
        zoom = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        masks, kinds = found
        for kind, mask in self._masks(masks).items():
            if kind not in kinds:
                continue
            parts, count = label(mask[index])
            for number in range(1, count + 1):
                corners = edge_middles(mask_contour(parts == number))[:, ::-1]
                places = np.column_stack([corners, np.full(len(corners), float(index))])
                line = self._viewport.to_world(image.series.grid.to_lps(places), image.id)[:, 1:]
                for dash in dashes(line, dash=_DASH_MM[kind]):
                    picture.line(dash, 2.0 / zoom, rgba(_COLORS[kind], _ALPHA))
        return picture

    def _masks(self, masks: Masks) -> dict[str, NDArray[np.bool_]]:
        if self._decoded is None or self._decoded[0] is not masks:
            shape = masks.grid.shape
            self._decoded = masks, {kind: decode_mask(getattr(masks, kind), shape) for kind in _COLORS}
        return self._decoded[1]
