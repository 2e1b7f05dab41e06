"""A reading and the images that it was made on belong together: nothing is opened, signed or whole on others."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.study import DamagedError, StudyError, check_study, open_study, prepare_study
from support import studies
from support.forking import forked
from support.patients import begin, write_patient
from support.studies import Clock, gestures, make_study, read_stage, write_case


def swap(root: Path, *names: str) -> None:
    for name in names:
        one, other = root / "cases" / "C001" / name, root / "cases" / "C002" / name
        aside = root / "aside"
        one.rename(aside)
        other.rename(one)
        aside.rename(other)


@pytest.mark.parametrize("names", [("",), ("ct.json", "ct")], ids=["cases", "parts"])
def test_a_case_in_the_place_of_another_is_not_read(names: tuple[str, ...], tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=2)
    swap(root, *names)
    with pytest.raises(DamagedError, match=r"in the place of case C00[12]"):
        open_study(root).as_reader("R1").next_case()
    assert not list((root / "readings").rglob("journal.jsonl"))
    assert check_study(root).damages != ()


def other_voxels(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case is lost, and comes back from files that have changed."""
    salt = json.loads((root.parent / "study.key.json").read_text())["cases"]["C001"]["salt"]
    shutil.rmtree(root / "cases" / "C001")
    real = np.random.default_rng
    with monkeypatch.context() as patch:
        patch.setattr(studies.np.random, "default_rng", lambda seed: real(seed + 1))
        write_case(root / "cases" / "C001", salt=salt)


def test_a_reading_does_not_go_on_on_other_voxels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_study(tmp_path, cases=1)
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        gestures(session)[0]()
    shutil.copytree(root / "cases" / "C001", tmp_path / "backup")
    other_voxels(root, monkeypatch)
    with pytest.raises(DamagedError, match="not those on which this reading was begun"):
        open_study(root, clock=Clock()).as_reader("R1").next_case()
    assert [(d.place, d.entry) for d in check_study(root).damages] == [("readings/R1/C001/ct-1/v1/journal.jsonl", 1)]
    shutil.rmtree(root / "cases" / "C001")
    (tmp_path / "backup").rename(root / "cases" / "C001")
    read_stage(open_study(root, clock=Clock()).as_reader("R1").next_case())
    assert check_study(root).damages == ()


def test_nothing_is_signed_on_voxels_that_changed_while_the_case_was_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_study(tmp_path, cases=1)
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        for gesture in gestures(session):
            gesture()
        other_voxels(root, monkeypatch)
        with pytest.raises(DamagedError, match="prepared anew while it was open"):
            session.seal()
        assert session.is_open
    assert not list(root.rglob("seal.json"))


def test_a_lost_case_is_not_prepared_from_changed_files_under_a_begun_reading(tmp_path: Path) -> None:
    root = begin(tmp_path)
    assert [outcome.status for outcome in prepare_study(root, workers=0)] == ["prepared"]
    open_study(root, clock=Clock()).as_reader("R1").next_case().close()
    shutil.rmtree(root / "cases" / "C001")
    folder = next((tmp_path / "images").iterdir())
    write_patient(folder.with_name("whole"), 0)
    for path in sorted((folder / "CT Erika").iterdir()):
        data = bytearray(path.read_bytes())
        data[-40:] = bytes(40)
        path.write_bytes(data)
    (refused,) = prepare_study(root, workers=0)
    assert "preparing it again gives something else" in refused.reason
    shutil.rmtree(folder)
    folder.with_name("whole").rename(folder)
    assert [outcome.status for outcome in prepare_study(root, workers=0)] == ["prepared"]
    open_study(root, clock=Clock()).as_reader("R1").next_case().close()
    assert check_study(root).damages == ()


def test_an_image_that_is_cut_while_it_is_open_ends_nothing(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1)

    def look(channel: int) -> None:
        case = open_study(root).as_reader("R1").next_case().reading.case
        volume = case.volume(case.with_role("CT")[0].id)
        before = float(volume.data.mean())
        os.truncate(next((root / "cases" / "C001" / "ct").glob("*.npy")), 128)
        os.write(channel, b"same" if float(volume.data.mean()) == before else b"other")

    with forked(look) as child:
        assert child.rest() == b"same"
        assert child.wait() == 0


def limited(act: Callable[[], object]) -> None:
    """With no file more to be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
    try:
        act()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_many_open_files_are_said_as_that(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1)
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        case = session.reading.case
        image = case.with_role("CT")[0].id
        with pytest.raises(StudyError, match="too many open files") as refused:
            limited(lambda: case.volume(image))
        assert not isinstance(refused.value, DamagedError)
        assert case.volume(image).data.shape == (20, 20, 20)
