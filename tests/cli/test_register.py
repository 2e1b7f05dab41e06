from __future__ import annotations

import json

import pytest

from napari_vcf.cli import build_parser, main
from support import dicomfiles


def test_negative_coordinates_parse_as_they_stand():
    args = build_parser().parse_args(
        ["register", "folder", "--mr-point", "-12.3,4,5", "--ct-point", "-.5,-2,-300.25", "--threads", "2"]
    )
    assert args.mr_point == (-12.3, 4.0, 5.0)
    assert args.ct_point == (-0.5, -2.0, -300.25)
    assert args.threads == 2


@pytest.mark.parametrize("wrong", ["1,2", "a,b,c", "1;2;3", "1,2,3,4"])
def test_a_point_that_is_none_is_refused_with_a_sentence(wrong, capsys):
    with pytest.raises(SystemExit) as stop:
        build_parser().parse_args(["register", "folder", "--mr-point", wrong, "--ct-point", "0,0,0"])
    assert stop.value.code == 2
    assert "three numbers" in capsys.readouterr().err


def test_an_empty_folder_is_refused_in_json_and_by_the_exit_status(tmp_path, capsys):
    status = main(["register", str(tmp_path), "--mr-point", "-1,2,3", "--ct-point", "0,0,0", "--json", "-"])
    answer = json.loads(capsys.readouterr().out)
    assert status == 1
    assert answer["status"] == "refused"
    assert answer["ct_to_mr"] is None
    assert "no CT" in answer["reason"]
    assert set(answer) == {"status", "reason", "ct_to_mr", "seconds", "quality"}


def test_a_folder_that_is_not_there_or_is_a_file_is_refused_in_json(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("text")
    for wrong in (tmp_path / "nowhere", file):
        assert main(["register", str(wrong), "--mr-point", "1,2,3", "--ct-point", "0,0,0", "--json", "-"]) == 1
        answer = json.loads(capsys.readouterr().out)
        assert (answer["status"], answer["ct_to_mr"]) == ("refused", None)
        assert wrong.name in answer["reason"]


@pytest.mark.parametrize(
    ("modality", "skip", "expected"),
    [("CT", (), "no MR"), ("MR", (), "no CT"), ("CT", (2,), "1 of 5 slices missing")],
)
def test_what_a_folder_lacks_is_named_with_its_reason(modality, skip, expected, tmp_path, capsys):
    dicomfiles.write_series(tmp_path, modality=modality, skip=skip)
    status = main(["register", str(tmp_path), "--mr-point", "0,0,0", "--ct-point", "0,0,0", "--json", "-"])
    answer = json.loads(capsys.readouterr().out)
    assert status == 1
    assert (answer["status"], answer["ct_to_mr"]) == ("refused", None)
    assert expected in answer["reason"]
