"""Compressed pixels: the values that the stream holds, or an error that names the file and the codec."""

from __future__ import annotations

import base64
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGExtended12Bit, JPEGLosslessSV1, JPEGLSLossless

from napari_vcf.dicom import PixelError, load_volume, scan_folder
from support.dicomfiles import EnhancedFrame, enhanced_dataset, only, save, slice_dataset


def smooth(highest: int) -> np.ndarray:
    """A picture with bright edges, that compresses as real ones do."""
    rows, columns = np.mgrid[:64, :48]
    wave = 0.5 + 0.5 * np.sin(rows / 3.0) * np.cos(columns / 5.0)
    picture = np.round(wave * highest * 0.9)
    picture[20:40, 10:30] = highest
    return picture.astype(np.uint16)


def compressed(path: Path, stream: bytes, syntax: str, **elements: object) -> Path:
    """A slice of 64 x 48 pixels with a stream of its own."""
    dataset = slice_dataset(np.zeros((64, 48), np.uint16), (0, 0, 0), **elements)
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    return save(dataset, path, syntax)


def by_gdcm(path: Path) -> np.ndarray:
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    return sitk.GetArrayFromImage(reader.Execute())[0]


def test_a_jpeg_ls_stream_of_fewer_bits_than_the_header_states_is_read(tmp_path: Path) -> None:
    # 80 k + 7 at pixel k, as 12 bits by CharLS 2.4.
    stream = base64.b64decode(
        "/9j/9wALDAAGAAgBAREA/9oACAEBAAAAAE0vl9Opsvp1NgAAEAwJ5OJpMJYwAAAEBKJJII5GIpPF/IhDIRBID+Thfn59fHt6eSaL"
        "68O7s6ujmTD/2Q=="
    )
    expected = 80 * np.arange(48).reshape(6, 8) + 7
    dataset = slice_dataset(np.zeros((6, 8), np.int16), (0, 0, 0))
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    path = save(dataset, tmp_path / "a", JPEGLSLossless)
    assert np.array_equal(load_volume(only(tmp_path)).data[0], expected)
    assert np.array_equal(by_gdcm(path), expected)


def test_bright_pixels_of_a_lossy_stream_may_lie_above_the_stored_bits(tmp_path: Path) -> None:
    stream = imagecodecs.jpeg2k_encode(smooth(4095), level=60, codecformat="j2k", reversible=False)
    path = compressed(tmp_path / "a", stream, JPEG2000, BitsStored=12, HighBit=11)
    values = load_volume(only(tmp_path)).data[0]
    assert (values > 4095).any()
    assert np.abs(values - smooth(4095)).max() < 1000
    # Another implementation of the same decoder's library finds the same.
    assert np.array_equal(values, by_gdcm(path))


@pytest.mark.parametrize("bits", [12, 16])
def test_negative_values_keep_their_sign(tmp_path: Path, bits: int) -> None:
    values = smooth(2000).astype(np.int32) - 1000
    stream = imagecodecs.ljpeg_encode((values & (1 << bits) - 1).astype(np.uint16), bitspersample=bits)
    compressed(tmp_path / "a", stream, JPEGLosslessSV1, PixelRepresentation=1, BitsStored=bits, HighBit=bits - 1)
    assert np.array_equal(load_volume(only(tmp_path)).data[0], values)


def test_an_overlay_in_the_upper_bits_is_no_value(tmp_path: Path) -> None:
    stream = imagecodecs.jpegls_encode(smooth(4000) | 0x8000)
    dataset = slice_dataset(np.zeros((64, 48), np.uint16), (0, 0, 0), BitsStored=12, HighBit=11)
    dataset.add_new(0x60000102, "US", 15)
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, tmp_path / "a", JPEGLSLossless)
    assert np.array_equal(load_volume(only(tmp_path)).data[0], smooth(4000))


def test_lossless_jpeg_without_its_closing_delimiter_is_read_with_a_remark(tmp_path: Path) -> None:
    path = compressed(tmp_path / "a", imagecodecs.ljpeg_encode(smooth(819), bitspersample=12), JPEGLosslessSV1)
    content = path.read_bytes()
    assert content.endswith(b"\xfe\xff\xdd\xe0\0\0\0\0")
    path.write_bytes(content[:-8])
    series = only(tmp_path)
    assert np.array_equal(load_volume(series).data[0], smooth(819))
    assert any("a lacks the delimiter that closes" in text for text in series.corrections)


