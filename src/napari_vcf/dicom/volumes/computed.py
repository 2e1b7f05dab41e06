"""ADC maps of our own from diffusion series that lie on one grid."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import DicomError
from napari_vcf.dicom.files.diffusion import ZERO_B_LIMIT
from napari_vcf.dicom.series.model import Series
from napari_vcf.dicom.volumes.adc_map import adc_from_signals, geometric_mean
from napari_vcf.dicom.volumes.stored import Cancelled, Progress, load_stored
from napari_vcf.geometry import Volume
from napari_vcf.language import joined, say

__all__ = ["b_images", "compute_adc", "method_of"]

_Source = tuple[Series, int]


def b_images(*series: Series) -> dict[float, list[_Source]]:
    """The volumes to compute an ADC from, by b-value; b below 1 is 0.

    Single directions are taken where there are any, else the scanner's trace; never both.

    Parameters
    ----------
    *series : Series
        Diffusion series on one grid.

    Returns
    -------
    dict
        b-value -> (series, index of its volume), ascending.
    """
    single: dict[float, list[_Source]] = defaultdict(list)
    trace: dict[float, list[_Source]] = defaultdict(list)
    for entry in series:
        for index, volume in enumerate(entry.volumes):
            if volume.b_value is None or volume.kind not in ("b", "trace"):
                continue
            b_value = 0.0 if volume.b_value < ZERO_B_LIMIT else volume.b_value
            (trace if volume.kind == "trace" else single)[b_value].append((entry, index))
    return {b: single[b] if b in single else trace[b] for b in sorted(set(single) | set(trace))}


def compute_adc(
    *series: Series, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> tuple[Volume, str]:
    """Compute an ADC map from diffusion series on one grid.

    Parameters
    ----------
    *series : Series
        One series with all b-values, or several that lie on the same grid.
    progress, cancelled : callable, optional
        As for `load_volume`.

    Returns
    -------
    volume : Volume
        um2/s; voxels without signal are padding, with the value 0.
    evidence : str
        How it was computed.

    Raises
    ------
    DicomError
        If there are fewer than two b-values, or the series do not lie on one grid.
    """
    if not all(series[0].grid.is_close_to(other.grid) for other in series[1:]):
        raise DicomError(say("The diffusion series do not lie on one grid, so that no ADC can be computed from them."))
    sources = b_images(*series)
    if len(sources) < 2:
        found = ", ".join(f"{b:g}" for b in sources) or say("none")
        raise DicomError(say("An ADC needs at least two b-values; the diffusion series have {found}.", found=found))
    total = sum(len(members) for members in sources.values())
    padding = np.zeros(series[0].grid.shape, dtype=np.bool_)
    done = 0

    def signal(member: _Source) -> NDArray[np.float32]:
        nonlocal done
        volume = load_stored(*member, cancelled=cancelled)
        if volume.padding is not None:
            np.logical_or(padding, volume.padding, out=padding)
        done += 1
        if progress is not None:
            progress(done, total, say("reading diffusion images"))
        return np.asarray(volume.data, dtype=np.float32)

    signals = [geometric_mean(signal(member) for member in members) for members in sources.values()]
    values = adc_from_signals(list(sources), signals)
    padding |= ~np.isfinite(values)
    data = np.where(padding, 0.0, values).astype(np.float32)
    return Volume(series[0].grid, data, "um2/s", padding if padding.any() else None), method_of(sources)


def method_of(sources: dict[float, list[_Source]]) -> str:
    """How an ADC is computed from the volumes of `b_images`, in words."""
    parts = []
    for b, members in sources.items():
        kind = members[0][0].volumes[members[0][1]].kind
        if kind == "trace":
            parts.append(say("b {b:g} (trace)", b=b))
        elif len(members) == 1:
            parts.append(say("b {b:g} (1 image)", b=b))
        else:
            parts.append(say("b {b:g} ({count} images)", b=b, count=len(members)))
    fit = say("logarithm of the quotient") if len(sources) == 2 else say("non-linear least squares")
    return say("computed from {parts} s/mm2: geometric means, {fit}", parts=joined(", ", parts), fit=fit)
