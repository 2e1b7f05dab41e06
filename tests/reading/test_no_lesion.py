"""A body in which no lesion is painted: no grade that nobody gave, and G1 where the reader says that there is none."""

from __future__ import annotations

import numpy as np

from napari_vcf.dicom import Role
from napari_vcf.reading import Protocol, Reading
from napari_vcf.reading.export import build_export
from support.cases import image, new_reading

STAGE = "mri"


def outlined(**options: object) -> Reading:
    reading = new_reading(**options)
    body = np.zeros((9, 100, 100), dtype=bool)
    body[3:6, 45:55, 42:58] = True
    reading.set_masks(STAGE, image(reading, Role.T2), body, np.zeros_like(body))
    return reading


def test_an_outlined_body_without_a_lesion_has_no_grade_and_the_item_is_missing() -> None:
    reading = outlined()
    results = reading.results(STAGE)
    assert results.extent is None
    assert results.painted is not None
    assert results.painted.body_slices == (3, 4, 5)
    assert "lesion_extent" in reading.unanswered(STAGE)
    assert build_export(reading).stages[STAGE].extent is None


def test_who_says_that_there_is_no_lesion_has_g1() -> None:
    reading = outlined()
    reading.answer(STAGE, "lesion_pattern", "none")
    extent = reading.results(STAGE).extent
    assert extent is not None
    assert (extent.grade, extent.fraction) == ("G1", 0.0)
    assert "lesion_extent" not in reading.unanswered(STAGE)
    reading.answer(STAGE, "lesion_pattern", "entire")
    assert reading.results(STAGE).extent is None


def test_where_the_pattern_is_not_asked_an_outlined_body_is_graded_as_it_is() -> None:
    items = tuple(item for item in Protocol().stage_items[STAGE] if item != "lesion_pattern")
    reading = outlined(protocol=Protocol(stages=(STAGE,), stage_items={STAGE: items}))
    extent = reading.results(STAGE).extent
    assert extent is not None
    assert extent.grade == "G1"
