"""What is analysed apart stays apart: in the numbers, in the tables and in the report."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vcf.agreement import AgreementError, analyse, load_readings, make_settings, read_reference
from napari_vcf.agreement.figures import charts_of
from napari_vcf.agreement.migrations import read_agreement
from napari_vcf.agreement.plan import pilot_of
from support.readings import of_protocol, put, with_answers
from support.running import Result, answers, refuse, run, write_table


def two_sites(folder: Path, *, same_names: bool) -> Path:
    """Two readers, three cases for each of two protocols, in a folder for each."""
    for site, first, changes in (("a", 0, {}), ("b", 3, {"degree_cuts": ("1/4", "3/4")})):
        for number in range(3):
            for reader in ("R1", "R2"):
                case = f"C{first + number}"
                name = f"case{number}_{reader}" if same_names else f"{case}_{reader}"
                put(folder / site / f"{name}.json", case, reader, of_protocol("mri", **changes))
    return folder


def test_files_of_one_name_in_two_folders_are_two_files(tmp_path: Path, capsys: Any) -> None:
    folder = two_sites(tmp_path / "sites", same_names=True)
    said = refuse(capsys, tmp_path, folder)
    assert "a/case0_R1.json" in said
    assert "b/case0_R1.json" in said
    found = run(tmp_path, folder, "--apart", "--bootstrap", "0")
    rows = found.find(analysis="between_readers", item="compression_degree", statistic="percent_agreement")
    assert [row["n"] for row in rows] == [3, 3]
    assert len({row["note"] for row in rows}) == 2
    assert len(found.document["sources"]) == 12


def test_a_table_beside_two_protocols_is_refused_as_it_names_none(tmp_path: Path, capsys: Any) -> None:
    folder = two_sites(tmp_path / "sites", same_names=False)
    rows = [[f"C{number}", "R3", "mri", "verdict", "benign", ""] for number in range(6)]
    said = refuse(capsys, tmp_path, folder, write_table(tmp_path / "t.csv", rows), "--apart")
    assert "t.csv does not say to which part its answers belong" in said
    assert "one after the other" in said


def test_masks_of_a_stage_stay_with_the_protocol_of_its_file(tmp_path: Path) -> None:
    # As a study exports them, each stage is a file of its own, here under a protocol of its own.
    for number in range(3):
        for reader in ("R1", "R2"):
            case = f"C{number}"
            put(tmp_path / "in" / f"{case}_{reader}_mri.json", case, reader, of_protocol("mri"))
            other = of_protocol("ct", degree_cuts=("1/4", "3/4"))
            put(tmp_path / "in" / f"{case}_{reader}_ct.json", case, reader, other)
    found = run(tmp_path, tmp_path / "in", "--apart", "--bootstrap", "0")
    masks = found.find(item="body_mask", stage="mri", statistic="dice")
    assert len(masks) == len({row["note"] for row in masks}) == 1


SIGN = "paravertebral_soft_tissue_invasion"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two protocols: 24 cases whose sign says nothing, and 8 whose sign and confidence say everything."""
    place = tmp_path_factory.mktemp("apart")
    pathology = []
    for number in range(32):
        ill, second = number % 2 == 1, number >= 24
        sign = ill if second else number // 2 % 2 == 1
        export = with_answers(
            of_protocol("mri", **({"name": "vcf-second"} if second else {})),
            **{SIGN: "yes" if sign else "no", "verdict": "malignant" if sign else "benign"},
        )
        for reader in ("R1", "R2"):
            put(place / "in" / f"C{number:02d}_{reader}.json", f"C{number:02d}", reader, export)
        pathology.append([f"C{number:02d}", "malignant" if ill else "benign", 60 + number])
    reference = write_table(place / "p.csv", pathology, ("case", "pathology", "age"))
    return run(place, place / "in", "--reference", reference, "--apart", "--bootstrap", "0")


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def once(keys: Iterable[tuple[object, ...]]) -> bool:
    found = [tuple(str(part) for part in key) for key in keys]
    return len(set(found)) == len(found)


