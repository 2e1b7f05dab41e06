"""Figures for a paper: what is drawn, what lies beside it, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_vcf.cli import main
from napari_vcf.dicom import Role
from napari_vcf.phantom import PhantomSpec, make_case, write_dicom
from napari_vcf.reading import Case, Reading
from support.demo_study import make_demo_study
from support.running import answers, refuse, run, write_table


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(4)
    n, folder = 30, tmp_path_factory.mktemp("figures")
    benign = np.arange(n) < 16
    adc = np.where(benign, 1450, 1050) + rng.normal(0, 150, n)
    rows = answers(
        "adc_lesion", {r: [round(x + rng.normal(0, 30), 1) for x in adc] for r in ("R1", "R2")}, unit="um2/s"
    )
    for stage in ("ct", "mri"):
        grades = {r: [int(rng.integers(1, 4)) + 2 * (not b) for b in benign] for r in ("R1", "R2")}
        rows += answers("confidence", grades, stage=stage)
    pathology = [[f"C{k + 1:03d}", "benign" if b else "malignant"] for k, b in enumerate(benign)]
    reference = write_table(folder / "p.csv", pathology, ("case", "pathology"))
    table = write_table(folder / "t.csv", rows)
    return run(folder, table, "--reference", reference, "--bootstrap", "50", "--figures").folder


def test_every_figure_is_a_picture_of_300_dpi_a_page_and_its_numbers(results: Path) -> None:
    names = {path.stem for path in (results / "figures").glob("*.png")}
    assert {"flow_of_cases", "by_group_adc_lesion_ct", "roc_stages", "forest_R1_R2"} <= names
    assert "bland_altman_adc_lesion_ct_R1_R2" in names
    legends = (results / "figures" / "legends.txt").read_text(encoding="utf-8")
    for name in names:
        with Image.open(results / "figures" / f"{name}.png") as picture:
            assert round(picture.info["dpi"][0]) == 300
            colours = np.asarray(picture.convert("L"))
            assert (colours < 128).sum() > 500
        assert (results / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        with (results / "figures" / f"{name}.csv").open(encoding="utf-8") as stream:
            assert len(list(csv.reader(stream))) > 1
        assert f"{name}. " in legends


def test_the_numbers_beside_a_figure_are_those_of_the_analysis(results: Path) -> None:
    with (results / "figures" / "by_group_adc_lesion_ct.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["reader"], row["group"], row["n"]) for row in rows[:2]] == [
        ("R1", "benign", "16"),
        ("R1", "malignant", "14"),
    ]
    with (results / "table4_signal.csv").open(encoding="utf-8") as stream:
        line = next(row for row in csv.DictReader(stream) if row["item"] == "adc_lesion" and row["reader"] == "R1")
    assert float(rows[0]["mean"]) == pytest.approx(float(line["benign"]))
    assert float(rows[0]["t_p"]) == pytest.approx(float(line["p"]))


def test_the_report_shows_the_figures_without_a_file_outside(results: Path) -> None:
    report = (results / "report.html").read_text(encoding="utf-8")
    assert report.count("data:image/png;base64,") == len(list((results / "figures").glob("*.png")))
    assert "Figures for the paper" in report


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reading of a synthetic case with calipers, masks and rectangles in the stage of the MRI."""
    root = tmp_path_factory.mktemp("panel")
    made = make_case(PhantomSpec(contrasts=("T2", "ADC"), mr_matrix=192))
    write_dicom(made, root / "C001")
    truth = made.truth
    case = Case.open(root / "C001", pseudonym="C001")
    t2, adc = (case.with_role(role)[0] for role in (Role.T2, Role.ADC))
    work = Reading(case, study="S1", reader="R1")
    work.set_spine(truth.level)
    place = truth.levels.index(truth.level)
    neighbours = (truth.levels[place - 1], truth.levels[place + 1])
    for level in (truth.level, *neighbours):
        marks = truth.landmarks_mr[level]
        for position in ("anterior", "middle", "posterior"):
            ends = [marks[f"{position}_{end}"].tolist() for end in ("superior", "inferior")]
            work.place_caliper(
                stage="mri", level=level, position=position, image=t2.id, start_lps=ends[0], end_lps=ends[1]
            )
    for level in neighbours:
        work.set_reference("mri", level, "intact")
    work.set_masks("mri", t2.id, truth.body_mask, truth.lesion_mask)
    across, down = adc.series.grid.directions[:, 0], adc.series.grid.directions[:, 1]
    for tissue, level, point in (
        ("lesion", truth.level, truth.lesion_point_lps),
        ("normal", truth.marrow_level, truth.marrow_point_lps),
    ):
        rectangle = work.roi_rectangle(np.array(point), across, down)
        work.place_roi(stage="mri", tissue=tissue, placement=1, level=level, image=adc.id, rectangle=rectangle)
    work.export(root / "C001_R1.json")
    write_table(root / "pathology.csv", [["C001", "benign"]], ("case", "pathology"))
    return root


