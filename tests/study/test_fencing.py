"""A writer whose call hangs while somebody else takes its case over: when it comes back, nothing confirmed is lost."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.errors import NapariVcfError
from napari_vcf.study import StageSession, check_study, open_study
from napari_vcf.study.journal_format import JOURNAL
from napari_vcf.study.journal_view import inspect_journal
from support.studies import gestures, make_study

#: Calls of the system in which a share can hang.
CALLS = ("open", "write", "fsync", "mkdir", "rename", "replace", "link", "ftruncate", "unlink", "stat", "listdir")
#: What the call does when it comes back: it is made, it is made and reports a failure, or it fails.
RETURNS = ("made", "made and failed", "failed", "half")
#: In the default run every so many-th trial; all of them among the slow tests.
STRIDE = 67


class Hanging:
    """Lets one call of one thread hang until it is told to come back."""

    def __init__(self, at: int, returns: str) -> None:
        self.at, self.returns = at, returns
        self.calls: list[str] = []
        self.hung, self.back = threading.Event(), threading.Event()
        self.thread: threading.Thread | None = None

    def wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if threading.current_thread() is not self.thread:
                return real(*args, **options)
            self.calls.append(name)
            if len(self.calls) - 1 != self.at:
                return real(*args, **options)
            self.hung.set()
            assert self.back.wait(60)
            if self.returns == "half" and name == "write":
                real(args[0], args[1][: len(args[1]) // 2])
            elif self.returns.startswith("made"):
                found = real(*args, **options)
                if self.returns == "made":
                    return found
                if name == "open":
                    os.close(found)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        return call

    @contextmanager
    def patched(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        with patch.context() as inside:
            for name in CALLS:
                inside.setattr(os, name, self.wrapped(name, getattr(os, name)))
            yield

    def run(self, act: Callable[[], object]) -> None:
        self.thread = threading.Thread(target=act, daemon=True)
        self.thread.start()


def number_of(session: StageSession) -> int:
    return len(session.reading.log)


def one_gesture(session: StageSession) -> None:
    session.reading.answer("ct", "confidence", 2)


def some_gestures(session: StageSession) -> None:
    """Past the next snapshot."""
    for value in (1, 2, 3) * 14:
        session.reading.answer("ct", "confidence", value)


def leaving(session: StageSession) -> None:
    session.close()


def signing(session: StageSession) -> None:
    session.seal()


def opening(session: StageSession) -> None:
    """The case is free, and whoever opens it hangs."""
    root = session._place.folder.parents[4]
    session.close()
    again = open_study(root).as_reader("R1").next_case()
    # The other one may have signed it.
    with again or contextlib.nullcontext():
        if again is None:
            return
        again.reading.answer("ct", "confidence", 1)


ACTS = (one_gesture, some_gestures, leaving, signing, opening)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose one case was read and left unsigned; each trial goes on in a copy of it."""
    root = make_study(tmp_path_factory.mktemp("begun"), cases=1, readers=("R1",), stages=["ct"])
    with open_study(root).as_reader("R1").next_case() as session:
        for gesture in gestures(session):
            gesture()
    return root


def trial(act: Any, at: int, returns: str, other: str, root: Path, patch: pytest.MonkeyPatch) -> bool:
    """One interleaving; whether there was such a call."""
    first = open_study(root).as_reader("R1").next_case()
    confirmed = [entry.number for entry in first.reading.log]
    folder = root / "readings" / "R1" / "C001" / "ct-1" / "v1"
    hanging = Hanging(at, returns)
    signed = []

    def run() -> None:
        try:
            before = number_of(first)
            act(first)
            signed.append(not first.is_open and act is signing)
        except NapariVcfError:
            pass
        except OSError:
            # Where a file cannot even be looked at, the system says so in its own words.
            assert hanging.calls[at] == "stat"
        finally:
            confirmed.extend(range(before + 1, number_of(first) + 1))

    with hanging.patched(patch):
        hanging.run(run)
        while not hanging.hung.wait(0.005):
            if not hanging.thread.is_alive():
                return False
        # What has been confirmed by now must be there for whoever comes.
        by_then = number_of(first)
        open_study(root).as_reader("R1").unlock("C001")
        second = None
        # It may have been signed just before, or what hangs keeps it closed.
        with contextlib.suppress(NapariVcfError):
            second = open_study(root).as_reader("R1").next_case()
        mine = 0
        if second is not None:
            assert number_of(second) >= by_then
            for value in (3, 1, 2, 3, 1):
                second.reading.answer("ct", "confidence", value)
            mine = number_of(second)
            if other == "leaves":
                second.close()
            elif other == "signs":
                second.seal()
        hanging.back.set()
        hanging.thread.join(60)
        assert not hanging.thread.is_alive()
        if second is not None and second.is_open:
            second.reading.answer("ct", "confidence", 2)
            mine = number_of(second)
            second.close()
    holds(root, folder, act, max(mine, *confirmed), mine if second is not None else None, any(signed))
    return True


def holds(root: Path, folder: Path, act: Any, least: int, mine: int | None, signed: bool) -> None:
    """What is on the disk once all have come back."""
    view = inspect_journal(folder)
    assert view.problem == ""
    found = sum(entry.kind == "gesture" for entry in view.entries)
    assert found >= least
    if mine is not None:
        # What came late was not confirmed to whoever it came from.
        assert found == mine or act is opening
        assert not signed
    assert check_study(root).damages == ()
    reader = open_study(root).as_reader("R1")
    if (again := reader.next_case()) is not None:
        assert number_of(again) == found
        again.seal()
    assert check_study(root).damages == ()


def trials(act: Any, begun: Path, base: Path, patch: pytest.MonkeyPatch, step: int) -> int:
    made = number = 0
    copies = (Path(shutil.copytree(begun, base / str(n))) for n in itertools.count())
    for returns in RETURNS:
        for other in ("goes on", "leaves", "signs"):
            at = number % step
            while trial(act, at, returns, other, next(copies), patch):
                made += 1
                at += step
            number += 1
    return made


@pytest.mark.parametrize("act", ACTS)
def test_some_hung_writers_that_come_back_destroy_nothing(
    act: Any, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trials(act, begun, tmp_path, monkeypatch, STRIDE if act is not some_gestures else 300) > 0


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_hung_writers_that_come_back_destroy_nothing(
    act: Any, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials(act, begun, tmp_path, monkeypatch, 1 if act is not some_gestures else 11)


def test_a_late_line_of_somebody_else_is_not_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_study(tmp_path, cases=1, readers=("R1",), stages=["ct"])
    session = open_study(root).as_reader("R1").next_case()
    folder = root / "readings" / "R1" / session.case / "ct-1" / "v1"
    real = os.fsync

    def failing(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        with (folder / JOURNAL).open("ab") as stream:
            stream.write(b"of somebody else")
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(NapariVcfError, match="Input/output"):
        session.reading.set_spine("L1")
    with pytest.raises(NapariVcfError, match="Somebody else"):
        session.reading.set_spine("L1")
    assert (folder / JOURNAL).read_bytes().endswith(b"of somebody else")
    with pytest.raises(NapariVcfError, match="Somebody else"):
        session.close()
