"""Opening a case off the main thread: headers first, then the voxels of every image that will be shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_vcf.errors import CancelledError, NapariVcfError
from napari_vcf.language import say
from napari_vcf.reading import Case
from napari_vcf.reading.image_pairs import shown_index
from napari_vcf.reading.stage_images import STAGE_ROLES
from napari_vcf.widgets.common.errand import Errand, Progress

__all__ = ["CaseOpener", "load_case", "load_voxels"]


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
            raise CancelledError(say("Loading was stopped."))
        if progress is not None:
            progress(number, len(shown), say("loading {label}", label=image.label))
        try:
            case.volume(image.id, shown_index(image.series.volumes), progress=progress, cancelled=cancelled)
        except CancelledError:
            raise
        except NapariVcfError as error:
            troubles.append(say("{label} cannot be shown: {error}", label=image.label, error=error))
    return tuple(troubles)


class CaseOpener:
    """One folder at a time, on a worker thread, with progress and a way to stop it."""

    #: case, troubles
    finished = Signal(object, object)

    def __init__(self) -> None:
        self._errand = Errand(say("Opening a case"))
        #: done, total, what
        self.progressed = self._errand.progressed
        #: A sentence; empty where the person stopped it.
        self.failed = self._errand.failed
        self._errand.finished.connect(self._on_finished)

    @property
    def running(self) -> bool:
        """Whether a folder is being read."""
        return self._errand.running

    def open(
        self,
        prepare: Callable[[Progress], Path],
        *,
        pseudonym: str,
        salt: Callable[[Path], str | None] = lambda _folder: None,
    ) -> None:
        """Begin; ``prepare`` names the folder, ``salt`` the images' secret, and both run on the thread."""

        def work(progress: Progress) -> object:
            folder = prepare(progress)
            if self.is_stopped():
                raise CancelledError(say("Stopped."))
            return load_case(
                folder, pseudonym=pseudonym, salt=salt(folder), progress=progress, cancelled=self.is_stopped
            )

        self._errand.start(work)

    def is_stopped(self) -> bool:
        """Whether it shall stop."""
        return self._errand.stopped

    def cancel(self) -> None:
        """Stop reading; nothing is opened."""
        self._errand.cancel()

    def _on_finished(self, found: Any) -> None:
        if self.is_stopped():
            # Cancel came when everything was read, but before the window heard of it.
            self.failed.emit("")
        else:
            self.finished.emit(*found)
