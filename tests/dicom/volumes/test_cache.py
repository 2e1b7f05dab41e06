"""Prepared volumes: the same voxels at once, new ones when a file changes, and no word of who it is."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.dicom import load_prepared, load_volume, scan_folder, with_adc_unit, with_computed_adc
from napari_vcf.dicom.volumes.cache import cache_folder
from support.dicomfiles import AXIAL, only, ramp, save, slice_dataset, write_series


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAPARI_VCF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_series(tmp_path / "in", 4, modality="CT", PixelPaddingValue=3)
    return tmp_path / "in"


def _forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the pixels were read again")

    monkeypatch.setattr("napari_vcf.dicom.volumes.cache.load_volume", fail)


def test_a_second_opening_reads_no_pixels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_prepared(only(folder))
    _forbid_reading(monkeypatch)
    second = load_prepared(only(folder))
    fresh = load_volume(only(folder))
    for volume in (first, second):
        assert np.array_equal(volume.data, fresh.data)
        assert volume.padding is not None
        assert np.array_equal(volume.padding, fresh.padding)
        assert volume.unit == "HU"
        assert not volume.data.flags.writeable


def test_a_changed_file_is_read_again(folder: Path) -> None:
    load_prepared(only(folder))
    save(slice_dataset(ramp(9), (-20, 30, 40), orientation=AXIAL, modality="CT"), folder / "f004")
    assert load_prepared(only(folder)).data[0, 0, 0] == 900 - 1024


def test_another_unit_is_another_volume(tmp_path: Path) -> None:
    write_series(tmp_path / "adc", 3, ImageType=["DERIVED", "PRIMARY", "ADC"])
    series = only(tmp_path / "adc")
    values = [load_prepared(with_adc_unit(series, unit)).data[1, 0, 0] for unit in ("um2/s", "1e-3 mm2/s", "um2/s")]
    assert values == [100, 100_000, 100]


def test_a_computed_map_is_kept_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for b_value in (0, 800):
        write_series(tmp_path / "dwi", 3, DiffusionBValue=float(b_value), prefix=f"b{b_value}_")
    series = with_computed_adc(scan_folder(tmp_path / "dwi")).series[-1]
    first = load_prepared(series)
    _forbid_reading(monkeypatch)
    assert np.array_equal(load_prepared(series).data, first.data)


def test_the_cache_holds_no_identity(folder: Path, cache: Path) -> None:
    load_prepared(only(folder))
    content = b"".join(path.name.encode() + path.read_bytes() for path in cache.iterdir())
    for word in (b"Secret", b"SECRET", b"1.2.826", b"f001", os.fsencode(folder)):
        assert word not in content


def test_copies_of_a_case_share_their_voxels(folder: Path, tmp_path: Path, cache: Path) -> None:
    load_prepared(only(folder))
    before = len(list(cache.glob("*.npy")))
    (tmp_path / "copy").mkdir()
    for path in folder.iterdir():
        (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    load_prepared(only(tmp_path / "copy"))
    assert len(list(cache.glob("*.npy"))) == before
    assert len(list(cache.glob("*.json"))) == 2


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"data": "x", "padding": null}', b"\xff"])
def test_a_damaged_entry_is_made_anew(folder: Path, cache: Path, damage: bytes) -> None:
    expected = load_prepared(only(folder)).data.copy()
    for entry in cache.glob("*.json"):
        entry.write_bytes(damage)
    assert np.array_equal(load_prepared(only(folder)).data, expected)


def test_the_cache_can_be_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("NAPARI_VCF_CACHE", "off")
    load_prepared(only(folder))
    assert cache_folder() is None
    assert not cache.exists()


def test_a_disk_that_cannot_be_written_costs_nothing_but_speed(folder: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert load_prepared(only(folder)).data.shape == (4, 6, 8)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs another process to end")
def test_a_prepared_volume_that_is_cut_while_it_is_open_keeps_its_voxels(folder: Path, cache: Path) -> None:
    load_prepared(only(folder))
    stored = load_prepared(only(folder))
    fresh = load_volume(only(folder))
    # In a process of its own: at a look at what is mapped and gone, the system ends the program.
    pid = os.fork()
    if pid == 0:
        for path in cache.rglob("*.npy"):
            os.truncate(path, 128)
        os._exit(0 if np.array_equal(stored.data, fresh.data) and np.array_equal(stored.padding, fresh.padding) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    # What is cut is no volume any more, and is read anew from its files.
    assert np.array_equal(load_prepared(only(folder)).data, fresh.data)
