"""NIfTI and NRRD volumes: a place and values, and a role that the person gives."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_vcf.dicom import PixelError, Role, load_volume, native_mean, scan_folder, with_adc_unit, with_role


def _write(path: Path, data: np.ndarray) -> None:
    image = sitk.GetImageFromArray(data, isVector=False)
    extra = [1.0] * (data.ndim - 3)
    image.SetSpacing([0.5, 0.75, 3.0, *extra])
    image.SetOrigin([10.0, -20.0, 30.0, *[0.0] * len(extra)])
    sitk.WriteImage(image, str(path))


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz", "v.nrrd"])
def test_a_volume_lies_where_its_header_says_and_takes_a_role(tmp_path: Path, name: str) -> None:
    data = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
    _write(tmp_path / name, data)
    (series,) = scan_folder(tmp_path).series
    assert series.role is Role.OTHER
    assert series.series_instance_uid == ""
    assert series.grid.spacing_mm == pytest.approx((3.0, 0.75, 0.5))
    assert series.grid.to_lps((5, 4, 3)) == pytest.approx((12.5, -17.0, 39.0))
    assert np.array_equal(load_volume(series).data, data)
    assert native_mean(series, 0) == pytest.approx(data.mean())
    assert with_role(series, "CT").unit == "HU"
    adc = with_role(series, "ADC")
    assert adc.unit is None
    assert load_volume(with_adc_unit(adc, "1e-3 mm2/s")).data[0, 0, 1] == 1000


def test_a_series_of_volumes_gives_each_of_them(tmp_path: Path) -> None:
    data = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    _write(tmp_path / "v.nii", data)
    (series,) = scan_folder(tmp_path).series
    assert len(series.volumes) == 2
    assert np.array_equal(load_volume(series, 1).data, data[1])


def test_the_key_is_that_of_the_content(tmp_path: Path) -> None:
    _write(tmp_path / "a.nii", np.zeros((2, 3, 4), np.float32))
    before = scan_folder(tmp_path).series[0].key
    (tmp_path / "a.nii").rename(tmp_path / "b.nii")
    assert scan_folder(tmp_path).series[0].key == before


def test_a_volume_without_a_place_in_the_patient_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a.nii", np.zeros((2, 3, 4), np.float32))
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[252:256] = bytes(4)
    (tmp_path / "a.nii").write_bytes(content)
    assert "place in the patient is unknown" in scan_folder(tmp_path).refused[0].reason


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd"])
def test_a_volume_that_is_cut_short_names_its_file(tmp_path: Path, name: str) -> None:
    values = np.random.default_rng(0).normal(size=(8, 30, 40)).astype(np.float32)
    _write(tmp_path / name, values)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    (series,) = scan_folder(tmp_path).series
    with pytest.raises(PixelError, match=f"{name}: the voxels cannot be read"):
        load_volume(series)


def test_words_in_a_file_of_that_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").write_text("words")
    assert not scan_folder(tmp_path).series
    assert len(scan_folder(tmp_path).refused) == 1


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz", "v.nrrd"])
def test_what_is_no_number_is_padding_and_no_zero(tmp_path: Path, name: str) -> None:
    data = np.full((2, 3, 4), 1000, dtype=np.float32)
    data[1, 2], data[0, 0, 0] = np.nan, np.inf
    _write(tmp_path / name, data)
    (series,) = scan_folder(tmp_path).series
    volume = load_volume(series)
    assert volume.padding is not None
    assert np.array_equal(volume.padding, ~np.isfinite(data))
    assert native_mean(series, 0) == 1000


def test_a_volume_of_no_numbers_has_no_mean(tmp_path: Path) -> None:
    _write(tmp_path / "v.nii", np.full((2, 3, 4), np.nan, dtype=np.float32))
    with pytest.raises(PixelError, match="none of its voxels"):
        native_mean(scan_folder(tmp_path).series[0], 0)


def test_two_voxel_sizes_in_one_header_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a.nii", np.zeros((2, 3, 4), np.float32))
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[80:84] = np.float32(0.9).tobytes()
    (tmp_path / "a.nii").write_bytes(content)
    assert "contradicts itself" in scan_folder(tmp_path).refused[0].reason


def _two_places(path: Path, qform_code: int, sform_code: int) -> None:
    """A file whose sform lies 23 mm higher than its qform."""
    _write(path, np.zeros((2, 3, 4), np.float32))
    content = bytearray(path.read_bytes())
    content[252:256] = np.array([qform_code, sform_code], "<i2").tobytes()
    height = np.frombuffer(content, "<f4", 1, 276)[0]
    rows = np.array([[-0.5, 0, 0, -10], [0, -0.75, 0, 20], [0, 0, 3, height + 23]], "<f4")
    content[280:328] = rows.tobytes()
    path.write_bytes(content)


@pytest.mark.parametrize(("codes", "height"), [((1, 4), 30), ((1, 2), 30), ((2, 1), 53)])
def test_of_two_places_in_one_header_that_of_the_scanner_is_taken_and_named(
    tmp_path: Path, codes: tuple[int, int], height: float
) -> None:
    _two_places(tmp_path / "a.nii", *codes)
    (series,) = scan_folder(tmp_path).series
    assert series.grid.origin_lps[2] == pytest.approx(height)
    (note,) = series.corrections
    assert "up to 23.0 mm apart" in note


@pytest.mark.parametrize("codes", [(1, 1), (2, 2), (4, 3)])
def test_two_places_that_nothing_tells_apart_are_refused(tmp_path: Path, codes: tuple[int, int]) -> None:
    _two_places(tmp_path / "a.nii", *codes)
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert "23.0 mm apart" in scan.refused[0].reason


def test_a_place_that_is_no_number_is_refused(tmp_path: Path) -> None:
    _two_places(tmp_path / "a.nii", 1, 4)
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[292:296] = np.float32(np.nan).tobytes()
    (tmp_path / "a.nii").write_bytes(content)
    assert len(scan_folder(tmp_path).refused) == 1


def test_an_nrrd_file_without_a_space_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a.nrrd", np.zeros((2, 3, 4), np.float32))
    lines = (tmp_path / "a.nrrd").read_bytes().split(b"\n")
    (tmp_path / "a.nrrd").write_bytes(b"\n".join(line for line in lines if not line.startswith(b"space")))
    assert "place in the patient is unknown" in scan_folder(tmp_path).refused[0].reason


def _right_angled() -> list[np.ndarray]:
    """The 24 rotations that bring axes to axes."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[order, range(3)] = signs
            if np.linalg.det(matrix) > 0:
                found.append(matrix)
    return found


