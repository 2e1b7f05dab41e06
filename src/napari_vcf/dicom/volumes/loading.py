"""One volume of a series, wherever its values come from."""

from __future__ import annotations

from napari_vcf.dicom.series.model import Series
from napari_vcf.dicom.volumes.computed import compute_adc
from napari_vcf.dicom.volumes.stored import Cancelled, Progress, load_stored
from napari_vcf.geometry import Volume

__all__ = ["load_volume"]


def load_volume(
    series: Series, index: int = 0, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> Volume:
    """Read one volume of a series.

    Parameters
    ----------
    series : Series
        The series.
    index : int
        Which of its `Series.volumes`.
    progress : callable, optional
        Called with (slices done, slices in all, what is done).
    cancelled : callable, optional
        Polled; reading stops where it returns True.

    Returns
    -------
    Volume
        float32 values in `Series.unit` (``"unknown"`` for an ADC map whose unit has not been given), on `Series.grid`.

    Raises
    ------
    PixelError
        If pixels cannot be read; names the file.
    CancelledError
        If it was cancelled.
    """
    if series.computed_from:
        return compute_adc(*series.computed_from, progress=progress, cancelled=cancelled)[0]
    return load_stored(series, index, progress=progress, cancelled=cancelled)
