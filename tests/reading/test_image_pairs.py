"""Which CT and which MR images are registered to each other."""

from __future__ import annotations

import pytest

from napari_vcf.dicom import Role, Series
from napari_vcf.geometry import Grid
from napari_vcf.reading import CaseImage
from napari_vcf.reading.image_pairs import Mark, pair_of
from support.cases import SAGITTAL, series

LUMBAR, CERVICAL = (0.0, 0.0, 0.0), (0.0, 0.0, 300.0)


def sagittal(z: float, slices: int = 15) -> Grid:
    return Grid.from_axes((slices, 100, 100), origin_lps=(-30, -100, z + 100), spacing_mm=(4.0, 2.0, 2.0), **SAGITTAL)


def axial(z: float, slices: int, spacing: float) -> Grid:
    return Grid.from_axes(
        (slices, 100, 100),
        origin_lps=(-100, -100, z - slices * spacing / 2),
        column_direction=(1, 0, 0),
        row_direction=(0, 1, 0),
        spacing_mm=(spacing, 2.0, 2.0),
    )


def case(*entries: tuple[str, Role, Grid, str | None], **changes: object) -> list[CaseImage]:
    def made(label: str, role: Role, grid: Grid, frame: str | None) -> Series:
        return series(role, grid, key=label, frame_of_reference_uid=frame, **changes)

    return [CaseImage(entry[0], entry[0], made(*entry)) for entry in entries]


TWO_CT = case(
    ("CT", Role.CT, axial(300, 80, 5.0), "1"),
    ("CT 2", Role.CT, axial(0, 40, 3.0), "2"),
    ("T2", Role.T2, sagittal(0), "1"),
)


@pytest.mark.parametrize("clicked", ["CT", "CT 2"])
def test_the_ct_that_was_clicked_is_the_one_that_is_joined(clicked: str) -> None:
    ct, _ = pair_of(TWO_CT, ct_mark=Mark(CERVICAL, clicked))
    assert ct is not None
    assert ct.id == clicked


def test_without_a_click_the_ct_that_holds_the_point_is_taken_before_a_larger_one() -> None:
    assert pair_of(TWO_CT, ct_mark=Mark(LUMBAR))[0].id == "CT 2"
    assert pair_of(TWO_CT, ct_mark=Mark(CERVICAL))[0].id == "CT"
    assert pair_of(TWO_CT, in_front="CT")[0].id == "CT"


def test_of_several_stations_the_images_that_hold_the_point_are_joined() -> None:
    images = case(
        ("T1", Role.T1, sagittal(300, 19), "1"),
        ("T1 2", Role.T1, sagittal(0), "1"),
        ("T2", Role.T2, sagittal(300, 19), "1"),
        ("T2 2", Role.T2, sagittal(0), "1"),
    )
    notes: list[str] = []
    assert set(pair_of(images, mr_mark=Mark(LUMBAR), notes=notes)[1]) == {"T1 2", "T2 2"}
    assert notes == ["2 of 4 MR series contain the MR point and are used."]


def test_an_image_in_another_frame_than_the_clicked_one_is_never_pooled_with_it() -> None:
    images = case(
        ("T1", Role.T1, sagittal(0), "1"),
        ("T2", Role.T2, sagittal(0), "2"),
        ("T2FS", Role.T2FS, sagittal(0), "1"),
    )
    assert set(pair_of(images, mr_mark=Mark(LUMBAR, "T2"))[1]) == {"T2"}
    assert set(pair_of(images, mr_mark=Mark(LUMBAR, "T2FS"))[1]) == {"T1", "T2FS"}
    notes: list[str] = []
    assert set(pair_of(images, mr_mark=Mark(LUMBAR), notes=notes)[1]) == {"T1", "T2FS"}
    assert notes == ["1 MR series in another frame of reference are left out: T2."]


def test_diffusion_is_joined_only_where_there_is_no_anatomical_image() -> None:
    images = case(("DWI", Role.DWI, sagittal(0), "1"), ("ADC", Role.ADC, sagittal(0), "1"))
    assert set(pair_of(images, mr_mark=Mark(LUMBAR))[1]) == {"DWI", "ADC"}
    both = [*images, *case(("T1", Role.T1, sagittal(0), "1"))]
    assert set(pair_of(both, mr_mark=Mark(LUMBAR))[1]) == {"T1"}


def test_what_may_not_be_measured_is_left_out_and_said() -> None:
    images = case(("T1", Role.T1, sagittal(0), "1"), measurable=False, not_measurable_reason="a slice is missing.")
    notes: list[str] = []
    assert pair_of(images, mr_mark=Mark(LUMBAR), notes=notes) == (None, {})
    assert notes == ["T1 is left out: a slice is missing."]
