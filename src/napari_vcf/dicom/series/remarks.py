"""What files of one stack do differently from each other, in sentences: each may be right, none is silent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Final

from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.files.patient import PatientMarks, different_patients
from napari_vcf.dicom.files.source import SourceFile
from napari_vcf.dicom.series.model import Series
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.language import joined, say

__all__ = ["frames_among", "patients_among", "patients_in", "remarks_on"]

_NAMED: Final = 4
#: Slices may be this many times as far apart as they are thick: beyond, most of the patient is in none.
_WIDEST_STEP: Final = 2.0
#: Headers round the spacing that they state.
_SPACING_SHARE: Final = 0.02
#: JPEG baseline and extended always lose something; of the others the header says it.
_ALWAYS_LOSSY: Final = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
#: JPEG-LS near-lossless, JPEG 2000 and HTJ2K in their general forms may lose something or nothing.
_MAY_BE_LOSSY: Final = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (81, 91, 93, 203))
_LOSSY_COMPRESSION: Final = 0x00282110
_PIXEL_PROPERTIES: Final[tuple[tuple[str, Callable[[SourceFile], Hashable]], ...]] = (
    (say("bits of a pixel"), lambda file: (file.layout.bits_allocated, file.layout.bits_stored, file.layout.high_bit)),
    (say("sign of the pixels"), lambda file: file.layout.signed),
    (say("manufacturer"), lambda file: file.manufacturer),
)


def remarks_on(stack: Stack) -> tuple[str, ...]:
    """Sentences on how the files of a stack differ where those of one acquisition agree.

    Parameters
    ----------
    stack : Stack
        The slices.

    Returns
    -------
    tuple of str
    """
    remarks: list[str] = []
    by_remark: dict[str, list[str]] = {}
    for file in stack.files:
        for remark in file.remarks:
            by_remark.setdefault(remark, []).append(file.name)
    remarks.extend(say("{names} {remark}.", names=_names(names), remark=remark) for remark, names in by_remark.items())
    remarks.extend(_lossy(stack))
    for what, value in _PIXEL_PROPERTIES:
        remarks.extend(
            _minority(
                say("The {what} differs between files", what=what), [(file.name, value(file)) for file in stack.files]
            )
        )
    remarks.extend(_spacing(stack))
    for volume in stack.volumes:
        remarks.extend(_rescale(volume.frames))
        remarks.extend(
            _minority(
                say("The real-world value map differs between slices of one volume; each slice was read with its own"),
                [(frame.file.name, _diffusivity_maps(frame)) for frame in volume.frames],
            )
        )
        # The role is told from one slice; where another states other times, it may be the damaged one.
        remarks.extend(
            _minority(
                say("The repetition time differs between slices of one volume"),
                [(frame.file.name, frame.repetition_time_ms) for frame in volume.frames],
            )
        )
        remarks.extend(_merged(volume.frames))
    return tuple(dict.fromkeys(remarks))


def _lossy(stack: Stack) -> list[str]:
    """Values that went through a lossy compression are near the scanner's, and no more."""
    lossy = [
        file
        for file in stack.files
        if file.layout.transfer_syntax in _ALWAYS_LOSSY or file.header.text(_LOSSY_COMPRESSION) == "01"
    ]
    if not lossy:
        open_question = [
            file.name
            for file in stack.files
            if file.layout.transfer_syntax in _MAY_BE_LOSSY and file.header.text(_LOSSY_COMPRESSION) != "00"
        ]
        if open_question:
            text = say(
                "The pixels were compressed in a way that may lose something, and no header says that it did not"
            )
            return [say("{text}: {names}.", text=text, names=_names(open_question))]
        return []
    if len(lossy) == len(stack.files):
        return [say("The pixels were compressed with loss: their values are not exactly those of the scanner.")]
    return [
        say(
            "The pixels were compressed with loss in {lossy} of {files} files: their values are not exactly those of "
            "the scanner.",
            lossy=len(lossy),
            files=len(stack.files),
        )
    ]


def patients_among(series: Iterable[Series]) -> tuple[str, ...]:
    """A sentence if a folder holds images of more than one patient: one of them may have strayed into it.

    Parameters
    ----------
    series : iterable of Series
        Those of one folder.

    Returns
    -------
    tuple of str
        Empty, or one sentence.
    """
    roles: dict[PatientMarks, set[str]] = {}
    for entry in series:
        for file in entry.stack.files if isinstance(entry.stack, Stack) else ():
            roles.setdefault(file.patient, set()).add(str(entry.role))
    patients = different_patients(roles)
    if len(patients) < 2:
        return ()
    groups = "; ".join(
        f"{number}: {', '.join(sorted(set().union(*(roles[marks] for marks in members))))}"
        for number, members in enumerate(patients, 1)
    )
    return (
        say(
            "The headers name {count} different patients ({groups}). Make sure that the images belong together.",
            count=len(patients),
            groups=groups,
        ),
    )


