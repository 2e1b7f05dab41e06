"""The modality LUT: a table in place of a linear rescale (DICOM PS3.3, C.11.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.header import Header
from napari_vcf.language import say

__all__ = ["ModalityLut", "modality_lut_of"]

_SEQUENCE: Final = 0x00283000
_DESCRIPTOR: Final = 0x00283002
_TYPE: Final = 0x00283004
_DATA: Final = 0x00283006


@dataclass(frozen=True, slots=True, eq=False)
class ModalityLut:
    """A table from stored values to real ones.

    Attributes
    ----------
    first : int
        Stored value of the first entry; lower ones get the first entry, those beyond the table the last.
    values : ndarray of float32, shape (n,)
        The entries.
    kind : str
        What the entries are: ``"HU"``, ``"US"`` (unspecified), ...
    """

    first: int
    values: NDArray[np.float32]
    kind: str

    def of(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The entries for stored values, in their shape."""
        places = np.clip(stored.astype(np.int64) - self.first, 0, self.values.size - 1)
        return np.asarray(self.values[places])


def modality_lut_of(root: Header) -> ModalityLut | None:
    """The modality LUT of an image; None where it has none.

    Parameters
    ----------
    root : Header
        The data set.

    Returns
    -------
    ModalityLut or None

    Raises
    ------
    HeaderError
        If there is one and it can be read in two ways, or not at all.
    """
    items = root.items(_SEQUENCE)
    if not items:
        return None
    if len(items) > 1:
        raise HeaderError(say("The image has {count} Modality LUTs, of which only one can hold.", count=len(items)))
    (item,) = items
    descriptor = item.raw(_DESCRIPTOR)
    if len(descriptor) != 6:
        raise HeaderError(say("The Modality LUT has no descriptor of three numbers, so that it cannot be read."))
    order = ">" if root.big_endian else "<"
    # The value representation of the second number follows the pixels' sign, whatever the file states.
    count, first, bits = struct.unpack(f"{order}H{'h' if root.integer(0x00280103) == 1 else 'H'}H", descriptor)
    return ModalityLut(first, _entries(item.raw(_DATA), count or 1 << 16, bits, order), item.text(_TYPE).upper())


def _entries(data: bytes, count: int, bits: int, order: str) -> NDArray[np.float32]:
    if not 8 <= bits <= 16:
        raise HeaderError(say("The Modality LUT states entries of {bits} bits; only 8 to 16 are possible.", bits=bits))
    if len(data) == 2 * count:
        values = np.frombuffer(data, dtype=f"{order}u2")
    elif bits == 8 and len(data) == count + count % 2 and order == "<":
        values = np.frombuffer(data, dtype=np.uint8)[:count]
    else:
        raise HeaderError(
            say(
                "The Modality LUT states {count} entries of {bits} bits and holds {held} bytes.",
                count=count,
                bits=bits,
                held=len(data),
            )
        )
    if int(values.max()) >> bits:
        raise HeaderError(
            say("The Modality LUT holds entries that do not fit into the {bits} bits that it states.", bits=bits)
        )
    return values.astype(np.float32)
