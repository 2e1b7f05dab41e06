"""Measured quantities, the model of signs, several readers, and what a report fills in from the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vcf.agreement import AgreementError
from napari_vcf.agreement.migrations import read_agreement
from napari_vcf.cli import main
from support.running import Result, answers, refuse, run, write_table

N = 60


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    rng = np.random.default_rng(5)
    benign = np.arange(N) < 32
    folder = tmp_path_factory.mktemp("signs")
    rows: list[list[object]] = []
    adc = np.where(benign, 1500, 1050) + rng.normal(0, 180, N)
    adc_of = {r: [round(x, 1) for x in adc + rng.normal(0, 40, N)] for r in ("R1", "R2", "R3")}
    rows += answers("adc_lesion", adc_of, stage="mri", unit="um2/s")
    rows += answers("height_anterior", {r: [round(x, 2) for x in rng.normal(20, 3, N)] for r in adc_of}, stage="mri")
    for item, share in (("cortical_destruction", 0.8), ("pedicle_osteolysis", 0.7)):
        given = {r: ["yes" if (rng.random() < share) != b else "no" for b in benign] for r in adc_of}
        rows += answers(item, given, stage="combined")
    verdicts = {r: ["benign" if (rng.random() < 0.9) == b else "malignant" for b in benign] for r in adc_of}
    rows += answers("verdict", verdicts, stage="combined")
    degree = {r: [str(v) for v in rng.choice(["I", "II", "III"], N)] for r in adc_of}
    rows += answers("compression_degree", degree, stage="mri")
    table = write_table(folder / "t.csv", rows)
    pathology = [[f"C{n + 1:03d}", "benign" if b else "malignant"] for n, b in enumerate(benign)]
    return table, write_table(folder / "p.csv", pathology, ("case", "pathology"))


@pytest.fixture(scope="module")
def result(files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Result:
    table, pathology = files
    signs = "cortical_destruction,pedicle_osteolysis"
    asked = ("--bootstrap", "200", "--model", signs, "--positive", "malignant")
    return run(tmp_path_factory.mktemp("run"), table, "--reference", pathology, *asked)


def test_measured_quantities_have_a_curve_and_a_cutoff(result: Result) -> None:
    cut = result.one(item="adc_lesion", readers=["R1"], statistic="youden_cutoff")
    assert 1050 < cut["value"] < 1500
    assert "<=" in cut["note"]
    assert "In um2/s" in cut["note"]
    corrected = result.one(item="adc_lesion", readers=["R1"], statistic="youden_index_corrected")
    assert corrected["value"] < result.one(item="adc_lesion", readers=["R1"], statistic="youden_index")["value"]
    assert result.one(item="adc_lesion", readers=["R1"], statistic="auc", analysis="against_reference")["value"] > 0.9
    # Millimetres of height depend on the patient's size: no cut-off is sought for them.
    assert not result.find(item="height_anterior", statistic="youden_cutoff")
    assert "Cut-offs of measured quantities" in result.report


def test_a_model_of_signs_has_odds_ratios_and_calibration(result: Result) -> None:
    ratio = result.one(item="cortical_destruction = yes", readers=["R2"], statistic="odds_ratio")
    assert ratio["ci_low"] > 1
    area = result.one(item="logistic_model", readers=["R2"], statistic="model_auc")
    corrected = result.one(item="logistic_model", readers=["R2"], statistic="model_auc_corrected")
    assert corrected["value"] < area["value"]
    model = next(model for model in result.document["models"] if model["readers"] == ["R2"])
    assert sum(point["n"] for point in model["calibration"]) == N
    assert (model["events"], model["stage"]) == (28, "combined")
    assert "Logistic model" in result.report


def test_too_few_events_are_warned_of(files: tuple[Path, Path], tmp_path: Path) -> None:
    table, pathology = files
    few = tmp_path / "few.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    few.write_text("\n".join([lines[0], *(line for line in lines[1:] if "C02" <= line[:3] < "C04")]), encoding="utf-8")
    cases = pathology.read_text(encoding="utf-8").splitlines()
    part = tmp_path / "p.csv"
    part.write_text("\n".join([cases[0], *(line for line in cases[1:] if "C02" <= line[:3] < "C04")]), encoding="utf-8")
    found = run(
        tmp_path, few, "--reference", part, "--bootstrap", "20", "--model", "cortical_destruction,pedicle_osteolysis"
    )
    assert any("rarer class" in remark for remark in found.document["remarks"])


def test_a_model_needs_pathology_and_signs_that_are_there(
    files: tuple[Path, Path], tmp_path: Path, capsys: Any
) -> None:
    table, pathology = files
    assert "--reference" in refuse(capsys, tmp_path, table, "--model", "cortical_destruction")
    said = refuse(capsys, tmp_path, table, "--reference", pathology, "--model", "corticaldestruction")
    assert "No stage has all of the signs" in said


def test_more_than_two_readers_have_kappa_and_alpha_of_all(result: Result) -> None:
    everybody = ["R1", "R2", "R3"]
    names = {row["statistic"] for row in result.find(item="compression_degree", readers=everybody)}
    assert names == {
        "fleiss_kappa",
        "conger_kappa",
        "krippendorff_alpha_nominal",
        "krippendorff_alpha_ordinal",
        "krippendorff_alpha_interval",
    }
    alpha = result.one(item="adc_lesion", readers=everybody, statistic="krippendorff_alpha_interval")
    icc = result.one(item="adc_lesion", readers=everybody, statistic="icc_a_1")
    assert alpha["value"] == pytest.approx(icc["value"], abs=0.02)
    assert "Agreement of all readers" in result.report


def test_the_report_follows_the_order_of_a_paper(result: Result) -> None:
    headings = [
        "Flow of cases",
        "Diagnostic value",
        "Measured quantities",
        "Agreement between readers",
        "Sentences on method",
    ]
    places = [result.report.index(f">{heading}") for heading in headings]
    assert places == sorted(places)
    assert result.report.index("(GRRAS)") < result.report.index("QAREL")
    steps = [(step["step"], step["cases"]) for step in result.document["flow"]]
    assert steps[:2] == [("Cases with a reference standard", N), ("Cases read", N)]
    assert any("kappa" in sentence for sentence in result.document["methods"])
    assert any("to be answered by the authors" in entry["text"] for entry in result.document["qarel"])


def test_documents_of_the_first_schema_still_open(result: Result, tmp_path: Path) -> None:
    content = json.loads((result.folder / "agreement.json").read_text(encoding="utf-8"))
    for name in ("hypotheses", "models", "flow", "claim", "qarel", "methods"):
        del content[name]
    for name in ("covariance", "margin", "model"):
        del content["settings"][name]
    content["schema_version"] = "1.0.0"
    old = tmp_path / "agreement.json"
    old.write_text(json.dumps(content), encoding="utf-8")
    found = read_agreement(old)
    assert found.rows == read_agreement(result.folder / "agreement.json").rows
    assert found.hypotheses == ()
    content["schema_version"] = "9.0.0"
    old.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(AgreementError, match="has schema"):
        read_agreement(old)


def test_documents_without_parts_still_open(result: Result, tmp_path: Path) -> None:
    content = json.loads((result.folder / "agreement.json").read_text(encoding="utf-8"))
    del content["parts"]
    for name in ("rows", "cross_tables", "descriptions", "roc", "left_out", "hypotheses", "models"):
        content[name] = [{k: v for k, v in one.items() if k not in ("part", "repeat")} for one in content[name]]
    content["schema_version"] = "1.1.0"
    old = tmp_path / "agreement.json"
    old.write_text(json.dumps(content), encoding="utf-8")
    assert read_agreement(old) == read_agreement(result.folder / "agreement.json")


def test_a_study_is_planned_from_a_pilot_with_a_table_and_a_curve(tmp_path: Path, capsys: Any) -> None:
    from support.vandyke import tidy_rows

    rows, pathology = tidy_rows()
    reference = write_table(tmp_path / "p.csv", pathology, ("case", "pathology"))
    pilot = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--reference", reference, "--bootstrap", "0")
    capsys.readouterr()
    asked = ["auc", "--pilot", str(pilot.folder / "agreement.json"), "--difference", "0.04380032", "--readers", "6-10"]
    assert main(["agreement", "plan", *asked, "--out", str(tmp_path / "plan")]) == 0
    said = capsys.readouterr().out
    assert [line.split()[-1] for line in said.splitlines()[4:9]] == ["251", "211", "188", "173", "163"]
    assert "<svg" in (tmp_path / "plan" / "plan.svg").read_text(encoding="utf-8")
    assert (tmp_path / "plan" / "plan.csv").read_text(encoding="utf-8").count("\n") == 6


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        (["kappa", "--kappa", "0.8", "--width", "0.2"], "35"),
        (["icc", "--icc", "0.8", "--above", "0.6", "--readers", "2"], "39"),
        (["mcnemar", "--discordant", "0.2", "--difference", "0.1"], "37"),
    ],
)
def test_plans_for_intervals_and_tests(asked: list[str], last: str, capsys: Any) -> None:
    assert main(["agreement", "plan", *asked]) == 0
    assert capsys.readouterr().out.split()[-1] == last
