"""The command ``study``: a study is made, prepared and looked at, and nothing that it prints is a finding."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from napari_vcf.cli import main
from napari_vcf.study import open_study
from napari_vcf.study.protocol import parse_protocol
from support.patients import begin
from support.studies import make_study


def test_a_printed_protocol_is_one_that_a_study_begins_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "protocol"]) == 0
    rules = tmp_path / "protocol.toml"
    rules.write_text(capsys.readouterr().out, encoding="utf-8")
    (tmp_path / "images" / "Doe").mkdir(parents=True)
    command = ["study", "create", str(tmp_path / "trial"), "--protocol", str(rules), "--reader", "A", "--reader", "B"]
    assert main([*command, "--seed", "3", "--images", str(tmp_path / "images")]) == 0
    said = capsys.readouterr().out
    assert "Study trial: 1 cases, readers A, B." in said
    assert "The key is trial.key.json. Keep it away from the readers." in said
    study = open_study(tmp_path / "trial")
    assert study.protocol == parse_protocol(rules.read_text(encoding="utf-8"), rules)
    # A folder that is there is never begun anew.
    assert main([*command, "--seed", "3", "--images", str(tmp_path / "images")]) == 1
    assert "exists already and is not empty" in capsys.readouterr().err


def test_status_says_who_has_read_how_much(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_study(tmp_path, cases=3, stages=["ct"])
    session = open_study(root).as_reader("R1").next_case()
    session.reading.set_spine("L1")
    session.close()
    assert main(["study", "status", str(root)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Study study: 3 of 3 cases prepared.",
        "R1: 0 of 3 stages signed, 1 open, 0 in the washout interval, 0 set aside.",
        "R2: 0 of 3 stages signed, 0 open, 0 in the washout interval, 0 set aside.",
    ]


def test_preparing_says_which_images_lie_in_different_frames_of_reference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = begin(tmp_path, patients=2)
    for path in (tmp_path / "images" / "Musterfrau_1" / "ADC").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.777"
        dataset.save_as(path)
    capsys.readouterr()
    assert main(["study", "prepare", str(root)]) == 0
    said = capsys.readouterr().out
    # Of the case whose map was moved, once, and without the identity of a frame.
    (line,) = [line for line in said.splitlines() if "frames of reference" in line]
    assert "MR images lie in 2 frames of reference (T1, T2; ADC): the patient may have moved between them" in line
    assert "498.777" not in said


def test_the_images_of_a_case_are_listed_and_settled_until_somebody_reads_it(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "images", str(finished), "--case", "C001"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["CT", "T1", "T2", "ADC"]
    assert main(["study", "role", str(finished), "--case", "C001", "--image", "T1", "--role", "T2"]) == 1
    assert "C001" in capsys.readouterr().err


def test_a_case_is_unlocked_once_and_only_one_of_the_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_study(tmp_path, cases=1, stages=["ct"])
    command = ["study", "unlock", str(root), "--reader", "R1", "--case"]
    assert main([*command, "C001"]) == 0
    assert capsys.readouterr().out == "Case C001 was not locked.\n"
    assert main([*command, "C009"]) == 1
    assert "The study has no case 'C009'." in capsys.readouterr().err
    assert main(["study", "unlock", str(root), "--reader", "R9", "--case", "C001"]) == 1
    assert "R9" in capsys.readouterr().err


def test_a_number_of_processes_that_cannot_be_is_refused_as_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["study", "prepare", "DIR", "--workers", "-1"])
    assert left.value.code == 2
    assert "give a number of processes, 0 to 1024" in capsys.readouterr().err
