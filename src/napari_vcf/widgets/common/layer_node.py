"""What a napari window shows a viewer with, and its canvas a layer."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer

__all__ = ["node_of", "qt_viewer_of"]


def qt_viewer_of(viewer: Any) -> Any:
    """Find what napari shows a viewer with: its canvas, its lists of layers; None where there is no window."""
    # napari has no public way there.
    return getattr(getattr(viewer, "window", None), "_qt_viewer", None)


def node_of(viewer: Any, layer: Layer) -> Any:
    """Find the vispy node that draws a layer.

    Parameters
    ----------
    viewer : napari.Viewer
        In whose list the layer is; one without a window draws nothing.
    layer : Layer
        Any.

    Returns
    -------
    vispy.scene.Node or None
        None where nothing draws it, or another napari keeps it elsewhere.
    """
    # napari has no public way from a layer to what it is drawn with.
    canvas = getattr(qt_viewer_of(viewer), "canvas", None)
    return getattr(getattr(canvas, "layer_to_visual", {}).get(layer), "node", None)
