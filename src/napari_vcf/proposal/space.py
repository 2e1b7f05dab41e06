"""The body's own axes, and samples of the images along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from napari_vcf.geometry import Grid, Volume
from napari_vcf.language import say
from napari_vcf.proposal.errors import ProposalError

__all__ = ["MARGIN_MM", "STEP_MM", "BodySpace", "body_space", "sample"]

F64 = NDArray[np.float64]

#: Distance of samples along the front-back and the head-feet axis, mm.
STEP_MM = 0.6
#: Samples reach so far beyond the expected body.
MARGIN_MM = 9.0
#: Calipers end so far inside the front and the back wall, as a start, mm.
_INSIDE_FRONT_MM, _INSIDE_BACK_MM = 2.2, 1.6
#: Width over depth of a lumbar or lower thoracic body at its waist (Zhou et al., Eur Spine J 2000; 9: 242-248).
_WIDTH_OVER_DEPTH = 1.24
#: Bodies that are flatter or larger than this are not bodies.
_SMALLEST_MM, _LARGEST_MM = 8.0, 70.0


@dataclass(frozen=True, eq=False)
class BodySpace:
    """Axes and samples: x to the patient's left, y to the back, z to the head, origin amid the calipers, mm.

    Attributes
    ----------
    origin_lps : ndarray, shape (3,)
    axes : ndarray, shape (3, 3)
        Unit vectors of x, y and z in LPS, as rows.
    x, y, z : ndarray
        Places of the samples, mm; x are the slices.
    top, bottom : ndarray, shape (3, 3)
        Ends of the anterior, middle and posterior caliper in these axes, mm.
    front, back, half_width : float
        Expected half depths and half width, mm.
    """

    origin_lps: F64
    axes: F64
    x: F64
    y: F64
    z: F64
    top: F64
    bottom: F64
    front: float
    back: float
    half_width: float

    @property
    def x_step(self) -> float:
        """Distance of samples from side to side, mm."""
        return float(self.x[1] - self.x[0])

    def to_lps(self, x: F64, y: F64, z: F64) -> tuple[F64, F64, F64]:
        """Points in LPS, mm."""
        a, o = self.axes, self.origin_lps
        # Written out, because a matrix product may round differently on another processor.
        lps = [o[i] + x * a[0, i] + y * a[1, i] + z * a[2, i] for i in range(3)]
        return lps[0], lps[1], lps[2]

    def from_lps(self, left: F64, back: F64, head: F64) -> tuple[F64, F64, F64]:
        """Points in the body's axes, mm."""
        o = self.origin_lps
        own = [(left - o[0]) * a[0] + (back - o[1]) * a[1] + (head - o[2]) * a[2] for a in self.axes]
        return own[0], own[1], own[2]


def body_space(grid: Grid, top_lps: F64, bottom_lps: F64) -> BodySpace:
    """Lay axes through the calipers of one body."""
    origin = (top_lps.mean(axis=0) + bottom_lps.mean(axis=0)) / 2
    backward = (top_lps[2] + bottom_lps[2] - top_lps[0] - bottom_lps[0]) / 2
    side = grid.normal * np.sign(grid.normal[0])
    backward = backward - (backward * side).sum() * side
    depth = float(np.sqrt((backward**2).sum()))
    if not _SMALLEST_MM <= depth <= _LARGEST_MM:
        raise ProposalError(
            say(
                "The anterior and the posterior caliper lie {depth:.1f} mm apart; a body is "
                "{smallest_mm:g} to {largest_mm:g} mm deep. Place them near its front and its back wall.",
                depth=depth,
                smallest_mm=_SMALLEST_MM,
                largest_mm=_LARGEST_MM,
            )
        )
    backward = backward / depth
    axes = np.stack([side, backward, np.cross(side, backward)])
    top, bottom = (((points - origin)[:, None, :] * axes[None]).sum(axis=-1) for points in (top_lps, bottom_lps))
    if top[1, 2] < bottom[1, 2]:
        top, bottom = bottom, top
    if (top[:, 2] - bottom[:, 2]).min() < 1.0:
        raise ProposalError(
            say("A caliper of this body is shorter than 1 mm or crosses another; correct the heights first.")
        )
    front, back = depth / 2 + _INSIDE_FRONT_MM, depth / 2 + _INSIDE_BACK_MM
    half_width = _WIDTH_OVER_DEPTH * (front + back) / 2
    return BodySpace(
        origin_lps=origin,
        axes=axes,
        x=_sides(grid, origin, side, half_width),
        y=np.arange(-front - MARGIN_MM, back + MARGIN_MM, STEP_MM),
        z=np.arange(min(bottom[:, 2].min(), -4.0) - MARGIN_MM, max(top[:, 2].max(), 4.0) + MARGIN_MM, STEP_MM),
        top=top,
        bottom=bottom,
        front=front,
        back=back,
        half_width=half_width,
    )


def _sides(grid: Grid, origin: F64, side: F64, half_width: float) -> F64:
    spacing = grid.spacing_mm[0]
    index = float(grid.to_index(origin)[2])
    places = (np.arange(grid.shape[0]) - index) * spacing * (1.0 if (grid.normal * side).sum() > 0 else -1.0)
    places = np.sort(places)
    places = places[np.abs(places) <= 1.45 * half_width + spacing]
    if len(places) < 4:
        raise ProposalError(
            say("The image has only {count} slices across this body; a proposal needs four.", count=len(places))
        )
    return np.asarray(places, dtype=np.float64)


def sample(volumes: Sequence[Volume], left: F64, back: F64, head: F64) -> list[F64]:
    """Each image at points in LPS, linearly interpolated; beyond its edge, the value at the edge."""
    sampled = []
    for volume in volumes:
        inverse = np.linalg.inv(volume.grid.affine_lps)
        index = [row[0] * left + row[1] * back + row[2] * head + row[3] for row in inverse[2::-1]]
        low = [max(int(np.floor(i.min())) - 1, 0) for i in index]
        high = [min(int(np.ceil(i.max())) + 2, n) for i, n in zip(index, volume.grid.shape, strict=True)]
        if any(a >= b for a, b in zip(low, high, strict=True)):
            raise ProposalError(say("An image that should help does not reach this body."))
        block = np.asarray(volume.data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], dtype=np.float64)
        # What was not measured is no tissue.
        block = np.where(np.isfinite(block), block, np.nanmin(block) if np.isfinite(block).any() else 0.0)
        within = [i - a for i, a in zip(index, low, strict=True)]
        sampled.append(map_coordinates(block, within, order=1, mode="nearest"))
    return sampled
