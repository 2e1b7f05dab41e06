"""The painter's tools: what each is called, does, and is reached by."""

from __future__ import annotations

from typing import Literal

from napari_vcf.widgets.extent_layers import Part

__all__ = ["BRUSHES", "MODES", "OUTLINES", "Mode"]

Mode = Literal["outline", "body_add", "body_erase", "lesion_add", "lesion_erase", "lesion_outline", "threshold", "look"]
#: Name, sentence and key of each tool.
MODES: dict[Mode, tuple[str, str, str]] = {
    "outline": ("Outline body", "Outline the body on this slice: click around it, or draw freehand", "O"),
    "body_add": ("Body +", "Add to the body with the brush", "B"),
    "body_erase": ("Body −", "Take from the body with the brush", "Shift+B"),
    "lesion_add": ("Lesion +", "Paint the lesion; the brush cannot leave the body", "L"),
    "lesion_erase": ("Lesion −", "Take from the lesion with the brush", "E"),
    "lesion_outline": (
        "Outline lesion",
        "Outline lesion on this slice; only what lies in the body is taken",
        "Shift+L",
    ),
    "threshold": ("Threshold", "Lesion by comparison with muscle, disc or a normal vertebra", "H"),
    "look": ("Look", "Paint nothing; the left button moves the image", "K"),
}
OUTLINES: tuple[Mode, ...] = ("outline", "lesion_outline")
BRUSHES: dict[Mode, tuple[Part, Literal["paint", "erase"]]] = {
    "body_add": ("body", "paint"),
    "body_erase": ("body", "erase"),
    "lesion_add": ("lesion", "paint"),
    "lesion_erase": ("lesion", "erase"),
}
