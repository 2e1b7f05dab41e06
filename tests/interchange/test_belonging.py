"""Whether a structured report belongs to the images on the desk."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

pytest.importorskip("highdicom", reason="highdicom, which writes these objects, is not installed")

from napari_vcf.interchange.belonging import belonging, folder_of_case, is_own_report
from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.interchange.writing import write_dicom
from napari_vcf.reading import Case
from support.made_readings import make
from support.patients import write_patient


def test_a_report_is_known_by_its_header_and_belongs_to_the_images_it_was_made_on(tmp_path: Path) -> None:
    made = make("CT only", tmp_path)
    report = write_dicom(made.path, made.images, tmp_path / "out").files[0]
    assert is_own_report(report)
    images = sorted(path for path in made.images.rglob("*") if path.is_file())
    assert not any(is_own_report(path) for path in (images[0], made.path, tmp_path / "nowhere.dcm"))
    case = Case.open(made.images, pseudonym="C002")
    assert "images of the open case (all 10" in belonging(report, case)
    assert folder_of_case(case) == images[0].parent
    with pytest.raises(InterchangeError, match="open their folder first"):
        belonging(report, None)
    write_patient(tmp_path / "other", 7)
    with pytest.raises(InterchangeError, match="other images"):
        belonging(report, Case.open(tmp_path / "other", pseudonym="C003"))
    images[0].unlink()
    assert belonging(report, Case.open(made.images, pseudonym="C004")).startswith("9 of the 10 images")


def test_images_of_another_study_than_the_report_s_count_as_well(tmp_path: Path) -> None:
    made = make("six lumbar vertebrae", tmp_path)
    report = write_dicom(made.path, made.images, tmp_path / "out").files[0]
    dataset = pydicom.dcmread(report)
    # As where CT and MRI are studies of their own.
    dataset.PertinentOtherEvidenceSequence = dataset.CurrentRequestedProcedureEvidenceSequence
    del dataset.CurrentRequestedProcedureEvidenceSequence
    dataset.save_as(report)
    assert "made on the images of the open case" in belonging(report, Case.open(made.images, pseudonym="C001"))
