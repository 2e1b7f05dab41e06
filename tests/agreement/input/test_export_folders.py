"""What of a study's export is analysed: neither what was withdrawn, nor what its list does not name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.agreement import AgreementError, load_readings
from napari_vcf.agreement.figures import FromImages
from napari_vcf.agreement.input import Loaded
from napari_vcf.records.export_list import LIST, SET_ASIDE, text_of_list
from support.readings import of_protocol, put, with_answers
from support.running import refuse, run, write_table

CASES = ("C1", "C2", "C3")


def listed(folder: Path, *without: str) -> None:
    """Leave the list of an export in a folder."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.json")]
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names if name not in without}
    (folder / LIST).write_text(text_of_list(files), encoding="utf-8")


def aside(folder: Path, *lines: str) -> None:
    text = "\n".join(("case,stage,kind,reason", *lines)) + "\n"
    (folder / SET_ASIDE).write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for case in CASES:
        for reader in ("R1", "R2"):
            put(tmp_path / "exports" / f"{case}_{reader}_mri.json", case, reader)
    return tmp_path / "exports"


def said(loaded: Loaded) -> str:
    return " ".join(loaded.readings.remarks)


@pytest.mark.parametrize("pattern", ["", "*.json"])
def test_a_withdrawn_case_enters_no_statistic(folder: Path, tmp_path: Path, pattern: str) -> None:
    aside(folder, "C3,all,case_withdrawn,consent was taken back")
    reference = write_table(
        tmp_path / "p.csv", [["C1", "benign"], ["C2", "malignant"], ["C3", "benign"]], ("case", "pathology")
    )
    found = run(tmp_path, folder / pattern, "--reference", reference, "--bootstrap", "0")
    assert found.document["cases"] == 2
    assert max(row["n"] for row in found.rows if row["stage"]) == 2
    remarks = found.document["remarks"]
    assert "Case C3, all stages: set aside by the coordinator: consent was taken back." in remarks
    assert any(text.endswith("is left out: C3_R1_mri.json, C3_R2_mri.json.") for text in remarks)


def test_a_stage_that_was_set_aside_is_left_out_of_files_and_tables(folder: Path, tmp_path: Path) -> None:
    whole = of_protocol("mri")
    both = whole.model_copy(update={"stages": {**whole.stages, **of_protocol("ct").stages}})
    put(folder / "C4_R1.json", "C4", "R1", both)
    aside(folder, "C4,ct,stage_unreadable,no CT was made", "C9,all,case_withdrawn,asked for it")
    table = write_table(tmp_path / "t.csv", [[case, "R3", "mri", "verdict", "benign", ""] for case in ("C1", "C9")])
    loaded = load_readings([folder, table])
    assert loaded.readings.cases == ("C1", "C2", "C3", "C4")
    assert set(loaded.readings.stage.tolist()) == {1}
    assert "Case C4, stage ct was set aside" in said(loaded)
    assert "t.csv: 1 answer is of a case or stage that the coordinator set aside" in said(loaded)
    assert folder / "C4_R1.json" not in loaded.files
    assert not any(place[0] == "ct" for place in (*loaded.masks.masks, *loaded.masks.middles))


@pytest.mark.parametrize("pattern", ["", "*.json"])
def test_a_file_that_is_not_on_the_list_of_its_folder_is_left_out_and_named(folder: Path, pattern: str) -> None:
    put(folder / "C1_R1_mri_v2.json", "C1", "R1", later=1)
    listed(folder, "C1_R1_mri.json")
    loaded = load_readings([folder / pattern])
    assert "C1_R1_mri.json" not in loaded.readings.sources
    assert "C1_R1_mri_v2.json" in loaded.readings.sources
    assert "1 file is not on the list SHA256SUMS of folder 'exports' and left out: C1_R1_mri.json." in said(loaded)
    assert folder / "C1_R1_mri.json" not in loaded.files


def test_a_folder_gathered_by_hand_is_taken_as_it_is_whatever_else_it_lists(folder: Path) -> None:
    assert len(load_readings([folder]).readings.records) == 6
    (folder / LIST).write_text(f"{'0' * 64}  images.zip\n", encoding="utf-8")
    assert len(load_readings([folder]).readings.records) == 6


def test_a_changed_list_is_refused_with_the_way_out(folder: Path, tmp_path: Path, capsys: Any) -> None:
    listed(folder)
    text = (folder / LIST).read_text(encoding="utf-8")
    (folder / LIST).write_text("\n".join(text.splitlines()[1:]) + "\n", encoding="utf-8")
    assert "Export the study into an empty folder." in refuse(capsys, tmp_path, folder)


def test_where_everything_is_left_out_that_is_said(folder: Path) -> None:
    aside(folder, *(f"{case},all,case_withdrawn,consent was taken back" for case in CASES))
    with pytest.raises(AgreementError, match=r"Nothing is left to be analysed\. Case C1 was set aside"):
        load_readings([folder])


def test_apart_takes_up_the_consensus_and_no_superseded_version(folder: Path) -> None:
    settled = {"readings": {"R1": "0" * 64, "R2": "1" * 64}, "present": ["R1", "R2"], "settled": {}}
    put(folder / "C1_consensus_mri.json", "C1", "R1", kind="consensus", consensus=settled)
    put(folder / "amended" / "C1_R1_mri.json", "C1", "R1", with_answers(of_protocol(), verdict="malignant"))
    listed(folder)
    for repeats in (False, True):
        loaded = load_readings([folder], consensus=True, repeats=repeats)
        assert loaded.readings.readers == ("R1", "R2", "consensus")
        assert int(loaded.readings.occasion.max()) == 1
        assert not any("amended" in str(path) for path in loaded.files)
        assert "1 file of the study's export is no reading before a consensus, or superseded, and left out" in said(
            loaded
        )
    by_pattern = load_readings([folder / "**" / "*.json"], repeats=True)
    assert by_pattern.readings.readers == ("R1", "R2")
    assert int(by_pattern.readings.occasion.max()) == 1


def test_the_panels_show_what_is_analysed_and_nothing_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "amended" / "C1_R1_mri.json", "C1", "R1")
    aside(folder, "C3,all,case_withdrawn,consent was taken back")
    listed(folder, "C2_R2_mri.json")
    shown: list[str] = []

    def pictures(files: list[Path], *_: object, **__: object) -> FromImages:
        shown.extend(path.relative_to(folder).as_posix() for path in files)
        return FromImages((), ())

    monkeypatch.setattr("napari_vcf.agreement.figures.pictures_of_readings", pictures)
    run(tmp_path, folder, "--apart", "--bootstrap", "0", "--figures", "--images", tmp_path)
    assert shown == ["C1_R1_mri.json", "C1_R2_mri.json", "C2_R1_mri.json"]
