"""The export: strict, complete, atomic, and readable back."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf import read_reading, readings_frame
from napari_vcf.cli import main
from napari_vcf.dicom import Role, Scan
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading import (
    ExportError,
    Protocol,
    build_export,
    export_reading,
    json_schema,
    reopen,
    verify,
    verify_export,
)
from napari_vcf.reading.evaluation import evaluate_stage
from napari_vcf.reading.export_document import SCHEMA_ID, SCHEMA_VERSION, ReadingExport
from napari_vcf.reading.export_migrations import migrate_document
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.state import ReadingState
from napari_vcf.records.sealing import check_seal, seal_text
from support.cases import (
    MemoryCase,
    body_masks,
    complete_reading,
    image,
    measure_heights,
    memory_case,
    new_reading,
    place_rois,
)

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "schema" / "reading-2.4.0.json"


def test_committed_schema_is_that_of_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema()
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()
    assert ReadingExport.model_fields["schema_id"].default == SCHEMA_ID
    assert ReadingExport.model_fields["schema_version"].default == SCHEMA_VERSION


@pytest.mark.parametrize("reading", [new_reading, complete_reading])
def test_export_follows_the_schema_and_reads_back(reading, tmp_path: Path) -> None:
    path = reading().export(tmp_path / "r.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(document, json_schema(), cls=jsonschema.Draft202012Validator)
    assert document["intended_use"] == INTENDED_USE
    assert read_reading(path).model_dump(mode="json") == document


def test_completeness_and_what_is_missing_are_in_the_export(tmp_path: Path) -> None:
    assert build_export(complete_reading()).complete
    part = build_export(new_reading()).stages["ct"]
    assert not part.complete
    assert "verdict" in part.unanswered
    assert "verdict" not in part.findings


def test_numbers_are_those_of_the_reading(tmp_path: Path) -> None:
    reading = complete_reading()
    export = build_export(reading)
    part = export.stages["combined"]
    assert {(c.level, c.position): c.mm for c in part.calipers}["L1", "middle"] == pytest.approx(20.0)
    assert [item.rule for item in part.height_losses if item.graded] == ["mean_adjacent"]
    assert part.extent is not None
    assert (part.extent.grade, part.extent.lesion_cm3) == ("G3", pytest.approx(180 * 2 * 2 * 4.8 / 1000))
    assert part.masks is not None
    assert decode_mask(part.masks.lesion, part.masks.grid.shape).sum() == 180
    roi = part.rois[0]
    assert roi.statistics.area_mm2 == pytest.approx(35.0)
    assert roi.long_mm * roi.short_mm == 35.0
    corners = np.array(roi.corners_lps)
    assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(7.0)
    assert part.findings["confidence"].value == 1


def test_unknown_keys_and_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    path = complete_reading().export(tmp_path / "r.json")
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    document["patient_name"] = "x"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ExportError, match="patient_name"):
        read_reading(path)
    document = json.loads(text)
    document["stages"]["combined"]["calipers"][0]["mm"] = float("nan")
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ExportError, match="finite"):
        read_reading(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ExportError, match="not a reading"):
        read_reading(path)
    with pytest.raises(ExportError, match="cannot be read"):
        read_reading(tmp_path / "none.json")


WRONG = [
    (("stages", "combined", "calipers", 0, "mm"), "30.0"),
    (("stages", "combined", "calipers", 0, "mm"), True),
    (("stages", "combined", "extent", "lesion_voxels"), "180"),
    (("stages", "combined", "extent", "entire"), "no"),
    (("stages", "combined", "findings", "confidence", "value"), True),
    (("stages", "combined", "masks", "grid", "shape", 0), True),
    (("stages", "combined", "references", "S1"), "intact"),
    (("series", 0, "measurable"), 1),
    (("complete"), "yes"),
    (("exported_at"), 1),
    (("intended_use"), "For diagnosis."),
]


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_the_schema_and_the_program_refuse_the_same(place, value, tmp_path: Path) -> None:
    path = complete_reading().export(tmp_path / "r.json")
    document = target = json.loads(path.read_text(encoding="utf-8"))
    *parents, last = (place,) if isinstance(place, str) else place
    for key in parents:
        target = target[key]
    target[last] = value
    path.write_text(json.dumps(document), encoding="utf-8")
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(document)
    with pytest.raises(ExportError, match=str(last)):
        read_reading(path)


def test_a_mask_that_does_not_fill_its_grid_is_refused(tmp_path: Path) -> None:
    path = complete_reading().export(tmp_path / "r.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["stages"]["mri"]["masks"]["body"]["runs"][0] += 1
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ExportError, match="body hold 90001 voxels, but the grid has 90000"):
        read_reading(path)


def test_identities_of_the_series_are_not_in_the_export(tmp_path: Path) -> None:
    reading = complete_reading()
    text = reading.export(tmp_path / "r.json").read_text(encoding="utf-8")
    for found in reading.case.images.values():
        assert found.series.key not in text
        assert found.series.series_instance_uid not in text
    assert str(tmp_path) not in text


def test_an_existing_file_is_kept_unless_the_person_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(ExportError, match="exists already"):
        new_reading().export(path)
    assert path.read_text(encoding="utf-8") == "precious"
    new_reading().export(path, overwrite=True)
    assert read_reading(path).case == "C001"
    assert [item.name for item in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.parametrize("call", ["fsync", "write", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.json"
    path.write_text("precious", encoding="utf-8")
    reading = new_reading()
    before = reading.state

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "fsync":
        monkeypatch.setattr("napari_vcf.records.atomic.os.fsync", full)
    elif call == "write":
        monkeypatch.setattr("napari_vcf.records.atomic.os.fdopen", full)
    else:
        monkeypatch.setattr("napari_vcf.records.atomic.Path.replace", full)
    with pytest.raises(ExportError, match="No space left"):
        export_reading(reading, path, overwrite=True)
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == "precious"
    assert [item.name for item in tmp_path.iterdir()] == ["r.json"]
    assert reading.state is before
    reading.export(path, overwrite=True)


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is a folder; name a file in it"):
        new_reading().export(tmp_path, overwrite=True)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"folder for r\.json does not exist"):
        new_reading().export(tmp_path / "none" / "r.json")


def test_tidy_frame(tmp_path: Path) -> None:
    frame = readings_frame([complete_reading().export(tmp_path / "a.json")])
    assert list(frame.columns) == ["case", "reader", "stage", "item", "value", "unit"]
    assert not frame.duplicated(["case", "reader", "stage", "item"]).any()
    values = frame[frame.stage == "combined"].set_index("item").value
    assert values["compression_degree"] == "II"
    assert values["lesion_extent"] == "G3"
    assert values["height_anterior"] == pytest.approx(15.0)
    assert values["height_anterior_above"] == pytest.approx(30.0)
    assert values["height_loss"] == pytest.approx(0.5)
    assert values["confidence"] == 1
    units = frame.set_index("item").unit
    assert set(units[units.index.str.startswith("height_") & ~units.index.str.startswith("height_loss")]) == {"mm"}
    assert units["adc_lesion"].unique().tolist() == ["um2/s"]


def test_two_files_of_the_same_stage_by_the_same_reader_are_named(tmp_path: Path) -> None:
    reading = new_reading()
    reading.answer("ct", "verdict", "benign")
    paths = [reading.export(tmp_path / name) for name in ("a.json", "b.json")]
    with pytest.warns(UserWarning, match=r"a\.json and b\.json both hold the ct stage of case C001 by reader R1"):
        assert len(readings_frame(paths)) == 2


def test_unanswered_items_have_no_row_and_not_assessable_has_one(tmp_path: Path) -> None:
    reading = new_reading(memory_case(), protocol=Protocol(ask_without_image=True))
    reading.mark_not_assessable("mri", "enhancement", "no contrast medium was given")
    measure_heights(reading, "mri")
    reading.mark_not_assessable("mri", "compression_degree", "motion artefact")
    frame = readings_frame(reading.export(tmp_path / "a.json")).set_index("item").value
    assert frame["enhancement"] == "not_assessable"
    assert frame["compression_degree"] == "not_assessable"
    assert "verdict" not in frame.index


OLD = Path(__file__).parent / "old"


def test_a_committed_file_of_schema_1_0_reads_as_a_draft_of_today() -> None:
    path = OLD / "reading-1.0.0.json"
    old = json.loads(path.read_text(encoding="utf-8"))
    export = read_reading(path)
    assert (export.schema_version, export.status, export.occasion, export.seal) == (SCHEMA_VERSION, "draft", 1, None)
    now = json.loads(export.model_dump_json())
    for part in now["stages"].values():
        # Said of each caliper and rectangle only since 1.1.
        assert all(caliper.pop("snapped") == [] for caliper in part["calipers"])
        assert all(roi.pop("endplate_deviation_deg") is None for roi in part["rois"])
        # And of a lesion only since 1.2.
        assert part["masks"] is None or part["masks"].pop("thresholds") == []
        # Of a proposed body, only since 2.1: all was drawn.
        assert part["masks"] is None or part["masks"].pop("proposal") is None
        # Every height was drawn by its ends.
        assert all((c.pop("origin"), c.pop("proposed_from")) == ("drawn", None) for c in part["calipers"])
        # Nothing was carried before 2.3.
        assert part.pop("carried_from") == {}
        assert all(drawn.pop("carried") is None for drawn in (*part["calipers"], *part["rois"]))
        for name in ("body_carried", "lesion_carried"):
            assert part["masks"] is None or part["masks"].pop(name) is None
        if part["extent"] is not None:
            assert (part["extent"].pop("slices_proposed"), part["extent"].pop("slices_corrected")) == ([], [])
            assert part["extent"].pop("slices_drawn") == part["extent"]["body_slices"]
            assert part["extent"].pop("slices_label_map") == []
        assert part.pop("not_asked") == []
        # Sentences without a code before 2.0.
        for name in ("missing", "conflicts", "warnings"):
            assert all(issue["code"] == "uncoded" and issue["item"] is None for issue in part[name])
            part[name] = [issue["text"] for issue in part[name]]
    # Nothing was said of spaces.
    assert now.pop("frame_joins") == []
    assert all(image.pop("space") is None for image in now["series"])
    # Nor of b-values that a reader gave.
    assert all(image.pop("b_values_answer") is None for image in now["series"])
    # Nothing went on from another document.
    assert (now.pop("version"), now.pop("continues")) == (1, None)
    # There was one form.
    assert now["protocol"].pop("form_version") == "1"
    assert now["protocol"].pop("body_proposal") is False
    # All of it was asked in every case.
    assert now["protocol"].pop("ask_without_image") is True
    assert now["protocol"].pop("carry") is False
    added = {"schema_version", "occasion", "consensus", "seal"}
    assert {key: value for key, value in now.items() if key not in added} == {
        key: value for key, value in old.items() if key != "schema_version"
    }
    assert len(readings_frame(path)) > 50


def test_a_sealed_file_of_schema_1_1_keeps_its_seal_and_its_lesion_is_drawn_by_hand() -> None:
    path = OLD / "reading-1.1.0.json"
    assert check_seal(path.read_text(encoding="utf-8")) == ""
    export = read_reading(path)
    assert (export.schema_version, export.status) == (SCHEMA_VERSION, "sealed")
    masks = export.stages["combined"].masks
    assert masks is not None
    assert masks.thresholds == ()
    assert export.protocol.sha256 == export.protocol_sha256


def test_a_file_of_schema_1_2_keeps_its_sentences() -> None:
    old = json.loads((OLD / "reading-1.2.0.json").read_text(encoding="utf-8"))
    part = read_reading(OLD / "reading-1.2.0.json").stages["combined"]
    assert part.warnings
    assert [str(issue) for issue in part.warnings] == old["stages"]["combined"]["warnings"]
    assert [str(issue) for issue in part.conflicts] == old["stages"]["combined"]["conflicts"]


def test_migrations_are_pure_and_lead_to_the_current_version() -> None:
    old = json.loads((OLD / "reading-1.0.0.json").read_text(encoding="utf-8"))
    before = json.dumps(old)
    assert migrate_document(old)["schema_version"] == SCHEMA_VERSION
    assert json.dumps(old) == before
    assert migrate_document({"schema_version": "9.0.0"}) == {"schema_version": "9.0.0"}


def seal(**changes: object) -> ReadingExport:
    """A complete reading under a seal whose hash is still to be computed."""
    values = {
        "version": 1,
        "position": 1,
        "sealed_at": "2026-01-02T00:00:00Z",
        "active_s": 60.0,
        "idle_s": 0.0,
        "journal_sha256": "0" * 64,
        "sha256": "",
        **changes,
    }
    document = build_export(complete_reading()).model_dump(mode="json")
    return ReadingExport.model_validate({**document, "status": "sealed", "seal": values})


def test_a_sealed_document_reads_back_and_its_seal_holds(tmp_path: Path) -> None:
    text = seal_text(seal())
    assert check_seal(text) == ""
    path = tmp_path / "r.json"
    path.write_text(text, encoding="utf-8")
    export = read_reading(path)
    assert export.status == "sealed"
    jsonschema.validate(json.loads(text), json_schema(), cls=jsonschema.Draft202012Validator)
    assert seal_text(export.model_copy(update={"seal": export.seal.model_copy(update={"sha256": ""})})) == text


@settings(max_examples=150)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_byte_of_a_sealed_document_is_noticed(place: int, bit: int) -> None:
    data = bytearray(SEALED)
    data[place % len(data)] ^= 1 << bit
    assert check_seal(data.decode("utf-8", "replace")) != ""


def test_what_is_nested_without_end_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    assert main(["verify", str(path), "--images", str(tmp_path)]) == 1
    assert "deep.json is not a reading" in capsys.readouterr().err
    assert "nested too deeply" in check_seal(path.read_text())


def test_a_folder_instead_of_an_export_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    assert main(["verify", str(folder), "--images", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "exports is a folder" in said
    assert "Errno" not in said


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a pipe in another way")
def test_a_reader_of_the_output_who_leaves_early_ends_the_command_quietly() -> None:
    run = [sys.executable, "-c", "import sys; from napari_vcf.cli import main; sys.exit(main(['schema']))"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(run, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141


def test_status_and_seal_belong_together() -> None:
    document = build_export(new_reading()).model_dump(mode="json")
    with pytest.raises(ValueError, match="carries a seal"):
        ReadingExport.model_validate({**document, "status": "sealed"})
    with pytest.raises(ValueError, match="how it was settled"):
        ReadingExport.model_validate({**document, "kind": "consensus"})


SEALED = seal_text(seal()).encode()


def test_a_body_without_a_lesion_is_g1_in_a_file_of_schema_2_1_and_nowhere_since() -> None:
    path = OLD / "reading-2.1.0.json"
    export = read_reading(path)
    extent = export.stages["mri"].extent
    assert export.schema_version == SCHEMA_VERSION
    assert extent is not None
    assert (extent.lesion_voxels, extent.grade) == (0, "G1")
    reading = new_reading(memory_case())
    state = ReadingState(spine=export.spine, stages={stage: part.state() for stage, part in export.stages.items()})
    images = reading.case.images
    then = evaluate_stage(state, "mri", export.protocol, images, lambda _roi: None, empty_counts=True)
    now = evaluate_stage(state, "mri", export.protocol, images, lambda _roi: None)
    assert then.results.extent is not None
    assert "lesion_extent" not in then.unanswered
    assert now.results.extent is None
    assert now.results.painted == then.results.extent
    assert "lesion_extent" in now.unanswered


def test_in_a_file_of_schema_2_2_everything_was_drawn_in_its_own_stage() -> None:
    path = OLD / "reading-2.2.0.json"
    export = read_reading(path)
    assert (export.schema_version, export.protocol.carry) == (SCHEMA_VERSION, False)
    assert export.protocol.sha256 == export.protocol_sha256
    for part in export.stages.values():
        assert part.carried_from == {}
        assert all(drawn.carried is None for drawn in (*part.calipers, *part.rois))
        assert part.masks is None or (part.masks.body_carried, part.masks.lesion_carried) == (None, None)
    assert any(part.calipers for part in export.stages.values())


def test_a_painted_image_that_is_missing_is_a_difference(tmp_path, monkeypatch) -> None:
    reading = new_reading()
    painted = image(reading, Role.T2)
    reading.set_masks("mri", painted, *body_masks(reading))
    place_rois(reading, "mri")
    path = reading.export(tmp_path / "r.json")
    left = tuple(found.series for name, found in reading.case.images.items() if name != painted)
    case = MemoryCase(Scan(Path(), left, ()), pseudonym="C001", salt="0" * 32)
    assert set(case.images) == set(reading.case.images) - {painted}
    monkeypatch.setattr(verify, "scan_case", lambda *_, **__: None)
    monkeypatch.setattr(verify, "Case", lambda *_, **__: case)
    found = {each.place: each.recomputed for each in verify_export(path, tmp_path).differences}
    assert "not found" in found["stages.mri"]


def test_a_pattern_of_none_beside_a_painted_lesion_is_a_conflict_since_schema_2_4(tmp_path, monkeypatch) -> None:
    path = OLD / "reading-2.3.0.json"
    assert "lesion_painted_but_none" not in path.read_text(encoding="utf-8")
    reading = complete_reading()
    monkeypatch.setattr(verify, "scan_case", lambda *_, **__: None)
    monkeypatch.setattr(verify, "Case", lambda *_, **__: reading.case)
    assert verify_export(path, tmp_path).differences == ()
    # What is written today holds it, and is not whole without it.
    written = reopen(path, memory_case()).export(tmp_path / "today.json")
    part = read_reading(written).stages["mri"]
    assert ("lesion_painted_but_none", "lesion_pattern") in {(each.code, each.item) for each in part.conflicts}
    assert verify_export(written, tmp_path).differences == ()
    document = json.loads(written.read_text(encoding="utf-8"))
    conflicts = document["stages"]["mri"]["conflicts"]
    document["stages"]["mri"]["conflicts"] = [each for each in conflicts if each["code"] != "lesion_painted_but_none"]
    written.write_text(json.dumps(document), encoding="utf-8")
    assert verify_export(written, tmp_path).differences
