"""What napari works out for each pixel of an image, spared where it comes to nothing.

For each pixel vispy computes where a warped image would lie, raises the value to a power that is one, and looks the
grey level up in a table of grey levels. A graphics card does that in passing; where OpenGL is drawn in software it is
half of what an image costs.
"""

from __future__ import annotations

import re
import weakref
from typing import Any

import numpy as np
from napari.layers import Image
from vispy.visuals.shaders import Function, FunctionChain

from napari_vcf.widgets.common.layer_node import node_of

__all__ = ["draw_image_lean"]

#: Of vispy's shader: where a pixel lies in an image that is drawn straight or warped, and in one drawn straight.
_EITHER_WAY = re.compile(r"if\( method == 0 \) \{\s*(texcoord = v_texcoord;)\s*\}\s*else \{[^{}]*\}")
_LOOKED_UP = re.compile(r"return texture2D\(texture2D_LUT,[^;]*;")
#: vispy sets the power in the third of its functions, and so it has to stand there.
_GAMMA_IS_ONE = "float apply_gamma(float data) { return data + 0.0 * $gamma; }"
#: Half a grey level of the screen.
_UNSEEN = 0.5 / 255


def draw_image_lean(viewer: Any, layer: Image) -> bool:
    """Have the canvas compute of an image what is seen of it alone.

    Parameters
    ----------
    viewer : napari.Viewer
        In whose list the layer is; one without a window draws nothing.
    layer : Image
        An image of one value for each pixel.

    Returns
    -------
    bool
        Whether the canvas does; with another napari it may draw as it always does. What is seen differs by a grey level
        of the screen at most.
    """
    node = node_of(viewer, layer)
    if not hasattr(node, "_build_color_transform") or not hasattr(node, "_need_colortransform_update"):
        return False
    build = node._build_color_transform

    def lean() -> Any:
        whole = build()
        functions = getattr(whole, "functions", ())
        # Where colours change by steps, the last digit of a power of one is seen.
        if len(functions) != 4 or node.gamma != 1.0 or not _is_gray(node.cmap):
            return whole
        luminance, window, *_ = functions
        gamma = Function(_GAMMA_IS_ONE)
        gamma["gamma"] = 1.0
        colors = Function(_LOOKED_UP.sub("return vec4(t, t, t, 1.0);", node.cmap.glsl_map))
        return FunctionChain(None, [luminance, window, gamma, colors])

    node.unfreeze()
    node._build_color_transform = lean
    node.freeze()
    node._need_colortransform_update = True

    drawn = weakref.ref(node)

    def build_anew(_event: object) -> None:
        there = drawn()
        if there is not None:
            there._need_colortransform_update = True

    layer.events.gamma.connect(build_anew)
    # An image of the desk lies straight in the plane: none is ever warped.
    for program in node.shared_program:
        straight = _EITHER_WAY.sub(r"\1", program.frag.code)
        program.frag.replace(program.frag.code, straight)
    node.update()
    return True


def _is_gray(colormap: Any) -> bool:
    """Whether a colormap goes evenly from black to white."""
    table = getattr(colormap, "texture_map_data", None)
    if table is None:
        return False
    table = np.asarray(table).reshape(-1, 4)
    ramp = np.linspace(0.0, 1.0, len(table))[:, None]
    return bool(np.abs(table[:, :3] - ramp).max() < _UNSEEN and table[:, 3].min() == 1.0)
