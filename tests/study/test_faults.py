"""Full disks, lost shares and clocks, as a reader meets them."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from napari_vcf.errors import NapariVcfError
from napari_vcf.records.errors import WriteError
from napari_vcf.study import JournalError, check_study, open_study
from napari_vcf.study.audit_log import AuditLog
from support.studies import Clock, gestures, make_study, read_stage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_study(tmp_path, cases=1, readers=("R1",))


class FullAfter:
    """The disk takes some calls, and then no more."""

    def __init__(self, real, calls: int, code: int = errno.ENOSPC) -> None:
        self.real, self.calls, self.code = real, calls, code

    def __call__(self, *args, **options):
        self.calls -= 1
        if self.calls < 0:
            raise OSError(self.code, os.strerror(self.code))
        return self.real(*args, **options)


@pytest.mark.parametrize("calls", range(0, 40, 3))
def test_a_disk_that_fills_up_loses_nothing_confirmed_and_work_goes_on(
    calls: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        confirmed, refused = 0, 0
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", FullAfter(os.fsync, calls))
            for gesture in gestures(session):
                before = session.reading.state
                try:
                    gesture()
                    confirmed += 1
                except JournalError:
                    assert session.reading.state is before
                    refused += 1
                    # Those that rest on the refused one cannot be made either.
                    break
        assert refused == 1
        assert len(session.reading.log) == confirmed
        for gesture in gestures(session)[confirmed:]:
            gesture()
        session.seal()
    assert check_study(root).damages == ()


@pytest.mark.parametrize("calls", range(8))
def test_a_signature_that_cannot_be_written_is_given_again(
    calls: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.next_case()
    for gesture in gestures(session):
        gesture()
    seal = root / "readings" / "R1" / "C001" / "ct-1" / "v1" / "seal.json"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", FullAfter(os.fsync, calls))
        try:
            session.seal()
            signed = True
        except (WriteError, JournalError):
            signed = False
    # Either it is signed and said so, or it is not, and the stage is open as before. A folder alone may lag behind.
    assert signed or session.is_open
    if not signed:
        assert check_study(root).damages == ()
        if seal.exists():
            pytest.fail("a stage that was not signed has a seal")
        session.seal()
    assert seal.exists()
    assert reader.next_task().stage == "mri"
    reader.next_case().close()
    assert check_study(root).damages == ()


def test_a_signature_that_a_share_wrote_and_said_it_had_not_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        for gesture in gestures(session):
            gesture()
        real = os.link

        def link(*args: object) -> None:
            real(*args)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

        with monkeypatch.context() as patch:
            patch.setattr(os, "link", link)
            signed = session.seal()
        assert not session.is_open
    assert open_study(root).as_reader("R1").progress()[0] == 1
    report = check_study(root)
    assert (report.seals, report.damages) == (1, ())
    assert signed.version == 1


def test_a_share_that_goes_away_and_comes_back(root: Path) -> None:
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    session.reading.set_spine("L1")
    root.rename(root.with_name("away"))
    with pytest.raises(JournalError, match="cannot be reached"):
        session.reading.answer("ct", "verdict", "benign")
    with pytest.raises(NapariVcfError, match="Is the network share connected"):
        open_study(root)
    root.with_name("away").rename(root)
    read_stage(session)
    assert check_study(root).damages == ()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_folder_that_cannot_be_written_is_a_sentence(code: int, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", FullAfter(os.open, 0, code))
        with pytest.raises(JournalError, match="cannot be opened for writing"):
            reader.next_case()
    with reader.next_case() as session:
        read_stage(session)


def test_a_clock_that_goes_backwards_keeps_the_order_of_times(root: Path) -> None:
    clock = Clock()
    with open_study(root, clock=clock).as_reader("R1").next_case() as session:
        session.reading.set_spine("L1")
        clock.time -= timedelta(days=400)
        read_stage(session)
        times = [entry.at for entry in session.reading.log]
    assert times == sorted(times)
    assert check_study(root).damages == ()


def test_a_register_that_lags_behind_catches_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.next_case()
    with monkeypatch.context() as patch:

        def unreachable(*_: object, **__: object) -> None:
            raise JournalError("The share is gone.")

        patch.setattr(AuditLog, "note", unreachable)
        read_stage(session)
    assert session.register_is_behind
    assert check_study(root).damages == ()
    open_study(root, clock=Clock()).as_reader("R1").next_case().close()
    (root / "readings" / "R1" / "C001" / "ct-1" / "v1" / "seal.json").unlink()
    assert "its seal is gone" in str(check_study(root).damages[0])
