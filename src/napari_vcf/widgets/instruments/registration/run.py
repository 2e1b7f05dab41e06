"""Running a registration on a worker thread."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.geometry import Volume
from napari_vcf.language import tr
from napari_vcf.reading.image_pairs import recordable
from napari_vcf.registration import register_vertebra
from napari_vcf.widgets.common.errand import Errand, Progress

__all__ = ["RegistrationRun"]


class RegistrationRun:
    """One registration at a time."""

    #: A `RegistrationResult`, or None where it was cancelled or failed.
    finished = Signal(object)

    def __init__(self) -> None:
        self._errand = Errand(tr("Registering CT to MRI"))
        #: done, total, what
        self.progressed = self._errand.progressed
        #: A sentence; empty where the person stopped it.
        self.failed = self._errand.failed
        self._errand.finished.connect(self.finished.emit)
        self._errand.failed.connect(lambda _sentence: self.finished.emit(None))

    @property
    def running(self) -> bool:
        """Whether one is running."""
        return self._errand.running

    def start(
        self,
        ct: Volume,
        mr: Mapping[str, Volume],
        *,
        ct_point_lps: NDArray[np.float64],
        mr_point_lps: NDArray[np.float64],
        same_frame: bool,
    ) -> None:
        """Begin; `finished` follows."""

        def work(progress: Progress) -> object:
            return recordable(
                register_vertebra(
                    ct,
                    mr,
                    ct_point_lps=ct_point_lps,
                    mr_point_lps=mr_point_lps,
                    threads=min(4, os.cpu_count() or 1),
                    progress=progress,
                    cancelled=lambda: self._errand.stopped,
                    same_frame=same_frame,
                )
            )

        self._errand.start(work)

    def cancel(self) -> None:
        """Stop; nothing is proposed."""
        self._errand.cancel()