def test_every_number_has_a_key_of_its_own(apart: Result) -> None:
    document = apart.document
    first, second = document["parts"]
    assert {row["part"] for row in apart.rows} == {"", first, second}
    place = ("part", "item", "stage", "readers", "repeat")
    assert once([row["analysis"], row["statistic"], *(row[key] for key in place)] for row in apart.rows)
    assert once([table["analysis"], *(table[key] for key in place)] for table in document["cross_tables"])
    assert once([one["group"], *(one[key] for key in place[:4])] for one in document["descriptions"])
    assert once([one["statistic"], one["analysis"], *(one[key] for key in place[:4])] for one in document["hypotheses"])
    counts = lines_of(apart.folder / "cross_tables.csv")
    assert once([one[key] for key in ("analysis", *place, "row", "column")] for one in counts)


def test_a_test_of_one_part_does_not_take_that_of_the_other_away(apart: Result) -> None:
    first, second = apart.document["parts"]
    found = {
        (one["part"], one["statistic"])
        for one in apart.document["hypotheses"]
        if one["item"] == SIGN and one["readers"] == ["R1"]
    }
    assert found == {(first, "chi2_p"), (second, "fisher_p")}


def test_the_tables_hold_each_part_with_its_own_tests(apart: Result) -> None:
    first, second = apart.document["parts"]
    table = lines_of(apart.folder / "table3_morphology.csv")
    lines = {
        line["part"]: line for line in table if (line["item"], line["level"], line["reader"]) == (SIGN, "yes", "R1")
    }
    assert [lines[first][key] for key in ("benign", "malignant", "fisher_p")] == ["6", "6", ""]
    assert [lines[second][key] for key in ("benign", "malignant")] == ["0", "4"]
    assert float(lines[second]["fisher_p"]) == pytest.approx(0.02857, abs=1e-4)
    accuracy = {
        line["part"]: line["accuracy"] for line in lines_of(apart.folder / "table6_accuracy.csv") if line["accuracy"]
    }
    assert (float(accuracy[first]), float(accuracy[second])) == (0.5, 1.0)
    assert {line["part"] for line in lines_of(apart.folder / "table5_verdicts.csv")} == {first, second}
    assert {line["part"] for line in lines_of(apart.folder / "table1_baseline.csv")} == {""}


def test_the_report_has_sections_for_each_part(apart: Result) -> None:
    report = apart.report
    sections = {name: report.split(f'id="{name}"')[1].split("</section>")[0] for name in _anchors(report)}
    assert "Part 2: vcf-second" in sections["parts"]
    assert "Age" not in sections["groups-part-1"] + sections["groups-part-2"]
    assert "age" in sections["groups"]
    for number, cells in ((1, ("6", "6")), (2, ("0", "4"))):
        row = sections[f"groups-part-{number}"].split("Paravertebral soft tissue invaded")[1].split("</tr>")[1]
        assert f'<td class="gap">{cells[0]}</td><td>{cells[1]}</td>' in row
    assert {"roc-part-1", "roc-part-2", "limits-part-1", "limits-part-2"} <= set(sections)
    assert "part 2" in sections["tests"]


def _anchors(report: str) -> list[str]:
    return [text.split('"')[0] for text in report.split('<h2 id="')[1:]]


def test_the_charts_of_each_part_have_files_of_their_own(apart: Result) -> None:
    loaded = load_readings([apart.folder.parent / "in"])
    reference = read_reference(apart.folder.parent / "p.csv")
    drawn = charts_of(analyse(loaded.readings, reference, settings=make_settings(bootstrap=0, apart=True)))
    names = [one.name for one in drawn]
    assert len(set(names)) == len(names)
    assert {"roc_stages_part1", "roc_stages_part2", "forest_R1_R2_part1", "flow_of_cases"} <= set(names)


def test_a_plan_does_not_rest_on_two_parts(apart: Result) -> None:
    with pytest.raises(AgreementError, match="analysed apart in 2 parts"):
        pilot_of(read_agreement(apart.folder / "agreement.json"))


