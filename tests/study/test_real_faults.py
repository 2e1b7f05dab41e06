"""Real causes, and not only raised errors: a disk that is full, rights that are taken away, a clock set back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import napari_vcf
from napari_vcf.errors import NapariVcfError
from napari_vcf.study import JournalError, StageSession, check_study, export_study, open_consensus, open_study
from support.forking import forked
from support.studies import Clock, gestures, make_study, read_stage

resource = pytest.importorskip("resource", reason="other systems have other rights")


def refused_until_mended(session: StageSession, act: Callable[[], object], mend: Callable[[], object]) -> str:
    """What the refusal says; the record is untouched by it, and the same call works afterwards."""
    before = session.reading.state
    with pytest.raises(NapariVcfError) as refusal:
        act()
    assert session.reading.state is before
    assert session.is_open
    mend()
    act()
    return str(refusal.value)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that another person of this machine can reach."""
    with tempfile.TemporaryDirectory(prefix="napari-vcf-rights-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def code_is_open_to_all() -> bool:
    """Whether a person without rights could import the package; not so in the home of root."""
    places = [Path(place).resolve() for place in (sys.prefix, napari_vcf.__file__)]
    return all(folder.stat().st_mode & 0o005 == 0o005 for place in places for folder in place.parents)


def as_nobody(root: Path) -> None:
    """Go on as a person whom rights bind, which they do not for root."""
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            shutil.chown(path, 65534, 65534)
        # Before the rights to read the interpreter's own files are gone: numpy asks for it late.
        import mmap  # noqa: F401

        os.setgid(65534)
        os.setuid(65534)


def lose_rights(root: Path, channel: int) -> None:
    as_nobody(root)
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    version = root / "readings/R1/C001/ct-1/v1"
    calls = gestures(session)
    taken = [
        (version / "journal.jsonl", 0o400),
        (version / "journal.head", 0o400),
        (version.parents[1], 0o000),
        (next(version.parents[1].glob(".lock-owner-*.json")), 0o000),
        (root / "readings", 0o000),
        (root, 0o000),
    ]
    for (path, rights), call in zip(taken, calls, strict=False):
        mode = path.stat().st_mode
        path.chmod(rights)
        said = refused_until_mended(session, call, lambda path=path, mode=mode: path.chmod(mode))
        assert "Permission denied" in said, said
    for call in calls[len(taken) :]:
        call()
    for path, rights in ((version, 0o500), (version / "journal.jsonl", 0o400)):
        mode = path.stat().st_mode
        path.chmod(rights)
        with pytest.raises(NapariVcfError, match="Permission denied"):
            session.seal()
        assert session.is_open
        path.chmod(mode)
    session.seal()
    register = root / "readings/R1/register"
    register.chmod(0o500)
    # Whoever goes on moves the journal to files of its own, for which the folder must be writable.
    with pytest.raises(NapariVcfError, match="Permission denied"):
        open_study(root, clock=Clock()).as_reader("R1").next_case()
    assert check_study(root).damages == ()
    register.chmod(0o700)
    read_stage(open_study(root, clock=Clock()).as_reader("R1").next_case())
    assert check_study(root).damages == ()
    os.write(channel, b"held")


@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0 and not code_is_open_to_all(),
    reason="root runs this from a folder that nobody else can read; try it as a person without rights",
)
def test_rights_that_are_lost_lose_nothing(open_place: Path) -> None:
    root = make_study(open_place, cases=1, readers=("R1",))
    with forked(lambda channel: lose_rights(root, channel)) as child:
        said = child.rest()
        assert (child.wait(), said) == (0, b"held")


def meet_the_limit(root: Path, channel: int) -> None:
    """No file may grow any more, which is what a quota does."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    session = open_study(root, clock=Clock()).as_reader("R1").next_case()
    journal = root / "readings/R1/C001/ct-1/v1/journal.jsonl"
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))

    for number, call in enumerate(gestures(session)):
        # In the middle of the entry that is to be written, at another place each time.
        limit(journal.stat().st_size + 7 * number)
        said = refused_until_mended(session, call, lambda: limit(most))
        assert "File too large" in said, said
        assert journal.read_bytes().endswith(b"\n")
    limit(1000)
    with pytest.raises(NapariVcfError, match="File too large"):
        session.seal()
    assert session.is_open
    limit(most)
    session.seal()
    assert check_study(root).damages == ()
    os.write(channel, b"held")


def test_files_that_may_not_grow_lose_nothing(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, readers=("R1",))
    with forked(lambda channel: meet_the_limit(root, channel)) as child:
        said = child.rest()
        assert (child.wait(), said) == (0, b"held")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("nobody may mount a disk here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Take what is left of the disk."""
    rest = place / "rest"
    with rest.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            return rest


def test_a_disk_that_is_full_loses_nothing(small_disk: Path) -> None:
    root = make_study(small_disk, cases=1)
    for name in ("R1", "R2"):
        for _ in range(3):
            session = open_study(root, clock=Clock()).as_reader(name).next_case()
            refused, reasons = 0, set()
            for call in gestures(session, 0 if name == "R1" else 1):
                rest = fill(small_disk)
                try:
                    call()
                    rest.unlink()
                except JournalError as error:
                    # There is room within the block that a file has begun; only where it ends is one refused.
                    reasons.add("No space left" in str(error))
                    rest.unlink()
                    call()
                    refused += 1
            assert (refused > 0, reasons) == (True, {True})
            rest = fill(small_disk)
            with pytest.raises(NapariVcfError, match="No space left"):
                session.seal()
            rest.unlink()
            session.seal()
    assert check_study(root).damages == ()
    rest = fill(small_disk)
    with pytest.raises(NapariVcfError, match="No space left"):
        open_consensus(root, "C001", "ct", clock=Clock())
    with pytest.raises(NapariVcfError, match="No space left"):
        export_study(root, root / "exports")
    rest.unlink()
    assert len(export_study(root, root / "exports")) == 6
    assert check_study(root).damages == ()


def test_a_clock_that_is_set_back_before_each_step_loses_nothing(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, stages=["ct"])
    clock = Clock()

    def back() -> None:
        clock.time -= timedelta(days=30)

    for number, name in enumerate(("R1", "R2")):
        back()
        session = open_study(root, clock=clock).as_reader(name).next_case()
        for call in gestures(session, number):
            back()
            call()
        back()
        sealed = session.seal()
        assert sealed.sealed_at >= session.reading.log[-1].at >= session.reading.started_at
    back()
    with open_study(root, clock=clock).as_reader("R1").amend("C001", "ct", "It was overlooked.") as amended:
        back()
        amended.reading.answer("ct", "verdict", "malignant")
        back()
        amended.seal()
    back()
    with open_consensus(root, "C001", "ct", clock=clock) as consensus:
        for item, answers in consensus.differing.items():
            back()
            consensus.settle(item, answers["A"].value, why="seen together")
        back()
        consensus.sign(["R1", "R2"])
    assert len(export_study(root, root / "exports")) == 3
    assert check_study(root).damages == ()
