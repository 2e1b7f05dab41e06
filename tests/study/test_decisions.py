"""A stage without images and a case that is withdrawn: the study goes on, and nobody takes the decision away unseen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from napari_vcf.agreement.input.load import load_readings
from napari_vcf.cli import main
from napari_vcf.study import (
    DamagedError,
    LockedError,
    NotYetError,
    StudyError,
    check_study,
    export_study,
    open_consensus,
    open_study,
    prepare_study,
    study_status,
)
from napari_vcf.study.added_cases import add_cases
from napari_vcf.study.decisions import PROGRESS, decisions_locked, read_decisions, set_stage_aside, withdraw_case
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.journal import Journal
from napari_vcf.study.prepared_case import CaseRecord, PartRecord
from napari_vcf.study.protocol import read_protocol
from napari_vcf.study.study_folder import DECISIONS, KeyCase, StudyFolder, default_key, read_key, write_key
from support.patients import begin
from support.studies import Clock, gestures, make_study, protocol_text, read_stage, write_case


def without_ct(root: Path, case: str) -> None:
    """What preparation leaves of a patient without CT."""
    folder = root / "cases" / case
    shutil.rmtree(folder / "ct")
    write_record(folder / "ct.json", PartRecord(case=case, part="ct", images=()), overwrite=True)
    record = read_record(folder / "case.json", CaseRecord, "It")
    parts = {**record.parts, "ct": 0}
    write_record(folder / "case.json", record.model_copy(update={"parts": parts}), overwrite=True)


def read_all(root: Path, *readers: str) -> None:
    for number, name in enumerate(readers):
        reader = open_study(root, clock=Clock()).as_reader(name)
        while (session := reader.next_case()) is not None:
            read_stage(session, number)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_study(tmp_path, cases=2)
    without_ct(root, "C001")
    return root


def test_a_study_goes_on_past_a_stage_that_was_set_aside(root: Path, tmp_path: Path) -> None:
    for stage in ("ct", "combined"):
        arguments = ["--case", "C001", "--stage", stage, "--reason", "=no CT was made"]
        assert main(["study", "unreadable", str(root), *arguments]) == 0
    read_all(root, "R1", "R2")
    assert [reader.progress() for reader in map(open_study(root).as_reader, ("R1", "R2"))] == [(4, 4)] * 2
    counts = [(reader.sealed, reader.aside, reader.total) for reader in study_status(root).readers]
    assert counts == [(4, 2, 4)] * 2
    written = export_study(root, tmp_path / "out")
    assert sorted(path.name for path in written if path.name.startswith("C001")) == [
        "C001_R1_mri.json",
        "C001_R2_mri.json",
    ]
    assert (tmp_path / "out" / "set-aside.csv").read_text(encoding="utf-8").splitlines() == [
        "case,stage,kind,reason",
        "C001,ct,stage_unreadable,'=no CT was made",
        "C001,combined,stage_unreadable,'=no CT was made",
    ]
    assert check_study(root, exports=tmp_path / "out").damages == ()
    with open_consensus(root, "C001", "mri") as consensus:
        assert consensus.differing
    with pytest.raises(NotYetError, match="set this stage of case C001 aside"):
        open_consensus(root, "C001", "ct")


def test_a_stage_without_images_is_not_begun_and_the_protocol_may_skip_it(tmp_path: Path) -> None:
    root = make_study(tmp_path / "asks", cases=1, readers=("R1",))
    without_ct(root, "C001")
    with pytest.raises(Exception, match="no image for the CT stage"):
        open_study(root).as_reader("R1").next_case()
    assert not list((root / "readings" / "R1").rglob("ct-1"))
    skips = make_study(tmp_path / "skips", cases=1, readers=("R1",), unreadable="skip")
    without_ct(skips, "C001")
    read_all(skips, "R1")
    assert open_study(skips).as_reader("R1").progress() == (1, 1)
    assert check_study(skips).damages == ()


def test_what_the_protocol_skips_is_out_of_the_consensus_and_in_the_table_of_the_export(tmp_path: Path) -> None:
    root, out = make_study(tmp_path, cases=3, unreadable="skip"), tmp_path / "out"
    without_ct(root, "C001")
    without_ct(root, "C003")
    withdraw_case(root, "C003", "consent was taken back")
    set_stage_aside(root, "C002", "ct", "it is of another patient")
    read_all(root, "R1", "R2")
    assert check_study(root).damages == ()
    with open_consensus(root, "C001", "mri") as consensus:
        for item in consensus.missing():
            consensus.settle(item, consensus.choices(item)[0], why="we looked again")
        consensus.sign(["R1", "R2"])
    with pytest.raises(NotYetError, match="Case C001 has no images for the CT stage, and the protocol skips it"):
        open_consensus(root, "C001", "ct")
    assert main(["export", str(root), "--out", str(out)]) == 0
    skipped = 'stage_skipped,"the case has no images for this stage, and the protocol skips it"'
    assert (out / "set-aside.csv").read_text(encoding="utf-8").splitlines() == [
        "case,stage,kind,reason",
        "C003,all,case_withdrawn,consent was taken back",
        "C002,ct,stage_unreadable,it is of another patient",
        f"C001,ct,{skipped}",
        f"C001,combined,{skipped}",
    ]
    loaded = load_readings([out])
    assert set(loaded.aside) == {("C003", "all"), ("C002", "ct"), ("C001", "ct"), ("C001", "combined")}


def test_a_protocol_from_before_keeps_its_hash(tmp_path: Path) -> None:
    new, old = tmp_path / "new.toml", tmp_path / "old.toml"
    text = protocol_text()
    new.write_text(text, encoding="utf-8")
    old.write_text("\n".join(line for line in text.splitlines() if not line.startswith("unreadable")), encoding="utf-8")
    assert read_protocol(new).sha256 == read_protocol(old).sha256
    new.write_text(protocol_text(unreadable="skip"), encoding="utf-8")
    assert read_protocol(new).sha256 != read_protocol(old).sha256


def test_a_withdrawn_case_is_neither_read_nor_exported_and_what_was_read_stays(root: Path, tmp_path: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.open("C002", "ct") if reader.tasks[0].case == "C002" else None
    if session is None:
        set_stage_aside(root, "C001", "ct", "no CT was made")
        session = reader.next_case()
    assert session.case == "C002"
    read_stage(session)
    with pytest.raises(StudyError, match="R1 has signed the CT stage"):
        set_stage_aside(root, "C002", "ct", "no CT was made")
    assert main(["study", "withdraw", str(root), "--case", "C002", "--reason", "consent was taken back"]) == 0
    with pytest.raises(StudyError, match="decided already"):
        withdraw_case(root, "C002", "consent was taken back")
    assert {item.status for item in reader.worklist() if item.task.case == "C002"} == {"withdrawn"}
    with pytest.raises(NotYetError, match="withdrawn"):
        reader.open("C002", "mri")
    with pytest.raises(StudyError):
        reader.amend("C002", "ct", "looked at once more")
    assert export_study(root, tmp_path / "out") == []
    assert len(list(root.rglob("seal.json"))) == 1
    assert check_study(root).damages == ()


def test_a_stage_set_aside_while_it_is_open_is_not_signed_and_what_was_recorded_stays(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=2, readers=("R1",), stages=["ct"])
    reader = open_study(root, clock=Clock()).as_reader("R1")
    session = reader.next_case()
    with session:
        for gesture in gestures(session):
            gesture()
        set_stage_aside(root, session.case, "ct", "Half of the body is not on it.")
        for _ in range(2):
            with pytest.raises(NotYetError, match=r"not signed: Half of the body is not on it\. What"):
                session.seal()
    assert not list(root.rglob("seal.json"))
    (journal,) = root.glob(f"readings/R1/{session.case}/ct-1/v1/journal.jsonl")
    assert b'"verdict"' in journal.read_bytes()
    other = reader.next_case()
    assert other.case != session.case
    for gesture in gestures(other):
        gesture()
    withdraw_case(root, other.case, "consent was taken back")
    with pytest.raises(NotYetError, match="consent was taken back"):
        other.seal()
    other.close()
    assert check_study(root).damages == ()


def test_the_signature_of_a_stage_that_is_set_aside_is_named_and_that_of_a_withdrawn_case_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_study(tmp_path, cases=2, readers=("R1",), stages=["ct"])
    reader = open_study(root, clock=Clock()).as_reader("R1")
    # As an earlier version of the program did.
    monkeypatch.setattr("napari_vcf.study.worklist.Worklist.check_to_be_read", lambda *_: None)
    session = reader.next_case()
    set_stage_aside(root, session.case, "ct", "no CT was made")
    read_stage(session)
    read_stage(reader.next_case())
    (withdrawn,) = {"C001", "C002"} - {session.case}
    withdraw_case(root, withdrawn, "consent was taken back")
    (named,) = check_study(root).damages
    assert named.place == f"readings/R1/{session.case}/ct-1/v1/seal.json"
    assert "no CT was made" in named.what


@pytest.mark.parametrize("what", ["folder", "both", "entry"])
def test_a_decision_that_is_taken_away_is_missed(root: Path, what: str) -> None:
    for stage in ("ct", "combined"):
        set_stage_aside(root, "C001", stage, "no CT was made")
    open_study(root, clock=Clock()).as_reader("R1").next_case().close()
    place = root / "decisions"
    if what == "entry":
        lines = (place / "journal.jsonl").read_bytes().splitlines(keepends=True)
        (place / "journal.jsonl").write_bytes(lines[0])
    else:
        shutil.rmtree(place)
    if what == "both":
        # Whoever knows of the note takes it away as well; the reading that was begun since names the decision.
        (root / "decisions.progress").unlink()
    else:
        with pytest.raises(DamagedError):
            open_study(root).as_reader("R1").next_case()
    assert check_study(root).damages != ()


def test_the_preparation_says_which_stages_a_case_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = begin(tmp_path)
    shutil.rmtree(next((tmp_path / "images").iterdir()) / "CT Erika")
    assert prepare_study(root, workers=0)[0].stages == ("mri",)
    assert main(["study", "prepare", str(root), "--workers", "0"]) == 0
    assert "cannot be read: ct, combined" in capsys.readouterr().out


def more_images(folder: Path, number: int) -> Path:
    for n in range(number):
        (folder / f"Roe_Rick_{n}").mkdir(parents=True)
    return folder


def test_cases_that_are_added_are_read_behind_all_others_and_change_no_order(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=3, stages=["ct", "mri"], stage_order="counterbalanced", rereads=1)
    before = {reader: open_study(root).as_reader(reader).tasks for reader in ("R1", "R2")}
    more = more_images(tmp_path / "more", 2)
    assert main(["study", "add", str(root), "--images", str(more), "--reason", "two more came"]) == 0
    study = open_study(root)
    assert study.record.cases == ("C001", "C002", "C003", "C004", "C005")
    for reader, tasks in before.items():
        after = study.as_reader(reader).tasks
        assert after[: len(tasks)] == tasks
        rest = after[len(tasks) :]
        assert [task.position for task in rest] == list(range(len(tasks) + 1, len(tasks) + 5))
        assert {(task.case, task.occasion) for task in rest} == {("C004", 1), ("C005", 1)}
    with pytest.raises(StudyError, match="belong to cases of the study already"):
        add_cases(root, [more], "once more")
    assert set(json.loads(default_key(root).read_text())["cases"]) == set(study.record.cases)
    assert default_key(root).stat().st_mode & 0o077 == 0
    assert check_study(root).damages == ()


def test_an_addition_that_is_taken_away_is_missed(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1, stages=["ct"], readers=("R1",))
    add_cases(root, [more_images(tmp_path / "more", 1)], "one more came")
    salt = json.loads(default_key(root).read_text())["cases"]["C002"]["salt"]
    write_case(root / "cases" / "C002", salt=salt)
    read_all(root, "R1")
    assert check_study(root).seals == 2
    shutil.rmtree(root / "decisions")
    (root / "decisions.progress").unlink()
    named = {damage.place for damage in check_study(root).damages}
    assert {"cases/C002", "readings/R1/C002"} <= named


def test_an_addition_whose_entry_cannot_be_written_leaves_the_key_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_study(tmp_path, cases=1)
    before = default_key(root).read_bytes()

    def refusing(*_: object, **__: object) -> None:
        raise StudyError("The share is gone.")

    monkeypatch.setattr("napari_vcf.study.added_cases.write_decision", refusing)
    with pytest.raises(StudyError, match="share is gone"):
        add_cases(root, [more_images(tmp_path / "more", 1)], "one more came")
    assert default_key(root).read_bytes() == before
    assert open_study(root).record.cases == ("C001",)


def test_a_key_that_names_more_than_the_study_does_not_keep_it_from_being_prepared(tmp_path: Path) -> None:
    # As after a program that died between the key and the entry that adds the cases.
    root = begin(tmp_path)
    key = read_key(default_key(root), "study")
    link = KeyCase(folder=str(tmp_path / "images" / "later"), salt="0" * 32)
    write_key(default_key(root), key.model_copy(update={"cases": {**key.cases, "C002": link}}), overwrite=True)
    assert [(outcome.case, outcome.status) for outcome in prepare_study(root, workers=0)] == [("C001", "prepared")]
    write_key(default_key(root), key.model_copy(update={"cases": {"C002": link}}), overwrite=True)
    with pytest.raises(StudyError, match="does not name the cases"):
        prepare_study(root, workers=0)


def test_a_first_decision_that_was_not_noted_before_the_program_died_counts(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=2)
    withdraw_case(root, "C001", "consent was taken back")
    (root / PROGRESS).unlink()
    # Readers go on; whether later decisions were taken away cannot be told from this, so it is said.
    assert len(read_decisions(StudyFolder(root)).entries) == 1
    (named,) = check_study(root).damages
    assert named.place == PROGRESS
    assert "study unlock --decisions" in named.what
    assert main(["study", "unlock", str(root), "--decisions"]) == 0
    assert check_study(root).damages == ()
    # So does whoever decides it once more.
    (root / PROGRESS).unlink()
    with pytest.raises(StudyError, match="decided already"):
        withdraw_case(root, "C001", "consent was taken back")
    assert check_study(root).damages == ()
    withdraw_case(root, "C002", "consent was taken back")
    (root / PROGRESS).unlink()
    assert "decisions" in check_study(root).damages[0].place


def test_the_decisions_of_a_program_that_hangs_are_freed_and_it_destroys_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_study(tmp_path, cases=2)
    withdraw_case(root, "C001", "consent was taken back")
    folder = StudyFolder(root)
    with decisions_locked(folder) as lock:
        late = Journal.open(root / DECISIONS, guard=lock.check, progress=root / PROGRESS)
        assert main(["study", "unlock", str(root), "--decisions"]) == 0
        withdraw_case(root, "C002", "consent was taken back")
        with pytest.raises(LockedError):
            late.append("case_withdrawn", {"case": "C002", "reason": "too late"})
    assert [entry.case for entry in read_decisions(folder).entries] == ["C001", "C002"]
    assert check_study(root).damages == ()
    assert main(["study", "unlock", str(root), "--decisions"]) == 0
    assert main(["study", "unlock", str(root), "--preparation"]) == 1
    assert "Name the case with --case." in capsys.readouterr().err


def test_agreement_leaves_out_what_was_set_aside_with_its_reason(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=4, stages=["ct", "mri"])
    without_ct(root, "C002")
    set_stage_aside(root, "C002", "ct", "no CT was made")
    withdraw_case(root, "C003", "consent was taken back")
    read_all(root, "R1", "R2")
    out, results = tmp_path / "out", tmp_path / "results"
    assert main(["export", str(root), "--out", str(out)]) == 0
    assert main(["agreement", str(out), "--out", str(results), "--bootstrap", "0"]) == 0
    document = json.loads((results / "agreement.json").read_text(encoding="utf-8"))
    assert document["cases"] == 3
    assert "Case C002, stage ct: set aside by the coordinator: no CT was made." in document["remarks"]
    assert "Case C003, all stages: set aside by the coordinator: consent was taken back." in document["remarks"]
    reasons = {entry["reason"] for entry in document["left_out"] if "C002" in entry["cases"] and entry["stage"] == "ct"}
    assert reasons == {"set aside by the coordinator: no CT was made"}


def test_an_earlier_export_of_a_withdrawn_case_or_an_amended_stage_is_named_and_not_analysed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_study(tmp_path, cases=4, stages=["ct"])
    read_all(root, "R1", "R2")
    out, results = tmp_path / "out", tmp_path / "results"
    assert main(["export", str(root), "--out", str(out)]) == 0
    assert capsys.readouterr().out == "8 signed readings in out.\n"
    withdraw_case(root, "C003", "consent was taken back")
    with open_study(root, clock=Clock()).as_reader("R1").amend("C001", "ct", "slip of the hand") as session:
        session.reading.answer("ct", "confidence", 2)
        session.seal()
    assert main(["export", str(root), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Not exported, but in the folder: C001_R1_ct.json, C003_R1_ct.json, C003_R2_ct.json." in said
    assert (out / "C003_R1_ct.json").is_file()
    assert [damage.place for damage in check_study(root, exports=out).damages] == []
    assert main(["agreement", str(out), "--out", str(results), "--bootstrap", "0"]) == 0
    document = json.loads((results / "agreement.json").read_text(encoding="utf-8"))
    assert document["cases"] == 3
    assert set(document["sources"]) == {
        *(f"C{number:03d}_{reader}_ct.json" for number in (2, 4) for reader in ("R1", "R2")),
        "C001_R1_ct_v2.json",
        "C001_R2_ct.json",
    }
