"""Who A and B are in a consensus: drawn anew for each meeting, and told by nothing that those present see."""

from __future__ import annotations

import itertools
import json
import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.study import ConsensusSession, open_consensus, open_study
from support.studies import gestures, make_study

READERS = ("R1", "R2")


class _Sitting:
    """The clock of one reader: another day, another time of day, another pace."""

    def __init__(self, day: int, hour: int, pace_s: int) -> None:
        self.time = datetime(2026, 2, day, hour, tzinfo=UTC)
        self.pace = timedelta(seconds=pace_s)

    def __call__(self) -> datetime:
        self.time += self.pace
        return self.time


#: When two people read: day, hour, and seconds between two looks at the clock.
EARLY, LATE = (3, 8, 1), (19, 22, 40)
#: What each of them answers, and when.
ONE: dict[str, Any] = {"value": 0, "sitting": EARLY, "amends": False}
OTHER: dict[str, Any] = {"value": 1, "sitting": LATE, "amends": True}


def read(root: Path, reader: str, person: dict[str, Any]) -> None:
    """Both stages by one person under the pseudonym of a reader."""
    study = open_study(root, clock=_Sitting(*person["sitting"])).as_reader(reader)
    while (session := study.next_case()) is not None:
        with session:
            for gesture in gestures(session, person["value"]):
                gesture()
            session.seal()
    if person["amends"]:
        with study.amend("C001", "mri", "looked at once more") as session:
            gestures(session, person["value"])[-1]()
            session.seal()


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("unread"), cases=1, stages=["ct", "mri"])


@pytest.fixture(scope="module")
def read_by_both(unread: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("both") / "study"
    shutil.copytree(unread, root)
    for reader, person in zip(READERS, (ONE, OTHER), strict=True):
        read(root, reader, person)
    return root


def who_is_a(meeting: ConsensusSession) -> str:
    """The reader of A, which only the study's own files know."""
    return meeting._origin.shown_as["A"]


def test_who_is_a_is_drawn_anew_for_each_meeting_and_kept_within_it(read_by_both: Path) -> None:
    drawn = []
    for _ in range(24):
        with open_consensus(read_by_both, "C001", "ct", anew=True) as meeting:
            drawn.append(who_is_a(meeting))
        with open_consensus(read_by_both, "C001", "ct") as meeting:
            assert who_is_a(meeting) == drawn[-1]
    # By chance all would be the same once in eight million times.
    assert set(drawn) == set(READERS)
    assert any(a == b for a, b in itertools.pairwise(drawn))


def test_the_stages_of_a_case_are_drawn_apart(read_by_both: Path) -> None:
    pairs = set()
    for _ in range(40):
        with open_consensus(read_by_both, "C001", "ct", anew=True) as meeting:
            ct = who_is_a(meeting)
        with open_consensus(read_by_both, "C001", "mri", anew=True) as meeting:
            pairs.add((ct, who_is_a(meeting)))
    assert len(pairs) == 4


def test_the_draw_does_not_follow_from_the_seed_of_the_study(read_by_both: Path, tmp_path: Path) -> None:
    drawn = set()
    for number in range(24):
        copy = tmp_path / str(number)
        shutil.copytree(read_by_both, copy, ignore=shutil.ignore_patterns("consensus"))
        with open_consensus(copy, "C001", "ct") as meeting:
            drawn.add(who_is_a(meeting))
    assert drawn == set(READERS)


def shown(root: Path, stage: str) -> tuple[str, str]:
    """All that a meeting can show, before and after everything is settled; the same person is A in each."""
    with open_consensus(root, "C001", stage, clock=_Sitting(25, 12, 1)) as meeting:
        before = repr((meeting.case, meeting.stage, meeting.differing, meeting.drawings, meeting.missing()))
        for item in meeting.missing():
            meeting.settle(item, meeting.choices(item)[0], why="we looked again")
        after = repr((meeting.settled, meeting.reasons(), meeting.missing()))
    return before, after


#: What says who somebody is and must not be seen: under which pseudonym, or when.
SWAPPED = {
    "pseudonyms": (OTHER, ONE),
    "times": ({**ONE, "sitting": LATE}, {**OTHER, "sitting": EARLY}),
}


@pytest.mark.parametrize("swapped", SWAPPED)
def test_a_meeting_shows_the_same_whoever_of_the_two_had_read_what_and_when(
    swapped: str, unread: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[list[tuple[str, str]]] = []
    for name, people in (("one", (ONE, OTHER)), ("other", SWAPPED[swapped])):
        root = tmp_path / name
        shutil.copytree(unread, root)
        for reader, person in zip(READERS, people, strict=True):
            read(root, reader, person)
        # The same person is A in both.
        (a,) = [reader for reader, person in zip(READERS, people, strict=True) if person["value"] == OTHER["value"]]
        with monkeypatch.context() as drawing:
            drawing.setattr(secrets.SystemRandom, "shuffle", lambda _self, names, a=a: names.sort(key=a.__ne__))
            found.append([shown(root, stage) for stage in ("ct", "mri")])
    assert found[0] == found[1]
    # A comparison that could not fail would show nothing.
    assert all("verdict" in before for before, _ in found[0])
    assert not any(reader in text for texts in found[0] for text in texts for reader in READERS)


def test_no_name_and_no_later_entry_of_a_meeting_says_who_a_is(read_by_both: Path, tmp_path: Path) -> None:
    root = tmp_path / "study"
    shutil.copytree(read_by_both, root, ignore=shutil.ignore_patterns("consensus"))
    orders = {}
    for stage in ("ct", "mri"):
        with open_consensus(root, "C001", stage) as meeting:
            for item in meeting.missing():
                meeting.settle(item, meeting.choices(item)[0], why="we looked again")
            orders[stage] = who_is_a(meeting)
    files = [path for path in (root / "consensus").rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in (root / "consensus").rglob("*"):
        assert not any(reader in path.name for reader in READERS)
    for path in files:
        lines = path.read_bytes().splitlines()
        # The first entry of a journal has to know, or the next sitting would draw again.
        rest = lines[1:] if path.name == "journal.jsonl" else lines
        assert not any(reader.encode() in line for line in rest for reader in READERS), path
    for stage in orders:
        first = json.loads(
            (root / f"consensus/C001/{stage}/journal.jsonl").read_bytes().splitlines()[0].partition(b" ")[2]
        )
        # Whatever else is there stands in the order of the names.
        assert list(first["body"]["seals"]) == sorted(first["body"]["seals"])
        assert list(first["body"]["shown_as"]) == ["A", "B"]
