"""Opening a case off the main thread: headers first, then the voxels of every image that will be shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_vcf.errors import CancelledError, NapariVcfError
from napari_vcf.reading import Case
from napari_vcf.reading.image_pairs import shown_index
from napari_vcf.reading.stage_images import STAGE_ROLES
from napari_vcf.widgets.common.activity import Activity
from napari_vcf.widgets.common.relay import ProgressRelay
from napari_vcf.widgets.common.worker import named_worker

__all__ = ["CaseOpener", "load_case", "load_voxels"]

_TITLE = "Opening a case"

Progress = Callable[[int, int, str], None]


def load_case(
    folder: Path,
    *,
    pseudonym: str,
    salt: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Case, tuple[str, ...]]:
    """Read a folder and the voxels of what will be shown.

    Returns
    -------
    case : Case
    troubles : tuple of str
        A sentence for each image whose voxels cannot be read; the others can be used.
    """
    case = Case.open(folder, pseudonym=pseudonym, salt=salt, progress=progress, cancelled=cancelled)
    return case, load_voxels(case, progress=progress, cancelled=cancelled)


def load_voxels(
    case: Case, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> tuple[str, ...]:
    """Load the voxels of what will be shown; a sentence on each doubt about the folder and each image that fails."""
    troubles = [*case.remarks]
    for number, image in enumerate(shown := case.with_role(*STAGE_ROLES["combined"])):
        if cancelled is not None and cancelled():
            raise CancelledError("Loading was stopped.")
        if progress is not None:
            progress(number, len(shown), f"loading {image.label}")
        try:
            case.volume(image.id, shown_index(image.series.volumes), progress=progress, cancelled=cancelled)
        except CancelledError:
            raise
        except NapariVcfError as error:
            troubles.append(f"{image.label} cannot be shown: {error}")
    return tuple(troubles)


class CaseOpener:
    """One folder at a time, on a worker thread, with progress and a way to stop it."""

    #: done, total, what
    progressed = Signal(int, int, str)
    #: case, troubles
    finished = Signal(object, object)
    #: A sentence; empty where the person stopped it.
    failed = Signal(str)

    def __init__(self) -> None:
        self._worker: Any = None
        self._stop = False
        self._relay = ProgressRelay()
        self._relay.stepped.connect(self.progressed.emit)
        self._activity = Activity(_TITLE, self.cancel)
        self.progressed.connect(self._activity.report)

    @property
    def running(self) -> bool:
        """Whether a folder is being read."""
        return self._worker is not None

    def open(
        self,
        prepare: Callable[[Progress], Path],
        *,
        pseudonym: str,
        salt: Callable[[Path], str | None] = lambda _folder: None,
    ) -> None:
        """Begin; ``prepare`` names the folder, ``salt`` the images' secret, and both run on the thread."""
        if self.running:
            return
        self._stop = False

        def work() -> Any:
            progress = self._relay.report
            try:
                folder = prepare(progress)
                if self._stop:
                    return ""
                return load_case(
                    folder,
                    pseudonym=pseudonym,
                    salt=salt(folder),
                    progress=progress,
                    cancelled=lambda: self._stop,
                )
            except CancelledError:
                return ""
            except NapariVcfError as error:
                return str(error)

        worker = named_worker(_TITLE, work)
        self._worker = worker
        worker.returned.connect(self._on_returned)
        worker.errored.connect(self._on_errored)
        self._activity.begin()
        worker.start()

    def is_stopped(self) -> bool:
        """Whether it shall stop."""
        return self._stop

    def cancel(self) -> None:
        """Stop reading; nothing is opened."""
        self._stop = True

    def _on_returned(self, result: Any) -> None:
        self._worker = None
        self._activity.end()
        if isinstance(result, str):
            self.failed.emit(result)
        else:
            self.finished.emit(*result)

    def _on_errored(self, _error: BaseException) -> None:
        # A defect: napari shows its traceback; the desk must not stay locked.
        self._worker = None
        self._activity.end()
        self.failed.emit("Reading the folder stopped at a defect of the program; see the notification.")
