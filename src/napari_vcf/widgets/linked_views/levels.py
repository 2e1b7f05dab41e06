"""A link between images of different patient spaces that nobody has joined: the vertebra that was named on both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LevelLink", "LevelPoint", "link_of", "middles"]


@dataclass(frozen=True, slots=True, eq=False)
class LevelPoint:
    """Where a vertebra was marked.

    Attributes
    ----------
    level : str
        Its name, such as ``"L1"``.
    space : str
        Patient space of the image that it was marked on.
    point_lps : ndarray, shape (3,)
        LPS mm of that space.
    """

    level: str
    space: str
    point_lps: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LevelLink:
    """A shift that lays a vertebra of one space on the same vertebra of another; for looking, never for measuring.

    Attributes
    ----------
    level : str
        The vertebra.
    shift_lps : ndarray, shape (3,)
        To be added to a point of the one space, mm.
    """

    level: str
    shift_lps: NDArray[np.float64]


def middles(points: Iterable[LevelPoint]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Middle of what was marked of each vertebra: space -> level -> LPS mm."""
    found: dict[str, dict[str, list[NDArray[np.float64]]]] = {}
    for point in points:
        found.setdefault(point.space, {}).setdefault(point.level, []).append(point.point_lps)
    return {
        space: {level: np.mean(every, axis=0) for level, every in levels.items()} for space, levels in found.items()
    }


def link_of(points: Iterable[LevelPoint], source: str, target: str, near_lps: NDArray[np.float64]) -> LevelLink | None:
    """The link between two spaces by the vertebra nearest to a point, of those that were marked in both.

    Parameters
    ----------
    points : iterable of LevelPoint
        What was marked.
    source, target : str
        The spaces.
    near_lps : ndarray, shape (3,)
        A point of the source space, LPS mm.

    Returns
    -------
    LevelLink or None
        None where no vertebra was marked in both.
    """
    known = middles(points)
    here, there = known.get(source, {}), known.get(target, {})
    common = [level for level in here if level in there]
    if not common:
        return None
    level = min(common, key=lambda name: float(np.linalg.norm(here[name] - near_lps)))
    return LevelLink(level, there[level] - here[level])
