"""Private elements at the block that they are expected in.

A vendor's elements lie in whatever block (xx10 to xx13 here) its creator's name reserves; other software may have taken
the first one. They are looked up under the first, so they are brought there, in the place of the other's, which mean
something else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from napari_vcf.dicom.files.elements import Elements
from napari_vcf.dicom.files.tags import BLOCKS, PRIVATE

__all__ = ["bring_private_home"]

_GROUPS: Final = tuple({group: None for group, _ in PRIVATE})
_FIRST: Final = BLOCKS[0]
#: Where the name of a creator lies that holds another block than the first.
_FURTHER: Final = frozenset(group << 16 | block for group in _GROUPS for block in BLOCKS[1:])


def bring_private_home(elements: Elements) -> None:
    """Move each vendor's elements to the first block of their group.

    Where no block bears the vendor's name, as after some anonymisation, the first one is left as it is.

    Parameters
    ----------
    elements : dict
        Of the data set; changed in place.
    """
    if _FURTHER.isdisjoint(elements):
        return
    for group in _GROUPS:
        high = group << 16
        creators = tuple(_bytes_of(elements, high | block) for block in BLOCKS)
        for source, target in _moves(group, creators):
            if source in elements:
                elements[target] = elements[source]
            else:
                elements.pop(target, None)


def _bytes_of(elements: Elements, tag: int) -> bytes:
    entry = elements.get(tag)
    return entry[1] if entry is not None and isinstance(entry[1], bytes) else b""


@lru_cache(maxsize=256)
def _moves(group: int, creators: tuple[bytes, ...]) -> tuple[tuple[int, int], ...]:
    """(where an element is, where it is looked up) for all that are elsewhere, their creator's name among them."""
    names = [creator.decode("ascii", "replace").strip("\0 ").upper() for creator in creators]
    moves: list[tuple[int, int]] = []
    for (family, prefix), numbers in PRIVATE.items():
        block = next((block for block, name in zip(BLOCKS, names, strict=True) if name.startswith(prefix)), _FIRST)
        if family != group or block == _FIRST:
            continue
        here, home = group << 16 | block << 8, group << 16 | _FIRST << 8
        moves.extend((here | number, home | number) for number in numbers)
        moves.append((group << 16 | block, group << 16 | _FIRST))
    return tuple(moves)