def test_units_of_an_item_are_parts(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = answers("verdict", {reader: ["benign", "malignant"] * 4 for reader in "ABCD"})
    base = rng.normal(20, 3, 8)
    for readers, unit, factor in (("AB", "mm", 1), ("CD", "cm", 0.1)):
        values = {reader: [round(factor * (v + rng.normal()), 4) for v in base] for reader in readers}
        rows += answers("canal_width", values, unit=unit)
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--apart", "--bootstrap", "0")
    assert found.document["parts"] == ["", "in cm", "in mm"]
    rows_of = found.find(item="canal_width", statistic="icc_a_1")
    assert {(row["part"], *row["readers"]): row["n"] for row in rows_of} == {
        ("in mm", "A", "B"): 8,
        ("in cm", "C", "D"): 8,
    }
    assert all(row["part"] == "" for row in found.find(item="verdict"))


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """One reader, three readings: the third lies 300 above the others."""
    rng = np.random.default_rng(0)
    rows: list[list[object]] = []
    for number in range(12):
        truth = 1000 + 100 * rng.normal()
        for occasion, shift in ((1, 0), (2, 5), (3, 300)):
            placed = [round(truth + shift + 3 * rng.normal(), 3) for _ in range(3)]
            head = [f"C{number:02d}", "R1", "mri"]
            rows += [[*head, f"adc_lesion_{n}", v, "um2/s", occasion] for n, v in enumerate(placed, start=1)]
            rows.append([*head, "adc_lesion", round(sum(placed) / 3, 3), "um2/s", occasion])
            verdict = "benign" if occasion < 3 and number % 2 else "malignant"
            rows.append([*head, "verdict", verdict, "", occasion])
    folder = tmp_path_factory.mktemp("repeated")
    columns = ("case", "reader", "stage", "item", "value", "unit", "occasion")
    return run(folder, write_table(folder / "t.csv", rows, columns), "--bootstrap", "0", "--figures")


def test_each_pair_of_readings_and_the_placements_have_keys_of_their_own(repeated: Result) -> None:
    found = {
        row["repeat"]: round(row["value"], 2)
        for row in repeated.find(analysis="within_reader", item="adc_lesion", statistic="icc_a_1")
    }
    assert list(found) == ["1_vs_2", "1_vs_3", "2_vs_3", "placements"]
    assert found["1_vs_2"] > 0.98
    assert found["placements"] > 0.98
    assert found["1_vs_3"] < 0.1
    tables = [one for one in repeated.document["cross_tables"] if one["item"] == "verdict"]
    assert [one["repeat"] for one in tables] == ["1_vs_2", "1_vs_3", "2_vs_3"]


def test_the_report_shows_each_pair_of_readings_with_its_own_limits(repeated: Result) -> None:
    section = repeated.report.split('id="limits"')[1].split("</section>")[0]
    figures = section.split("<figure>")[1:]
    bias = {row["repeat"]: row["value"] for row in repeated.find(item="adc_lesion", statistic="bland_altman_bias")}
    assert len(figures) == 3
    for figure, (first, second) in zip(figures, ((1, 2), (1, 3), (2, 3)), strict=True):
        assert f"R1, reading {first} \u2212 reading {second}; n = 12" in figure
        assert f"{abs(bias[f'{first}_vs_{second}']):.4g}"[:4] in figure
    within = repeated.report.split('id="within"')[1].split("</section>")[0]
    assert "R1, reading 1 and reading 3</h3>" in within
    assert "R1, placements in one reading</h3>" in within
    assert "R1, reading 2 (rows) and reading 3 (columns)" in repeated.report


def test_the_charts_of_each_pair_of_readings_have_files_of_their_own(repeated: Result) -> None:
    names = {path.stem for path in (repeated.folder / "figures").glob("bland_altman*.png")}
    assert names == {f"bland_altman_adc_lesion_mri_R1{end}" for end in ("", "_1_vs_3", "_2_vs_3")}
