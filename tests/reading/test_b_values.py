"""Diffusion images that state no b-value: the reader gives them, an ADC follows, and the record says so."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_vcf.dicom import Role, UnitError
from napari_vcf.reading import Case, Reading, RefusedActionError, verify_export

#: µm²/s, and the b-values of the volumes, s/mm2.
ADC, B_VALUES = 1200.0, (50.0, 400.0, 800.0)


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    signal = np.stack([np.full((24, 24, 5), 900 * np.exp(-b * ADC * 1e-6)) for b in B_VALUES], axis=-1)
    affine = np.diag([2.0, 2.0, 5.0, 1.0])
    nib.save(nib.Nifti1Image(signal.astype(np.float32), affine), images / "diffusion.nii.gz")
    nib.save(nib.Nifti1Image(np.ones((24, 24, 5), np.float32), affine), images / "other.nii")
    return images


@pytest.fixture
def reading(folder):
    return Reading(Case.open(folder, pseudonym="C001"), study="S", reader="R1")


def diffusion(reading):
    return next(image.id for image in reading.case.images.values() if len(image.series.volumes) == 3)


def test_an_adc_follows_from_the_b_values_that_the_reader_gives(reading):
    image = diffusion(reading)
    reading.correct_role(image, "DWI")
    assert not reading.case.with_role(Role.ADC)
    reading.answer_b_values(image, B_VALUES)
    assert [volume.label for volume in reading.case.image(image).series.volumes] == ["b 50", "b 400", "b 800"]
    (adc,) = reading.case.with_role(Role.ADC)
    assert adc.series.unit == "um2/s"
    assert np.allclose(reading.case.volume(adc.id).data, ADC, atol=0.5)
    # Other values, another map; none, no map.
    reading.answer_b_values(image, tuple(2 * b for b in B_VALUES))
    assert np.allclose(reading.case.volume(adc.id).data, ADC / 2, atol=0.5)
    reading.undo()
    reading.undo()
    assert not reading.case.with_role(Role.ADC)


def test_an_export_says_what_the_reader_gave_and_is_verified_by_it(reading, folder, tmp_path):
    image = diffusion(reading)
    reading.correct_role(image, "DWI")
    reading.answer_b_values(image, B_VALUES)
    path = tmp_path / "reading.json"
    reading.export(path)
    report = verify_export(path, folder)
    assert report.differences == ()
    from napari_vcf.reading import read_reading, reopen

    said = {series.image: series.b_values_answer for series in read_reading(path).series}
    assert said[image] == B_VALUES
    assert sum(answer is not None for answer in said.values()) == 1
    given = {series.image for series in read_reading(path).series if series.role_corrected_by_reader}
    assert given == {image}, "nobody said what the computed map is"
    again = reopen(path, folder)
    assert again.case.with_role(Role.ADC)


@pytest.mark.parametrize("values", [(0.0, 800.0), (0.0, 400.0, -1.0), (0.0, 400.0, 1e9)])
def test_b_values_that_cannot_be_are_refused(reading, values):
    image = diffusion(reading)
    reading.correct_role(image, "DWI")
    with pytest.raises(UnitError):
        reading.answer_b_values(image, values)
    assert not reading.case.with_role(Role.ADC)


def test_b_values_stay_once_the_adc_is_measured_on(reading):
    image = diffusion(reading)
    reading.correct_role(image, "DWI")
    reading.answer_b_values(image, B_VALUES)
    reading.set_spine("L1")
    (adc,) = reading.case.with_role(Role.ADC)
    rectangle = reading.roi_rectangle((-23.0, -23.0, 10.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    reading.place_roi(stage="mri", tissue="lesion", placement=1, level="L1", image=adc.id, rectangle=rectangle)
    with pytest.raises(RefusedActionError, match="measured on"):
        reading.answer_b_values(image, (0.0, 1.0, 2.0))


@pytest.mark.parametrize("role", ["ADC", "DWI"])
def test_what_another_image_is_stays_too_where_the_measured_map_would_go_or_change(folder, role):
    """Which maps are computed, and what each is called, depends on all images of a case."""
    affine = np.diag([2.0, 2.0, 5.0, 1.0])
    (folder / "diffusion.nii.gz").unlink()
    (folder / "other.nii").unlink()
    for name, value in (("a", 700.0), ("b", 900.0), ("c", 900.0 * np.exp(-800 * ADC * 1e-6))):
        nib.save(nib.Nifti1Image(np.full((24, 24, 5), value, np.float32), affine), folder / f"{name}.nii")
    reading = Reading(Case.open(folder, pseudonym="C001"), study="S", reader="R1")
    by_value = {round(float(reading.case.volume(name).data.mean())): name for name in reading.case.images}
    third, low, high = (by_value[key] for key in sorted(by_value, key=lambda value: (value != 700, -value)))
    for image, b in ((low, 0.0), (high, 800.0)):
        reading.correct_role(image, "DWI")
        reading.answer_b_values(image, (b,))
    (adc,) = reading.case.with_role(Role.ADC)
    reading.set_spine("L1")
    rectangle = reading.roi_rectangle((-23.0, -23.0, 10.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    reading.place_roi(stage="mri", tissue="lesion", placement=1, level="L1", image=adc.id, rectangle=rectangle)
    with pytest.raises(RefusedActionError, match="measured on"):
        reading.correct_role(third, role)
    (found,) = reading.results("mri").adc.statistics.values()
    assert found.mean_um2_per_s == pytest.approx(ADC, abs=0.5)
    # What says nothing of that map may be corrected.
    reading.correct_role(third, "T2")
