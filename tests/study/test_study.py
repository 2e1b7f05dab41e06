"""A study as a reader meets it: order, stages, signatures, amendments, resuming."""

from __future__ import annotations

import builtins
import io
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from napari_vcf.reading import ReadingError, RefusedActionError, read_reading
from napari_vcf.study import (
    DamagedError,
    NotYetError,
    StudyError,
    UnfinishedError,
    check_study,
    create_study,
    open_study,
    protocol_template,
)
from napari_vcf.study.activity import ActiveTime
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.prepared_case import CaseRecord
from napari_vcf.study.protocol import parse_protocol
from napari_vcf.study.reading_order import stages_of_case, tasks_of
from napari_vcf.study.study_folder import default_key
from support.studies import Clock, gestures, make_study, protocol_text, read_stage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_study(tmp_path)


# -- protocol ----------------------------------------------------------------------------------------------------------


def test_the_template_is_a_protocol_with_every_default() -> None:
    protocol = parse_protocol(protocol_template(), "template")
    assert protocol.protocol.staging == "sealed"
    for section in (protocol.protocol, protocol.study):
        for name in type(section).model_fields:
            assert name in protocol_template()


def test_the_hash_is_that_of_the_content_and_not_of_the_file() -> None:
    text = protocol_template()
    protocol = parse_protocol(text, "a")
    assert parse_protocol("# a remark\n" + text, "b").sha256 == protocol.sha256
    assert parse_protocol(protocol_text(washout_days=14), "c").sha256 != protocol.sha256
    assert parse_protocol(protocol_text(reference="above"), "c").sha256 != protocol.sha256


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x = [", "not TOML"),
        (protocol_text(staging="open"), "must be 'sealed'"),
        (protocol_text(washout_days=-1), "study.washout_days"),
        (protocol_text(form_version="7"), "study.form_version"),
        (protocol_text(degree_cuts=["2/3", "1/3"]), "do not grow"),
        (protocol_template().replace("[study]", "[study]\nlucky = true"), "study.lucky"),
    ],
)
def test_what_a_study_cannot_do_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(StudyError, match=place):
        parse_protocol(text, "protocol.toml")


# -- folder ------------------------------------------------------------------------------------------------------------


def test_the_key_lies_outside_and_the_study_names_no_source(root: Path) -> None:
    key = default_key(root)
    assert not key.is_relative_to(root)
    assert "Doe_Jane" in key.read_text(encoding="utf-8")
    assert key.stat().st_mode & 0o077 == 0
    for path in root.rglob("*.json"):
        assert "Doe" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"key": "study2/key.json"}, "outside the study folder"),
        ({"readers": ("R1", "r1")}, "each reader once"),
        ({"readers": ("consensus",)}, "cannot name a reader"),
        ({"readers": ("a b",)}, "cannot name a reader"),
        ({"images": ("images", "images")}, "named twice"),
        ({"images": ("nowhere",)}, "Image root 1"),
        ({"protocol": "none.toml"}, "cannot be read"),
    ],
)
def test_a_study_that_cannot_be_is_not_begun(root: Path, changes: dict, sentence: str) -> None:
    base = root.parent
    values = {
        "protocol": "protocol.toml",
        "readers": ("R1",),
        "images": ("images",),
        "key": "other.key.json",
        **changes,
    }
    with pytest.raises(StudyError, match=sentence):
        create_study(
            base / "study2",
            protocol=base / values["protocol"],
            readers=values["readers"],
            seed=1,
            images=[base / name for name in values["images"]],
            key=base / values["key"],
        )
    assert not (base / "study2").exists()
    assert not (base / values["key"]).exists()


def test_a_study_is_not_made_in_a_folder_that_holds_something(root: Path) -> None:
    with pytest.raises(StudyError, match="not empty"):
        create_study(root, protocol=root.parent / "protocol.toml", readers=["R1"], seed=1, images=[root.parent])


