"""What goes wrong between people, copies and machines, and the way out of each."""

from __future__ import annotations

import contextlib
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.errors import NapariVcfError
from napari_vcf.study import (
    DamagedError,
    LockedError,
    NotYetError,
    StudyError,
    check_study,
    create_study,
    export_study,
    open_consensus,
    open_study,
    prepare_study,
)
from napari_vcf.study.case_lock import CaseLock
from support.patients import begin, read
from support.studies import Clock, gestures, make_study, protocol_text, read_stage


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A case with one stage that two readers have signed, with other answers."""
    root = make_study(tmp_path, cases=1, stages=["ct"])
    for number, name in enumerate(("R1", "R2")):
        read_stage(open_study(root, clock=Clock()).as_reader(name).next_case(), number)
    return root


# -- copies that are not whole ----------------------------------------------------------------------------------------


def test_a_copy_without_a_readers_folder_does_not_look_unread(both: Path) -> None:
    shutil.rmtree(both / "readings/R1")
    reader = open_study(both, clock=Clock()).as_reader("R1")
    for call in (reader.worklist, reader.next_case, lambda: reader.open("C001", "ct"),
                 lambda: reader.amend("C001", "ct", "It was overlooked.")):  # fmt: skip
        with pytest.raises(StudyError, match=r"folder of reader R1 is missing.*Was the study copied whole"):
            call()
    assert not (both / "readings/R1").exists()
    assert check_study(both).damages != ()


@pytest.mark.parametrize("gone", ["study.json", "protocol.toml"])
def test_a_copy_without_its_decisions_is_refused(gone: str, both: Path) -> None:
    (both / gone).unlink()
    with pytest.raises(StudyError):
        open_study(both)
    assert main(["check", str(both)]) == 1


@pytest.mark.parametrize("gone", ["journal.jsonl", "journal.head", "seal.json"])
def test_a_copy_without_a_part_of_a_reading_is_named(gone: str, both: Path) -> None:
    (both / "readings/R1/C001/ct-1/v1" / gone).unlink()
    assert any("readings/R1/C001/ct-1/v1" in damage.place for damage in check_study(both).damages)


@pytest.mark.parametrize("loss", ["file", "byte", "part", "case.json", "damaged case.json"])
def test_a_prepared_case_that_is_damaged_is_prepared_again_even_while_it_is_read(loss: str, tmp_path: Path) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    reader = open_study(root, clock=Clock()).as_reader("R1")
    read(reader.next_case())
    folder = root / "cases/C001"
    whole = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    if loss == "file":
        for image in folder.glob("mr/*.npy"):
            image.unlink()
    elif loss == "byte":
        for image in folder.glob("mr/*.npy"):
            image.write_bytes(image.read_bytes()[:-3] + b"xyz")
    elif loss == "part":
        shutil.rmtree(folder / "mr")
    elif loss == "case.json":
        (folder / "case.json").unlink()
    else:
        (folder / "case.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NapariVcfError), contextlib.closing(reader.next_case()) as session:
        read(session)
    (outcome,) = prepare_study(root, workers=0)
    assert (outcome.status, outcome.reason) == ("prepared", "")
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == whole
    while (session := reader.next_case()) is not None:
        for gesture in session.reading.log:
            assert gesture
        read(session)
    assert check_study(root).damages == ()


def test_a_case_that_is_damaged_and_whose_files_have_changed_is_not_prepared_while_it_is_read(tmp_path: Path) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    open_study(root, clock=Clock()).as_reader("R1").next_case().close()
    (root / "cases/C001/case.json").unlink()
    next((tmp_path / "images").rglob("erikact*")).unlink()
    (outcome,) = prepare_study(root, workers=0)
    assert (outcome.status, "restore it from a backup" in outcome.reason) == ("failed", True)


# -- people ----------------------------------------------------------------------------------------------------------


def test_a_name_that_is_none_of_the_readers_is_refused(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("r1", "R3", "consensus", "../R2", ""):
        assert main(["read", str(both), "--reader", name]) == 1
        assert f"has no reader '{name}'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["CON", "nul", "COM1", "Aux", "LPT9", "prn"])
def test_a_name_that_windows_keeps_for_a_device_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "images" / "a").mkdir(parents=True)
    (tmp_path / "p.toml").write_text(protocol_text(), encoding="utf-8")
    common = {"protocol": tmp_path / "p.toml", "seed": 1, "images": [tmp_path / "images"]}
    with pytest.raises(StudyError, match="name of a device on Windows"):
        create_study(tmp_path / "study", readers=[name], **common)
    with pytest.raises(StudyError, match="name of a device on Windows"):
        create_study(tmp_path / name, readers=["R1"], **common)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "p.toml"]


@pytest.mark.parametrize("reason", ["", "  ", "no", "x" * 501])
def test_a_reason_that_is_none_is_refused_before_anything_rests_on_it(reason: str, both: Path) -> None:
    reader = open_study(both, clock=Clock()).as_reader("R1")
    with pytest.raises(NapariVcfError, match="in 3 to 500 characters"):
        reader.amend("C001", "ct", reason)
    assert reader.worklist()[0].status == "sealed"
    with open_consensus(both, "C001", "ct", clock=Clock()) as consensus:
        with pytest.raises(NapariVcfError, match="in 3 to 500 characters"):
            consensus.settle("verdict", "benign", why=reason)
        assert consensus.settled == {}


def test_a_seal_that_was_changed_is_not_amended(both: Path) -> None:
    seal = both / "readings/R1/C001/ct-1/v1/seal.json"
    seal.write_text(seal.read_text(encoding="utf-8").replace('"benign"', '"malignant"'), encoding="utf-8")
    with pytest.raises(DamagedError, match="have the study checked"):
        open_study(both, clock=Clock()).as_reader("R1").amend("C001", "ct", "It was overlooked.")


def test_those_present_are_a_list_of_names(both: Path) -> None:
    with open_consensus(both, "C001", "ct", clock=Clock()) as consensus:
        for item, answers in consensus.differing.items():
            consensus.settle(item, answers["A"].value, why="seen together")
        for present in ("R1", [], ["R 1"]):
            with pytest.raises(NapariVcfError):
                consensus.sign(present)
        consensus.sign(["R1", "R2"])


def test_no_case_is_read_once_more_before_every_first_reading_is_signed(tmp_path: Path) -> None:
    clock = Clock()
    root = make_study(tmp_path, cases=2, readers=("R1",), stages=["ct", "mri"], rereads=2, washout_days=3)
    reader = open_study(root, clock=clock).as_reader("R1")
    for _ in range(2):
        read_stage(reader.next_case())
    clock.time += timedelta(days=4)
    read_stage(reader.next_case())
    done = {task.case for task in reader.tasks if task.stage == "mri" and reader._list.status(task) == "sealed"}
    clock.time += timedelta(days=4)
    with reader.next_case() as session:
        assert (session.occasion, session.stage, {session.case} & done) == (1, "mri", set())
        read_stage(session)
    # All first readings are signed, and the first case may be read again; the second must wait.
    assert reader.next_task().occasion == 2


def test_waiting_first_readings_hold_back_the_rereads(tmp_path: Path) -> None:
    clock = Clock()
    root = make_study(tmp_path, cases=2, readers=("R1",), stages=["ct"], rereads=2)
    shutil.move(root / "cases/C002", tmp_path / "C002")
    reader = open_study(root, clock=clock).as_reader("R1")
    read_stage(reader.next_case())
    with pytest.raises(NotYetError, match="C002 is not prepared"):
        reader.next_case()
    shutil.move(tmp_path / "C002", root / "cases/C002")
    read_stage(reader.next_case())
    assert reader.next_task().occasion == 2


# -- a consensus that is overtaken -----------------------------------------------------------------------------------


def test_a_consensus_that_an_amendment_overtook_is_begun_anew_and_the_old_one_kept(both: Path) -> None:
    with open_consensus(both, "C001", "ct", clock=Clock()) as consensus:
        consensus.settle("verdict", "benign", why="seen together")
    with open_study(both, clock=Clock()).as_reader("R2").amend("C001", "ct", "It was overlooked.") as session:
        session.reading.answer("ct", "verdict", "benign")
        with pytest.raises(NotYetError, match="not signed in every stage"):
            open_consensus(both, "C001", "ct", clock=Clock())
        session.seal()
    with pytest.raises(StudyError, match="--anew"):
        open_consensus(both, "C001", "ct", clock=Clock())
    with open_consensus(both, "C001", "ct", anew=True, clock=Clock()) as consensus:
        assert consensus.settled == {}
        for item, answers in consensus.differing.items():
            consensus.settle(item, answers["A"].value, why="seen together")
        consensus.sign(["R1", "R2"])
    assert (both / "consensus/C001/ct-stopped-1/journal.jsonl").is_file()
    with pytest.raises(NotYetError, match="is signed"):
        open_consensus(both, "C001", "ct", anew=True, clock=Clock())
    assert len(export_study(both, both / "exports")) == 3
    assert check_study(both).damages == ()
    journal = both / "consensus/C001/ct-stopped-1/journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-2])
    assert [damage.place for damage in check_study(both).damages] == ["consensus/C001/ct-stopped-1/journal.jsonl"]


# -- machines --------------------------------------------------------------------------------------------------------


def test_locks_that_a_share_never_frees_are_freed_by_hand(both: Path) -> None:
    reader = open_study(both, clock=Clock()).as_reader("R1")
    with (
        CaseLock(both / "readings/R1/C001", "Case C001"),
        CaseLock(both / "readings/R1/.register", "The register"),
        CaseLock(both / "consensus/C001", "The consensus on case C001"),
    ):
        with pytest.raises(LockedError, match="napari-vcf study unlock"):
            open_consensus(both, "C001", "ct", clock=Clock())
        assert main(["study", "unlock", str(both), "--reader", "R1", "--case", "C001"]) == 0
        reader.amend("C001", "ct", "It was overlooked.").seal()
        assert main(["study", "unlock", str(both), "--consensus", "--case", "C001"]) == 0
        open_consensus(both, "C001", "ct", clock=Clock()).close()
        assert main(["study", "unlock", str(both), "--consensus", "--case", "../R1"]) == 1


def test_a_stage_is_not_signed_while_something_is_missing_and_says_what(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, readers=("R1",), stages=["ct"])
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    for gesture in gestures(session)[:-1]:
        gesture()
        with pytest.raises(StudyError, match="cannot be signed yet"):
            session.seal()
    gestures(session)[-1]()
    session.seal()
