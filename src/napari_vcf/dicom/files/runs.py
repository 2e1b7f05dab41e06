"""Runs of header elements that files of one series have in common: recognised whole, and read without a step for each.

Files of a series differ in their values and hardly ever in which elements they have and how long these are. A run is a
stretch of simple elements of one group; where the bytes between its values are those of a run read before, its kept
values lie where they lay then. Nothing but tags, value representations and lengths is remembered, never a value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from napari_vcf.dicom.files.tags import VR_OF

__all__ = ["Runs"]

#: Fewer elements are read as quickly one by one.
_FEWEST: Final = 3
#: Runs remembered with the same first element: values of several lengths.
_MOST_ALIKE: Final = 8
_MOST: Final = 4096
_HEAD: Final = 8


class _Run:
    """One run: how to take its heads and its kept values out of a buffer.

    Parameters
    ----------
    heads : list of (int, bytes, int)
        Tag, value representation and length of each element.
    """

    __slots__ = ("first", "heads_at", "kept", "last", "size", "values_at")

    def __init__(self, heads: list[tuple[int, bytes, int]]) -> None:
        whole = struct.Struct("<" + "".join(f"8s{length}x" for _, _, length in heads))
        self.heads_at: Callable[[bytes, int], tuple[bytes, ...]] = whole.unpack_from
        wanted = "".join(f"8x{length}{'s' if tag in VR_OF else 'x'}" for tag, _, length in heads)
        self.values_at: Callable[[bytes, int], tuple[bytes, ...]] = struct.Struct("<" + wanted).unpack_from
        self.kept = tuple((tag, vr) for tag, vr, _ in heads if tag in VR_OF)
        self.size, self.first, self.last = whole.size, heads[0][0], heads[-1][0]


class Runs:
    """The runs seen so far, for one byte order; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[tuple[tuple[bytes, ...], _Run], ...]] = {}

    def find(self, buffer: bytes, pos: int, last: int) -> _Run | None:
        """The run that begins at a position, if it is known, whole within the buffer, and in order.

        Parameters
        ----------
        buffer : bytes
            The file's beginning.
        pos : int
            Where its first element begins.
        last : int
            Tag of the element before.
        """
        for heads, run in self._known.get(buffer[pos : pos + _HEAD], ()):
            if pos + run.size <= len(buffer) and run.heads_at(buffer, pos) == heads:
                return run if run.first > last else None
        return None

    def learn(self, buffer: bytes, pos: int, heads: list[tuple[int, bytes, int]]) -> None:
        """Remember a run that was read element by element.

        Parameters
        ----------
        buffer : bytes
            The file's beginning.
        pos : int
            Where the run begins.
        heads : list of (int, bytes, int)
            Tag, value representation and length of each of its elements, which all lie within the buffer.
        """
        if len(heads) < _FEWEST:
            return
        if len(self._known) >= _MOST:
            self._known = {}
        run = _Run(heads)
        key = buffer[pos : pos + _HEAD]
        # The newest first: files come in the order in which they were written.
        self._known[key] = ((run.heads_at(buffer, pos), run), *self._known.get(key, ())[: _MOST_ALIKE - 1])