def frames_among(series: Iterable[Series]) -> tuple[str, ...]:
    """A sentence where MR images, or CT images, lie in several frames of reference: such images share no space."""
    found = []
    every = [one for one in series if one.role.value != "LOCALIZER"]
    for modality in ("MR", "CT"):
        frames: dict[str | None, list[str]] = {}
        for one in every:
            if one.modality == modality:
                alike = sum(other.role is one.role for other in every) > 1
                name = (
                    say("{role} of {count} slices", role=one.role.value, count=one.grid.shape[0])
                    if alike
                    else one.role.value
                )
                frames.setdefault(one.frame_of_reference_uid, []).append(name)
        if len(frames) > 1:
            listed = joined("; ", (joined(", ", sorted(names)) for names in frames.values()))
            found.append(
                say(
                    "{modality} images lie in {count} frames of reference ({listed}): the patient may have moved "
                    "between them, and they share no space until somebody joins them.",
                    modality=modality,
                    count=len(frames),
                    listed=listed,
                )
            )
    return tuple(found)


def patients_in(stack: Stack) -> str:
    """Why nothing may be measured in a stack whose slices are of more than one patient; empty where they are not."""
    count = len(different_patients(file.patient for file in stack.files))
    if count < 2:
        return ""
    return say("Nothing may be measured: its slices name {count} different patients.", count=count)


def _spacing(stack: Stack) -> list[str]:
    """Slices farther apart than their thickness or the stated spacing lead to expect: some may be missing evenly."""
    first, count = stack.first, len(stack.volumes[0].frames)
    if count < 2:
        return []
    remarks: list[str] = []
    found, thick, stated = stack.layout.grid.spacing_mm[0], first.thickness_mm, first.stated_spacing_mm
    if thick is not None and 0 < thick * _WIDEST_STEP < found:
        remarks.append(
            say(
                "Slices {thick:g} mm thick lie {found:.2f} mm apart: {between:.2f} mm between any two are in no slice.",
                thick=thick,
                found=found,
                between=found - thick,
            )
        )
    # Some scanners state it along a tilted table's way, some with a negative sign for its direction,
    frames = stack.volumes[0].frames
    way = math.dist(frames[0].position, frames[-1].position) / (stack.layout.grid.shape[0] - 1)
    # or leave the thickness out of it.
    meant = (found, way, found - (thick or 0.0))
    if stated and min(abs(step - abs(stated)) for step in meant) > _SPACING_SHARE * found:
        remarks.append(
            say(
                "The header states slices every {stated:g} mm, but their positions lie {found:.2f} mm apart; the "
                "positions were taken.",
                stated=abs(stated),
                found=found,
            )
        )
    return remarks


def _rescale(frames: tuple[Frame, ...]) -> list[str]:
    scales = Counter((frame.intensity.slope, frame.intensity.intercept) for frame in frames)
    if len(scales) == 1:
        return _minority(
            say("The padding value differs between files"),
            [(frame.file.name, frame.intensity.padding) for frame in frames],
        )
    slopes = [slope for slope, _ in scales]
    intercepts = [intercept for _, intercept in scales]
    text = say(
        "The rescale differs between slices of one volume (slope {least:g} to {most:g}, intercept {low:g} to "
        "{high:g}); each slice was read with its own",
        least=min(slopes),
        most=max(slopes),
        low=min(intercepts),
        high=max(intercepts),
    )
    return _minority(text, [(frame.file.name, (frame.intensity.slope, frame.intensity.intercept)) for frame in frames])


def _diffusivity_maps(frame: Frame) -> tuple[Hashable, ...]:
    return tuple(
        (entry.unit, entry.slope, entry.intercept) for entry in frame.intensity.maps if entry.um2_per_s is not None
    )


def _merged(frames: tuple[Frame, ...]) -> list[str]:
    """Packages of slices taken one after the other make one volume; so would two scans that do not belong together."""
    numbers = sorted({frame.order[1] for frame in frames})
    # Some scanners count every slice as an acquisition.
    if not 1 < len(numbers) <= len(frames) / 2:
        return []
    return [say("The slices of one volume come from {count} acquisitions.", count=len(numbers))]


def _minority(text: str, values: list[tuple[str, Hashable]]) -> list[str]:
    """The sentence with the names of those that differ from most, if any do."""
    counts = Counter(value for _, value in values)
    if len(counts) < 2:
        return []
    usual, share = counts.most_common(1)[0]
    if share <= len(values) / 2:
        return [say("{text}.", text=text)]
    names = sorted({name for name, value in values if value != usual})
    return [say("{text}: {names}.", text=text, names=_names(names))]


def _names(names: list[str]) -> str:
    named = ", ".join(names[:_NAMED])
    if len(names) <= _NAMED:
        return named
    return say("{names} and {count} more", names=named, count=len(names) - _NAMED)
