"""The command ``export``: what was signed, of whom it is asked for, and nothing over what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.reading import read_reading


def test_the_signed_readings_of_a_reader_are_written(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(finished), "--out", str(tmp_path / "out"), "--reader", "R1"]) == 0
    written = sorted((tmp_path / "out").glob("*.json"))
    assert capsys.readouterr().out == f"{len(written)} signed readings in out.\n"
    assert len(written) == 3
    assert {read_reading(path).reader for path in written} == {"R1"}
    assert main(["export", str(finished), "--out", str(tmp_path / "none"), "--reader", "R2"]) == 0
    assert capsys.readouterr().out == "0 signed readings in none.\n"


def test_a_reader_or_a_study_that_is_not_there_is_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(finished), "--out", str(tmp_path / "out"), "--reader", "R9"]) == 1
    assert "R9" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "study" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.json"))


def test_a_version_that_was_amended_is_written_only_where_it_is_asked_for(finished: Path, tmp_path: Path) -> None:
    from napari_vcf.study import open_study

    root = shutil.copytree(finished, tmp_path / "study")
    with open_study(root).as_reader("R1").amend("C001", "ct", "the wrong level") as session:
        key = next(key for key, answer in session.reading.state.stages["ct"].answers.items() if answer.value)
        session.reading.mark_not_assessable("ct", key, "seen again")
        session.seal()
    assert main(["export", str(root), "--out", str(tmp_path / "last")]) == 0
    assert main(["export", str(root), "--out", str(tmp_path / "all"), "--versions"]) == 0
    assert not (tmp_path / "last" / "amended").exists()
    assert len(list((tmp_path / "all" / "amended").glob("*.json"))) == 1
    assert len(list((tmp_path / "all").glob("*.json"))) == len(list((tmp_path / "last").glob("*.json"))) == 3


def test_other_versions_are_no_rows_of_a_table(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["export", str(finished), "--out", str(out), "--format", "csv", "--versions"]) == 1
    assert "--versions" in capsys.readouterr().err
    assert not out.exists()