@pytest.mark.parametrize("direction", _right_angled())
def test_every_right_angled_orientation_that_itk_writes_is_read_where_itk_reads_it(
    tmp_path: Path, direction: np.ndarray
) -> None:
    image = sitk.Image(32, 30, 6, sitk.sitkInt16)
    image.SetSpacing((0.8, 0.9, 4.0))
    image.SetDirection(direction.ravel())
    image.SetOrigin((-120.0, 30.5, 77.25))
    sitk.WriteImage(image, str(tmp_path / "a.nii"))
    scan = scan_folder(tmp_path)
    assert not scan.refused
    for corner in ((0, 0, 0), (31, 29, 5)):
        there = image.TransformIndexToPhysicalPoint(corner)
        assert scan.series[0].grid.to_lps(corner) == pytest.approx(there, abs=1e-3)


@pytest.mark.parametrize("tilt_deg", [0.0, 0.02, 0.03, 0.3, 16.0])
def test_a_volume_turned_by_nearly_half_a_turn_lies_where_its_matrix_says(tmp_path: Path, tilt_deg: float) -> None:
    sine, cosine = np.sin(np.radians(tilt_deg)), np.cos(np.radians(tilt_deg))
    turn = np.diag([-1, -1, 1]) @ np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    affine = np.eye(4)
    affine[:3, :3] = turn * [0.46, 0.46, 4.9]
    affine[:3, 3] = [118.0, 100.0, -60.0]
    image = nibabel.Nifti1Image(np.zeros((512, 512, 33), np.int8), affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    nibabel.save(image, tmp_path / "a.nii")
    (series,) = scan_folder(tmp_path).series
    there = affine @ [511, 511, 32, 1]
    assert series.grid.to_lps((511, 511, 32)) == pytest.approx((-there[0], -there[1], there[2]), abs=1e-3)
    assert not series.corrections


def test_a_quaternion_without_a_real_part_is_brought_to_unit_length(tmp_path: Path) -> None:
    _write(tmp_path / "a.nii", np.zeros((2, 3, 4), np.float32))
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[252:256] = np.array([1, 0], "<i2").tobytes()
    # As rounding leaves it: the squares add up to a little more than 1.
    content[256:268] = np.array([0.0, 0.70710685, 0.70710685], "<f4").tobytes()
    (tmp_path / "a.nii").write_bytes(content)
    (series,) = scan_folder(tmp_path).series
    assert series.grid.spacing_mm == pytest.approx((3.0, 0.75, 0.5))
    assert series.grid.is_orthogonal


def test_a_quaternion_of_no_rotation_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a.nii", np.zeros((2, 3, 4), np.float32))
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[252:256] = np.array([1, 0], "<i2").tobytes()
    content[256:268] = np.array([1.0, 0.5, 0.5], "<f4").tobytes()
    (tmp_path / "a.nii").write_bytes(content)
    assert "not a rotation" in scan_folder(tmp_path).refused[0].reason


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
@pytest.mark.parametrize("version", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_both_versions_and_their_scale_are_read(tmp_path: Path, version: type, name: str) -> None:
    stored = np.arange(5 * 4 * 3 * 2, dtype=np.int16).reshape(5, 4, 3, 2)
    image = version(stored, np.diag([-0.5, -0.75, 3.0, 1.0]))
    image.header.set_slope_inter(0.5, -10)
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, tmp_path / name)
    written = nibabel.load(tmp_path / name).get_fdata()
    (series,) = scan_folder(tmp_path).series
    assert series.grid.spacing_mm == pytest.approx((3.0, 0.75, 0.5))
    for index in (0, 1):
        assert np.allclose(load_volume(series, index).data, written[..., index].T)


def test_colours_are_refused(tmp_path: Path) -> None:
    pixels = np.zeros((4, 3, 2), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), tmp_path / "a.nii")
    assert "vectors or colours" in scan_folder(tmp_path).refused[0].reason


@pytest.mark.parametrize("version", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_damage_to_a_header_ends_in_a_refusal_an_error_or_finite_values(tmp_path: Path, version: type) -> None:
    rng = np.random.default_rng(5)
    nibabel.save(version(np.ones((5, 4, 3), np.int16), np.diag([-0.5, -0.75, 3.0, 1.0])), tmp_path / "a.nii")
    sound = (tmp_path / "a.nii").read_bytes()
    ended = set()
    for _ in range(150):
        content = bytearray(sound)
        for place in rng.integers(0, len(sound) - 120, rng.integers(1, 5)):
            content[place] = rng.integers(0, 256)
        (tmp_path / "a.nii").write_bytes(content)
        scan = scan_folder(tmp_path)
        assert len(scan.series) + len(scan.refused) == 1
        ended.add("read" if scan.series else "refused")
        for series in scan.series:
            with contextlib.suppress(PixelError):
                assert np.isfinite(load_volume(series).data).all()
    assert ended == {"read", "refused"}
