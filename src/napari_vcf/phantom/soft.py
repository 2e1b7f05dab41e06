"""Painting what lies around the bones: canal, ligaments, vessels, muscles, organs, fat and skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.phantom.anatomy import Anatomy, Curves
from napari_vcf.phantom.canvas import Canvas, Window
from napari_vcf.phantom.shapes import F32, ellipse, ellipsoid, occupancy, smooth_min
from napari_vcf.phantom.spec import PhantomSpec
from napari_vcf.phantom.tissues import Tissue

__all__ = ["paint_canal", "paint_trunk"]


#: Number of loops of bowel.
_LOOPS = 150


@dataclass(frozen=True)
class _Straight:
    """Coordinates along the column: x from its middle, q behind the posterior wall, f before the anterior wall.

    `t` is y behind the course of the posterior wall without its waves; `gap` is 1 at discs and 0 at laminae.
    """

    x: F32
    q: F32
    f: F32
    t: F32
    z: F32
    gap: F32


def _straight(canvas: Canvas, anatomy: Anatomy, window: Window) -> _Straight:
    x, y, z = canvas.block.coordinates(window)
    c = anatomy.curves
    index = np.clip(z - np.float32(c.z[0]), 0.0, np.float32(len(c.z) - 1.001))
    low = index.astype(np.intp)
    part = index - low

    def curve(values: NDArray[np.float64]) -> F32:
        table = values.astype(np.float32)
        steps = np.append(np.diff(table), np.float32(0.0))
        return np.asarray(table[low] + steps[low] * part, dtype=np.float32)

    cosine = curve(c.cosine)
    return _Straight(
        x - curve(c.x), (y - curve(c.back)) * cosine, (curve(c.front) - y) * cosine, y - curve(c.trend), z, curve(c.gap)
    )


def paint_canal(canvas: Canvas, anatomy: Anatomy, spec: PhantomSpec) -> None:
    """Cord, conus, roots, fluid, epidural fat and the long ligaments.

    Parameters
    ----------
    canvas : Canvas
        With the column already painted.
    anatomy : Anatomy
    spec : PhantomSpec
    """
    c = anatomy.curves
    near = _part_in_view(canvas, c)
    low = np.array([float(c.x[near].min()) - 26, float(c.back[near].min()) - 3, -400.0])
    high = np.array([float(c.x[near].max()) + 26, float(c.back[near].max()) + 34, 400.0])
    window = canvas.block.window((low, high))
    if window is None:
        return
    s = _straight(canvas, anatomy, window)
    pixel = canvas.block.pixel_mm
    rng = np.random.default_rng([spec.seed, 19])
    conus = anatomy.center_z("L1") + float(rng.uniform(-14, 10))
    sac_end = anatomy.center_z("S2")
    closing = np.clip((s.z - np.float32(sac_end)) / np.float32(35.0), 0.05, 1.0)
    ap = np.float32(7.4 * spec.body_scale) * np.sqrt(closing)
    lr = np.float32(9.6 * spec.body_scale) * np.sqrt(closing)
    sac = ellipse(s.x, s.q - ap - np.float32(1.6), lr, ap)
    inside = occupancy(sac, pixel)
    # The cord, then the roots that leave the conus and settle at the back.
    size = np.clip((s.z - np.float32(conus)) / np.float32(28.0), 0.0, 1.0)
    cord = ellipse(s.x, s.q - np.float32(8.8), 0.3 + 5.2 * np.sqrt(size), 0.3 + 4.2 * np.sqrt(size))
    canvas.paint(window, Tissue.NERVE, inside * occupancy(cord, pixel) * (size > 0))
    fall = np.clip((np.float32(conus + 12) - s.z) / np.float32(70.0), 0.0, 1.0)
    strands = 0.5 + 0.5 * np.sin(s.q * np.float32(2.1) + np.float32(0.05) * s.z + 2.0 * np.sin(s.x * np.float32(0.9)))
    bundle = ellipse(s.x, s.q - (9.5 + 2.6 * fall), 4.5 + 3.8 * fall, 3.4 + 0.4 * fall)
    roots = occupancy(bundle, 3.0) * (0.35 + 0.6 * strands) * (fall > 0)
    canvas.paint(window, Tissue.NERVE, inside * roots * np.float32(0.85))
    canvas.paint(window, Tissue.CSF, inside)
    canvas.paint(window, Tissue.LIGAMENT, occupancy(np.abs(sac) - np.float32(0.45), pixel) * np.float32(0.8))
    # The posterior long ligament, the yellow ligaments with the fat between them, and the epidural fat.
    back = occupancy(np.abs(s.q - np.float32(0.2)) - np.float32(0.6), pixel) * occupancy(np.abs(s.x) - 7, 2.0)
    canvas.paint(window, Tissue.LIGAMENT, back)
    # Fat fills the triangle between the yellow ligaments; before the laminae little is left of it.
    depth = 8.9 + 1.9 * s.gap
    canal = ellipse(s.x, s.q - depth, 12.0, depth + np.float32(0.4))
    canvas.paint(window, Tissue.FAT, occupancy(canal, pixel))
    yellow = occupancy(np.abs(np.abs(s.x) * np.float32(0.75) + s.q - np.float32(21.5)) - np.float32(1.7), 1.0)
    canvas.paint(window, Tissue.LIGAMENT, yellow * occupancy(np.abs(s.x) - 11, 2.0) * np.float32(0.8))
    root_fat = ellipse(np.abs(s.x) - 16, s.q - 4, 8.0, 8.0)
    canvas.paint(window, Tissue.FAT, occupancy(root_fat, 2.0))


def _part_in_view(canvas: Canvas, curves: Curves) -> slice:
    """The part of the curves between the lowest and the highest point of the slice."""
    s, r, c = canvas.block.shape
    corners = np.array([[i, j, k, 1] for i in (0, c - 1) for j in (0, r - 1) for k in (0, s - 1)])
    z = corners @ canvas.block.matrix[2]
    last = len(curves.z) - 2
    low = int(np.clip(z.min() - curves.z[0], 0, last))
    high = int(np.clip(z.max() - curves.z[0] + 2, 1, last + 2))
    return slice(low, max(high, low + 1))


def paint_trunk(canvas: Canvas, anatomy: Anatomy, spec: PhantomSpec, *, examination: int) -> None:
    """Everything else, out to the skin and the air.

    Parameters
    ----------
    canvas : Canvas
        With column and canal already painted.
    anatomy : Anatomy
    spec : PhantomSpec
    examination : int
        Bowel and its gas differ between examinations.
    """
    canvas.coarsen(1)
    window = canvas.block.everything
    s = _straight(canvas, anatomy, window)
    pixel = canvas.block.pixel_mm
    k = spec.body_scale
    side = np.abs(s.x)
    bow = s.f - np.float32(0.6) + s.x * s.x * np.float32(1 / 44)
    front = occupancy(np.abs(bow) - np.float32(0.8), pixel) * occupancy(side - 12, 3.0)
    canvas.paint(window, Tissue.LIGAMENT, front)
    _paint_vessels(canvas, anatomy, s, k)
    _paint_muscles(canvas, anatomy, s, k)
    trunk, wall, cavity = _trunk(anatomy, spec, s, k)
    _paint_kidneys_and_liver(canvas, anatomy, s, cavity)
    _paint_bowel(canvas, anatomy, spec, cavity, s.f, examination)
    muscle = occupancy(np.maximum(wall, -(wall + np.float32(11.0))), pixel)
    canvas.paint(window, Tissue.MUSCLE, muscle)
    canvas.paint(window, Tissue.FAT, occupancy(trunk + np.float32(2.0), pixel))
    canvas.paint(window, Tissue.SKIN, occupancy(trunk, pixel))
    canvas.finish(Tissue.AIR)


def _paint_vessels(canvas: Canvas, anatomy: Anatomy, s: _Straight, k: float) -> None:
    window = canvas.block.everything
    fork = anatomy.center_z("L4")
    apart = np.clip((np.float32(fork) - s.z) / np.float32(80.0), 0.0, 1.0)
    wander = np.sin(s.z * np.float32(0.021)) * np.float32(2.5)
    for tissue_x, radius, branch in ((8.0, 8.5, 14.0), (-16.0, 9.5, 12.0)):
        sign = 1.0 if tissue_x > 0 else -1.0
        # Both branches run together above the fork.
        for direction in (-1.0, 1.0) if bool((apart > 0).any()) else (1.0,):
            x = s.x - np.float32(tissue_x) - wander - direction * sign * apart * np.float32(branch * 1.6)
            r = np.float32(radius * k) * (1 - 0.42 * np.minimum(apart * 4, 1))
            flat = 0.8 if tissue_x < 0 else 1.0
            vessel = ellipse(x, s.f - np.float32(radius * k * flat + 3.0), r, r * flat)
            canvas.paint(window, Tissue.VESSEL, occupancy(vessel, 1.0))
            canvas.paint(window, Tissue.LIGAMENT, occupancy(vessel - np.float32(1.0), 1.0) * np.float32(0.5))


def _paint_muscles(canvas: Canvas, anatomy: Anatomy, s: _Straight, k: float) -> None:
    window = canvas.block.everything
    top, bottom = anatomy.center_z("T12"), anatomy.center_z("L5")
    course = np.clip((np.float32(top) - s.z) / np.float32(top - bottom), 0.0, 1.6)
    side = np.abs(s.x)
    # Psoas, quadratus lumborum, diaphragm's crura.
    size = np.sqrt(np.clip(course, 0.0, 1.1))
    psoas = ellipse(side - (24 + 16 * course) * k, s.q + (20 + 10 * course), 0.3 + 15 * size * k, 0.3 + 19 * size * k)
    canvas.paint(window, Tissue.MUSCLE, occupancy(psoas, 1.2) * np.float32(0.97) * (course > 0))
    quadratus = ellipse(side - 54 * k, s.q - 5, 19.0 * k, 7.0 * k)
    canvas.paint(window, Tissue.MUSCLE, occupancy(quadratus, 1.2) * np.float32(0.95))
    crus = ellipse(side - 11, s.f - 4, 7.0, 3.2)
    above = np.clip((s.z - np.float32(anatomy.center_z("L2"))) / np.float32(30.0), 0.0, 1.0)
    canvas.paint(window, Tissue.MUSCLE, occupancy(crus, 1.0) * above)
    # Multifidus and erector spinae, with a layer of fat between.
    multifidus = ellipse(side - 15 * k, s.q - (34 + 3 * course), 14.0 * k, 15.0 * k)
    erector = ellipse(side - 42 * k, s.q - 30, 26.0 * k, 18.0 * k)
    back = occupancy(smooth_min(multifidus, erector, 1.0), 1.2)
    gap = np.exp(-(((multifidus - erector) / np.float32(1.6)) ** 2)) * np.float32(0.7)
    canvas.paint(window, Tissue.FAT, back * gap)
    canvas.paint(window, Tissue.MUSCLE, back)
    # Between the spinous processes: ligament and fat.
    between = occupancy(side - 3.0, 2.0) * occupancy(np.abs(s.q - 38) - 15, 2.0)
    canvas.paint(window, Tissue.LIGAMENT, between * np.float32(0.45))
    over = occupancy(np.abs(s.q - 53) - np.float32(1.3), 1.0) * occupancy(side - 5, 3.0)
    canvas.paint(window, Tissue.LIGAMENT, over * np.float32(0.8))


def _trunk(anatomy: Anatomy, spec: PhantomSpec, s: _Straight, k: float) -> tuple[F32, F32, F32]:
    """Distances to the skin, to the abdominal wall's outside, and to the cavity."""
    rng = np.random.default_rng([spec.seed, 37])
    fat_mm = float(rng.uniform(9, 24))
    depth = float(rng.uniform(105, 118)) * k
    width = float(rng.uniform(150, 168)) * k
    back = 54.0 * k + fat_mm
    lower = np.clip((np.float32(anatomy.center_z("L3")) - s.z) / np.float32(90.0), 0.0, 1.0)
    y = s.t - np.float32(back - depth) - lower * np.float32(8.0)
    furrow = np.exp(-((s.x / np.float32(12.0)) ** 2)) * np.float32(3.5) * (y > 0)
    trunk = ellipse(s.x, y, width, depth) + furrow - np.float32(4.0) * np.abs(np.sin(2 * np.arctan2(y, s.x)))
    wall = trunk + np.float32(fat_mm + 2.0)
    return trunk, wall, wall + np.float32(16.0)


