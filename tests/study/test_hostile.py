"""Whoever changes, cuts, removes or exchanges any file of a study is found out by `check`, which names the place."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.study import check_study, export_study, open_consensus, open_study
from napari_vcf.study.hashed_files import write_record
from napari_vcf.study.prepare_case import CaseOutcome, PrepareReport
from napari_vcf.study.prepare_study import REPORT
from support.studies import Clock, gestures, make_study, read_stage


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cases that two readers have read, with a consensus each, one amendment, one open amendment, and exports."""
    root = make_study(tmp_path_factory.mktemp("hostile"), cases=2, stages=["ct"])
    for number, reader in enumerate(("R1", "R2")):
        access = open_study(root, clock=Clock()).as_reader(reader)
        while (session := access.next_case()) is not None:
            read_stage(session, value=number)
    access = open_study(root, clock=Clock()).as_reader("R1")
    with access.amend("C001", "ct", "slip of the hand") as amendment:
        amendment.reading.answer("ct", "confidence", 2)
        amendment.seal()
    for case in ("C001", "C002"):
        with open_consensus(root, case, "ct", clock=Clock()) as consensus:
            for item in consensus.differing:
                consensus.settle(item, consensus.choices(item)[0], why="we looked again")
            consensus.sign(["R1", "R2"])
    with access.amend("C002", "ct", "another thought") as draft:
        gestures(draft)[0]()
    outcomes = [CaseOutcome(case=case, status="prepared", images=3) for case in ("C001", "C002")]
    write_record(root / REPORT, PrepareReport(cases=tuple(outcomes)))
    export_study(root, root / "exports", versions=True)
    assert check_study(root).damages == ()
    return root


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "study")
    return tmp_path / "study"


def files_of(root: Path) -> list[Path]:
    """Everything but the notes of who has what open."""
    return sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))


def places_named(root: Path) -> set[str]:
    return {damage.place for damage in check_study(root).damages}


def spoilt(path: Path, rng: random.Random) -> Iterator[bytes]:
    """One byte changed at some places, the head of the file among them, and the file cut at some."""
    data = path.read_bytes()
    for place in [*rng.sample(range(len(data)), 6), rng.randrange(min(len(data), 128)), len(data) - 1]:
        changed = bytearray(data)
        changed[place] = rng.choice([value for value in range(256) if value != data[place]])
        yield bytes(changed)
    yield from (data[:place] for place in (0, 1, len(data) - 1, *rng.sample(range(len(data)), 2)))
    yield data + b"\n"


def test_any_file_changed_or_cut_is_named(study: Path) -> None:
    rng = random.Random(5)
    for path in files_of(study):
        whole = path.read_bytes()
        for data in spoilt(path, rng):
            path.write_bytes(data)
            named = places_named(study)
            # What follows the last entry of a reading that is not signed is what a power cut leaves.
            torn = path.name == "journal.jsonl" and data == whole + b"\n"
            if torn and not path.with_name("seal.json").exists():
                continue
            beside = {path.with_name(name).relative_to(study).as_posix() for name in ("journal.jsonl", path.name)}
            assert beside & named, (path, named)
        path.write_bytes(whole)
    assert places_named(study) == set()


def test_any_file_that_is_gone_is_missed(study: Path) -> None:
    # Opening does without a snapshot, and an export is a copy that may be taken away.
    needed = [
        path for path in files_of(study) if path.name not in ("snapshot.json", REPORT) and "exports" not in path.parts
    ]
    for path in needed:
        whole = path.read_bytes()
        path.unlink()
        assert places_named(study), path
        path.write_bytes(whole)


@pytest.mark.parametrize("gone", ["ct/seal.json", "ct", ""])
def test_a_consensus_that_is_gone_is_missed_without_any_export(study: Path, gone: str) -> None:
    shutil.rmtree(study / "exports")
    assert places_named(study) == set()
    path = study / "consensus" / "C001" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert places_named(study) == {f"consensus/C001/{gone or 'ct'}"}


@pytest.mark.parametrize(
    "pair",
    [
        ("cases/C001", "cases/C002"),
        ("cases/C001/case.json", "cases/C002/case.json"),
        ("cases/C001/ct.json", "cases/C002/ct.json"),
        ("cases/C001/ct.json", "cases/C001/mr.json"),
        ("readings/R1", "readings/R2"),
        ("readings/R1/register", "readings/R2/register"),
        ("readings/R1/C001", "readings/R1/C002"),
        ("readings/R1/C001/ct-1/v1", "readings/R2/C001/ct-1/v1"),
        ("readings/R1/C001/ct-1/v1", "readings/R1/C001/ct-1/v2"),
        ("readings/R1/C001/ct-1/v1/seal.json", "readings/R2/C001/ct-1/v1/seal.json"),
        ("readings/R1/C001/ct-1/v1/snapshot.json", "readings/R2/C001/ct-1/v1/snapshot.json"),
        ("readings/R1/C001/ct-1/v1/journal.jsonl", "readings/R2/C001/ct-1/v1/journal.jsonl"),
        ("consensus/C001", "consensus/C002"),
        ("consensus/C001/ct/seal.json", "consensus/C002/ct/seal.json"),
        ("exports/C001_R1_ct_v2.json", "exports/C001_R2_ct.json"),
        ("exports/C001_consensus_ct.json", "exports/C002_consensus_ct.json"),
    ],
)
def test_what_changes_places_is_noticed(study: Path, pair: tuple[str, str]) -> None:
    one, other = (study / name for name in pair)
    aside = study.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    assert places_named(study)


def test_an_export_of_another_study_is_noticed(study: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    strange = make_study(tmp_path / "more", cases=1, readers=("R1",), stages=["ct"])
    read_stage(open_study(strange).as_reader("R1").next_case())
    export_study(strange, tmp_path / "mixed")
    export_study(study, tmp_path / "mixed2")
    assert check_study(study, exports=tmp_path / "mixed2").damages == ()
    assert "not in the study" in str(check_study(study, exports=tmp_path / "mixed").damages[0])


def test_a_protocol_that_is_no_toml_any_more_is_a_named_damage(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "protocol.toml").write_text("[", encoding="utf-8")
    assert main(["check", str(study)]) == 1
    assert "DAMAGED  protocol.toml" in capsys.readouterr().out
