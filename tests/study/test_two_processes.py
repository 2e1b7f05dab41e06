"""Two processes on one study: no lost change, no deadlock, and no lock that outlives its holder."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.study import LockedError, NotYetError, check_study, open_study
from napari_vcf.study.case_lock import CaseLock, break_lock
from support.forking import forked
from support.studies import gestures, make_study, read_stage


def hold(root: Path, channel: int) -> None:
    session = open_study(root).as_reader("R1").next_case()
    session.reading.set_spine("L1")
    os.write(channel, b"held")
    time.sleep(60)


def read_all(root: Path, channel: int) -> None:
    reader = open_study(root).as_reader("R1")
    os.write(channel, b"begun")
    while (session := reader.next_case()) is not None:
        read_stage(session)


def read_beside_others(root: Path, reader: str, channel: int) -> None:
    access = open_study(root).as_reader(reader)
    done = 0
    while True:
        try:
            session = access.next_case()
        except (LockedError, NotYetError):
            time.sleep(0.01)
            continue
        if session is None:
            break
        read_stage(session)
        done += 1
    os.write(channel, str(done).encode())


def test_a_case_is_open_once_and_free_when_its_process_is_killed(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1)
    with forked(lambda channel: hold(root, channel)) as child:
        assert child.read() == b"held"
        with pytest.raises(LockedError, match=r"open on this machine \(process \d+\) since .* UTC"):
            open_study(root).as_reader("R1").next_case()
        child.kill()
        with open_study(root).as_reader("R1").next_case() as session:
            assert session.reading.state.spine.fractured == "L1"
            read_stage(session)


def test_a_lock_that_was_broken_keeps_its_old_holder_from_writing(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1)
    old = open_study(root).as_reader("R1").next_case()
    old.reading.set_spine("L1")
    assert main(["study", "unlock", str(root), "--reader", "R1", "--case", "C001"]) == 0
    with open_study(root).as_reader("R1").next_case() as new:
        assert new.reading.log == old.reading.log
        with pytest.raises(LockedError, match="opened elsewhere"):
            old.reading.answer("ct", "verdict", "malignant")
        with pytest.raises(LockedError, match="opened elsewhere"):
            old.close()
        read_stage(new)
    assert check_study(root).damages == ()


def test_a_lock_says_who_holds_it_and_is_given_back(tmp_path: Path) -> None:
    with CaseLock(tmp_path / "a", "Case C001"), pytest.raises(LockedError, match="Case C001 is open"):
        CaseLock(tmp_path / "a", "Case C001")
    CaseLock(tmp_path / "a", "Case C001").release()
    break_lock(tmp_path / "a")
    assert break_lock(tmp_path / "a") is False


def test_two_readers_and_one_reader_twice_lose_nothing(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=2)
    with contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(forked(lambda channel, reader=reader: read_beside_others(root, reader, channel)))
            for reader in ("R1", "R1", "R2")
        ]
        counts = [int(child.rest()) for child in children]
        assert [child.wait() for child in children] == [0, 0, 0]
    assert (counts[0] + counts[1], counts[2]) == (6, 6)
    report = check_study(root)
    assert (report.seals, report.damages) == (12, ())


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3])
def test_a_reader_killed_between_gestures_goes_on_where_it_was(after_s: float, tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, readers=("R1",))
    with forked(lambda channel: read_all(root, channel)) as child:
        child.read()
        # Whenever the blow falls: before the first case, in the middle of it, or after the last.
        time.sleep(after_s)
        child.kill()
    reader = open_study(root).as_reader("R1")
    while (session := reader.next_case()) is not None:
        done = len(session.reading.log)
        for gesture in gestures(session)[done:]:
            gesture()
        assert session.missing() == ()
        session.seal()
    report = check_study(root)
    assert (report.seals, report.damages) == (3, ())
