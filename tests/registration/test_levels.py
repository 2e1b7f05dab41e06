from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.registration import levels
from napari_vcf.registration.levels import compare_levels, facing_column
from napari_vcf.registration.samples import working_frame
from napari_vcf.registration.scene import TUBE_MM, build_scene
from napari_vcf.registration.spine_bend import place
from support import spinecase as case


@pytest.fixture(scope="module")
def scene():
    mr = case.mr()
    frame = working_frame(mr, np.zeros(3), case.CT_OF_MR.apply((0.0, 0.0, 0.0)))
    return build_scene(case.ct(), mr, frame, 1)


@pytest.mark.parametrize("along", [-38.0, 0.0, 34.0])
def test_every_hypothesis_is_fitted_to_the_same_part_of_the_ct(scene, along):
    pose = np.array([2.0, -3.0, along, 4.0, 1.0, -2.0])
    placed, _ = place(pose, facing_column(scene, pose).points)
    reach = np.array(TUBE_MM)[:, None]
    # The region turns with the pose, by a fraction of its size.
    assert (np.linalg.norm(placed / reach, axis=0) < 1.25).all()
    assert np.abs(placed.mean(axis=1)).max() < 6.0
    assert placed[2].max() > 0.75 * TUBE_MM[2]
    assert placed[2].min() < -0.75 * TUBE_MM[2]


def test_the_levels_offset_is_the_distance_of_the_vertebrae(scene):
    pose = np.concatenate([scene.frame.pose_of(case.CT_OF_MR.inverse()), np.zeros(3)])
    evidence = compare_levels(scene, pose, lambda done, what: None)
    apart = case.centers()[[case.FRACTURED - 1, case.FRACTURED + 1], 2]
    assert evidence.margin is not None
    assert evidence.margin > 0
    for name, distance in zip(("above", "below"), apart, strict=True):
        assert evidence.offset_mm[name] == pytest.approx(distance, abs=6.0)


def test_a_neighbour_that_was_found_far_beyond_the_other_ones_distance_is_looked_for_nearer(scene, monkeypatch):
    """The next but one, or a chance fit: alone it left the neighbours' distance, and so both of them, in doubt."""
    pose = np.concatenate([scene.frame.pose_of(case.CT_OF_MR.inverse()), np.zeros(3)])
    fit_neighbour = levels._fit_neighbour

    def astray(scene, clicked, direction, fast_metric, reach_mm):
        if direction < 0 and reach_mm[1] > 50.0:
            return [clicked + np.array([10.0, 16.0, -48.0, *np.zeros(6)])]
        return fit_neighbour(scene, clicked, direction, fast_metric, reach_mm)

    monkeypatch.setattr(levels, "_fit_neighbour", astray)
    evidence = compare_levels(scene, pose, lambda done, what: None)
    assert evidence.offset_mm["below"] == pytest.approx(case.centers()[case.FRACTURED + 1, 2], abs=6.0)
    assert evidence.untested == ()


def test_a_neighbour_is_compared_where_one_of_its_fits_suits_one_of_the_other_sides():
    """A chance fit far away on one side left the other side, found where it stands, in doubt."""
    clicked = np.zeros(9)

    def at(*along):
        return [np.array([0.0, 0.0, z, *np.zeros(6)]) for z in along]

    fits = {"clicked": [clicked], "above": at(32.0), "below": at(-45.0, -35.0)}
    assert [place[2] for place in levels._places(clicked, fits, "above")] == [32.0]
    fits["below"] = at(-45.0)
    assert levels._places(clicked, fits, "above") == []
    assert [place[2] for place in levels._places(clicked, fits, "below")] == [-45.0]
    fits["below"] = at(-45.0, -16.0)
    assert levels._places(clicked, fits, "above") == []
