"""A small study whose cases are prepared without files of a scanner, and a scripted reader for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from napari_vcf.geometry import Grid
from napari_vcf.reading import ITEMS, Reading
from napari_vcf.reading.case import image_id
from napari_vcf.reading.masks import GridRecord
from napari_vcf.study import StageSession, create_study, protocol_template
from napari_vcf.study.hashed_files import write_record
from napari_vcf.study.prepared_case import CaseRecord, ImageRecord, PartRecord, VolumeRecord, sha256_of_array
from napari_vcf.study.study_folder import default_key

SAGITTAL = {"column_direction": (0, 1, 0), "row_direction": (0, 0, -1), "slice_direction": (1, 0, 0)}
AXIAL = {"column_direction": (1, 0, 0), "row_direction": (0, 1, 0)}
CT_GRID = Grid.from_axes((20, 20, 20), origin_lps=(-100, -100, -100), spacing_mm=(10.0, 10.0, 10.0), **AXIAL)
MR_GRID = Grid.from_axes((9, 20, 20), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 10.0, 10.0), **SAGITTAL)
ADC_GRID = Grid.from_axes((9, 40, 40), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 5.0, 5.0), **SAGITTAL)


class Clock:
    """A clock that the test sets; it ticks once a second."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def image(salt: str, role: str, grid: Grid, unit: str | None) -> tuple[ImageRecord, np.ndarray]:
    data = np.random.default_rng(7).uniform(500, 1500, grid.shape).astype(np.float32)
    record = ImageRecord(
        image=image_id(salt, role),
        modality="CT" if role == "CT" else "MR",
        role=role,
        role_evidence="test",
        role_given=False,
        grid=GridRecord.of(grid),
        volumes=(VolumeRecord(kind="magnitude", data_sha256=sha256_of_array(data)),),
        unit=unit,
        unit_evidence="test",
        corrections=(),
        measurable=True,
        not_measurable_reason="",
        frame_of_reference=None,
    )
    return record, data


def write_case(folder: Path, *, salt: str = "0" * 32, adc_unit: str | None = "um2/s") -> None:
    """What preparation would leave of a case with CT, T2 and ADC."""
    folder.mkdir(parents=True)
    parts = {
        "ct": [image(salt, "CT", CT_GRID, "HU")],
        "mr": [image(salt, "T2", MR_GRID, "signal"), image(salt, "ADC", ADC_GRID, adc_unit)],
        "other": [],
    }
    for part, found in parts.items():
        for record, data in found:
            (folder / part).mkdir(exist_ok=True)
            np.save(folder / part / f"{record.image}-0.npy", data)
        write_record(
            folder / f"{part}.json",
            PartRecord(case=folder.name, part=part, images=tuple(record for record, _ in found)),
        )
    record = CaseRecord(
        case=folder.name,
        salt=salt,
        source="0" * 64,
        parts={part: len(found) for part, found in parts.items()},
        lacks=(),
        remarks=(),
        refused=0,
    )
    write_record(folder / "case.json", record)


def protocol_text(**changes: object) -> str:
    """The template with some decisions changed."""
    lines = protocol_template().splitlines()
    for key, value in changes.items():
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[place] = f"{key} = {json.dumps(value)}"
    return "\n".join(lines) + "\n"


def make_study(
    folder: Path,
    *,
    cases: int = 2,
    readers: tuple[str, ...] = ("R1", "R2"),
    seed: int = 1,
    prepared: bool = True,
    adc_unit: str | None = "um2/s",
    **protocol: object,
) -> Path:
    """A study folder; the sources are empty stand-ins."""
    images, rules = folder / "images", folder / "protocol.toml"
    for number in range(cases):
        (images / f"Doe_Jane_{number}").mkdir(parents=True)
    rules.write_text(protocol_text(**protocol), encoding="utf-8")
    root = folder / "study"
    record = create_study(root, protocol=rules, readers=readers, seed=seed, images=[images])
    if prepared:
        salts = json.loads(default_key(root).read_text(encoding="utf-8"))["cases"]
        for case in record.cases:
            write_case(root / "cases" / case, salt=salts[case]["salt"], adc_unit=adc_unit)
    return root


def gestures(session: StageSession, value: int = 0) -> list[Callable[[], object]]:
    """Everything that a reader does in a stage, one call for each gesture, each of which may be made twice."""
    reading, stage = session.reading, session.stage
    by_role = {found.series.role.value: found.id for found in reading.case.images.values()}
    calls: list[Callable[[], object]] = [lambda: reading.set_spine("L1")]
    for level, z, heights in (("T12", 40.0, (30, 30, 30)), ("L1", 0.0, (15, 20, 25)), ("L2", -40.0, (30, 30, 30))):
        for position, y, height in zip(("anterior", "middle", "posterior"), (-15.0, 0.0, 15.0), heights, strict=True):
            calls.append(
                lambda level=level, position=position, y=y, z=z, height=height: reading.place_caliper(
                    stage=stage,
                    level=level,
                    position=position,
                    image=by_role["CT" if stage == "ct" else "T2"],
                    start_lps=(0.0, y, z + height / 2),
                    end_lps=(0.0, y, z - height / 2),
                )
            )
    for level in ("T12", "L2"):
        calls.append(lambda level=level: reading.set_reference(stage, level, "intact"))
    if stage != "ct":
        calls += _on_mri(reading, stage, by_role)
    for key in reading.asked(stage):
        values = ITEMS[key].values
        if values:
            calls.append(lambda key=key, values=values: reading.answer(stage, key, values[value % len(values)]))
    return calls


def _on_mri(reading: Reading, stage: str, by_role: dict[str, str]) -> list[Callable[[], object]]:
    body, lesion = np.zeros(MR_GRID.shape, bool), np.zeros(MR_GRID.shape, bool)
    body[3:6, 9:13, 8:12] = True
    lesion[3:6, 9:13, 8:10] = True
    calls: list[Callable[[], object]] = [lambda: reading.set_masks(stage, by_role["T2"], body, lesion)]
    for tissue, level, z in (("lesion", "L1", 0.0), ("normal", "L2", -40.0)):
        for number in (1, 2, 3):
            calls.append(
                lambda tissue=tissue, level=level, z=z, number=number: reading.place_roi(
                    stage=stage,
                    tissue=tissue,
                    placement=number,
                    level=level,
                    image=by_role["ADC"],
                    rectangle=reading.roi_rectangle((-0.8, number, z), (0, 1, 0), (0, 0, -1)),
                )
            )
    return calls


def read_stage(session: StageSession, value: int = 0) -> None:
    """Read a stage to its end and sign it."""
    for gesture in gestures(session, value):
        gesture()
    session.seal()
