"""The slices behind a series: files and frames, in order, with the layout that makes a grid of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.files.source import SourceFile
from napari_vcf.dicom.series.layout import Layout

__all__ = ["Stack", "StackVolume"]


@dataclass(frozen=True, slots=True, eq=False)
class StackVolume:
    """The slices of one volume.

    Attributes
    ----------
    frames : tuple of Frame
        In order along the normal.
    repetition : int
        0, 1, ... where volumes differ in nothing but time.
    """

    frames: tuple[Frame, ...]
    repetition: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Volumes on one grid.

    Attributes
    ----------
    volumes : tuple of StackVolume
        At least one.
    layout : Layout
        How slices become a grid.
    problems : tuple of str
        Sentences on slices that could not be told apart; nothing may then be measured.
    notes : tuple of str
        Sentences on what was found wanting, but does not change any number.
    echo_times_ms : tuple of float
        Of all echoes that were taken together with it, each an entry of its own; empty where there are no others.
    files : tuple of SourceFile
        Every file, once, in order.
    """

    volumes: tuple[StackVolume, ...]
    layout: Layout
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    echo_times_ms: tuple[float, ...] = ()
    files: tuple[SourceFile, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        seen = {id(frame.file): frame.file for volume in self.volumes for frame in volume.frames}
        object.__setattr__(self, "files", tuple(seen.values()))

    @property
    def first(self) -> Frame:
        """The first slice of the first volume."""
        return self.volumes[0].frames[0]

    @property
    def frame_of_reference_uid(self) -> str:
        """The one that most files that name one agree on; empty if there is none. Identity: never shown or exported."""
        named = Counter(uid for file in self.files if (uid := file.header.text(0x00200052)))
        (uid, count), *_ = named.most_common(1) or [("", 0)]
        return uid if 2 * count > named.total() else ""
