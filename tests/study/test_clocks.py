"""Clocks that are wrong: no case is locked for years by one that runs ahead, and no interval is skipped by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.records.base import utc_now
from napari_vcf.study import ClockError, NotYetError, StudyError, check_study, open_study
from napari_vcf.study.decisions import read_decisions, settle_time
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.study_folder import StudyFolder
from support.studies import make_study, read_stage


def ahead(days: float) -> Callable[[], datetime]:
    return lambda: utc_now() + timedelta(days=days)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_study(tmp_path, cases=1, readers=("R1",), stages=["ct", "mri"], washout_days=14.0)


def test_a_machine_whose_clock_is_ahead_of_the_share_is_asked_first(root: Path) -> None:
    reader = open_study(root, clock=ahead(3650)).as_reader("R1")
    with pytest.raises(ClockError, match=r"files in the study are written at .*\n?.*--clock-is-right"):
        reader.next_case()
    assert not (root / "readings" / "R1" / "C001").exists()
    with open_study(root, clock=ahead(3650)).as_reader("R1", clock_is_right=True).next_case() as session:
        session.reading.set_spine("L1")
    kinds = [entry.kind for entry in inspect_journal(root / "readings/R1/C001/ct-1/v1").entries]
    assert kinds == ["opened", "clock_confirmed", "gesture", "closed"]
    assert check_study(root).damages == ()


def test_a_gesture_on_a_machine_ten_years_ahead_keeps_no_case_closed_for_ten_years(root: Path) -> None:
    with open_study(root, clock=ahead(3650)).as_reader("R1", clock_is_right=True).next_case() as session:
        session.reading.set_spine("L1")
    read_stage(open_study(root).as_reader("R1").next_case())
    (item,) = [item for item in open_study(root).as_reader("R1").worklist() if item.not_before is not None]
    assert timedelta(days=13) < item.not_before - utc_now() < timedelta(days=15)


def test_a_clock_fifteen_days_ahead_ends_no_interval(root: Path) -> None:
    read_stage(open_study(root).as_reader("R1").next_case())
    for right in (False, True):
        with pytest.raises(NotYetError, match="may be read again from"):
            open_study(root, clock=ahead(15)).as_reader("R1", clock_is_right=right).next_case()


def test_more_than_a_year_without_anything_is_asked_about(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where the images lie on the machine's own disk, that disk knows no other time.
    monkeypatch.setattr("napari_vcf.study.worklist.share_time", lambda folder: ahead(400)())
    with pytest.raises(ClockError, match="more than a year after"):
        open_study(root, clock=ahead(400)).as_reader("R1").next_case()
    open_study(root, clock=ahead(360)).as_reader("R1").next_case().close()


def test_the_coordinator_says_when_a_stage_was_signed_and_intervals_follow(root: Path) -> None:
    read_stage(open_study(root, clock=ahead(3650)).as_reader("R1", clock_is_right=True).next_case())
    with pytest.raises(NotYetError):
        open_study(root).as_reader("R1").next_case()
    at = (utc_now() - timedelta(days=20)).isoformat()
    where = ["--reader", "R1", "--case", "C001", "--stage", "ct"]
    assert main(["study", "signed-at", str(root), *where, "--at", at, "--reason", "seen in the diary"]) == 0
    with open_study(root).as_reader("R1").next_case() as session:
        assert session.stage == "mri"
    assert read_decisions(StudyFolder(root)).set_aside == ()
    assert check_study(root).damages == ()


def test_a_time_that_cannot_be_settled_is_refused(root: Path) -> None:
    with pytest.raises(StudyError, match="has not signed"):
        settle_time(root, "R1", "C001", "ct", utc_now() - timedelta(days=1), "seen in the diary")
    read_stage(open_study(root).as_reader("R1").next_case())
    with pytest.raises(StudyError, match="in the future"):
        settle_time(root, "R1", "C001", "ct", utc_now() + timedelta(days=1), "seen in the diary")
    with pytest.raises(StudyError, match="offset from UTC"):
        settle_time(root, "R1", "C001", "ct", datetime(2026, 1, 1), "seen in the diary")
