"""What rests on drawings carried from an earlier stage is told in numbers, and can be left out of an analysis."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_vcf.agreement import Loaded, load_readings
from napari_vcf.cli import main
from napari_vcf.dicom import Role
from napari_vcf.reading.carried_items import carried_values
from napari_vcf.reading.export import build_export
from support.carried import carried, confirm_all
from support.cases import image, rectangle

STAGE = "combined"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four cases by two readers; everything was carried, and R2 moved one rectangle and drew one height anew."""
    base = tmp_path_factory.mktemp("carried")
    for reader in ("R1", "R2"):
        reading = carried()
        reading.answer(STAGE, "lesion_extent_visual", "G3")
        if reader == "R2":
            reading.place_roi(
                stage=STAGE,
                tissue="lesion",
                placement=1,
                level="L1",
                image=image(reading, Role.ADC),
                rectangle=rectangle(reading, y=3.0),
            )
            reading.place_caliper(
                stage=STAGE,
                level="L1",
                position="anterior",
                image=image(reading, Role.T1),
                start_lps=(-0.8, -15.0, 7.0),
                end_lps=(-0.8, -15.0, -7.5),
            )
        confirm_all(reading)
        for level in ("T12", "L2"):
            reading.set_reference(STAGE, level, "intact")
        for key, value in (("verdict", "benign"), ("confidence", 2), ("lesion_pattern", "entire")):
            reading.answer(STAGE, key, value)
        document = json.loads(build_export(reading, stages=[STAGE]).model_dump_json())
        for number in range(1, 5):
            text = json.dumps({**document, "case": f"C00{number}", "reader": reader})
            (base / f"C00{number}_{reader}.json").write_text(text, encoding="utf-8")
    return base


def items(loaded: Loaded) -> set[str]:
    return set(loaded.readings.items)


def remark(loaded: Loaded) -> str:
    (text,) = (text for text in loaded.readings.remarks if "carried" in text)
    return text


def test_a_value_is_carried_as_far_as_what_it_rests_on_is() -> None:
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    reading.place_roi(
        stage=STAGE,
        tissue="lesion",
        placement=1,
        level="L1",
        image=image(reading, Role.ADC),
        rectangle=rectangle(reading, y=3.0),
    )
    found = carried_values(build_export(reading).stages[STAGE], reading.state.spine)
    assert found == {"adc_lesion_1": "changed", "adc_lesion": "changed", "adc_ratio": "changed"}
    confirm_all(reading)
    found = carried_values(build_export(reading).stages[STAGE], reading.state.spine)
    assert (found["adc_lesion_1"], found["adc_lesion"]) == ("changed", "unchanged")
    assert found["compression_degree"] == found["height_anterior_above"] == found["body_volume"] == "unchanged"
    assert "verdict" not in found
    assert "lesion_extent_visual" not in found
    reading.mark_not_assessable(STAGE, "compression_degree", "artefact")
    assert "compression_degree" not in carried_values(build_export(reading).stages[STAGE], reading.state.spine)


def test_carried_values_are_counted_and_told(folder: Path) -> None:
    loaded = load_readings([folder])
    assert {"compression_degree", "lesion_extent", "adc_ratio", "verdict"} <= items(loaded)
    assert loaded.masks.masks
    text = remark(loaded)
    assert text.startswith("Stage combined: ")
    assert "compression_degree 8, lesion_extent 8, adc_ratio 8" in text
    # Of R2, the moved rectangle alone, in each of four cases.
    assert "unchanged and 4 changed" in text
    assert "'--without-carried' leaves them out" in text


def test_left_out_nothing_of_them_is_in_any_table_and_what_was_answered_stays(folder: Path) -> None:
    loaded = load_readings([folder], carried="left_out")
    assert items(loaded) == {"verdict", "confidence", "lesion_extent_visual", "lesion_pattern", "height_anterior"}
    assert not loaded.masks.masks
    assert "they are left out of everything, as asked" in remark(loaded)


def test_the_command_leaves_them_out_and_the_report_says_how_many(folder: Path, tmp_path: Path) -> None:
    common = ["agreement", str(folder), "--bootstrap", "50"]
    assert main([*common, "--out", str(tmp_path / "with")]) == 0
    assert main([*common, "--without-carried", "--out", str(tmp_path / "without")]) == 0
    documents = {name: json.loads((tmp_path / name / "agreement.json").read_text()) for name in ("with", "without")}
    rested = {name: {row["item"] for row in document["rows"]} for name, document in documents.items()}
    assert "compression_degree" in rested["with"]
    assert "compression_degree" not in rested["without"]
    assert "verdict" in rested["without"]
    assert "as asked" in (tmp_path / "without" / "report.html").read_text(encoding="utf-8")
