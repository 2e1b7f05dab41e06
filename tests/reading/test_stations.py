"""Of several stations of the spine, the images that hold the fractured vertebra lead."""

from __future__ import annotations

from pathlib import Path

from napari_vcf.dicom import Role, Scan
from napari_vcf.geometry import Grid
from napari_vcf.reading import Reading
from napari_vcf.reading.stations import covers, leading_first
from support.cases import SAGITTAL, MemoryCase, series


def grid(z: float, slices: int = 15) -> Grid:
    return Grid.from_axes((slices, 100, 100), origin_lps=(-30, -100, z + 100), spacing_mm=(4.0, 2.0, 2.0), **SAGITTAL)


def whole_spine(*, diffusion: bool) -> Reading:
    """A lumbar station, and a cervical one of more slices, which comes first among equals."""
    found = [
        series(Role.T2, grid(300, 19), key="cervical"),
        series(Role.T2, grid(0), key="lumbar"),
        *([series(Role.ADC, grid(-20), "um2/s", key="adc")] if diffusion else []),
    ]
    case = MemoryCase(Scan(Path(), tuple(found), ()), pseudonym="C001", salt="0" * 32)
    reading = Reading(case, study="S1", reader="R1")
    reading.set_spine("L1")
    return reading


def order(reading: Reading) -> list[str]:
    known = reading.case.images
    return [image.series.key for image in leading_first(known.values(), reading.state, known)]


def test_before_anything_is_measured_the_diffusion_images_tell_the_station() -> None:
    assert order(whole_spine(diffusion=False)) == ["cervical", "lumbar"]
    assert order(whole_spine(diffusion=True)) == ["lumbar", "adc", "cervical"]


def test_calipers_of_the_fractured_vertebra_tell_it() -> None:
    for key, z, expected in (("lumbar", 0, "lumbar"), ("cervical", 300, "cervical")):
        reading = whole_spine(diffusion=False)
        on = next(image for image in reading.case.images.values() if image.series.key == key)
        reading.place_caliper(
            stage="mri", level="L1", position="middle", image=on.id, start_lps=(0, 0, z + 10), end_lps=(0, 0, z - 10)
        )
        assert order(reading)[0] == expected


def test_the_painted_body_tells_it() -> None:
    import numpy as np

    reading = whole_spine(diffusion=False)
    lumbar = next(image for image in reading.case.images.values() if image.series.key == "lumbar")
    body = np.zeros(lumbar.series.grid.shape, dtype=bool)
    body[6:9, 40:60, 40:60] = True
    reading.set_masks("mri", lumbar.id, body, np.zeros_like(body))
    assert order(reading) == ["lumbar", "cervical"]


def test_images_of_one_station_cover_each_other() -> None:
    images = {image.series.key: image for image in whole_spine(diffusion=True).case.images.values()}
    assert covers(images["lumbar"], images["adc"])
    assert not covers(images["cervical"], images["lumbar"])
