"""What the report says in words: sentences on method to be quoted, and how many cases a table rests on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.running import Result, answers, run, write_table

N = 30
TRUTH = ["benign" if number % 2 else "malignant" for number in range(N)]


def noisy(values: list[str], seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [value if rng.random() < 0.85 else str(rng.choice(values)) for value in values]


def pathology(folder: Path) -> Path:
    rows = [[f"C{number:03d}", kind] for number, kind in enumerate(TRUTH, start=1)]
    return write_table(folder / "p.csv", rows, ("case", "pathology"))


def on_agreement(found: Result) -> list[str]:
    return [text for text in found.document["methods"] if "greement" in text and "napari" not in text]


def test_one_reader_against_pathology_is_no_agreement_between_readers(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", answers("verdict", {"R1": noisy(TRUTH, 1)}))
    found = run(tmp_path, table, "--reference", pathology(tmp_path), "--bootstrap", "0")
    assert on_agreement(found) == [
        "Agreement of verdicts with pathology was measured by Cohen's kappa, with 95% confidence intervals (Fleiss, "
        "Cohen and Everitt)."
    ]
    assert not any("AC1" in text for text in found.document["methods"])


@pytest.mark.parametrize(
    ("intervals", "categories", "numbers", "verdicts"),
    [
        ("closed", "(Fleiss, Cohen and Everitt)", "(McGraw and Wong)", "(Fleiss, Cohen and Everitt)"),
        (
            "transformed",
            "(Fleiss, Cohen and Everitt, on the scale of Fisher's z)",
            "(McGraw and Wong)",
            "(Fleiss, Cohen and Everitt, on the scale of Fisher's z)",
        ),
        (
            "bootstrap",
            "(percentiles of 50 bootstrap samples of cases)",
            "(percentiles of 50 bootstrap samples of cases)",
            "(Fleiss, Cohen and Everitt)",
        ),
    ],
)
def test_the_intervals_are_those_that_were_computed(
    tmp_path: Path, intervals: str, categories: str, numbers: str, verdicts: str
) -> None:
    rng = np.random.default_rng(2)
    height = rng.normal(20, 4, N)
    rows = answers("verdict", {reader: noisy(TRUTH, seed) for seed, reader in enumerate("AB")})
    rows += answers("compression_degree", {reader: [str(v) for v in rng.choice(["I", "II"], N)] for reader in "AB"})
    rows += answers("height_anterior", {r: [round(h + rng.normal(), 3) for h in height] for r in "AB"}, unit="mm")
    table = write_table(tmp_path / "t.csv", rows)
    asked = ["--reference", pathology(tmp_path), "--bootstrap", "50", "--intervals", intervals]
    said = on_agreement(run(tmp_path, table, *asked))
    assert said[0] == (
        "Agreement between readers was measured on categories by Cohen's kappa and on grades by kappa with quadratic "
        f"weights, with 95% confidence intervals {categories}."
    )
    assert said[1].endswith(f"Cohen's kappa, with 95% confidence intervals {verdicts}.")
    assert f"95% confidence intervals {numbers}, and by the limits of agreement" in said[2]


def test_repeated_readings_and_placements_are_called_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows = [
        [f"C{case:02d}", "R1", "mri", item, value, unit, occasion]
        for case in range(12)
        for occasion in (1, 2)
        for item, value, unit in (
            ("verdict", str(rng.choice(["benign", "malignant"])), ""),
            *((f"adc_lesion_{n}", round(1000 + 50 * rng.normal(), 2), "um2/s") for n in (1, 2, 3)),
        )
    ]
    columns = ("case", "reader", "stage", "item", "value", "unit", "occasion")
    said = on_agreement(run(tmp_path, write_table(tmp_path / "t.csv", rows, columns), "--bootstrap", "0"))
    assert not any("between readers" in text for text in said)
    assert said[0].startswith("Agreement between repeated readings of one reader was measured on categories by Cohen's")
    assert said[-1].startswith("Agreement of the placements of a region in one reading was measured by ICC(A,1)")


@pytest.mark.parametrize("gaps", [0, 8])
def test_a_table_gives_n_with_each_item_where_the_items_differ(tmp_path: Path, gaps: int) -> None:
    rng = np.random.default_rng(5)
    rows = answers("lesion_location", {"R1": ["adjacent_to_endplate", "anterior_or_posterior_margin"] * 15})[gaps:]
    rows += answers("post_compression_contour", {"R1": ["outward_bulging", "normal_or_depressed"] * 15})
    rows += answers("height_anterior", {"R1": [round(v, 2) for v in rng.normal(20, 3, N)]}, unit="mm")[gaps // 4 :]
    table = write_table(tmp_path / "t.csv", rows)
    report = run(tmp_path, table, "--reference", pathology(tmp_path), "--bootstrap", "0").report
    section = report.split('id="groups"')[1].split("</section>")[0]
    if not gaps:
        assert section.count("Benign (15)") == section.count("Malignant (15)") == 2
        assert "n = " not in section
        return
    assert "Benign (" not in section.split("Table 3")[1]
    for label, n in (("Location of the lesion", 11), ("Contour after compression", 15)):
        row = section.split(f"<th>{label}</th>")[1].split("</tr>")[0]
        assert row.count(f"n = {n}") == 2
    # One item alone in its table has its count in the heading.
    assert "Benign (14)" in section.split("Table 3")[0]
