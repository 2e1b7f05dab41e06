"""Headers: every encoding says the same, and what is damaged is refused."""

from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from napari_vcf.dicom import DicomError, HeaderError, load_volume, scan_folder
from napari_vcf.dicom.files import elements
from napari_vcf.dicom.files.elements import read_raw_header
from napari_vcf.dicom.files.frames import frames_of
from napari_vcf.dicom.files.header import Header
from napari_vcf.dicom.files.source import open_source
from napari_vcf.dicom.files.tags import VR_OF
from support.dicomfiles import ramp, save, slice_dataset
from support.realdata import ROOT, data_path

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_encoding_gives_the_same_slice(tmp_path: Path, syntax: str) -> None:
    pixels = ramp(3)
    dataset = slice_dataset(pixels, (1.5, -2.25, 3.75), EchoTime=12.5)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = pixels.astype(">i2").tobytes()
    save(dataset, tmp_path / "a", syntax)
    (series,) = scan_folder(tmp_path).series
    assert series.volumes[0].echo_time_ms == 12.5
    assert series.grid.origin_lps.tolist() == [1.5, -2.25, 3.75]
    assert load_volume(series).data[0].tolist() == pixels.tolist()
    assert all("Single slice" in text for text in series.corrections)


def test_a_file_without_preamble_is_read_and_says_so(tmp_path: Path) -> None:
    save(slice_dataset(ramp(1), (0, 0, 0)), tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "whole").write_bytes(whole[132:])
    (series,) = scan_folder(tmp_path).series
    assert load_volume(series).data[0].tolist() == ramp(1).tolist()
    assert any("no DICOM preamble" in text for text in series.corrections)


def test_a_bare_data_set_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    dataset = slice_dataset(ramp(1), (0, 0, 0))
    pydicom.dcmwrite(tmp_path / "bare", dataset, implicit_vr=True, little_endian=True, enforce_file_format=False)
    (series,) = scan_folder(tmp_path).series
    assert any("no transfer syntax" in text for text in series.corrections)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 100, 131, 132, 140, 300, 600])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, size: int) -> None:
    save(slice_dataset(ramp(1), (0, 0, 0)), tmp_path / "cut")
    (tmp_path / "cut").write_bytes((tmp_path / "cut").read_bytes()[:size])
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert len(scan.refused) == 1
    assert scan.refused[0].reason


def test_pixels_that_bytes_were_slipped_in_before_are_refused(tmp_path: Path) -> None:
    save(slice_dataset(ramp(1), (0, 0, 0)), tmp_path / "shifted")
    content = (tmp_path / "shifted").read_bytes()
    place = read_raw_header(tmp_path / "shifted").pixel_offset
    # Within the element's own length: what is read as length is a giant multiple of the true one.
    (tmp_path / "shifted").write_bytes(content[: place - 6] + b"\xfe\x94" + content[place - 6 :])
    (refused,) = scan_folder(tmp_path).refused
    assert "beyond the end of the file" in refused.reason


def test_a_deflated_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    save(slice_dataset(ramp(1), (0, 0, 0)), tmp_path / "d", DeflatedExplicitVRLittleEndian)
    content = bytearray((tmp_path / "d").read_bytes())
    content[-40:] = b"\xff" * 40
    (tmp_path / "d").write_bytes(content)
    assert [bool(entry.reason) for entry in scan_folder(tmp_path).refused] == [True]


def test_a_deflated_header_cannot_grow_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(slice_dataset(ramp(1), (0, 0, 0)), tmp_path / "d", DeflatedExplicitVRLittleEndian)
    content = (tmp_path / "d").read_bytes()
    start = 132 + 12 + int.from_bytes(content[140:144], "little")
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = squeezer.compress(bytes(1 << 20)) + squeezer.flush()
    (tmp_path / "d").write_bytes(content[:start] + bomb)
    monkeypatch.setattr("napari_vcf.dicom.files.elements._INFLATED_LIMIT", 1 << 16)
    with pytest.raises(DicomError, match="do not end"):
        read_raw_header(tmp_path / "d")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400), framed=st.sampled_from([b"", b"\0" * 128 + b"DICM", b"\x08\0\x05\0CS"]))
