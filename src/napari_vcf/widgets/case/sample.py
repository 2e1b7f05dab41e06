"""The sample case on disk: computed once, kept in the user's cache, and opened like any other folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QStandardPaths

from napari_vcf.language import say
from napari_vcf.phantom import PhantomTruth, make_case, write_dicom, write_truth
from napari_vcf.version import __version__

__all__ = ["sample_folder", "write_sample"]

Progress = Callable[[int, int, str], None]


def write_sample(folder: Path, progress: Progress | None = None) -> PhantomTruth:
    """Compute the sample case and write it as DICOM.

    Parameters
    ----------
    folder : Path
        Becomes ``folder/images``, with ``folder/truth.json`` beside it, where a reader does not come across it.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    PhantomTruth
    """
    report = progress or (lambda _done, _total, _what: None)
    report(0, 0, say("computing the sample case"))
    case = make_case()
    images = folder / "images"
    if images.exists():
        shutil.rmtree(images)
    images.mkdir(parents=True)
    report(0, 0, say("writing the sample case"))
    write_dicom(case, images)
    # The truth is written last: where it is there, the case is whole.
    write_truth(case.truth, folder / "truth.json")
    return case.truth


def sample_folder(progress: Progress | None = None) -> Path:
    """The folder of the sample case's images, made at the first call."""
    cache = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation))
    folder = cache / "napari-vcf" / f"sample-{__version__}"
    if not (folder / "truth.json").exists():
        write_sample(folder, progress)
    return folder / "images"
