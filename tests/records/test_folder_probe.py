"""What a folder keeps of the promises that studies are written on, and what is said where it does not."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.records import folder_probe
from napari_vcf.records.errors import WriteError
from napari_vcf.records.folder_probe import probe_folder


def _by_item(folder: Path) -> dict[str, folder_probe.Finding]:
    return {finding.item: finding for finding in probe_folder(folder)}


def test_a_local_folder_keeps_them_all_and_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    found = _by_item(tmp_path)
    assert set(found) >= {
        "Rights",
        "Free space",
        "Replacing",
        "Flushing",
        "Exclusive creation",
        "Locks",
        "Clock",
        "Names",
    }
    assert {item for item, finding in found.items() if finding.state == "fault"} == set()
    assert [path.name for path in tmp_path.iterdir()] == ["study.json"]


def test_a_folder_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="absent is not a folder"):
        probe_folder(tmp_path / "absent")


def test_a_folder_without_rights_is_one_fault_that_says_what_to_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: Any, **kwargs: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    (finding,) = probe_folder(tmp_path)
    assert (finding.item, finding.state) == ("Rights", "fault")
    assert "write access" in finding.text


def test_a_share_without_flushing_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    found = _by_item(tmp_path)
    assert (found["Flushing"].state, found["Flushing folders"].state) == ("fault", "warning")
    assert "power cut" in found["Flushing"].text


def test_a_share_that_gives_one_name_twice_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.open
    monkeypatch.setattr(
        os, "open", lambda path, flags, mode=0o777, **more: really(path, flags & ~os.O_EXCL, mode, **more)
    )
    assert _by_item(tmp_path)["Exclusive creation"].state == "fault"


@pytest.mark.parametrize(
    ("program", "words"),
    [("import sys", "another process took a lock"), ("import sys; sys.exit(1)", "could not try")],
)
def test_locks_that_do_not_hold_between_processes_are_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    monkeypatch.setattr(folder_probe, "_TRY_LOCK", program)
    lock = _by_item(tmp_path)["Locks"]
    assert lock.state == "fault"
    assert words in lock.text


def test_a_share_whose_clock_is_ahead_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = folder_probe.time.time()
    monkeypatch.setattr(folder_probe.time, "time", lambda: now - 3600.0)
    clock = _by_item(tmp_path)["Clock"]
    assert clock.state == "warning"
    # A busy machine takes a while from one look at a clock to the next.
    (ahead,) = re.findall(r"\+(\d+) s", clock.text)
    assert 3600 <= int(ahead) < 3660


def test_a_full_disk_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 9 * 10**8, 10**8))
    assert _by_item(tmp_path)["Free space"].state == "warning"
