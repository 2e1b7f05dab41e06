"""Random damage to DICOM files, and the question afterwards: was it read right, or was it said that it was not?

DICOM has no checksum over its pixels: a byte flipped among uncompressed ones leaves a file that is valid in every
respect, and so can one in a compressed or deflated stream. No reader can know it. There, pixels may differ; place,
size, scale and meaning may not. Everywhere else (headers, and cuts anywhere) nothing may differ unsaid.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from napari_vcf.dicom import DicomError, Scan, Series, load_volume, scan_folder
from napari_vcf.dicom.files.elements import read_raw_header
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.geometry import Volume
from support.dicomfiles import (
    SAGITTAL,
    EnhancedFrame,
    compress,
    enhanced_dataset,
    parametric_map,
    ramp,
    save,
    slice_dataset,
    write_series,
)

#: A damaged file that keeps the reader busy for longer is a hang.
PATIENCE_S = 20.0
_COMPRESSED = {"rle": RLELossless, "j2k": JPEG2000Lossless, "jls": JPEGLSLossless, "jpeg": JPEGLosslessSV1}
#: Bases whose pixels lie in a stream without a checksum.
_STREAMS = ("deflated", *_COMPRESSED)

_Content: TypeAlias = "tuple[Series, list[Volume]]"


@dataclass
class Outcome:
    """What became of many damaged folders."""

    trials: int = 0
    refused: int = 0
    said: int = 0
    unchanged: int = 0
    silent: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)


def make_bases(folder: Path) -> list[Path]:
    """Folders of sound files, each with one series in another encoding."""

    def ct(_: int, dataset: Dataset) -> None:
        dataset.PixelPaddingValue = -2000

    spine = {"RepetitionTime": 500, "EchoTime": 10, "ScanningSequence": "SE", "SpacingBetweenSlices": 4.8}
    write_series(folder / "mr", 6, orientation=SAGITTAL, step=(4.8, 0, 0), **spine)
    write_series(folder / "ct", 6, modality="CT", edit=ct, RescaleType="HU")
    write_series(folder / "implicit", 5, transfer_syntax=ImplicitVRLittleEndian, **spine)
    write_series(folder / "deflated", 4, transfer_syntax=DeflatedExplicitVRLittleEndian, **spine)
    for b_value in (0, 800):
        write_series(folder / "dwi", 4, DiffusionBValue=float(b_value), prefix=f"b{b_value}_")
    frames = [EnhancedFrame(ramp(n + 9 * (b > 0)), (0, 0, 3.0 * n), b_value=b) for n in range(4) for b in (0.0, 800.0)]
    save(enhanced_dataset(frames), folder / "enhanced" / "e")
    adc = np.random.default_rng(0).uniform(5e-4, 3e-3, (4, 12, 20)).astype(np.float32)
    save(parametric_map(adc, "mm2/s"), folder / "map" / "m")
    for name, syntax in _COMPRESSED.items():
        for number in range(4):
            dataset = slice_dataset(ramp(number, 32, 32).astype(np.uint16), (0, 0, 3.0 * number), instance=number)
            compress(dataset, syntax)
            save(dataset, folder / name / f"c{number}", syntax)
    return sorted(folder.iterdir())


def damaged(content: bytes, limit: int, rng: np.random.Generator) -> tuple[str, bytes]:
    """One file, damaged: kind of damage and new content; bytes from ``limit`` on stay as they are, or are cut off."""
    kind = str(rng.choice(["flip", "flips", "cut", "zeros", "swap", "insert", "remove"]))
    data = bytearray(content)
    place = int(rng.integers(0, max(limit, 1)))
    if kind == "flip":
        data[place] ^= 1 << int(rng.integers(0, 8))
    elif kind == "flips":
        for position in rng.integers(0, limit, int(rng.integers(2, 12))):
            data[position] = int(rng.integers(0, 256))
    elif kind == "cut":
        data = data[: int(rng.integers(0, len(data)))]
    elif kind == "zeros":
        size = min(int(rng.integers(1, 40)), limit - place)
        data[place : place + size] = bytes(size)
    elif kind == "swap":
        other = int(rng.integers(0, max(limit - 8, 1)))
        place = min(place, max(limit - 8, 0))
        data[place : place + 4], data[other : other + 4] = data[other : other + 4], data[place : place + 4]
    elif kind == "insert":
        data[place:place] = rng.bytes(int(rng.integers(1, 9)))
    else:
        del data[place : place + int(rng.integers(1, 9))]
    return kind, bytes(data)


def _content(scan: Scan) -> list[_Content]:
    return [(series, [load_volume(series, index) for index in range(len(series.volumes))]) for series in scan.series]


def _meaning(series: Series) -> tuple[object, ...]:
    assert isinstance(series.stack, Stack)
    # A damaged last digit of a time or b-value changes nothing that anybody could measure.
    volumes = [
        replace(info, echo_time_ms=round(info.echo_time_ms or 0.0, 3), b_value=round(info.b_value or 0.0, 3))
        for info in series.volumes
    ]
    intensities = [frame.intensity for volume in series.stack.volumes for frame in volume.frames]
    return series.role, series.unit, volumes, [(entry.slope, entry.intercept) for entry in intensities]


def _same(first: _Content, second: _Content, *, pixels: bool) -> bool:
    (one, volumes), (other, others) = first, second
    return (
        one.grid.shape == other.grid.shape
        and one.grid.is_close_to(other.grid, tolerance_mm=0.06)
        and _meaning(one) == _meaning(other)
        and (not pixels or all(np.array_equal(a.data, b.data) for a, b in zip(volumes, others, strict=True)))
    )


def fuzz(folder: Path, trials: int, seed: int, *, seconds: float = float("inf")) -> Outcome:
    """Damage one file of one series, read the folder, and compare with the sound one; many times over."""
    rng = np.random.default_rng(seed)
    outcome = Outcome()
    bases = make_bases(folder / "bases")
    sound = {base: _content(scan_folder(base)) for base in bases}
    started = time.monotonic()
    for trial in range(trials):
        if time.monotonic() - started > seconds:
            break
        base = bases[trial % len(bases)]
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, work)
        files = sorted(work.iterdir())
        victim = files[int(rng.integers(0, len(files)))]
        content = victim.read_bytes()
        raw = read_raw_header(victim)
        native = base.name not in _STREAMS
        kind, broken = damaged(content, raw.pixel_offset if native else len(content), rng)
        victim.write_bytes(broken)
        began = time.monotonic()
        _judge(outcome, f"{base.name} {kind} trial {trial}", work, sound[base], pixels=native)
        outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - began)
        outcome.trials += 1
        outcome.kinds[kind] += 1
    return outcome


def _judge(outcome: Outcome, name: str, work: Path, sound: list[_Content], *, pixels: bool) -> None:
    scan = scan_folder(work)
    try:
        found = _content(scan)
    except DicomError:
        outcome.refused += 1
        return
    if scan.refused:
        outcome.refused += 1
    elif any(series.corrections or not series.measurable or series.scale.contradictory for series in scan.series):
        outcome.said += 1
    elif len(found) == len(sound) and all(_same(a, b, pixels=pixels) for a, b in zip(found, sound, strict=True)):
        outcome.unchanged += 1
    else:
        outcome.silent.append(name)
