"""Display windows: presets for CT, a range from the image itself for MR."""

from __future__ import annotations

import numpy as np

from napari_vcf.dicom import Role
from napari_vcf.geometry import Volume

__all__ = ["CT_WINDOWS", "Window", "automatic_window", "presets"]

Window = tuple[float, float]

#: Name to (lower, upper) in HU; centre and width are the usual ones (bone 480/2500, soft tissue 50/400).
CT_WINDOWS: dict[str, Window] = {
    "Bone": (-770.0, 1730.0),
    "Soft tissue": (-150.0, 250.0),
    "Marrow": (-200.0, 600.0),
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
    low, high = float(np.percentile(chosen, 1.0)), float(np.percentile(chosen, 99.5))
    return (min(low, 0.0) if low > 0 else low, high) if high > low else (low, low + 1.0)


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
        return {"Marrow": CT_WINDOWS["Marrow"], "Bone": CT_WINDOWS["Bone"], "Soft tissue": CT_WINDOWS["Soft tissue"]}
    automatic = automatic_window(volume)
    if role is Role.ADC and volume.unit == "um2/s":
        return {"ADC 0 to 2500": ADC_WINDOW, "Automatic": automatic}
    low, high = automatic
    span = high - low
    return {
        "Automatic": automatic,
        "Brighter": (low, low + 0.65 * span),
        "Darker": (low, low + 1.5 * span),
    }
