"""What helps to judge a registration: the CT's edges over the MR, and the CT in every other square."""

from __future__ import annotations

from collections.abc import Callable

from napari.layers import Image

from napari_vcf.dicom import Role
from napari_vcf.widgets.desk.checkerboard import CheckerSquares, see_through
from napari_vcf.widgets.desk.ct_edges import EdgeLines
from napari_vcf.widgets.desk.desk import Desk
from napari_vcf.widgets.desk.layers import ImageLayers
from napari_vcf.widgets.desk.placed_image import LazyReslice, PlacedImage

__all__ = ["JudgingAids"]


class JudgingAids:
    """Layers over the MR, where they are wanted and have a place.

    Parameters
    ----------
    desk : Desk
        The desk.
    layers : ImageLayers
        Where they are shown.
    joined_ct : callable
        The CT whose fit on the MR in front can be judged; None where there is none.
    place : callable
        Puts a CT on the plane, through what shows its slices.
    """

    def __init__(
        self,
        desk: Desk,
        layers: ImageLayers,
        joined_ct: Callable[[], str | None],
        place: Callable[[str, type[LazyReslice]], PlacedImage],
    ) -> None:
        self._desk, self._layers = desk, layers
        self._joined_ct, self._place = joined_ct, place
        self.edges_wanted = False
        self.checkerboard_wanted = False

    def show(self) -> None:
        """Show what is wanted, above the images."""
        ct = self._joined_ct()
        if ct is None:
            return
        if self.checkerboard_wanted:
            self._raise(self._checkerboard(ct))
        if self.edges_wanted and not self._layers.drawings_hidden:
            self._raise(self._layers.image("edges") or self._layers.add_edges("edges", self._place(ct, EdgeLines)))

    def _raise(self, layer: Image) -> None:
        self._layers.bring_forward(layer)
        self._layers.show_image(layer, visible=True)

    def _checkerboard(self, ct: str) -> Image:
        layer, window = self._layers.image("checkerboard"), self._desk.windows.of(ct)
        if layer is None:
            placed = self._place(ct, CheckerSquares)
            placed.data.look_through(window)
            layer = self._layers.add_image("checkerboard", placed, name="CT checkerboard", window=window, role=Role.CT)
            layer.colormap = see_through()
        if layer.data.look_through(window):
            layer.refresh()
        layer.contrast_limits = window
        return layer
