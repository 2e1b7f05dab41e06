"""Three heights of a vertebral body from its four corners, as a lateral view shows them.

The walls are the anterior and the posterior height. The middle height stands midway between them, at right angles to
the endplates: on the line through the mean of the corners, across the direction between those of the upper and of the
lower endplate.

Where it ends, no straight line between two corners says: intact endplates are hollow by a millimetre, and a biconcave
body has lost nothing between its corners. So an endplate is followed from both of its corners, step by step, each step
by the rule that draws a caliper's end to the edge (`napari_vcf.measure.draw_to_edge`), at right angles to the way so
far. Where an endplate bends away from a corner is not known, so it is followed at several slopes. Only where ways from
both corners come to the same place, and no others to another one, the end is *fitted*. Else it lies straight between
the corners, says so, and is no measurement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.geometry import Volume
from napari_vcf.language import say
from napari_vcf.measure.edges import NoEdge
from napari_vcf.measure.errors import MeasureError
from napari_vcf.measure.roi_placement import endplate_direction
from napari_vcf.measure.snapping import draw_to_edge

__all__ = ["CORNERS_METHOD", "EdgeFinder", "MiddleHeight", "check_corners", "edge_finder", "middle_height"]

F64 = NDArray[np.float64]
#: Gives the edge near a point on the line through it, from (point, outward, across), LPS mm.
EdgeFinder = Callable[[F64, F64, F64], "F64 | NoEdge"]

#: Method of the proposal and its version: one of another version cannot be computed again.
CORNERS_METHOD: Final = "corners 1"
#: Corners farther off a common plane than this are not on one slice.
_FLAT_MM = 0.5
#: Corners nearer together than this are one.
_APART_MM = 0.5
#: Share of the line between two corners at which the middle height may meet it.
_AMID = (0.2, 0.8)
#: How far a slice may be turned out of the sagittal plane.
_SAGITTAL_DEG = 60.0
#: A step along an endplate, and how far the edge may lie from where it leads.
_STEP_MM, _REACH_MM = 2.0, 1.6
#: Slopes into the body at which an endplate may leave its corner; none is steeper than the last.
_LEAVES_DEG, _STEEPEST_DEG = (0.0, 20.0, 40.0), 55.0
#: How much of each new direction is believed; how much of a slope is kept where no edge is seen, for so many steps.
_BELIEVED, _KEPT, _BLIND = 0.6, 0.8, 2
#: A step leads at least so far to the middle, or the way is lost.
_ONWARD_MM = 0.3
#: Ways from both corners that end so near to each other have found the same edge.
_SAME_MM = 0.8


@dataclass(frozen=True, eq=False)
class MiddleHeight:
    """A middle height that the program proposes.

    Attributes
    ----------
    upper, lower : ndarray, shape (3,)
        Its ends, LPS mm.
    fitted : tuple of bool
        Whether the upper and the lower end lie on an edge of the image; else they lie straight between the corners.
    """

    upper: F64
    lower: F64
    fitted: tuple[bool, bool]

    @property
    def mm(self) -> float:
        """Its length, mm."""
        return float(np.linalg.norm(self.upper - self.lower))


def check_corners(anterior_lps: ArrayLike, posterior_lps: ArrayLike) -> None:
    """Refuse four corners that are not those of one body on a sagittal slice.

    Parameters
    ----------
    anterior_lps, posterior_lps : array_like, shape (2, 3)
        Upper and lower corner of the anterior and of the posterior wall, LPS mm.

    Raises
    ------
    MeasureError
        If they are not on one slice from front to back, are in another order, or span no body without a doubt: of four
        corners of which one lies between the others, several bodies could be made.
    """
    front, back = (np.asarray(wall, dtype=np.float64) for wall in (anterior_lps, posterior_lps))
    if front.shape != (2, 3) or back.shape != (2, 3) or not (np.isfinite(front).all() and np.isfinite(back).all()):
        raise MeasureError(say("A body has two corners at its front and two at its back."))
    # Once around it.
    corners = np.array([front[0], back[0], back[1], front[1]])
    sides = np.roll(corners, -1, axis=0) - corners
    if min(np.linalg.norm(sides, axis=1)) < _APART_MM:
        raise MeasureError(say("Two corners lie on the same place."))
    _, sizes, axes = np.linalg.svd(corners - corners.mean(axis=0))
    if sizes[1] < _APART_MM:
        raise MeasureError(say("The four corners lie on one line."))
    normal = axes[2]
    if np.abs((corners - corners.mean(axis=0)) @ normal).max() > _FLAT_MM:
        raise MeasureError(say("The four corners do not lie on one slice."))
    if abs(normal[0]) < np.cos(np.radians(_SAGITTAL_DEG)):
        raise MeasureError(say("Corners are set on a sagittal slice; this one does not show front and back."))
    if (front[0] + back[0] - front[1] - back[1])[2] <= 0:
        raise MeasureError(say("The upper corners lie below the lower ones."))
    if (back.sum(axis=0) - front.sum(axis=0))[1] <= 0:
        raise MeasureError(say("The anterior corners lie behind the posterior ones."))
    turns = np.cross(sides, np.roll(sides, -1, axis=0)) @ normal
    if (turns > 0).all() or (turns < 0).all():
        return
    if (turns > 0).sum() == 2:
        raise MeasureError(say("The lines between the corners cross: set them in their order."))
    raise MeasureError(say("One corner lies between the others: they could be those of several bodies."))


def middle_height(anterior_lps: ArrayLike, posterior_lps: ArrayLike, edge: EdgeFinder | None = None) -> MiddleHeight:
    """Propose the middle height of a body from its four corners.

    Parameters
    ----------
    anterior_lps, posterior_lps : array_like, shape (2, 3)
        Upper and lower corner of the anterior and of the posterior wall, LPS mm.
    edge : callable, optional
        Finds the edge near a point, see `edge_finder`; without it both ends lie straight between the corners.

    Returns
    -------
    MiddleHeight

    Raises
    ------
    MeasureError
        If the corners are not those of one body, see `check_corners`, or are so askew that no line at right angles to
        the endplates runs amid them.
    """
    check_corners(anterior_lps, posterior_lps)
    front, back = (np.asarray(wall, dtype=np.float64) for wall in (anterior_lps, posterior_lps))
    along = endplate_direction((front[0], back[0]), (front[1], back[1]))
    askew = say("The corners are so askew that no middle height runs at right angles to the endplates.")
    if along is None:
        raise MeasureError(askew)
    middle = np.concatenate((front, back)).mean(axis=0)
    ends = []
    for start, end in zip(front, back, strict=True):
        way = end - start
        run = float(way @ along)
        share = float((middle - start) @ along) / run if run > 1e-9 else -1.0
        if not _AMID[0] <= share <= _AMID[1]:
            raise MeasureError(askew)
        ends.append(start + share * way)
    upper, lower = ends
    if edge is None:
        return MiddleHeight(upper, lower, (False, False))
    up = (upper - lower) / float(np.linalg.norm(upper - lower))
    found = [
        _endplate_at(end, (first, last), along, outward, edge)
        for end, first, last, outward in zip(ends, front, back, (up, -up), strict=True)
    ]
    placed = [end if at is None else at for end, at in zip(ends, found, strict=True)]
    if float((placed[0] - placed[1]) @ up) < _APART_MM:
        return MiddleHeight(upper, lower, (False, False))
    return MiddleHeight(placed[0], placed[1], (found[0] is not None, found[1] is not None))


def edge_finder(volume: Volume, *, is_ct: bool) -> EdgeFinder:
    """The rule by which endplates are followed on an image: `napari_vcf.measure.draw_to_edge`, with a shorter reach."""

    def edge(point: F64, outward: F64, across: F64) -> F64 | NoEdge:
        return draw_to_edge(volume, point, outward, across, is_ct=is_ct, reach_mm=_REACH_MM)

    return edge


def _endplate_at(end: F64, corners: tuple[F64, F64], along: F64, outward: F64, edge: EdgeFinder) -> F64 | None:
    """Where the endplate between two corners crosses the middle height; None where that is not clear."""
    heights: list[list[float]] = []
    for corner, way in zip(corners, (along, -along), strict=True):
        from_end, far = float((corner - end) @ outward), abs(float((end - corner) @ along))
        ways = (_follow(corner, (way, outward), far, np.radians(leaves), edge) for leaves in _LEAVES_DEG)
        heights.append([from_end + height for height in ways if height is not None])
    same = [(a + b) / 2 for a in heights[0] for b in heights[1] if abs(a - b) <= _SAME_MM]
    if not same or max(same) - min(same) > _SAME_MM:
        return None
    return np.asarray(end + float(np.mean(same)) * outward)


def _follow(corner: F64, plane: tuple[F64, F64], far_mm: float, leaves: float, edge: EdgeFinder) -> float | None:
    """Follow an endplate from a corner; its height over the corner so far on, or None where it is lost.

    ``plane`` is the way to the middle and the way out of the body; angles are from the one to the other.
    """
    axes, angle, blind = np.stack(plane), -leaves, 0
    here = np.zeros(2)
    while True:
        on = np.array([np.cos(angle), np.sin(angle)])
        there, last = here + _STEP_MM * on, False
        if there[0] >= far_mm - 1e-6:
            # At the middle height the edge is looked for along that.
            there, on, last = here + (far_mm - here[0]) / on[0] * on, np.array([1.0, 0.0]), True
        outward = np.array([-on[1], on[0]])
        found = edge(corner + there @ axes, outward @ axes, on @ axes)
        if isinstance(found, NoEdge):
            blind += 1
            if last or blind > _BLIND or found in (NoEdge.COARSE, NoEdge.NO_UNIT):
                return None
            here, angle = there, _KEPT * angle
            continue
        seen = axes @ (found - corner)
        if last:
            return float(seen[1])
        if seen[0] < here[0] + _ONWARD_MM:
            return None
        turn = float(np.arctan2(*(seen - here)[::-1])) - angle
        steepest = np.radians(_STEEPEST_DEG)
        here, angle, blind = seen, float(np.clip(angle + _BELIEVED * turn, -steepest, steepest)), 0
