"""Siemens' private CSA header, and the mosaic that its scanners tile a volume into."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.header import Header
from napari_vcf.language import say

__all__ = ["Mosaic", "csa_numbers", "is_mosaic", "mosaic_of"]

_NAME_BYTES: Final = 64
_MOST_TAGS: Final = 1000


@dataclass(frozen=True, slots=True)
class Mosaic:
    """How the slices of a volume are tiled in one image.

    Attributes
    ----------
    count : int
        Number of slices.
    tiles_per_row : int
        Tiles side by side (and one below the other).
    rows, columns : int
        Size of one slice.
    slice_normal : tuple of float
        Unit vector from one slice to the next, LPS.
    """

    count: int
    tiles_per_row: int
    rows: int
    columns: int
    slice_normal: tuple[float, float, float]


def csa_numbers(csa: bytes, name: str) -> list[float]:
    """Numbers of one entry of a CSA header (both of its versions); empty where there are none.

    Parameters
    ----------
    csa : bytes
        Value of the private element.
    name : str
        Name of the entry, such as ``"B_value"``.

    Returns
    -------
    list of float
    """
    start = 8 if csa[:4] == b"SV10" else 0
    if len(csa) < start + 8:
        return []
    count = struct.unpack_from("<I", csa, start)[0]
    if not 0 < count <= _MOST_TAGS:
        return []
    position = start + 8
    for _ in range(count):
        if position + _NAME_BYTES + 20 > len(csa):
            return []
        found = csa[position : position + _NAME_BYTES].split(b"\0", 1)[0]
        items = struct.unpack_from("<I", csa, position + _NAME_BYTES + 12)[0]
        position += _NAME_BYTES + 20
        texts: list[bytes] = []
        for _ in range(min(items, _MOST_TAGS)):
            if position + 16 > len(csa):
                return []
            lengths = struct.unpack_from("<4I", csa, position)
            # The second version states the length of an item in its second word, the first one in its first.
            length = lengths[1] if start else lengths[0]
            position += 16
            if length > len(csa) - position:
                if start:
                    return []
                length = 0
            texts.append(csa[position : position + length])
            position += (length + 3) // 4 * 4
        if found.decode("ascii", "replace") == name:
            return _finite_numbers(texts)
    return []


def _finite_numbers(texts: list[bytes]) -> list[float]:
    numbers: list[float] = []
    for text in texts:
        clean = text.split(b"\0", 1)[0].strip()
        if not clean:
            continue
        try:
            value = float(clean)
        except ValueError:
            return []
        if not math.isfinite(value):
            return []
        numbers.append(value)
    return numbers


def is_mosaic(image_type: tuple[str, ...]) -> bool:
    """Whether the image type says that slices are tiled."""
    return "MOSAIC" in image_type or "VFRAME" in image_type


def mosaic_of(root: Header, rows: int, columns: int) -> Mosaic:
    """How a mosaic is tiled.

    Raises
    ------
    HeaderError
        If the header does not say it.
    """
    csa = root.raw(0x00291010)
    count = root.integer(0x0019100A) if root.text(0x00190010).upper() in ("", "SIEMENS MR HEADER") else None
    if count is None:
        stated = csa_numbers(csa, "NumberOfImagesInMosaic")
        count = round(stated[0]) if stated else None
    normal = csa_numbers(csa, "SliceNormalVector")
    if count is None or count < 1 or len(normal) != 3:
        raise HeaderError(
            say(
                "This is a mosaic of slices, but the private header that says how many they are and which way "
                "they run is missing (it is often lost in anonymisation); export the series again with it, or as "
                "single slices."
            )
        )
    tiles = math.ceil(math.sqrt(count))
    if rows % tiles or columns % tiles:
        raise HeaderError(
            say(
                "A mosaic of {rows} x {columns} pixels cannot hold {count} slices in {tiles} x {tiles} tiles.",
                rows=rows,
                columns=columns,
                count=count,
                tiles=tiles,
            )
        )
    vector = np.asarray(normal)
    length = float(np.linalg.norm(vector))
    if abs(length - 1) > 1e-3:
        raise HeaderError(say("The slice normal of the mosaic is not a unit vector: its private header is damaged."))
    x, y, z = (vector / length).tolist()
    return Mosaic(count, tiles, rows // tiles, columns // tiles, (x, y, z))
