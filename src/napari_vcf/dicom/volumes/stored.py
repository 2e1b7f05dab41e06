"""Volumes as the files hold them: pixels in parallel, to real values, onto the delivered grid."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import DicomError, PixelError
from napari_vcf.dicom.files.frames import Frame
from napari_vcf.dicom.files.intensity import RealWorldMap
from napari_vcf.dicom.files.pixels import FrameReader
from napari_vcf.dicom.files.volumefile import VolumeFile
from napari_vcf.dicom.series.layout import Layout
from napari_vcf.dicom.series.model import Series
from napari_vcf.dicom.series.stack import StackVolume
from napari_vcf.dicom.series.units import ValueScale
from napari_vcf.errors import CancelledError
from napari_vcf.geometry import Volume
from napari_vcf.language import say

__all__ = ["UNKNOWN_UNIT", "Cancelled", "Progress", "check_decodable", "load_stored", "native_mean"]

#: progress(done, total, what)
Progress = Callable[[int, int, str], None]
#: Polled between slices; True stops the work.
Cancelled = Callable[[], bool]

#: Unit of a volume of an ADC map whose unit has not been given.
UNKNOWN_UNIT = "unknown"

_T = TypeVar("_T")
#: Real values and, where there is any, padding.
_Slice: TypeAlias = "tuple[NDArray[np.float32], NDArray[np.bool_] | None]"


def load_stored(
    series: Series, index: int = 0, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> Volume:
    """Read one volume of a series from its files; parameters, result and errors are those of `loading.load_volume`."""
    if not 0 <= index < len(series.volumes):
        raise DicomError(
            say(
                "The series has {volumes} volumes; there is no number {index}.",
                volumes=len(series.volumes),
                index=index,
            )
        )
    unit = series.unit or UNKNOWN_UNIT
    stack = series.stack
    if isinstance(stack, VolumeFile):
        values = stack.read(index)
        holes = ~np.isfinite(values)
        values[holes] = 0.0
        return Volume(series.grid, values * np.float32(series.scale.factor), unit, holes if holes.any() else None)
    data = np.zeros(series.grid.shape, dtype=np.float32)
    padding = _fill(data, stack.volumes[index], stack.layout, series.scale, progress, cancelled)
    return Volume(series.grid, data, unit, padding)


def check_decodable(series: Series) -> None:
    """Decode the first frame of a series whose pixels are compressed; of others, read nothing.

    Raises
    ------
    PixelError
        If it cannot be decoded; names the file.
    """
    if isinstance(series.stack, VolumeFile):
        return
    frame = series.stack.first
    if frame.file.layout.length < 0:
        FrameReader().read(frame.file, frame.index)


def native_mean(
    series: Series, index: int, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> float:
    """Mean over all voxels of a volume as the scanner stored them, in the unit of the series.

    Voxels added by a resampling do not count, and padding is not left out, so that it is the mean that any other reader
    finds.

    Returns
    -------
    float

    Raises
    ------
    PixelError
        If pixels cannot be read, or none is a number; names the file.
    """
    if isinstance(series.stack, VolumeFile):
        values = series.stack.read(index).astype(np.float64)
        finite = values[np.isfinite(values)]
        if not finite.size:
            raise PixelError(series.stack.name, say("none of its voxels holds a number."))
        return float(finite.mean()) * series.scale.factor
    volume = series.stack.volumes[index]
    total, count = 0.0, 0

    def prepare(_: int, frame: Frame, stored: NDArray[Any]) -> tuple[float, int]:
        if len(_maps_of(frame, series.scale)) > 1:
            # What is no number has become 0, and counts neither here nor below.
            number = int(np.isfinite(stored).sum())
            return float(_real_values(stored, frame, series.scale)[0].sum(dtype=np.float64)), number
        slope, intercept = _scaling(frame, series.scale)
        stored = _through_table(stored, frame, series.scale)
        if stored.dtype.kind == "f":
            numbers = stored[np.isfinite(stored)]
            return slope * float(numbers.sum(dtype=np.float64)) + intercept * numbers.size, numbers.size
        # Sums of whole numbers are exact, so the mean has no rounding but the last.
        return slope * int(stored.sum(dtype=np.int64)) + intercept * stored.size, stored.size

    for done, (part, size) in enumerate(_prepared_slices(volume.frames, prepare, cancelled), start=1):
        total += part
        count += size
        if progress is not None:
            progress(done, len(volume.frames), say("reading slices"))
    if not count or not np.isfinite(total):
        name = volume.frames[0].file.name
        raise PixelError(
            name, say("its values are too large for numbers.") if count else say("none of its pixels is a number.")
        )
    return total / count


def _fill(
    data: NDArray[np.float32],
    volume: StackVolume,
    layout: Layout,
    scale: ValueScale,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> NDArray[np.bool_] | None:
    """Fill the delivered grid, which begins as zeros; returns where it holds no measurement, if anywhere."""
    frames = volume.frames
    targets = _targets(layout, len(frames))
    absent = sorted(set(range(data.shape[0])) - {target for entry in targets for target, _ in entry})
    # Most slices go to one place each: the worker that reads one writes it there, and the voxels are touched once.
    places = [
        data[entry[0][0]] if layout.shifts is None and layout.blend is None and entry else None for entry in targets
    ]

    def prepare(position: int, frame: Frame, stored: NDArray[Any]) -> _Slice:
        place = places[position]
        return _real_values(stored, frame, scale, place if place is not None and place.shape == stored.shape else None)

    padding: NDArray[np.bool_] | None = None
    for position, (values, empty) in enumerate(_prepared_slices(frames, prepare, cancelled)):
        if layout.shifts is not None:
            values, empty = _shifted(values, empty, layout.shifts[position], data.shape[1:])
        for target, share in targets[position]:
            if share != 1.0:
                data[target] += np.float32(share) * values
            elif values is not places[position]:
                data[target] = values
            if empty is not None:
                padding = np.zeros(data.shape, dtype=np.bool_) if padding is None else padding
                padding[target] |= empty
        if progress is not None:
            progress(position + 1, len(frames), say("reading slices"))
    if absent:
        padding = np.zeros(data.shape, dtype=np.bool_) if padding is None else padding
        padding[absent] = True
        data[absent] = np.delete(data, absent, axis=0).min()
    return padding


def _targets(layout: Layout, count: int) -> list[list[tuple[int, float]]]:
    """Delivered slices that each native slice goes to, with its share in them."""
    if layout.blend is None:
        return [[(slot, 1.0)] for slot in layout.slots]
    targets: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for target, (lower, upper, weight) in enumerate(layout.blend):
        for source, share in ((lower, 1 - weight), (upper, weight)):
            if share > 0:
                targets[int(source)].append((target, float(share)))
    return targets


def _prepared_slices(
    frames: Sequence[Frame], prepare: Callable[[int, Frame, NDArray[Any]], _T], cancelled: Cancelled | None
) -> Iterator[_T]:
    """Each slice as stored, passed through `prepare` on a worker thread; in order, read a few slices ahead."""
    reader = FrameReader()

    def one(position: int) -> _T:
        frame = frames[position]
        stored = reader.read(frame.file, frame.index)
        if frame.tile is not None:
            row, column = frame.tile
            stored = stored[row : row + frame.shape[0], column : column + frame.shape[1]]
        return prepare(position, frame, stored)

    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        # A few slices ahead, never all of them: the memory stays that of the volume.
        ahead = [pool.submit(one, position) for position in range(min(2 * workers, len(frames)))]
        following = len(ahead)
        try:
            while ahead:
                if cancelled is not None and cancelled():
                    raise CancelledError(say("Reading was cancelled."))
                yield ahead.pop(0).result()
                if following < len(frames):
                    ahead.append(pool.submit(one, following))
                    following += 1
        finally:
            for waiting in ahead:
                waiting.cancel()


def _scaling(frame: Frame, scale: ValueScale) -> tuple[float, float]:
    """Slope and intercept from stored values of a slice to the unit of the series."""
    intensity = frame.intensity
    slope, intercept = intensity.slope, intensity.intercept
    maps = _maps_of(frame, scale)
    if maps:
        slope, intercept = maps[0].slope, maps[0].intercept
    return slope * scale.factor, intercept * scale.factor


def _through_table(stored: NDArray[Any], frame: Frame, scale: ValueScale) -> NDArray[Any]:
    """The values after the modality LUT, where there is one and no real-world value map takes its place."""
    lut = frame.intensity.lut
    return stored if lut is None or scale.map_unit else lut.of(stored)


def _maps_of(frame: Frame, scale: ValueScale) -> list[RealWorldMap]:
    """Real-world value maps of a slice in the unit of the series; none where the rescale serves."""
    if not scale.map_unit:
        return []
    found = [entry for entry in frame.intensity.maps if entry.unit == scale.map_unit]
    if not found:
        raise PixelError(
            frame.file.name,
            say("this slice has no real-world value map in {map_unit}, as the others have.", map_unit=scale.map_unit),
        )
    return found


def _by_range(
    values: NDArray[np.float32], stored: NDArray[Any], maps: Sequence[RealWorldMap], factor: float
) -> NDArray[np.bool_]:
    """Give each value the map whose range it lies in; True where it lies in none."""
    # The first map has been applied everywhere already.
    left: NDArray[np.bool_] = ~maps[0].holds_for(stored)
    for entry in maps[1:]:
        if not left.any():
            break
        here = left & entry.holds_for(stored)
        values[here] = stored[here] * np.float32(entry.slope * factor) + np.float32(entry.intercept * factor)
        left &= ~here
    return left


def _real_values(
    stored: NDArray[Any], frame: Frame, scale: ValueScale, place: NDArray[np.float32] | None = None
) -> _Slice:
    slope, intercept = _scaling(frame, scale)
    table = _through_table(stored, frame, scale)
    values = np.empty(table.shape, dtype=np.float32) if place is None else place
    with np.errstate(over="ignore"):  # what no single can hold is treated as no number
        # At most two steps, the second in place: no copy, and exact wherever slope and intercept are whole numbers.
        if slope != 1:
            np.multiply(table, np.float32(slope), out=values, dtype=np.float32, casting="unsafe")
            if intercept != 0:
                values += np.float32(intercept)
        elif intercept != 0:
            np.add(table, np.float32(intercept), out=values, dtype=np.float32, casting="unsafe")
        else:
            values[...] = table
    maps, padding = _maps_of(frame, scale), frame.intensity.padding
    floating = stored.dtype.kind == "f"
    if not maps and padding is None and not floating:
        return values, None
    empty = _by_range(values, stored, maps, scale.factor) if maps else np.zeros(stored.shape, dtype=np.bool_)
    if floating:
        voids = ~np.isfinite(values)
        values[voids] = 0.0
        empty |= voids
    if padding is not None:
        # Whole numbers are compared as such, which takes no copy in another type.
        whole = not floating and all(map(math.isfinite, padding))
        low, high = (math.ceil(padding[0]), math.floor(padding[1])) if whole else padding
        empty |= (stored >= low) & (stored <= high)
    return values, empty if empty.any() else None


def _shifted(
    values: NDArray[np.float32],
    empty: NDArray[np.bool_] | None,
    shift: NDArray[np.float64],
    shape: tuple[int, ...],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A slice moved by (rows, columns) on a larger canvas, linear; outside is padding with the slice's lowest value."""
    canvas = np.full(shape, values.min(), dtype=np.float32)
    hidden = np.ones(shape, dtype=np.bool_)
    whole = np.floor(shift + 1e-9).astype(int)
    part = shift - whole
    part[part < 1e-6] = 0.0
    rows, columns = values.shape
    blurred = values.astype(np.float64)
    holes = np.zeros(values.shape, dtype=np.bool_) if empty is None else empty
    for axis in (0, 1):
        if part[axis] > 0:
            # Value at target i is between source i and source i - 1; the two edge lines have one neighbour only.
            before = np.concatenate([np.take(blurred, [0], axis), blurred], axis)
            after = np.concatenate([blurred, np.take(blurred, [-1], axis)], axis)
            blurred = (1 - part[axis]) * after + part[axis] * before
            edge = np.ones_like(np.take(holes, [0], axis))
            holes = np.concatenate([edge, holes], axis) | np.concatenate([holes, edge], axis)
    rows, columns = blurred.shape
    window = (slice(whole[0], whole[0] + rows), slice(whole[1], whole[1] + columns))
    rows_left, columns_left = canvas[window].shape
    canvas[window] = blurred[:rows_left, :columns_left]
    hidden[window] = holes[:rows_left, :columns_left]
    return canvas, hidden
