"""Slices to grids: order, spacing, gaps, tilt, several orientations, in any patient position."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from napari_vcf.dicom import Role, load_volume, scan_folder
from support.dicomfiles import AXIAL, SAGITTAL, only, ramp, save, slice_dataset, write_series


def test_spacing_comes_from_positions_and_not_from_the_thickness(tmp_path: Path) -> None:
    write_series(tmp_path, 5, orientation=SAGITTAL, step=(4.8, 0, 0), SliceThickness=4.0, SpacingBetweenSlices=4.0)
    series = only(tmp_path)
    assert series.grid.spacing_mm == pytest.approx((4.8, 1.5, 1.25), abs=1e-9)
    assert series.measurable
    (remark,) = series.corrections
    assert remark.endswith("the positions were taken.")


def test_slices_are_ordered_along_the_normal_whatever_their_names_and_numbers(tmp_path: Path) -> None:
    write_series(tmp_path, 5, orientation=SAGITTAL, step=(4.8, 0, 0))
    series = only(tmp_path)
    # Columns run towards the back, rows towards the feet: the normal points to the patient's right.
    assert series.grid.normal == pytest.approx((-1, 0, 0))
    assert series.grid.origin_lps == pytest.approx((-20 + 4 * 4.8, 30, 40))
    assert [int(data[0, 0]) for data in load_volume(series).data] == [400, 300, 200, 100, 0]


def _rotation(seed: int) -> np.ndarray:
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return rotation * np.sign(np.linalg.det(rotation))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000), spacing=st.floats(0.4, 12.0), position=st.sampled_from(["HFS", "FFS", "HFDL", "FFP"])
)
def test_every_voxel_lies_where_its_file_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int, spacing: float, position: str
) -> None:
    folder = tmp_path_factory.mktemp("oblique")
    axes = _rotation(seed)
    datasets = write_series(
        folder, 4, orientation=(*axes[0], *axes[1]), step=axes[2] * spacing, PatientPosition=position
    )
    series = only(folder)
    data = load_volume(series).data
    for dataset in datasets:
        origin = np.array(dataset.ImagePositionPatient, dtype=float)
        directions = np.array(dataset.ImageOrientationPatient, dtype=float).reshape(2, 3)
        corner = origin + directions[0] * 1.25 * 7 + directions[1] * 1.5 * 5
        column, row, number = series.grid.to_index(corner)
        assert (column, row, number) == pytest.approx((7, 5, round(number)), abs=1e-5)
        assert data[round(number), 5, 7] == dataset.pixel_array[5, 7]


def test_a_missing_slice_is_named_left_empty_and_closes_the_volume(tmp_path: Path) -> None:
    write_series(tmp_path, 8, skip=[5], modality="CT")
    series = only(tmp_path)
    assert series.grid.shape[0] == 8
    assert series.grid.spacing_mm[0] == pytest.approx(4.8)
    assert not series.measurable
    assert "1 of 8 slices missing" in series.not_measurable_reason
    assert "64.00 mm" in series.not_measurable_reason
    volume = load_volume(series)
    assert volume.padding is not None
    assert volume.padding.all(axis=(1, 2)).tolist() == [number == 5 for number in range(8)]
    assert [int(data[0, 0]) + 1024 for data in np.delete(volume.data, 5, axis=0)] == [0, 100, 200, 300, 400, 600, 700]


def test_uneven_slices_are_interpolated_for_the_eye_and_closed_to_measurement(tmp_path: Path) -> None:
    def shift(number: int, dataset: Dataset) -> None:
        if number == 2:
            dataset.ImagePositionPatient = [-20, 30, 40 + 2 * 4.8 + 1.1]

    write_series(tmp_path, 5, edit=shift)
    series = only(tmp_path)
    assert not series.measurable
    assert "unevenly spaced" in series.not_measurable_reason
    assert any("Resampled (linear)" in text for text in series.corrections)
    assert load_volume(series).data[1, 0, 0] == pytest.approx(100, abs=1e-3)


def test_a_slice_shifted_sideways_closes_the_volume_and_is_named(tmp_path: Path) -> None:
    def shift(number: int, dataset: Dataset) -> None:
        if number == 0:
            dataset.ImagePositionPatient = [-18, 30, 40]

    write_series(tmp_path, 6, edit=shift)
    series = only(tmp_path)
    assert not series.measurable
    assert "1 of 6 slices are shifted sideways by up to 2.00 mm" in series.not_measurable_reason
    assert series.grid.is_orthogonal


def test_rounding_of_positions_is_no_unevenness(tmp_path: Path) -> None:
    def rounded(number: int, dataset: Dataset) -> None:
        dataset.ImagePositionPatient = [f"{float(value):.2f}" for value in dataset.ImagePositionPatient]

    write_series(tmp_path, 12, step=(0, 0, 1.2345), edit=rounded)
    assert only(tmp_path).measurable


@pytest.mark.parametrize("angle_deg", [-16.5, 3.0, 24.0])
def test_a_tilted_gantry_is_made_upright_and_keeps_every_point_in_place(tmp_path: Path, angle_deg: float) -> None:
    angle = np.radians(angle_deg)
    rows_direction = np.array([0.0, np.cos(angle), np.sin(angle)])
    orientation = (1.0, 0.0, 0.0, *rows_direction)
    columns, rows, count, spacing = 9, 40, 5, 2.5

    # The intensity is a linear function of the place, which linear interpolation keeps exactly.
    def value_at(points: np.ndarray) -> np.ndarray:
        return 3.0 * points[..., 0] + 7.0 * points[..., 1] - 5.0 * points[..., 2]

    for number in range(count):
        origin = np.array([-5.0, -10.0, 20.0 + spacing * number])
        grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(float)
        points = origin + grid[..., :1] * np.array([1.0, 0, 0]) * 0.5 + grid[..., 1:] * rows_direction * 0.5
        pixels = np.round(value_at(points) * 10).astype(np.int16)
        dataset = slice_dataset(
            pixels, origin, orientation=orientation, modality="CT", pixel_spacing=(0.5, 0.5),
            RescaleSlope=0.1, RescaleIntercept=0, GantryDetectorTilt=0,
        )  # fmt: skip
        save(dataset, tmp_path / f"s{number}")
    series = only(tmp_path)
    assert series.grid.is_orthogonal
    assert series.grid.spacing_mm == pytest.approx((spacing * np.cos(angle), 0.5, 0.5), abs=1e-6)
    assert f"Gantry tilt of {abs(angle_deg):.2f} degrees" in series.corrections[0]
    assert series.measurable
    volume = load_volume(series)
    assert volume.padding is not None
    measured = ~volume.padding
    assert measured.sum() >= count * (rows - 1) * columns
    index = np.stack(np.meshgrid(*map(np.arange, series.grid.shape), indexing="ij"), axis=-1)[..., ::-1]
    expected = value_at(series.grid.to_lps(index))
    assert np.abs(volume.data - expected)[measured].max() < 0.11


def test_three_planes_under_one_series_come_apart_as_localizers(tmp_path: Path) -> None:
    coronal = (1.0, 0, 0, 0, 0, -1.0)
    for name, orientation, step in (("a", AXIAL, (0, 0, 15)), ("s", SAGITTAL, (15, 0, 0)), ("c", coronal, (0, 15, 0))):
        write_series(tmp_path, 2, orientation=orientation, step=step, prefix=name)
    scan = scan_folder(tmp_path)
    assert [series.role for series in scan.series] == [Role.LOCALIZER] * 3
    assert {series.grid.plane for series in scan.series} == {"axial", "sagittal", "coronal"}
    assert len({series.key for series in scan.series}) == 3
    assert {series.series_instance_uid for series in scan.series} == {scan.series[0].series_instance_uid}


def test_slabs_far_apart_are_volumes_of_their_own(tmp_path: Path) -> None:
    write_series(tmp_path, 3, step=(0, 0, 4.0), prefix="a")
    write_series(tmp_path, 3, step=(0, 0, 4.0), origin=(-20, 30, 83.3), prefix="b")
    scan = scan_folder(tmp_path)
    assert [series.grid.shape[0] for series in scan.series] == [3, 3]
    assert all(series.measurable for series in scan.series)
    assert "Part 1 of 2" in scan.series[0].corrections[0]


def test_sizes_that_differ_come_apart(tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    save(slice_dataset(ramp(9, 10, 10), (-20, 30, 40 + 3 * 4.8)), tmp_path / "other")
    assert sorted(series.grid.shape for series in scan_folder(tmp_path).series) == [(1, 10, 10), (3, 6, 8)]


def test_a_copy_of_a_file_is_left_out_by_name(tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    (tmp_path / "zz").write_bytes((tmp_path / "f001").read_bytes())
    scan = scan_folder(tmp_path)
    (series,) = scan.series
    assert series.measurable
    assert series.grid.shape[0] == 4
    assert [(entry.path.name, "copy of f001" in entry.reason) for entry in scan.refused] == [("zz", True)]


def test_two_images_at_one_position_that_nothing_tells_apart_close_the_volume(tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    save(slice_dataset(ramp(7), (-20, 30, 40)), tmp_path / "twin")
    scan = scan_folder(tmp_path)
    assert not any(series.measurable for series in scan.series)
    assert any("twin" in text for text in scan.series[0].corrections)


def test_no_sentence_carries_identity(tmp_path: Path) -> None:
    write_series(tmp_path, 4, skip=[1])
    save(slice_dataset(ramp(7), (-20, 30, 40)), tmp_path / "twin")
    (tmp_path / "broken").write_bytes(b"\0" * 128 + b"DICM" + b"\x08\0")
    scan = scan_folder(tmp_path)
    texts = [entry.reason for entry in scan.refused]
    for series in scan.series:
        texts += [*series.corrections, series.role_evidence, series.unit_evidence, series.not_measurable_reason]
    assert not any(word in text for text in texts for word in ("Secret", "SECRET", "1.2.826"))


@pytest.mark.parametrize("seed", [6, 14, 18, 27])
def test_positions_that_a_writer_rounds_close_no_oblique_series(tmp_path: Path, seed: int) -> None:
    axes = _rotation(seed)

    def edit(_number: int, dataset: Dataset) -> None:
        dataset.ImagePositionPatient = [round(float(value), 2) for value in dataset.ImagePositionPatient]

    write_series(tmp_path, 25, orientation=(*axes[0], *axes[1]), step=axes[2] * 3.3, edit=edit)
    series = only(tmp_path)
    assert series.measurable, series.not_measurable_reason
    assert series.grid.spacing_mm[0] == pytest.approx(3.3, abs=0.001)


def test_a_scout_in_the_series_of_a_scan_makes_no_localizer_of_it(tmp_path: Path) -> None:
    write_series(tmp_path, 5, modality="CT")
    scout = slice_dataset(ramp(9, 20, 30), (0, 0, 0), orientation=SAGITTAL, modality="CT", instance=99)
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    save(scout, tmp_path / "scout")
    assert {series.grid.shape[0]: series.role for series in scan_folder(tmp_path).series} == {
        5: Role.CT,
        1: Role.LOCALIZER,
    }


@pytest.mark.parametrize(
    ("step", "stated", "said"),
    [
        (4.8, None, None),
        (4.8, -4.8, None),
        (50.0, None, "Slices 3 mm thick lie 50.00 mm apart: 47.00 mm between any two are in no slice."),
        (
            4.0,
            2.0,
            "The header states slices every 2 mm, but their positions lie 4.00 mm apart; the positions were taken.",
        ),
    ],
)
def test_slices_farther_apart_than_expected_are_remarked_on(
    tmp_path: Path, step: float, stated: float | None, said: str | None
) -> None:
    given = {} if stated is None else {"SpacingBetweenSlices": stated}
    write_series(tmp_path, 2, step=(0.0, 0.0, step), **given)
    (series,) = scan_folder(tmp_path).series
    assert series.grid.spacing_mm[0] == pytest.approx(step)
    assert series.corrections == (() if said is None else (said,))


@pytest.mark.parametrize("tilt_deg", [60.0, 89.0])
def test_positions_that_run_along_the_slices_are_no_gantry_tilt(tmp_path: Path, tilt_deg: float) -> None:
    way = np.radians(tilt_deg)
    write_series(tmp_path, 6, step=(0, 4 * np.sin(way), 4 * np.cos(way)))
    (series,) = scan_folder(tmp_path).series
    assert not series.measurable
    assert f"{tilt_deg:.1f} degrees off the normal" in series.not_measurable_reason


def test_a_number_with_an_underscore_is_damage(tmp_path: Path) -> None:
    write_series(tmp_path, 2, pixel_spacing=(0.7512, 0.7512))
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"0.7512\\", b"0.75_2\\"))
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert "Pixel Spacing" in scan.refused[0].reason
