"""An exported reading is opened again on its images and gone on with as a new version."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from napari_vcf.dicom import Role, Scan
from napari_vcf.reading import (
    Case,
    ExportError,
    Reading,
    ReadingError,
    RefusedActionError,
    build_export,
    read_reading,
    reopen,
)
from napari_vcf.reading import actions as act
from napari_vcf.reading.reopening import state_of
from napari_vcf.reading.state import ImageCorrection
from support.cases import clock, complete_reading, memory_case

OLD = Path(__file__).parent / "old"


def test_what_was_read_is_there_again_and_the_next_export_is_a_new_version(tmp_path: Path) -> None:
    first = complete_reading()
    path = first.export(tmp_path / "one.json")
    bytes_before = path.read_bytes()
    again = reopen(path, memory_case(), clock=clock())
    assert again.state.model_copy(update={"continues": None}) == first.state
    assert (again.reader, again.study, again.protocol) == (first.reader, first.study, first.protocol)
    for stage in ("ct", "mri", "combined"):
        assert again.missing(stage) == ()
        assert again.results(stage) == first.results(stage)
    assert not again.can_undo
    again.answer("mri", "confidence", 2)
    again.undo()
    assert not again.can_undo
    second = read_reading(again.export(tmp_path / "two.json"))
    assert second.version == 2
    assert second.continues.version == 1
    assert second.continues.sha256 == hashlib.sha256(bytes_before).hexdigest()
    assert path.read_bytes() == bytes_before
    assert read_reading(reopen(tmp_path / "two.json", memory_case()).export(tmp_path / "three.json")).version == 3


def test_what_goes_on_from_a_second_reading_of_a_stage_is_of_the_second_occasion(tmp_path: Path) -> None:
    """Counted as a first reading, it would stand beside the real one in the agreement between readers."""
    path = tmp_path / "again.json"
    document = build_export(complete_reading()).model_copy(update={"occasion": 2})
    path.write_text(document.model_dump_json(), encoding="utf-8")
    reading = reopen(path, memory_case(), clock=clock())
    assert build_export(reading).occasion == 2
    reading.export(tmp_path / "next.json")
    assert build_export(reopen(tmp_path / "next.json", memory_case())).occasion == 2


def test_corrections_of_images_are_taken_up_as_well() -> None:
    export = build_export(complete_reading())
    said = {"T1": {"role_corrected_by_reader": True}, "ADC": {"unit_answer": "1e-6 mm2/s"}}
    series = tuple(entry.model_copy(update=said.get(entry.label, {})) for entry in export.series)
    corrections = state_of(export.model_copy(update={"series": series}), "0" * 64).corrections
    by_label = {entry.label: corrections.get(entry.image) for entry in series}
    assert by_label == {
        "CT": None,
        "T1": ImageCorrection(role="T1"),
        "T2": None,
        "ADC": ImageCorrection(adc_unit="1e-6 mm2/s"),
    }


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "1.2.0"])
def test_documents_of_older_versions_are_gone_on_with(version: str) -> None:
    export = read_reading(OLD / f"reading-{version}.json")
    reading = reopen(OLD / f"reading-{version}.json", memory_case())
    assert reading.state.stages == {stage: part.state() for stage, part in export.stages.items()}


def test_a_reopened_reading_is_read_back_from_its_journal(tmp_path: Path) -> None:
    path = complete_reading().export(tmp_path / "one.json")
    written: list[act.LoggedAction] = []
    again = reopen(path, memory_case(), recorder=written.append)
    again.answer("mri", "confidence", 2)
    lines = [entry.model_dump_json() for entry in written]
    third = Reading(memory_case(), study="S1", reader="R1")
    third.restore(act.LoggedAction.model_validate_json(line) for line in lines)
    assert third.state == again.state


def test_other_images_than_those_that_were_read_are_refused(tmp_path: Path) -> None:
    path = complete_reading().export(tmp_path / "one.json")
    case = memory_case()
    others = tuple(image.series for image in case.with_role(Role.CT, Role.T1))
    with pytest.raises(RefusedActionError, match="open the folder that was read"):
        reopen(path, Case(Scan(Path(), others, ()), pseudonym="C001", salt=case.salt))
    with pytest.raises(ReadingError, match="document's salt"):
        reopen(path, _with_salt(case, "1" * 32))
    reading = complete_reading()
    with pytest.raises(RefusedActionError, match="before anything is read"):
        reading.apply(act.TakeUpReading(state=reading.state))
    with pytest.raises(ExportError, match="cannot be read"):
        reopen(tmp_path / "none.json", case)


def _with_salt(case: Case, salt: str) -> Case:
    case.salt = salt
    return case
