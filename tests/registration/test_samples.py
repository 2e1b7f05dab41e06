from __future__ import annotations

import numpy as np
import pytest

from napari_vcf.registration import register_vertebra
from napari_vcf.registration.frame import anatomical_axes
from napari_vcf.registration.landmarks import distance_mm
from napari_vcf.registration.samples import MrSamples, WorkingFrame, ct_cube, mr_contrasts, mr_samples, working_frame
from support import spinecase as case

HALF_MM = (30.0, 36.0, 26.0)
REACH_MM = (55.0, 65.0, 125.0)
COUNT = 4000


def samples_at(click) -> tuple[MrSamples, WorkingFrame]:
    mr = case.mr()
    frame = working_frame(mr, np.asarray(click, float), case.CT_OF_MR.apply(click))
    contrasts, _ = mr_contrasts(mr, frame, REACH_MM)
    return mr_samples(contrasts, frame, HALF_MM, COUNT), frame


def voxels_of(samples: MrSamples, frame: WorkingFrame) -> dict[tuple[float, ...], np.ndarray]:
    places = frame.mr_to_lps(samples.points).T
    return {tuple(place.round(4).tolist()): place for place in places}


@pytest.mark.parametrize("thinned", [False, True])
def test_two_clicks_choose_the_same_voxels_where_both_look(thinned):
    chosen = []
    clicks = np.array([(0.0, 0.0, 0.0), (1.4, -1.7, 2.3)])
    for click in clicks:
        samples, frame = samples_at(click)
        if thinned:
            samples = samples.thinned(1500)
        chosen.append(voxels_of(samples, frame))
    axes = anatomical_axes(next(iter(case.mr().values())).grid)

    def seen_by_both(place: np.ndarray) -> bool:
        return all(((axes.T @ (place - click) / np.array(HALF_MM)) ** 2).sum() < 0.98 for click in clicks)

    first, second = ({key for key, place in one.items() if seen_by_both(place)} for one in chosen)
    assert len(first) > 1000
    # A thinned choice has a fixed number, so its limit moves a little with what lies at the edge.
    assert len(first ^ second) <= (0.03 * len(first) if thinned else 0)


def test_chosen_voxels_lie_evenly_and_thinning_keeps_them_so():
    samples, _ = samples_at((0.0, 0.0, 0.0))
    few = samples.thinned(1000)
    assert len(few) == 1000
    octants = [np.bincount((one.points > 0).T @ (1, 2, 4), minlength=8) / len(one) for one in (samples, few)]
    np.testing.assert_allclose(octants[1], octants[0], atol=0.02)
    assert set(few.order.tolist()) <= set(samples.order.tolist())


def test_the_ct_is_resampled_at_the_same_places_of_the_patient_wherever_the_click_is():
    ct, mr = case.ct(), case.mr()
    cubes = []
    for shift in ((0.0, 0.0, 0.0), (0.7, -1.3, 2.2)):
        point = case.CT_OF_MR.apply((0.0, 0.0, 0.0)) + np.array(shift)
        frame = working_frame(mr, np.zeros(3), point)
        cube = ct_cube(ct, frame, (20.0, 20.0, 20.0), 1.0, blur_mm=(1.0, 1.0, 1.0))
        corner = frame.axes.T @ point + cube.origin
        np.testing.assert_allclose(corner, corner.round(), atol=1e-9)
        assert (cube.origin <= -20.0).all()
        assert (cube.origin + np.array(cube.data.shape) - 1 >= 20.0).all()
        cubes.append((corner.round().astype(int), cube.data))
    (low, data), (other_low, other) = cubes
    # The blur sees the cube's own edge, so the outermost samples differ.
    first = np.maximum(low, other_low) + 3
    last = np.minimum(low + data.shape, other_low + other.shape) - 3
    one, two = (
        values[tuple(slice(a, b) for a, b in zip(first - start, last - start, strict=True))]
        for start, values in ((low, data), (other_low, other))
    )
    assert one.size > 20_000
    np.testing.assert_allclose(one, two, atol=0.05)


def test_clicks_a_little_apart_end_in_one_transform_and_one_status():
    ct, mr = case.ct(), case.mr()
    rng = np.random.default_rng(20)
    center = case.CT_OF_MR.apply((0.0, 0.0, 0.0))
    frame = working_frame(mr, np.zeros(3), center)
    found = [
        register_vertebra(ct, mr, ct_point_lps=center + one, mr_point_lps=other)
        for one, other in rng.normal(0.0, 1.5, (5, 2, 3))
    ]
    assert {result.status for result in found} == {"ok"}
    poses = [frame.pose_of(result.ct_to_mr) for result in found]
    assert max(distance_mm(one, other) for one in poses for other in poses) < 0.1
