"""A warning that every placement on a map would draw is stated once, as the map's property."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.geometry import Grid
from napari_vcf.reading import Protocol
from napari_vcf.reading.map_resolution import map_effective_n
from support.cases import SAGITTAL, image, memory_case, new_reading, place_rois, series


def adc_grid(pixel_mm: float) -> Grid:
    return Grid.from_axes(
        (9, round(200 / pixel_mm), round(200 / pixel_mm)),
        origin_lps=(-20, -100, 100),
        spacing_mm=(4.8, pixel_mm, pixel_mm),
        **SAGITTAL,
    )


@pytest.mark.parametrize(("pixel_mm", "low", "high"), [(1.0, 35.0, 42.0), (2.0, 10.4, 11.6), (2.5, 5.9, 9.1)])
def test_the_maps_number_lies_among_those_of_single_placements(pixel_mm: float, low: float, high: float) -> None:
    reading = new_reading(memory_case(grid=adc_grid(pixel_mm)))
    place_rois(reading, "mri")
    usual = map_effective_n(reading.case.with_role(Role.ADC)[0].series, reading.protocol)
    single = [entry.effective_n for entry in reading.results("mri").adc.statistics.values()]
    assert low < usual < high
    assert low <= min(single) <= max(single) <= high


def test_a_square_lattice_has_no_preferred_side() -> None:
    grid = adc_grid(2.5)
    turned = Protocol(roi_long_mm=5.0, roi_short_mm=7.0)
    one = map_effective_n(series(Role.ADC, grid), Protocol())
    np.testing.assert_allclose(map_effective_n(series(Role.ADC, grid), turned), one, rtol=0.02)


def test_on_a_coarse_map_it_is_said_once_and_on_a_finer_one_of_the_placement_only() -> None:
    coarse = new_reading()
    place_rois(coarse, "mri")
    said = [warning for warning in coarse.results("mri").warnings if warning.code == "coarse_map"]
    assert [warning.text for warning in said] == [
        "ADC: with voxels of 2.5 x 2.5 mm every placement rests on about 8 effective voxels, fewer than 10."
    ]
    assert "few_effective_voxels" not in {warning.code for warning in coarse.results("mri").warnings}
    fine = new_reading(memory_case(grid=adc_grid(1.25)))
    place_rois(fine, "mri")
    assert {"coarse_map", "few_effective_voxels"}.isdisjoint(w.code for w in fine.results("mri").warnings)
    assert image(fine, Role.ADC)
