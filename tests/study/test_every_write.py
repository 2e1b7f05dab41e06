"""A failure at each system call that writes, in everything that a study does, and work that goes on afterwards.

Nothing confirmed is lost, what is said is a sentence, and the same call works once the cause is gone.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.errors import NapariVcfError
from napari_vcf.study import check_study, create_study, export_study, open_consensus, open_study
from napari_vcf.study.settled_roles import set_role
from support.studies import Clock, gestures, make_study, protocol_text, read_stage

WRITES = ("open", "write", "fsync", "mkdir", "rename", "replace", "link", "ftruncate", "unlink")
#: In the default run every so many-th call; all of them among the slow tests.
STRIDE = 17


@dataclass
class Trouble:
    """What goes wrong, from which call on, and for how long."""

    code: int
    #: Whether it stays, until the cause is removed.
    stays: bool
    #: What still works.
    spared: tuple[str, ...] = ()


TROUBLES = {
    "disk full": Trouble(errno.ENOSPC, stays=True, spared=("unlink", "ftruncate", "rename", "replace")),
    "read-only": Trouble(errno.EROFS, stays=True),
    "permission lost": Trouble(errno.EACCES, stays=True, spared=("write", "fsync", "ftruncate")),
    "one error": Trouble(errno.EIO, stays=False),
    "stale share": Trouble(errno.ESTALE, stays=True),
}


@contextmanager
def failing(trouble: Trouble, at: int, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """System calls fail from the one with number ``at`` on; yields the names of those that were made."""
    made: list[str] = []

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if name == "open" and not args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return real(*args, **options)
            made.append(name)
            number = len(made) - 1
            hit = number >= at if trouble.stays else number == at
            if hit and name not in trouble.spared:
                raise OSError(trouble.code, os.strerror(trouble.code))
            return real(*args, **options)

        return call

    with patch.context() as inside:
        for name in WRITES:
            inside.setattr(os, name, wrapped(name, getattr(os, name)))
        yield made


# -- what a study does: each prepares, and gives the call that is disturbed ----------------------------------------


#: The call that is disturbed, and what follows once it has been made.
Doing = tuple[Callable[[], object], Callable[[], object]]


def nothing() -> None:
    pass


def opening(root: Path) -> Doing:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    return lambda: reader.next_case().close(), nothing


def a_gesture(root: Path) -> Doing:
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    session.reading.set_spine("L1")

    def act() -> None:
        before = session.reading.state
        try:
            session.reading.answer("ct", "verdict", "benign")
        except NapariVcfError:
            assert session.reading.state is before
            raise

    return act, session.close


def the_fiftieth_gesture(root: Path) -> Doing:
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    for number in range(49):
        session.reading.set_spine("L1" if number % 2 else "L2")

    def act() -> None:
        session.reading.set_spine("L1")
        assert len(session.reading.log) == 50

    return act, session.close


def leaving(root: Path) -> Doing:
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    session.reading.set_spine("L1")
    return session.close, nothing


def signing(root: Path) -> Doing:
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    for gesture in gestures(session):
        gesture()
    return session.seal, nothing


def amending(root: Path) -> Doing:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    read_stage(reader.next_case())

    def act() -> None:
        begun = reader.worklist()[0].status == "amending"
        session = reader.open("C001", "ct") if begun else reader.amend("C001", "ct", "It was overlooked.")
        session.close()

    return act, nothing


def both_signed(root: Path) -> None:
    for number, name in enumerate(("R1", "R2")):
        read_stage(open_study(root, clock=Clock()).as_reader(name).next_case(), number)


def meeting(root: Path) -> Doing:
    both_signed(root)
    return lambda: open_consensus(root, "C001", "ct", clock=Clock()).close(), nothing


def settling(root: Path) -> Doing:
    both_signed(root)
    consensus = open_consensus(root, "C001", "ct", clock=Clock())

    def act() -> None:
        before = consensus.settled
        try:
            consensus.settle("verdict", "benign", why="seen together")
        except NapariVcfError:
            assert consensus.settled == before
            raise

    return act, consensus.close


def signing_together(root: Path) -> Doing:
    both_signed(root)
    consensus = open_consensus(root, "C001", "ct", clock=Clock())
    for item, answers in consensus.differing.items():
        consensus.settle(item, answers["A"].value, why="seen together")
    return lambda: consensus.sign(["R1", "R2"]), nothing


def exporting(root: Path) -> Doing:
    both_signed(root)
    return lambda: export_study(root, root / "exports"), nothing


def a_role(root: Path) -> Doing:
    return lambda: set_role(root, "C001", "T2", "T1"), nothing


def beginning(root: Path) -> Doing:
    base = root.parent
    protocol = base / "new.toml"
    protocol.write_text(protocol_text(), encoding="utf-8")
    new = {"protocol": protocol, "readers": ["R1"], "seed": 1, "images": [base / "images"]}
    return lambda: create_study(base / "new", **new), nothing


DOINGS = (
    opening,
    a_gesture,
    the_fiftieth_gesture,
    leaving,
    signing,
    amending,
    meeting,
    settling,
    signing_together,
    exporting,
    a_role,
    beginning,
)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("pristine"), cases=1, stages=["ct"]).parent


def confirmed(root: Path) -> int:
    """Gestures and signatures on the disk."""
    return sum(path.read_bytes().count(b"\n") for path in root.rglob("journal.jsonl")) + len(
        list(root.rglob("seal.json"))
    )


def disturb(doing: Any, trouble: Trouble, at: int, base: Path, pristine: Path, patch: pytest.MonkeyPatch) -> int:
    """One trial; how many calls there were."""
    shutil.rmtree(base, ignore_errors=True)
    shutil.copytree(pristine, base)
    root = base / "study"
    act, after = doing(root)
    before = confirmed(root)
    said = ""
    with failing(trouble, at, patch) as made:
        try:
            act()
        except NapariVcfError as error:
            said = str(error)
            assert said.endswith((".", "'.")), said
            assert str(base) not in said
    assert confirmed(root) >= before
    assert check_study(root).damages == ()
    for name in re.findall(r"Remove (\S+?)(?: and (\S+))? before", said):
        # What could not be cleared up is named, and a person does it.
        for left in filter(None, name):
            shutil.rmtree(base / left) if (base / left).is_dir() else (base / left).unlink()
    if said:
        act()
    after()
    assert check_study(root).damages == ()
    # Whatever was disturbed, the next one can go on.
    if doing not in (exporting, signing_together, meeting, settling, beginning):
        for name in ("R1", "R2"):
            reader = open_study(root, clock=Clock()).as_reader(name)
            while (session := reader.next_case()) is not None:
                read_stage(session)
        assert check_study(root).damages == ()
    return len(made)


def every_call(doing: Any, trouble: Trouble, base: Path, pristine: Path, patch: pytest.MonkeyPatch, step: int) -> None:
    calls = disturb(doing, trouble, 1_000_000, base, pristine, patch)
    assert calls > 3
    for at in range(0, calls, step):
        disturb(doing, trouble, at, base, pristine, patch)


@pytest.mark.parametrize("doing", DOINGS)
def test_a_failure_at_some_writes_loses_nothing(
    doing: Any, tmp_path: Path, pristine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_call(doing, TROUBLES["disk full"], tmp_path / "x", pristine, monkeypatch, STRIDE)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("doing", DOINGS)
def test_a_failure_at_each_write_loses_nothing(
    doing: Any, trouble: str, tmp_path: Path, pristine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_call(doing, TROUBLES[trouble], tmp_path / "x", pristine, monkeypatch, 1)
