"""Pixels that are floating-point numbers, parametric maps, and the modality LUT."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from napari_vcf.dicom import DicomError, Role, load_prepared, load_volume, native_mean, scan_folder
from support.dicomfiles import (
    EnhancedFrame,
    enhanced_dataset,
    parametric_map,
    ramp,
    save,
    slice_dataset,
    with_floats,
    write_series,
)

FLOATS = ["f4", "f8"]


def adc_values(count: int = 3) -> np.ndarray:
    """ADC in mm2/s, (slices, rows, columns)."""
    return np.random.default_rng(1).uniform(4e-4, 3e-3, (count, 12, 20))


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_floating_point_pixels_are_read_in_every_encoding(tmp_path: Path, kind: str, syntax: str) -> None:
    values = adc_values().astype(kind)
    for number, plane in enumerate(values):
        written = plane.astype(plane.dtype.newbyteorder(">")) if syntax == ExplicitVRBigEndian else plane
        dataset = with_floats(slice_dataset(ramp(0, 12, 20), (0, 0, 4.0 * number)), written.view(plane.dtype))
        save(dataset, tmp_path / f"{number}", syntax)
    (series,) = scan_folder(tmp_path).series
    assert np.array_equal(load_volume(series).data, values.astype(np.float32))
    assert native_mean(series, 0) == pytest.approx(float(values.mean(dtype=np.float64)), rel=1e-12)


@pytest.mark.parametrize("kind", FLOATS)
def test_a_parametric_map_of_adc_is_one_in_um2_per_s(tmp_path: Path, kind: str) -> None:
    values = adc_values().astype(kind)
    save(parametric_map(values, "mm2/s"), tmp_path / "map")
    (series,) = scan_folder(tmp_path).series
    assert (series.role, series.unit, series.measurable) == (Role.ADC, "um2/s", True)
    assert load_volume(series).data == pytest.approx(1e6 * values, rel=1e-6)
    assert native_mean(series, 0) == pytest.approx(1e6 * float(values.mean()), rel=1e-6)


def test_a_parametric_map_of_anything_else_has_no_role(tmp_path: Path) -> None:
    save(parametric_map(adc_values(), "s"), tmp_path / "map")
    (series,) = scan_folder(tmp_path).series
    assert series.role is Role.OTHER


@pytest.mark.parametrize("unit", ["mm2/s", "mg/mL"])
def test_a_map_computed_from_a_ct_is_no_ct_and_has_no_hounsfield_units(tmp_path: Path, unit: str) -> None:
    dataset = parametric_map(adc_values(), unit)
    dataset.Modality = "CT"
    save(dataset, tmp_path / "map")
    (series,) = scan_folder(tmp_path).series
    assert (series.role, series.unit) == (Role.OTHER, "signal")


def test_what_is_no_number_is_not_in_the_mean_of_a_map_with_several_ranges(tmp_path: Path) -> None:
    values = adc_values()
    dataset = parametric_map(values, "mm2/s")
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        lower = groups.RealWorldValueMappingSequence[0]
        upper = copy.deepcopy(lower)
        lower[0x00409213].value = upper[0x00409214].value = 1e-3
        groups.RealWorldValueMappingSequence = DicomSequence([lower, upper])
    values[:, 0, :9] = np.nan
    dataset.DoubleFloatPixelData = values.tobytes()
    save(dataset, tmp_path / "map")
    (series,) = scan_folder(tmp_path).series
    assert native_mean(series, 0) == pytest.approx(1e6 * float(np.nanmean(values)), rel=1e-6)


def test_a_float_map_whose_unit_nothing_states_waits_for_the_person(tmp_path: Path) -> None:
    for number, plane in enumerate(adc_values()):
        elements = {"ImageType": ["DERIVED", "PRIMARY", "ADC"], "Manufacturer": "SIEMENS"}
        dataset = slice_dataset(ramp(0, 12, 20), (0, 0, 4.0 * number), **elements)
        save(with_floats(dataset, plane), tmp_path / f"{number}")
    (series,) = scan_folder(tmp_path).series
    assert (series.role, series.unit) == (Role.ADC, None)


def test_what_is_no_number_or_padding_stays_out(tmp_path: Path) -> None:
    plane = adc_values(1)[0].astype(np.float32)
    plane[0, :4] = [np.nan, np.inf, -1.0, -2.0]
    dataset = with_floats(slice_dataset(ramp(0, 12, 20), (0, 0, 0)), plane)
    dataset.FloatPixelPaddingValue, dataset.FloatPixelPaddingRangeLimit = -2.0, -1.0
    save(dataset, tmp_path / "a")
    (series,) = scan_folder(tmp_path).series
    volume = load_volume(series)
    assert volume.padding is not None
    assert np.flatnonzero(volume.padding).tolist() == [0, 1, 2, 3]
    assert np.isfinite(volume.data).all()
    assert native_mean(series, 0) == pytest.approx(float(plane[np.isfinite(plane)].mean(dtype=np.float64)))


@pytest.mark.parametrize("kind", FLOATS)
def test_padding_may_be_stated_as_no_number(tmp_path: Path, kind: str) -> None:
    values = adc_values().astype(kind)
    values[:, 0, :9] = np.nan
    for number, plane in enumerate(values):
        dataset = with_floats(slice_dataset(ramp(0, 12, 20), (0, 0, 4.0 * number)), plane)
        if kind == "f4":
            dataset.FloatPixelPaddingValue = float("nan")
        else:
            dataset.DoubleFloatPixelPaddingValue = float("nan")
        save(dataset, tmp_path / f"{number}")
    (series,) = scan_folder(tmp_path).series
    volume = load_volume(series)
    assert volume.padding is not None
    assert np.array_equal(volume.padding, np.isnan(values))


def test_values_too_large_in_the_unit_of_the_series_are_left_out(tmp_path: Path) -> None:
    values = adc_values().astype(np.float32)
    values[:, 0, :9] = 3e38
    save(parametric_map(values, "mm2/s"), tmp_path / "map")
    volume = load_volume(scan_folder(tmp_path).series[0])
    assert volume.padding is not None
    assert np.array_equal(volume.padding, values > 1)


def test_an_image_without_a_number_has_no_mean(tmp_path: Path) -> None:
    plane = np.full((12, 20), np.nan)
    save(with_floats(slice_dataset(ramp(0, 12, 20), (0, 0, 0)), plane), tmp_path / "a")
    (series,) = scan_folder(tmp_path).series
    with pytest.raises(DicomError, match="none of its pixels is a number"):
        native_mean(series, 0)


def test_a_copy_with_voids_is_known_as_one(tmp_path: Path) -> None:
    plane = adc_values(1)[0]
    plane[0, 0] = np.nan
    path = save(with_floats(slice_dataset(ramp(0, 12, 20), (0, 0, 0)), plane), tmp_path / "a")
    (tmp_path / "b").write_bytes(path.read_bytes())
    (refusal,) = scan_folder(tmp_path).refused
    assert "copy of a" in refusal.reason


def table(entries: np.ndarray, first: int, bits: int, kind: str) -> DicomSequence:
    item = Dataset()
    item.add_new(0x00283002, "US", [entries.size % 65536, first % 65536, bits])
    item.ModalityLUTType = kind
    item.add_new(0x00283006, "OW", entries.tobytes() + b"\0" * (entries.nbytes % 2))
    return DicomSequence([item])


def write_table(folder: Path, modality: str, stored: np.ndarray, lut: DicomSequence, **elements: object) -> None:
    for number in range(3):
        dataset = slice_dataset(stored + number, (0, 0, 3.0 * number), modality=modality)
        for keyword in ("RescaleSlope", "RescaleIntercept"):
            if keyword in dataset:
                delattr(dataset, keyword)
        dataset.ModalityLUTSequence = lut
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        save(dataset, folder / f"{number}", ExplicitVRLittleEndian)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_modality_lut_takes_the_place_of_the_rescale(tmp_path: Path, signed: bool, bits: int) -> None:
    first = -50 if signed else 20
    entries = np.random.default_rng(2).integers(0, 1 << bits, 101).astype("u1" if bits == 8 else "<u2")
    stored = (np.arange(120).reshape(10, 12) + first - 9).astype(np.int16 if signed else np.uint16)
    write_table(tmp_path, "MR", stored, table(entries, first, bits, "US"))
    (series,) = scan_folder(tmp_path).series
    wanted = np.stack([entries[np.clip(stored.astype(int) + number - first, 0, 100)] for number in range(3)])
    assert np.array_equal(load_volume(series).data, wanted)
    assert native_mean(series, 0) == pytest.approx(float(wanted.mean()), rel=1e-12)


@pytest.mark.parametrize(("kind", "unit"), [("HU", "HU"), ("US", "signal"), ("OD", "signal")])
def test_only_a_lut_to_hounsfield_units_gives_them(tmp_path: Path, kind: str, unit: str) -> None:
    entries = np.arange(300, dtype="<u2")
    write_table(tmp_path, "CT", np.arange(120, dtype=np.int16).reshape(10, 12), table(entries, 0, 16, kind))
    (series,) = scan_folder(tmp_path).series
    assert series.unit == unit


@pytest.mark.parametrize(
    ("lut", "elements", "reason"),
    [
        (table(np.arange(9, dtype="<u2"), 0, 16, "US"), {"RescaleSlope": 1, "RescaleIntercept": 0}, "and a rescale"),
        (table(np.arange(9, dtype="<u2"), 0, 20, "US"), {}, "20 bits"),
        (table(np.full(9, 4096, dtype="<u2"), 0, 12, "US"), {}, "do not fit"),
        (DicomSequence([Dataset()]), {}, "no descriptor"),
        (DicomSequence([*table(np.arange(9, dtype="<u2"), 0, 16, "US")] * 2), {}, "2 Modality LUTs"),
    ],
    ids=["and a rescale", "bits", "too large", "no descriptor", "two"],
)
def test_a_modality_lut_that_is_not_well_defined_is_refused(
    tmp_path: Path, lut: DicomSequence, elements: dict[str, object], reason: str
) -> None:
    write_table(tmp_path, "MR", np.arange(120, dtype=np.int16).reshape(10, 12), lut, **elements)
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert all(reason in refusal.reason for refusal in scan.refused)


def test_a_modality_lut_of_floating_point_pixels_is_refused(tmp_path: Path) -> None:
    dataset = with_floats(slice_dataset(ramp(0, 12, 20), (0, 0, 0)), adc_values(1)[0])
    dataset.ModalityLUTSequence = table(np.arange(9, dtype="<u2"), 0, 16, "US")
    save(dataset, tmp_path / "a")
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert "floating-point" in scan.refused[0].reason


def test_a_modality_lut_among_the_values_of_the_frames_is_refused(tmp_path: Path) -> None:
    dataset = enhanced_dataset([EnhancedFrame(ramp(number), (0, 0, 2.0 * number)) for number in range(3)])
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        transformation = Dataset()
        transformation.ModalityLUTSequence = table(np.arange(300, dtype="<u2"), 0, 16, "US")
        groups.PixelValueTransformationSequence = DicomSequence([transformation])
    save(dataset, tmp_path / "a")
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert "Modality LUT" in scan.refused[0].reason


@pytest.mark.parametrize("scale", [{"RescaleSlope": "1e300"}, {"RescaleIntercept": "-1e300", "RescaleSlope": 1}])
def test_a_rescale_beyond_all_sense_is_refused(tmp_path: Path, scale: dict[str, object]) -> None:
    write_series(tmp_path, **scale)
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert all("does not exist" in refusal.reason for refusal in scan.refused)


def test_bytes_in_words_of_a_big_endian_file_are_put_in_order(tmp_path: Path) -> None:
    frames = np.random.default_rng(3).integers(0, 256, (3, 5, 7)).astype(np.uint8)
    dataset = enhanced_dataset([EnhancedFrame(frame, (0, 0, 2.0 * n)) for n, frame in enumerate(frames)])
    dataset.PixelData = np.frombuffer(frames.tobytes() + b"\0", "<u2").byteswap().tobytes()
    save(dataset, tmp_path / "words", ExplicitVRBigEndian)
    (series,) = scan_folder(tmp_path).series
    assert np.array_equal(load_volume(series).data, frames)


def test_prepared_floats_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAPARI_VCF_CACHE", str(tmp_path / "cache"))
    save(parametric_map(adc_values(), "mm2/s"), tmp_path / "case" / "map")
    (series,) = scan_folder(tmp_path / "case").series
    first, second = load_prepared(series).data, load_prepared(series).data
    assert np.array_equal(first, second)
