"""In which vertebra an ADC rectangle lies: told by calipers or body, and contradicted aloud."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading import Reading
from napari_vcf.registration import RegistrationResult
from support.cases import body_masks, image, measure_heights, memory_case, new_reading, rectangle


def level_at(reading: Reading, z: float, y: float = 0.0, x: float = -0.8) -> str | None:
    return reading.level_at("mri", image(reading, Role.ADC), (x, y, z))


def test_without_calipers_and_body_nothing_tells() -> None:
    assert level_at(new_reading(), 0.0) is None


@pytest.mark.parametrize(
    ("z", "level"), [(40, "T12"), (52, "T12"), (0, "L1"), (-40, "L2"), (-27, "L2"), (20, None), (-70, None), (80, None)]
)
def test_calipers_tell_the_level_between_their_ends(z: float, level: str | None) -> None:
    reading = new_reading()
    measure_heights(reading, "mri")
    assert level_at(reading, z) == level


@pytest.mark.parametrize(
    ("y", "x", "level"), [(-20, 0, "L2"), (-40, 0, None), (30, 0, None), (0, 20, "L2"), (0, 35, None)]
)
def test_calipers_tell_nothing_of_what_lies_before_behind_or_beside_the_body(y: float, x: float, level: str) -> None:
    reading = new_reading()
    measure_heights(reading, "mri")
    assert level_at(reading, -40.0, y, x) == level


def test_a_painted_body_tells_the_fractured_level() -> None:
    reading = new_reading()
    reading.set_masks("mri", image(reading, Role.T2), *body_masks(reading))
    assert level_at(reading, 0.0) == "L1"
    assert level_at(reading, 40.0) is None


def test_calipers_on_ct_tell_it_once_the_reader_has_accepted_what_joins_them() -> None:
    reading = new_reading()
    ct, t2 = image(reading, Role.CT), image(reading, Role.T2)
    for position, y in (("anterior", -15.0), ("posterior", 15.0)):
        reading.place_caliper(
            stage="combined", level="L2", position=position, image=ct, start_lps=(0, y, 35), end_lps=(0, y, 5)
        )
    adc = image(reading, Role.ADC)
    shift = RigidTransform.from_rotation_vector((0, 0, 0), (0, 0, -60))
    reading.propose_registration(
        mr_level="L1", ct_level="L1", ct_image=ct, mr_images=[t2], mr_point_lps=(0, 0, -60), ct_point_lps=(0, 0, 0),
        result=RegistrationResult("ok", "made so", shift, 1.0, 0.0, 0.0),
    )  # fmt: skip
    assert reading.level_at("combined", adc, (0, 0, -40)) is None
    reading.accept_registration("L1")
    assert reading.level_at("combined", adc, (0, 0, -40)) == "L2"
    assert reading.level_at("combined", adc, (0, 0, 20)) is None


def test_calipers_in_another_frame_of_reference_tell_nothing() -> None:
    reading = new_reading(memory_case(frame_of_reference_uid="1.2.3.9"))
    measure_heights(reading, "mri")
    assert level_at(reading, -40.0) is None
    assert reading.endplates("mri", "L2", image(reading, Role.ADC)) is None
    np.testing.assert_allclose(np.abs(reading.endplates("mri", "L2", image(reading, Role.T2))), (0, 1, 0), atol=1e-9)


def test_a_rectangle_that_lies_in_another_vertebra_than_is_said_is_contradicted() -> None:
    reading = new_reading()
    measure_heights(reading, "mri")
    for level, z, said in (("T12", -40.0, {"roi_level_contradicted"}), ("L2", -40.0, set())):
        reading.place_roi(
            stage="mri", tissue="normal", placement=1, level=level, image=image(reading, Role.ADC),
            rectangle=rectangle(reading, z=z),
        )  # fmt: skip
        codes = {warning.code for warning in reading.results("mri").warnings}
        assert codes & {"roi_level_contradicted"} == said
    text = next(w.text for w in _contradicted(reading))
    assert text == "ROI 1 (lesion) is said to lie in L1, but by what was drawn in T12."


def _contradicted(reading: Reading) -> list:
    reading.place_roi(
        stage="mri", tissue="lesion", placement=1, level="L1", image=image(reading, Role.ADC),
        rectangle=rectangle(reading, z=40.0),
    )  # fmt: skip
    return [w for w in reading.results("mri").warnings if w.code == "roi_level_contradicted"]
