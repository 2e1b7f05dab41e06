"""A measured item that the reader said is not assessable: its numbers are left out, whether drawn or not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from napari_vcf import readings_frame
from napari_vcf.agreement import readings_from_frame
from napari_vcf.dicom import Role
from napari_vcf.reading import build_export
from napari_vcf.reading.export_document import ReadingExport
from support.cases import answer_all, body_masks, image, measure_heights, new_reading, place_rois
from support.readings import put
from support.running import Result, run, write_table

REFUSED = ("compression_degree", "lesion_extent", "adc")


@cache
def refused(*, drawn: bool) -> ReadingExport:
    reading = new_reading()
    if drawn:
        measure_heights(reading, "mri")
        place_rois(reading, "mri")
        reading.set_masks("mri", image(reading, Role.T2), *body_masks(reading))
    answer_all(reading, "mri")
    for item in REFUSED:
        reading.mark_not_assessable("mri", item, "motion artefact")
    return build_export(reading, stages=["mri"])


@pytest.fixture(scope="module", params=[False, True], ids=["nothing drawn", "drawn"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two readers of four cases; in the first, R2 refuses what is measured."""
    folder = tmp_path_factory.mktemp("refused")
    for case in ("C1", "C2", "C3", "C4"):
        for reader in ("R1", "R2"):
            export = refused(drawn=request.param) if (case, reader) == ("C1", "R2") else None
            put(folder / "in" / f"{case}_{reader}.json", case, reader, export)
    pathology = [[f"C{n}", ("benign", "malignant")[n % 2]] for n in range(1, 5)]
    reference = write_table(folder / "p.csv", pathology, ("case", "pathology"))
    return run(folder, folder / "in", "--reference", reference, "--bootstrap", "0")


def test_no_number_that_hangs_on_it_is_counted(found: Result) -> None:
    for item in ("height_loss", "loss_anterior", "height_anterior", "lesion_fraction", "adc_lesion", "adc_ratio"):
        row = found.one(analysis="between_readers", item=item, stage="mri", statistic="icc_a_1")
        assert row["n"] == 3, item
    assert found.one(item="lesion_mask", stage="mri", statistic="dice")["n"] == 3
    degree = found.one(analysis="between_readers", item="compression_degree", statistic="percent_agreement")
    assert (degree["n"], degree["value"]) == (4, 0.75)


def test_the_case_is_named_with_what_the_reader_said_and_no_other_is(found: Result) -> None:
    assert not any(entry["item"] == "adc" for entry in (*found.rows, *found.document["left_out"]))
    for item in ("height_loss", "adc_lesion", "lesion_fraction"):
        left = [entry for entry in found.document["left_out"] if entry["item"] == item]
        assert {(tuple(entry["cases"]), entry["reason"][:25]) for entry in left} == {
            (("C1",), "said to be not assessable")
        }
        assert {entry["analysis"] for entry in left} >= {"between_readers", "groups", "against_reference"}


def test_what_was_drawn_and_not_counted_is_told(found: Result, request: pytest.FixtureRequest) -> None:
    told = [text for text in found.document["remarks"] if "something was drawn for" in text]
    assert len(told) == (3 if "[drawn]" in request.node.name else 0)
    assert all("(C1_R2.json)" in text for text in told)


def test_the_tidy_table_says_so_of_every_number_in_its_unit(tmp_path: Path) -> None:
    for drawn in (False, True):
        path = put(tmp_path / f"{drawn}.json", "C1", "R1", refused(drawn=drawn))
        frame = readings_frame(path).set_index("item")
        assert "adc" not in frame.index
        named = [item for item in frame.index if item.startswith(("adc", "height", "loss", "lesion_fraction"))]
        assert set(frame.loc[named, "value"]) == {"not_assessable"}
        assert {"height_loss", "lesion_fraction", "adc_lesion", "adc_normal", "adc_ratio"} <= set(named)
        assert ("adc_lesion_1" in named) is drawn
        assert frame.loc["adc_lesion", "unit"] == "um2/s"
        readings = readings_from_frame(readings_frame([path, put(tmp_path / "whole.json", "C2", "R1")]))
        assert set(readings.units) == {"", "1", "cm3", "mm", "um2/s"}
