"""What is missing, contradictory or worth knowing is data; how it is worded decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_vcf.dicom import Role
from napari_vcf.reading import ITEMS, Reading, build_export
from napari_vcf.reading.issues import Issue, visible
from support.cases import (
    answer_all,
    asked_again,
    body_masks,
    complete_reading,
    image,
    new_reading,
    place_rois,
    rectangle,
)


def painted() -> Reading:
    """A reading whose measured extent contradicts nothing yet: no estimate is given."""
    reading = new_reading()
    reading.set_masks("mri", image(reading, Role.T2), *body_masks(reading))
    place_rois(reading, "mri")
    return reading


def reworded(issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
    return tuple(issue.model_copy(update={"text": "x"}) for issue in issues)


def test_every_issue_of_a_stage_names_what_it_is_and_the_item_that_it_concerns() -> None:
    reading = complete_reading(protocol=asked_again())
    reading.answer("combined", "confidence", 5)
    reading.mark_not_assessable("combined", "compression_degree", "motion artefact")
    found = {(issue.code, issue.item) for issue in reading.conflicts("combined")}
    assert found == {
        ("measured_but_not_assessable", "compression_degree"),
        ("estimate_against_measurement", "lesion_extent"),
        ("lesion_painted_but_none", "lesion_pattern"),
        ("verdict_against_confidence", "confidence"),
    }
    missing = {(issue.code, issue.item) for issue in new_reading().missing("mri")}
    assert {("not_answered", "verdict"), ("not_measured", "adc"), ("not_measured", "lesion_extent")} <= missing
    assert all(issue.item in ITEMS for issue in reading.results("combined").warnings)


def test_a_lesion_that_is_painted_and_said_not_to_be_there_is_a_conflict() -> None:
    reading = painted()
    reading.answer("mri", "lesion_pattern", "none")
    assert [(issue.code, issue.item) for issue in reading.conflicts("mri")] == [
        ("lesion_painted_but_none", "lesion_pattern")
    ]
    # It tells nothing of what was measured.
    assert visible(reading.conflicts("mri"), reading.hidden("mri"))
    body, lesion = body_masks(reading)
    reading.set_masks("mri", image(reading, Role.T2), body, lesion & False)
    assert reading.conflicts("mri") == ()
    reading.set_masks("mri", image(reading, Role.T2), body, lesion)
    reading.answer("mri", "lesion_pattern", "entire")
    assert reading.conflicts("mri") == ()


def test_a_measured_value_is_hidden_until_the_estimate_by_eye_is_given_however_it_is_worded() -> None:
    reading = painted()
    reading.mark_not_assessable("mri", "lesion_extent", "motion artefact")
    assert reading.hidden("mri") == {"lesion_extent"}
    conflicts = reading.conflicts("mri")
    assert [issue.item for issue in conflicts] == ["lesion_extent"]
    assert visible(conflicts, reading.hidden("mri")) == ()
    assert visible(reworded(conflicts), reading.hidden("mri")) == ()
    reading.answer("mri", "lesion_extent_visual", "G1")
    assert reading.hidden("mri") == frozenset()
    codes = {issue.code for issue in visible(reading.conflicts("mri"), reading.hidden("mri"))}
    assert codes == {"measured_but_not_assessable", "estimate_against_measurement"}


def test_an_estimate_that_the_protocol_does_not_ask_for_hides_nothing() -> None:
    from napari_vcf.reading import Protocol

    items = Protocol().stage_items
    asked = {**items, "mri": tuple(key for key in items["mri"] if key != "lesion_extent_visual")}
    reading = new_reading(protocol=Protocol(stage_items=asked))
    assert reading.hidden("mri") == frozenset()
    assert reading.hidden("ct") == frozenset()


@pytest.mark.parametrize("version", ["0.0.1", None])
def test_another_version_may_word_things_otherwise_but_not_leave_them_out(
    version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from napari_vcf.reading import verify

    reading = complete_reading()
    monkeypatch.setattr(verify, "scan_case", lambda *_, **__: None)
    monkeypatch.setattr(verify, "Case", lambda *_, **__: reading.case)
    path = reading.export(tmp_path / "r.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    if version is not None:
        document["software"]["napari-vcf"] = version
    warnings = document["stages"]["combined"]["warnings"]
    warnings[0]["text"] = "x"
    path.write_text(json.dumps(document), encoding="utf-8")
    # The same program says the same; a sentence that it did not say was put in by hand.
    assert bool(verify.verify_export(path, tmp_path).differences) is (version is None)
    del warnings[0]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert verify.verify_export(path, tmp_path).differences


def test_the_document_says_the_codes() -> None:
    reading = new_reading()
    answer_all(reading, "ct")
    part = build_export(reading).stages["ct"]
    assert [(issue.code, issue.item) for issue in part.missing] == [("not_measured", "compression_degree")]


def two_maps() -> Reading:
    """A reading of a case with a second ADC map on the same grid, on which everything is twice as much."""
    from napari_vcf.dicom import Scan
    from support.cases import MemoryCase, memory_case, series

    found = [each.series for each in memory_case().images.values()]
    grid = next(each.grid for each in found if each.role is Role.ADC)
    more = series(Role.ADC, grid, "um2/s", key="second", series_instance_uid="second")
    return new_reading(MemoryCase(Scan(Path(), (*found, more), ()), pseudonym="C001", salt="0" * 32))


def test_placements_on_different_maps_are_told_and_cover_no_voxels_of_each_other() -> None:
    reading = two_maps()
    first, second = (each.id for each in reading.case.with_role(Role.ADC))
    for placement, name in ((1, first), (2, second)):
        reading.place_roi(
            stage="mri", tissue="lesion", placement=placement, level="L1", image=name, rectangle=rectangle(reading)
        )
    found = {(issue.code, issue.item) for issue in reading.results("mri").warnings}
    assert ("different_images", "adc") in found
    assert ("roi_on_same_voxels", "adc") not in found
    reading.place_roi(stage="mri", tissue="lesion", placement=2, level="L1", image=first, rectangle=rectangle(reading))
    found = {(issue.code, issue.item) for issue in reading.results("mri").warnings}
    assert ("different_images", "adc") not in found
    assert ("roi_on_same_voxels", "adc") in found


@pytest.mark.parametrize(("value", "told"), [(0.0, True), (-3.0, True), (1.0, False)])
def test_voxels_in_which_nothing_diffuses_are_told(value: float, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from support.cases import MemoryCase

    whole = MemoryCase.volume

    def masked(case: MemoryCase, name: str, index: int = 0, **more: object):
        volume = whole(case, name, index, **more)
        data = volume.data.copy()
        data[:, 38:42, 38:42] = value
        return replace(volume, data=data)

    monkeypatch.setattr(MemoryCase, "volume", masked)
    reading = painted()
    codes = [issue.code for issue in reading.results("mri").warnings]
    assert ("roi_on_empty_voxels" in codes) == told
