"""Running a registration on a worker thread."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_vcf.errors import CancelledError
from napari_vcf.geometry import Volume
from napari_vcf.reading.image_pairs import recordable
from napari_vcf.registration import register_vertebra
from napari_vcf.widgets.common.activity import Activity
from napari_vcf.widgets.common.relay import ProgressRelay
from napari_vcf.widgets.common.worker import named_worker

__all__ = ["RegistrationRun"]

_TITLE = "Registering CT to MRI"


class RegistrationRun:
    """One registration at a time."""

    #: done, total, what
    progressed = Signal(int, int, str)
    #: A `RegistrationResult`, or None where it was cancelled or stopped at a defect.
    finished = Signal(object)

    def __init__(self) -> None:
        self._worker: Any = None
        self._stop = False
        self._relay = ProgressRelay()
        self._relay.stepped.connect(self.progressed.emit)
        self._activity = Activity(_TITLE, self.cancel)
        self.progressed.connect(self._activity.report)

    @property
    def running(self) -> bool:
        """Whether one is running."""
        return self._worker is not None

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
        self._stop = False

        def work() -> Any:
            try:
                result = register_vertebra(
                    ct,
                    mr,
                    ct_point_lps=ct_point_lps,
                    mr_point_lps=mr_point_lps,
                    threads=min(4, os.cpu_count() or 1),
                    progress=self._relay.report,
                    cancelled=lambda: self._stop,
                    same_frame=same_frame,
                )
            except CancelledError:
                return None
            return recordable(result)

        worker = named_worker(_TITLE, work)
        self._worker = worker
        worker.returned.connect(self._on_end)
        worker.errored.connect(lambda _error: self._on_end(None))
        self._activity.begin()
        worker.start()

    def cancel(self) -> None:
        """Stop; nothing is proposed."""
        self._stop = True

    def _on_end(self, result: Any) -> None:
        self._worker = None
        self._activity.end()
        self.finished.emit(result)
