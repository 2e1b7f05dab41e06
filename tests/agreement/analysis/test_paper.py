"""The paper's tables 1 to 6, from readings whose margins are the printed ones."""

from __future__ import annotations

import csv
import html
import re
from pathlib import Path

import pytest

from support import papertables as paper
from support.running import Result, run


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("paper")
    table = paper.write_rows(folder / "readings.csv", paper.paper_rows())
    pathology = paper.write_pathology(folder / "PATHOLOGY.csv")
    return run(folder, table, "--reference", pathology, "--bootstrap", "200")


@pytest.mark.parametrize("item", paper.CHI2_PRINTED)
def test_every_printed_chi_squared(result: Result, item: str) -> None:
    rows = result.find(analysis="groups", item=item, statistic="chi2")
    assert [row["readers"] for row in rows] == ([[]] if item == "sex" else [["R1"], ["R2"]])
    for row in rows:
        assert row["value"] == pytest.approx(paper.CHI2_PRINTED[item], abs=0.002)


@pytest.mark.parametrize("item", paper.T_PRINTED)
def test_every_printed_t(result: Result, item: str) -> None:
    row = result.one(analysis="groups", item=item, statistic="t")
    # The paper prints t without its sign; here it is benign minus malignant.
    assert abs(row["value"]) == pytest.approx(paper.T_PRINTED[item], abs=0.001)
    assert (row["value"] > 0) == (paper.MEANS[item][0][0] > paper.MEANS[item][1][0])
    printed = {"age": 0.578, "bmi": 0.568}[item]
    assert result.one(analysis="groups", item=item, statistic="t_p")["value"] == pytest.approx(printed, abs=0.001)


@pytest.mark.parametrize("stage", paper.ACCURACY)
def test_table_six(result: Result, stage: str) -> None:
    for statistic, (count, n) in paper.ACCURACY[stage].items():
        row = result.one(analysis="against_reference", stage=stage, readers=["R1"], statistic=statistic)
        assert row["value"] == pytest.approx(count / n, abs=1e-12)
        assert row["n"] == n
        assert row["ci_low"] < row["value"] < row["ci_high"]
        assert "benign" in row["note"]


@pytest.mark.parametrize("stage", paper.KAPPA_REFERENCE)
def test_kappa_against_the_reference_and_not_between_readers(result: Result, stage: str) -> None:
    row = result.one(analysis="against_reference", item="verdict", stage=stage, readers=["R1"], statistic="cohen_kappa")
    assert row["value"] == pytest.approx(paper.KAPPA_REFERENCE[stage], abs=0.0005)
    between = result.one(analysis="between_readers", item="verdict", stage=stage, statistic="cohen_kappa")
    assert between["readers"] == ["R1", "R2"]
    assert between["value"] != row["value"]


def test_the_report_says_where_the_printed_kappa_differ(result: Result) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", " ", result.report))
    assert "against pathology is 0.800; their table 6 prints 0.87, which these counts do not give" in text
    assert "against pathology is 0.853; their table 6 prints 0.85, the same to two digits, but" in text
    assert "the paper's text gives 0.82" in text
    assert "against pathology is 0.933; their table 6 prints 0.92" in text
    assert "between 0.031 and 0.21" in text


def test_other_counts_bring_no_word_of_the_paper(tmp_path: Path) -> None:
    rows = [row for row in paper.paper_rows() if row[0] != "C001"]
    pathology = paper.write_pathology(tmp_path / "all.csv")
    lines = pathology.read_text(encoding="utf-8").splitlines()
    pathology.write_text("\n".join(line for line in lines if not line.startswith("C001,")), encoding="utf-8")
    other = run(tmp_path, paper.write_rows(tmp_path / "r.csv", rows), "--reference", pathology, "--bootstrap", "0")
    assert "Zhao" not in other.report


def test_exact_mcnemar_of_the_paper_lies_where_its_margins_allow(result: Result) -> None:
    for reader in ("R1", "R2"):
        row = result.one(analysis="modalities", stage="mri_vs_combined", readers=[reader], statistic="mcnemar_p")
        assert 0.031 <= row["value"] <= 0.2102


def test_tables_are_written_as_tidy_files(result: Result) -> None:
    with (result.folder / "table2_degree_extent.csv").open(encoding="utf-8", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if (line["item"], line["reader"]) == ("lesion_extent", "R1")]
    assert [(line["level"], line["benign"], line["malignant"]) for line in lines] == [
        ("G1", "26", "12"),
        ("G2", "25", "8"),
        ("G3", "12", "17"),
        ("G4", "13", "37"),
    ]
    with (result.folder / "table6_accuracy.csv").open(encoding="utf-8", newline="") as stream:
        first = next(csv.DictReader(stream))
    assert (first["stage"], first["reader"], first["positive"], first["accuracy_n"]) == ("ct", "R1", "benign", "150")
    with (result.folder / "table1_baseline.csv").open(encoding="utf-8", newline="") as stream:
        assert {line["item"] for line in csv.DictReader(stream)} == {"sex", "age", "bmi"}


def test_malignant_as_positive_class_turns_the_table_round(tmp_path: Path) -> None:
    table = paper.write_rows(tmp_path / "readings.csv", paper.paper_rows(readers=("R1",)))
    pathology = paper.write_pathology(tmp_path / "PATHOLOGY.csv")
    turned = run(tmp_path, table, "--reference", pathology, "--positive", "malignant", "--bootstrap", "50")
    row = turned.one(analysis="against_reference", stage="ct", statistic="sensitivity")
    assert row["value"] == pytest.approx(67 / 74)
    assert "malignant" in row["note"]
    assert "Positive class: malignant" in turned.report
