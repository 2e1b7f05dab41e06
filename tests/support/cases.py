"""A small case in memory, for tests of the record that need no files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from napari_vcf.dicom import Role, Scan, Series, VolumeInfo
from napari_vcf.geometry import Grid, Rectangle, Volume
from napari_vcf.reading import Case, Protocol, Reading

SAGITTAL = {"column_direction": (0, 1, 0), "row_direction": (0, 0, -1), "slice_direction": (1, 0, 0)}


def series(role: Role, grid: Grid, unit: str | None = "signal", **changes: Any) -> Series:
    """A series without files behind it."""
    values: dict[str, Any] = {
        "key": f"1.2.3.{role.value}",
        "series_instance_uid": f"1.2.3.{role.value}",
        "modality": "CT" if role is Role.CT else "MR",
        "description": "",
        "role": role,
        "role_evidence": "test",
        "grid": grid,
        "volumes": (VolumeInfo("ct" if role is Role.CT else "magnitude"),),
        "unit": unit,
        "unit_evidence": "test",
        "corrections": (),
        "measurable": True,
        "not_measurable_reason": "",
        "frame_of_reference_uid": None,
        "stack": None,
        "scale": None,
        **changes,
    }
    return Series(**values)


class MemoryCase(Case):
    """A case whose voxels are made, not read."""

    def volume(self, image: str, index: int = 0, **_: Any) -> Volume:
        found = self.image(image).series
        data = np.random.default_rng(7).uniform(500, 1500, found.grid.shape).astype(np.float32)
        return Volume(found.grid, data, found.unit or "unknown")


def memory_case(**changes: Any) -> MemoryCase:
    """CT, T1, T2 and ADC of a 200 mm field; ``changes`` go to the ADC's series."""
    ct = Grid.from_axes(
        (40, 100, 100),
        origin_lps=(-100, -100, -100),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(5.0, 2.0, 2.0),
    )
    mr = Grid.from_axes((9, 100, 100), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 2.0, 2.0), **SAGITTAL)
    adc = Grid.from_axes((9, 80, 80), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 2.5, 2.5), **SAGITTAL)
    found = (
        series(Role.CT, ct, "HU"),
        series(Role.T1, mr, "signal"),
        series(Role.T2, mr, "signal"),
        series(Role.ADC, **{"grid": adc, "unit": "um2/s", **changes}),
    )
    return MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32)


def clock() -> Callable[[], datetime]:
    """A clock that ticks once a second, so that exports are reproducible."""
    now = [datetime(2026, 1, 1, tzinfo=UTC)]

    def tick() -> datetime:
        now[0] += timedelta(seconds=1)
        return now[0]

    return tick


def asked_again(**decisions: Any) -> Protocol:
    """The default protocol as it was first: both examinations together are asked again for what each shows."""
    asked = {stage: Protocol(stages=(stage,)).stage_items[stage] for stage in ("ct", "mri", "combined")}
    return Protocol(**{"version": "1", "stage_items": asked, **decisions})


def new_reading(case: Case | None = None, **options: Any) -> Reading:
    """A reading with the fractured vertebra named."""
    reading = Reading(case or memory_case(), study="S1", reader="R1", clock=clock(), **options)
    reading.set_spine("L1")
    return reading


def image(reading: Reading, role: Role) -> str:
    """The record's name of the first image of a role."""
    return reading.case.with_role(role)[0].id


def measure_heights(reading: Reading, stage: str = "combined", role: Role = Role.T2) -> None:
    """Place nine calipers: L1 15/20/25 mm, T12 and L2 30 mm throughout."""
    for level, z, heights in (("T12", 40.0, (30, 30, 30)), ("L1", 0.0, (15, 20, 25)), ("L2", -40.0, (30, 30, 30))):
        for position, y, height in zip(("anterior", "middle", "posterior"), (-15.0, 0.0, 15.0), heights, strict=True):
            reading.place_caliper(
                stage=stage,
                level=level,
                position=position,
                image=image(reading, role),
                start_lps=(-0.8, y, z + height / 2),
                end_lps=(-0.8, y, z - height / 2),
            )
    for level in ("T12", "L2"):
        reading.set_reference(stage, level, "intact")


def body_masks(reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """A body of 3 x 10 x 10 voxels, 60 % of it lesion."""
    shape = reading.case.with_role(Role.T2)[0].series.grid.shape
    body, lesion = np.zeros(shape, bool), np.zeros(shape, bool)
    body[3:6, 45:55, 45:55] = True
    lesion[3:6, 45:51, 45:55] = True
    return body, lesion


def rectangle(reading: Reading, y: float = 0.0, z: float = 0.0, angle: float = 0.0) -> Rectangle:
    """The ROI on the fifth slice of the ADC map."""
    return reading.roi_rectangle((-0.8, y, z), (0, 1, 0), (0, 0, -1)).rotated(angle)


def place_rois(reading: Reading, stage: str = "combined") -> None:
    """Three placements each in L1 and in L2."""
    for tissue, level, z in (("lesion", "L1", 0.0), ("normal", "L2", -40.0)):
        for n in (1, 2, 3):
            reading.place_roi(
                stage=stage,
                tissue=tissue,
                placement=n,
                level=level,
                image=image(reading, Role.ADC),
                rectangle=rectangle(reading, y=float(n), z=z, angle=5.0 * n),
            )


def answer_all(reading: Reading, stage: str) -> None:
    """Answer every item of a stage that is not measured with its first value."""
    from napari_vcf.reading import ITEMS

    for key in reading.asked(stage):
        if not ITEMS[key].measured:
            reading.answer(stage, key, ITEMS[key].values[0])


def complete_reading(**options: Any) -> Reading:
    """A reading in which nothing is missing in any stage."""
    reading = new_reading(**options)
    measure_heights(reading, "ct", Role.CT)
    for stage in ("mri", "combined"):
        measure_heights(reading, stage)
        reading.set_masks(stage, image(reading, Role.T2), *body_masks(reading))
        place_rois(reading, stage)
    for stage in ("ct", "mri", "combined"):
        answer_all(reading, stage)
    return reading
