"""What napari works out for a layer with every frame, spared while nobody sees it.

The desk shows one of its images and few of its drawings at a time; napari works out for each of its layers which part
of it the canvas shows.
"""

from __future__ import annotations

from typing import Any

from napari.layers import Layer
from qtpy.compat import isalive

from napari_vcf.widgets.common.layer_node import qt_viewer_of

__all__ = ["rest_thumbnail", "rest_while_hidden"]

#: Mark of a list of layers whose small pictures are made up for when it is shown.
_CAUGHT_UP = "napari_vcf_caught_up"


def rest_while_hidden(layer: Layer) -> None:
    """Have a layer take over what the canvas shows only while it is seen: with the first frame that it is in again.

    Parameters
    ----------
    layer : Layer
        Any; with another napari it may go on as it always does.
    """
    # napari tells its layers so before it draws, and has no public way to leave one out.
    name = "_update_draw"
    take_over = getattr(layer, name, None)
    if take_over is None or name in vars(layer):
        return

    def if_seen(*args: Any, **kwargs: Any) -> None:
        if layer.visible:
            take_over(*args, **kwargs)

    setattr(layer, name, if_seen)


def rest_thumbnail(viewer: Any, layer: Layer) -> None:
    """Have a layer make its small picture for napari's list only while that list is shown.

    Parameters
    ----------
    viewer : napari.Viewer
        In whose list the layer is.
    layer : Layer
        Any; with another napari it may go on as it always does.
    """
    name = "_update_thumbnail"
    update = getattr(layer, name, None)
    dock = getattr(qt_viewer_of(viewer), "dockLayerList", None)
    if update is None or dock is None or name in vars(layer):
        return

    def if_listed() -> None:
        if isalive(dock) and dock.isVisible():
            update()

    setattr(layer, name, if_listed)
    if not dock.property(_CAUGHT_UP):
        dock.setProperty(_CAUGHT_UP, True)
        dock.visibilityChanged.connect(lambda listed: _catch_up(viewer) if listed else None)


def _catch_up(viewer: Any) -> None:
    for layer in viewer.layers:
        layer._update_thumbnail()
