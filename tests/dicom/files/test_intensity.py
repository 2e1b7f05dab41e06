"""Stored values to real ones: rescale, real-world value maps, padding, compression, unused bits."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from napari_vcf.dicom import (
    DicomError,
    PixelError,
    load_volume,
    native_mean,
    scan_folder,
    with_adc_unit,
    with_role,
)
from napari_vcf.errors import CancelledError
from support.dicomfiles import (
    EnhancedFrame,
    compress,
    enhanced_dataset,
    ramp,
    real_world_map,
    save,
    slice_dataset,
    write_series,
)
from support.realdata import data_path


def test_ct_is_in_hounsfield_units(tmp_path: Path) -> None:
    write_series(tmp_path, 3, modality="CT")
    (series,) = scan_folder(tmp_path).series
    assert series.unit == "HU"
    assert load_volume(series).data[2, 0, 1] == 201 - 1024


def test_ct_without_a_rescale_has_no_hounsfield_units(tmp_path: Path) -> None:
    def edit(_: int, dataset: Dataset) -> None:
        del dataset.RescaleSlope
        del dataset.RescaleIntercept

    write_series(tmp_path, 3, modality="CT", edit=edit)
    (series,) = scan_folder(tmp_path).series
    assert series.unit == "signal"
    assert "no Hounsfield units" in series.unit_evidence


def test_a_slice_with_another_rescale_is_read_with_its_own_and_named(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        if number == 1:
            dataset.RescaleSlope = 2

    write_series(tmp_path, 4, modality="CT", edit=edit)
    (series,) = scan_folder(tmp_path).series
    assert load_volume(series).data[1, 0, 3] == 2 * 103 - 1024
    assert any("rescale differs" in text and "f003" in text for text in series.corrections)


@pytest.mark.parametrize("vr", ["US", "SS"])
def test_padding_is_known_whatever_sign_its_element_has(tmp_path: Path, vr: str) -> None:
    def edit(_: int, dataset: Dataset) -> None:
        pixels = ramp(0)
        pixels[0, :3] = -2000
        dataset.PixelData = pixels.tobytes()
        dataset.add_new(0x00280120, vr, -2000 if vr == "SS" else 65536 - 2000)

    write_series(tmp_path, 3, modality="CT", edit=edit)
    (series,) = scan_folder(tmp_path).series
    volume = load_volume(series)
    assert volume.padding is not None
    assert volume.padding.sum() == 9
    assert volume.padding[:, 0, :3].all()


def test_padding_stated_in_the_stored_bits_is_extended_by_its_sign(tmp_path: Path) -> None:
    values = np.arange(48).reshape(6, 8) - 2000
    dataset = slice_dataset((values & 0xFFF).astype(np.uint16), (0, 0, 0), modality="CT")
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 1
    dataset.add_new(0x00280120, "US", -2000 & 0xFFF)
    save(dataset, tmp_path / "a")
    (series,) = scan_folder(tmp_path).series
    volume = load_volume(series)
    assert volume.data[0].tolist() == (values - 1024).tolist()
    assert volume.padding is not None
    assert np.flatnonzero(volume.padding).tolist() == [0]


def test_bits_beyond_those_stored_do_not_count(tmp_path: Path) -> None:
    pixels = (np.arange(48).reshape(6, 8) + 0xF000).astype(np.uint16)
    dataset = slice_dataset(pixels, (0, 0, 0), BitsStored=12, HighBit=11)
    save(dataset, tmp_path / "overlay")
    signed = slice_dataset((np.arange(48).reshape(6, 8) - 24).astype(np.int16) & 0x0FFF, (0, 0, 0))
    signed.BitsStored, signed.HighBit, signed.SeriesInstanceUID = 12, 11, "1.2.3.4"
    save(signed, tmp_path / "signed")
    means = sorted(native_mean(series, 0) for series in scan_folder(tmp_path).series)
    assert means == [-0.5, 23.5]


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed_slices_hold_the_same_pixels(tmp_path: Path, syntax: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 4000, (32, 48)).astype(np.uint16)
    for number in range(3):
        dataset = slice_dataset(pixels + number, (0, 0, 3.0 * number), instance=number)
        compress(dataset, syntax)
        save(dataset, tmp_path / f"c{number}", syntax)
    (series,) = scan_folder(tmp_path).series
    assert load_volume(series).data.tolist() == [(pixels + number).tolist() for number in range(3)]


def test_high_throughput_jpeg_2000_is_read(tmp_path: Path) -> None:
    # ramp(3), encoded without loss by OpenJPH 0.26.3.
    stream = base64.b64decode(
        "/0//UQApQAAAAAAIAAAABgAAAAAAAAAAAAAACAAAAAYAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQ"
        "kJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAEkAAf+TwAAmfv4CB3QAAADAABLAABKA+ABHdADCAId0AMAAEkAAEYD8EnMA"
        "AOMAwAAkgABO+LPjAO7uwEm+tQD/2Q=="
    )
    dataset = slice_dataset(ramp(3), (0, 0, 0))
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, tmp_path / "a", HTJ2KLossless)
    (series,) = scan_folder(tmp_path).series
    assert load_volume(series).data[0].tolist() == ramp(3).tolist()


def test_a_compressed_slice_that_cannot_be_decoded_names_its_file(tmp_path: Path) -> None:
    dataset = slice_dataset(ramp(0), (0, 0, 0))
    dataset.PixelData = encapsulate([b"\xff\xd8 this is no picture"])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, tmp_path / "bad.dcm", JPEG2000Lossless)
    (series,) = scan_folder(tmp_path).series
    with pytest.raises(PixelError, match=r"bad\.dcm: pixels .* cannot be decoded"):
        load_volume(series)


@pytest.mark.parametrize(
    ("name", "mean"),
    [("MR_small_RLE.dcm", 518.88135), ("MR_small_jp2klossless.dcm", 518.88135), ("CT1_JLSL", 152.696 - 1024)],
)
def test_compressed_files_of_others(tmp_path: Path, name: str, mean: float) -> None:
    (tmp_path / name).write_bytes(data_path(f"nasty/{name}").read_bytes())
    (series,) = scan_folder(tmp_path).series
    assert native_mean(series, 0) == pytest.approx(mean, rel=1e-5)


def test_lossless_jpeg_is_decoded_to_stored_values_whatever_the_rescale(tmp_path: Path) -> None:
    # The only lossless JPEG at hand is a picture of another modality; its header is made that of an MR slice.
    source = pydicom.dcmread(data_path("nasty/JPEG-LL.dcm"))
    dataset = slice_dataset(ramp(0), (0, 0, 0), RescaleSlope=3, RescaleIntercept=7)
    for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"):
        setattr(dataset, keyword, source[keyword].value)
    dataset["PixelData"].is_undefined_length = True
    save(dataset, tmp_path / "j", source.file_meta.TransferSyntaxUID)
    (series,) = scan_folder(tmp_path).series
    # The mean that others find for its stored values is 13.719.
    assert load_volume(series).data.mean() == pytest.approx(3.0 * 13.719 + 7.0, abs=2e-3)


def test_real_world_values_of_an_adc_count_before_its_rescale(tmp_path: Path) -> None:
    write_series(
        tmp_path, 3, RealWorldValueMappingSequence=real_world_map("mm2/s", 2e-6), RescaleSlope=5, RescaleIntercept=1,
        ImageType=["DERIVED", "PRIMARY", "ADC"],
    )  # fmt: skip
    (series,) = scan_folder(tmp_path).series
    assert series.unit == "um2/s"
    assert "real-world value map in mm2/s" in series.unit_evidence
    assert load_volume(series).data[1, 0, 5] == pytest.approx(2 * 105)


def test_a_real_world_map_that_is_a_table_leaves_the_unit_open(tmp_path: Path) -> None:
    mapping = real_world_map("um2/s", 1.0)
    del mapping[0].RealWorldValueSlope, mapping[0].RealWorldValueIntercept
    mapping[0].RealWorldValueLUTData = [float(number) for number in range(100)]
    elements = {"ImageType": ["DERIVED", "PRIMARY", "ADC"], "Manufacturer": "SIEMENS"}
    write_series(tmp_path, 3, RealWorldValueMappingSequence=mapping, **elements)
    (series,) = scan_folder(tmp_path).series
    assert series.unit is None
    assert "table" in series.unit_evidence


def test_a_real_world_map_holds_for_its_range_only(tmp_path: Path) -> None:
    low, high = (real_world_map("um2/s", slope, intercept) for slope, intercept in ((1.0, 0.0), (2.0, -100.0)))
    low[0].add_new(0x00409211, "US", 100)
    high[0].add_new(0x00409216, "US", 101)
    high[0].add_new(0x00409211, "US", 110)
    write_series(tmp_path, 2, RealWorldValueMappingSequence=DicomSequence([low[0], high[0]]))
    (series,) = scan_folder(tmp_path).series
    volume = load_volume(series)
    # Stored are 0 to 47 and 100 to 147.
    assert volume.data[0, 0, 5] == 5
    assert volume.data[1, 0, 0] == 100
    assert volume.data[1, 0, 5] == 2 * 105 - 100
    assert volume.padding is not None
    assert volume.padding[1].reshape(-1).tolist() == [value > 110 for value in range(100, 148)]
    assert not volume.padding[0].any()


def test_slices_whose_units_differ_leave_the_unit_open_for_good(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.RescaleType = "10-3 mm2/s" if number == 2 else "um2/s"

    write_series(tmp_path, 4, edit=edit, RescaleSlope=1, RescaleIntercept=0, ImageType=["DERIVED", "PRIMARY", "ADC"])
    (series,) = scan_folder(tmp_path).series
    assert series.unit is None
    assert "contradict each other" in series.unit_evidence
    with pytest.raises(DicomError, match="No one unit holds"):
        with_adc_unit(series, "um2/s")


def test_ct_slices_without_the_rescale_of_the_others_are_no_hounsfield_units(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.RescaleType = "MGML" if number == 1 else "HU"

    write_series(tmp_path, 3, modality="CT", edit=edit)
    (series,) = scan_folder(tmp_path).series
    assert series.unit == "signal"


def test_real_world_values_for_each_frame(tmp_path: Path) -> None:
    frames = [
        EnhancedFrame(
            ramp(number), (0, 0, 3.0 * number), frame_type=("DERIVED", "PRIMARY", "DIFFUSION", "ADC"),
            map_unit="um2/s", map_slope=1.0 + number,
        )
        for number in range(3)
    ]  # fmt: skip
    save(enhanced_dataset(frames), tmp_path / "e")
    (series,) = scan_folder(tmp_path).series
    assert load_volume(series).data[:, 0, 1].tolist() == [1.0, 2 * 101.0, 3 * 201.0]


def test_a_role_that_is_corrected_changes_the_meaning_of_the_values(tmp_path: Path) -> None:
    write_series(tmp_path, 3, RealWorldValueMappingSequence=real_world_map("um2/s", 2.0))
    (series,) = scan_folder(tmp_path).series
    assert series.role == "ADC"
    as_other = with_role(series, "OTHER")
    assert as_other.unit == "signal"
    assert any("Role set to OTHER by the person" in text for text in as_other.corrections)
    assert load_volume(as_other).data[0, 0, 5] == 5
    assert load_volume(series).data[0, 0, 5] == 10


def test_reading_can_be_cancelled_and_reports_its_progress(tmp_path: Path) -> None:
    write_series(tmp_path, 6)
    steps: list[tuple[int, int]] = []
    (series,) = scan_folder(tmp_path, progress=lambda done, total, _: steps.append((done, total))).series
    assert steps[-1] == (6, 6)
    load_volume(series, progress=lambda done, total, _: steps.append((done, total)))
    assert steps[-1] == (6, 6)
    answers: Iterator[bool] = iter([False, False, True])
    with pytest.raises(CancelledError):
        load_volume(series, cancelled=lambda: next(answers))
    with pytest.raises(CancelledError):
        scan_folder(tmp_path, cancelled=lambda: True)


def test_a_lossy_compression_is_named(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.LossyImageCompression = "01" if number < 2 else "00"

    write_series(tmp_path, 5, edit=edit)
    (series,) = scan_folder(tmp_path).series
    (remark,) = series.corrections
    assert "compressed with loss in 2 of 5 files" in remark


@pytest.mark.parametrize(("stated", "words"), [(None, "may lose"), ("00", ""), ("01", "with loss")])
def test_a_compression_that_may_lose_is_remarked_on_unless_the_header_settles_it(
    tmp_path: Path, stated: str | None, words: str
) -> None:
    for number in range(3):
        dataset = slice_dataset(ramp(number, 32, 32).astype(np.uint16), (0, 0, 3.0 * number))
        compress(dataset, JPEGLSNearLossless, level=1)
        if stated is not None:
            dataset.LossyImageCompression = stated
        save(dataset, tmp_path / f"c{number}", JPEGLSNearLossless)
    (series,) = scan_folder(tmp_path).series
    assert [words in text for text in series.corrections] == ([True] if words else [])
