"""Tables of a study's signed readings for other programs."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from napari_vcf import readings_frame
from napari_vcf.cli import main
from napari_vcf.interchange.csv_tables import table_files
from napari_vcf.reading import Protocol, build_export
from napari_vcf.study import open_study
from support.cases import complete_reading
from support.studies import Clock, make_study, read_stage


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two readers who have read the first stage of two cases each."""
    study = make_study(tmp_path_factory.mktemp("tables"), cases=2)
    for name in ("R1", "R2"):
        reader = open_study(study, clock=Clock()).as_reader(name)
        for _ in range(2):
            read_stage(reader.next_case())
    return study


def pathology(folder: Path, cases: tuple[str, ...] = ("C001", "C002")) -> Path:
    path = folder / "pathology.csv"
    rows = [f"{case},{kind}" for case, kind in zip(cases, ("malignant", "benign"), strict=False)]
    path.write_text("\n".join(["case,pathology", *rows]) + "\n")
    return path


def test_one_row_a_reading_with_its_units(root: Path, tmp_path: Path) -> None:
    assert main(["export", str(root), "--out", str(tmp_path / "tidy")]) == 0
    assert main(["export", str(root), "--out", str(tmp_path), "--format", "csv"]) == 0
    table = pd.read_csv(tmp_path / "readings.csv")
    assert len(table) == 4
    assert set(table.reader) == {"R1", "R2"}
    row = table.iloc[0]
    (path,) = (tmp_path / "tidy").glob(f"*{row.case}*{row.reader}*.json")
    tidy = readings_frame(path)
    for entry in tidy.itertuples():
        name = entry.item + {"mm": "_mm", "cm3": "_cm3", "um2/s": "_um2_per_s"}.get(entry.unit, "")
        assert str(row[name]) == str(entry.value) or float(row[name]) == float(entry.value)


def test_redcap_knows_every_field_and_choice_of_the_records(root: Path, tmp_path: Path) -> None:
    assert main(["export", str(root), "--out", str(tmp_path), "--format", "redcap"]) == 0
    dictionary = list(csv.DictReader((tmp_path / "redcap-dictionary.csv").open(encoding="utf-8", newline="")))
    records = list(csv.DictReader((tmp_path / "redcap-records.csv").open(encoding="utf-8", newline="")))
    assert len(dictionary[0]) == 18
    assert [field["Variable / Field Name"] for field in dictionary] == list(records[0])
    assert len({record["record_id"] for record in records}) == len(records) == 4
    for field in dictionary:
        name, choices = field["Variable / Field Name"], field["Choices, Calculations, OR Slider Labels"]
        assert name.isascii()
        assert name == name.lower()
        for record in records:
            if choices and record[name]:
                assert record[name] in [choice.split(",")[0] for choice in choices.split(" | ")]
            if field["Text Validation Type OR Show Slider Number"] == "number" and record[name]:
                float(record[name])


def test_imrmc_gets_truth_and_scores(root: Path, tmp_path: Path) -> None:
    reference = pathology(tmp_path)
    arguments = ["export", str(root), "--out", str(tmp_path), "--format", "imrmc", "--reference", str(reference)]
    assert main(arguments) == 0
    head, data = (tmp_path / "imrmc.csv").read_text().split("BEGIN DATA:\n")
    assert [line for line in head.splitlines() if line[:2] in ("NR", "N0", "N1")] == ["NR: 2", "N0: 1", "N1: 1"]
    rows = [line.split(",") for line in data.splitlines()]
    assert sorted(row for row in rows if row[0] == "-1") == [["-1", "C001", "0", "1"], ["-1", "C002", "0", "0"]]
    scores = [row for row in rows if row[0] != "-1"]
    assert len(scores) == 4
    assert all(score in "12345" for *_, score in scores)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "imrmc"], "needs the truth of each case"),
        (["--format", "csv", "--reference", "REFERENCE"], "holds no pathology"),
        (["--format", "imrmc", "--reference", "REFERENCE"], "says nothing of case C002"),
    ],
)
def test_pathology_is_asked_for_where_it_is_needed_and_nowhere_else(
    root: Path, tmp_path: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = str(pathology(tmp_path, ("C001",)))
    options = [reference if option == "REFERENCE" else option for option in options]
    assert main(["export", str(root), "--out", str(tmp_path / "out"), *options]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_redcap_takes_items_of_the_second_form_and_numbers_that_are_not_assessable(tmp_path: Path) -> None:
    reading = complete_reading(protocol=Protocol(form_version="2"))
    reading.mark_not_assessable("mri", "adc", "motion artefact")
    path = tmp_path / "C1_R1.json"
    path.write_text(build_export(reading, stages=["mri"]).model_dump_json(), encoding="utf-8")
    tables = {name: list(csv.DictReader(io.StringIO(text))) for name, text in table_files([path], "redcap").items()}
    fields = {field["Variable / Field Name"]: field for field in tables["redcap-dictionary.csv"]}
    (record,) = tables["redcap-records.csv"]
    assert list(fields) == list(record)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in fields)
    asked = fields["signal_dwi__form2"]
    assert (asked["Field Type"], asked["Field Label"]) == ("radio", "Signal on DWI (form 2)")
    choices = asked["Choices, Calculations, OR Slider Labels"].split(" | ")
    assert choices == [f"{value}, {value}" for value in ("high", "iso", "low", "not_assessable")]
    assert record["signal_dwi__form2"] in ("high", "iso", "low")
    validation = "Text Validation Type OR Show Slider Number"
    assert record["adc_lesion_um2_per_s"] == "not_assessable"
    assert fields["adc_lesion_um2_per_s"][validation] == ""
    assert fields["adc_lesion_um2_per_s"]["Field Note"] == "um2/s or not_assessable"
    assert fields["height_loss"][validation] == "number"
