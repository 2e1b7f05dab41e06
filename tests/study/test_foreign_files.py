"""What lies in a study and is none of it is named once, and nothing makes the check wait for ever."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from napari_vcf.study import check_study, open_study
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.study_folder import StudyRecord
from support.studies import Clock, make_study, read_stage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_study(tmp_path, cases=2, stages=["ct"])
    reader = open_study(root, clock=Clock()).as_reader("R1")
    while (session := reader.next_case()) is not None:
        read_stage(session)
    assert check_study(root).damages == ()
    return root


def named(root: Path) -> list[str]:
    return [damage.place for damage in check_study(root).damages]


@pytest.mark.parametrize(
    "place",
    [
        "readings/R1/C001/ct-1/v1/journal (conflicted copy).jsonl",
        "readings/R1/C001/ct-1/v1/seal-R1s-laptop.json",
        "cases/C001/case.json.orig",
        "notes.txt",
        "readings/R3/C001",
        "readings/r1",
        "cases/C003",
        "consensus/C009",
        "readings/R1/C001/ct-1/w1",
        "readings/R1/C001/mr-1",
    ],
)
def test_what_is_foreign_is_named_once(root: Path, place: str) -> None:
    path = root / place
    if "." in path.name:
        path.write_text("{}", encoding="utf-8")
    else:
        (path / "within").mkdir(parents=True)
        (path / "within" / "file.json").write_text("{}", encoding="utf-8")
    top = "readings/R3" if place.startswith("readings/R3") else place
    assert named(root) == [top]


@pytest.mark.parametrize("field", ["cases", "readers"])
def test_who_was_dropped_from_the_study_and_has_readings_there_is_missed(root: Path, field: str) -> None:
    record = read_record(root / "study.json", StudyRecord, "It")
    kept = getattr(record, field)[1:]
    write_record(root / "study.json", record.model_copy(update={field: kept}), overwrite=True)
    gone = {"cases": "readings/R1/C001", "readers": "readings/R1"}[field]
    assert gone in named(root)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize(
    "name",
    [
        "readings/R1/C001/ct-1/v1/journal.jsonl",
        "readings/R1/C001/ct-1/v1/seal.json",
        "cases/C001/ct.json",
        "study.json",
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_named_and_not_waited_for(root: Path, name: str) -> None:
    (root / name).unlink()
    os.mkfifo(root / name)
    assert name in named(root)


def test_what_an_interrupted_write_left_is_nobodys_damage(root: Path) -> None:
    place = root / "readings" / "R1" / "C001" / "ct-1" / "v1"
    (place / ".journal.jsonl.0123456789abcdef.part").write_text("x", encoding="utf-8")
    shutil.copytree(root / "cases" / "C001", root / "cases" / ".C001.0123456789abcdef.part")
    assert named(root) == []
