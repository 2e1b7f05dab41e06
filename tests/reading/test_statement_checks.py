"""What an export states of images, alignments and answers, besides its measurements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading import Reading
from napari_vcf.reading.export import build_export
from napari_vcf.reading.statement_checks import (
    Statement,
    answer_statements,
    registration_statements,
    series_statements,
)
from napari_vcf.registration import RegistrationResult
from support.cases import image, new_reading


def joined_reading() -> Reading:
    """CT joined to MR by a motion of 3 mm and 5 degrees at the clicked point."""
    reading = new_reading()
    motion = RigidTransform.from_rotation_vector((3, 0, 4), (0, 1, 2), center_lps=(0, 0, 0))
    shift = float(np.linalg.norm(motion.apply((0, 0, 0)) - np.array((0, 1, 0))))
    quality = {"shift_mm": round(shift, 3), "angle_deg": round(motion.angle_deg, 3)}
    reading.propose_registration(
        mr_level="L1",
        ct_level="L1",
        ct_image=image(reading, Role.CT),
        mr_images=(image(reading, Role.T2),),
        mr_point_lps=(0, 1, 0),
        ct_point_lps=(0, 0, 0),
        result=RegistrationResult("ok", "fits", motion, 1.0, shift, motion.angle_deg, quality),
    )
    return reading


def broken(reading: Reading, **changes: Any) -> list[str]:
    """Places of what does not hold once the alignment's entry is changed."""
    entry = reading.state.registrations["L1"].model_copy(update=changes)
    statements = registration_statements("r", "L1", entry, reading.case.images)
    return [each.place for each in statements if not each.holds]


def test_an_alignment_holds_as_proposed_and_as_moved_by_hand() -> None:
    reading = joined_reading()
    assert broken(reading) == []
    reading.nudge_registration("L1", shift_lps_mm=(0.5, 0, 0), rotation_lps_deg=(0, 0, 1))
    assert broken(reading) == []


def test_a_changed_digit_of_an_alignment_is_noticed() -> None:
    reading = joined_reading()
    entry = reading.state.registrations["L1"]
    assert entry.ct_to_mr is not None
    for row, column in ((0, 0), (1, 2), (1, 3), (2, 3)):
        matrix = np.array(entry.ct_to_mr)
        matrix[row, column] += 1e-4
        assert broken(reading, ct_to_mr=tuple(map(tuple, matrix.tolist())))
    assert broken(reading, shift_mm=entry.shift_mm + 1e-6) == ["r.shift_mm"]
    assert broken(reading, angle_deg=entry.angle_deg + 1e-6) == ["r.angle_deg"]
    assert "r.shift_mm" in broken(reading, mr_point_lps=(0, 1.0001, 0))
    assert broken(reading, quality={**entry.quality, "shift_mm": 9.0}) == ["r.quality.shift_mm"]
    assert broken(reading, ct_image=image(reading, Role.T2)) == ["r.ct_image"]
    assert broken(reading, level="L2") == ["r.level"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spacing_mm", (4.0001, 2.0, 2.0)),
        ("b_values_s_per_mm2", (800.0,)),
        ("label", "T1"),
        ("modality", "MRI"),
        ("measurable", False),
        ("unit", "HU"),
        ("role", "T1"),
    ],
)
def test_what_is_said_of_an_image_is_compared_with_it(name: str, value: object) -> None:
    reading = new_reading()
    found = reading.case.images[image(reading, Role.T2)]
    exported = next(entry for entry in build_export(reading).series if entry.image == found.id)
    assert all(each.holds for each in series_statements("s", exported, found))
    changed = exported.model_copy(update={name: value})
    wrong = [each.place for each in series_statements("s", changed, found) if not each.holds]
    assert wrong
    assert all(place.startswith(f"s.{name}") for place in wrong)


def test_an_answer_that_the_form_does_not_offer_is_named() -> None:
    reading = new_reading()
    reading.answer("mri", "verdict", "benign")
    reading.answer("mri", "confidence", 2)
    export = build_export(reading)
    part = export.stages["mri"]
    answer = part.findings["verdict"]

    def check(findings: dict[str, Any]) -> list[Statement]:
        changed = part.model_copy(update={"findings": findings})
        return [each for each in answer_statements("f", "mri", changed, export.protocol) if not each.holds]

    assert check(part.findings) == []
    for key, update in (
        ("verdict", {"value": "perhaps"}),
        ("confidence", {"value": 6}),
        ("confidence", {"value": "2"}),
        ("verdict", {"value": None, "not_assessable": "too dark"}),
        ("adc", {"value": 1200}),
        ("cortical_destruction", {"value": "yes"}),
        ("mood", {"value": "good"}),
    ):
        wrong = check({**part.findings, key: answer.model_copy(update=update)})
        assert [each.place.split(".")[1] for each in wrong] == [key]