def test_no_bytes_raise_anything_but_a_sentence(tmp_path: Path, content: bytes, framed: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(framed + content)
    with contextlib.suppress(DicomError):
        frames_of(open_source(path, "any"))


def _assert_same(mine: Header, theirs: pydicom.Dataset) -> int:
    compared = 0
    for tag, vr in VR_OF.items():
        if tag >> 16 == 2:
            continue
        assert (tag in mine.elements) == (tag in theirs), hex(tag)
        if tag not in theirs:
            continue
        if vr == "SQ":
            items = mine.items(tag)
            assert len(items) == len(theirs[tag].value)
            compared += sum(_assert_same(a, b) for a, b in zip(items, theirs[tag].value, strict=True))
        elif (
            vr in ("DS", "IS", "FD", "FL", "US", "UL", "SS")
            and theirs[tag].VR != "UN"
            and theirs[tag].value is not None
        ):
            value = theirs[tag].value
            expected = (
                [float(part) for part in ([value] if not hasattr(value, "__len__") else value)] if value != "" else []
            )
            assert list(mine.numbers(tag)) == pytest.approx(expected, rel=1e-12), hex(tag)
            compared += 1
    return compared


@pytest.mark.parametrize(
    "name",
    [
        "ct_abdomen_lumbar_axial",
        "mr_philips_ingenia_classic_dwi",
        "mr_philips_enhanced_dwi_b1300",
        "mr_siemens_xa30_enhanced_dwi_PA/adc",
        "mr_siemens_mosaic_sag_dwi",
        "mr_ge_dwi_classic",
        "mr_toshiba_body_adc/adc",
        "nasty/MR_small_bigendian.dcm",
        "nasty/MR_small_implicit.dcm",
    ],
)
def test_headers_of_scanners_say_what_pydicom_finds(name: str) -> None:
    found = data_path(name)
    path = found if found.is_file() else sorted(entry for entry in found.iterdir() if entry.is_file())[0]
    raw = read_raw_header(path)
    mine = Header(raw.elements, big_endian=raw.big_endian)
    assert _assert_same(mine, pydicom.dcmread(path, stop_before_pixels=True, force=True)) > 5
    assert ROOT.exists()


@pytest.mark.parametrize("big_endian", [False, True], ids=["little", "big"])
def test_what_was_read_before_changes_nothing_in_what_is_read_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, big_endian: bool
) -> None:
    order, rng = ">" if big_endian else "<", np.random.default_rng(5)
    tags = [0x00080018, 0x00080060, 0x00080070, 0x00090010, 0x00091001, 0x00180050, 0x00180081, 0x00180086, 0x00200013]
    paths = []
    for number in range(120):
        chosen = [tag for tag in tags if rng.random() < 0.8]
        if rng.random() < 0.3:
            chosen = [*chosen, *chosen[:2]]
        body = b"".join(
            struct.pack(f"{order}HH2sH", tag >> 16, tag & 0xFFFF, b"LO", 2 * size) + b"0" * (2 * size)
            for tag, size in zip(chosen, rng.integers(0, 3, len(chosen)).tolist(), strict=True)
        )
        cut = len(body) - int(rng.integers(1, 6)) if rng.random() < 0.2 else len(body)
        paths.append(tmp_path / f"{number:03d}")
        paths[-1].write_bytes(struct.pack(f"{order}HH2sH", 8, 5, b"CS", 0) + body[:cut])

    def read(path: Path) -> object:
        try:
            raw = elements.read_raw_header(path)
        except HeaderError as error:
            return str(error)
        return raw

    def fresh(path: Path) -> object:
        monkeypatch.setattr(elements, "_RUNS", (elements.Runs(), elements.Runs()))
        return read(path)

    alone = [fresh(path) for path in paths]
    monkeypatch.setattr(elements, "_RUNS", (elements.Runs(), elements.Runs()))
    assert [read(path) for path in paths] == alone
    assert any(isinstance(entry, str) for entry in alone)
    assert any(isinstance(entry, elements.RawHeader) and len(entry.elements) > 5 for entry in alone)
