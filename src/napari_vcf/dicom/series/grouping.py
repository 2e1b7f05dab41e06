"""From slices to volumes to stacks: what lies on one grid belongs together, whatever the series UID says.

A series may hold several orientations (localizers), several volumes at the same positions (b-values, directions,
echoes, magnitude and phase, repetitions), and maps computed from them. A stack is one set of slice positions with all
of its volumes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from napari_vcf.dicom.files.diffusion import ZERO_B_LIMIT
from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.series.layout import SAME_POSITION_MM, along_normal, layout_of, runs_of
from napari_vcf.dicom.series.separation import (
    Slotted,
    by_frame_of_reference,
    reconstructions,
    slotted,
    without_duplicates,
)
from napari_vcf.dicom.series.stack import Stack, StackVolume
from napari_vcf.language import joined, say

__all__ = ["stacks_of"]

_DIRECTION_TOLERANCE: Final = 1e-3
_SPACING_TOLERANCE: Final = 1e-4
#: Maps have units of their own, so that each makes a stack of its own.
_MAPS: Final = frozenset({"adc", "eadc", "fa", "map"})
_KIND_ORDER: Final = ("ct", "magnitude", "water", "in-phase", "b", "trace", "phase", "real", "imaginary")


def stacks_of(frames: Iterable[Frame]) -> list[Stack]:
    """Group slices to stacks.

    Parameters
    ----------
    frames : iterable of Frame
        Slices of any number of series.

    Returns
    -------
    list of Stack
        In a fixed order for the same slices.
    """
    apart: dict[tuple[str, str, str], dict[tuple[int, int], list[Frame]]] = defaultdict(lambda: defaultdict(list))
    for frame in frames:
        file = frame.file
        apart[file.series_uid, file.modality, _family(frame)][frame.shape].append(frame)
    by_series: dict[Hashable, list[Stack]] = defaultdict(list)
    for (series_uid, modality, _), sizes in apart.items():
        found: list[Stack] = []
        for group in sizes.values():
            for parallel in _parallel(group):
                for in_frame, remark in by_frame_of_reference(parallel):
                    for members, note in reconstructions(in_frame):
                        found.extend(_stacks_of_parallel(members, [*filter(None, (remark, note))]))
        echoes = [echo for stack in found for echo in _echoes(stack)]
        by_series[series_uid, modality].extend(_other_pixels_named(echoes))
    return [stack for stacks in by_series.values() for stack in _other_kinds_named(stacks)]


def _echoes(stack: Stack) -> list[Stack]:
    """Each echo of a multi-echo acquisition by itself: one may be T2-weighted and the other not.

    Echoes with phase images, which make a field map of them, stay together.
    """
    parts: dict[float | None, list[StackVolume]] = defaultdict(list)
    for volume in stack.volumes:
        frames = volume.frames
        if any(frame.kind != "magnitude" or frame.echo_time_ms != frames[0].echo_time_ms for frame in frames):
            return [stack]
        parts[frames[0].echo_time_ms].append(volume)
    times = tuple(sorted(time for time in parts if time))
    if len(times) < 2 or len(times) < len(parts):
        return [stack]
    echoes: list[Stack] = []
    for time in times:
        note = say("One of {count} echoes taken together: TE {time:g} ms.", count=len(times), time=time)
        echoes.append(replace(stack, volumes=tuple(parts[time]), notes=(*stack.notes, note), echo_times_ms=times))
    return echoes


def _other_pixels_named(stacks: list[Stack]) -> list[Stack]:
    """Name in each stack the parallel images of its series that have another size or pixel spacing."""
    named: list[Stack] = []
    for stack in stacks:
        first = stack.first
        counts: dict[str, int] = defaultdict(int)
        for other in stacks:
            theirs = other.first
            if np.abs(np.subtract(theirs.orientation, first.orientation)).max() > _DIRECTION_TOLERANCE:
                continue
            if theirs.shape != first.shape:
                what = say("size ({rows} x {columns})", rows=theirs.shape[0], columns=theirs.shape[1])
            elif np.abs(np.divide(theirs.pixel_spacing, first.pixel_spacing) - 1).max() > _SPACING_TOLERANCE:
                down, across = theirs.pixel_spacing
                what = say("pixel spacing ({down:g} x {across:g} mm)", down=down, across=across)
            else:
                continue
            counts[what] += sum(len(volume.frames) for volume in other.volumes)
        named.append(_with_those_apart(stack, counts))
    return named


def _family(frame: Frame) -> str:
    """Which map a slice belongs to; empty for images."""
    return frame.kind if frame.kind in _MAPS else ""


def _other_kinds_named(stacks: list[Stack]) -> list[Stack]:
    """Name in each stack of a series the parallel slices of another map that lie where it has none.

    Maps and the images that they were computed from lie at the same positions. Slices that complete each other are one
    acquisition, of which some headers say something else than the others.
    """
    if len({_family(stack.first) for stack in stacks}) == 1:
        return stacks
    named: list[Stack] = []
    for stack in stacks:
        counts: dict[str, int] = defaultdict(int)
        for other in stacks:
            if _family(other.first) != _family(stack.first) and _complete_each_other(stack, other):
                kinds = {volume.frames[0].kind for volume in other.volumes}
                what = say("kind ({kind})", kind=", ".join(sorted(kinds)))
                counts[what] += sum(len(volume.frames) for volume in other.volumes)
        named.append(_with_those_apart(stack, counts))
    return named


def _complete_each_other(stack: Stack, other: Stack) -> bool:
    frames, theirs = stack.volumes[0].frames, other.volumes[0].frames
    same = (
        frames[0].shape == theirs[0].shape
        and np.abs(np.subtract(frames[0].orientation, theirs[0].orientation)).max() <= _DIRECTION_TOLERANCE
        and np.abs(np.divide(frames[0].pixel_spacing, theirs[0].pixel_spacing) - 1).max() <= _SPACING_TOLERANCE
    )
    if not same:
        return False
    slots = {id(frame): slot for slot, frame in slotted([*frames, *theirs])}
    return {slots[id(frame)] for frame in frames}.isdisjoint(slots[id(frame)] for frame in theirs)


def _with_those_apart(stack: Stack, counts: dict[str, int]) -> Stack:
    """A stack with the number of images that stand apart from it, by what sets them apart."""
    notes = tuple(
        say("{count} images of the same series have another {what} and stand apart.", count=count, what=what)
        if count > 1
        else say("1 image of the same series has another {what} and stands apart.", what=what)
        for what, count in counts.items()
    )
    if not notes:
        return stack
    layout = stack.layout
    if layout.reason:
        # What stands apart is most often what is missing here.
        layout = replace(layout, reason=joined(" ", (layout.reason, *notes)))
    return replace(stack, layout=layout, notes=stack.notes + notes)


def _parallel(frames: list[Frame]) -> list[list[Frame]]:
    """Slices by orientation and pixel spacing."""
    exact: dict[tuple[tuple[float, ...], tuple[float, ...]], list[Frame]] = defaultdict(list)
    for frame in frames:
        exact[frame.orientation, frame.pixel_spacing].append(frame)
    merged: list[tuple[np.ndarray, np.ndarray, list[Frame]]] = []
    for (orientation, spacing), members in sorted(exact.items(), key=lambda entry: -len(entry[1])):
        directions, steps = np.asarray(orientation), np.asarray(spacing)
        for known, known_steps, found in merged:
            same_plane = np.abs(known - directions).max() <= _DIRECTION_TOLERANCE
            if same_plane and np.abs(known_steps / steps - 1).max() <= _SPACING_TOLERANCE:
                found.extend(members)
                break
        else:
            merged.append((directions, steps, list(members)))
    return [members for _, _, members in merged]


def _stacks_of_parallel(frames: list[Frame], notes: list[str]) -> list[Stack]:
    placed = slotted(frames)
    depths = along_normal([frame for _, frame in placed]).tolist()
    depth_of = {slot: depth for (slot, _), depth in zip(placed, depths, strict=True)}
    runs = runs_of(np.array([depth_of[slot] for slot in sorted(depth_of)]))
    stacks: list[Stack] = []
    for number, run in enumerate(runs, start=1):
        part = say(
            "Part {number} of {count}: the slices of the series lie in groups with wide gaps between them.",
            number=number,
            count=len(runs),
        )
        members = [(slot, frame) for slot, frame in placed if run.start <= slot < run.stop]
        stacks.extend(_stacks_of_run(members, [*notes, part] if len(runs) > 1 else [*notes]))
    return stacks


def _stacks_of_run(placed: Slotted, notes: list[str]) -> list[Stack]:
    problems: list[str] = []
    volumes: list[Slotted] = []
    for group in _by_meaning(placed, notes):
        volumes.extend(without_duplicates(group, problems, notes))
    by_slots: dict[frozenset[int], list[Slotted]] = defaultdict(list)
    for volume in volumes:
        by_slots[frozenset(slot for slot, _ in volume)].append(volume)
    stacks: list[Stack] = []
    for members in sorted(by_slots.values(), key=lambda entry: -len(entry[0])):
        ordered = sorted(members, key=_volume_order)
        content = tuple(
            StackVolume(tuple(frame for _, frame in sorted(volume, key=lambda entry: entry[0]))) for volume in ordered
        )
        stacks.append(Stack(_numbered(content), layout_of(content[0].frames), tuple(problems), tuple(notes)))
    return _marked_partial(stacks)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _by_meaning(placed: Slotted, notes: list[str]) -> list[Slotted]:
    """Slices by what they show: kind, b-value, then echo time, direction, inversion time."""
    essential: dict[Hashable, Slotted] = defaultdict(list)
    for slot, frame in placed:
        essential[frame.kind, _rounded(frame.diffusion.b_value, 4)].append((slot, frame))
    groups: list[Slotted] = []
    for group in essential.values():
        finer: dict[Hashable, Slotted] = defaultdict(list)
        for slot, frame in group:
            direction = frame.diffusion.direction
            # Directions of b = 0 images mean nothing, and some writers leave them in.
            turned = direction if direction is not None and frame.diffusion.weighted else ()
            finer[
                _rounded(frame.echo_time_ms, 3),
                tuple(round(part, 3) + 0.0 for part in turned),
                _rounded(frame.inversion_time_ms, 1),
            ].append((slot, frame))
        if len(finer) > 1 and len({slot for slot, _ in group}) == len(group):
            notes.append(
                say("Echo time, inversion time or diffusion direction differ between the slices of one volume.")
            )
            groups.append(group)
        else:
            groups.extend(finer.values())
    return groups


def _volume_order(volume: Slotted) -> tuple[object, ...]:
    frame = volume[0][1]
    kind = _KIND_ORDER.index(frame.kind) if frame.kind in _KIND_ORDER else len(_KIND_ORDER)
    b_value = frame.diffusion.b_value or 0.0
    zero = 0 if b_value < ZERO_B_LIMIT else 1
    echo = frame.echo_time_ms or 0.0
    first = min(entry.order for _, entry in volume)
    if frame.kind in ("b", "magnitude"):
        kind = _KIND_ORDER.index("b") if frame.diffusion.b_value is not None else kind
    return (kind, zero, b_value, echo, first, frame.file.name)


def _numbered(volumes: Sequence[StackVolume]) -> tuple[StackVolume, ...]:
    """Number the volumes that differ in nothing but time."""
    seen: dict[Hashable, int] = defaultdict(int)
    numbered: list[StackVolume] = []
    for volume in volumes:
        frame = volume.frames[0]
        key = (frame.kind, frame.diffusion.b_value, frame.diffusion.direction, frame.echo_time_ms)
        numbered.append(StackVolume(volume.frames, repetition=seen[key]))
        seen[key] += 1
    return tuple(numbered)


def _marked_partial(stacks: list[Stack]) -> list[Stack]:
    """Name the stacks that hold only part of the positions of a fuller one."""
    full = stacks[0]
    positions = {round(depth / SAME_POSITION_MM) for depth in along_normal(full.volumes[0].frames).tolist()}
    marked = [full]
    for stack in stacks[1:]:
        here = {round(depth / SAME_POSITION_MM) for depth in along_normal(stack.volumes[0].frames).tolist()}
        note: tuple[str, ...] = ()
        if here < positions:
            note = (
                say(
                    "Incomplete: {here} of the {positions} slice positions that other volumes have.",
                    here=len(here),
                    positions=len(positions),
                ),
            )
        marked.append(replace(stack, notes=stack.notes + note))
    return marked
