"""A patient whose files say who, where and when, and a search for all of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom

from napari_vcf.cli import main
from napari_vcf.dicom import Role
from napari_vcf.reading import ITEMS, Reading
from napari_vcf.records.base import Stage
from napari_vcf.study import StageSession
from support.dicomfiles import SAGITTAL, write_series
from support.studies import protocol_text

IDENTITY = {
    "PatientName": "Musterfrau^Erika",
    "PatientID": "HOSP-4711-XY",
    "PatientBirthDate": "19480229",
    "InstitutionName": "Klinikum Hintertupfing",
    "ReferringPhysicianName": "Quacksalber^Otto",
    "AccessionNumber": "ACC-998877",
    "StudyDate": "20230517",
    "StationName": "MRROOM7X",
    "DeviceSerialNumber": "SN-556677",
    "StudyID": "STUDYID-42",
}
UID = "1.2.826.0.1.3680043.8.498.77"


def write_patient(folder: Path, number: int = 1) -> None:
    """CT, T1, T2 and ADC of one patient; one file is no image, and one slice of T2 has a rescale of its own."""
    common = {
        **IDENTITY,
        "StudyInstanceUID": f"{UID}.{number}",
        "FrameOfReferenceUID": f"{UID}.{number}.9",
        "PatientID": f"{IDENTITY['PatientID']}{number}",
        "pixel_spacing": (4.0, 5.0),
    }
    write_series(
        folder / "CT Erika", 10, modality="CT", SeriesInstanceUID=f"{UID}.{number}.1", prefix="erikact", **common
    )
    sagittal = {"orientation": SAGITTAL, "step": (4.8, 0.0, 0.0), **common}

    def own_rescale(index: int, dataset: pydicom.Dataset) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, 10 if index == 2 else 0

    for name, uid, repetition, echo, edit in (("T1", 2, 500, 10, None), ("T2", 3, 3000, 100, own_rescale)):
        write_series(
            folder / name,
            SeriesInstanceUID=f"{UID}.{number}.{uid}",
            ScanningSequence="SE",
            RepetitionTime=repetition,
            EchoTime=echo,
            prefix=f"erika{name.lower()}",
            edit=edit,
            **sagittal,
        )
    write_series(
        folder / "ADC",
        SeriesInstanceUID=f"{UID}.{number}.4",
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"],
        ScanningSequence="EP",
        RescaleSlope=1,
        RescaleIntercept=0,
        RescaleType="um2/s",
        BurnedInAnnotation="YES",
        prefix="erikaadc",
        **sagittal,
    )
    (folder / "letter to Erika.txt").write_text("no image", encoding="utf-8")


def begin(base: Path, patients: int = 1, **protocol: object) -> Path:
    for number in range(patients):
        if not (base / "images" / f"Musterfrau_{number}").exists():
            write_patient(base / "images" / f"Musterfrau_{number}", number)
    (base / "protocol.toml").write_text(protocol_text(**protocol), encoding="utf-8")
    arguments = ["--protocol", str(base / "protocol.toml"), "--reader", "R1", "--reader", "R2", "--seed", "7"]
    assert main(["study", "create", str(base / "study"), *arguments, "--images", str(base / "images")]) == 0
    return base / "study"


def read(session: StageSession, value: int = 0) -> None:
    """A stage to its signature."""
    fill(session.reading, session.stage, value)
    session.seal()


def fill(reading: Reading, stage: Stage, value: int = 0, levels: tuple[str, str, str] = ("T12", "L1", "L2")) -> None:
    """A stage on images of 40 x 24 mm, with calipers of a few millimetres."""
    role = Role.CT if stage == "ct" else Role.T2
    found = reading.case.with_role(role)[0]
    reading.set_spine(levels[1], has_l6="L6" in levels)
    center = found.series.grid.to_lps(tuple((n - 1) / 2 for n in reversed(found.series.grid.shape)))
    for level, shift, height in zip(levels, (4.0, 0.0, -4.0), (3.0, 2.0, 3.0), strict=True):
        for position, y in (("anterior", -6.0), ("middle", 0.0), ("posterior", 6.0)):
            middle = center + np.array([0.0, y, shift])
            up = np.array([0.0, 0.0, height / 2])
            reading.place_caliper(
                stage=stage,
                level=level,
                position=position,
                image=found.id,
                start_lps=middle + up,
                end_lps=middle - up,
            )
    for level in levels[::2]:
        reading.set_reference(stage, level, "intact")
    if stage != "ct":
        body = np.zeros(found.series.grid.shape, bool)
        body[1:4, 2:5, 2:6] = True
        reading.set_masks(stage, found.id, body, body & (np.arange(8) < 4))
        adc = reading.case.with_role(Role.ADC)[0]
        along, down = adc.series.grid.directions[:, 0], adc.series.grid.directions[:, 1]
        for tissue, level in (("lesion", levels[1]), ("normal", levels[2])):
            for number in (1, 2, 3):
                rectangle = reading.roi_rectangle(center + np.array([0.0, 0.0, number / 2]), along, down)
                reading.place_roi(
                    stage=stage, tissue=tissue, placement=number, level=level, image=adc.id, rectangle=rectangle
                )
    for key in reading.asked(stage):
        if ITEMS[key].values:
            reading.answer(stage, key, ITEMS[key].values[value % len(ITEMS[key].values)])


def identity_of(images: Path) -> set[str]:
    """Everything that the files say of the patient, their own names, and where they lie."""
    strings = {*IDENTITY.values(), "Musterfrau", "Erika", "Quacksalber", str(images)}
    for path in images.rglob("*"):
        strings.add(path.name)
        if path.suffix != ".txt" and path.is_file():
            dataset = pydicom.dcmread(path)
            for element in dataset.iterall():
                if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008"):
                    strings.add(str(element.value))
    # The folders T1, T2 and ADC are called what the roles are called; all else is too long to be in a hash by chance.
    return strings - {"T1", "T2", "ADC"}


def found_in(folder: Path, strings: set[str]) -> Iterator[tuple[Path, str]]:
    for path in folder.rglob("*"):
        text = path.read_bytes() if path.is_file() else b""
        for string in strings:
            if string.encode() in text or string in path.relative_to(folder).as_posix():
                yield path, string
