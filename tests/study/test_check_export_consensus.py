"""Exports, the check of a whole study, and the consensus."""

from __future__ import annotations

import json
import random
import re
import shutil
import time
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from napari_vcf import readings_frame
from napari_vcf.agreement.input.export_folders import chosen_files
from napari_vcf.cli import main
from napari_vcf.reading import ITEMS, RefusedActionError, json_schema, read_reading
from napari_vcf.study import (
    ConsensusSession,
    DamagedError,
    LockedError,
    NotYetError,
    StudyError,
    UnfinishedError,
    check_study,
    export_study,
    open_consensus,
    open_study,
)
from support.studies import Clock, gestures, make_study, read_stage


def later() -> Clock:
    """A clock that is set when everybody has read."""
    clock = Clock()
    clock.time += timedelta(days=30)
    return clock


def read_all(root: Path, readers: tuple[str, ...] = ("R1", "R2")) -> None:
    for number, reader in enumerate(readers):
        access = open_study(root, clock=Clock()).as_reader(reader)
        while (session := access.next_case()) is not None:
            read_stage(session, value=number)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one case that two readers have read; with an amendment and a draft none the less."""
    root = make_study(tmp_path_factory.mktemp("finished"), cases=1)
    read_all(root)
    access = open_study(root, clock=Clock()).as_reader("R1")
    with access.amend("C001", "ct", "slip of the hand") as amendment:
        amendment.reading.answer("ct", "confidence", 2)
        amendment.seal()
    with access.amend("C001", "mri", "another thought") as draft:
        draft.reading.answer("mri", "confidence", 2)
    return root


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


# -- export ------------------------------------------------------------------------------------------------------------


def test_nothing_that_a_consensus_shows_says_when_its_reader_read(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1)
    for number, name in enumerate(("R1", "R2")):
        clock = Clock()
        clock.time += timedelta(days=100 * number)
        reader = open_study(root, clock=clock).as_reader(name)
        while (session := reader.next_case()) is not None:
            read_stage(session, number)
    with open_consensus(root, "C001", "mri", clock=Clock()) as consensus:
        shown = repr((consensus.differing, consensus.drawings))
        times = set(re.findall(r"datetime\.datetime\([^)]*\)", shown))
        assert len(times) == 1
        for item in consensus.differing:
            consensus.settle(item, consensus.choices(item)[0], why="we looked again")
        consensus.sign(["R1", "R2"])
    settled = read_reading(root / "consensus" / "C001" / "mri" / "seal.json").consensus.settled
    # The document keeps what each had signed, with its time.
    assert {values.values["R2"].at.month for values in settled.values() if "R2" in values.values} == {4}


def test_every_signed_stage_is_exported_as_it_was_signed(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = sorted(path.name for path in export_study(study, out, versions=True))
    assert names == sorted(
        ["C001_R1_ct.json", "C001_R1_ct_v2.json"]
        + [f"C001_R1_{stage}.json" for stage in ("mri", "combined")]
        + [f"C001_R2_{stage}.json" for stage in ("ct", "mri", "combined")]
    )
    assert sorted(path.name for path in out.glob("*.json")) == sorted(set(names) - {"C001_R1_ct.json"})
    text = (out / "C001_R1_mri.json").read_bytes()
    assert text == (study / "readings/R1/C001/mri-1/v1/seal.json").read_bytes()
    jsonschema.validate(json.loads(text), json_schema(), cls=jsonschema.Draft202012Validator)
    frame = readings_frame(sorted(out.glob("*.json")))
    assert set(frame.reader) == {"R1", "R2"}
    assert not frame.duplicated(["case", "reader", "stage", "item"]).any()


def test_exporting_again_changes_nothing_and_a_changed_file_is_not_replaced(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["export", str(study), "--out", str(out), "--reader", "R2"]) == 0
    files = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    assert sorted(path.suffix for path in files) == ["", ".json", ".json", ".json"]
    assert main(["export", str(study), "--out", str(out), "--reader", "R2"]) == 0
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == files
    (out / "C001_R2_ct.json").write_text("{}", encoding="utf-8")
    assert main(["export", str(study), "--out", str(out)]) == 1
    assert main(["export", str(study), "--out", str(out), "--reader", "R9"]) == 1


def test_a_broken_seal_is_not_exported(study: Path, tmp_path: Path) -> None:
    path = study / "readings/R2/C001/ct-1/v1/seal.json"
    path.write_text(path.read_text(encoding="utf-8").replace("malignant", "benign", 1), encoding="utf-8")
    with pytest.raises(DamagedError, match="C001_R2_ct"):
        export_study(study, tmp_path / "out")


def test_a_draft_says_so(study: Path, tmp_path: Path) -> None:
    with open_study(study, clock=Clock()).as_reader("R1").next_case() as session:
        draft = session.draft()
    assert (draft.status, draft.seal, list(draft.stages)) == ("draft", None, ["mri"])


# -- check -------------------------------------------------------------------------------------------------------------


def test_a_whole_study_is_found_whole(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export_study(study, study / "exports")
    assert main(["check", str(study), "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    # 6 first versions, 2 amendments, 2 registers; 7 signatures.
    assert result == {"whole": True, "journals": 10, "seals": 7, "exports": 6, "damages": []}


def test_a_changed_byte_anywhere_is_noticed_and_its_place_named(tmp_path: Path) -> None:
    """One stage of one reader, with an amendment: it has a file of every kind, and is soon checked."""
    root = make_study(tmp_path, cases=1, readers=("R1",), stages=["ct"])
    read_all(root, ("R1",))
    with open_study(root, clock=Clock()).as_reader("R1").amend("C001", "ct", "slip of the hand") as amendment:
        amendment.reading.answer("ct", "confidence", 2)
        amendment.seal()
    export_study(root, root / "exports", versions=True)
    files = [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix in (".json", ".jsonl", ".head") and not path.name.startswith(".")
    ]
    assert {path.name for path in files} >= {"journal.jsonl", "journal.head", "snapshot.json", "seal.json", "ct.json"}
    rng = random.Random(1)
    for path in files:
        whole = path.read_bytes()
        for _ in range(3):
            data = bytearray(whole)
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
            damages = check_study(root).damages
            assert path.relative_to(root).as_posix() in [damage.place for damage in damages]
        path.write_bytes(whole)
    assert check_study(root).damages == ()


def test_the_first_damaged_entry_is_named(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = study / "readings/R1/C001/ct-1/v1/journal.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[4] = lines[4].replace("30.0", "31.0", 1) if "30.0" in lines[4] else lines[4].replace("T12", "T11", 1)
    path.write_text("".join(lines), encoding="utf-8")
    assert main(["check", str(study)]) == 1
    assert "readings/R1/C001/ct-1/v1/journal.jsonl, entry 5" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("gone", "place"),
    [
        ("readings/R1/C001/ct-1", "ct-1/v1"),
        ("readings/R1/C001/ct-1/v1", "ct-1/v2"),
        ("readings/R1/C001/ct-1/v2", "ct-1/v2"),
        ("readings/R2/C001/mri-1/v1/seal.json", "mri-1/v1/seal.json"),
        ("readings/R2/C001/mri-1/v1/journal.head", "mri-1/v1/journal.jsonl"),
        ("readings/R2/register", "R2/register"),
        ("cases/C001/mr.json", "cases/C001/mr.json"),
        ("study.json", ""),
    ],
)
def test_what_is_gone_is_missed(gone: str, place: str, study: Path) -> None:
    path = study / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not place:
        assert main(["check", str(study)]) == 1
        return
    assert any(place in damage.place for damage in check_study(study).damages)


def test_a_reading_in_the_place_of_another_is_noticed(study: Path) -> None:
    one, other = study / "readings/R1/C001/combined-1/v1", study / "readings/R2/C001/combined-1/v1"
    shutil.rmtree(one)
    shutil.copytree(other, one)
    sentences = " ".join(damage.what for damage in check_study(study).damages)
    assert "belongs to another reading" in sentences
    assert "not the seal that the reader signed" in sentences


def test_a_reader_whose_journal_is_damaged_is_told_and_nothing_is_written(study: Path) -> None:
    path = study / "readings/R1/C001/mri-1/v2/journal.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    before = path.read_bytes()
    with pytest.raises(DamagedError, match="journal is damaged"):
        open_study(study).as_reader("R1").next_case()
    assert path.read_bytes() == before


def test_status_counts_and_tells_no_finding(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "status", str(study)]) == 0
    text = capsys.readouterr().out
    assert "R1: 3 of 3 stages signed, 1 open" in text
    assert "R2: 3 of 3 stages signed, 0 open" in text
    for word in ("benign", "malignant", "L1", "G3"):
        assert word not in text


# -- consensus ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_study(tmp_path_factory.mktemp("both"), cases=1)
    read_all(root)
    return root


def test_a_consensus_opens_only_when_everybody_has_signed_everything(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1)
    with pytest.raises(NotYetError, match="every stage by every reader"):
        open_consensus(root, "C001", "ct")
    read_all(root, ("R1",))
    read_stage(open_study(root, clock=Clock()).as_reader("R2").next_case())
    with pytest.raises(NotYetError, match="every stage by every reader"):
        open_consensus(root, "C001", "ct")


def test_a_consensus_names_items_as_the_form_does_and_leaves_no_verdict_open(both: Path) -> None:
    with open_consensus(both, "C001", "ct") as session:
        said = []
        for item in (*ITEMS, "fractured_level"):
            for value, open_for in (("perhaps", None), (None, None), (None, "not in the field of view")):
                if item not in session.differing or (value, open_for) != (None, "not in the field of view"):
                    with pytest.raises(RefusedActionError) as refused:
                        session.settle(item, value, why="seen together", not_assessable=open_for)
                    said.append(str(refused.value))
        with pytest.raises(RefusedActionError, match="'Verdict' is always given a value"):
            session.settle("verdict", why="seen together", not_assessable="too noisy")
        with pytest.raises(UnfinishedError) as unfinished:
            session.sign(["R1"])
    assert "Not settled: Verdict." in str(unfinished.value)
    keys = {key for key in (*ITEMS, "fractured_level") if "_" in key}
    assert not [text for text in (*said, str(unfinished.value)) if any(key in text for key in keys)]


def test_only_what_differs_is_shown_as_a_and_b_and_settled_with_a_reason(both: Path, tmp_path: Path) -> None:
    with open_consensus(both, "C001", "ct") as session:
        assert set(session.drawings) == {"A", "B"}
        assert "compression_degree" not in session.differing
        values = {answer.value for answer in session.differing["verdict"].values()}
        assert values == {"benign", "malignant"}
        with pytest.raises(RefusedActionError, match="agree"):
            session.settle("compression_degree", "I", why="looks like it")
        with pytest.raises(RefusedActionError, match="not an answer"):
            session.settle("verdict", "maybe", why="looks like it")
        with pytest.raises(RefusedActionError, match="Say why"):
            session.settle("verdict", "benign", why="")
        session.settle("verdict", "malignant", why="posterior margin seen together")
        with pytest.raises(LockedError, match="is open on this machine"):
            open_consensus(both, "C001", "ct")
        shown = session._origin.shown_as
        time.sleep(0.05)
        session.settle("verdict", "malignant", why="posterior margin seen together")
    before = {path: path.read_bytes() for path in both.glob("readings/*/C001/**/seal.json")}
    with open_consensus(both, "C001", "ct") as session:
        assert session._origin.shown_as == shown
        assert session.settled["verdict"].value == "malignant"
        with pytest.raises(UnfinishedError, match="Not settled"):
            session.sign(["R1", "R2"])
        for item, answers in session.differing.items():
            session.settle(item, answers["A"].value, why="as A saw it")
        session.settle("verdict", "malignant", why="posterior margin seen together")
        session.sign(["R1", "R2"])
    assert {path: path.read_bytes() for path in both.glob("readings/*/C001/**/seal.json")} == before
    with pytest.raises(NotYetError, match="signed"):
        open_consensus(both, "C001", "ct")
    (path,) = [path for path in export_study(both, tmp_path / "out") if "consensus" in path.name]
    export = read_reading(path)
    assert (export.kind, export.reader, export.status) == ("consensus", "consensus", "sealed")
    assert export.consensus.present == ("R1", "R2")
    # The time of both sittings.
    assert export.seal.active_s >= 0.05
    assert export.consensus.settled["verdict"].why == "posterior margin seen together"
    assert {answer.value for answer in export.consensus.settled["verdict"].values.values()} == {"benign", "malignant"}
    for reader, sha256 in export.consensus.readings.items():
        assert read_reading(both / f"readings/{reader}/C001/ct-1/v1/seal.json").seal.sha256 == sha256
    frame = readings_frame(path).set_index("item").value
    assert (frame["verdict"], frame["compression_degree"]) == ("malignant", "II")
    assert main(["verify", str(path), "--images", str(tmp_path)]) == 0
    assert check_study(both, exports=tmp_path / "out").damages == ()


def settle_all(session: ConsensusSession) -> None:
    for item in session.missing():
        session.settle(item, session.choices(item)[0], why="we looked again")


def amend(root: Path, reader: str, clock: Clock, stage: str = "mri") -> None:
    with open_study(root, clock=clock).as_reader(reader).amend("C001", stage, "looked at once more") as amendment:
        amendment.reading.answer(stage, "confidence", 3)
        amendment.seal()


def test_a_reading_amended_while_the_meeting_is_open_stops_it(both: Path, tmp_path: Path) -> None:
    root, clock = tmp_path / "copy", later()
    shutil.copytree(both, root, ignore=shutil.ignore_patterns("consensus"))
    (root / "consensus").mkdir()
    with open_consensus(root, "C001", "mri", clock=clock) as session:
        settle_all(session)
        amend(root, "R2", clock)
        with pytest.raises(StudyError, match="amended after this consensus was begun"):
            session.settle("verdict", "benign", why="seen together")
        with pytest.raises(StudyError, match="amended after this consensus was begun"):
            session.sign(["R1", "R2"])
    assert not list(root.glob("consensus/C001/mri/seal.json"))
    with open_consensus(root, "C001", "mri", anew=True, clock=clock) as session:
        settle_all(session)
        session.sign(["R1", "R2"])
    assert check_study(root).damages == ()


def test_a_consensus_that_was_signed_on_an_amended_reading_is_named_and_a_later_amendment_is_not(
    both: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, clock = tmp_path / "copy", later()
    shutil.copytree(both, root, ignore=shutil.ignore_patterns("consensus"))
    (root / "consensus").mkdir()
    # As an earlier version of the program did.
    monkeypatch.setattr(ConsensusSession, "_check_readings", lambda _: None)
    for stage in ("mri", "ct"):
        with open_consensus(root, "C001", stage, clock=clock) as session:
            settle_all(session)
            if stage == "mri":
                amend(root, "R2", clock, stage)
            session.sign(["R1", "R2"])
    amend(root, "R2", clock, "ct")
    (named,) = check_study(root).damages
    assert named.place == "consensus/C001/mri/seal.json"
    assert "R2's reading" in named.what


def test_what_is_amended_after_a_consensus_is_kept_and_not_counted(
    both: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out, clock = tmp_path / "copy", tmp_path / "out", later()
    shutil.copytree(both, root, ignore=shutil.ignore_patterns("consensus"))
    (root / "consensus").mkdir()
    amend(root, "R2", clock)
    assert main(["export", str(root), "--out", str(out)]) == 0
    assert capsys.readouterr().out == "6 signed readings in out.\n"
    with open_consensus(root, "C001", "mri", clock=clock) as session:
        settle_all(session)
        session.sign(["R1", "R2"])
    for stage in ("mri", "ct"):
        amend(root, "R2", clock, stage)
    # What an export left that took the last version for the one that counts.
    late = (root / "readings/R2/C001/mri-1/v3/seal.json").read_text(encoding="utf-8")
    (out / "C001_R2_mri_v3.json").write_text(late, encoding="utf-8")
    assert main(["export", str(root), "--out", str(out), "--versions"]) == 0
    said = capsys.readouterr().out
    assert "Amended after their consensus: C001_R2_mri_v3." in said
    assert "in the folder: C001_R2_ct.json, C001_R2_mri_v3.json." in said
    assert {path.stem for path in (out / "amended").iterdir()} == {"C001_R2_ct", "C001_R2_mri", "C001_R2_mri_v3"}
    chosen, _ = chosen_files(sorted(out.rglob("*.json")), [out], consensus=False)
    assert {path.name for path in chosen if "_R2_" in path.name} == {
        "C001_R2_combined.json",
        "C001_R2_ct_v2.json",
        "C001_R2_mri_v2.json",
    }
    consensus = read_reading(out / "C001_consensus_mri.json").consensus
    assert read_reading(out / "C001_R2_mri_v2.json").seal.sha256 == consensus.readings["R2"]
    assert check_study(root, exports=out).damages == ()
    tables = ["export", str(root), "--out", str(tmp_path / "tables"), "--format", "csv"]
    assert main(tables) == 0
    assert "Amended after their consensus: C001_R2_mri_v3." in capsys.readouterr().out
    with pytest.raises(StudyError, match="no reader 'R9'"):
        export_study(root, out, readers=["R9"])
    shutil.rmtree(root / "readings/R2/C001/mri-1/v2")
    with pytest.raises(DamagedError, match="the consensus rests on is not there"):
        export_study(root, out)


def test_what_cannot_be_opened_is_said_before_a_window_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_study(tmp_path, cases=1)
    for arguments, words in (
        (["read", str(root), "--reader", "R9"], "no reader 'R9'"),
        (["read", str(tmp_path / "elsewhere"), "--reader", "R1"], "not a study"),
        (["consensus", str(root), "--case", "C001"], "every stage by every reader"),
        (["consensus", str(root), "--case", "C009"], "no stage"),
    ):
        assert main(arguments) == 1
        assert words in capsys.readouterr().err


def test_gestures_may_be_made_twice(tmp_path: Path) -> None:
    root = make_study(tmp_path, cases=1)
    with open_study(root, clock=Clock()).as_reader("R1").next_case() as session:
        for gesture in gestures(session):
            gesture()
        done = session.draft().stages
        for gesture in gestures(session):
            gesture()
        again = session.draft().stages
    assert done["ct"].findings.keys() == again["ct"].findings.keys()
    assert len(done["ct"].calipers) == len(again["ct"].calipers)
