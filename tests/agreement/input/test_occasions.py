"""Which of several files are repeated readings: neither other stages, nor versions of one reading."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from napari_vcf.agreement import AgreementError, load_readings
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.state import Continued
from support.readings import of_protocol, put


def occasions(folder: Path) -> dict[str, int]:
    return {record.source: record.occasion for record in load_readings([folder], repeats=True).readings.records}


def test_the_stages_of_a_case_are_no_repeated_readings(tmp_path: Path) -> None:
    for stage in ("ct", "mri", "combined"):
        put(tmp_path / f"C1_R1_{stage}.json", "C1", "R1", of_protocol(stage))
    assert set(occasions(tmp_path).values()) == {1}


def test_a_second_file_of_a_stage_is_the_second_reading(tmp_path: Path) -> None:
    put(tmp_path / "a.json", "C1", "R1")
    put(tmp_path / "b.json", "C1", "R1", later=30)
    put(tmp_path / "c.json", "C1", "R2")
    assert occasions(tmp_path) == {"a.json": 1, "b.json": 2, "c.json": 1}
    assert [path.name for path in load_readings([tmp_path], repeats=True).files] == ["a.json", "c.json"]


def signed(version: int, occasion: int = 1) -> ReadingExport:
    seal = {
        "version": version,
        "amends": None
        if version == 1
        else {"version": version - 1, "sha256": "0" * 64, "reason": "slip", "sealed_by_then": ["mri"]},
        "position": 1,
        "sealed_at": of_protocol().exported_at.isoformat(),
        "active_s": 1.0,
        "idle_s": 0.0,
        "journal_sha256": "0" * 64,
        "sha256": "0" * 64,
    }
    return of_protocol().model_copy(update={"status": "sealed", "seal": seal, "occasion": occasion})


def test_signed_readings_say_which_one_they_are(tmp_path: Path) -> None:
    put(tmp_path / "a.json", "C1", "R1", signed(1, occasion=2))
    put(tmp_path / "b.json", "C1", "R1", signed(1))
    assert occasions(tmp_path) == {"a.json": 2, "b.json": 1}


def test_two_signed_versions_are_never_a_repeat(tmp_path: Path) -> None:
    put(tmp_path / "a.json", "C1", "R1", signed(1))
    put(tmp_path / "b.json", "C1", "R1", signed(2), later=1)
    for repeats in (False, True):
        with pytest.raises(AgreementError, match=r"b\.json and a\.json.*signed as versions 1 and 2.*two versions"):
            load_readings([tmp_path], repeats=repeats)


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_document_that_goes_on_from_another_is_never_its_repeat(tmp_path: Path, names: tuple[str, str]) -> None:
    first = put(tmp_path / f"{names[0]}.json", "C1", "R1")
    source = Continued(
        version=1,
        sha256=hashlib.sha256(first.read_bytes()).hexdigest(),
        exported_at=of_protocol().exported_at,
    )
    put(tmp_path / f"{names[1]}.json", "C1", "R1", later=1, version=2, continues=source)
    with pytest.raises(AgreementError, match="one goes on from the other: they are two versions"):
        load_readings([tmp_path], repeats=True)
    # The version that goes on from it may be the only one, and beside a reading that it does not go on from.
    put(first, "C1", "R1", later=30)
    assert set(occasions(tmp_path).values()) == {1, 2}


def test_a_version_whose_source_is_not_there_may_go_on_from_an_earlier_one(tmp_path: Path) -> None:
    put(tmp_path / "a.json", "C1", "R1")
    source = Continued(version=2, sha256="0" * 64, exported_at=of_protocol().exported_at)
    put(tmp_path / "b.json", "C1", "R1", later=1, version=3, continues=source)
    with pytest.raises(AgreementError, match="two versions of one reading"):
        load_readings([tmp_path], repeats=True)


def test_two_states_of_one_reading_are_no_repeat(tmp_path: Path) -> None:
    put(tmp_path / "a.json", "C1", "R1")
    put(tmp_path / "b.json", "C1", "R1")
    with pytest.raises(AgreementError, match="begun at the same moment"):
        load_readings([tmp_path], repeats=True)


def test_a_file_that_repeats_one_of_its_stages_only_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "a.json", "C1", "R1", of_protocol("ct"))
    both = {**of_protocol("ct").stages, **of_protocol("mri").stages}
    put(tmp_path / "b.json", "C1", "R1", later=1, stages=both)
    with pytest.raises(AgreementError, match=r"b\.json would be reading 2 of stage ct, reading 1 of stage mri"):
        load_readings([tmp_path], repeats=True)
