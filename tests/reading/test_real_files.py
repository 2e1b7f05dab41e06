"""The record on files from real scanners: opened, measured, exported, verified."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.cli import main
from napari_vcf.dicom import Role
from napari_vcf.reading import Case, Reading, RefusedActionError, read_reading, verify_export
from support.realdata import data_path


def open_reading(name: str) -> tuple[Reading, Path]:
    folder = data_path(name)
    reading = Reading(Case.open(folder, pseudonym="C1"), study="S1", reader="R1")
    reading.set_spine("L3")
    return reading, folder


def export(reading: Reading, tmp_path: Path) -> Path:
    return reading.export(tmp_path / "reading.json")


def verify(path: Path, folder: Path) -> int:
    return main(["verify", str(path), "--images", str(folder)])


def measured_pair(tmp_path: Path) -> tuple[Path, Path]:
    reading, folder = open_reading("ctmr_pair_STS_002")
    for role, stage in ((Role.CT, "ct"), (Role.T1, "mri")):
        image = reading.case.with_role(role)[0]
        center = image.series.grid.center_lps
        reading.place_caliper(
            stage=stage,
            level="L3",
            position="middle",
            image=image.id,
            start_lps=center + np.array((0, 0, 11.3)),
            end_lps=center - np.array((0, 0, 12.1)),
        )
    mr = reading.case.with_role(Role.T1)[0]
    body = np.zeros(mr.series.grid.shape, bool)
    body[10:14, 40:60, 40:60] = True
    lesion = body.copy()
    lesion[:, 50:] = False
    reading.set_masks("mri", mr.id, body, lesion)
    return export(reading, tmp_path), folder


def test_ct_mr_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, folder = measured_pair(tmp_path)
    assert verify(path, folder) == 0
    assert "all agree" in capsys.readouterr().out
    part = read_reading(path).stages["mri"]
    assert part.calipers[0].mm == pytest.approx(23.4)
    assert part.extent is not None
    assert part.extent.grade == "G3"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("stages", "ct", "calipers", 0, "mm"), 23.41),
        (("stages", "ct", "calipers", 0, "start_lps", 2), -555.0),
        (("stages", "mri", "extent", "grade"), "G2"),
        (("stages", "mri", "extent", "lesion_voxels"), 801),
        (("stages", "mri", "masks", "body", "runs", 0), 1),
        (("series", 0, "grid", "affine_lps", 0, 3), 0.0),
        (("series", 0, "unit"), "signal"),
        (("series", 0, "measurable"), False),
        (("series", 0, "spacing_mm", 0), 3.2),
        (("series", 0, "unit_answer"), "mm2/s"),
        (("protocol", "degree_borderline_within"), 0.2),
    ],
)
def test_a_changed_number_is_noticed(place: tuple, value: object, tmp_path: Path) -> None:
    path, folder = measured_pair(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    target = document
    for key in place[:-1]:
        target = target[key]
    assert target[place[-1]] != value
    target[place[-1]] = value
    path.write_text(json.dumps(document), encoding="utf-8")
    assert verify(path, folder) == 1


def test_images_of_another_case_are_not_taken_for_this_one(tmp_path: Path) -> None:
    path, _ = measured_pair(tmp_path)
    report = verify_export(path, data_path("ctmr_pair_STS_003"))
    assert any("not found" in difference.recomputed for difference in report.differences)


def test_adc_of_a_scanner_that_states_no_unit(tmp_path: Path) -> None:
    reading, folder = open_reading("mr_toshiba_body_adc")
    adc = reading.case.with_role(Role.ADC)[0]
    grid = adc.series.grid
    rectangle = reading.roi_rectangle(grid.to_lps((128, 150, 3)), grid.directions[:, 0], grid.directions[:, 1]).rotated(
        12.0
    )

    def place(placement: int) -> None:
        reading.place_roi(
            stage="mri", tissue="lesion", placement=placement, level="L3", image=adc.id, rectangle=rectangle
        )

    with pytest.raises(RefusedActionError, match="unit of ADC is not known"):
        place(1)
    reading.answer_adc_unit(adc.id, "1e-6 mm2/s")
    for placement in (1, 2, 3):
        place(placement)
    result = reading.results("mri").adc.lesion
    assert result is not None
    values = reading.case.volume(adc.id).data[3, 140:160, 118:138]
    assert values.min() < result.mean_um2_per_s < values.max()
    path = export(reading, tmp_path)
    assert verify(path, folder) == 0
    series = {item.role: item for item in read_reading(path).series}
    assert (series["ADC"].unit, series["ADC"].unit_answer) == ("um2/s", "1e-6 mm2/s")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["stages"]["mri"]["rois"][0]["statistics"]["mean_um2_per_s"] *= 1 + 1e-5
    path.write_text(json.dumps(document), encoding="utf-8")
    assert verify(path, folder) == 1


def test_a_corrected_role_is_recorded_and_verified(tmp_path: Path) -> None:
    reading, folder = open_reading("mr_toshiba_body_adc")
    image = reading.case.with_role(Role.T2)[0]
    reading.correct_role(image.id, "T1")
    assert [found.id for found in reading.case.with_role(Role.T1)] == [image.id]
    path = export(reading, tmp_path)
    assert verify(path, folder) == 0
    assert {item.role for item in read_reading(path).series if item.role_corrected_by_reader} == {"T1"}
    reading.undo()
    assert reading.case.with_role(Role.T1) == []


def test_no_identity_of_the_files_leaves_with_the_export(tmp_path: Path) -> None:
    import pydicom

    path, folder = measured_pair(tmp_path)
    text = path.read_text(encoding="utf-8")
    dataset = pydicom.dcmread(next((folder / "CT").iterdir()))
    for keyword in (
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "InstitutionName",
        "StationName",
    ):
        identity = str(dataset.get(keyword, ""))
        if len(identity) > 3:
            assert identity not in text, keyword
    assert str(folder) not in text


def test_names_of_files_are_taken_out_of_what_is_said_of_an_image(tmp_path: Path) -> None:
    import pydicom

    source = data_path("ct_abdomen_lumbar_axial")
    for number, path in enumerate(sorted(file for file in source.iterdir() if file.is_file())):
        dataset = pydicom.dcmread(path)
        if number == 1:
            dataset.RescaleIntercept = -1000
        dataset.save_as(tmp_path / f"MEIER_{number}.dcm")
    case = Case.open(tmp_path, pseudonym="C1")
    said = " ".join(text for image in case.images.values() for text in image.series.corrections)
    assert "rescale" in said
    assert "MEIER" not in said