def test_panels_show_grade_arrow_and_outline(reading: Path, tmp_path: Path) -> None:
    export = str(reading / "C001_R1.json")
    asked = ["agreement", "figures", "panels", export, "--images", str(reading), "--out", str(tmp_path)]
    assert main(asked) == 0
    with (tmp_path / "grading_panels.csv").open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["panel"], row["case"], row["stage"]) == ("A", "C001", "mri")
    assert row["degree"] in {"I", "II", "III"}
    legend = (tmp_path / "legends.txt").read_text(encoding="utf-8")
    assert f"degree {row['degree']}" in legend
    with Image.open(tmp_path / "grading_panels.png") as picture:
        colours = np.asarray(picture.convert("RGB")).astype(int)
    orange = (np.abs(colours - [194, 84, 0]) < 25).all(axis=-1)
    assert orange.sum() > 100


def test_the_scheme_shows_rectangles_in_both_vertebrae(reading: Path, tmp_path: Path) -> None:
    export = str(reading / "C001_R1.json")
    assert main(["agreement", "figures", "rois", export, "--images", str(reading), "--out", str(tmp_path)]) == 0
    with (tmp_path / "roi_scheme.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["tissue"] for row in rows] == ["lesion", "normal"]
    assert float(rows[0]["area_mm2"]) == pytest.approx(35)


def test_images_of_another_case_and_a_missing_stage_are_refused(reading: Path, tmp_path: Path, capsys: Any) -> None:
    export = str(reading / "C001_R1.json")
    out = str(tmp_path / "out")
    asked = ["agreement", "figures", "panels", export, "--images", str(reading), "--out", out, "--stage", "combined"]
    assert main(asked) == 1
    assert "no graded height loss" in capsys.readouterr().err
    other = tmp_path / "other"
    write_dicom(make_case(PhantomSpec(seed=3, contrasts=("ADC",), mr_matrix=192)), other)
    assert main(["agreement", "figures", "panels", export, "--images", str(other), "--out", out]) == 1
    assert "are not in other" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_report_shows_panels_and_rectangles_of_the_readings_it_is_made_of(reading: Path, tmp_path: Path) -> None:
    asked = [reading / "C001_R1.json", "--reference", reading / "pathology.csv", "--bootstrap", "0"]
    found = run(tmp_path, *asked, "--figures", "--images", reading, "--panels", "C001")
    assert 'src="data:image/png;base64,' in found.report
    for name in ("grading_panels", "roi_scheme"):
        assert f"<b>{name}.</b>" in found.report
        assert (found.folder / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_panels_of_a_table_an_unknown_case_or_without_images_are_refused(
    reading: Path, results: Path, tmp_path: Path, capsys: Any
) -> None:
    pictures = ["--figures", "--bootstrap", "0", "--images"]
    table = results.parent / "t.csv"
    assert "exported readings" in refuse(capsys, tmp_path, table, *pictures, reading)
    export = reading / "C001_R1.json"
    asked = [export, "--reference", reading / "pathology.csv", *pictures]
    assert "case 'C009'" in refuse(capsys, tmp_path, *asked, reading, "--panels", "C009")
    assert "no folder" in refuse(capsys, tmp_path, *asked, reading / "nowhere")
    with pytest.raises(SystemExit):
        main(["agreement", str(export), "--images", str(reading), "--out", str(tmp_path / "out")])
    assert "add --figures" in capsys.readouterr().err


@pytest.mark.slow
def test_every_figure_comes_from_a_study_as_its_readers_signed_it(tmp_path: Path, capsys: Any) -> None:
    made = make_demo_study(tmp_path / "demo", cases=8)
    found = run(
        tmp_path, made.exports, "--reference", made.pathology, "--bootstrap", "20", "--figures", "--images", made.images
    )
    said = capsys.readouterr().out
    with (found.folder / "figures" / "grading_panels.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    asked = {"degree": ["I", "II", "III"], "grade": ["G1", "G2", "G3", "G4"]}
    missing = [name for names in asked.values() for name in names if f"No reading shows {name} " in said]
    missing += [name for name in asked["degree"] if f"No reading shows degree {name} " in said]
    shown = [row["degree"] for row in rows if row["panel"] <= "C"] + [row["grade"] for row in rows]
    assert all(name in missing or name in shown for names in asked.values() for name in names)
    names = {path.stem for path in (found.folder / "figures").glob("*.png")}
    assert {"grading_panels", "roi_scheme", "flow_of_cases", "roc_stages", "forest_R1_R2"} <= names
    assert {"by_group_adc_lesion_mri", "bland_altman_adc_lesion_mri_R1_R2", "forest_measured_R1_R2"} <= names
    words = {entry["item"]: entry["text"] for key in ("grras", "qarel", "claim") for entry in found.document[key]}
    assert "mri, ct, combined" in words["Order of reading"]
    # Stages that are documents of their own, one without an ADC map, are compared all the same.
    assert found.find(analysis="modalities", stage="ct_vs_mri", statistic="mrmc_auc_difference")
    assert found.find(analysis="modalities", stage="ct_vs_mri_vs_combined", statistic="mrmc_p")
    assert "48 of 48 readings" in words["3 Blinded to the other raters"]
    assert "degree 1/3, 2/3" in words["Cut-offs"]
    assert "2 readers" in words["8 Order of examination varied"]
    verdicts = {row["step"]: row["note"] for row in found.document["flow"]}
    assert "R1:" in verdicts["Read in CT by both readers"]
