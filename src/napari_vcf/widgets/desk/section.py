"""A mask that is painted on an image, as the linked panes are handed it."""

from __future__ import annotations

from dataclasses import dataclass

from napari_vcf.geometry import Volume

__all__ = ["Section"]


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A mask that is painted on an image.

    Attributes
    ----------
    image : str
        The image.
    volume : Volume
        Codes on its native grid.
    code : int
        The code that belongs to the mask.
    color : str
        ``"#rrggbb"``.
    outlined : bool
        Whether only its edge is drawn; filled otherwise.
    """

    image: str
    volume: Volume
    code: int
    color: str
    outlined: bool
