"""Readings that went back to an older copy of themselves, and a worklist that does not look at everything each time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_vcf.study import DamagedError, JournalError, check_study, open_study, study_check, worklist
from napari_vcf.study.audit_log import AuditLog
from support.studies import Clock, gestures, make_study, read_stage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_study(tmp_path, cases=2, readers=("R1",), stages=["ct"])


def work_a_little(root: Path, gestures_made: range) -> Path:
    """Make some gestures in the first case and leave it; the folder of its reading."""
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        for number in gestures_made:
            gestures(session)[number]()
        return root / "readings" / "R1" / session.case / "ct-1" / "v1"


def restore(old: Path, folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        shutil.copy2(old / name, folder / name)


@pytest.mark.parametrize(
    "names",
    [
        ("journal.jsonl",),
        ("journal.jsonl", "journal.head"),
        ("journal.jsonl", "journal.head", "snapshot.json"),
    ],
    ids=lambda names: f"{len(names)} files",
)
def test_an_older_copy_of_a_reading_is_noticed_and_not_read_on(
    root: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    folder = work_a_little(root, range(4))
    shutil.copytree(folder, tmp_path / "old")
    work_a_little(root, range(4, 9))
    assert check_study(root).damages == ()
    restore(tmp_path / "old", folder, names)
    damage = check_study(root).damages[0]
    # The origin, four gestures and the leaving are there.
    assert (damage.place, damage.entry) == (f"{folder.relative_to(root).as_posix()}/journal.jsonl", 7)
    with pytest.raises(DamagedError) as refused:
        open_study(root).as_reader("R1").next_case()
    assert refused.value.entry == 7


def test_a_reading_that_is_left_often_is_whole_and_goes_on(root: Path) -> None:
    for number in range(6):
        work_a_little(root, range(number, number + 1))
    assert check_study(root).damages == ()
    with open_study(root).as_reader("R1").next_case() as session:
        assert len(session.reading.log) == 6


@pytest.mark.parametrize("kind", ["opened", "left", "sealed"])
def test_what_the_register_did_not_get_it_gets_with_the_next_case(
    root: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    real = AuditLog.note

    def refusing(self: AuditLog, event: str, *args: object, **more: object) -> object:
        if event == kind:
            raise JournalError("The share is gone.")
        return real(self, event, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "note", refusing)
        if kind == "opened":
            with pytest.raises(JournalError):
                reader.next_case()
        elif kind == "left":
            reader.next_case().close()
        else:
            read_stage(reader.next_case())
    with reader.next_case() as session:
        opened = session.case
    view = {(event.kind, event.case) for event in registered(root)}
    assert ("opened", opened) in view
    assert check_study(root).damages == ()
    if kind == "sealed":
        assert sum(event.kind == "sealed" for event in registered(root)) == 1


def registered(root: Path) -> list:
    from napari_vcf.study.audit_log import events_of
    from napari_vcf.study.journal_view import inspect_journal

    return events_of(inspect_journal(root / "readings" / "R1" / "register").entries)


def test_a_worklist_does_not_look_at_every_stage_for_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_study(tmp_path, cases=12, readers=("R1",), stages=["ct"])
    looks = []
    real: Callable[[Path], list[Path]] = worklist.versions_of

    def counting(folder: Path) -> list[Path]:
        looks.append(folder)
        return real(folder)

    monkeypatch.setattr(worklist, "versions_of", counting)
    reader = open_study(root, clock=Clock()).as_reader("R1")
    counts = []
    while (session := reader.next_case()) is not None:
        read_stage(session)
        counts.append(len(looks))
        looks.clear()
    assert len(counts) == 12
    # The first step looks at what is there; those after it look at the case they are about.
    assert max(counts[2:]) <= counts[1]


def test_what_one_window_signs_or_amends_another_of_the_same_reader_sees(root: Path) -> None:
    one, other = (open_study(root, clock=Clock()).as_reader("R1") for _ in range(2))
    read_stage(one.next_case())
    assert other.progress() == one.progress() == (1, 2)
    assert other.next_task() == one.next_task() == one.tasks[1]
    first = one.tasks[0]
    with other.amend(first.case, "ct", "slip of the hand") as amendment:
        amendment.reading.answer("ct", "confidence", 2)
    assert one.next_task() == first
    assert [item.status for item in one.worklist()] == ["amending", "unread"]


def test_an_amendment_that_the_register_did_not_get_is_gone_on_with(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    read_stage(reader.next_case())
    assert reader.progress() == (1, 2)
    case = reader.tasks[0].case

    def unreachable(*_: object, **__: object) -> None:
        raise JournalError("The share is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "note", unreachable)
        with pytest.raises(JournalError):
            reader.amend(case, "ct", "slip of the hand")
    assert [item.status for item in reader.worklist()] == ["amending", "unread"]
    with reader.next_case() as amendment:
        assert (amendment.case, amendment.version) == (case, 2)
        amendment.seal()
    assert check_study(root).damages == ()


@pytest.mark.parametrize("number", [2, 5, None], ids=["a change", "changes", "a signature"])
def test_a_check_while_somebody_reads_finds_no_damage(
    root: Path, number: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.next_case()
    steps = gestures(session)
    steps[0]()
    folder = root / "readings" / "R1" / session.case / "ct-1" / "v1"
    real = Path.read_bytes

    def read_bytes(self: Path) -> bytes:
        data = real(self)
        if self.parent == folder and self.name == "journal.jsonl":
            monkeypatch.setattr(Path, "read_bytes", real)
            for step in steps[1:number]:
                step()
            if number is None:
                session.seal()
        return data

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert check_study(root).damages == ()
    monkeypatch.undo()
    session.close()
    assert check_study(root).damages == ()


def test_a_check_during_which_one_case_is_signed_and_the_next_begun_finds_no_damage(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.next_case()
    for step in gestures(session):
        step()
    opened = []
    # After the register was read, and before the readings are.
    real_register = study_check._Check._register

    def register(self: study_check._Check, place: Path) -> object:
        found = real_register(self, place)
        if place.name == "R1" and not opened:
            session.seal()
            opened.append(reader.next_case())
        return found

    monkeypatch.setattr(study_check._Check, "_register", register)
    assert check_study(root).damages == ()
    assert len(opened) == 1
    opened[0].close()
