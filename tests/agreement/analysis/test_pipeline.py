"""Which statistics an analysis gives, for whom, and in which words."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from napari_vcf.agreement import json_schema
from napari_vcf.agreement.document import SCHEMA_ID, SCHEMA_VERSION, STATISTICS, AgreementDocument
from napari_vcf.notice import INTENDED_USE
from support.running import COLUMNS, Result, answers, run, write_table

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "schema" / "agreement-1.2.0.json"
ROW_KEYS = {
    "analysis",
    "item",
    "stage",
    "readers",
    "statistic",
    "value",
    "ci_low",
    "ci_high",
    "level",
    "n",
    "method",
    "note",
    "part",
    "repeat",
}
N = 40


def noisy(values: list[str], rng: np.random.Generator, share: float = 0.8) -> list[str]:
    return [v if rng.random() < share else str(rng.choice(list(set(values)))) for v in values]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    rows: list[list[object]] = []
    truth = ["benign" if number % 2 else "malignant" for number in range(N)]
    choices = {
        "compression_degree": ["I", "II", "III"],
        "confidence": ["1", "2", "3", "4", "5"],
        "pedicle_invasion": ["not_invaded", "invaded", "not_clearly_visible", "not_assessable"],
        "cortical_destruction": ["yes", "no"],
    }
    for item, values in choices.items():
        base = [str(value) for value in rng.choice(values, N)]
        rows += answers(item, {"B": noisy(base, rng), "A": noisy(base, rng)})
    rows += answers("verdict", {"A": noisy(truth, rng), "B": noisy(truth, rng)})
    height = rng.normal(20, 4, N)
    rows += answers("height_anterior", {r: [round(h + rng.normal(), 3) for h in height] for r in "AB"}, unit="mm")
    return write_table(tmp_path_factory.mktemp("table") / "readings.csv", rows)


@pytest.fixture(scope="module")
def pathology(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [[f"C{n + 1:03d}", "benign" if n % 2 else "malignant", 40 + n, "f" if n % 3 else "m"] for n in range(N)]
    return write_table(tmp_path_factory.mktemp("ref") / "PATHOLOGY.csv", rows, ("case", "pathology", "age", "sex"))


@pytest.fixture(scope="module")
def result(table: Path, pathology: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run(tmp_path_factory.mktemp("run"), table, "--reference", pathology, "--bootstrap", "300", "--seed", "7")


def column(table: Path, item: str, reader: str) -> list[str]:
    lines = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()]
    return [line[4] for line in sorted(lines) if line[1] == reader and line[3] == item]


def test_committed_schema_is_that_of_the_models(result: Result) -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema()
    jsonschema.validate(result.document, json_schema(), cls=jsonschema.Draft202012Validator)
    assert AgreementDocument.model_fields["schema_id"].default == SCHEMA_ID
    assert AgreementDocument.model_fields["schema_version"].default == SCHEMA_VERSION


def test_every_row_has_the_same_keys_and_no_nan(result: Result) -> None:
    for row in result.rows:
        assert set(row) == ROW_KEYS
        assert row["statistic"] in STATISTICS
        assert row["method"]
        numbers = [row[key] for key in ("value", "ci_low", "ci_high") if row[key] is not None]
        assert all(math.isfinite(number) for number in numbers)
        assert row["value"] is not None or row["note"]
        assert (row["ci_low"] is None) == (row["ci_high"] is None) == (row["level"] is None)
        if row["ci_low"] is not None:
            assert row["ci_low"] <= row["value"] + 1e-12
            assert row["value"] <= row["ci_high"] + 1e-12


def statistics_of(result: Result, item: str) -> set[str]:
    return {row["statistic"] for row in result.find(analysis="between_readers", item=item)}


def test_the_kind_of_an_item_decides_its_statistics(result: Result) -> None:
    nominal = {"percent_agreement", "cohen_kappa", "gwet_ac1", "pabak"}
    ordinal = {
        "percent_agreement",
        "cohen_kappa",
        "weighted_kappa_linear",
        "weighted_kappa_quadratic",
        "gwet_ac1",
        "gwet_ac2_linear",
        "gwet_ac2_quadratic",
    }
    binary = nominal | {"positive_agreement", "negative_agreement"}
    assert statistics_of(result, "compression_degree") == ordinal
    assert statistics_of(result, "confidence") == ordinal
    assert statistics_of(result, "pedicle_invasion") == nominal
    assert statistics_of(result, "verdict") == statistics_of(result, "cortical_destruction") == binary
    assert statistics_of(result, "height_anterior") == {
        "icc_a_1",
        "icc_a_k",
        "icc_c_1",
        "icc_c_k",
        "bland_altman_bias",
        "bland_altman_lower",
        "bland_altman_upper",
        "within_subject_sd",
        "repeatability_coefficient",
        "wcv",
    }


def test_values_are_those_of_an_independent_program(result: Result, table: Path) -> None:
    for item, statistic, weights in (
        ("compression_degree", "weighted_kappa_quadratic", "quadratic"),
        ("confidence", "weighted_kappa_linear", "linear"),
        ("pedicle_invasion", "cohen_kappa", None),
    ):
        a, b = column(table, item, "A"), column(table, item, "B")
        row = result.one(analysis="between_readers", item=item, statistic=statistic)
        assert row["value"] == pytest.approx(
            cohen_kappa_score(a, b, weights=weights, labels=sorted(set(a) | set(b))), abs=1e-12
        )
        assert row["readers"] == ["A", "B"]
        assert row["n"] == N


def test_not_assessable_is_a_category(result: Result, table: Path) -> None:
    assert "not_assessable" in column(table, "pedicle_invasion", "A")
    found = [
        t
        for t in result.document["cross_tables"]
        if (t["analysis"], t["item"]) == ("between_readers", "pedicle_invasion")
    ]
    assert found[0]["rows"][-1] == "not_assessable"
    assert sum(map(sum, found[0]["counts"])) == N
    assert not [entry for entry in result.document["left_out"] if entry["item"] == "pedicle_invasion"]


def test_area_under_the_curve_does_not_depend_on_the_positive_class(
    result: Result, table: Path, pathology: Path, tmp_path: Path
) -> None:
    truth = [n % 2 == 0 for n in range(N)]
    expected = roc_auc_score(truth, [int(v) for v in column(table, "confidence", "A")])
    turned = run(tmp_path, table, "--reference", pathology, "--bootstrap", "0", "--positive", "malignant")
    for found in (result, turned):
        row = found.one(analysis="against_reference", item="confidence", readers=["A"], statistic="auc")
        assert row["value"] == pytest.approx(expected, abs=1e-12)


def test_groups_have_a_row_for_each_reader_and_baseline(result: Result) -> None:
    assert result.one(analysis="groups", item="sex", statistic="chi2")["stage"] is None
    assert result.one(analysis="groups", item="age", statistic="welch_t")["readers"] == []
    for reader in "AB":
        assert result.one(analysis="groups", item="height_anterior", readers=[reader], statistic="t")["n"] == N


def test_fisher_stands_where_counts_are_small(tmp_path: Path) -> None:
    values = ["yes"] * 2 + ["no"] * 10
    rows = answers("cortical_destruction", {"A": values, "B": values})
    pathology = write_table(
        tmp_path / "p.csv",
        [[f"C{n:03d}", "benign" if n < 7 else "malignant"] for n in range(1, 13)],
        ("case", "pathology"),
    )
    small = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--reference", pathology, "--bootstrap", "0")
    row = small.one(analysis="groups", item="cortical_destruction", readers=["A"], statistic="fisher_p")
    # Both cases with the sign are benign; both malignant is as unlikely: 2 x (6 choose 2) / (12 choose 2).
    assert row["value"] == pytest.approx(2 * 15 / 66)
    assert "below 5" in small.one(analysis="groups", readers=["A"], statistic="chi2")["note"]


def test_the_same_seed_gives_the_same_file_and_another_does_not(table: Path, pathology: Path, tmp_path: Path) -> None:
    texts = []
    for number, seed in enumerate(("1", "1", "2")):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(folder, table, "--reference", pathology, "--seed", seed, "--bootstrap", "200", "--intervals", "bootstrap")
        texts.append((folder / "out" / "agreement.json").read_bytes())
    assert texts[0] == texts[1]
    assert texts[0].replace(b'"seed": 1', b'"seed": 2') != texts[2]


def test_bootstrap_intervals_are_near_the_closed_ones(table: Path, tmp_path: Path, result: Result) -> None:
    drawn = run(tmp_path, table, "--intervals", "bootstrap", "--bootstrap", "4000")
    for item, statistic in (
        ("cortical_destruction", "cohen_kappa"),
        ("compression_degree", "weighted_kappa_quadratic"),
        ("cortical_destruction", "gwet_ac1"),
        ("height_anterior", "icc_c_1"),
        ("height_anterior", "bland_altman_upper"),
        ("height_anterior", "within_subject_sd"),
    ):
        one, two = (found.one(analysis="between_readers", item=item, statistic=statistic) for found in (drawn, result))
        assert one["value"] == two["value"]
        assert "bootstrap" in one["method"]
        width = two["ci_high"] - two["ci_low"]
        assert one["ci_low"] == pytest.approx(two["ci_low"], abs=0.35 * width)
        assert one["ci_high"] == pytest.approx(two["ci_high"], abs=0.35 * width)


def test_three_readers_have_every_pair_and_one_correlation_of_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(10, 3, 15)
    rows = answers("loss_anterior", {r: list((base + rng.normal(0, 1, 15)).round(3)) for r in ("R3", "R1", "R2")})
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--bootstrap", "0")
    sets = [row["readers"] for row in found.find(statistic="icc_a_1")]
    assert sets == [["R1", "R2"], ["R1", "R3"], ["R2", "R3"], ["R1", "R2", "R3"]]
    assert len(found.find(statistic="bland_altman_bias")) == 3


def test_repeated_readings_are_agreement_within_a_reader(tmp_path: Path) -> None:
    first, second = ["yes", "no"] * 8, ["yes", "no"] * 7 + ["no", "no"]
    one = write_table(tmp_path / "first.csv", answers("cortical_destruction", {"R1": first}))
    two = write_table(tmp_path / "second.csv", answers("cortical_destruction", {"R1": second}))
    apart = run(tmp_path, one, two, "--repeats", "--bootstrap", "0")
    row = apart.one(analysis="within_reader", statistic="cohen_kappa")
    assert row["readers"] == ["R1"]
    assert row["value"] == pytest.approx(cohen_kappa_score(first, second))
    assert not apart.find(analysis="between_readers")
    rows = [
        [*line, occasion]
        for occasion, path in ((1, first), (2, second))
        for line in answers("cortical_destruction", {"R1": path})
    ]
    column_ = run(
        tmp_path,
        write_table(tmp_path / "both.csv", rows, (*COLUMNS, "occasion")),
        "--bootstrap",
        "0",
    )
    assert column_.rows == apart.rows


def test_placements_of_the_roi_are_repeats_within_a_reader(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(1100, 200, 20)
    rows: list[list[object]] = []
    placed = {}
    for number in (1, 2, 3):
        placed[number] = (truth + rng.normal(0, 40, 20)).round(2)
        rows += answers(
            f"adc_lesion_{number}", {r: list(placed[number]) for r in ("R1", "R2")}, stage="mri", unit="um2/s"
        )
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--bootstrap", "500")
    values = np.column_stack([placed[n] for n in (1, 2, 3)])
    row = found.one(analysis="within_reader", item="adc_lesion", readers=["R1"], statistic="within_subject_sd")
    assert row["value"] == pytest.approx(np.sqrt(values.var(axis=1, ddof=1).mean()))
    cv = found.one(analysis="within_reader", item="adc_lesion", readers=["R1"], statistic="wcv")
    assert cv["value"] == pytest.approx(np.sqrt((values.var(axis=1, ddof=1) / values.mean(axis=1) ** 2).mean()))
    assert cv["ci_low"] < cv["value"] < cv["ci_high"]
    names = {r["statistic"] for r in found.find(analysis="within_reader", item="adc_lesion")}
    assert {"icc_a_1", "icc_a_k"} <= names


def test_missing_and_not_assessable_measurements_are_listed(tmp_path: Path) -> None:
    rows = answers("height_middle", {"A": [1.0, 2.5, 3.0, "", 5.0], "B": [1.1, 2.0, "not_assessable", 4.0, 5.5]})
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--bootstrap", "0")
    assert found.one(statistic="icc_a_1")["n"] == 3
    reasons = {entry["cases"][0]: entry["reason"] for entry in found.document["left_out"]}
    assert set(reasons) == {"C003", "C004"}
    assert "not assessable" in reasons["C003"]
    assert "C003" in found.report


def test_an_item_that_nobody_answered_is_null_with_words(tmp_path: Path) -> None:
    rows = answers("cortical_destruction", {"A": [""] * 4, "B": [""] * 4}) + answers(
        "verdict", {r: ["benign"] * 4 for r in "AB"}
    )
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows))
    empty = found.find(item="cortical_destruction")
    assert empty
    assert all(row["value"] is None and row["note"] and row["n"] == 0 for row in empty)
    alone = found.one(item="verdict", statistic="cohen_kappa")
    assert alone["value"] is None
    assert "one and the same category" in alone["note"]
    assert "does not define" not in found.report
    assert "data do not define" in found.report


def test_the_report_is_one_file_that_needs_nothing(result: Result) -> None:
    text = result.report
    assert INTENDED_USE in text
    assert result.document["intended_use"] == INTENDED_USE
    for outside in ("http://", "https://", "<script", '<link rel="stylesheet"', "@import", "url("):
        assert outside not in text.replace("http://www.w3.org/2000/svg", "")
    for number in range(1, 7):
        assert f"Table {number}." in text or number == 4
    for plot in ("Bland-Altman plot of", "ROC curves of", "item by item"):
        assert f'aria-label="{plot}' in text or plot in text
    assert "GRRAS" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_names_from_the_input_cannot_become_markup(tmp_path: Path) -> None:
    rows = answers("height_<b>x</b>", {"<i>A</i>": [1, 2, 4], "B&C": [1, 3, 4]}, unit="<u>")
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--bootstrap", "0")
    assert "<i>A" not in found.report
    assert "&lt;i&gt;A&lt;/i&gt;" in found.report
