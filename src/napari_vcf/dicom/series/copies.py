"""Files that hold the same image twice: copies are left out by name, and look-alikes that differ are not."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeAlias

import numpy as np

from napari_vcf.dicom.errors import PixelError
from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.files.pixels import FrameReader
from napari_vcf.language import say

__all__ = ["copies_among"]

_FileFrames: TypeAlias = "list[Frame]"


def copies_among(files: list[_FileFrames]) -> dict[str, str]:
    """Find copies of files.

    Parameters
    ----------
    files : list of list of Frame
        The slices of each file.

    Returns
    -------
    dict
        Name of a file that is to be left out -> reason.
    """
    by_identity: dict[str, list[_FileFrames]] = defaultdict(list)
    for frames in files:
        if frames[0].file.sop_uid:
            by_identity[frames[0].file.sop_uid].append(frames)
    reasons: dict[str, str] = {}
    for members in by_identity.values():
        if len(members) < 2:
            continue
        kept: list[_FileFrames] = []
        for frames in sorted(members, key=lambda entry: entry[0].file.name):
            name = frames[0].file.name
            try:
                original = next((known for known in kept if _same(known, frames)), None)
            except PixelError as error:
                reasons[name] = say(
                    "It claims to be the same image as {name}, but {error}", name=kept[0][0].file.name, error=error
                )
                continue
            if original is None:
                kept.append(frames)
            else:
                reasons[name] = say(
                    "A copy of {name}: the same image, with the same identity.", name=original[0].file.name
                )
    return reasons


def _same(first: _FileFrames, second: _FileFrames) -> bool:
    if len(first) != len(second):
        return False
    reader = FrameReader()
    return all(_meaning(a) == _meaning(b) and _same_pixels(reader, a, b) for a, b in zip(first, second, strict=True))


def _meaning(frame: Frame) -> tuple[object, ...]:
    intensity = frame.intensity
    return (
        frame.shape,
        frame.position,
        frame.orientation,
        frame.pixel_spacing,
        frame.kind,
        frame.diffusion,
        frame.echo_time_ms,
        intensity.slope,
        intensity.intercept,
        None if intensity.lut is None else (intensity.lut.first, intensity.lut.values.tobytes()),
    )


def _same_pixels(reader: FrameReader, first: Frame, second: Frame) -> bool:
    one, other = reader.read(first.file, first.index), reader.read(second.file, second.index)
    # What is no number is not equal to itself.
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