def _paint_kidneys_and_liver(canvas: Canvas, anatomy: Anatomy, s: _Straight, cavity: F32) -> None:
    center = anatomy.center_z("L1")
    for side, drop in ((1.0, 0.0), (-1.0, 14.0)):
        z = s.z - np.float32(center - drop)
        x = s.x - np.float32(side * 66.0) + z * np.float32(0.18 * side)
        kidney = ellipsoid(x, s.q + 24, z, (25.0, 23.0, 54.0))
        if float(kidney.min()) > 1.0:
            continue
        hilum = ellipsoid(x + np.float32(side * 17), s.q + 28, z, (15.0, 8.0, 22.0))
        canvas.paint(canvas.block.everything, Tissue.FAT, occupancy(hilum, 2.0) * np.float32(0.9))
        canvas.paint(canvas.block.everything, Tissue.ORGAN, occupancy(kidney, 1.5))
    # The liver, and the stomach's and pancreas' place on the other side.
    for x0, reach in ((-75.0, (95.0, 75.0, 95.0)), (20.0, (45.0, 30.0, 42.0))):
        shape = ellipsoid(s.x - np.float32(x0), s.q + 104, s.z - np.float32(center + 98), reach)
        share = occupancy(np.maximum(shape, cavity), 2.0)
        canvas.paint(canvas.block.everything, Tissue.ORGAN, share)


