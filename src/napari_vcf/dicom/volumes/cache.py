"""Prepared volumes on disk, by the hash of their content, so that opening a case a second time decodes nothing.

The folder holds voxels and numbers only: no names, identifiers, paths or dates. An entry is found again by a hash over
size, time of change and place of every file it was made from, which nobody can turn back into them; the voxels lie
under the hash of their own content, so that two copies of a case share them. ``NAPARI_VCF_CACHE`` names another folder
(one on an encrypted disk, say, where voxels must not leave the study's); set to ``off`` it keeps nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.files.volumefile import VolumeFile
from napari_vcf.dicom.series.model import Series
from napari_vcf.dicom.volumes.loading import load_volume
from napari_vcf.dicom.volumes.stored import UNKNOWN_UNIT, Cancelled, Progress
from napari_vcf.geometry import Volume
from napari_vcf.language import say

__all__ = ["CACHE_VARIABLE", "cache_folder", "load_prepared", "prefer_cache_folder"]

CACHE_VARIABLE: Final = "NAPARI_VCF_CACHE"
#: Raised whenever the same files would give other voxels than before.
_VERSION: Final = 4
_OFF: Final = "off"
#: What the person's preferences say; the environment comes before them.
_preferred = ""


def prefer_cache_folder(stated: str) -> None:
    """Keep prepared volumes elsewhere, unless the environment says where.

    Parameters
    ----------
    stated : str
        The path of a folder, ``"off"`` to keep none, or nothing for the person's own cache folder.
    """
    global _preferred
    _preferred = stated.strip()


def cache_folder() -> Path | None:
    """Where prepared volumes are kept; None if they are not.

    Returns
    -------
    Path or None
    """
    stated = os.environ.get(CACHE_VARIABLE, "") or _preferred
    if stated.lower() == _OFF:
        return None
    if stated:
        return Path(stated)
    from platformdirs import user_cache_path

    return user_cache_path("napari-vcf", appauthor=False) / "volumes"


def load_prepared(
    series: Series, index: int = 0, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> Volume:
    """Read one volume of a series, from the prepared ones if it is among them.

    Parameters
    ----------
    series : Series
        The series.
    index : int
        Which of its volumes.
    progress, cancelled : callable, optional
        As for `load_volume`.

    Returns
    -------
    Volume
        As from `load_volume`, but the voxels cannot be written to.

    Raises
    ------
    PixelError
        If pixels cannot be read; names the file.
    CancelledError
        If it was cancelled.
    """
    folder = cache_folder()
    state = _state(series, index) if folder is not None else None
    if folder is None or state is None:
        return load_volume(series, index, progress=progress, cancelled=cancelled)
    found = _stored(folder, state, series)
    if found is not None:
        if progress is not None:
            progress(1, 1, say("opening the prepared volume"))
        return found
    volume = load_volume(series, index, progress=progress, cancelled=cancelled)
    # A full or write-protected disk costs the second opening its speed, and nothing else.
    with contextlib.suppress(OSError):
        _store(folder, state, volume)
    volume.data.flags.writeable = False
    return volume


def _state(series: Series, index: int) -> str | None:
    """Hash over everything that the voxels depend on; None if a file cannot be looked at."""
    digest = hashlib.sha256(f"{_VERSION}".encode())
    try:
        for part in _parts(series, index):
            digest.update(part.encode())
            digest.update(b"\0")
    except OSError:
        return None
    return digest.hexdigest()


def _parts(series: Series, index: int) -> Iterator[str]:
    if series.computed_from:
        yield "computed"
        for source in series.computed_from:
            # A person may have given the b-values: the files do not tell them.
            yield repr([(volume.kind, volume.b_value) for volume in source.volumes])
            for number in range(len(source.volumes)):
                yield from _parts(source, number)
        return
    yield json.dumps(asdict(series.scale), sort_keys=True)
    yield repr((series.grid.shape, series.grid.affine_lps.tolist()))
    if isinstance(series.stack, VolumeFile):
        yield repr((series.stack.key, index))
        return
    seen: dict[int, str] = {}
    for frame in series.stack.volumes[index].frames:
        if id(frame.file) not in seen:
            status = frame.file.path.stat()
            place = os.fspath(frame.file.path.absolute())
            seen[id(frame.file)] = repr((place, status.st_size, status.st_mtime_ns, status.st_ino))
        intensity = frame.intensity
        yield repr((seen[id(frame.file)], frame.index, frame.tile, intensity.slope, intensity.intercept))


def _stored(folder: Path, state: str, series: Series) -> Volume | None:
    """The prepared volume, or None if there is none, or it is damaged."""
    try:
        entry = json.loads((folder / f"{state}.json").read_text(encoding="ascii"))
        data = _read(folder, entry["data"], "float32", series)
        padding = None if entry["padding"] is None else _read(folder, entry["padding"], "bool", series)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Volume(series.grid, data, series.unit or UNKNOWN_UNIT, padding)


def _read(folder: Path, name: str, kind: str, series: Series) -> NDArray[Any]:
    # Not mapped: where a mapped file is cut, by a disk that fills up or a share that goes away, the system ends the
    # program at the next look at it.
    array: NDArray[Any] = np.load(folder / f"{name}.npy", allow_pickle=False)
    array.flags.writeable = False
    if array.dtype != kind or array.shape != series.grid.shape:
        raise ValueError("not the array that was stored")
    return array


def _store(folder: Path, state: str, volume: Volume) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    entry = {
        "data": _store_array(folder, np.ascontiguousarray(volume.data)),
        "padding": None if volume.padding is None else _store_array(folder, np.ascontiguousarray(volume.padding)),
    }
    _replace(folder / f"{state}.json", lambda stream: stream.write(json.dumps(entry).encode("ascii")))


def _store_array(folder: Path, array: NDArray[Any]) -> str:
    digest = hashlib.blake2b(repr((array.shape, array.dtype.str)).encode(), digest_size=24)
    digest.update(array.view(np.uint8).data)
    name = digest.hexdigest()
    target = folder / f"{name}.npy"
    if not target.exists():
        _replace(target, lambda stream: np.save(stream, array, allow_pickle=False))
    return name


def _replace(target: Path, write: Any) -> None:
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
