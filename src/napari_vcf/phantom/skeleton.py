"""Painting vertebrae and discs."""

from __future__ import annotations

import numpy as np

from napari_vcf.phantom.anatomy import Anatomy
from napari_vcf.phantom.canvas import Block, Canvas
from napari_vcf.phantom.lesion import Lesion
from napari_vcf.phantom.shapes import F32, capsule, ellipsoid, occupancy
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
    for index, (vertebra, into) in enumerate(zip(anatomy.vertebrae, anatomy.inverse_poses, strict=True)):
        block = canvas.block.moved(into)
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
    for disc in anatomy.discs:
        disc.paint(canvas)


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