def _paint_bowel(
    canvas: Canvas, anatomy: Anatomy, spec: PhantomSpec, cavity: F32, front: F32, examination: int
) -> None:
    """Loops with fluid and gas, at other places in each examination."""
    rng = np.random.default_rng([spec.seed, 43, examination])
    c = anatomy.curves
    places = rng.uniform((-85, -150, -170), (85, -58, 70), size=(_LOOPS, 3))
    halves = rng.uniform((9, 8, 9), (22, 15, 28), size=(_LOOPS, 3))
    tilts = rng.uniform(-0.5, 0.5, size=_LOOPS)
    # Loops hang before the column.
    places[:, 0] += np.interp(places[:, 2], c.z, c.x)
    places[:, 1] += np.interp(places[:, 2], c.z, c.trend)
    reaches = halves.max(axis=1) * 1.3 + 2
    inside = occupancy(cavity, 2.0) * occupancy(16.0 - front, 3.0)
    for number in np.nonzero(canvas.block.near(places, reaches))[0].tolist():
        place, half = places[number], tuple(halves[number].tolist())
        window = canvas.block.window((place - reaches[number], place + reaches[number]))
        if window is None:
            continue
        room = inside[:, window[0], window[1]]
        x, y, z = canvas.block.coordinates(window)
        x = x - np.float32(place[0])
        y = y - np.float32(place[1]) + np.float32(tilts[number]) * x
        loop = ellipsoid(x, y, z - np.float32(place[2]), (half[0], half[1], half[2]))
        if number % 4 == 0:
            # Gas collects in front, above a level.
            level = np.maximum(loop + np.float32(2.0), y + np.float32(half[1] * 0.1))
            canvas.paint(window, Tissue.AIR, room * occupancy(level, 1.5))
        canvas.paint(window, Tissue.BOWEL, room * occupancy(loop, 1.5))
