"""Front, back and side walls as sheets between the endplates, stopping where the pedicles leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, map_coordinates

from napari_vcf.proposal.endplates import EndplateSheets
from napari_vcf.proposal.sheets import best_sheet
from napari_vcf.proposal.space import STEP_MM, BodySpace
from napari_vcf.proposal.tissue import Tissue

__all__ = ["LEVELS", "THICKNESS", "Walls", "find_walls"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Levels between the lower (-1) and the upper (1) endplate at which walls are looked for.
LEVELS = np.linspace(-0.9, 0.9, 11)
_PLACE_MM = 0.5
#: Exponents of the superellipse that a body's outline from above is like, in front and at the sides.
_ROUND_IN_FRONT, _ROUND_BESIDE = 2.7, 3.2
#: Behind, bodies differ more: the inverse of the exponent there is the one of these that the slices beside the middle
#: show best. How far from the usual one counts as much as one slice that shows it.
_BACK_INVERSES = np.arange(0.16, 0.431, 0.02)
_BACK_USUAL, _BACK_SPREAD = 1 / 3.6, 0.04
#: Slices amid the body, and those beside, where exponents differ, in parts of the half width; what one level of a slice
#: can say against an outline at most; how far the back wall lies from where it is expected at most, mm.
_AMID, _BESIDE, _AGAINST, _BACK_OFF_MM = 0.4, (0.35, 0.93), 6.0, 3.0
_REACH_MM = 6.0
_SCALE_MM = 0.7
#: The inner side of a thin dark wall, blurred, shows a little too far inside.
_OUTWARD_MM = 0.2
#: Weight of tissue per mm of way, and of edges and of the expected outline by the number of contrasts.
_TISSUE = 1.5
_EDGES, _EXPECTED = {1: 1.0, 2: 0.5}, {1: 1.5, 2: 1.0}
_EDGES_OF_MORE, _EXPECTED_OF_MORE = 0.6, 0.8
_STIFF_SIDE, _STIFF_UP, _LIMIT = 1.0, 1.0, 2.5
#: The same of the side walls, from level to level and from front to back.
_SIDE_STIFF, _SIDE_LIMIT = (0.3, 0.5), 2.0
_SIDE_MM = 4.8
#: Beyond the back wall so much tissue like the body's, on the log scale, is a pedicle.
_PEDICLE = -0.5
_SEEN = 1.0
#: A body shorter than this from front to back, on one slice and level, is none.
_SHORTEST_MM = 6.0
#: Slices are thinner than their distance by about this factor.
THICKNESS = 0.85
#: Weight of the expected breadth against what the slices show of a side wall.
_BREADTH = 0.5
#: The same of both walls together, by the number of contrasts: one says little for each mm, so less weighs against it.
_USUAL_BREADTH, _USUAL_BREADTH_OF_MORE = {1: 1.5}, 3.0


@dataclass(frozen=True, eq=False)
class Walls:
    """Distances of the walls from the middle, mm.

    Attributes
    ----------
    middle : tuple of float
        x and y of the middle, mm.
    front, back : ndarray, shape (x, level)
    right, left : ndarray, shape (level, y)
    seen : ndarray of bool, shape (x, level)
        Where an edge was seen in front and, but for pedicles, behind.
    half_width, expected_half_width : float
        As found and as expected, mm.
    """

    middle: tuple[float, float]
    front: F64
    back: F64
    right: F64
    left: F64
    seen: Mask
    half_width: float
    expected_half_width: float

    def outside(self, space: BodySpace, x: F64, y: F64, level: F64) -> F64:
        """Distance by which points lie outside the walls, mm, negative inside."""
        middle_x, middle_y = self.middle
        side = (x - space.x[0]) / space.x_step
        up = np.clip((level - LEVELS[0]) / (LEVELS[-1] - LEVELS[0]) * (len(LEVELS) - 1), 0, len(LEVELS) - 1)
        along = (y - space.y[0]) / STEP_MM
        front, back = (map_coordinates(wall, [side, up], order=1, mode="constant") for wall in (self.front, self.back))
        right, left = (map_coordinates(wall, [up, along], order=1, mode="nearest") for wall in (self.right, self.left))
        lengthwise = np.maximum(middle_y - front - y, y - middle_y - back)
        sideways = np.maximum(middle_x - right - x, x - middle_x - left)
        return np.where(front + back < _SHORTEST_MM, MARGIN, np.maximum(lengthwise, sideways))


#: Distance given to points where there is no body at all, mm.
MARGIN = 9.0


def find_walls(space: BodySpace, tissue: Tissue, plates: EndplateSheets, like: F64) -> Walls:
    """Fit the walls to the images; `like` is how much each sample looks like body."""
    signal, alike, images = _between_plates(space, tissue, plates, like)
    middle_x, half_width = _breadth(space, alike, len(tissue.smooth))
    middle_y, half_depth = (space.back - space.front) / 2, (space.back + space.front) / 2
    aside = np.minimum(np.abs((space.x - middle_x) / (half_width + 1.0)), 1.0)
    expected = _outline(aside, half_depth, _ROUND_IN_FRONT)
    rising = gaussian_filter1d(signal, _SCALE_MM / STEP_MM, axis=2, order=1) * (_SCALE_MM / STEP_MM / tissue.noise)
    pedicle = np.zeros(signal.shape[:2], dtype=bool)
    sheets, seen, round_behind = [], [], _ROUND_BESIDE
    for sign in (-1.0, 1.0):
        places = np.arange(0.0, half_depth + _REACH_MM + 0.01, _PLACE_MM)
        shape = (*signal.shape[:2], len(places))
        sides = np.broadcast_to(np.arange(shape[0])[:, None, None], shape)
        ups = np.broadcast_to(np.arange(shape[1])[None, :, None], shape)
        along = np.broadcast_to((middle_y + sign * places - space.y[0]) / STEP_MM, shape)
        toward = map_coordinates(alike, [sides, ups, along], order=1, mode="nearest")
        edges = np.clip(-sign * map_coordinates(rising, [sides, ups, along], order=1, mode="nearest"), -2.0, 10.0)
        evidence = _evidence(toward, edges, len(tissue.smooth))
        if sign > 0:
            pedicle = _pedicles(space, toward, places, expected, middle_x, half_width)
            round_behind = _round_behind(evidence, places, aside, half_depth, ~pedicle)
            expected = _outline(aside, half_depth, round_behind)
        sheet = _wall(space, evidence, places, expected, pedicle if sign > 0 else None, len(tissue.smooth))
        nearest = np.clip(np.rint(sheet / _PLACE_MM).astype(int), 0, len(places) - 1)
        seen.append(np.take_along_axis(edges, nearest[..., None], -1)[..., 0] > _SEEN)
        sheets.append(gaussian_filter1d(sheet, 0.7, axis=1, mode="nearest"))
    right, left = (
        _side_wall(space, images, alike, sign, (middle_x, middle_y, half_width, half_depth), round_behind)
        for sign in (-1.0, 1.0)
    )
    return Walls(
        middle=(middle_x, middle_y),
        front=sheets[0] + _OUTWARD_MM,
        back=sheets[1] + _OUTWARD_MM,
        right=right + _OUTWARD_MM,
        left=left + _OUTWARD_MM,
        seen=seen[0] & (seen[1] | pedicle),
        half_width=half_width,
        expected_half_width=space.half_width,
    )


def _between_plates(space: BodySpace, tissue: Tissue, plates: EndplateSheets, like: F64) -> tuple[F64, F64, list[F64]]:
    """Signal, likeness and images at the levels, shapes (x, level, y)."""
    middle, half = (plates.top + plates.bottom) / 2, (plates.top - plates.bottom) / 2
    sides, lines = np.meshgrid(np.arange(len(space.x)), np.arange(len(space.y)), indexing="ij")

    def at(field: F64, level: float) -> F64:
        height = (middle + level * half - space.z[0]) / STEP_MM
        return np.asarray(map_coordinates(field, [sides, lines, height], order=1, mode="nearest"))

    def around(field: F64) -> F64:
        means = [(at(field, v - 0.12) + at(field, v) + at(field, v + 0.12)) / 3 for v in LEVELS.tolist()]
        return np.stack(means, axis=1)

    wide = [gaussian_filter1d(gaussian_filter1d(image, 1.8, axis=1), 1.3, axis=2) for image in tissue.smooth]
    images = [np.stack([at(image, v) for v in LEVELS.tolist()], axis=1) for image in wide]
    return around(tissue.signal), around(like), images


def _breadth(space: BodySpace, alike: F64, contrasts: int) -> tuple[float, float]:
    """Middle and half width of the body from side to side, mm."""
    amid = (space.y > -0.6 * space.front) & (space.y < 0.45 * space.back)
    fine = np.arange(space.x[0], space.x[-1], 0.25)
    profile = np.interp(fine, space.x, alike[:, :, amid].mean(axis=(1, 2)))
    summed = np.concatenate([[0.0], np.cumsum(profile[:-1]) * 0.25])
    best, found = -np.inf, (0.0, space.half_width)
    for half in np.arange(0.75, 1.3, 0.5 / space.half_width) * space.half_width:
        off = 0.5 * ((half - space.half_width) / (0.1 * space.half_width)) ** 2
        middles = np.arange(-7.0, 7.1, 0.5)
        score = np.interp(middles + half, fine, summed) - np.interp(middles - half, fine, summed)
        score = score - _USUAL_BREADTH.get(contrasts, _USUAL_BREADTH_OF_MORE) * (off + 0.5 * (middles / 3.0) ** 2)
        index = int(np.argmax(score))
        if score[index] > best:
            best, found = float(score[index]), (float(middles[index]), float(half))
    return found


def _pedicles(space: BodySpace, toward: F64, places: F64, expected: F64, middle_x: float, half_width: float) -> Mask:
    """Where, by slice and level, a pedicle leaves the back wall."""
    beyond = (places > expected[:, None] + 1.0) & (places < expected[:, None] + 6.0)
    mean = np.where(beyond[:, None, :], toward, 0.0).sum(axis=-1) / np.maximum(beyond.sum(axis=-1), 1)[:, None]
    lateral = (np.abs(space.x - middle_x) > 0.25 * half_width) & (expected > 3.0)
    return np.asarray((mean > _PEDICLE) & lateral[:, None])


def _outline(aside: F64, half_depth: float, roundness: float) -> F64:
    """Distance of a wall from the middle, by slice, on an outline from above."""
    return np.asarray(half_depth * np.maximum(1.0 - aside**roundness, 0.0) ** (1 / roundness))


def _evidence(toward: F64, edges: F64, contrasts: int) -> F64:
    """Evidence for a wall at each place, shape (x, level, place)."""
    summed = np.cumsum(toward, axis=-1) * _PLACE_MM
    way = np.concatenate([np.zeros_like(summed[..., :1]), (summed[..., 1:] + summed[..., :-1]) / 2], axis=-1)
    return np.asarray(_TISSUE * way + _EDGES.get(contrasts, _EDGES_OF_MORE) * edges)


def _round_behind(evidence: F64, places: F64, aside: F64, half_depth: float, shown: Mask) -> float:
    """Exponent of the outline from above behind, from the slices and levels at which no pedicle hides the wall."""
    smooth = gaussian_filter1d(evidence, 1.0, axis=-1, mode="nearest")
    amid = (aside < _AMID)[:, None] & shown
    off = float(places[np.argmax(smooth[amid].sum(axis=0))]) - half_depth if amid.any() else 0.0
    off = float(np.clip(off, -_BACK_OFF_MM, _BACK_OFF_MM))
    beside = (aside > _BESIDE[0]) & (aside < _BESIDE[1])
    against = np.minimum(smooth[beside].max(axis=-1, keepdims=True) - smooth[beside], _AGAINST)
    by_slice = np.where(shown[beside][..., None], against, 0.0).mean(axis=1)
    least, found = np.inf, 1 / _BACK_USUAL
    for inverse in _BACK_INVERSES.tolist():
        at = _outline(aside[beside], half_depth, 1 / inverse) + off
        cost = ((inverse - _BACK_USUAL) / _BACK_SPREAD) ** 2
        cost += sum(float(np.interp(place, places, one)) for place, one in zip(at, by_slice, strict=True))
        if cost < least:
            least, found = cost, 1 / inverse
    return found


def _wall(space: BodySpace, total: F64, places: F64, expected: F64, pedicle: Mask | None, contrasts: int) -> F64:
    """Distance of the front or the back wall from the middle, shape (x, level), by the evidence in `total`."""
    off = (places - expected[:, None])[:, None, :]
    if pedicle is not None:
        # Into a pedicle nothing is to be seen of the wall; it goes on as expected.
        last = np.maximum(np.argmax(off[:, 0] > -2.5, axis=-1) - 1, 0)
        held = np.take_along_axis(total, np.broadcast_to(last[:, None, None], (*total.shape[:2], 1)), -1)
        total = np.where(pedicle[..., None] & (np.arange(len(places)) > last[:, None])[:, None, :], held, total)
        total = total - np.where(pedicle[..., None], np.minimum(off**2, 25.0), 0.0)
    total = total - _EXPECTED.get(contrasts, _EXPECTED_OF_MORE) * np.minimum((off / 2.0) ** 2, 9.0)
    # Neighbours are compared by how far they lie from what is expected.
    shift = np.rint(expected / _PLACE_MM).astype(int)
    most = int(shift.max())
    moved = np.empty((*total.shape[:2], len(places) + most))
    for index, steps in enumerate(shift.tolist()):
        begin = most - steps
        moved[index, :, :begin] = total[index, :, :1]
        moved[index, :, begin : begin + len(places)] = total[index]
        moved[index, :, begin + len(places) :] = total[index, :, -1:] - 20.0
    stiffness = (_STIFF_SIDE * _SIDE_MM / space.x_step, _STIFF_UP)
    deviation = best_sheet(moved, (np.arange(moved.shape[-1]) - most) * _PLACE_MM, stiffness=stiffness, limit=_LIMIT)
    return np.asarray(np.maximum(deviation + (shift * _PLACE_MM)[:, None], 0.0))


def _side_wall(
    space: BodySpace,
    images: list[F64],
    alike: F64,
    sign: float,
    middle: tuple[float, float, float, float],
    round_behind: float,
) -> F64:
    """Distance of a side wall from the middle, shape (level, y).

    Slices are thick, so a wall cuts through one: its place is what mixes the slices on both sides best.
    """
    middle_x, middle_y, half_width, half_depth = middle
    order = np.argsort(sign * (space.x - middle_x))
    away = (sign * (space.x - middle_x))[order]
    chosen = (away > 0.3 * space.half_width) & (away < 1.7 * space.half_width)
    slices, at = order[chosen], away[chosen]
    places = np.arange(0.62 * space.half_width, 1.4 * space.half_width, 0.5)
    lines = np.arange(0, len(space.y), 3)
    spread = [_spread(space, image, half_depth) for image in images]
    total = np.zeros((len(LEVELS), len(lines), len(places)))
    fine = np.arange(0.0, 1.75 * space.half_width, 0.5)
    position = np.clip((fine - away[0]) / space.x_step, 0, len(away) - 1)
    below = np.minimum(position.astype(int), len(away) - 2)
    part = (position - below)[:, None, None]
    ordered = alike[order][:, :, lines]
    way = np.cumsum((1 - part) * ordered[below] + part * ordered[below + 1], axis=0) * 0.5
    for number, place in enumerate(places.tolist()):
        share = np.clip((place - at) / (THICKNESS * space.x_step) + 0.5, 0.0, 1.0)
        weight = np.exp(-(((at - place) / (1.5 * space.x_step)) ** 2))
        weight = weight / weight.sum()
        off = share - (weight * share).sum()
        variance = max(float((weight * off**2).sum()), 1e-6)
        gain = np.zeros((len(LEVELS), len(lines)))
        for image, sd in zip(images, spread, strict=True):
            near = image[slices][:, :, lines]
            covariance = ((weight * off)[:, None, None] * near).sum(axis=0)
            gain += covariance**2 / variance / sd**2 * float(len(at)) / 3.0
        total[..., number] = 0.3 * np.minimum(gain, 30.0) + 0.5 * way[min(int(place / 0.5), len(way) - 1)]
    from_middle = space.y[lines] - middle_y
    trust = np.where(np.abs(from_middle) < 0.7 * half_depth, np.where(from_middle > 0.35 * half_depth, 0.3, 1.0), 0.0)
    total = total * trust[None, :, None] - _BREADTH * ((places - half_width) / 2.0) ** 2
    off = best_sheet(total, places, stiffness=_SIDE_STIFF, limit=_SIDE_LIMIT) - half_width
    roundness = np.where(space.y > middle_y, round_behind, _ROUND_BESIDE)
    outline = np.maximum(1.0 - np.minimum(np.abs((space.y - middle_y) / half_depth), 0.97) ** roundness, 0.0)
    deviation = np.stack([np.interp(space.y, space.y[lines], row) for row in off])
    return np.asarray(np.maximum(half_width * outline ** (1 / roundness) + deviation, 0.0))


def _spread(space: BodySpace, image: F64, half_depth: float) -> float:
    """Standard deviation of an image amid the body, not less than a twentieth nor more than a quarter of its value."""
    amid = image[np.abs(space.x) < 0.6 * space.half_width][:, :, np.abs(space.y) < 0.7 * half_depth]
    value = float(np.median(amid))
    spread = 1.4826 * float(np.median(np.abs(amid - value)))
    return max(float(np.clip(spread, 0.06 * abs(value), 0.25 * abs(value))), 1e-9)
