"""Several volumes in one series: b-values, echoes, magnitude and phase, repetitions, as each vendor writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import LegacyConvertedEnhancedMRImageStorage

from napari_vcf.dicom import Role, load_volume, native_mean, scan_folder
from support.dicomfiles import EnhancedFrame, enhanced_dataset, only, ramp, save, slice_dataset, write_series


def _standard(dataset: Dataset, b_value: float) -> None:
    dataset.DiffusionBValue = b_value


def _siemens(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "SIEMENS"
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", str(int(b_value)))


def _siemens_csa(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "SIEMENS"
    block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", csa_header({"B_value": [f"{b_value:g}"]}))


def _siemens_name(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "SIEMENS"
    dataset.SequenceName = f"*ep_b{b_value:.0f}#1"


def _ge(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "GE MEDICAL SYSTEMS"
    block = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
    block.add_new(0x39, "IS", [str(int(b_value + 1_000_000_000)), "8", "0", "0"])


def _ge_anonymised(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "GE MEDICAL SYSTEMS"
    dataset.add_new(0x00431039, "IS", [str(int(b_value)), "8", "0", "0"])


def _philips(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "Philips Medical Systems"
    block = dataset.private_block(0x2001, "Philips Imaging DD 001", create=True)
    block.add_new(0x03, "FL", float(b_value))


def _canon(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "CANON_MEC"
    dataset.ImageComments = f"b={b_value:.0f}(0.445,0.000,0.895)"


def _united(dataset: Dataset, b_value: float) -> None:
    dataset.Manufacturer = "UIH"
    block = dataset.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x09, "FD", float(b_value))


def csa_header(entries: dict[str, list[str]]) -> bytes:
    """A CSA header of the second version."""
    out = b"SV10\x04\x03\x02\x01" + len(entries).to_bytes(4, "little") + (77).to_bytes(4, "little")
    for name, items in entries.items():
        out += name.encode().ljust(64, b"\0") + (1).to_bytes(4, "little") + b"IS\0\0"
        out += (0).to_bytes(4, "little") + len(items).to_bytes(4, "little") + (77).to_bytes(4, "little")
        for item in items:
            text = item.encode() + b"\0"
            out += b"".join(part.to_bytes(4, "little") for part in (len(text), len(text), 77, len(text)))
            out += text.ljust((len(text) + 3) // 4 * 4, b"\0")
    return out


@pytest.mark.parametrize(
    "write", [_standard, _siemens, _siemens_csa, _siemens_name, _ge, _ge_anonymised, _philips, _canon, _united]
)
def test_b_values_of_every_vendor(tmp_path: Path, write: Callable[[Dataset, float], None]) -> None:
    for b_value in (0, 50, 800):
        write_series(tmp_path, 4, edit=lambda _, dataset, b=b_value: write(dataset, b), prefix=f"b{b_value}_")
    series = only(tmp_path)
    assert series.role is Role.DWI
    assert [(volume.kind, volume.b_value) for volume in series.volumes] == [("b", 0.0), ("b", 50.0), ("b", 800.0)]
    assert series.grid.shape == (4, 6, 8)


@pytest.mark.parametrize("write", [_siemens, _siemens_csa, _ge, _philips, _united])
def test_b_values_in_a_block_behind_that_of_other_software(
    tmp_path: Path, write: Callable[[Dataset, float], None]
) -> None:
    def edit(b_value: float) -> Callable[[int, Dataset], None]:
        def one(_: int, dataset: Dataset) -> None:
            for group in (0x0019, 0x0029, 0x0043, 0x0065, 0x2001):
                block = dataset.private_block(group, "ARCHIVE OF ANOTHER MAKER", create=True)
                for number in (0x03, 0x09, 0x0C, 0x10, 0x39):
                    block.add_new(number, "LO", "123")
            write(dataset, b_value)

        return one

    for b_value in (0, 800):
        write_series(tmp_path, 4, edit=edit(b_value), prefix=f"b{b_value}_")
    series = only(tmp_path)
    assert [(volume.kind, volume.b_value) for volume in series.volumes] == [("b", 0.0), ("b", 800.0)]


@pytest.mark.parametrize("write", [_ge, _standard])
def test_b_values_that_a_conversion_kept_aside_are_found(
    tmp_path: Path, write: Callable[[Dataset, float], None]
) -> None:
    frames = [
        EnhancedFrame(ramp(number + 4 * b), (0, 0, 2.0 * number), frame_type=("ORIGINAL", "PRIMARY", "M", "NONE"))
        for b in (0, 1)
        for number in range(4)
    ]
    dataset = enhanced_dataset(frames, Manufacturer="GE MEDICAL SYSTEMS")
    dataset.SOPClassUID = LegacyConvertedEnhancedMRImageStorage
    for index, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        converted = Dataset()
        write(converted, 800 * (index // 4))
        groups.UnassignedPerFrameConvertedAttributesSequence = DicomSequence([converted])
    save(dataset, tmp_path / "a")
    series = only(tmp_path)
    assert series.role is Role.DWI
    assert [(volume.kind, volume.b_value) for volume in series.volumes] == [("b", 0.0), ("b", 800.0)]


def test_frames_that_share_one_position_of_the_whole_object_are_refused(tmp_path: Path) -> None:
    dataset = enhanced_dataset([EnhancedFrame(ramp(number), (0, 0, 2.0 * number)) for number in range(3)])
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        del groups.PlanePositionSequence
    dataset.ImagePositionPatient = [0, 0, 0]
    save(dataset, tmp_path / "a")
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert "states no position" in scan.refused[0].reason


def test_quasi_zero_b_values_keep_the_value_that_was_meant(tmp_path: Path) -> None:
    for number, b_value in enumerate((0.0, 0.001, 0.002, 1000.0)):
        single = float(np.float32(b_value))
        write_series(tmp_path, 3, edit=lambda _, d, b=single: _standard(d, b), prefix=f"v{number}_")
    assert [volume.b_value for volume in only(tmp_path).volumes] == [0.0, 0.001, 0.002, 1000.0]


@pytest.mark.parametrize("write", [_standard, _united])
def test_a_b_value_below_every_number_that_is_meant_is_zero(
    tmp_path: Path, write: Callable[[Dataset, float], None]
) -> None:
    for b_value in (1e-309, 800.0):
        write_series(tmp_path, 3, edit=lambda _, dataset, b=b_value: write(dataset, b), prefix=f"b{b_value:.0f}_")
    assert [volume.b_value for volume in only(tmp_path).volumes] == [0.0, 800.0]


@pytest.mark.parametrize("write", [_standard, _united])
def test_a_b_value_that_cannot_be_is_no_weighting(tmp_path: Path, write: Callable[[Dataset, float], None]) -> None:
    for b_value in (-1.0, 1e300):
        write_series(tmp_path, 3, edit=lambda _, dataset, b=b_value: write(dataset, b), prefix=f"b{b_value:.0e}_")
    scan = scan_folder(tmp_path)
    assert [volume.b_value for volume in scan.series[0].volumes] == [None]
    assert len(scan.refused) == 3
    assert all("b-value of 1e+300" in refusal.reason for refusal in scan.refused)


def test_an_image_without_a_b_value_is_not_said_to_have_one(tmp_path: Path) -> None:
    for b_value in (-1.0, 800.0):
        write_series(tmp_path, 3, edit=lambda _, dataset, b=b_value: _standard(dataset, b), prefix=f"b{b_value:.0f}_")
    series = only(tmp_path)
    assert sorted(volume.b_value or -1.0 for volume in series.volumes) == [-1.0, 800.0]
    assert series.role_evidence == "b-values 800 s/mm2, and images without any"


def test_what_would_be_a_b_value_in_an_mr_image_is_none_in_a_ct(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.Manufacturer = "SIEMENS"
        # As an anonymiser leaves it: without the name of whose element it is.
        dataset.add_new(0x0019100C, "IS", "99999999" if number else "20")

    write_series(tmp_path, 4, edit=edit, modality="CT")
    series = only(tmp_path)
    assert (series.role, series.grid.shape[0]) == (Role.CT, 4)


def test_a_mark_of_minus_one_is_no_b_value(tmp_path: Path) -> None:
    def edit(_: int, dataset: Dataset) -> None:
        dataset.Manufacturer = "GE MEDICAL SYSTEMS"
        dataset.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", ["-1", "8", "0", "0"])

    write_series(tmp_path, 3, edit=edit)
    assert [volume.b_value for volume in only(tmp_path).volumes] == [None]


def test_a_trace_among_the_directions_is_known_as_such(tmp_path: Path) -> None:
    for number, direction in enumerate(((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0), (0.0, 0.0, 0.0))):

        def edit(_: int, dataset: Dataset, direction: tuple[float, ...] = direction) -> None:
            dataset.DiffusionBValue = 1000.0
            dataset.DiffusionGradientOrientation = list(direction)

        write_series(tmp_path, 3, edit=edit, prefix=f"v{number}_")
    assert [volume.kind for volume in only(tmp_path).volumes] == ["b", "b", "b", "trace"]


def test_echoes_with_magnitude_and_phase_interleaved_in_one_object_each_with_its_rescale(tmp_path: Path) -> None:
    frames = []
    for number in range(5):
        for echo in (2.3, 4.6):
            for component, slope, intercept in (("MAGNITUDE", 1.25, 0.0), ("PHASE", 1.5, -3142.0)):
                frames.append(
                    EnhancedFrame(
                        ramp(number), (0, 0, 3.0 * number), slope=slope, intercept=intercept, component=component,
                        echo_time=echo, frame_type=("ORIGINAL", "PRIMARY", component[0], "NONE"),
                    )
                )  # fmt: skip
    np.random.default_rng(0).shuffle(frames)
    save(enhanced_dataset(frames), tmp_path / "e")
    series = only(tmp_path)
    assert series.grid.shape == (5, 6, 8)
    assert series.role is Role.OTHER
    found = [(volume.kind, volume.echo_time_ms) for volume in series.volumes]
    assert found == [("magnitude", 2.3), ("magnitude", 4.6), ("phase", 2.3), ("phase", 4.6)]
    stored = np.stack([ramp(number) for number in range(5)]).astype(float)
    for index, (slope, intercept) in enumerate([(1.25, 0.0), (1.25, 0.0), (1.5, -3142.0), (1.5, -3142.0)]):
        assert load_volume(series, index).data == pytest.approx(stored * slope + intercept)
        assert native_mean(series, index) == pytest.approx((stored * slope + intercept).mean(), rel=1e-12)


def test_an_enhanced_diffusion_object_comes_apart_by_b_value_and_direction(tmp_path: Path) -> None:
    frames = [
        EnhancedFrame(ramp(number + 10 * part), (0, 0, 3.0 * number), b_value=b, direction=direction)
        for number in range(4)
        for part, (b, direction) in enumerate([(0.0, None), (800.0, (1.0, 0, 0)), (800.0, (0, 1.0, 0))])
    ]
    save(enhanced_dataset(frames), tmp_path / "e")
    series = only(tmp_path)
    assert series.role is Role.DWI
    assert [(volume.b_value, volume.direction) for volume in series.volumes] == [
        (0.0, None), (800.0, (1.0, 0.0, 0.0)), (800.0, (0.0, 1.0, 0.0)),
    ]  # fmt: skip
    assert load_volume(series, 2).data[3, 0, 0] == 2300


def test_files_of_one_series_with_a_volume_each_make_one_series(tmp_path: Path) -> None:
    for part, b_value in enumerate((0.0, 1000.0)):
        frames = [EnhancedFrame(ramp(number), (0, 0, 3.0 * number), b_value=b_value) for number in range(4)]
        save(enhanced_dataset(frames), tmp_path / f"e{part}")
    assert [volume.b_value for volume in only(tmp_path).volumes] == [0.0, 1000.0]


def test_repetitions_are_told_apart_by_time_only(tmp_path: Path) -> None:
    for repetition in (1, 2, 3):
        write_series(tmp_path, 3, TemporalPositionIdentifier=repetition, prefix=f"t{repetition}_")
    series = only(tmp_path)
    assert [volume.repetition for volume in series.volumes] == [0, 1, 2]
    assert series.measurable


def test_a_map_within_a_diffusion_series_is_a_series_of_its_own(tmp_path: Path) -> None:
    for b_value in (0, 800):
        write_series(tmp_path, 3, edit=lambda _, d, b=b_value: _standard(d, b), prefix=f"b{b_value}_")
    write_series(tmp_path, 3, ImageType=["DERIVED", "PRIMARY", "ADC"], prefix="adc")
    found = {series.role: len(series.volumes) for series in scan_folder(tmp_path).series}
    assert found == {Role.DWI: 2, Role.ADC: 1}


def test_a_volume_that_lacks_slices_is_named_incomplete(tmp_path: Path) -> None:
    write_series(tmp_path, 5, edit=lambda _, d: _standard(d, 0), prefix="b0_")
    write_series(tmp_path, 5, skip=[4], edit=lambda _, d: _standard(d, 800), prefix="b8_")
    series = scan_folder(tmp_path).series
    assert sorted(entry.grid.shape[0] for entry in series) == [4, 5]
    assert any("4 of the 5 slice positions" in text for entry in series for text in entry.corrections)


def _mosaic(pixels: np.ndarray, normal: tuple[float, float, float]) -> Dataset:
    """Five slices of 6 x 8 in 3 x 3 tiles."""
    sheet = np.zeros((18, 24), dtype=np.int16)
    for number in range(5):
        row, column = divmod(number, 3)
        sheet[row * 6 : row * 6 + 6, column * 8 : column * 8 + 8] = pixels[number]
    # The stated position is that of a slice with the size of the whole sheet.
    corner = np.array([10.0, 20.0, 30.0]) - np.array([1.0, 0, 0]) * 1.25 * 8 - np.array([0, 1.0, 0]) * 1.5 * 6
    dataset = slice_dataset(
        sheet, corner, ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], SpacingBetweenSlices=3.6,
        Manufacturer="SIEMENS",
    )  # fmt: skip
    entries = {"NumberOfImagesInMosaic": ["5"], "SliceNormalVector": [str(part) for part in normal]}
    dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", csa_header(entries))
    return dataset


@pytest.mark.parametrize("upwards", [True, False])
def test_a_mosaic_is_cut_into_its_slices_in_the_direction_it_states(tmp_path: Path, upwards: bool) -> None:
    pixels = np.stack([ramp(number) for number in range(5)])
    save(_mosaic(pixels, (0, 0, 1.0 if upwards else -1.0)), tmp_path / "m")
    series = only(tmp_path)
    assert series.grid.shape == (5, 6, 8)
    assert series.grid.spacing_mm == pytest.approx((3.6, 1.5, 1.25))
    assert series.grid.origin_lps == pytest.approx((10, 20, 30 if upwards else 30 - 4 * 3.6))
    expected = pixels if upwards else pixels[::-1]
    assert load_volume(series).data.tolist() == expected.tolist()


def test_a_mosaic_without_its_private_header_is_refused(tmp_path: Path) -> None:
    dataset = _mosaic(np.stack([ramp(number) for number in range(5)]), (0, 0, 1))
    del dataset[0x0029, 0x1010]
    save(dataset, tmp_path / "m")
    scan = scan_folder(tmp_path)
    assert not scan.series
    assert "mosaic" in scan.refused[0].reason


def _united_mosaic(folder: Path, count: int = 7) -> None:
    """Seven slices of 6 x 8 in 3 x 3 tiles, the last two empty; their order runs against their positions."""
    whole = np.zeros((18, 24), np.int16)
    slices = DicomSequence()
    for number in range(count):
        row, column = divmod(number, 3)
        whole[row * 6 : row * 6 + 6, column * 8 : column * 8 + 8] = ramp(number)
        slices.append(Dataset())
        slices[-1].ImagePositionPatient = [-20, 30, 40 - 4.2 * number]
    dataset = slice_dataset(whole, (0, 0, 0), ImageType=["ORIGINAL", "PRIMARY", "M", "VFRAME"], Manufacturer="UIH")
    del dataset.ImagePositionPatient
    block = dataset.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x09, "FD", 1.25)
    block.add_new(0x37, "FD", [0.0, 0.0, 0.0])
    block.add_new(0x51, "SQ", slices)
    save(dataset, folder / "m")


def test_a_mosaic_of_united_imaging_lies_where_its_slices_say(tmp_path: Path) -> None:
    _united_mosaic(tmp_path)
    series = only(tmp_path)
    assert series.grid.shape == (7, 6, 8)
    assert series.grid.spacing_mm == pytest.approx((4.2, 1.5, 1.25))
    assert series.grid.origin_lps == pytest.approx((-20, 30, 40 - 6 * 4.2))
    assert load_volume(series).data.tolist() == [ramp(number).tolist() for number in reversed(range(7))]


def test_crushers_of_united_imaging_are_no_weighting(tmp_path: Path) -> None:
    write_series(tmp_path, 3, edit=lambda _, dataset: _united(dataset, 800), prefix="a")

    def edit(_: int, dataset: Dataset) -> None:
        _united(dataset, 1.25)
        dataset.private_block(0x0065, "Image Private Header").add_new(0x37, "FD", [0.0, 0.0, 0.0])

    write_series(tmp_path, 3, edit=edit, prefix="b")
    assert [(volume.kind, volume.b_value) for volume in only(tmp_path).volumes] == [("b", 0), ("b", 800)]


def test_a_mosaic_of_united_imaging_without_its_private_sequence_is_named_as_what_it_is(tmp_path: Path) -> None:
    _united_mosaic(tmp_path, count=0)
    (refused,) = scan_folder(tmp_path).refused
    assert refused.reason.startswith("This is a mosaic of slices")
