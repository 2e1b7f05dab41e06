"""The journal: nothing confirmed is lost, nothing is doubled, and nothing is changed without being noticed."""

from __future__ import annotations

import errno
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.study.errors import DamagedError, JournalError
from napari_vcf.study.journal import Journal
from napari_vcf.study.journal_format import HEAD, JOURNAL
from napari_vcf.study.journal_view import inspect_journal
from support.forking import forked


def written(folder: Path, entries: int = 6) -> Journal:
    journal = Journal.create(folder, "opened", {"case": "C001"})
    for number in range(2, entries + 1):
        journal.append("gesture", {"value": number})
    return journal


def values(folder: Path) -> list[int]:
    return [entry.body["value"] for entry in Journal.open(folder).entries[1:]]


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    journal = written(tmp_path / "j")
    again = Journal.open(tmp_path / "j")
    assert again.entries == journal.entries
    assert again.sha256 == journal.sha256
    again.append("gesture", {"value": 7})
    assert values(tmp_path / "j") == [2, 3, 4, 5, 6, 7]
    assert inspect_journal(tmp_path / "j").problem == ""


@settings(max_examples=60)
@given(cut=st.integers(1, 10_000))
def test_a_journal_that_was_cut_is_noticed(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cut") / "j"
    written(folder)
    data = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(data[: len(data) - 1 - cut % len(data)])
    view = inspect_journal(folder)
    assert view.problem
    assert view.entry == len(view.entries) + 1
    with pytest.raises(DamagedError):
        Journal.open(folder)


def test_entries_that_were_left_out_moved_or_added_are_noticed(tmp_path: Path) -> None:
    written(tmp_path / "j")
    path = tmp_path / "j" / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    other = written(tmp_path / "other", 9)
    for changed, entry in (
        ([*lines[:2], *lines[3:]], 3),
        ([lines[0], lines[2], lines[1], *lines[3:]], 2),
        ([*lines, lines[-1]], None),
        ((other.folder / JOURNAL).read_bytes().splitlines(keepends=True)[:6], None),
    ):
        path.write_bytes(b"".join(changed))
        view = inspect_journal(tmp_path / "j")
        # The journal beside differs from the second entry's time on, which only its head can tell.
        if entry is None:
            assert view.problem or view.torn
        else:
            assert (bool(view.problem), view.entry) == (True, entry)


def test_every_single_byte_counts(tmp_path: Path) -> None:
    folder = tmp_path / "j"
    written(folder, 4)
    for name in (JOURNAL, HEAD):
        whole = (folder / name).read_bytes()
        for place in range(len(whole)):
            data = bytearray(whole)
            data[place] ^= 1 << (place % 8)
            (folder / name).write_bytes(data)
            view = inspect_journal(folder)
            assert view.problem or view.head_torn, (name, place)
        (folder / name).write_bytes(whole)
    assert not inspect_journal(folder).problem


# -- power cuts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail", [b"x", b"0" * 64, b"0" * 64 + b' {"n":7', b"\0" * 500, b"\0\n"])
def test_a_torn_last_entry_is_taken_away_and_the_rest_kept(tail: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "j"
    written(folder)
    with (folder / JOURNAL).open("ab") as stream:
        stream.write(tail)
    journal = Journal.open(folder)
    assert journal.recovered_bytes == len(tail)
    journal.append("gesture", {"value": 7})
    assert values(folder) == [2, 3, 4, 5, 6, 7]


def test_an_entry_that_the_head_does_not_know_yet_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "j"
    journal = written(folder)
    head = (folder / HEAD).read_bytes()
    journal.append("gesture", {"value": 7})
    (folder / HEAD).write_bytes(head)
    assert values(folder) == [2, 3, 4, 5, 6, 7]
    assert not inspect_journal(folder).head_behind


def test_a_half_written_place_of_the_head_leaves_the_other(tmp_path: Path) -> None:
    folder = tmp_path / "j"
    written(folder)
    head = bytearray((folder / HEAD).read_bytes())
    head[:20] = b"\0" * 20
    (folder / HEAD).write_bytes(head)
    assert values(folder) == [2, 3, 4, 5, 6]


# -- faults ------------------------------------------------------------------------------------------------------------

FAULTS = {
    "disk full": (errno.ENOSPC, "No space left"),
    "read-only": (errno.EROFS, "Read-only"),
    "permission lost": (errno.EACCES, "Permission denied"),
    "share gone": (errno.ESTALE, "Stale"),
    "disk error": (errno.EIO, "Input/output"),
}


class Fault:
    """Lets the calls of a function through until one of them, which fails, and all after it."""

    def __init__(self, real, after: int, code: int, half: bool = False) -> None:
        self.real, self.left, self.code, self.half = real, after, code, half

    def __call__(self, *args, **options):
        self.left -= 1
        if self.left >= 0:
            return self.real(*args, **options)
        if self.half and self.left == -1:
            descriptor, data = args
            self.real(descriptor, data[: len(data) // 2])
        raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["write", "half a write", "fsync", "open"])
@pytest.mark.parametrize("after", range(6))
def test_a_fault_at_any_write_loses_nothing_and_work_goes_on(
    fault: str, call: str, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "j"
    journal = written(folder)
    code, words = FAULTS[fault]
    name = call.split()[-1]
    confirmed: list[int] = [2, 3, 4, 5, 6]
    sentences: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, name, Fault(getattr(os, name), after, code, call == "half a write"))
        for value in (7, 8, 9):
            try:
                journal.append("gesture", {"value": value})
                confirmed.append(value)
            except JournalError as error:
                sentences.append(str(error))
    assert sentences or after > 2
    assert all(words in text and "Everything before it is safe" in text for text in sentences)
    # As the process sees it, and as one that starts now sees it.
    journal.append("gesture", {"value": 10})
    assert values(folder) == [*confirmed, 10]
    assert [entry.body["value"] for entry in journal.entries[1:]] == [*confirmed, 10]
    assert inspect_journal(folder).problem == ""


@pytest.mark.parametrize("call", ["write", "half a write", "fsync", "open"])
@pytest.mark.parametrize("after", range(6))
def test_who_dies_with_the_fault_loses_nothing_confirmed_either(
    call: str, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "j"
    journal = written(folder)
    name = call.split()[-1]
    confirmed = [2, 3, 4, 5, 6]
    with monkeypatch.context() as patch:
        patch.setattr(os, name, Fault(getattr(os, name), after, errno.ENOSPC, call == "half a write"))
        for value in (7, 8, 9):
            try:
                journal.append("gesture", {"value": value})
                confirmed.append(value)
            except JournalError:
                break
    found = values(folder)
    assert found[: len(confirmed)] == confirmed
    # At most the one that was under way came through whole.
    assert len(found) - len(confirmed) in (0, 1)


def test_a_folder_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "j"
    journal = written(folder)
    folder.rename(tmp_path / "away")
    with pytest.raises(JournalError, match="No such file"):
        journal.append("gesture", {"value": 7})
    (tmp_path / "away").rename(folder)
    journal.append("gesture", {"value": 7})
    assert values(folder) == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("call", ["write", "fsync", "open", "rename"])
def test_a_journal_that_cannot_be_begun_leaves_nothing(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Path if call == "rename" else os
    with monkeypatch.context() as patch:
        patch.setattr(owner, call, Fault(getattr(owner, call), 0, errno.ENOSPC))
        with pytest.raises(JournalError, match="No space left"):
            Journal.create(tmp_path / "j", "opened", {})
    assert not (tmp_path / "j").exists()
    Journal.create(tmp_path / "j", "opened", {})


def test_a_clock_that_goes_backwards_is_noted_and_the_order_kept(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 2, tzinfo=UTC)]
    journal = Journal.create(tmp_path / "j", "opened", {}, clock=lambda: now[0])
    now[0] -= timedelta(days=1)
    entry = journal.append("gesture", {"value": 2})
    assert entry.at == journal.entries[0].at
    assert entry.body["clock_behind_s"] == 86400
    assert journal.now() == entry.at


def test_what_somebody_else_wrote_is_not_written_over(tmp_path: Path) -> None:
    first = written(tmp_path / "j")
    second = Journal.open(tmp_path / "j")
    second.append("gesture", {"value": 7})
    with pytest.raises(JournalError, match="Somebody else"):
        first.append("gesture", {"value": 8})
    assert values(tmp_path / "j") == [2, 3, 4, 5, 6, 7]


# -- kill -9 -----------------------------------------------------------------------------------------------------------


def write_on(folder: Path, channel: int) -> None:
    """Append entries, each confirmed on the channel, until somebody ends this process."""
    journal = Journal.open(folder)
    while True:
        number = len(journal.entries) + 1
        journal.append("gesture", {"value": number})
        os.write(channel, f"{number}\n".encode())


def test_killed_in_the_middle_of_writing_every_confirmed_entry_is_there_once(tmp_path: Path) -> None:
    folder = tmp_path / "j"
    Journal.create(folder, "opened", {})
    for number in range(12):
        with forked(lambda channel: write_on(folder, channel)) as child:
            confirmed = child.read()
            time.sleep(0.0007 * (number))
            child.kill()
            confirmed += child.rest()
        found = values(folder)
        assert found == list(range(2, 2 + len(found)))
        assert len(found) + 1 >= int(confirmed.split()[-1])
