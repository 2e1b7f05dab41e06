"""What lies in a study and is none of it is named once, and nothing makes the check wait for ever."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from napari_vcf.study import check_study, export_study, open_study
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


def test_an_export_that_its_list_names_is_missed_and_one_that_was_changed_is_told(root: Path) -> None:
    files = export_study(root, root / "exports")
    assert check_study(root).damages == ()
    files[0].unlink()
    (gone,) = check_study(root).damages
    assert (gone.place, "is gone" in gone.what) == (f"exports/{files[0].name}", True)
    export_study(root, root / "exports")
    files[1].write_bytes(files[1].read_bytes() + b" ")
    assert named(root) == [f"exports/{files[1].name}"]


def test_the_list_of_exports_is_one_that_other_tools_read(root: Path) -> None:
    files = export_study(root, root / "exports")
    lines = (root / "exports" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert lines.pop().startswith("# ")
    assert lines == sorted(
        (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files),
        key=lambda line: line.split()[1],
    )


def test_a_study_with_another_seed_is_named_once_and_not_at_every_reading(root: Path) -> None:
    record = read_record(root / "study.json", StudyRecord, "It")
    for seed in range(2, 40):
        (root / "study.json").unlink()
        write_record(root / "study.json", record.model_copy(update={"seed": seed}))
        if found := check_study(root).damages:
            break
    assert [(damage.place, damage.entry) for damage in found] == [("study.json", None)]
    assert "its seed" in found[0].what
