"""Readings of many kinds on small DICOM files, exported: what the DICOM objects are made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading import ITEMS, Case, Protocol, Reading
from napari_vcf.registration import LEVEL_OPEN, RegistrationResult
from support.dicomfiles import EnhancedFrame, enhanced_dataset, ramp, save, write_series
from support.patients import UID, fill, write_patient

__all__ = ["MADE", "joined", "make"]


def _everything(reading: Reading) -> None:
    for stage in reading.protocol.stages:
        fill(reading, stage)


def _case(folder: Path, **protocol: Any) -> Reading:
    return Reading(
        Case.open(folder, pseudonym="C001"),
        study="S1",
        reader="R1",
        protocol=Protocol(**protocol) if protocol else None,
    )


def _whole(folder: Path) -> Reading:
    write_patient(folder)
    reading = _case(folder)
    _everything(reading)
    return reading


def _ct_only(folder: Path) -> Reading:
    write_series(
        folder, 10, modality="CT", pixel_spacing=(4.0, 5.0), SeriesInstanceUID=f"{UID}.1.1", PatientID="P", **_STUDY
    )
    reading = _case(folder, stages=("ct",))
    fill(reading, "ct")
    return reading


_STUDY = {"StudyInstanceUID": f"{UID}.1", "FrameOfReferenceUID": f"{UID}.1.9"}


def _turned(degrees: float) -> tuple[list[float], np.ndarray]:
    """A sagittal orientation turned about the vertical, and its slice step of 4.8 mm."""
    angle = np.radians(degrees)
    along = np.array([np.sin(angle), np.cos(angle), 0.0])
    down = np.array([0.0, 0.0, -1.0])
    return [*along, *down], 4.8 * np.cross(along, down)


def _oblique(folder: Path) -> Reading:
    orientation, step = _turned(11.0)
    common = {"orientation": orientation, "step": -step, "pixel_spacing": (4.0, 5.0), "PatientID": "P", **_STUDY}
    write_series(folder / "T2", SeriesInstanceUID=f"{UID}.1.3", ScanningSequence="SE", RepetitionTime=3000,
                 EchoTime=100, **common)  # fmt: skip
    write_series(folder / "ADC", SeriesInstanceUID=f"{UID}.1.4", ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"],
                 ScanningSequence="EP", RescaleSlope=1, RescaleIntercept=0, RescaleType="um2/s", **common)  # fmt: skip
    reading = _case(folder, stages=("mri",))
    fill(reading, "mri")
    return reading


def _enhanced(folder: Path) -> Reading:
    write_patient(folder)
    for path in (folder / "ADC").iterdir():
        path.unlink()
    frames = [
        EnhancedFrame(
            (ramp(number) + 500).astype(np.uint16),
            (-20.0 + 4.8 * number, 30.0, 40.0),
            frame_type=("DERIVED", "PRIMARY", "DIFFUSION", "ADC"),
            rescale_type="um2/s",
        )
        for number in range(5)
    ]
    dataset = enhanced_dataset(
        frames, orientation=(0, 1, 0, 0, 0, -1), pixel_spacing=(4.0, 5.0), PatientID="HOSP-4711-XY1",
        SeriesInstanceUID=f"{UID}.1.4", **_STUDY,
    )  # fmt: skip
    save(dataset, folder / "ADC" / "enhanced.dcm")
    reading = _case(folder)
    _everything(reading)
    return reading


def _six_lumbar(folder: Path) -> Reading:
    write_patient(folder)
    reading = _case(folder)
    for stage in reading.protocol.stages:
        fill(reading, stage, levels=("L4", "L5", "L6"))
    return reading


def _two_maps(folder: Path) -> Reading:
    write_patient(folder)
    common = {"PatientID": "HOSP-4711-XY1", "pixel_spacing": (4.0, 5.0), "orientation": (0, 1, 0, 0, 0, -1), **_STUDY}
    write_series(
        folder / "ADC later", step=(4.8, 0.0, 0.0), SeriesInstanceUID=f"{UID}.1.5",
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"], ScanningSequence="EP", RescaleSlope=1,
        RescaleIntercept=0, RescaleType="um2/s", **common,
    )  # fmt: skip
    reading = _case(folder)
    _everything(reading)
    one, other = reading.case.with_role(Role.ADC)[:2]
    roi = reading.state.stages["mri"].roi("lesion", 2)
    assert roi is not None
    assert roi.image == one.id
    rectangle = reading.roi_rectangle(roi.center_lps, roi.axis_long, roi.axis_short)
    reading.place_roi(stage="mri", tissue="lesion", placement=2, level="L1", image=other.id, rectangle=rectangle)
    return reading


def _no_masks(folder: Path) -> Reading:
    write_patient(folder)
    reading = _case(folder)
    fill(reading, "ct")
    for key in reading.asked("mri"):
        if ITEMS[key].values:
            reading.answer("mri", key, ITEMS[key].values[0])
    return reading


def joined(folder: Path, *, accept: bool, counted: bool = False) -> Reading:
    """A reading with a registration that its reader judged, after counting the levels or without need to."""
    write_patient(folder)
    reading = _case(folder)
    _everything(reading)
    ct, t1, t2 = (reading.case.with_role(role)[0] for role in (Role.CT, Role.T1, Role.T2))
    point = t2.series.grid.to_lps((4.0, 2.0, 2.0))
    transform = RigidTransform.from_rotation_vector((1.0, 2.0, 3.0), (0.5, -0.25, 1.0), center_lps=point)
    status, doubts = ("doubtful", {"doubts": [LEVEL_OPEN]}) if counted else ("ok", {})
    result = RegistrationResult(status, "made so", transform, 0.1, shift_mm=0.0, angle_deg=14**0.5, quality=doubts)
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=ct.id, mr_images=[t1.id, t2.id], mr_point_lps=point,
        ct_point_lps=transform.inverse().apply(point), result=result,
    )  # fmt: skip
    if counted:
        reading.count_levels("L1", ct_from="sacrum", mr_from="sacrum")
    if accept:
        reading.accept_registration("L1")
    else:
        reading.refuse_registration("L1", "does not fit the posterior wall")
    return reading


def _nothing_assessable(folder: Path) -> Reading:
    write_patient(folder)
    reading = _case(folder)
    for stage in reading.protocol.stages:
        for key in reading.asked(stage):
            if ITEMS[key].may_be_left_open:
                reading.mark_not_assessable(stage, key, "motion: nothing can be told, nor « measured »")
            else:
                reading.answer(stage, key, ITEMS[key].values[0])
    return reading


#: What is special about a reading -> how it is made in a folder that is still empty.
MADE: dict[str, Callable[[Path], Reading]] = {
    "whole": _whole,
    "CT only": _ct_only,
    "oblique": _oblique,
    "enhanced multi-frame": _enhanced,
    "six lumbar vertebrae": _six_lumbar,
    "two ADC maps": _two_maps,
    "no masks": _no_masks,
    "registration accepted": lambda folder: joined(folder, accept=True),
    "registration refused": lambda folder: joined(folder, accept=False),
    "nothing assessable": _nothing_assessable,
}


def make(kind: str, base: Path) -> SimpleNamespace:
    """Write images and the exported reading of one kind."""
    images = base / "images"
    reading = MADE[kind](images)
    return SimpleNamespace(images=images, reading=reading, path=reading.export(base / "C001_R1.json"))
