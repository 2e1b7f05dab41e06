"""What the samples show: how much signal there is of any kind, and how much a place looks like body.

Cortex gives no signal on any MR contrast, marrow and lesion give some on at least one. So edges are looked for in the
root mean square of all contrasts, in which the border of an oedema fades and the cortex does not. What is body and what
lies beside it is told by two histograms over all contrasts, as in GrabCut (Rother, Kolmogorov and Blake, ACM Trans
Graph 2004; 23: 309-314): one of what the calipers enclose, here and in the neighbours, one of what lies around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from napari_vcf.proposal.space import STEP_MM

__all__ = ["Tissue", "likeness", "see_tissue"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

_BINS = 14
#: Share of the neighbours' bodies in the histogram of the body.
_NEIGHBOURS = 0.3
#: Log ratios are believed up to this, by the number of contrasts: one alone says little.
_BELIEVED = {1: 1.0, 2: 2.0}
_BELIEVED_OF_MORE = 3.0
#: What was seen neither in the body nor around it is so much likelier to lie around it: most of it is cortex, which
#: neither histogram is taken from. On one contrast cortex looks like other dark tissue, which is seen.
_UNSEEN = 10.0
#: CT number at which tissue begins, and the range of bone, HU.
_CT_FROM_HU, _CT_RANGE_HU, _CT_TOP = -150.0, 400.0, 1.6


@dataclass(frozen=True, eq=False)
class Tissue:
    """Samples of the images, and what is made of them; arrays of shape (x, y, z).

    Attributes
    ----------
    signal : ndarray
        Signal of any kind, about 1 in the body.
    noise : float
        Its noise after smoothing.
    smooth : list of ndarray
        Each image, smoothed within its slices.
    nearby : list of ndarray
        Samples of the neighbouring bodies on each image; empty arrays where none are known.
    """

    signal: F64
    noise: float
    smooth: list[F64]
    nearby: list[F64]


def see_tissue(raw: Sequence[F64], core: Mask, nearby: Sequence[F64], *, ct: bool) -> Tissue:
    """Combine the samples of all images; `core` is what surely is body."""
    if ct:
        signal = np.minimum(np.clip((raw[0] - _CT_FROM_HU) / _CT_RANGE_HU, 0.0, None), _CT_TOP)
    else:
        total = np.zeros_like(raw[0])
        for image in raw:
            reference = max(float(np.percentile(image[core], 85)), 1e-9)
            total += (np.clip(image, 0.0, 2.5 * reference) / reference) ** 2
        signal = np.sqrt(total / len(raw))
        usual = max(float(np.median(signal[core])), 1e-9)
        signal = np.minimum(signal, 1.5 * usual) / usual
    bend = gaussian_filter1d(gaussian_filter1d(signal, 1.0 / STEP_MM, axis=1), 0.6 / STEP_MM, axis=2, order=2)
    noise = 1.4826 * float(np.median(np.abs(bend[core]))) + 1e-3
    smooth = [gaussian_filter1d(gaussian_filter1d(image, 0.8, axis=1), 0.8, axis=2) for image in raw]
    return Tissue(signal, noise, smooth, list(nearby))


def likeness(tissue: Tissue, body: Mask, around: Mask) -> F64:
    """Logarithm of how much likelier each sample is in the body than around it, shape (x, y, z)."""
    own, near = [], []
    for image, nearby in zip(tissue.smooth, tissue.nearby, strict=True):
        low, high = np.percentile(np.concatenate([image[body], nearby]), (1, 99))
        width = max(float(high - low), 1e-9)
        low, high = float(low) - 0.35 * width, float(high) + 0.35 * width
        own.append(_bins(image, low, high))
        near.append(_bins(nearby, low, high))
    shape = (_BINS,) * len(own)
    place = np.ravel_multi_index(own, shape)
    inside = _density(place[body], shape)
    if near[0].size:
        inside = (1 - _NEIGHBOURS) * inside + _NEIGHBOURS * _density(np.ravel_multi_index(near, shape), shape)
    outside = _density(place[around], shape)
    little = 0.02 / _BINS ** len(own)
    believed = _BELIEVED.get(len(own), _BELIEVED_OF_MORE)
    unseen = _UNSEEN if len(own) > 1 else 1.0
    ratio = np.clip(np.log((inside + little) / (outside + unseen * little)), -believed, believed)
    return np.asarray(ratio.ravel()[place])


def _bins(values: F64, low: float, high: float) -> NDArray[np.intp]:
    return np.clip(((values - low) / (high - low) * _BINS).astype(np.intp), 0, _BINS - 1)


def _density(places: NDArray[np.intp], shape: tuple[int, ...]) -> F64:
    counts = np.bincount(places.ravel(), minlength=int(np.prod(shape))).astype(np.float64).reshape(shape)
    smooth = gaussian_filter(counts, 0.9)
    return np.asarray(smooth / max(float(smooth.sum()), 1e-12))
