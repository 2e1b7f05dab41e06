from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its users know

from napari_vcf.dicom import Role, load_volume, scan_folder
from napari_vcf.phantom import FolderNotEmptyError, PhantomCase, PhantomSpec, make_case, write_dicom

FOLDERS = {"CT": "CT", "MR_201": "T1", "MR_301": "T2", "MR_401": "T2FS", "MR_502": "ADC"}


@pytest.fixture(scope="module")
def folder(small_case: PhantomCase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("phantom") / "case"
    write_dicom(small_case, path)
    return path


def headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def test_the_programs_own_reader_finds_roles_units_and_the_same_voxels(folder: Path, small_case: PhantomCase) -> None:
    scan = scan_folder(folder)
    assert scan.refused == ()
    found = {}
    for series in scan.series:
        assert series.measurable, series.not_measurable_reason
        assert series.corrections == ()
        for number, info in enumerate(series.volumes):
            name = series.role.value
            if series.role is Role.DWI:
                name = "DWI_b800" if info.b_value else "DWI_b0"
            found[name] = load_volume(series, number)
    assert set(found) == set(small_case.volumes)
    for name, volume in small_case.volumes.items():
        assert found[name].unit == volume.unit
        assert found[name].grid.is_close_to(volume.grid, tolerance_mm=1e-6)
        np.testing.assert_array_equal(found[name].data, volume.data)


@pytest.mark.parametrize(("subfolder", "name"), FOLDERS.items())
def test_simpleitk_reads_the_same_geometry(folder: Path, small_case: PhantomCase, subfolder: str, name: str) -> None:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder / subfolder)))
    image = reader.Execute()
    volume = small_case.volumes[name]
    assert image.GetOrigin() == pytest.approx(volume.grid.origin_lps, abs=1e-6)
    assert np.reshape(image.GetDirection(), (3, 3)) == pytest.approx(volume.grid.directions, abs=1e-9)
    assert image.GetSpacing()[::-1] == pytest.approx(volume.grid.spacing_mm, abs=1e-6)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), volume.data)


def test_dcm2niix_reads_the_same_geometry(folder: Path, small_case: PhantomCase, tmp_path: Path) -> None:
    program = shutil.which("dcm2niix", path=str(Path(sys.executable).parent)) or shutil.which("dcm2niix")
    if program is None:
        pytest.skip("dcm2niix is not installed")
    command = [program, "-b", "n", "-z", "n", "-f", "%s", "-o", str(tmp_path), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    for number, name in ((2, "CT"), (201, "T1"), (502, "ADC")):
        image = sitk.ReadImage(str(next(tmp_path.glob(f"{number}*.nii"))))
        volume = small_case.volumes[name]
        points = np.array([[0.0, 0.0, 0.0], [5.0, 20.0, 3.0], [30.0, 11.0, 2.0]])
        values = [volume.data[int(k), int(j), int(i)] for i, j, k in points]
        for point, value in zip(volume.grid.to_lps(points).tolist(), values, strict=True):
            index = image.TransformPhysicalPointToContinuousIndex(point)
            assert index == pytest.approx(np.rint(index), abs=2e-3)
            assert image[tuple(round(i) for i in index)] == value


def test_headers_hold_what_the_standard_requires(folder: Path) -> None:
    required = [
        *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime"),
        *("ReferringPhysicianName", "StudyID", "AccessionNumber", "Modality", "SeriesInstanceUID", "SeriesNumber"),
        *("PatientPosition", "FrameOfReferenceUID", "PositionReferenceIndicator", "Manufacturer", "InstanceNumber"),
        *("ImageType", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "SliceThickness"),
        *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"),
        *("PixelRepresentation", "PixelData", "SOPClassUID", "SOPInstanceUID", "AcquisitionNumber"),
    ]
    of_modality = {
        "CT": ["RescaleIntercept", "RescaleSlope", "KVP"],
        "MR": [
            *("ScanningSequence", "SequenceVariant", "ScanOptions", "MRAcquisitionType"),
            *("RepetitionTime", "EchoTime", "EchoTrainLength"),
        ],
    }
    seen = set()
    for dataset in headers(folder):
        missing = [name for name in required + of_modality[dataset.Modality] if name not in dataset]
        assert missing == []
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert dataset.PatientName == "PHANTOM^SYNTHETIC"
        seen.add(dataset.SOPInstanceUID)
    assert len(seen) == len(headers(folder))


def test_each_examination_has_a_frame_of_reference_of_its_own(folder: Path) -> None:
    frames = {(d.Modality, d.FrameOfReferenceUID) for d in headers(folder)}
    assert len(frames) == 2
    assert len({uid for _, uid in frames}) == 2


def test_instance_numbers_are_not_in_the_order_of_space(folder: Path) -> None:
    series = [d for d in headers(folder) if d.SeriesNumber == 201]
    by_number = [float(d.SliceLocation) for d in sorted(series, key=lambda d: d.InstanceNumber)]
    assert by_number != sorted(by_number)
    assert by_number != sorted(by_number, reverse=True)


def test_no_header_tells_the_truth(folder: Path) -> None:
    telling = re.compile(
        r"\b(T1[0-3]|L[1-6]|wedge|biconcave|crush|malignant|benign|fracture|lesion|metasta\w*)\b", re.I
    )
    for dataset in headers(folder):
        for element in dataset.iterall():
            if element.VR in ("LO", "SH", "CS", "PN", "LT", "ST", "UT"):
                assert not telling.search(str(element.value)), element


def test_uids_follow_from_the_specification(small_case: PhantomCase, tmp_path: Path) -> None:
    spec = replace(small_case.spec, contrasts=("ADC",))
    uids = []
    for index, each in enumerate((spec, spec, replace(spec, seed=9))):
        case = PhantomCase(each, {"ADC": small_case.volumes["ADC"]}, small_case.truth)
        uids.append([pydicom.dcmread(p).SOPInstanceUID for p in write_dicom(case, tmp_path / str(index))])
    assert uids[0] == uids[1]
    assert not set(uids[0]) & set(uids[2])


def test_a_folder_that_holds_something_is_left_alone(small_case: PhantomCase, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("mine")
    with pytest.raises(FolderNotEmptyError, match="not empty"):
        write_dicom(small_case, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["other.txt"]


def test_a_case_without_ct_has_no_ct(tmp_path: Path) -> None:
    case = make_case(PhantomSpec(mr_matrix=48, contrasts=("T1", "T2FS")))
    write_dicom(case, tmp_path / "case")
    assert {s.role for s in scan_folder(tmp_path / "case").series} == {Role.T1, Role.T2FS}
