"""Files that nobody's program wrote: refused or named as damaged, in a sentence, and never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.study import DamagedError, LockedError, StudyError, check_study, open_study
from napari_vcf.study.case_lock import CaseLock
from napari_vcf.study.journal import Journal
from napari_vcf.study.protocol import parse_protocol
from support.studies import Clock, make_study, read_stage

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One case, signed by one reader in its only stage."""
    root = make_study(tmp_path, cases=1, readers=("R1",), stages=["ct"])
    read_stage(open_study(root, clock=Clock()).as_reader("R1").next_case())
    return root


def test_json_that_is_nested_without_end_is_damage_wherever_it_stands(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [path for path in root.rglob("*.json*") if path.name[0] != "."]
    names = {path.name for path in records}
    assert names == {
        "study.json", "case.json", "ct.json", "mr.json", "other.json", "journal.jsonl", "snapshot.json", "seal.json",
    }  # fmt: skip
    for path in records:
        whole = path.read_bytes()
        for text in (DEEP, f'{{"record":{DEEP},"sha256":"","seal":{DEEP}}}', f"{'0' * 64} {DEEP}\n"):
            path.write_text(text, encoding="utf-8")
            assert check_study(root).damages, path.name
            assert main(["check", str(root)]) == 1
        path.write_bytes(whole)
    assert check_study(root).damages == ()
    (root / "exports/C001_R1_ct.json").write_text(DEEP, encoding="utf-8")
    assert "nested too deeply" in str(check_study(root).damages)
    capsys.readouterr()
    assert main(["verify", str(root / "exports/C001_R1_ct.json"), "--images", str(root)]) == 1
    assert "is not a reading" in capsys.readouterr().err
    assert main(["study", "prepare", str(root), "--key", str(root / "exports/C001_R1_ct.json")]) == 1
    assert "is not the key of a study" in capsys.readouterr().err


def test_a_protocol_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(StudyError, match="nested too deeply"):
        parse_protocol(f"x = {DEEP}", "protocol.toml")


@pytest.mark.parametrize("text", [DEEP, "", "[]", '{"token": '])
def test_a_damaged_note_of_who_holds_a_case_stops_its_holder_and_nobody_after(text: str, tmp_path: Path) -> None:
    with CaseLock(tmp_path, "Case C001") as lock:
        (note,) = tmp_path.glob(".lock-owner-*.json")
        note.write_text(text, encoding="utf-8")
        with pytest.raises(LockedError, match=r"is damaged.*close the case and open it again"):
            lock.check()
        with pytest.raises(LockedError, match="is open"):
            CaseLock(tmp_path, "Case C001")
    with CaseLock(tmp_path, "Case C001") as lock:
        lock.check()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("opened", {"case": "C001", "occasion": None}),
        ("sealed", {"case": ["C001"]}),
        ("surprised", {}),
        ("opened", {"case": "../../R2"}),
    ],
)
def test_an_entry_that_no_program_wrote_is_named_even_if_its_hash_holds(kind, body, root: Path) -> None:
    folder = root / "readings/R1/register"
    number = len(Journal.open(folder).entries) + 1
    Journal.open(folder).append(kind, {"stage": "ct", "occasion": 1, "version": 1, **body})
    (damage,) = check_study(root).damages
    assert (damage.place, damage.entry) == ("readings/R1/register/journal.jsonl", number)
    with pytest.raises(DamagedError, match="is not one that this version"):
        open_study(root).as_reader("R1").amend("C001", "ct", "It was read anew.")


@pytest.mark.parametrize("body", [{}, {"schema_version": "9.0.0"}, {"case": 7}])
def test_a_journal_whose_beginning_no_program_wrote_is_refused(body, root: Path) -> None:
    folder = root / "readings/R1/C001/ct-1/v2"
    first = json.loads((folder.with_name("v1") / "journal.jsonl").read_text().splitlines()[0].partition(" ")[2])["body"]
    Journal.create(folder, "opened", {**first, **body} if body else {})
    assert check_study(root).damages
    with pytest.raises(StudyError, match=r"another version|schema version 9"):
        open_study(root).as_reader("R1").open("C001", "ct")
