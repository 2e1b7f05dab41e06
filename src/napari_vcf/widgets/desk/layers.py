"""The layers of a desk: images shown lazily on the reading plane, and the instruments' drawings above them.

Layers are held by reference. What a person renames, reorders or deletes by hand in the layer list is put right, and a
layer that is none of the desk's is taken off: it has no known place in the patient.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from napari.layers import Image, Labels, Layer, Shapes
from qtpy.QtCore import QTimer

from napari_vcf.dicom import Role
from napari_vcf.widgets.common.held_place import hold_place
from napari_vcf.widgets.common.hidden_layers import rest_thumbnail, rest_while_hidden
from napari_vcf.widgets.common.lean_image import draw_image_lean
from napari_vcf.widgets.common.lean_labels import draw_where_seen
from napari_vcf.widgets.common.lean_shapes import draw_lean
from napari_vcf.widgets.desk.placed_image import PlacedImage
from napari_vcf.widgets.desk.window_level import Window, is_narrow

__all__ = ["ImageLayers"]


def _hold_blending(layer: Layer) -> None:
    """Hold a layer to how it was blended when it was made: the lesser of an image and a black canvas is black."""
    made = layer.blending

    def hold(_event: object) -> None:
        if layer.blending != made:
            layer.blending = made

    layer.events.blending.connect(hold)


def _draw_values_as_they_are(layer: Image) -> None:
    """Draw an image anew that leaves a window which is narrow for the size of its numbers.

    For such a window napari moves the values that it draws, and leaves them there when another window is set.
    """
    narrow = is_narrow(layer.contrast_limits)

    def follow(_event: object) -> None:
        nonlocal narrow
        before, narrow = narrow, is_narrow(layer.contrast_limits)
        if before and not narrow:
            layer.refresh(thumbnail=False, highlight=False, extent=False)

    layer.events.contrast_limits.connect(follow)


#: What is set anew when a layer takes another image.
_SET_ANEW = frozenset(
    ("name", "scale", "translate", "contrast_limits", "interpolation2d", "visible", "opacity", "colormap")
)


def _kept_state(layer: Image) -> dict[str, Any]:
    """How a layer shows whatever image is in it: a hand has its way with it in napari's controls."""
    state = layer.as_layer_data_tuple()[1]
    return {name: repr(value) for name, value in state.items() if name not in _SET_ANEW}


