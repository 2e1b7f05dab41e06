"""What tells images of one series apart that lie at the same or between each other's positions.

Images of two reconstructions or of two runs must never make up one volume slice by slice. A header element tells them
apart if each of its values has every position at most once, and it has as many values as there are images at the
fullest position. Failing that, images that were numbered run after run, each run over all positions in the same order,
are runs. Otherwise nothing tells, and nothing may be measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.files.header import Header
from napari_vcf.dicom.series.layout import SAME_POSITION_MM, along_normal
from napari_vcf.language import joined, say

__all__ = ["Slotted", "by_frame_of_reference", "reconstructions", "slotted", "without_duplicates"]

#: Slices, each with the number of its position along the normal.
Slotted: TypeAlias = "list[tuple[int, Frame]]"

#: Names and positions in a sentence.
_NAMED: Final = 6
#: Fewer slices are no acquisition that could stand by itself.
_FEWEST_APART: Final = 3
_KERNEL: Final = 0x00181210


def _text(tag: int) -> Callable[[Frame], Hashable]:
    return lambda frame: frame.file.header.text(tag)


def _kernel(frame: Frame) -> str:
    header = frame.file.header
    found = header.tokens(_KERNEL)
    if frame.file.is_multiframe and not found:
        entry = header.elements.get(0x52009230)
        own = Header(entry[1][frame.index]) if entry and not isinstance(entry[1], bytes) else Header({})
        for groups in (own, header.first(0x52009229)):
            found = found or groups.first(0x00189314).tokens(_KERNEL)
    return " ".join(found)


#: What may differ between volumes at the same positions: elements that name the volume, then how it was computed or
#: taken, then when. The name is given where it is worth a remark.
_TELLING: Final[tuple[tuple[str, Callable[[Frame], Hashable]], ...]] = (
    ("", lambda frame: frame.order[0]),
    ("", lambda frame: frame.order[1]),
    ("", lambda frame: frame.order[:2]),
    ("", lambda frame: frame.file.name if frame.file.is_multiframe or frame.tile is not None else None),
    ("", _text(0x20051596)),
    ("", _text(0x20051413)),
    ("", lambda frame: frame.diffusion.direction),
    (say("convolution kernel"), _kernel),
    (say("reconstruction diameter"), _text(0x00181100)),
    (say("filter"), _text(0x00181160)),
    (say("tube voltage"), _text(0x00180060)),
    (say("slice thickness"), lambda frame: frame.thickness_mm),
    (say("image type"), lambda frame: frame.file.image_type),
    (say("echo number"), _text(0x00180086)),
    (say("flip angle"), _text(0x00181314)),
    (say("repetition time"), lambda frame: frame.repetition_time_ms),
    (say("trigger time"), _text(0x00181060)),
    (say("description"), _text(0x0008103E)),
    (say("acquisition time"), _text(0x00080032)),
    (say("content time"), _text(0x00080033)),
)


def _number(tag: int) -> Callable[[Frame], float | None]:
    def value(frame: Frame) -> float | None:
        # Times of day order as their text does; a damaged one tells nothing.
        text = frame.file.header.text(tag).replace(":", "")
        return float(text) if text.replace(".", "", 1).isdigit() else None

    return value


_RUNNING: Final[tuple[Callable[[Frame], Hashable], ...]] = (
    lambda frame: frame.order[2:],
    _number(0x00080032),
    _number(0x00080033),
)


def slotted(frames: list[Frame]) -> Slotted:
    """Parallel slices, each with the number of its position along the normal."""
    depths = along_normal(frames)
    order = np.argsort(depths, kind="stable")
    slots = np.concatenate([[0], np.cumsum(np.diff(depths[order]) > SAME_POSITION_MM)])
    return [(int(slot), frames[index]) for slot, index in zip(slots, order, strict=True)]


def by_frame_of_reference(frames: list[Frame]) -> list[tuple[list[Frame], str]]:
    """Parallel slices of a series by their frame of reference, where geometry bears it out.

    Anonymisers and some scanners give each slice a frame of its own, or leave it out in some. Frames whose slices lie
    at the same positions are kept apart; those that complete each other are one.

    Parameters
    ----------
    frames : list of Frame
        Parallel slices of one series.

    Returns
    -------
    list of (list of Frame, str)
        Slices that may lie in one stack, each with a remark, empty if they all name one frame.
    """
    named: dict[str, list[Frame]] = defaultdict(list)
    for frame in frames:
        named[frame.file.header.text(0x00200052)].append(frame)
    if len(named) == 1:
        return [(frames, "")]
    slot_of = {id(frame): slot for slot, frame in slotted(frames)}
    # A frame for each slice or two, or none, is none that anything was measured in.
    few = len(named) * _FEWEST_APART > len(frames)
    clusters: list[tuple[list[Frame], set[int], int]] = []
    for uid in sorted(named, key=lambda uid: (-len(named[uid]), uid)):
        members = named[uid]
        places = {slot_of[id(frame)] for frame in members}
        for number, (known, there, count) in enumerate(clusters):
            if few or not uid or there.isdisjoint(places):
                clusters[number] = (known + members, there | places, count + 1)
                break
        else:
            clusters.append((list(members), places, 1))
    return [
        (
            members,
            say(
                "Its images name {count} frames of reference or none; by their positions they are one stack.",
                count=count,
            ),
        )
        if count > 1
        else (members, "")
        for members, _, count in clusters
    ]


def reconstructions(frames: list[Frame]) -> list[tuple[list[Frame], str]]:
    """Parallel slices of a series by what makes different CT images of one patient.

    Parameters
    ----------
    frames : list of Frame
        Parallel slices of one series.

    Returns
    -------
    list of (list of Frame, str)
        Slices that may lie in one stack, each with a sentence on why they stand apart, empty if all stay together.
    """
    if frames[0].file.modality != "CT":
        return [(frames, "")]
    by_kernel: dict[str, list[Frame]] = defaultdict(list)
    for frame in frames:
        by_kernel[_kernel(frame)].append(frame)
    # One kernel that some files leave out is no second reconstruction.
    if sum(map(bool, by_kernel)) < 2:
        return _acquisitions(frames, "")
    found: list[tuple[list[Frame], str]] = []
    for kernel in sorted(by_kernel, key=lambda name: (-len(by_kernel[name]), name)):
        named = say("convolution kernel {kernel}", kernel=kernel) if kernel else say("no convolution kernel stated")
        note = say("One of {count} reconstructions in the same series: {named}.", count=len(by_kernel), named=named)
        found.extend(_acquisitions(by_kernel[kernel], note))
    return found


def _acquisitions(frames: list[Frame], note: str) -> list[tuple[list[Frame], str]]:
    """CT acquisitions whose slices lie between each other's: the patient breathes and moves from one to the next."""
    members: dict[int, list[Frame]] = defaultdict(list)
    for frame in frames:
        members[frame.order[1]].append(frame)
    if len(members) < 2 or min(map(len, members.values())) < _FEWEST_APART:
        return [(frames, note)]
    depths = along_normal(frames).tolist()
    positions = {round(depth, 1) for depth in depths}
    placed = sorted(zip(depths, (frame.order[1] for frame in frames), strict=True))
    changes = sum(first[1] != second[1] for first, second in pairwise(placed))
    # At the same positions they are repetitions; one after the other along the body they are one scan.
    if len(positions) < len(frames) or changes < 2 * len(members):
        return [(frames, note)]
    found: list[tuple[list[Frame], str]] = []
    for number in sorted(members):
        one = say(
            "One of {count} acquisitions whose slices lie between each other's: number {number}.",
            count=len(members),
            number=number,
        )
        found.append((members[number], joined(" ", filter(None, (note, one)))))
    return found


