"""Images of another frame of reference, and of another station, on the desk without a window."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from napari_vcf.dicom import Role, Scan
from napari_vcf.geometry import Grid, RigidTransform
from napari_vcf.registration import RegistrationResult
from napari_vcf.widgets.desk.desk import Desk
from napari_vcf.widgets.instruments.adc_roi.model import AdcModel
from napari_vcf.widgets.instruments.extent.model import ExtentModel
from support.cases import SAGITTAL, MemoryCase, memory_case, series


def opened(case: MemoryCase) -> Desk:
    desk = Desk()
    desk.open_case(case)
    desk.set_stage("combined")
    desk.reading.set_spine("L1")
    return desk


def image(desk: Desk, role: Role, number: int = 0) -> str:
    return desk.case.with_role(role)[number].id


def test_an_image_of_another_frame_is_not_joined_until_somebody_says_so() -> None:
    desk = opened(memory_case(frame_of_reference_uid="1.2.3.9"))
    adc, t2 = image(desk, Role.ADC), image(desk, Role.T2)
    assert (desk.space_of(adc), desk.space_of(t2)) == ("mr-2", "mr")
    assert not desk.joined("mr-2", "mr")
    assert desk.seen_in(adc) == "mr-2"
    desk.reading.join_frames(adc, t2, point_lps=(0, 0, 28), to_point_lps=(0, 0, 0))
    assert desk.joined("mr-2", "mr")
    assert desk.seen_in(adc) == "mr"
    np.testing.assert_allclose(desk.between("mr-2", "mr").apply((0, 0, 28)), (0, 0, 0), atol=1e-12)
    np.testing.assert_allclose(desk.between("mr", "mr-2").apply((0, 0, 0)), (0, 0, 28), atol=1e-12)


def test_only_the_ct_that_was_joined_is_shown_in_the_space_of_mri() -> None:
    def axial(z: float) -> Grid:
        return Grid.from_axes(
            (40, 50, 50),
            origin_lps=(-100, -100, z),
            column_direction=(1, 0, 0),
            row_direction=(0, 1, 0),
            spacing_mm=(5.0, 4.0, 4.0),
        )

    mr = Grid.from_axes((9, 50, 50), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 4.0, 4.0), **SAGITTAL)
    found = (
        series(Role.CT, axial(-100), "HU", key="chest", frame_of_reference_uid="1"),
        series(Role.CT, axial(-90), "HU", key="spine", frame_of_reference_uid="2"),
        series(Role.T2, mr, key="t2", frame_of_reference_uid="3"),
    )
    desk = opened(MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32))
    chest, spine = (next(i.id for i in desk.case.images.values() if i.series.key == key) for key in ("chest", "spine"))
    desk.reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=spine, mr_images=[image(desk, Role.T2)],
        mr_point_lps=(0, 0, 0), ct_point_lps=(0, 0, 0),
        result=RegistrationResult("ok", "fits", RigidTransform.identity(), 1.0, 0.0, 0.0),
    )  # fmt: skip
    desk.reading.accept_registration("L1")
    assert desk.seen_in(spine) == "mr"
    assert desk.seen_in(chest) == desk.space_of(chest)
    assert not desk.joined(desk.space_of(chest), "mr")


def test_the_station_of_the_fracture_is_shown_first() -> None:
    def grid(z: float, slices: int) -> Grid:
        return Grid.from_axes((slices, 50, 50), origin_lps=(-30, -100, z + 100), spacing_mm=(4, 4, 4), **SAGITTAL)

    found = (
        series(Role.T2, grid(300, 19), key="cervical"),
        series(Role.T2, grid(0, 15), key="lumbar"),
        series(Role.ADC, grid(0, 15), "um2/s", key="adc"),
    )
    desk = Desk()
    desk.open_case(MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32))
    assert desk.image.series.key == "lumbar"


def test_the_tools_begin_on_the_station_in_which_the_fracture_was_measured() -> None:
    def grid(z: float) -> Grid:
        return Grid.from_axes((15, 50, 50), origin_lps=(-30, -100, z + 100), spacing_mm=(4, 4, 4), **SAGITTAL)

    found = tuple(
        series(role, grid(z), *unit, key=f"{place} {role}")
        for place, z in (("cervical", 300), ("lumbar", 0))
        for role, unit in ((Role.T2, ()), (Role.ADC, ("um2/s",)))
    )
    desk = opened(MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32))
    lumbar = next(i.id for i in desk.case.with_role(Role.T2) if i.series.key.startswith("lumbar"))
    desk.reading.place_caliper(
        stage="combined", level="L1", position="anterior", image=lumbar, start_lps=(0, 0, 14), end_lps=(0, 0, -14)
    )
    viewport = SimpleNamespace(desk=desk, sections=[])
    assert ExtentModel(viewport, lambda: False).image.id == lumbar
    assert AdcModel(desk).image.series.key == "lumbar ADC"
