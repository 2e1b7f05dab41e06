"""Painting vertebrae and discs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import RigidTransform
from napari_vcf.phantom.anatomy import Anatomy
from napari_vcf.phantom.canvas import Block, Canvas
from napari_vcf.phantom.lesion import Lesion
from napari_vcf.phantom.shapes import F32, capsule, ellipse, ellipsoid, occupancy
from napari_vcf.phantom.spec import PhantomSpec
from napari_vcf.phantom.tissues import Tissue
from napari_vcf.phantom.vertebra import Vertebra

__all__ = ["paint_column"]

#: Thickness of the posterior elements' shell, mm.
_POSTERIOR_CORTEX_MM = 1.4


def paint_column(canvas: Canvas, anatomy: Anatomy, spec: PhantomSpec, lesion: Lesion) -> None:
    """Paint all vertebrae, then all discs.

    Parameters
    ----------
    canvas : Canvas
        Its block in the anatomy's upright frame.
    anatomy : Anatomy
    spec : PhantomSpec
    lesion : Lesion
        Of the compressed vertebra.
    """
    for index, (vertebra, pose) in enumerate(zip(anatomy.vertebrae, anatomy.poses, strict=True)):
        block = canvas.block.moved(pose.inverse())
        posterior = _posterior(block, vertebra)
        if posterior is not None:
            window, distance = posterior
            # Marrow of the pedicles first: it runs through the posterior wall into the body.
            inner = occupancy(distance + np.float32(_POSTERIOR_CORTEX_MM), block.pixel_mm)
            canvas.paint(window, Tissue.POSTERIOR_MARROW, inner)
        _paint_body(canvas, block, vertebra, spec, lesion if index == anatomy.fractured else None)
        if posterior is not None:
            window, distance = posterior
            canvas.paint(window, Tissue.CORTEX, occupancy(distance, block.pixel_mm))
    for index in range(len(anatomy.vertebrae) - 1):
        _paint_disc(canvas, anatomy, spec, index)


def _posterior(block: Block, vertebra: Vertebra) -> tuple[tuple[slice, slice], F32] | None:
    window = block.window(vertebra.posterior_box())
    if window is None:
        return None
    return window, vertebra.posterior(*block.coordinates(window))


def _paint_body(canvas: Canvas, block: Block, vertebra: Vertebra, spec: PhantomSpec, lesion: Lesion | None) -> None:
    window = block.window(vertebra.body_box())
    if window is None:
        return
    x, y, z = block.coordinates(window)
    distance, inner, above, below = vertebra.body(x, y, z)
    pixel = block.pixel_mm
    width = _sample_width(block, distance, above, below)
    marrow = occupancy(inner, width)
    if vertebra.level == spec.cemented:
        canvas.paint(window, Tissue.CEMENT, marrow * _cement(spec, vertebra, x, y, z))
    if lesion is not None:
        abnormal = marrow * lesion.share(x, y, z, above, below)
        if not spec.malignant:
            # Trabeculae pressed together below the broken endplate.
            band = np.exp(-(((above + np.float32(3.4)) / np.float32(1.3)) ** 2)) * np.float32(0.75)
            canvas.paint(window, Tissue.CONDENSED, abnormal * band)
        canvas.paint(window, Tissue.LESION, abnormal)
    elif not vertebra.is_sacral:
        vein = capsule(x, y, z, (0.0, vertebra.half_depth_mm, 0.0), (0.0, vertebra.half_depth_mm - 11, 0.5), 1.9, 0.8)
        fade = np.clip((y - np.float32(vertebra.half_depth_mm - 12)) / np.float32(12), 0.0, 1.0)
        inside = occupancy(distance + np.float32(0.2), pixel)
        canvas.paint(window, Tissue.VEIN, inside * occupancy(vein, 1.5) * fade * np.float32(0.8))
    canvas.paint(window, Tissue.MARROW, marrow)
    canvas.paint(window, Tissue.CORTEX, occupancy(distance, width))


def _sample_width(block: Block, distance: F32, above: F32, below: F32) -> float | F32:
    """Width of a sample across the body's surface: at the endplates of an axial slice the step of the sub-slices."""
    step = abs(float(block.matrix[2, 2]))
    if step <= block.pixel_mm:
        return block.pixel_mm
    at_plate = np.maximum(above, below) > distance - np.float32(0.3)
    return np.asarray(np.where(at_plate, np.float32(step), np.float32(block.pixel_mm)), dtype=np.float32)