def without_duplicates(group: Slotted, problems: list[str], notes: list[str]) -> list[Slotted]:
    """Split slices that show the same into volumes that hold each position once.

    Parameters
    ----------
    group : list of (int, Frame)
        Slices with the number of their position.
    problems : list of str
        Gets a sentence if nothing tells the images at one position apart.
    notes : list of str
        Gets a sentence on what tells them apart, where that is unusual.

    Returns
    -------
    list of list of (int, Frame)
    """
    slots: dict[int, Slotted] = defaultdict(list)
    for slot, frame in group:
        slots[slot].append((slot, frame))
    most = max(map(len, slots.values()))
    if most == 1:
        return [group]
    for name, key in (*_TELLING, *_dimensions(group)):
        parts: dict[Hashable, Slotted] = defaultdict(list)
        for slot, frame in group:
            parts[key(frame)].append((slot, frame))
        if len(parts) == most and all(len({slot for slot, _ in part}) == len(part) for part in parts.values()):
            if name:
                notes.append(say("Images at the same positions are told apart by their {name}.", name=name))
            return [parts[value] for value in sorted(parts, key=str)]
    for running in _RUNNING:
        runs = _runs(group, len(slots), running)
        if runs:
            return runs
    problems.append(_untold(slots))
    ranked = [sorted(members, key=lambda entry: (entry[1].order, entry[1].file.name)) for members in slots.values()]
    return [[members[rank] for members in ranked if rank < len(members)] for rank in range(most)]


def _dimensions(group: Slotted) -> list[tuple[str, Callable[[Frame], Hashable]]]:
    """Each of the dimension indices of multi-frame objects."""
    indices: dict[tuple[int, int], tuple[float, ...]] = {}
    headers: dict[int, list[tuple[float, ...]]] = {}
    for _, frame in group:
        file = frame.file
        if not file.is_multiframe:
            return []
        if id(file) not in headers:
            items = file.header.items(0x52009230)
            headers[id(file)] = [item.first(0x00209111).numbers(0x00209157) for item in items]
        described = headers[id(file)]
        indices[id(file), frame.index] = described[frame.index] if frame.index < len(described) else ()
    width = min(map(len, indices.values()))
    return [
        ("", lambda frame, column=column: indices[id(frame.file), frame.index][column])  # type: ignore[misc]
        for column in range(width)
    ]


def _runs(group: Slotted, count: int, running: Callable[[Frame], Hashable]) -> list[Slotted]:
    """Runs over all positions, one after the other and each in the same order; none if the values show no such runs."""
    values = [running(frame) for _, frame in group]
    if None in values or len(set(values)) < len(values) or len(values) % count:
        return []
    ordered = [entry for _, entry in sorted(zip(values, group, strict=True), key=lambda pair: pair[0])]  # type: ignore[arg-type,return-value]
    runs = [ordered[start : start + count] for start in range(0, len(ordered), count)]
    sequences: Sequence[list[int]] = [[slot for slot, _ in run] for run in runs]
    same = len(set(sequences[0])) == count and all(sequence == sequences[0] for sequence in sequences)
    return runs if same else []


def _untold(slots: dict[int, Slotted]) -> str:
    crowded = [members for _, members in sorted(slots.items()) if len(members) > 1]
    depths = [float(along_normal([members[0][1]])[0]) for members in crowded]
    places = ", ".join(f"{depth:.2f}" for depth in depths[:_NAMED])
    names = sorted({frame.file.name for members in crowded for _, frame in members})
    return say(
        "Several images lie at the same position ({places} mm along the normal) and nothing tells them apart: {names}.",
        places=places + (", ..." if len(crowded) > _NAMED else ""),
        names=", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else ""),
    )
