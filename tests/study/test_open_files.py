"""Too many open files: said as that, with nothing lost and nothing taken for damaged."""

from __future__ import annotations

import os
import shutil
import tracemalloc  # noqa: F401 -- pytest loads it when there is no file left to load it from
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from napari_vcf.errors import NapariVcfError
from napari_vcf.study import (
    DamagedError,
    check_study,
    export_study,
    open_consensus,
    open_study,
    prepare_study,
)
from napari_vcf.study.decisions import withdraw_case
from napari_vcf.study.status import study_status
from support.patients import begin
from support.studies import Clock, gestures, make_study, read_stage

resource = pytest.importorskip("resource", reason="other systems have no such limit")


@contextmanager
def only_so_many(spare: int) -> Iterator[None]:
    """Let so many more files be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(spare + 1)]
    for descriptor in opened:
        os.close(descriptor)
    last = opened[-1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (last, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that both have signed on CT, and another one that nobody has read."""
    root = make_study(tmp_path_factory.mktemp("signed"), cases=2, stages=["ct"])
    for number, name in enumerate(("R1", "R2")):
        reader = open_study(root, clock=Clock()).as_reader(name)
        while (task := reader.next_task()) is not None and task.case != "C001":
            read_stage(reader.next_case(), number)
        read_stage(reader.next_case(), number)
    return root


def amend(root: Path) -> object:
    """Amend; one that was begun although its opening was refused goes on."""
    reader = open_study(root).as_reader("R1")
    if reader.worklist()[0].status == "amending" or reader.worklist()[1].status == "amending":
        return reader.open("C001", "ct")
    return reader.amend("C001", "ct", "looked at once more")


ACTS: dict[str, Callable[[Path], object]] = {
    "opening": lambda root: open_study(root).as_reader("R1").next_case(),
    "amending": amend,
    "meeting": lambda root: open_consensus(root, "C001", "ct"),
    "checking": lambda root: check_study(root).damages,
    "exporting": lambda root: export_study(root, root.parent / "exports"),
    "counting": study_status,
    "withdrawing": lambda root: withdraw_case(root, "C002", "consent was taken back"),
}


def tell(act: Callable[[Path], object], root: Path, spare: int) -> str:
    """What an act says where only so many files can be opened; empty where it was done."""
    with only_so_many(spare):
        try:
            made = act(root)
        except DamagedError:
            raise
        except NapariVcfError as error:
            return str(error)
    if hasattr(made, "close"):
        made.close()
    # A study that is whole is never called damaged.
    if act is ACTS["checking"]:
        assert made == ()
    return ""


@pytest.mark.parametrize("name", ACTS)
def test_too_many_open_files_are_said_as_that(name: str, signed: Path, tmp_path: Path) -> None:
    # What is imported late needs files of its own.
    shutil.copytree(signed, tmp_path / "warm")
    assert tell(ACTS[name], tmp_path / "warm", 200) == ""
    sentences = []
    for spare in range(5):
        root = tmp_path / str(spare) / "study"
        shutil.copytree(signed, root)
        sentences.append(tell(ACTS[name], root, spare))
        assert check_study(root).damages == ()
        # Once the cause is gone, the same is done.
        if sentences[-1]:
            assert tell(ACTS[name], root, 200) == ""
    assert sentences[0]
    for sentence in filter(None, sentences):
        assert "oo many open files" in sentence
        assert not any(word in sentence.lower() for word in ("damaged", "backup", "share", "make room"))


def test_a_gesture_and_a_signature_wait_until_files_can_be_opened_again(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, stages=["ct"])
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        calls = gestures(session)
        calls[0]()
        for call in calls:
            before = session.reading.state
            with only_so_many(0), pytest.raises(NapariVcfError, match="oo many") as refused:
                call()
            assert session.reading.state is before
            assert "share" not in str(refused.value)
            call()
        with only_so_many(0), pytest.raises(NapariVcfError, match="oo many"):
            session.seal()
        session.seal()
    assert check_study(root).damages == ()


# NumPy leaves a file to the collector that it could not open a second time.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_preparation_says_it_of_the_case_and_goes_on_later(tmp_path: Path) -> None:
    root = begin(tmp_path)
    (tmp_path / "warm").mkdir()
    prepare_study(begin(tmp_path / "warm"), workers=0)
    for spare in range(3):
        with only_so_many(spare):
            try:
                said = " ".join(outcome.reason for outcome in prepare_study(root, workers=0))
            except NapariVcfError as error:
                said = str(error)
        assert said == "" or "oo many" in said
        assert said or spare
    assert [outcome.status for outcome in prepare_study(root, workers=0)] == ["prepared"]
    assert check_study(root).damages == ()
