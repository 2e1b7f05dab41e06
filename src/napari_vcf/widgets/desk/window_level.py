"""Display windows: presets for CT, a range from the image itself for MR."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_vcf.dicom import Role
from napari_vcf.geometry import Volume
from napari_vcf.language import say

__all__ = ["CT_WINDOWS", "Window", "automatic_window", "is_narrow", "presets", "window_around", "with_width"]

Window = tuple[float, float]

#: Of the size of its numbers. The canvas draws in single precision, of which 256 steps are 3e-5 of a number.
_NARROW = 1e-4

#: Name to (lower, upper) in HU; centre and width are the usual ones (bone 480/2500, soft tissue 50/400).
CT_WINDOWS: dict[str, Window] = {
    say("Bone"): (-770.0, 1730.0),
    say("Soft tissue"): (-150.0, 250.0),
    say("Marrow"): (-200.0, 600.0),
}
#: ADC of fluid at body temperature is about 3000 um2/s.
ADC_WINDOW: Window = (0.0, 2500.0)


def automatic_window(volume: Volume) -> Window:
    """The 1st to 99.5th percentile of what was measured; air, which is most of an MR image, does not count."""
    data = volume.data if volume.padding is None else volume.data[~volume.padding]
    sample = np.asarray(data).ravel()
    sample = sample[:: max(1, sample.size // 200_000)]
    sample = sample[np.isfinite(sample)]
    tissue = sample[sample > 0.05 * np.percentile(sample, 99.5)] if sample.size else sample
    chosen = tissue if tissue.size > 100 else sample
    if not chosen.size:
        return (0.0, 1.0)
    low, high = (float(value) for value in np.percentile(chosen, (1.0, 99.5)))
    return (min(low, 0.0) if low > 0 else low, high) if high > low else (low, low + 1.0)


def window_around(volume: Volume, center_lps: ArrayLike, *, radius_mm: float = 28.0) -> Window | None:
    """The 1st to 99th percentile of what was measured around a vertebra's middle.

    Parameters
    ----------
    volume : Volume
        The image.
    center_lps : array_like, shape (3,)
        LPS mm, in the image's own space.
    radius_mm : float
        Radius of the ball that counts: a lumbar body with a part of its discs.

    Returns
    -------
    tuple of float, or None
        (lower, upper) in the volume's unit; None where there is too little of the image around the point.
    """
    grid, center = volume.grid, np.asarray(center_lps, dtype=np.float64)
    corners = center + radius_mm * (np.indices((2, 2, 2)).reshape(3, -1).T * 2.0 - 1.0)
    index = grid.to_index(corners)[:, ::-1]
    low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, 0, grid.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    values = np.asarray(volume.data[box], dtype=np.float64)
    places = np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing="ij"), axis=-1)
    near = np.linalg.norm(grid.to_lps(places[..., ::-1].astype(np.float64)) - center, axis=-1) <= radius_mm
    if volume.padding is not None:
        near &= ~volume.padding[box]
    chosen = values[near & np.isfinite(values)]
    if chosen.size < 100:
        return None
    lower, upper = (float(n) for n in np.percentile(chosen, (1.0, 99.0)))
    return (lower, upper) if upper > lower else None


def with_width(window: Window, automatic: Window) -> Window:
    """A window that an image can be drawn in: one that is too narrow is widened about its middle.

    Parameters
    ----------
    window : tuple of float
        (lower, upper), as it was asked for.
    automatic : tuple of float
        The window that follows from the image's own values.

    Returns
    -------
    tuple of float
        (lower, upper), at least a thousandth as wide as the automatic one.
    """
    low, high = window
    # A little more, since widening moves the ends out.
    narrowest = max(1e-3 * (automatic[1] - automatic[0]), 1.01 * _NARROW * max(abs(low), abs(high)))
    if high - low >= narrowest:
        return window
    middle = (low + high) / 2
    return middle - narrowest / 2, middle + narrowest / 2


def is_narrow(window: Window) -> bool:
    """Whether a window is too narrow, for the size of its numbers, for the canvas to tell the values in it apart."""
    low, high = window
    return high - low < _NARROW * max(abs(low), abs(high))


def presets(role: Role, volume: Volume) -> dict[str, Window]:
    """Windows offered for an image, the default first.

    Parameters
    ----------
    role : Role
        What the image is.
    volume : Volume
        Its voxels.

    Returns
    -------
    dict
        Name to (lower, upper), in the volume's unit.
    """
    if role is Role.CT:
        first = say("Marrow")
        return {first: CT_WINDOWS[first], **CT_WINDOWS}
    automatic = automatic_window(volume)
    if role is Role.ADC and volume.unit == "um2/s":
        return {say("ADC 0 to 2500"): ADC_WINDOW, say("Automatic"): automatic}
    low, high = automatic
    span = high - low
    return {
        say("Automatic"): automatic,
        say("Brighter"): (low, low + 0.65 * span),
        say("Darker"): (low, low + 1.5 * span),
    }
