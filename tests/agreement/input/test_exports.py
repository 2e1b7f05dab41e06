"""Exported readings as input: their answers, their masks, and what they say of themselves."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_vcf import readings_frame
from napari_vcf.agreement import analyse, readings_from_frame, rows_frame
from napari_vcf.agreement.statistics import dice, hausdorff95_mm
from napari_vcf.reading import build_export
from napari_vcf.reading.masks import decode_mask, encode_mask
from support.cases import complete_reading
from support.running import refuse, run, write_table

Change = Callable[[dict[str, Any]], None]


@cache
def template() -> str:
    return build_export(complete_reading()).model_dump_json()


def export(folder: Path, case: str, reader: str, change: Change | None = None, name: str = "") -> Path:
    """An export of the record's small case under other names."""
    document = copy.deepcopy(json.loads(template()))
    document["case"], document["reader"] = case, reader
    if change is not None:
        change(document)
    path = folder / f"{name or f'{case}_{reader}'}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def study(folder: Path, change: Callable[[int, str], Change | None] = lambda _number, _reader: None) -> Path:
    """Two readers, four cases."""
    folder.mkdir()
    for number in range(4):
        for reader in ("R1", "R2"):
            export(folder, f"C{number}", reader, change(number, reader))
    return folder


def verdict(value: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        for stage in document["stages"].values():
            stage["findings"]["verdict"]["value"] = value

    return change


def moved_lesion(voxels: int) -> Change:
    def change(document: dict[str, Any]) -> None:
        masks = document["stages"]["combined"]["masks"]
        lesion = np.roll(decode_mask(masks["lesion"], masks["grid"]["shape"]), voxels, axis=2)
        masks["lesion"] = encode_mask(lesion).model_dump(mode="json")

    return change


def test_a_folder_of_exports(tmp_path: Path) -> None:
    folder = study(
        tmp_path / "study", lambda number, reader: verdict("malignant" if number < 2 + (reader == "R2") else "benign")
    )
    found = run(tmp_path, folder, "--bootstrap", "100")
    row = found.one(analysis="between_readers", item="verdict", stage="ct", statistic="percent_agreement")
    assert (row["value"], row["n"]) == (0.75, 4)
    assert found.document["sources"][0] == "C0_R1.json"
    stages = {entry["stage"] for entry in found.rows if entry["item"] == "height_loss"}
    assert "combined" in stages
    # The same numbers as from the tidy frame of the same files.
    paths = sorted(folder.glob("*.json"))
    frame = rows_frame(analyse(readings_from_frame(readings_frame(paths))).document)
    mine = pd.DataFrame(found.rows)
    assert len(mine[mine["statistic"] == "icc_a_1"]) == len(frame[frame["statistic"] == "icc_a_1"])
    assert str(tmp_path) not in json.dumps(found.document)


def test_a_case_in_which_an_item_was_not_asked_is_left_out_of_it_for_that_reason(tmp_path: Path) -> None:
    def asked(document: dict[str, Any]) -> None:
        part = document["stages"]["mri"]
        assert [issue["item"] for issue in part["not_asked"]] == ["enhancement"]
        part["not_asked"] = []
        part["findings"]["enhancement"] = {**part["findings"]["signal_t1_low"], "value": "nodular"}

    folder = study(tmp_path / "study", lambda number, _reader: None if number == 3 else asked)
    found = run(tmp_path, folder, "--bootstrap", "50")
    row = found.one(analysis="between_readers", item="enhancement", stage="mri", statistic="percent_agreement")
    assert (row["value"], row["n"]) == (1.0, 3)
    (left,) = [entry for entry in found.document["left_out"] if entry["item"] == "enhancement"]
    assert (left["cases"], left["reason"]) == (["C3"], "not asked, as no image of the case shows it")


def test_masks_of_two_readers(tmp_path: Path) -> None:
    folder = study(tmp_path / "study", lambda number, reader: moved_lesion(number) if reader == "R2" else None)
    found = run(tmp_path, folder / "*.json", "--bootstrap", "200")
    masks = json.loads(template())["stages"]["combined"]["masks"]
    shape, affine = masks["grid"]["shape"], np.array(masks["grid"]["affine_lps"])
    spacing = np.linalg.norm(affine[:3, [2, 1, 0]], axis=0)
    lesion = decode_mask(masks["lesion"], shape)
    others = [np.roll(lesion, number, axis=2) for number in range(4)]
    overlap = found.one(item="lesion_mask", stage="combined", statistic="dice")
    assert overlap["value"] == pytest.approx(np.mean([dice(lesion, other) for other in others]))
    assert overlap["ci_low"] < overlap["value"] <= overlap["ci_high"]
    distance = found.one(item="lesion_mask", stage="combined", statistic="hausdorff95_mm")
    assert distance["value"] == pytest.approx(np.mean([hausdorff95_mm(lesion, other, spacing) for other in others]))
    assert found.one(item="body_mask", stage="combined", statistic="dice")["value"] == 1


def test_masks_on_different_images_are_listed_not_compared(tmp_path: Path) -> None:
    def other_image(document: dict[str, Any]) -> None:
        document["stages"]["combined"]["masks"]["image"] = "f" * 32

    folder = study(tmp_path / "study", lambda number, reader: other_image if (number, reader) == (1, "R2") else None)
    found = run(tmp_path, folder, "--bootstrap", "50")
    assert found.one(item="lesion_mask", stage="combined", statistic="dice")["n"] == 3
    reasons = [entry for entry in found.document["left_out"] if entry["item"] == "lesion_mask"]
    assert reasons[0]["cases"] == ["C1"]
    assert "different images" in reasons[0]["reason"]


def set_protocol(document: dict[str, Any]) -> None:
    document["protocol"]["name"] = "other"
    document["protocol_sha256"] = "0" * 64


def set_version(document: dict[str, Any]) -> None:
    document["schema_version"] = "1.0.0"


def set_adc_unit(document: dict[str, Any]) -> None:
    for series in document["series"]:
        if series["role"] == "ADC":
            series["unit"] = "1e-3 mm2/s"


@pytest.mark.parametrize(
    ("change", "words"),
    [(set_protocol, "Protocols differ"), (set_version, "Schema versions differ"), (set_adc_unit, "ADC units differ")],
)
def test_what_differs_is_refused_with_the_list_or_analysed_apart(
    capsys: Any, tmp_path: Path, change: Change, words: str
) -> None:
    folder = study(tmp_path / "study", lambda number, _reader: change if number == 3 else None)
    said = refuse(capsys, tmp_path, folder)
    assert words in said
    assert "C3_R1.json" in said
    found = run(tmp_path, folder, "--apart", "--bootstrap", "50")
    rows = found.find(analysis="between_readers", item="verdict", stage="ct", statistic="percent_agreement")
    assert sorted(row["n"] for row in rows) == [1, 3]
    assert all("Analysed apart" in row["note"] for row in rows)


def test_a_consensus_export_is_refused(capsys: Any, tmp_path: Path) -> None:
    folder = study(tmp_path / "study")

    def settle(document: dict[str, Any]) -> None:
        document["kind"] = "consensus"
        document["consensus"] = {"readings": {"R1": "0" * 64, "R2": "1" * 64}, "present": ["R1", "R2"], "settled": {}}

    export(folder, "C0", "R1", settle, "consensus")
    assert "consensus reading" in refuse(capsys, tmp_path, folder)


def test_a_second_reading_is_agreement_within_the_reader(tmp_path: Path) -> None:
    folder = study(tmp_path / "study", lambda number, _reader: verdict("benign" if number % 2 else "malignant"))

    def again(document: dict[str, Any]) -> None:
        document["occasion"] = 2
        verdict("benign")(document)

    for number in range(4):
        export(folder, f"C{number}", "R1", again, f"C{number}_R1_again")
    found = run(tmp_path, folder, "--bootstrap", "50")
    row = found.one(analysis="within_reader", item="verdict", stage="mri", statistic="percent_agreement")
    assert (row["value"], row["readers"]) == (0.5, ["R1"])
    # The second reading does not enter the agreement between readers.
    assert (
        found.one(analysis="between_readers", item="verdict", stage="mri", statistic="percent_agreement")["value"] == 1
    )


def test_the_same_export_twice_is_a_doubled_answer(capsys: Any, tmp_path: Path) -> None:
    folder = study(tmp_path / "study")
    export(folder, "C0", "R1", name="copy")
    said = refuse(capsys, tmp_path, folder)
    assert "copy.json" in said
    assert "C0_R1.json" in said


def test_what_readings_record_fills_grras(tmp_path: Path) -> None:
    found = run(tmp_path, study(tmp_path / "study"), "--bootstrap", "0")
    words = {entry["item"]: entry["text"] for entry in found.document["grras"]}
    assert "2: R1, R2" in words["Raters"]
    assert "4 cases" in words["Subjects"]
    assert "8 readings" in words["Blinding"]
    assert "ct, mri, combined (8 readings)" in words["Order of reading"]
    assert "vcf-default 2" in words["Measurement protocol"]
    assert "2026-01-01" in words["Interval between readings"]
    for text in words.values():
        assert text in found.report.replace("&#x27;", "'")


def test_stages_that_are_documents_of_their_own_are_compared_with_one_another(tmp_path: Path) -> None:
    # As a study exports them: that of the CT stage knows no ADC map, and so no unit of one.
    def only(stage: str) -> Change:
        def change(document: dict[str, Any]) -> None:
            document["stages"] = {stage: document["stages"][stage]}
            if stage == "ct":
                document["series"] = [series for series in document["series"] if series["role"] == "CT"]

        return change

    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(4):
        for reader in ("R1", "R2"):
            for stage in ("ct", "mri", "combined"):
                export(folder, f"C{number}", reader, only(stage), name=f"C{number}_{reader}_{stage}")
    pathology = [[f"C{number}", ("benign", "malignant")[number % 2]] for number in range(4)]
    reference = write_table(tmp_path / "p.csv", pathology, ("case", "pathology"))
    found = run(tmp_path, folder, "--reference", reference, "--bootstrap", "0")
    for stage in ("ct_vs_mri", "ct_vs_combined", "mri_vs_combined"):
        assert found.one(analysis="modalities", item="verdict", stage=stage, readers=["R1"], statistic="mcnemar_p")
    assert found.document["readers"] == ["R1", "R2"]


def test_a_file_that_is_no_reading_is_named(capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"a": 1}', encoding="utf-8")
    assert "other.json" in refuse(capsys, tmp_path, tmp_path / "other.json")


def test_parquet_gives_the_same_rows_as_csv(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    folder = study(tmp_path / "study", lambda number, _reader: verdict("benign" if number % 2 else "malignant"))
    first = run(tmp_path, folder, "--bootstrap", "50", "--parquet")
    tidy = first.folder / "readings.parquet"
    frame = pd.read_parquet(tidy)
    assert list(frame.columns) == ["case", "reader", "stage", "item", "value", "unit", "occasion", "number"]
    assert set(frame.loc[frame["item"] == "verdict", "value"]) == {"benign", "malignant"}
    assert set(frame.loc[frame["item"] == "confidence", "number"]) == {1.0}
    csv = tmp_path / "tidy.csv"
    frame.drop(columns="number").to_csv(csv, index=False)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = run(tmp_path / "a", tidy, "--bootstrap", "50")
    two = run(tmp_path / "b", csv, "--bootstrap", "50")
    assert one.rows == two.rows
    assert [row for row in first.rows if "mask" not in row["item"]] == one.rows
