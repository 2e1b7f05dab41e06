"""The outer surface of an endplate near a caliper's end, on MRI and on CT.

On MRI the bony endplate is a dark line between marrow and disc, on CT a bright one, thinner than it looks, and the
strongest edge near it is often its inner side: on MRI mostly, on CT where the marrow is less dense than the disc, as in
osteoporosis. The steepest fall on its outer side lies too far out on CT, the more so the thinner the plate and the
coarser the pixels. So the profile along the caliper is compared with a model of three parts: marrow, a plate of known
value, disc, blurred as the image blurs it. Values of marrow and disc follow by linear least squares for each place and
thickness of the plate, on a grid of both; the plate that fits best gives the place of its outer side. A thin layer of
known value, blurred by the image, is how Treece et al. measure cortical bone on CT (Med Image Anal 2010; 14: 276-290).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from napari_vcf.geometry import Volume
from napari_vcf.measure.edges import BAND_MM, SNAP_REACH_MM, NoEdge, sample_lines, sampling_mm

__all__ = ["snap_to_ct_endplate", "snap_to_endplate"]

_STEP_MM = 0.1
#: So much of the profile is compared on each side of the plate's outer side.
_WINDOW_MM = 3.0
#: Standard deviations of the blur on MRI, in pixels: pixel and interpolation alone make 0.5; a plate that does not
#: stand at right angles to the slice adds to it.
_BLUR_PX = (0.5, 0.65, 0.8)
#: On CT, pixel and linear interpolation make 0.41 pixels, the scanner's own blur about so many mm beside it.
_CT_PIXEL_BLUR = 6**-0.5
_CT_BLUR_MM = (0.3, 0.45, 0.6, 0.9)
#: A thin plate shows only the product of value and thickness: half of the one for twice of the other moves the outer
#: side by a fraction of the thickness.
_CT_PLATE_HU = 800.0
#: Marrow and disc must lie so far below the plate.
_CT_CONTRAST_HU = 80.0
#: A disc that gives less than this share of the marrow's signal does not show where the plate ends.
_SEEN = 0.15
#: In coarser pixels a plate of half a millimetre to a millimetre cannot be told from its surroundings.
_COARSEST_MM = 1.25
#: On CT the plate's known value says a little more.
_CT_COARSEST_MM = 1.5
#: The model must explain so much of the profile's variance, or it shows something else.
_FITS = 0.9
#: The signal without tissue is taken from every so many pixels of so many slices.
_SPARSE, _SLICES = 8, 16


def snap_to_endplate(
    volume: Volume,
    point_lps: ArrayLike,
    outward_lps: ArrayLike,
    across_lps: ArrayLike,
    *,
    reach_mm: float = SNAP_REACH_MM,
) -> NDArray[np.float64] | NoEdge:
    """Draw a point to the outer surface of the endplate near it, on an MR image.

    Parameters
    ----------
    volume : Volume
        The MR image.
    point_lps : array_like, shape (3,)
        Where the reader pointed, LPS mm.
    outward_lps, across_lps : array_like, shape (3,)
        Unit vectors: along the caliper, out of the vertebra; and at right angles to it in the plane on the screen.
    reach_mm : float
        Farthest distance that the point may be drawn, mm.

    Returns
    -------
    ndarray, shape (3,), or NoEdge
        The point on the surface, on the line through the given one, LPS mm; or why there is none. Where no plate is
        seen between marrow and a brighter disc, as marrow may be as dark as the plate, their border is its outer side.
        A border to a darker disc may be the inner side, and is left alone.
    """
    return _snap(volume, (point_lps, outward_lps, across_lps), reach_mm, _mr_model(volume))


def snap_to_ct_endplate(
    volume: Volume,
    point_lps: ArrayLike,
    outward_lps: ArrayLike,
    across_lps: ArrayLike,
    *,
    reach_mm: float = SNAP_REACH_MM,
) -> NDArray[np.float64] | NoEdge:
    """Draw a point to the outer surface of the endplate near it, on a CT in HU.

    Parameters and answer are those of `snap_to_endplate`.
    """
    # Along the caliper, which crosses the slices of an axial CT.
    pixel = _CT_PIXEL_BLUR * sampling_mm(volume, np.asarray(outward_lps, dtype=np.float64))
    blurs = tuple(float(np.hypot(pixel, own)) for own in _CT_BLUR_MM)
    thickness = tuple(float(d) for d in np.arange(0.3, 2.01, 0.1))
    model = _Model(_CT_COARSEST_MM, _CT_PLATE_HU, 0.0, blurs, thickness)
    return _snap(volume, (point_lps, outward_lps, across_lps), reach_mm, model)


@dataclass(frozen=True, slots=True)
class _Model:
    """The coarsest pixels that show a plate, its value over the floor, the blurs and thicknesses that are tried."""

    coarsest_mm: float
    plate: float
    floor: float
    blurs_mm: tuple[float, ...]
    thickness_mm: tuple[float, ...]


def _mr_model(volume: Volume) -> _Model:
    blurs = tuple(max(blur * min(volume.grid.spacing_mm), 0.3) for blur in _BLUR_PX)
    thickness = (0.0, *(float(d) for d in np.arange(0.3, 2.41, 0.15)))
    return _Model(_COARSEST_MM, 0.0, _no_signal(volume), blurs, thickness)


def _snap(
    volume: Volume, caliper: tuple[ArrayLike, ArrayLike, ArrayLike], reach_mm: float, model: _Model
) -> NDArray[np.float64] | NoEdge:
    point, outward, across = (np.asarray(v, dtype=np.float64) for v in caliper)
    if sampling_mm(volume, outward) > model.coarsest_mm:
        return NoEdge.COARSE
    places = round(reach_mm / _STEP_MM)
    half = round(_WINDOW_MM / _STEP_MM)
    offsets = np.arange(-places - half, places + half + 1) * _STEP_MM
    samples = point + offsets[:, None, None] * outward + np.array(BAND_MM)[None, :, None] * across
    values = sample_lines(volume, samples)
    if values is None:
        return NoEdge.OUTSIDE
    profile = values.mean(axis=1) - model.floor
    windows = np.lib.stride_tricks.sliding_window_view(profile, 2 * half + 1)
    errors = np.stack([_errors(windows, blur, model) for blur in model.blurs_mm]).min(axis=(0, 2))
    # Not the plain error: where the profile is flat there is little to be wrong about.
    spread = ((windows - windows.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    unexplained = errors / np.maximum(spread, 1e-9)
    best = int(np.argmin(unexplained))
    if best in (0, len(errors) - 1) or not unexplained[best] <= 1 - _FITS:
        return NoEdge.UNCLEAR
    before, here, after = unexplained[best - 1 : best + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if np.isfinite(bend) and bend > 0 else 0.0
    return np.asarray(point + ((best - places) + shift) * _STEP_MM * outward)


def _errors(windows: NDArray[np.float64], sigma_mm: float, model: _Model) -> NDArray[np.float64]:
    """Squared error of the best marrow and disc, by place and thickness; infinite where they cannot be that."""
    marrow, disc = _shares(round(sigma_mm, 3), model.thickness_mm)
    mm, dd, md = (marrow**2).sum(axis=1), float(disc @ disc), marrow @ disc
    plate = model.plate * (1.0 - marrow - disc)
    of_marrow = windows @ marrow.T - (plate * marrow).sum(axis=1)
    of_disc = (windows @ disc)[:, None] - plate @ disc
    determinant = mm * dd - md**2
    m = (of_marrow * dd - of_disc * md) / determinant
    d = (of_disc * mm - of_marrow * md) / determinant
    total = (windows**2).sum(axis=1)[:, None] - 2 * windows @ plate.T + (plate**2).sum(axis=1)
    errors = total - m * of_marrow - d * of_disc
    if model.plate:
        allowed = np.maximum(m, d) < model.plate - _CT_CONTRAST_HU
    else:
        allowed = (m > 0) & (d > _SEEN * m)
        # Without a plate between them.
        allowed[:, 0] = d[:, 0] > m[:, 0]
    return np.where(allowed, errors, np.inf)


@lru_cache(maxsize=32)
def _shares(sigma_mm: float, thickness_mm: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of marrow (thickness, sample) and of disc (sample,) in a profile whose plate ends at its middle."""
    along = np.arange(-_WINDOW_MM, _WINDOW_MM + _STEP_MM / 2, _STEP_MM)
    thickness = np.array(thickness_mm)[:, None]
    return ndtr(-(along + thickness) / sigma_mm), ndtr(along / sigma_mm)


def _no_signal(volume: Volume) -> float:
    """Level of the noise: what the image shows where nothing gives a signal."""
    some = (
        slice(None, None, max(1, volume.grid.shape[0] // _SLICES)),
        slice(None, None, _SPARSE),
        slice(None, None, _SPARSE),
    )
    sparse = volume.data[some]
    if volume.padding is not None:
        sparse = sparse[~volume.padding[some]]
    return float(np.percentile(sparse, 1)) if sparse.size else 0.0