def _cement(spec: PhantomSpec, vertebra: Vertebra, x: F32, y: F32, z: F32) -> F32:
    rng = np.random.default_rng([spec.seed, 41])
    out = np.zeros_like(x)
    for side in (-1.0, 1.0):
        center = (side * rng.uniform(6, 10), rng.uniform(-7, -1), rng.uniform(-2, 2))
        half = (rng.uniform(7, 10), rng.uniform(7, 10), rng.uniform(5, 0.36 * vertebra.heights_mm[1]))
        blob = ellipsoid(x - np.float32(center[0]), y - np.float32(center[1]), z - np.float32(center[2]), half)
        ripple = np.sin(x * np.float32(0.9)) * np.sin(y * np.float32(0.8) + 1) * np.sin(z * np.float32(0.9) + 2)
        out = np.maximum(out, occupancy(blob + np.float32(1.2) * ripple, 1.2))
    return out * np.float32(0.92)


def middle_pose(above: RigidTransform, below: RigidTransform, center: NDArray[np.float64]) -> RigidTransform:
    """The frame halfway between two vertebrae, at a centre."""
    u, _, vt = np.linalg.svd(above.matrix[:3, :3] + below.matrix[:3, :3])
    matrix = np.eye(4)
    matrix[:3, :3] = u @ vt
    matrix[:3, 3] = center
    return RigidTransform(matrix)


def _paint_disc(canvas: Canvas, anatomy: Anatomy, spec: PhantomSpec, index: int) -> None:
    """A disc fills what the two endplates leave; it reaches a little into both, behind the bone painted before."""
    above, below = anatomy.vertebrae[index], anatomy.vertebrae[index + 1]
    points_above = {k: anatomy.poses[index].apply(v) for k, v in above.landmarks().items()}
    points_below = {k: anatomy.poses[index + 1].apply(v) for k, v in below.landmarks().items()}
    ends = ("anterior", "posterior")
    rims = [points_above[f"{e}_inferior"] for e in ends] + [points_below[f"{e}_superior"] for e in ends]
    pose = middle_pose(anatomy.poses[index], anatomy.poses[index + 1], np.mean(rims, axis=0))
    upper = [pose.inverse().apply(points_above[f"{e}_inferior"]) for e in ends]
    lower = [pose.inverse().apply(points_below[f"{e}_superior"]) for e in ends]
    dish_above = abs(above.bottom_mm[1] - (above.bottom_mm[0] + above.bottom_mm[2]) / 2)
    dish_below = abs(below.top_mm[1] - (below.top_mm[0] + below.top_mm[2]) / 2)
    half_width = (above.half_width_mm + below.half_width_mm) / 2 + 0.8
    half_depth = (above.half_depth_mm + below.half_depth_mm) / 2 + 0.8
    block = canvas.block.moved(pose.inverse())
    tall = 8.0 + max(dish_above, dish_below) + anatomy.disc_mm[index]
    box = np.array([half_width + 2, half_depth + 2, tall])
    window = block.window((-box, box))
    if window is None:
        return
    x, y, z = block.coordinates(window)
    dish = np.maximum(1.0 - (x / half_width) ** 2 - (y / half_depth) ** 2, 0.0)
    ceiling = _line(upper, y) + np.float32(1.0) + np.float32(dish_above + 1.0) * dish
    floor = _line(lower, y) - np.float32(1.0) - np.float32(dish_below + 1.0) * dish
    wall = ellipse(x, y, half_width, half_depth)
    # Between a circle and a box, as the bodies are.
    wall = wall - np.float32(1.5) * np.abs(np.sin(2 * np.arctan2(y, x)))
    distance = np.maximum(np.maximum(wall, z - ceiling), floor - z)
    share = occupancy(distance, block.pixel_mm)
    rng = np.random.default_rng([spec.seed, 13, index])
    vital = 0.15 if anatomy.vertebrae[index].is_sacral else float(rng.uniform(0.35, 0.95))
    half_height = np.maximum(np.float32(0.5) * (ceiling - floor), np.float32(1.0))
    depth = z - np.float32(0.5) * (ceiling + floor)
    core = ellipse(
        np.sqrt((x / (0.68 * half_width)) ** 2 + ((y - 1.0) / (0.66 * half_depth)) ** 2), depth / half_height, 1.0, 1.0
    )
    nucleus = occupancy(core, 0.45) * np.float32(vital)
    cleft = np.exp(-((depth / np.float32(0.9)) ** 2)) * np.float32(0.35)
    canvas.paint(window, Tissue.NUCLEUS, share * nucleus * (1 - cleft))
    canvas.paint(window, Tissue.LIGAMENT, share * np.clip(1 + wall / np.float32(4.0), 0.0, 1.0) * np.float32(0.7))
    canvas.paint(window, Tissue.ANNULUS, share)


def _line(points: list[NDArray[np.float64]], y: F32) -> F32:
    (_, y0, z0), (_, y1, z1) = (p.tolist() for p in points)
    return np.asarray(z0 + (y - y0) * ((z1 - z0) / (y1 - y0)), dtype=np.float32)
