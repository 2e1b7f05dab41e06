"""What helps against a damage is data, decided where the damage is found and not by how its sentence is worded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_vcf.study import WayOut, check_study, export_study, open_study
from napari_vcf.study.damage import Damage
from support.studies import Clock, make_study, read_stage


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_study(tmp_path_factory.mktemp("finished"), cases=1, stages=["ct"])
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        read_stage(session)
    export_study(root, root / "exports")
    assert check_study(root).damages == ()
    return root


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "study"))


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2] + b"x\n")


@pytest.mark.parametrize(
    ("pattern", "way_out"),
    [
        ("study.json", WayOut.SAID),
        ("protocol.toml", WayOut.SAID),
        ("cases/C001/ct/*.npy", WayOut.PREPARE),
        ("cases/C001/ct.json", WayOut.SAID),
        ("exports/C001_R1_ct.json", WayOut.EXPORT),
        ("exports/SHA256SUMS", WayOut.EXPORT),
        ("readings/R1/C001/ct-1/v1/journal.jsonl", WayOut.RESTORE_FOLDER),
        ("readings/R1/C001/ct-1/v1/seal.json", WayOut.RESTORE_FOLDER),
    ],
)
def test_a_changed_file_is_named_with_what_helps(root: Path, pattern: str, way_out: WayOut) -> None:
    (path, *_) = sorted(root.glob(pattern))
    spoil(path)
    damages = {damage.place: damage for damage in check_study(root).damages}
    assert damages[path.relative_to(root).as_posix()].way_out is way_out


def test_a_study_without_its_first_file_is_told_to_restore_it(root: Path) -> None:
    (root / "study.json").unlink()
    assert [(d.place, d.way_out) for d in check_study(root).damages] == [("study.json", WayOut.RESTORE)]


def test_what_is_foreign_is_compared_or_taken_away(root: Path) -> None:
    (root / "notes.txt").write_text("{}", encoding="utf-8")
    (root / "mine").mkdir()
    found = {damage.place: damage.way_out for damage in check_study(root).damages}
    assert found == {"notes.txt": WayOut.COMPARE, "mine": WayOut.TAKE_AWAY}


def test_a_damage_ends_with_its_way_out_however_it_is_worded() -> None:
    for what in ("it was changed.", "restore, prepare, compare."):
        assert str(Damage("a", None, what, WayOut.PREPARE)) == f"a: {what} Prepare the case again."
    assert str(Damage("a", 3, "it was changed; restore it.", WayOut.SAID)) == "a, entry 3: it was changed; restore it."
    assert all(way.sentence.endswith(".") for way in WayOut if way is not WayOut.SAID)
