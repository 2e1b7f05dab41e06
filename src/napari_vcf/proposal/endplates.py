"""The two endplates as sheets over the body, carried outward from the ends of the calipers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

from napari_vcf.proposal.sheets import best_sheet
from napari_vcf.proposal.space import STEP_MM, BodySpace
from napari_vcf.proposal.tissue import Tissue

__all__ = ["EndplateSheets", "expected_endplates", "find_endplates"]

F64 = NDArray[np.float64]

#: An endplate may lie so far from where the calipers let expect it, in steps of.
_REACH_MM, _PLACE_MM = 5.0, 0.25
#: Every second sample has a column.
_EVERY = 2
_SCALE_MM = 0.6
#: The inner side of a thin dark plate, blurred, shows a little too far inside; of a bright one on CT less.
_OUTWARD_MM, _OUTWARD_ON_CT_MM = 0.2, 0.1
#: A caliper's end says where the plate is to about this much, near it.
_CALIPER_SD_MM, _CALIPER_WEIGHT, _CALIPER_NEAR_MM = 0.5, 2.0, 1.5
#: Cost of a step of one place between neighbours, from side to side on slices 4.8 mm apart and from front to back, and
#: of any step at most: what the calipers let expect is left in few steps, however large they are.
_STIFF_SIDE, _STIFF_ALONG, _LIMIT = 1.2, 4.0, 4.0
_SIDE_MM = 4.8
_ROLLS_DEG = tuple(float(angle) for angle in range(-12, 13))
_SEEN = 1.0
_THINNEST_MM = 2.0


@dataclass(frozen=True, eq=False)
class EndplateSheets:
    """Heights of both endplates over x and y, mm, and where an edge was seen there, shape (x, y)."""

    top: F64
    bottom: F64
    seen: NDArray[np.bool_]


def expected_endplates(space: BodySpace, shell_mm: float) -> tuple[F64, F64]:
    """Inner side of the endplates as the calipers let expect them: as they are amid the body, less hollow aside."""
    aside = np.clip(np.abs(space.x) / space.half_width, 0.0, 1.0)[:, None]
    sheets = []
    for points, sign in ((space.top, 1.0), (space.bottom, -1.0)):
        along = _through(points, space.y) - sign * shell_mm
        rims = np.interp(space.y, points[[0, 2], 1], points[[0, 2], 2]) - sign * shell_mm
        sheets.append(rims + (along - rims) * (1.0 - aside**2))
    return sheets[0], sheets[1]


def _through(points: F64, y: F64) -> F64:
    """A parabola through three points, going on with half its slope beyond them."""
    (y0, y1, y2), (z0, z1, z2) = points[:, 1], points[:, 2]
    first = (z1 - z0) / (y1 - y0)
    second = ((z2 - z1) / (y2 - y1) - first) / (y2 - y0)
    held = np.clip(y, y0, y2)
    slope = first + second * (2 * held - y0 - y1)
    return np.asarray(
        z0 + first * (held - y0) + second * (held - y0) * (held - y1) + 0.5 * np.clip(slope, -0.5, 0.5) * (y - held)
    )


def find_endplates(space: BodySpace, tissue: Tissue, expected: tuple[F64, F64], shell_mm: float) -> EndplateSheets:
    """Fit both endplates to the images."""
    smooth = gaussian_filter1d(tissue.signal, 1.0 / STEP_MM, axis=1)
    rising = gaussian_filter1d(smooth, _SCALE_MM / STEP_MM, axis=2, order=1)
    rising *= _SCALE_MM / STEP_MM / tissue.noise
    places = np.arange(-_REACH_MM, _REACH_MM + _PLACE_MM / 2, _PLACE_MM)
    columns = np.arange(0, len(space.y), _EVERY)
    over = space.y[columns]
    on_body = (over > -space.front - 1.0) & (over < space.back + 1.0)

    def evidence(start: F64, sign: float, offsets: F64, chosen: NDArray[np.intp]) -> F64:
        heights = start[:, chosen][:, :, None] + offsets
        sides = np.broadcast_to(np.arange(len(space.x))[:, None, None], heights.shape)
        lines = np.broadcast_to(chosen[None, :, None], heights.shape)
        found = map_coordinates(rising, [sides, lines, (heights - space.z[0]) / STEP_MM], order=1, mode="nearest")
        return np.asarray(np.clip(-sign * found, -2.0, 12.0))

    few, amid = np.array((-0.5, 0.0, 0.5)), columns[on_body][::2]
    roll = _roll(space, expected, lambda start, sign: evidence(start, sign, few, amid))
    out_mm = _OUTWARD_MM if shell_mm > 0 else _OUTWARD_ON_CT_MM
    outward = 1.0 / (1.0 + np.exp((np.abs(space.x) - space.half_width) / 2))
    sheets, seen = [], []
    for start, sign, points in ((expected[0], 1.0, space.top), (expected[1], -1.0, space.bottom)):
        leaning = start + (np.tan(roll) * space.x)[:, None]
        found = evidence(leaning, sign, places, columns) * on_body[None, :, None]
        total = found * outward[:, None, None] - 0.02 * places**2
        total += _caliper_ends(space, points[:, 1:], sign * shell_mm, leaning[:, columns], over, places)
        stiffness = (_STIFF_SIDE * _SIDE_MM / space.x_step, _STIFF_ALONG)
        offset = best_sheet(total, places, stiffness=stiffness, limit=_LIMIT)
        nearest = np.clip(np.rint((offset - places[0]) / _PLACE_MM).astype(int), 0, len(places) - 1)
        at = np.take_along_axis(found, nearest[..., None], -1)[..., 0] > _SEEN
        offset = gaussian_filter(offset, (0.0, 0.7))
        sheets.append(leaning + np.stack([np.interp(space.y, over, row) for row in offset]) + sign * out_mm)
        seen.append(np.repeat(at, _EVERY, axis=1)[:, : len(space.y)])
    top, bottom = sheets
    middle, thin = (top + bottom) / 2, top - bottom < _THINNEST_MM
    top = np.where(thin, middle + _THINNEST_MM / 2, top)
    bottom = np.where(thin, middle - _THINNEST_MM / 2, bottom)
    return EndplateSheets(top, bottom, (seen[0].astype(float) + seen[1]) / 2 > 0.4)


def _roll(space: BodySpace, expected: tuple[F64, F64], evidence: Callable[[F64, float], F64]) -> float:
    """How far the endplates lean to one side, in radians."""
    within = np.abs(space.x) < 0.8 * space.half_width
    best, score = 0.0, -np.inf
    for angle in _ROLLS_DEG:
        lean = (np.tan(np.radians(angle)) * space.x)[:, None]
        upper, lower = (evidence(start + lean, sign)[within] for start, sign in zip(expected, (1.0, -1.0), strict=True))
        own = float(upper.max(axis=-1).mean() + lower.max(axis=-1).mean()) - 0.3 * (angle / 6.0) ** 2
        if own > score:
            best, score = float(np.radians(angle)), own
    return best


def _caliper_ends(space: BodySpace, ends: F64, shell: float, start: F64, over: F64, places: F64) -> F64:
    """Evidence of the calipers' ends for places near them."""
    total = np.zeros((*start.shape, len(places)))
    near_side = np.exp(-0.5 * (space.x / (0.6 * space.x_step)) ** 2)[:, None]
    for y, z in ends:
        near = near_side * np.exp(-0.5 * ((over - y) / _CALIPER_NEAR_MM) ** 2)[None]
        off = start[:, :, None] + places - (z - shell)
        total -= near[..., None] * _CALIPER_WEIGHT * np.minimum((off / _CALIPER_SD_MM) ** 2, 16.0)
    return total
