"""A text that opens only for whoever names two points near those with which it was closed.

A proposed registration lies in a folder that readers can read, and its points would tell them which vertebra is
fractured. So its text is covered with a key, and the key once for each pair of cubes in which a click near the points
can lie, under a hash of that pair that takes its time.

This keeps the points from whoever opens the file, searches the folder or looks into the memory of a reader's program.
It does not keep them from whoever tries every vertebra.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Sequence
from typing import Final

from pydantic import Field

from napari_vcf.records.base import FrozenModel

__all__ = ["REACH_MM", "ClosedText", "close_text", "open_text"]

#: How far from its points a text opens: less than half of the distance of two vertebrae, about 17 mm in the neck.
REACH_MM: Final = 8.0
#: What one try costs, as iterations of PBKDF2.
_ITERATIONS: Final = 8_000
#: The length of the text is rounded up to this, so that it says nothing.
_BLOCK: Final = 2048

Points = tuple[Sequence[float], Sequence[float]]


class ClosedText(FrozenModel):
    """A covered text, with its covered keys."""

    text: str
    keys: dict[str, str]
    iterations: int = Field(ge=1, le=10_000_000, description="what one try costs")


def close_text(text: str, points: Points, salt: str) -> ClosedText:
    """Close a text; the same arguments give the same result.

    Parameters
    ----------
    text : str
        What is closed.
    points : pair of points
        Two points in mm near which it opens.
    salt : str
        Of the case.
    """
    data = text.encode()
    data = data.ljust(math.ceil(len(data) / _BLOCK) * _BLOCK)
    # Each text has a key of its own, so that none covers two texts.
    key = hashlib.sha256(f"{salt}\nkey\n".encode() + data).digest()
    keys = {}
    for cubes in itertools.product(*(_cubes(point) for point in points)):
        name, cover = _derive(cubes, salt, _ITERATIONS)
        keys[name] = _covered(key, cover).hex()
    return ClosedText(text=_covered(data, _stream(key, len(data))).hex(), keys=keys, iterations=_ITERATIONS)


def open_text(closed: ClosedText, points: Points, salt: str) -> str | None:
    """Open a text.

    Parameters
    ----------
    closed : ClosedText
        From `close_text`.
    points : pair of points
        Two points in mm.
    salt : str
        Of the case.

    Returns
    -------
    str or None
        None where the points lie in other cubes. Within `REACH_MM` along each axis of the points of `close_text` it
        always opens; up to twice as far away it may.
    """
    name, cover = _derive(tuple(_cube(point, 0.0) for point in points), salt, closed.iterations)
    if name not in closed.keys:
        return None
    key = _covered(bytes.fromhex(closed.keys[name]), cover)
    data = bytes.fromhex(closed.text)
    return _covered(data, _stream(key, len(data))).decode().rstrip()


def _cube(point: Sequence[float], shift: float) -> tuple[int, ...]:
    return tuple(math.floor((value + shift) / (2 * REACH_MM)) for value in point)


def _cubes(point: Sequence[float]) -> list[tuple[int, ...]]:
    """The eight cubes, always as many, in which a click near a point can lie."""
    low = _cube(point, -REACH_MM)
    return [
        tuple(base + step for base, step in zip(low, steps, strict=True))
        for steps in itertools.product((0, 1), repeat=len(low))
    ]


def _derive(cubes: Sequence[Sequence[int]], salt: str, iterations: int) -> tuple[str, bytes]:
    named = ";".join(",".join(map(str, cube)) for cube in cubes)
    found = hashlib.pbkdf2_hmac("sha256", named.encode(), salt.encode(), iterations, 64)
    return found[:16].hex(), found[32:]


def _stream(key: bytes, length: int) -> bytes:
    return hashlib.shake_256(key).digest(length)


def _covered(data: bytes, cover: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(data, cover, strict=True))
