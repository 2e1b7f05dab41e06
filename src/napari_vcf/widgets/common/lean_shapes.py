"""What napari draws of a Shapes layer for a hand that edits it, spared where the layer only shows the record.

With every frame napari draws the marks of chosen shapes, also where none can be chosen, and vispy builds the program of
a mesh anew whenever its data change. Where OpenGL is drawn in software that is the larger part of a frame. There both
sides of a branch are computed for each pixel as well: small letters cost what large ones do, three times as much as
they need.
"""

from __future__ import annotations

from typing import Any

from napari.layers import Shapes

from napari_vcf.widgets.common.layer_node import node_of

__all__ = ["draw_lean"]

_MARKS = ("shape_highlights", "highlight_lines", "highlight_vertices")
#: How vispy looks up letters of at least so many pixels, and how all smaller ones.
_LARGE_PX, _LARGE, _SMALL = 50.0, "CatRom2D(u_font_atlas, u_font_atlas_shape, uv)", "texture2D(u_font_atlas, uv)"
#: Pixels of a letter of one point, as napari counts points on any screen.
_PX_PER_POINT = 96 / 72


def draw_lean(viewer: Any, layer: Shapes) -> bool:
    """Have the canvas draw a layer's shapes and texts, and nothing else of it.

    Parameters
    ----------
    viewer : napari.Viewer
        In whose list the layer is; one without a window draws nothing.
    layer : Shapes
        A layer of which nothing is ever chosen.

    Returns
    -------
    bool
        Whether the canvas does; with another napari it may draw as it always does, which looks the same.
    """
    node = node_of(viewer, layer)
    faces = getattr(node, "shape_faces", None)
    text = getattr(node, "text", None)
    if (
        not all(hasattr(node, name) for name in _MARKS)
        or not hasattr(faces, "_build_color_transform")
        or not hasattr(text, "_prepare_draw")
    ):
        return False
    for name in _MARKS:
        getattr(node, name).visible = False
    _keep_program(faces)
    _write_small(text)
    return True


def _keep_program(mesh: Any) -> None:
    """Have a mesh whose faces have colours say always with the same object how they are drawn.

    vispy makes another one, of the same text, each time that the data change, and takes it for another program.
    """
    build = mesh._build_color_transform
    made: dict[str, Any] = {}

    def kept(colors: Any) -> Any:
        # What looks values up depends on the values' limits, and is made each time.
        if colors.ndim == 2 and colors.shape[1] == 1:
            return build(colors)
        if not made:
            made["color"] = build(colors)
        return made["color"]

    mesh.unfreeze()
    mesh._build_color_transform = kept
    mesh.freeze()


def _write_small(text: Any) -> None:
    """Have letters drawn by what their size needs, and nothing where nothing is written: napari then gives a blank."""
    prepare = text._prepare_draw

    def prepared(view: Any) -> Any:
        if not any(text.text):
            return False
        small = text.font_size * _PX_PER_POINT < _LARGE_PX
        for program in text.shared_program:
            # The same once more changes nothing and builds nothing.
            program.frag.replace(_LARGE, _SMALL if small else _LARGE)
        return prepare(view)

    text.unfreeze()
    text._prepare_draw = prepared
    text.freeze()
