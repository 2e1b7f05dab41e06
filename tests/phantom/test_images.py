from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_vcf.geometry import Rectangle, Volume, coverage_on_slice
from napari_vcf.phantom import PhantomCase, PhantomSpec, make_case

SMALL = PhantomSpec(mr_matrix=96, ct_matrix=64, ct_slice_mm=10.0)
POSITIONS = ("anterior", "middle", "posterior")


def values_at(volume: Volume, points: NDArray[np.float64]) -> NDArray[np.float64]:
    index = volume.grid.to_index(points)
    return ndimage.map_coordinates(volume.data.astype(float), index[:, ::-1].T, order=1)


def visible_edge(volume: Volume, point: NDArray[np.float64], outward: NDArray[np.float64]) -> float:
    """Where the dark line of an endplate ends: half-way between its darkest point and the disc, mm beyond a point."""
    t = np.arange(-2.0, 3.5, 0.05)
    profile = values_at(volume, point + np.outer(t, outward))
    darkest = int(np.argmin(profile[t < 1.0]))
    disc = np.median(profile[(t > 1.8) & (t < 3.0)])
    half = (profile[darkest] + disc) / 2
    beyond = np.nonzero(profile[darkest:] >= half)[0]
    return float(t[darkest + beyond[0]])


def test_the_same_specification_gives_the_same_images(small_case: PhantomCase) -> None:
    again = make_case(SMALL)
    for name, volume in small_case.volumes.items():
        np.testing.assert_array_equal(volume.data, again.volumes[name].data)
        assert volume.grid.is_close_to(again.volumes[name].grid, tolerance_mm=0.0)


def test_what_is_rendered_does_not_depend_on_what_else_is(small_case: PhantomCase) -> None:
    part = make_case(replace(SMALL, contrasts=("ADC", "T2")))
    assert list(part.volumes) == ["ADC", "T2"]
    for name, volume in part.volumes.items():
        np.testing.assert_array_equal(volume.data, small_case.volumes[name].data)


def test_another_seed_is_another_patient(small_case: PhantomCase) -> None:
    other = make_case(replace(SMALL, seed=1, contrasts=("T1",)))
    assert (other.volumes["T1"].data != small_case.volumes["T1"].data).mean() > 0.5
    assert other.truth.heights_mm != small_case.truth.heights_mm


def test_images_hold_what_scanners_store(small_case: PhantomCase) -> None:
    assert {name: volume.unit for name, volume in small_case.volumes.items()} == {
        "CT": "HU",
        "T1": "signal",
        "T2": "signal",
        "T2FS": "signal",
        "DWI_b0": "signal",
        "DWI_b800": "signal",
        "ADC": "um2/s",
    }
    for volume in small_case.volumes.values():
        assert volume.data.dtype == np.float32
        np.testing.assert_array_equal(volume.data, np.rint(volume.data))
    assert small_case.volumes["T1"].grid.plane == "sagittal"
    assert small_case.volumes["CT"].grid.plane == "axial"
    assert small_case.volumes["ADC"].grid.spacing_mm == pytest.approx((4.8, 10.0, 10.0))


@pytest.mark.parametrize("contrast", ["T1", "T2", "T2FS"])
def test_the_visible_endplates_are_those_of_the_truth(clean_case: PhantomCase, contrast: str) -> None:
    truth = clean_case.truth
    errors = []
    for level in (truth.level_above, truth.level, truth.level_below):
        marks = truth.landmarks_mr[level]
        for position in POSITIONS:
            upper, lower = marks[f"{position}_superior"], marks[f"{position}_inferior"]
            up = (upper - lower) / np.linalg.norm(upper - lower)
            errors.append(visible_edge(clean_case.volumes[contrast], upper, up))
            errors.append(visible_edge(clean_case.volumes[contrast], lower, -up))
    assert np.median(np.abs(errors)) < 0.5
    assert np.quantile(np.abs(errors), 0.85) < 0.8


def test_the_ct_shows_each_body_and_disc_where_the_truth_has_it(clean_case: PhantomCase) -> None:
    truth, ct = clean_case.truth, clean_case.volumes["CT"]
    around = np.stack(np.meshgrid(*[[-2.0, 0.0, 2.0]] * 3), axis=-1).reshape(-1, 3)
    levels = (truth.level_above, truth.level, truth.level_below)
    marks = truth.landmarks_ct
    for level in levels:
        assert ct.grid.contains(np.stack(list(marks[level].values()))).all()
        assert np.median(values_at(ct, marks[level]["body_center"] + around)) > 140
    for above, below in pairwise(levels):
        disc = (marks[above]["middle_inferior"] + marks[below]["middle_superior"]) / 2
        # A slice of 5 mm takes some bone along with a thin disc.
        assert 60 < values_at(ct, disc[None])[0] < 150