def test_a_changed_protocol_or_study_is_noticed(root: Path) -> None:
    path = root / "protocol.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("washout_days = 0.0", "washout_days = 9.0"), encoding="utf-8"
    )
    with pytest.raises(DamagedError, match=r"protocol\.toml was changed"):
        open_study(root)
    (root / "study.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DamagedError, match="not as it was written"):
        open_study(root)
    with pytest.raises(StudyError, match="is not a study"):
        open_study(root.parent)


# -- orders ------------------------------------------------------------------------------------------------------------

CASES = tuple(f"C{number:03d}" for number in range(1, 21))


def test_each_reader_has_an_own_order_that_the_seed_decides() -> None:
    protocol = parse_protocol(protocol_template(), "")
    first, second = (tasks_of(protocol, 1, CASES, reader) for reader in ("R1", "R2"))
    assert first == tasks_of(protocol, 1, CASES, "R1")
    assert first != tasks_of(protocol, 2, CASES, "R1")
    assert [task.case for task in first] != [task.case for task in second]
    assert {(task.case, task.stage) for task in first} == {(task.case, task.stage) for task in second}
    assert [task.stage for task in first] == ["ct"] * 20 + ["mri"] * 20 + ["combined"] * 20


def test_counterbalanced_is_half_of_the_cases_and_leaves_the_combined_stage_last() -> None:
    protocol = parse_protocol(protocol_text(stage_order="counterbalanced", worklist="by_case"), "")
    orders = [stages_of_case(protocol, 1, CASES, case) for case in CASES]
    assert sorted(set(orders)) == [("ct", "mri", "combined"), ("mri", "ct", "combined")]
    assert orders.count(("ct", "mri", "combined")) == 10
    tasks = tasks_of(protocol, 1, CASES, "R1")
    for start in range(0, 60, 3):
        assert len({task.case for task in tasks[start : start + 3]}) == 1


def test_rereads_come_last_and_are_the_same_cases_for_all() -> None:
    protocol = parse_protocol(protocol_text(rereads=5), "")
    first, second = (tasks_of(protocol, 1, CASES, reader) for reader in ("R1", "R2"))
    assert [task.occasion for task in first] == [1] * 60 + [2] * 15
    assert {t.case for t in first if t.occasion == 2} == {t.case for t in second if t.occasion == 2}


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_reader_goes_through_the_study_and_every_stage_is_sealed(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    seen = []
    while (session := reader.next_case()) is not None:
        with session:
            seen.append((session.case, session.stage))
            read_stage(session)
    assert seen == [(task.case, task.stage) for task in reader.tasks]
    assert reader.progress() == (6, 6)


def test_the_other_modality_is_not_there_in_a_stage_that_excludes_it(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    seen = {}
    while (session := reader.next_case()) is not None:
        seen[session.stage] = {found.series.role.value for found in session.reading.case.images.values()}
        read_stage(session)
    assert seen == {"ct": {"CT"}, "mri": {"T2", "ADC"}, "combined": {"CT", "T2", "ADC"}}


def test_a_stage_opens_no_file_of_another_modality_or_reader(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study(root, clock=Clock())
    with study.as_reader("R2").next_case() as session:
        read_stage(session)
    opened: list[str] = []
    # Every way of opening a file ends at one of these.
    for owner, name in ((io, "open"), (builtins, "open"), (os, "open")):
        real = getattr(owner, name)

        def watched(path, *args, real=real, **options):
            opened.append(str(path))
            return real(path, *args, **options)

        monkeypatch.setattr(owner, name, watched)
    with study.as_reader("R1").next_case() as session:
        assert session.stage == "ct"
        read_stage(session)
    assert any("ct.json" in path for path in opened)
    assert not [path for path in opened if "mr.json" in path or "/mr/" in path or "other.json" in path]
    assert not [path for path in opened if "/R2/" in path or path.endswith("key.json")]


def test_only_the_open_stage_can_be_changed(root: Path) -> None:
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        with pytest.raises(RefusedActionError, match="CT stage is open; the MRI stage is not"):
            session.reading.answer("mri", "verdict", "benign")
        assert session.reading.log == ()


def test_a_stage_that_lacks_something_is_not_signed_and_says_what(root: Path) -> None:
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        session.reading.set_spine("L1")
        with pytest.raises(UnfinishedError, match="Verdict: not answered") as caught:
            session.seal()
        assert caught.value.missing == session.missing()
        session.reading.answer("ct", "verdict", "benign")


def test_one_resumes_where_one_stopped_with_times_undo_and_all(root: Path) -> None:
    study = open_study(root, clock=Clock())
    with study.as_reader("R1").next_case() as session:
        for gesture in gestures(session)[:7]:
            gesture()
        session.reading.undo()
        state, log = session.reading.state, session.reading.log
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as again:
        assert (again.reading.state, again.reading.log) == (state, log)
        again.reading.redo()
        read_stage(again)


def test_a_sealed_stage_is_read_only(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.next_case()
    read_stage(session)
    with pytest.raises(RefusedActionError, match="signed stage is changed by an amendment"):
        session.reading.answer("ct", "verdict", "malignant")
    with pytest.raises(RefusedActionError, match="amendment"):
        session.seal()
    with pytest.raises(NotYetError, match="amendment"):
        reader.open(session.case, "ct")


def test_an_amendment_is_a_new_version_with_a_reason_beside_the_old_one(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.next_case()
    read_stage(session)
    folder = root / "readings" / "R1" / session.case / "ct-1"
    old = (folder / "v1" / "seal.json").read_bytes()
    with pytest.raises(StudyError, match="Say why"):
        reader.amend(session.case, "ct", " ")
    with reader.amend(session.case, "ct", "slip of the hand") as amendment:
        assert amendment.version == 2
        assert amendment.reading.state == session.reading.state
        amendment.reading.answer("ct", "verdict", "malignant")
        amendment.seal()
    assert (folder / "v1" / "seal.json").read_bytes() == old
    first, second = (read_reading(folder / name / "seal.json") for name in ("v1", "v2"))
    assert first.stages["ct"].findings["verdict"].value == "benign"
    assert second.stages["ct"].findings["verdict"].value == "malignant"
    assert second.seal.amends.sha256 == first.seal.sha256
    assert (second.seal.amends.reason, second.seal.amends.sealed_by_then) == ("slip of the hand", ("ct",))


def test_what_is_not_signed_is_not_amended(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    with reader.next_case() as session, pytest.raises(StudyError, match="still open"):
        reader.amend(session.case, "ct", "slip of the hand")


def test_the_order_cannot_be_left(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    with pytest.raises(NotYetError, match="not the next"):
        reader.open(reader.tasks[1].case, "ct")
    with pytest.raises(StudyError, match="no stage"):
        reader.open("C999", "ct")
    with pytest.raises(StudyError, match="no reader"):
        open_study(root).as_reader("R3")


def test_an_amendment_counts_as_the_last_signature_of_a_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # "Now" is never later than the share's time, which these days are far ahead of.
    monkeypatch.setattr("napari_vcf.study.worklist.share_time", lambda _: None)
    root, clock = make_study(tmp_path, cases=1, readers=("R1",), stages=["ct", "mri"], washout_days=14), Clock()
    reader = open_study(root, clock=clock).as_reader("R1")
    read_stage(reader.next_case())

    def amend(confidence: int) -> float | None:
        with reader.amend("C001", "ct", "looked at once more") as amendment:
            amendment.reading.answer("ct", "confidence", confidence)
            return amendment.seal().days_since_previous_stage

    clock.time += timedelta(days=10)
    assert amend(2) is None
    clock.time += timedelta(days=10)
    with pytest.raises(NotYetError, match="may be read again from"):
        reader.next_case()
    clock.time += timedelta(days=5)
    session = reader.next_case()
    session.close()
    # What is signed once a stage is begun is no pause before it.
    clock.time += timedelta(days=3)
    amend(3)
    with reader.open("C001", "mri") as session:
        for gesture in gestures(session):
            gesture()
        assert session.seal().days_since_previous_stage == pytest.approx(15, abs=0.01)
    assert check_study(root).damages == ()


def test_washout_and_position_are_kept_and_recorded(tmp_path: Path) -> None:
    root, clock = make_study(tmp_path, cases=1, washout_days=14), Clock()
    reader = open_study(root, clock=clock).as_reader("R1")
    read_stage(reader.next_case())
    with pytest.raises(NotYetError, match="may be read again from 2026-01-15"):
        reader.next_case()
    assert [item.not_before is None for item in reader.worklist()] == [True, False, False]
    clock.time += timedelta(days=15)
    read_stage(reader.next_case())
    document = json.loads(next(root.glob("readings/R1/*/mri-1/v1/seal.json")).read_text(encoding="utf-8"))
    assert document["seal"]["position"] == 2
    assert document["seal"]["days_since_previous_stage"] == pytest.approx(15, abs=0.01)


def test_a_reread_starts_blank_and_counts_as_the_second_occasion(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, readers=("R1",), rereads=1)
    reader = open_study(root, clock=Clock()).as_reader("R1")
    for _ in range(3):
        read_stage(reader.next_case())
    with reader.next_case() as session:
        assert (session.occasion, session.reading.log) == (2, ())
        read_stage(session, value=1)
    documents = [read_reading(path) for path in sorted(root.glob("readings/R1/C001/ct-*/v1/seal.json"))]
    assert [document.occasion for document in documents] == [1, 2]


def test_a_reader_answers_an_unknown_unit_once_and_roles_stay_as_prepared(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, adc_unit=None)
    reader = open_study(root, clock=Clock()).as_reader("R1")
    read_stage(reader.next_case())
    with reader.next_case() as session:
        (adc,) = [found for found in session.reading.case.images.values() if found.series.role == "ADC"]
        raw = session.reading.case.volume(adc.id).data.mean()
        session.reading.answer_adc_unit(adc.id, "1e-5 mm2/s")
        assert session.reading.case.volume(adc.id).data.mean() == pytest.approx(10 * raw, rel=1e-5)
        with pytest.raises(ReadingError, match="roles"):
            session.reading.correct_role(adc.id, "T2")
        read_stage(session)


def test_time_at_work_leaves_pauses_out() -> None:
    seconds = [0.0]
    time = ActiveTime(60, active_s=1.0, clock=lambda: seconds[0])
    for gap in (10, 50, 600, 5):
        seconds[0] += gap
        time.touch()
    assert time.counted() == {"active_s": 66.0, "idle_s": 600.0}


def test_time_at_work_goes_on_after_a_break_and_is_signed(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    with reader.next_case() as session:
        session.reading.set_spine("L1")
        session.activity()
        before = session.active_s
    with reader.next_case() as session:
        assert session.active_s >= round(before, 3) > 0
        read_stage(session)
    seal = read_reading(next(root.glob("readings/R1/*/ct-1/v1/seal.json"))).seal
    assert seal.active_s >= round(before, 3)


# -- what comes next ---------------------------------------------------------------------------------------------------


def test_what_comes_after_a_stage_is_known_before_it_is_signed(tmp_path: Path) -> None:
    by_stage = open_study(make_study(tmp_path / "a"), clock=Clock()).as_reader("R1")
    with by_stage.next_case() as session:
        following = by_stage.next_task(after=session.task)
        assert following == by_stage.tasks[1]
        assert following.case != session.case
        read_stage(session)
    assert by_stage.next_task() == following
    by_case = open_study(make_study(tmp_path / "b", worklist="by_case"), clock=Clock()).as_reader("R1")
    with by_case.next_case() as session:
        following = by_case.next_task(after=session.task)
        assert (following.case, following.stage) == (session.case, "mri")


def test_images_that_were_loaded_ahead_are_used_only_where_they_belong(tmp_path: Path) -> None:
    root = make_study(tmp_path)
    reader = open_study(root, clock=Clock()).as_reader("R1")
    first, second = reader.tasks[:2]
    images, others = reader.images_of(first), reader.images_of(second)
    with reader.next_case(others) as session:
        assert session.reading.case is not others
    with reader.next_case(images) as session:
        assert session.reading.case is images
    # Prepared again meanwhile, they are not those of the study any more.
    images = reader.images_of(first)
    path = root / "cases" / first.case / "case.json"
    record = read_record(path, CaseRecord, "case")
    write_record(path, record.model_copy(update={"source": "1" * 64}), overwrite=True)
    with reader.next_case(images) as session:
        assert session.reading.case is not images


def test_a_share_that_is_gone_does_not_look_like_an_unread_study(tmp_path: Path) -> None:
    root = make_study(tmp_path)
    reader = open_study(root, clock=Clock()).as_reader("R1")
    read_stage(reader.next_case())
    root.rename(tmp_path / "away")
    for look in (reader.worklist, reader.next_task, reader.next_case):
        with pytest.raises(StudyError, match="cannot be reached"):
            look()
    (tmp_path / "away").rename(root)
    assert reader.progress() == (1, 6)