class ImageLayers:
    """The desk's layers in one viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layer list they live in.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._images: dict[object, Image] = {}
        self._drawings: list[Layer] = []
        self._retired: list[Layer] = []
        #: Of each image that can become another one: holds it to the place where it lies then, and how it was made.
        self._made: dict[int, tuple[Callable[[], None], dict[str, Any]]] = {}
        self._titles: dict[int, str] = {}
        #: Of each image, whether it is shown and how opaque.
        self._wanted: dict[int, tuple[bool, float]] = {}
        self._changing = 0
        self._repair_due = False
        self._hidden = False
        #: Of each drawing that is hidden, whether it would be seen.
        self._would_show: dict[int, bool] = {}
        #: Layers that came from elsewhere and leave again.
        self._strays: list[Layer] = []
        self.on_restored: Callable[[], None] | None = None
        #: Called with the names of layers that were taken off.
        self.on_taken_off: Callable[[list[str]], None] | None = None
        events = viewer.layers.events
        self._watched = (events.removed, events.reordered, events.inserted)
        events.inserted.connect(self._on_inserted)
        for event in self._watched:
            event.connect(self._on_list_changed)

    # -- images -----------------------------------------------------------------------------------------------------
    def image(self, key: object) -> Image | None:
        """The layer of an image, if there is one."""
        return self._images.get(key)

    def add_image(self, key: object, placed: PlacedImage, *, name: str, window: Window, role: Role) -> Image:
        """Show an image below the instruments."""
        layer = self._reused(placed, name=name, window=window)
        if layer is None:
            layer = Image(
                placed.data,
                name=name,
                scale=placed.scale_mm,
                translate=placed.translate_mm,
                units="mm",
                contrast_limits=window,
                colormap="gray",
                interpolation2d="nearest",
                multiscale=False,
                rgb=False,
            )
            self._made[id(layer)] = hold_place(layer), _kept_state(layer)
            layer.events.name.connect(self._on_renamed)
            for event in (layer.events.visible, layer.events.opacity):
                event.connect(lambda _event, layer=layer: self._hold_shown(layer))
            _hold_blending(layer)
            _draw_values_as_they_are(layer)
        self._images[key] = layer
        self._titles[id(layer)] = name
        layer.interpolation2d = "nearest" if role is Role.ADC else "linear"
        if layer in self._viewer.layers:
            self._sort()
        else:
            self._insert(len(self._images) - 1, layer)
        return layer

    def _reused(self, placed: PlacedImage, *, name: str, window: Window) -> Image | None:
        """A layer that was given up, with another image in it; None where there is none that is as it was made.

        napari takes as long to put one layer on the canvas, and another off, as to draw a dozen slices.
        """
        for layer in self._retired:
            hold_here, made = self._made.get(id(layer), (None, {}))
            if hold_here is not None and layer in self._viewer.layers and _kept_state(layer) == made:
                break
        else:
            return None
        self._retired.remove(layer)
        self._wanted.pop(id(layer), None)
        self._titles.pop(id(layer), None)
        self._changing += 1
        try:
            # What a hand has linked to it belongs to the image that it showed.
            self._viewer.layers.unlink_layers([layer])
            # All of it before napari draws any of it: the new image in its own place, grey, in its own window.
            events = layer.events
            with events.scale.blocker(), events.translate.blocker(), events.set_data.blocker():
                layer.scale, layer.translate = placed.scale_mm, placed.translate_mm
            hold_here()
            layer.name = name
            layer.data = placed.data
            low, high = layer.contrast_limits_range
            layer.contrast_limits_range = min(low, window[0]), max(high, window[1])
            layer.contrast_limits = window
            layer.contrast_limits_range = window
            layer.colormap, layer.visible, layer.opacity = "gray", True, 1.0
        finally:
            self._changing -= 1
        return layer

    def show_image(self, layer: Image, *, visible: bool, opacity: float = 1.0) -> None:
        """Show an image, or not, and hold it to that: a title over an image that somebody hid would be wrong."""
        self._wanted[id(layer)] = visible, opacity
        self._hold_shown(layer)

    def _hold_shown(self, layer: Image) -> None:
        visible, opacity = self._wanted.get(id(layer), (layer.visible, layer.opacity))
        if layer.visible != visible:
            layer.visible = visible
        if layer.opacity != opacity:
            layer.opacity = opacity

    def title_of(self, layer: Image) -> str:
        """What an image was called when it was made, whatever the layer list calls it now."""
        return self._titles.get(id(layer), layer.name)

    def _on_renamed(self, _event: Any = None) -> None:
        # napari is in the middle of its own change now.
        if not self._changing:
            QTimer.singleShot(0, self.restore_titles)

    def restore_titles(self) -> None:
        """Give the images the names that they were made with: a hand that renames one would make it another."""
        for layer in self._images.values():
            title = self.title_of(layer)
            if layer.name != title:
                self._changing += 1
                try:
                    layer.name = title
                finally:
                    self._changing -= 1

    def add_edges(self, key: object, placed: PlacedImage) -> Image:
        """Show edge lines above the images."""
        layer = Image(
            placed.data,
            name="CT edges",
            scale=placed.scale_mm,
            translate=placed.translate_mm,
            units="mm",
            contrast_limits=(0.0, 1.0),
            colormap="yellow",
            blending="additive",
            interpolation2d="nearest",
            multiscale=False,
            rgb=False,
        )
        hold_place(layer)
        _hold_blending(layer)
        self._images[key] = layer
        self._insert(len(self._images) - 1, layer)
        return layer

    def retire_images(self) -> None:
        """Give all images up; they leave the canvas with `drop_retired`, once others have taken their place.

        A canvas that for a moment holds only flat drawings makes napari rebuild every layer from three dimensions to
        two and back.
        """
        self._retired += self._images.values()
        self._images.clear()

    def drop_retired(self) -> None:
        """Take off the canvas what was given up."""
        retired, self._retired = self._retired, []
        for layer in retired:
            for known in (self._made, self._titles, self._wanted):
                known.pop(id(layer), None)
        self._remove(*retired)

    def bring_forward(self, layer: Image) -> None:
        """Put one image above the others."""
        key = next(key for key, known in self._images.items() if known is layer)
        self._images[key] = self._images.pop(key)
        self._sort()

    @property
    def images(self) -> dict[object, Image]:
        """All image layers by their key."""
        return dict(self._images)

    # -- drawings ---------------------------------------------------------------------------------------------------
    def add_drawing(self, layer: Layer) -> None:
        """Keep an instrument's layer above the images."""
        if any(layer is known for known in self._drawings):
            return
        hold_place(layer)
        _hold_blending(layer)
        # Masks below lines: a rectangle under a mask takes its colour.
        lines = [known for known in self._drawings if not isinstance(known, Labels)]
        masks = [known for known in self._drawings if isinstance(known, Labels)]
        self._drawings = [*masks, layer, *lines] if isinstance(layer, Labels) else [*masks, *lines, layer]
        self._insert(len(self._viewer.layers), layer)
        self._sort()
        layer.events.visible.connect(self._on_visible)
        if self._hidden:
            self._hide(layer)

    def remove_drawing(self, layer: Layer) -> None:
        """Give an instrument's layer up."""
        self._drawings = [known for known in self._drawings if known is not layer]
        self._would_show.pop(id(layer), None)
        layer.events.visible.disconnect(self._on_visible)
        self._remove(layer)

    @property
    def drawings_hidden(self) -> bool:
        """Whether nothing but images is on the canvas."""
        return self._hidden

    def hide_drawings(self, hidden: bool) -> None:
        """Hide all drawings, also those that would appear meanwhile; or show again those that would be seen now."""
        if hidden == self._hidden:
            return
        self._hidden = hidden
        for layer in self._drawings:
            if hidden:
                self._hide(layer)
            else:
                layer.visible = self._would_show.pop(id(layer), layer.visible)

    def _hide(self, layer: Layer) -> None:
        self._would_show[id(layer)] = bool(layer.visible)
        layer.visible = False

    def _on_visible(self, event: Any) -> None:
        layer = event.source
        if self._hidden and layer.visible:
            self._hide(layer)

    def let_go(self) -> None:
        """Keep nothing any more: the window closes, and takes its layers off first."""
        for event in self._watched:
            event.disconnect(self._on_list_changed)
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self._strays.clear()
        self._images.clear()
        self._drawings.clear()
        self._retired.clear()
        self._made.clear()

    # -- keeping order ----------------------------------------------------------------------------------------------
    def _insert(self, index: int, layer: Layer) -> None:
        self._changing += 1
        try:
            active = self._viewer.layers.selection.active
            self._viewer.layers.insert(min(index, len(self._viewer.layers)), layer)
            rest_while_hidden(layer)
            rest_thumbnail(self._viewer, layer)
            if isinstance(layer, Shapes):
                # All Shapes of the desk only show the record; put back, a layer has new things that draw it.
                draw_lean(self._viewer, layer)
            elif isinstance(layer, Labels):
                draw_where_seen(self._viewer, layer)
            elif isinstance(layer, Image):
                draw_image_lean(self._viewer, layer)
            if active is not None and active in self._viewer.layers:
                self._viewer.layers.selection.active = active
        finally:
            self._changing -= 1

    def _remove(self, *layers: Layer) -> None:
        there = [layer for layer in layers if layer in self._viewer.layers]
        self._changing += 1
        try:
            # napari puts its canvas in order once for all of them.
            with self._viewer.layers.batched_update() if len(there) > 1 else nullcontext():
                for layer in there:
                    self._viewer.layers.remove(layer)
        finally:
            self._changing -= 1

    def _on_inserted(self, event: Any) -> None:
        # What is hidden is seen over no image; a script may keep it there.
        if not self._changing and self._images and event.value.visible:
            self._strays.append(event.value)

    def _on_list_changed(self, _event: Any = None) -> None:
        if self._changing or self._repair_due:
            return
        # napari is in the middle of its own change now.
        self._repair_due = True
        QTimer.singleShot(0, self._repair)

    def _repair(self) -> None:
        """Put back what was deleted by hand, and the images below the drawings."""
        self._repair_due = False
        restored = self._take_off_strays()
        for index, layer in enumerate([*self._images.values(), *self._drawings]):
            if layer not in self._viewer.layers:
                self._insert(index, layer)
                restored = True
        self._sort()
        if restored and self.on_restored is not None:
            self.on_restored()

    def _take_off_strays(self) -> bool:
        """Take off what came from elsewhere, and say so; whether there was anything."""
        own = {id(layer) for layer in (*self._images.values(), *self._drawings, *self._retired)}
        strays = [layer for layer in self._strays if layer in self._viewer.layers and id(layer) not in own]
        self._strays.clear()
        if not strays:
            return False
        self._remove(*strays)
        # napari chose the new layer; the brush goes back to what it was painting on.
        painted = next((layer for layer in self._drawings if str(layer.mode) != "pan_zoom"), None)
        if painted is not None:
            self._viewer.layers.selection.active = painted
        if self.on_taken_off is not None:
            self.on_taken_off([layer.name for layer in strays])
        return True

    def _sort(self) -> None:
        self._changing += 1
        try:
            order = {id(layer): place for place, layer in enumerate([*self._images.values(), *self._drawings])}
            layers = list(self._viewer.layers)
            wanted = sorted(layers, key=lambda layer: order.get(id(layer), -1))
            if [id(layer) for layer in wanted] != [id(layer) for layer in layers]:
                for place, layer in enumerate(wanted):
                    current = self._viewer.layers.index(layer)
                    if current != place:
                        self._viewer.layers.move(current, place)
        finally:
            self._changing -= 1