def test_fat_muscle_and_air_have_their_ct_numbers(clean_case: PhantomCase) -> None:
    counts, edges = np.histogram(clean_case.volumes["CT"].data, bins=np.arange(-1050, 400, 10))
    peaks = {
        int(edges[i]): counts[i] for i in range(1, len(counts) - 1) if counts[i] == counts[max(i - 3, 0) : i + 4].max()
    }
    for expected in (-105, 55):
        assert any(abs(place + 5 - expected) <= 15 and count > 20_000 for place, count in peaks.items()), expected


def test_the_fracture_is_bright_where_fat_is_suppressed_and_dark_on_t1(clean_case: PhantomCase) -> None:
    truth = clean_case.truth
    inside = ndimage.binary_erosion(truth.lesion_mask, np.ones((1, 3, 3)))
    spared = ndimage.binary_erosion(truth.body_mask & ~truth.lesion_mask, np.ones((1, 3, 3)))
    for contrast, brighter in (("T2FS", True), ("T1", False)):
        image = clean_case.volumes[contrast].data
        ratio = np.median(image[inside]) / np.median(image[spared])
        assert (ratio > 1.5) if brighter else (ratio < 0.75)


def test_a_rectangle_on_the_adc_map_finds_the_true_values(clean_case: PhantomCase) -> None:
    truth, adc = clean_case.truth, clean_case.volumes["ADC"]
    directions = adc.grid.directions
    for point, expected in (
        (truth.lesion_point_lps, truth.adc_um2_per_s["lesion"]),
        (truth.marrow_point_lps, truth.adc_um2_per_s["marrow"]),
    ):
        rectangle = Rectangle(point, directions[:, 0], directions[:, 1], long_mm=7.0, short_mm=5.0)
        coverage = coverage_on_slice(adc.grid, rectangle)
        rows, columns = coverage.area_mm2.shape
        values = adc.data[
            coverage.slice_index,
            coverage.first_row : coverage.first_row + rows,
            coverage.first_column : coverage.first_column + columns,
        ]
        assert np.average(values, weights=coverage.area_mm2) == pytest.approx(expected, rel=0.05)


def test_the_adc_map_follows_from_the_diffusion_images(small_case: PhantomCase) -> None:
    low, high = small_case.volumes["DWI_b0"].data, small_case.volumes["DWI_b800"].data
    adc = small_case.volumes["ADC"].data
    shown = (adc > 0) & (adc < 4095)
    expected = np.log(low[shown] / np.maximum(high[shown], 1)) / 800 * 1e6
    assert shown.mean() > 0.2
    assert np.abs(adc[shown] - expected).max() <= 0.51


def test_fat_moves_along_the_readout_and_water_does_not() -> None:
    spec = replace(SMALL, snr=1e5, contrasts=("T1", "T2FS"))
    still, moved = (make_case(replace(spec, chemical_shift_px=shift)).volumes for shift in (0.0, 2.0))
    t1_still, t1_moved = still["T1"].data, moved["T1"].data
    skin_fat = t1_still > np.quantile(t1_still, 0.97)
    rolled = np.roll(t1_still, 2, axis=1)
    assert np.abs(t1_moved - rolled)[skin_fat].mean() < np.abs(t1_moved - t1_still)[skin_fat].mean()
    change = np.abs(still["T2FS"].data - moved["T2FS"].data).mean() / still["T2FS"].data.mean()
    assert change < 0.4 * np.abs(t1_still - t1_moved).mean() / t1_still.mean()


def test_noise_in_air_is_rician(small_case: PhantomCase) -> None:
    image = small_case.volumes["T1"].data
    air = image[:, : image.shape[1] // 3, -6:]
    # Behind the back there is only noise: Rayleigh, whose mean is 1.253 standard deviations of one channel.
    assert air.mean() == pytest.approx(1.2533 * 420.0 / SMALL.snr, rel=0.05)


def test_the_ct_noise_has_its_strength(small_case: PhantomCase) -> None:
    quiet = make_case(replace(SMALL, ct_noise_hu=0.01, contrasts=("CT",))).volumes["CT"].data
    difference = small_case.volumes["CT"].data - quiet
    assert difference.std() == pytest.approx(SMALL.ct_noise_hu, rel=0.25)
