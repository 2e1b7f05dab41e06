"""What may not matter does not: where the patient lies, how the map is cut, and the way by which an ROI got there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.dicom import Role, Scan
from napari_vcf.geometry import Grid, Rectangle, RigidTransform
from napari_vcf.measure.roi_placement import cuts_endplates
from napari_vcf.reading import Reading, ReadingExport, RefusedActionError, build_export
from napari_vcf.reading.results import rectangle_of
from support.cases import SAGITTAL, MemoryCase, body_masks, image, measure_heights, new_reading, rectangle, series
from support.strategies import STRAIGHT, angles_deg, rigid_transforms, rotation_vectors_deg

T2 = Grid.from_axes((9, 100, 100), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 2.0, 2.0), **SAGITTAL)
ADC = Grid.from_axes((9, 80, 80), origin_lps=(-20, -100, 100), spacing_mm=(4.8, 2.5, 2.5), **SAGITTAL)


def moved_grid(grid: Grid, motion: RigidTransform) -> Grid:
    return Grid(grid.shape, motion.matrix @ grid.affine_lps)


def case_of(t2: Grid, adc: Grid) -> MemoryCase:
    found = (series(Role.T2, t2, "signal"), series(Role.ADC, adc, "um2/s"))
    return MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32)


@settings(max_examples=15)
@given(rigid_transforms())
def test_a_patient_who_lies_otherwise_has_the_same_heights_extent_and_adc(motion: RigidTransform) -> None:
    here, there = new_reading(case_of(T2, ADC)), new_reading(case_of(moved_grid(T2, motion), moved_grid(ADC, motion)))
    measure_heights(here)
    for caliper in here.state.stages["combined"].calipers:
        start, end = motion.apply([caliper.start_lps, caliper.end_lps])
        there.place_caliper(
            stage="combined", level=caliper.level, position=caliper.position, image=image(there, Role.T2),
            start_lps=start, end_lps=end,
        )  # fmt: skip
    for level in ("T12", "L2"):
        there.set_reference("combined", level, "intact")
    turn = motion.matrix[:3, :3]
    placed = rectangle(here, 0.3, -0.7, 11.0)
    carried = Rectangle(motion.apply(placed.center_lps), turn @ placed.axis_long, turn @ placed.axis_short, 7.0, 5.0)
    for reading, roi in ((here, placed), (there, carried)):
        reading.set_masks("combined", image(reading, Role.T2), *body_masks(reading))
        reading.place_roi(
            stage="combined", tissue="lesion", placement=1, level="L1", image=image(reading, Role.ADC), rectangle=roi
        )
    before, after = here.results("combined"), there.results("combined")
    for level, heights in before.heights.items():
        for position in ("anterior", "middle", "posterior"):
            assert after.heights[level].at(position) == pytest.approx(heights.at(position), abs=1e-9)
    for rule, loss in before.height_losses.items():
        other = after.height_losses[rule]
        assert (other.degree, other.graded_position) == (loss.degree, loss.graded_position)
        assert other.graded_loss == pytest.approx(loss.graded_loss, abs=1e-9)
    assert after.extent.fraction == before.extent.fraction
    assert after.extent.body_cm3 == pytest.approx(before.extent.body_cm3)
    ((key, first),), second = before.adc.statistics.items(), after.adc.statistics
    assert second[key].mean_um2_per_s == pytest.approx(first.mean_um2_per_s, rel=1e-9)
    assert second[key].sd_um2_per_s == pytest.approx(first.sd_um2_per_s, rel=1e-6)
    assert second[key].effective_n == pytest.approx(first.effective_n, rel=1e-9)
    deviation = before.adc.endplate_deviation_deg[key]
    # On a plane that is no longer sagittal the angle means nothing.
    wanted = {key: pytest.approx(deviation, abs=1e-6)} if cuts_endplates(carried) else {}
    assert after.adc.endplate_deviation_deg == wanted


@st.composite
def maps(draw: st.DrawFn) -> Grid:
    """An ADC map of 160 mm in any plane and spacing, straight or oblique."""
    column, row = (np.array(axis) for axis in STRAIGHT[draw(st.sampled_from(sorted(STRAIGHT)))])
    if draw(st.booleans()):
        turn = RigidTransform.from_rotation_vector(draw(rotation_vectors_deg), (0, 0, 0)).matrix[:3, :3]
        column, row = turn @ column, turn @ row
    spacing = tuple(draw(st.floats(*limits)) for limits in ((1.0, 6.0), (0.6, 3.6), (0.6, 3.6)))
    return Grid.from_axes(
        (5, round(160 / spacing[1]), round(160 / spacing[2])),
        origin_lps=draw(st.tuples(*[st.floats(-200, 200)] * 3)),
        column_direction=column,
        row_direction=row,
        spacing_mm=spacing,
    )


shifts = st.tuples(st.floats(-6, 6), st.floats(-6, 6))
gestures = st.lists(
    st.one_of(angles_deg, shifts, st.sampled_from(["undo", "redo", "file"]), st.integers(-1, 1)), max_size=8
)


@settings(max_examples=25)
@given(maps(), gestures)
def test_an_roi_is_35_mm2_by_whatever_way_it_got_there(grid: Grid, sequence: list) -> None:
    reading = new_reading(case_of(T2, grid))
    start = grid.to_lps((grid.shape[2] / 2, grid.shape[1] / 2, 2))
    normal = grid.normal
    place(reading, Rectangle(start, grid.directions[:, 0], np.cross(normal, grid.directions[:, 0]), 7.0, 5.0))
    for gesture in sequence:
        act(reading, gesture, grid)
        for roi in reading.state.stages["combined"].rois:
            found = rectangle_of(roi, reading.protocol)
            sides = np.roll(found.corners_lps, -1, axis=0) - found.corners_lps
            np.testing.assert_allclose(np.linalg.norm(sides, axis=1), (7, 5, 7, 5), atol=1e-9)
            diagonals = np.linalg.norm(found.corners_lps[[0, 1]] - found.corners_lps[[2, 3]], axis=1)
            np.testing.assert_allclose(diagonals, np.sqrt(74), atol=1e-9)
            statistics = reading.results("combined").adc.statistics[roi.tissue, roi.placement]
            assert statistics.area_mm2 == pytest.approx(35.0, abs=1e-9)
            position = grid.to_index(found.center_lps)[2]
            assert position == pytest.approx(round(position), abs=1e-6)


def place(reading: Reading, found: Rectangle) -> None:
    reading.place_roi(
        stage="combined", tissue="lesion", placement=1, level="L1", image=image(reading, Role.ADC), rectangle=found
    )


def act(reading: Reading, gesture: object, grid: Grid) -> None:
    """Turn, move, change the slice, take back, make again, or go through the file."""
    rois = reading.state.stages["combined"].rois
    if gesture in ("undo", "redo"):
        if reading.can_undo if gesture == "undo" else reading.can_redo:
            (reading.undo if gesture == "undo" else reading.redo)()
        return
    if not rois:
        return
    found = rectangle_of(rois[0], reading.protocol)
    if gesture == "file":
        again = ReadingExport.model_validate_json(build_export(reading).model_dump_json())
        state = again.stages["combined"].state()
        assert state.rois == rois
        found = rectangle_of(state.rois[0], again.protocol)
    elif isinstance(gesture, float):
        found = found.rotated(gesture)
    elif isinstance(gesture, tuple):
        found = found.moved(gesture[0] * found.axis_long + gesture[1] * found.axis_short)
    else:
        step = gesture * grid.spacing_mm[0] * grid.directions[:, 2]
        found = Rectangle(found.center_lps + step, found.axis_long, found.axis_short, 7.0, 5.0)
    try:
        place(reading, found)
    except RefusedActionError as refusal:
        # Only over the edge of the map, where it cannot be measured.
        assert "image" in str(refusal)  # noqa: PT017  (an allowed refusal, not the outcome under test)
