"""The command ``inspect``: its table, its JSON, its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, MediaStorageDirectoryStorage

from napari_vcf.cli import main
from napari_vcf.dicom import scan_folder
from support.dicomfiles import ramp, save, slice_dataset, write_series


def test_json_holds_what_scripts_rely_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path, 4, modality="CT", step=(0, 0, 2.5))
    (tmp_path / "notes.txt").write_text("not an image")
    assert main(["inspect", str(tmp_path), "--json", "-"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert set(listing) == {"series", "refused", "remarks"}
    (series,) = listing["series"]
    assert set(series) == {
        "series_instance_uid", "role", "role_evidence", "modality", "shape", "spacing_mm", "affine_lps", "volumes",
        "unit", "unit_evidence", "corrections", "measurable", "frame_of_reference", "seconds_after_injection",
    }  # fmt: skip
    assert series["role"] == series["modality"] == "CT"
    assert series["shape"] == [4, 6, 8]
    assert series["spacing_mm"] == pytest.approx([2.5, 1.5, 1.25])
    assert series["affine_lps"][0] == pytest.approx([1.25, 0, 0, -20])
    mean = pytest.approx(150 + 23.5 - 1024)
    assert series["volumes"] == [{"kind": "ct", "b_value": None, "echo_time_ms": None, "mean": mean, "reason": None}]
    assert (series["measurable"], series["frame_of_reference"], series["seconds_after_injection"]) == (True, 1, None)
    assert series["unit"] == "HU"
    assert [entry["path"] for entry in listing["refused"]] == ["notes.txt"]


def test_json_can_be_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "in", 2)
    assert main(["inspect", str(tmp_path / "in"), "--json", str(tmp_path / "out.json")]) == 0
    assert len(json.loads((tmp_path / "out.json").read_text())["series"]) == 1
    assert "2 x 6 x 8" in capsys.readouterr().out
    assert main(["inspect", str(tmp_path / "in"), "--json", str(tmp_path / "no" / "out.json")]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("content", [[], ["a.txt", "b.txt"]])
def test_a_folder_without_images_ends_with_1_and_a_sentence(
    tmp_path: Path, content: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in content:
        (tmp_path / name).write_text("words")
    assert main(["inspect", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "No series could be read." in out
    assert all(f"{name}: This is not a DICOM file" in out for name in content)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii"])
def test_a_name_that_cannot_be_shown_stops_nothing(tmp_path: Path, encoding: str) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.dcm")).write_text("not an image")
    run = [sys.executable, "-c", "import sys; from napari_vcf.cli import main; sys.exit(main(sys.argv[1:]))"]
    done = subprocess.run(
        [*run, "inspect", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "odd\\udcff.dcm: " in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_a_missing_folder_ends_with_1_and_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path / "nowhere")]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_a_dicomdir_stands_for_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "DATA", 2)
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    assert main(["inspect", str(tmp_path / "DICOMDIR")]) == 0
    assert "2 x 6 x 8" in capsys.readouterr().out


def test_files_that_a_dicomdir_names_and_that_are_missing_are_named(tmp_path: Path) -> None:
    write_series(tmp_path / "data", 3)
    directory = Dataset()
    directory.SOPClassUID, directory.SOPInstanceUID = MediaStorageDirectoryStorage, "1.2.3"
    records = []
    for name in ("F001", "F002", "IM7", "IM8"):
        record = Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", ["DATA", name]
        records.append(record)
    directory.DirectoryRecordSequence = records
    (tmp_path / "data" / "f002").rename(tmp_path / "data" / "F002.;1")
    save(directory, tmp_path / "DICOMDIR")
    (refused,) = scan_folder(tmp_path).refused
    assert refused.reason == (
        "This is a DICOM directory, not an image. It names 2 files that are not there: DATA/IM7, DATA/IM8. "
        "The copy is not complete."
    )


def test_two_patients_in_one_folder_are_said_and_never_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path / "a", 2, modality="CT", PatientID="SECRET-1", SeriesInstanceUID="1.2.3")
    write_series(tmp_path / "b", 2, modality="CT", PatientID="SECRET-1 ", SeriesInstanceUID="1.2.4")
    write_series(tmp_path / "c", 2, modality="CT", PatientID="", SeriesInstanceUID="1.2.6")
    assert scan_folder(tmp_path).remarks == ()
    write_series(tmp_path / "d", 2, modality="CT", PatientID="SECRET-2", SeriesInstanceUID="1.2.5")
    scan = scan_folder(tmp_path)
    (remark,) = scan.remarks
    assert remark.startswith("The headers name 2 different patients (1: CT; 2: CT).")
    assert all(0x00100020 not in file.header.elements for series in scan.series for file in series.stack.files)
    assert main(["inspect", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert remark in printed
    assert "SECRET" not in printed


def test_answers_of_the_person_are_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path, 3, ImageType=["DERIVED", "PRIMARY", "ADC"])
    assert main(["inspect", str(tmp_path), "--adc-unit", "1e-5 mm2/s", "--json", "-"]) == 0
    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert series["unit"] == "um2/s"
    assert "given by the person" in series["unit_evidence"]
    assert series["volumes"][0]["mean"] == pytest.approx(10 * 123.5)
    assert main(["inspect", str(tmp_path), "--role", "1=T1", "--json", "-"]) == 0
    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert series["role"] == "T1"
    assert any("by the person" in text for text in series["corrections"])
    for wrong in (["--role", "7=T1"], ["--role", "T1"], ["--role", "1=T9"], ["--adc-unit", "1=ell"]):
        assert main(["inspect", str(tmp_path), *wrong]) == 1
        assert capsys.readouterr().err.startswith("napari-vcf: ")


def test_pixels_that_cannot_be_decoded_refuse_the_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = slice_dataset(ramp(0), (0, 0, 0))
    dataset.PixelData = encapsulate([b"\xff\xd8 this is no picture"])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, tmp_path / "bad.dcm", JPEG2000Lossless)
    assert main(["inspect", str(tmp_path), "--json", "-"]) == 1
    listing = json.loads(capsys.readouterr().out)
    assert listing["series"] == []
    assert listing["refused"][0]["path"] == "bad.dcm"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_dead_links_are_refused_by_name(tmp_path: Path) -> None:
    write_series(tmp_path, 2)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    scan = scan_folder(tmp_path)
    assert len(scan.series) == 1
    assert [entry.path.name for entry in scan.refused] == ["link", "pipe"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_to_a_folder_is_named_and_not_followed(tmp_path: Path) -> None:
    write_series(tmp_path / "case", 2)
    (tmp_path / "elsewhere").mkdir()
    write_series(tmp_path / "elsewhere", 3)
    (tmp_path / "case" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    scan = scan_folder(tmp_path / "case")
    assert [series.grid.shape[0] for series in scan.series] == [2]
    assert "link to a folder" in scan.refused[0].reason


@pytest.mark.skipif(os.name == "nt", reason="names and lengths that are not allowed there")
def test_files_are_found_however_deep_they_lie_and_whatever_they_are_called(tmp_path: Path) -> None:
    write_series(tmp_path.joinpath(*["deep"] * 50), 2)
    write_series(tmp_path / "腰椎 CT\n", 3, prefix="切片\n", SeriesInstanceUID="1.2.3")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    scan = scan_folder(tmp_path)
    assert sorted(series.grid.shape[0] for series in scan.series) == [2, 3]
    assert [entry.path.name for entry in scan.refused] == ["loop"]


def test_a_header_that_states_a_giant_is_refused(tmp_path: Path) -> None:
    dataset = slice_dataset(ramp(0), (0, 0, 0), Rows=60000, Columns=60000)
    dataset.PixelData = encapsulate([b"\xff\x4f little"])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, tmp_path / "giant", JPEG2000Lossless)
    assert "cannot come out of" in scan_folder(tmp_path).refused[0].reason


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (OSError(28, "No space left on device", "out.json"), 1, "out.json: No space left on device."),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_full_disk_and_an_interruption_are_said_in_a_sentence(
    raised: BaseException,
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(_args: object) -> int:
        raise raised

    monkeypatch.setattr("napari_vcf.cli.inspect.run", run)
    assert main(["inspect", str(tmp_path)]) == status
    assert capsys.readouterr().err == f"napari-vcf: {words}{'' if words.endswith('.') else '.'}\n"


def _read(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(["inspect", str(folder), "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_two_patients_in_one_volume_are_in_the_json_as_in_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.PatientID = f"SECRET-{number // 2}"

    write_series(tmp_path, 4, edit=edit)
    listing = _read(tmp_path, capsys)
    (series,) = listing["series"]
    assert not series["measurable"]
    assert any("2 different patients" in text for text in series["corrections"])
    assert any("2 different patients" in text for text in listing["remarks"])
    assert main(["inspect", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert all(text in table for text in (*listing["remarks"], *series["corrections"]))


def test_a_volume_that_cannot_be_read_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, b_value in enumerate((0.0, 800.0)):
        dataset = slice_dataset(ramp(0), (0, 0, 0), DiffusionBValue=b_value, instance=number + 1)
        if b_value:
            dataset.PixelData = encapsulate([b"\xff\xd8 this is no picture"])
            dataset["PixelData"].is_undefined_length = True
            save(dataset, tmp_path / "bad.dcm", JPEG2000Lossless)
        else:
            save(dataset, tmp_path / "good.dcm")
    good, bad = _read(tmp_path, capsys)["series"][0]["volumes"]
    assert (good["mean"], good["reason"]) == (23.5, None)
    assert bad["mean"] is None
    assert bad["reason"].startswith("bad.dcm: pixels in JPEG 2000 cannot be decoded")


def test_the_table_says_of_pixels_that_cannot_be_decoded_what_the_json_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = slice_dataset(ramp(0), (0, 0, 0))
    dataset.PixelData = encapsulate([b"\xff\xd8 this is no picture"])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, tmp_path / "bad.dcm", JPEG2000Lossless)
    main(["inspect", str(tmp_path), "--json", "-"])
    (refused,) = json.loads(capsys.readouterr().out)["refused"]
    main(["inspect", str(tmp_path)])
    assert f"{refused['path']}: {refused['reason']}" in capsys.readouterr().out


def test_the_echo_time_of_each_echo_is_in_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for echo in (11, 92):
        write_series(tmp_path, 3, prefix=f"e{echo}", RepetitionTime=4320, EchoTime=echo, ScanningSequence="SE")
    found = _read(tmp_path, capsys)["series"]
    assert [[volume["echo_time_ms"] for volume in entry["volumes"]] for entry in found] == [[11], [92]]
    main(["inspect", str(tmp_path)])
    table = capsys.readouterr().out
    assert "TE 11 ms" in table
    assert "TE 92 ms" in table


def test_images_in_different_frames_of_reference_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times = {"RepetitionTime": 500, "EchoTime": 10}
    write_series(tmp_path / "a", 2, SeriesInstanceUID="1.2.1", FrameOfReferenceUID="1.9.1", SeriesNumber=1, **times)
    write_series(tmp_path / "b", 2, SeriesInstanceUID="1.2.2", FrameOfReferenceUID="1.9.1", SeriesNumber=2, **times)
    assert _read(tmp_path, capsys)["remarks"] == []
    main(["inspect", str(tmp_path)])
    assert "frame of reference" not in capsys.readouterr().out
    write_series(tmp_path / "c", 2, SeriesInstanceUID="1.2.3", FrameOfReferenceUID="1.9.2", SeriesNumber=3, **times)
    write_series(tmp_path / "d", 2, SeriesInstanceUID="1.2.4", FrameOfReferenceUID="", SeriesNumber=4)
    listing = _read(tmp_path, capsys)
    assert [entry["frame_of_reference"] for entry in listing["series"]] == [1, 1, 2, None]
    (remark,) = listing["remarks"]
    assert remark.startswith("MR images lie in 3 frames of reference")
    # Images of one role are told apart.
    assert "T1 of 2 slices" in remark
    main(["inspect", str(tmp_path)])
    table = capsys.readouterr().out
    assert remark in table
    assert [f"frame of reference {which}" in table for which in ("1", "2", "not stated")] == [True] * 3
    assert "1.9.1" not in table


def test_a_volume_file_has_a_modality(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 3, 2), np.int16), np.diag([-1, -1, 2, 1])), tmp_path / "mask.nii.gz")
    assert _read(tmp_path, capsys)["series"][0]["modality"] == "OT"
    for role, modality in (("CT", "CT"), ("T2", "MR")):
        main(["inspect", str(tmp_path), "--role", f"1={role}", "--json", "-"])
        assert json.loads(capsys.readouterr().out)["series"][0]["modality"] == modality


def test_b_values_are_an_answer_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path, 3, SeriesDescription="DWI", RepetitionTime=4000, EchoTime=70)
    assert main(["inspect", str(tmp_path), "--b-values", "1=800", "--json", "-"]) == 0
    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert [volume["b_value"] for volume in series["volumes"]] == [800]
    for wrong in ("1=much", "1=0,800", "2=800"):
        assert main(["inspect", str(tmp_path), "--b-values", wrong]) == 1
        assert capsys.readouterr().err.startswith("napari-vcf: ")
