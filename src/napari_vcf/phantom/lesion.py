"""The marrow lesion: a smooth field in the compressed body, cut where it has the wanted share of the marrow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.phantom.canvas import Block
from napari_vcf.phantom.shapes import F32, occupancy
from napari_vcf.phantom.spec import PhantomSpec
from napari_vcf.phantom.vertebra import Vertebra

__all__ = ["SUBSLICES", "Lesion", "fit_lesion"]

#: Sub-slices over the slice thickness of the MR, for the masks as for the images.
SUBSLICES = 5
#: Width of the lesion's border, mm.
_BORDER_MM = 1.6


@dataclass(frozen=True)
class Lesion:
    """Where the marrow is abnormal.

    Parameters
    ----------
    spec : PhantomSpec
    vertebra : Vertebra
        The compressed one.
    threshold_mm : float
        The field's value at the border.
    """

    spec: PhantomSpec
    vertebra: Vertebra
    threshold_mm: float

    def field(self, x: F32, y: F32, z: F32, above: F32, below: F32) -> F32:
        """Likeness to be abnormal, in mm: larger nearer to where the lesion began.

        Parameters
        ----------
        x, y, z : ndarray
            The vertebra's own coordinates, mm.
        above, below : ndarray
            Distance to the upper and lower endplate as `Vertebra.body` gives it.

        Returns
        -------
        ndarray
        """
        rng = np.random.default_rng([self.spec.seed, 23])
        if self.spec.malignant:
            focus = np.array([rng.uniform(-7, 7), 0.35 * self.vertebra.half_depth_mm, rng.uniform(-2, 2)])
            out = -np.sqrt((x - focus[0]) ** 2 + (y - focus[1]) ** 2 + (1.5 * (z - focus[2])) ** 2)
        elif self.spec.fracture == "wedge":
            out = above - 0.12 * (y + self.vertebra.half_depth_mm)
        else:
            out = np.maximum(above, below - 1.5)
        out = out.astype(np.float32)
        for _ in range(5):
            wave = rng.normal(size=3) * rng.uniform(0.10, 0.28)
            out += np.float32(rng.uniform(0.4, 1.0)) * np.sin(
                np.float32(wave[0]) * x
                + np.float32(wave[1]) * y
                + np.float32(wave[2]) * z
                + np.float32(rng.uniform(0, 6.3))
            )
        return np.asarray(out, dtype=np.float32)

    def share(self, x: F32, y: F32, z: F32, above: F32, below: F32) -> F32:
        """Share of the marrow that is abnormal, 0 to 1."""
        if self.threshold_mm == -np.inf:
            return np.ones_like(x)
        if self.threshold_mm == np.inf:
            return np.zeros_like(x)
        return occupancy(np.float32(self.threshold_mm) - self.field(x, y, z, above, below), _BORDER_MM)


def fit_lesion(
    spec: PhantomSpec, vertebra: Vertebra, pose: RigidTransform, grid: Grid, *, thickness_mm: float
) -> tuple[Lesion, NDArray[np.bool_], NDArray[np.bool_]]:
    """Cut the lesion where the masks on a grid have the wanted share.

    A voxel belongs to the body where at least half of it is marrow space (inside the shell), and to the lesion where
    moreover at least half of its marrow is abnormal.

    Parameters
    ----------
    spec : PhantomSpec
    vertebra : Vertebra
    pose : RigidTransform
        The vertebra's own frame to the grid's patient frame.
    grid : Grid
        Of the T2 images.
    thickness_mm : float
        Slice thickness.

    Returns
    -------
    lesion : Lesion
    body_mask, lesion_mask : ndarray of bool, shape ``grid.shape``
    """
    probe = Lesion(spec, vertebra, 0.0)
    marrow_parts, field_parts, places = [], [], []
    for index in range(grid.shape[0]):
        block = Block.of_slice(grid, index, thickness_mm=thickness_mm, samples=SUBSLICES).moved(pose.inverse())
        window = block.window(vertebra.body_box())
        if window is None:
            continue
        x, y, z = block.coordinates(window)
        _, marrow, above, below = vertebra.body(x, y, z)
        marrow_parts.append(occupancy(marrow, block.pixel_mm))
        field_parts.append(probe.field(x, y, z, above, below))
        places.append((index, *window))

    def masks(threshold: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        body_mask, lesion_mask = np.zeros(grid.shape, dtype=bool), np.zeros(grid.shape, dtype=bool)
        for marrow, field, place in zip(marrow_parts, field_parts, places, strict=True):
            total = marrow.mean(axis=0)
            abnormal = (marrow * occupancy(np.float32(threshold) - field, _BORDER_MM)).mean(axis=0)
            body_mask[place] = total >= 0.5
            lesion_mask[place] = (total >= 0.5) & (abnormal >= 0.5 * total)
        return body_mask, lesion_mask

    if spec.lesion_share in (0.0, 1.0):
        threshold = np.inf if spec.lesion_share == 0.0 else -np.inf
        body_mask, _ = masks(0.0)
        return Lesion(spec, vertebra, threshold), body_mask, body_mask & (spec.lesion_share == 1.0)
    low = min(float(f.min()) for f in field_parts) - 2.0
    high = max(float(f.max()) for f in field_parts) + 2.0
    for _ in range(30):
        threshold = (low + high) / 2
        body_mask, lesion_mask = masks(threshold)
        if lesion_mask.sum() > spec.lesion_share * body_mask.sum():
            low = threshold
        else:
            high = threshold
    return Lesion(spec, vertebra, threshold), body_mask, lesion_mask
