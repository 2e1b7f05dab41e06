"""Images of different frames of reference share no space until somebody says so or fits them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading import Reading, RefusedActionError, build_export
from napari_vcf.reading.spaces import space_names
from napari_vcf.reading.statement_checks import join_statements
from napari_vcf.registration import RegistrationResult
from support.cases import body_masks, clock, image, measure_heights, memory_case, new_reading, place_rois, rectangle

#: The diffusion was taken after the patient had got up, 28 mm nearer to the head.
MOVED = RigidTransform.from_rotation_vector((0, 0, 3), (2, 0, -28))


def apart() -> Reading:
    return new_reading(memory_case(frame_of_reference_uid="1.2.3.9"))


def ids(reading: Reading) -> tuple[str, str]:
    return image(reading, Role.ADC), image(reading, Role.T2)


def codes(reading: Reading) -> set[str]:
    return {warning.code for warning in reading.results("mri").warnings}


def test_images_of_one_frame_share_a_space_and_those_of_another_do_not() -> None:
    reading = new_reading()
    names = space_names(reading.case.images)
    assert {reading.case.image(name).label: space for name, space in names.items()} == {
        "CT": "ct", "T1": "mr", "T2": "mr", "ADC": "mr",
    }  # fmt: skip
    reading = apart()
    adc, t2 = ids(reading)
    assert space_names(reading.case.images)[adc] == "mr-2"
    assert reading.motion(adc, t2) is None
    np.testing.assert_array_equal(reading.motion(t2, image(reading, Role.T1)).matrix, np.eye(4))
    assert reading.motion(image(reading, Role.CT), t2) is None


def test_the_export_says_the_space_of_each_image_and_that_nothing_joins_those_that_were_measured() -> None:
    reading = apart()
    measure_heights(reading, "mri")
    place_rois(reading, "mri")
    assert "frames_not_joined" in codes(reading)
    export = build_export(reading)
    assert {entry.label: entry.space for entry in export.series}["ADC"] == "mr-2"
    assert "frames_not_joined" in {issue.code for issue in export.stages["mri"].warnings}
    assert all(roi.endplate_deviation_deg is None for roi in export.stages["mri"].rois)
    reading.join_frames(*ids(reading))
    assert "frames_not_joined" not in codes(reading)
    assert all(roi.endplate_deviation_deg is not None for roi in build_export(reading).stages["mri"].rois)


def test_a_body_in_another_frame_says_nothing_of_a_rectangle_until_the_frames_are_joined() -> None:
    reading = apart()
    adc, t2 = ids(reading)
    reading.set_masks("mri", t2, *body_masks(reading))
    # By its own numbers the rectangle lies inside the body; in the patient it lies 28 mm above it.
    reading.place_roi(
        stage="mri", tissue="lesion", placement=1, level="L1", image=adc, rectangle=rectangle(reading, z=1.0)
    )
    assert codes(reading).isdisjoint({"roi_outside_body", "roi_near_edge_of_body"})
    marked = {"point_lps": (0, 0, 28.0), "to_point_lps": (0, 0, 0)}
    reading.join_frames(adc, t2, **marked)
    assert "roi_outside_body" in codes(reading)
    reading.separate_frames(adc)
    assert "roi_outside_body" not in codes(reading)


def test_a_fit_brings_calipers_of_one_frame_into_the_other() -> None:
    reading = apart()
    adc, t2 = ids(reading)
    measure_heights(reading, "mri")
    point = np.array((0.0, 0.0, 0.0))
    result = RegistrationResult("ok", "fits", MOVED, 1.0, 0.0, 3.0, {"gain": 0.2})
    reading.join_frames(adc, t2, point_lps=MOVED.inverse().apply(point), to_point_lps=point, result=result)
    inside = MOVED.inverse().apply((0, 0, -40))
    assert reading.level_at("mri", adc, inside) == "L2"
    assert reading.level_at("mri", adc, (0, 0, -40)) != "L2"
    np.testing.assert_allclose(reading.motion(t2, adc).matrix, MOVED.inverse().matrix, atol=1e-12)
    join = reading.state.frame_joins[0]
    assert (join.how, join.quality["gain"]) == ("fitted", 0.2)
    again = Reading(reading.case, study="S1", reader="R1", clock=clock())
    again.restore(type(entry).model_validate_json(entry.model_dump_json()) for entry in reading.log)
    assert again.state == reading.state


def test_what_cannot_be_joined_is_refused() -> None:
    reading = apart()
    adc, t2 = ids(reading)
    with pytest.raises(RefusedActionError, match="share a frame of reference"):
        reading.join_frames(image(reading, Role.T1), t2)
    with pytest.raises(RefusedActionError, match="joined to MRI at a vertebra"):
        reading.join_frames(image(reading, Role.CT), t2)
    refused = RegistrationResult("refused", "no", None, 1.0)
    with pytest.raises(RefusedActionError, match="The fit was refused: no"):
        reading.join_frames(adc, t2, point_lps=(0, 0, 0), to_point_lps=(0, 0, 0), result=refused)
    with pytest.raises(RefusedActionError, match="is not joined"):
        reading.separate_frames(adc)
    with pytest.raises(RefusedActionError, match="different frames of reference"):
        reading.propose_registration(
            mr_level="L1", ct_level="L1", ct_image=image(reading, Role.CT), mr_images=[t2, adc],
            mr_point_lps=(0, 0, 0), ct_point_lps=(0, 0, 0),
            result=RegistrationResult("ok", "fits", RigidTransform.identity(), 1.0, 0.0, 0.0),
        )  # fmt: skip


def test_a_join_is_stated_once_and_replaced_by_the_next() -> None:
    reading = apart()
    adc, t2 = ids(reading)
    reading.join_frames(adc, t2)
    reading.join_frames(adc, image(reading, Role.T1), point_lps=(0, 0, 1), to_point_lps=(0, 0, 3))
    assert [join.how for join in reading.state.frame_joins] == ["marked"]
    with pytest.raises(RefusedActionError, match="joined by way of another image"):
        reading.join_frames(t2, adc)
    reading.undo()
    assert [join.how for join in reading.state.frame_joins] == ["stated"]


def test_a_changed_motion_is_noticed_by_verification(tmp_path: Path) -> None:
    reading = apart()
    adc, t2 = ids(reading)
    reading.join_frames(adc, t2, point_lps=(0, 0, 1), to_point_lps=(0, 0, 3))
    join = build_export(reading).frame_joins[0]

    def wrong(**changes: object) -> list[str]:
        changed = join.model_copy(update=changes)
        return [each.place for each in join_statements("j", changed, reading.case.images) if not each.holds]

    assert wrong() == []
    moved = RigidTransform.from_rotation_vector((0, 0, 0), (0, 0, 2.001)).matrix.tolist()
    assert wrong(motion=tuple(map(tuple, moved))) == ["j.motion"]
    assert wrong(to_image=image(reading, Role.CT)) == ["j.to_image"]
    assert wrong(how="stated") == ["j.motion"]
    assert wrong(point_lps=None) == ["j.point_lps"]