def test_jpeg_of_twelve_bits_is_read_as_another_decoder_reads_it(tmp_path: Path) -> None:
    stream = imagecodecs.jpeg_encode(smooth(4000), level=95, bitspersample=12)
    path = compressed(tmp_path / "a", stream, JPEGExtended12Bit, BitsStored=12, HighBit=11)
    values = load_volume(only(tmp_path)).data[0]
    assert np.abs(values - smooth(4000)).mean() < 20
    assert np.abs(values - by_gdcm(path)).max() <= 1


def test_fragments_that_reach_beyond_the_file_are_refused(tmp_path: Path) -> None:
    path = compressed(tmp_path / "a", imagecodecs.jpegls_encode(smooth(4000)), JPEGLSLossless)
    content = path.read_bytes()
    path.write_bytes(content[:-400])
    (refused,) = scan_folder(tmp_path).refused
    assert "cut short" in refused.reason


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize(
    ("codec", "syntax"),
    [("jpegls", JPEGLSLossless), ("jpeg2k", JPEG2000), ("ljpeg", JPEGLosslessSV1), ("jpeg", JPEGExtended12Bit)],
)
def test_a_stream_that_is_cut_short_is_never_filled_up(tmp_path: Path, codec: str, syntax: str, share: float) -> None:
    options = {"bitspersample": 12} if codec in ("ljpeg", "jpeg") else {}
    stream = getattr(imagecodecs, f"{codec}_encode")(smooth(4000), **options)
    compressed(tmp_path / "a", stream[: int(share * len(stream))], syntax, BitsStored=12, HighBit=11)
    with pytest.raises(PixelError, match=r"a: pixels in .*JPEG"):
        load_volume(only(tmp_path))


def test_a_missing_decoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compressed(tmp_path / "a", imagecodecs.jpegls_encode(smooth(4000)), JPEGLSLossless)
    monkeypatch.setitem(__import__("sys").modules, "imagecodecs", None)
    with pytest.raises(PixelError, match="JPEG-LS need the decoder jpegls of the package imagecodecs"):
        load_volume(only(tmp_path))


def test_a_compression_that_is_not_known_is_named(tmp_path: Path) -> None:
    compressed(tmp_path / "a", b"\xff\xd8 words \xff\xd9", "1.2.840.10008.1.2.4.92")
    with pytest.raises(PixelError, match=r"compression \(1\.2\.840\.10008\.1\.2\.4\.92\) is not supported"):
        load_volume(only(tmp_path))


@pytest.mark.parametrize("codec", ["jpegls", "jpeg2k"])
@pytest.mark.parametrize("table", [True, False])
def test_frames_in_several_fragments_are_told_apart_by_the_table_or_by_their_marks(
    tmp_path: Path, codec: str, table: bool
) -> None:
    dataset, streams = _three_frames(codec)
    dataset.PixelData = encapsulate(streams, fragments_per_frame=2, has_bot=table)
    save(dataset, tmp_path / "a", JPEGLSLossless if codec == "jpegls" else JPEG2000Lossless)
    assert load_volume(only(tmp_path)).data.tolist() == [smooth(1000 + n).tolist() for n in range(3)]


def test_fragments_that_nothing_tells_apart_are_refused(tmp_path: Path) -> None:
    dataset, streams = _three_frames("jpegls")
    dataset.PixelData = encapsulate([stream[3:] for stream in streams], fragments_per_frame=2, has_bot=False)
    save(dataset, tmp_path / "a", JPEGLSLossless)
    with pytest.raises(PixelError, match="a: The pixels of 3 frames lie in 6 fragments"):
        load_volume(only(tmp_path))


def _three_frames(codec: str) -> tuple[Dataset, list[bytes]]:
    dataset = enhanced_dataset([EnhancedFrame(smooth(1000 + n), (0, 0, 3.0 * n)) for n in range(3)])
    dataset["PixelData"].is_undefined_length = True
    options = {"codecformat": "j2k", "reversible": True} if codec == "jpeg2k" else {}
    return dataset, [getattr(imagecodecs, f"{codec}_encode")(smooth(1000 + n), **options) for n in range(3)]
