"""Roles by physics, units by evidence, ADC maps of our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from napari_vcf.dicom import (
    DicomError,
    Role,
    RoleError,
    UnitError,
    adc_from_signals,
    check_adc_units,
    compute_adc,
    geometric_mean,
    load_volume,
    scan_folder,
    with_adc_unit,
    with_b_values,
    with_computed_adc,
    with_role,
)
from napari_vcf.dicom.files.intensity import um2_per_s_of
from support.dicomfiles import EnhancedFrame, enhanced_dataset, ramp, save, slice_dataset, write_series

STEADY_STATE = {"ScanningSequence": "GR", "SequenceVariant": "SS", "RepetitionTime": 8, "EchoTime": 4}
#: An inversion recovery whose inversion time is not stated.
FLUID = {"ScanningSequence": ["SE", "IR"], "RepetitionTime": 9000, "EchoTime": 90}
SHORT_INVERSION = {"ScanningSequence": "IR", "RepetitionTime": 4400, "EchoTime": 64, "InversionTime": 140}
PLAIN_T1 = {"ScanningSequence": "SE", "RepetitionTime": 500, "EchoTime": 10}
REAL_PART = {"ComplexImageComponent": "REAL"}
FIELD_MAP = {"ScanningSequence": "GR", "RepetitionTime": 400, "EchoTime": 5.2}


@pytest.mark.parametrize(
    ("role", "elements"),
    [
        (Role.T1, {"ScanningSequence": "SE", "RepetitionTime": 500, "EchoTime": 10}),
        (Role.T1, {"ScanningSequence": "GR", "RepetitionTime": 300, "EchoTime": 2.5}),
        (Role.T1, {"ScanningSequence": ["SE", "IR"], "RepetitionTime": 2000, "EchoTime": 12, "InversionTime": 800}),
        (Role.T2, {"ScanningSequence": "SE", "RepetitionTime": 3500, "EchoTime": 100}),
        (Role.T2FS, {"ScanningSequence": "SE", "RepetitionTime": 3050, "EchoTime": 58, "ScanOptions": ["FS", "PFP"]}),
        (Role.T2FS, {"ScanningSequence": ["SE", "IR"], "RepetitionTime": 4000, "EchoTime": 40, "InversionTime": 160}),
        (Role.T2FS, {"RepetitionTime": 3500, "EchoTime": 90, "ImageType": ["DERIVED", "PRIMARY", "DIXON", "WATER"]}),
        (Role.T2FS, {"RepetitionTime": 3500, "EchoTime": 90, "SeriesDescription": "T2_TSE_SPAIR_SAG"}),
        (Role.T2FS, {"RepetitionTime": 3500, "EchoTime": 90, "SeriesDescription": "WATER: Sag T2 FSE IDEAL"}),
        (Role.OTHER, {"RepetitionTime": 3500, "EchoTime": 90, "SeriesDescription": "FAT: Sag T2 FSE IDEAL"}),
        (Role.T2, {"RepetitionTime": 3500, "EchoTime": 90, "SeriesDescription": "InPhase: Sag T2 FSE IDEAL"}),
        (Role.OTHER, {"RepetitionTime": 3500, "EchoTime": 90, "SeriesDescription": "OutPhase: Sag T2 FSE IDEAL"}),
        (Role.OTHER, {"ScanningSequence": ["SE", "IR"], "RepetitionTime": 9000, "EchoTime": 90, "InversionTime": 2500}),
        (Role.OTHER, {"RepetitionTime": 3000, "EchoTime": 15}),
        (Role.T1FS, {"RepetitionTime": 500, "EchoTime": 10, "ScanOptions": "FS"}),
        (Role.T1FS, {"RepetitionTime": 500, "EchoTime": 10, "SeriesDescription": "t1_tse_fs_sag"}),
        (Role.T1C, {"RepetitionTime": 500, "EchoTime": 10, "ContrastBolusAgent": "Gadovist"}),
        (Role.T1FSC, {"RepetitionTime": 500, "EchoTime": 10, "ScanOptions": "FS", "ContrastBolusAgent": "Gadovist"}),
        (Role.T1, {"RepetitionTime": 500, "EchoTime": 10, "ContrastBolusAgent": "NONE"}),
        (Role.T1, {"RepetitionTime": 500, "EchoTime": 10, "ContrastBolusAgent": "off"}),
        (Role.T1, {"RepetitionTime": 500, "EchoTime": 10, "ContrastBolusAgent": "W/O CONTRAST"}),
        (Role.T1C, {"RepetitionTime": 500, "EchoTime": 10, "SeriesDescription": "SAG T1 +C"}),
        (Role.T1C, {"RepetitionTime": 500, "EchoTime": 10, "SeriesDescription": "t1_tse_sag_post"}),
        (Role.T1, {"RepetitionTime": 500, "EchoTime": 10, "SeriesDescription": "T1 sag post-op"}),
        (Role.T1, {"RepetitionTime": 500, "EchoTime": 10, "SeriesDescription": "T1 pre contrast"}),
        (Role.T2, {"RepetitionTime": 3500, "EchoTime": 100, "ContrastBolusAgent": "Gadovist"}),
        # A spoiled gradient echo of Philips', whose steady state is T1-weighted.
        (Role.T1, {**STEADY_STATE, "PulseSequenceName": "T1FFE"}),
        (Role.T1, {**STEADY_STATE, "AcquisitionContrast": "T1"}),
        (Role.OTHER, {**STEADY_STATE, "PulseSequenceName": "B-FFE"}),
        (Role.OTHER, {**FLUID, "SeriesDescription": "t2_tirm_dark-fluid"}),
        (Role.OTHER, {**FLUID, "ScanningSequence": "SE", "SeriesDescription": "AX T2 FLAIR"}),
        (Role.OTHER, FLUID),
        (Role.OTHER, {**FLUID, "AcquisitionContrast": "FLUID_ATTENUATED"}),
        (Role.OTHER, {**FLUID, "InversionTime": 1400}),
        (Role.T2FS, {**FLUID, "SeriesDescription": "STIR sag"}),
        (Role.T2FS, {**SHORT_INVERSION, "ImageType": ["ORIGINAL", "PRIMARY", "R_IR", "R", "IR"]}),
        (Role.OTHER, {**FIELD_MAP, "SequenceName": "*fm2d2r"}),
        (Role.OTHER, {**FIELD_MAP, "SeriesDescription": "B0Map (GRE)"}),
        (Role.OTHER, {**FIELD_MAP, "SeriesDescription": "gre_field_mapping"}),
        (Role.OTHER, {**FIELD_MAP, "ScanningSequence": "RM", "SeriesDescription": "3DB0Map"}),
        (Role.OTHER, {**FIELD_MAP, "ImageType": ["DERIVED", "PRIMARY", "DCE", "SER"], "ScanOptions": "FS"}),
        (Role.LOCALIZER, {"SeriesDescription": "3-plane loc", "RepetitionTime": 500, "EchoTime": 10}),
        (Role.LOCALIZER, {"SeriesDescription": "loc_sag", "RepetitionTime": 500, "EchoTime": 10}),
        (Role.T1, {"SeriesDescription": "ext loc ref", "RepetitionTime": 500, "EchoTime": 10}),
        (Role.T1, {"SeriesDescription": "local T1", "RepetitionTime": 500, "EchoTime": 10}),
        (Role.DWI, {"SeriesDescription": "RESOLVE_4scan_trace", "RepetitionTime": 5000, "EchoTime": 60}),
        (Role.DWI, {"SequenceName": "*re_b800t", "RepetitionTime": 5000, "EchoTime": 60}),
        (Role.OTHER, {"ScanningSequence": "GR", "SequenceVariant": "SS", "RepetitionTime": 5, "EchoTime": 2}),
        (Role.OTHER, {"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"], "RepetitionTime": 500, "EchoTime": 10}),
        (Role.OTHER, {"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "FA"]}),
        (Role.OTHER, {"ImageType": ["DERIVED", "PRIMARY", "EADC"]}),
        (Role.OTHER, {"ImageType": ["DERIVED", "SECONDARY", "PROJECTION IMAGE"]}),
        (Role.OTHER, {**PLAIN_T1, "ImageType": ["ORIGINAL", "PRIMARY", "MIP_COR", "ND"]}),
        (Role.OTHER, {**PLAIN_T1, "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "SUB"]}),
        (Role.T1, {**PLAIN_T1, "ImageType": ["ORIGINAL", "PRIMARY", "DCE"]}),
        # GE's turning blades of k-space are reconstructed as real images.
        (Role.T2, {"ScanningSequence": "SE", "RepetitionTime": 6768, "EchoTime": 109, **REAL_PART}),
        (Role.OTHER, {"ScanningSequence": "GR", "RepetitionTime": 500, "EchoTime": 5, **REAL_PART}),
        (Role.OTHER, {"ScanningSequence": ["EP", "SE"], "RepetitionTime": 5000, "EchoTime": 80, **REAL_PART}),
        (Role.ADC, {"ImageType": ["DERIVED", "PRIMARY", "ADC"], "DiffusionBValue": 500.0}),
        (Role.ADC, {"ImageType": ["DERIVED", "SECONDARY"], "SeriesDescription": "dADC_map"}),
        (Role.LOCALIZER, {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}),
        (Role.LOCALIZER, {"SeriesDescription": "Survey sag"}),
        (Role.T1, {"SeriesDescription": "t1_tse_sag"}),
        (Role.T2, {"SeriesDescription": "SAG T2"}),
        (Role.T2FS, {"SeriesDescription": "SAG T2 STIR"}),
        # Between the times of T1 and those of T2 the description tells.
        (Role.T1, {"ScanningSequence": "SE", "RepetitionTime": 555, "EchoTime": 43, "SeriesDescription": "T1_tse_cor"}),
        (Role.T2FS, {"RepetitionTime": 3000, "EchoTime": 45, "ScanOptions": "FS", "SeriesDescription": "T2 sag"}),
        (Role.OTHER, {"RepetitionTime": 3000, "EchoTime": 45, "SeriesDescription": "PD_tse_sag"}),
        # The description contradicts the physics: the physics counts.
        (Role.T1, {"ScanningSequence": "SE", "RepetitionTime": 500, "EchoTime": 10, "SeriesDescription": "T2 sag"}),
    ],
)
def test_role_by_physics_then_by_description(tmp_path: Path, role: Role, elements: dict[str, object]) -> None:
    write_series(tmp_path, 3, **elements)
    (series,) = scan_folder(tmp_path).series
    assert series.role is role, series.role_evidence
    assert series.role_evidence


def test_a_classic_image_may_bring_the_groups_of_all_frames_along(tmp_path: Path) -> None:
    """As Hitachi writes its images: one frame, placed by the classic elements, with a shared functional group."""

    def with_groups(_: int, dataset: Dataset) -> None:
        modifier = Dataset()
        modifier.InversionTimes = 110.0
        groups = Dataset()
        groups.MRModifierSequence = [modifier]
        dataset.NumberOfFrames = 1
        dataset.SharedFunctionalGroupsSequence = [groups]

    elements = {"ScanningSequence": "IR", "RepetitionTime": 3320, "EchoTime": 80}
    write_series(tmp_path / "plain", 3, **elements)
    write_series(tmp_path / "grouped", 3, edit=with_groups, **elements)
    (expected,), scan = scan_folder(tmp_path / "plain").series, scan_folder(tmp_path / "grouped")
    (series,) = scan.series
    assert not scan.refused
    assert series.grid.is_close_to(expected.grid, tolerance_mm=1e-9)
    assert (series.role, series.grid.shape[0]) == (Role.T2FS, 3)


def test_role_of_an_enhanced_spin_echo_with_water_excitation(tmp_path: Path) -> None:
    frames = [
        EnhancedFrame(ramp(n), (0, 0, 3.0 * n), frame_type=("ORIGINAL", "PRIMARY", "T2", "NONE"), echo_time=80.0)
        for n in range(3)
    ]
    save(enhanced_dataset(frames, EchoPulseSequence="SPIN", SpectrallySelectedSuppression="FAT"), tmp_path / "e")
    (series,) = scan_folder(tmp_path).series
    assert series.role is Role.T2FS


def test_a_role_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, 2)
    with pytest.raises(RoleError, match="no role 'T9'"):
        with_role(scan_folder(tmp_path).series[0], "T9")


@pytest.mark.parametrize(
    "image_type",
    [
        ["DERIVED", "PRIMARY", "PERFUSION", "RCBF"],
        ["DERIVED", "SECONDARY", "CBV"],
        ["DERIVED", "PRIMARY", "AXIAL", "MTT"],
    ],
)
def test_a_perfusion_map_of_a_ct_is_no_ct_and_in_no_hounsfield_units(tmp_path: Path, image_type: list[str]) -> None:
    write_series(tmp_path, 3, modality="CT", ImageType=image_type, RescaleType="US")
    (series,) = scan_folder(tmp_path).series
    assert (series.role, series.unit, series.volumes[0].kind) == (Role.OTHER, "signal", "map")


def test_the_source_images_of_a_ct_perfusion_are_a_ct(tmp_path: Path) -> None:
    write_series(tmp_path, 3, modality="CT", ImageType=["ORIGINAL", "PRIMARY", "PERFUSION", "NONE"])
    (series,) = scan_folder(tmp_path).series
    assert (series.role, series.unit) == (Role.CT, "HU")


@pytest.mark.parametrize(
    ("elements", "unit", "words"),
    [
        ({"Manufacturer": "Siemens Healthineers"}, "um2/s", "vendor rule"),
        ({"Manufacturer": "TOSHIBA"}, None, "nothing in the files"),
        ({"Manufacturer": "Philips"}, None, "nothing in the files"),
        (
            {"Manufacturer": "Philips", "RescaleSlope": 2, "RescaleIntercept": 0, "RescaleType": "mm2/s"},
            "um2/s",
            "mm2/s",
        ),
        (
            {"Manufacturer": "SIEMENS", "RescaleSlope": 1e-6, "RescaleIntercept": 0, "RescaleType": "US"},
            None,
            "nothing",
        ),
    ],
)
def test_unit_of_an_adc_map_by_evidence_or_not_at_all(
    tmp_path: Path, elements: dict[str, object], unit: str | None, words: str
) -> None:
    write_series(tmp_path, 3, ImageType=["DERIVED", "PRIMARY", "ADC"], **elements)
    (series,) = scan_folder(tmp_path).series
    assert series.unit == unit
    assert words in series.unit_evidence


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("um2/s", 1), ("um2/ms", 1000), ("mm2/s", 1e6), ("10*-6.mm2/s", 1), ("10^-6 mm^2/s", 1), ("1E-3 mm2/s", 1000),
        ("x10-5 mm²/s", 10),
        ("µm2/s", 1), ("10E-6 mm2/s", None), ("mm", None), ("US", None), ("", None), ("HU", None), ("1", None),
    ],
)  # fmt: skip
def test_units_of_diffusivity_as_they_are_written(unit: str, factor: float | None) -> None:
    found = um2_per_s_of(unit)
    assert found == (None if factor is None else pytest.approx(factor))


@pytest.mark.parametrize(
    ("character_set", "words"),
    [
        ("GB18030", "腰椎 T2 压脂"),
        ("ISO_IR 192", "腰椎 T2 压脂"),
        ("ISO_IR 100", "Wirbelsäule T2"),
        (["", "ISO 2022 IR 87"], "腰椎 T2"),
        (["", "ISO 2022 IR 149"], "요추 T2"),
    ],
)
def test_a_description_is_read_in_its_character_set(tmp_path: Path, character_set: object, words: str) -> None:
    write_series(tmp_path, 2, SpecificCharacterSet=character_set, SeriesDescription=words)
    (series,) = scan_folder(tmp_path).series
    assert (series.description, series.role) == (words, Role.T2)


def test_a_description_in_no_known_character_set_refuses_nothing(tmp_path: Path) -> None:
    write_series(tmp_path, 2, SpecificCharacterSet="GB18030", SeriesDescription="腰椎 T2")
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"GB18030 ", b"NO_SUCH\xff"))
    (series,) = scan_folder(tmp_path).series
    assert "T2" in series.description


def test_a_unit_in_a_western_european_encoding_is_read(tmp_path: Path) -> None:
    unit = "10^-6 mm²/s"
    write_series(tmp_path, 3, ImageType=["DERIVED", "PRIMARY", "ADC"], RescaleSlope=1, RescaleIntercept=0,
                 SpecificCharacterSet="ISO_IR 100", RescaleType=unit)  # fmt: skip
    assert all(unit.encode("latin-1") in path.read_bytes() for path in tmp_path.iterdir())
    (series,) = scan_folder(tmp_path).series
    assert (series.unit, series.scale.factor) == ("um2/s", 1.0)


def test_the_persons_answer_scales_the_values_and_is_recorded(tmp_path: Path) -> None:
    write_series(tmp_path, 3, ImageType=["DERIVED", "PRIMARY", "ADC"])
    (series,) = scan_folder(tmp_path).series
    assert load_volume(series).unit == "unknown"
    answered = with_adc_unit(series, "1e-3 mm2/s")
    assert answered.unit == "um2/s"
    assert "1e-3 mm2/s, given by the person" in answered.unit_evidence
    assert load_volume(answered).data[1, 0, 5] == 105_000
    with pytest.raises(UnitError, match="not a unit of an ADC map"):
        with_adc_unit(series, "furlong")
    with pytest.raises(UnitError, match="only be given for an ADC map"):
        with_adc_unit(with_role(series, "T2"), "um2/s")


SHAPE = (3, 24, 24)


def _write_diffusion(folder: Path, adc: np.ndarray, b_values: tuple[float, ...] = (0, 800)) -> None:
    for b_value in b_values:
        signal = 3000 * np.exp(-b_value * adc / 1e6)
        for number in range(SHAPE[0]):
            dataset = slice_dataset(
                np.round(signal[number]).astype(np.int16), (0, 0, 4.0 * number), DiffusionBValue=float(b_value),
                SeriesInstanceUID="1.2.3.100",
            )  # fmt: skip
            save(dataset, folder / f"b{b_value:g}_{number}")


def _write_map(folder: Path, values: np.ndarray, **elements: object) -> None:
    for number in range(SHAPE[0]):
        dataset = slice_dataset(
            np.round(values[number]).astype(np.int16), (0, 0, 4.0 * number), SeriesInstanceUID="1.2.3.200",
            ImageType=["DERIVED", "PRIMARY", "ADC"], **elements,
        )  # fmt: skip
        save(dataset, folder / f"adc{number}")


@pytest.fixture
def adc() -> np.ndarray:
    return np.random.default_rng(2).uniform(300, 2500, SHAPE)


def _adc_series(folder: Path):
    return next(series for series in check_adc_units(scan_folder(folder)).series if series.role is Role.ADC)


@pytest.mark.parametrize(("factor", "name"), [(1.0, "um2/s"), (10.0, "1e-5 mm2/s")])
def test_an_unknown_unit_is_settled_by_the_b_images(tmp_path: Path, adc: np.ndarray, factor: float, name: str) -> None:
    _write_diffusion(tmp_path, adc)
    _write_map(tmp_path, adc / factor)
    series = _adc_series(tmp_path)
    assert series.unit == "um2/s"
    assert f"read in {name}" in series.unit_evidence
    assert np.median(np.abs(load_volume(series).data - adc)) < factor


def test_a_unit_that_the_b_images_contradict_is_taken_back(tmp_path: Path, adc: np.ndarray) -> None:
    _write_diffusion(tmp_path, adc)
    _write_map(tmp_path, adc * 10, Manufacturer="SIEMENS")
    series = _adc_series(tmp_path)
    assert series.unit is None
    assert "contradicted" in series.unit_evidence


def test_without_b_images_the_values_inform_but_do_not_decide(tmp_path: Path, adc: np.ndarray) -> None:
    _write_map(tmp_path, adc)
    series = _adc_series(tmp_path)
    assert series.unit is None
    assert "would fit um2/s" in series.unit_evidence


def test_a_scan_without_a_map_gets_one_that_is_computed_when_loaded(tmp_path: Path, adc: np.ndarray) -> None:
    _write_diffusion(tmp_path, adc)
    series = with_computed_adc(scan_folder(tmp_path)).series[-1]
    assert series.role is Role.ADC
    assert series.unit == "um2/s"
    assert "b 0 (1 image), b 800 (1 image)" in series.role_evidence
    assert np.abs(load_volume(series).data / adc - 1).max() < 0.01


def test_a_scan_with_a_map_of_the_scanner_gets_no_other(tmp_path: Path, adc: np.ndarray) -> None:
    _write_diffusion(tmp_path, adc)
    _write_map(tmp_path, adc)
    scan = scan_folder(tmp_path)
    assert with_computed_adc(scan).series == scan.series


def test_one_b_value_is_too_few(tmp_path: Path, adc: np.ndarray) -> None:
    _write_diffusion(tmp_path, adc, (800,))
    with pytest.raises(DicomError, match="at least two b-values"):
        compute_adc(scan_folder(tmp_path).series[0])


@settings(max_examples=30, deadline=None)
@given(
    rate=st.floats(50, 3500),
    height=st.floats(10, 4000),
    b_values=st.lists(st.integers(1, 30), min_size=2, max_size=6, unique=True),
)
def test_any_set_of_b_values_gives_back_the_true_rate(rate: float, height: float, b_values: list[int]) -> None:
    b = [50.0 * value for value in b_values]
    signals = [np.full((2, 2), height * np.exp(-value * rate / 1e6)) for value in b]
    assert adc_from_signals(b, signals) == pytest.approx(np.full((2, 2), rate), rel=1e-6)


def test_least_squares_reach_the_minimum_that_scipy_finds() -> None:
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(5)
    b = np.array([0.0, 50, 400, 800, 1000])
    for _ in range(20):
        signal = 1000 * np.exp(-b * 1.1e-3) + rng.normal(0, 30, b.size)
        (_, expected), _ = curve_fit(lambda x, height, rate: height * np.exp(-x * rate), b, signal, (1000, 1e-3))
        found = adc_from_signals(b.tolist(), [np.array([value]) for value in signal])[0]
        assert found == pytest.approx(expected * 1e6, rel=1e-4)


def test_directions_are_averaged_geometrically_and_dead_voxels_have_no_value() -> None:
    signals = [np.array([100.0, 400.0, 0.0]), np.array([400.0, 100.0, 50.0])]
    mean = geometric_mean(np.float32(signal) for signal in signals)
    assert mean[:2] == pytest.approx([200.0, 200.0])
    assert np.isnan(mean[2])
    assert np.isnan(adc_from_signals([0, 800], [np.array([1.0, 0.0]), np.array([0.5, 0.5])])[1])


def test_b_below_one_counts_as_zero() -> None:
    with pytest.raises(DicomError, match="two different b-values"):
        adc_from_signals([0.0, 0.002], [np.ones(2), np.ones(2)])


def test_a_trace_stays_out_where_there_are_directions(tmp_path: Path, adc: np.ndarray) -> None:
    def weighted(direction: tuple[float, float, float], gain: float, name: str) -> None:
        for number in range(SHAPE[0]):
            values = np.round(gain * 3000 * np.exp(-800 * adc[number] / 1e6)).astype(np.int16)
            dataset: Dataset = slice_dataset(
                values, (0, 0, 4.0 * number), DiffusionBValue=800.0, DiffusionGradientOrientation=list(direction),
                SeriesInstanceUID="1.2.3.100",
            )  # fmt: skip
            save(dataset, tmp_path / f"{name}{number}")

    _write_diffusion(tmp_path, adc, (0,))
    weighted((1.0, 0.0, 0.0), 1.0, "x")
    weighted((0.0, 1.0, 0.0), 1.0, "y")
    weighted((0.0, 0.0, 0.0), 0.2, "trace")
    volume, evidence = compute_adc(scan_folder(tmp_path).series[0])
    assert "b 800 (2 images)" in evidence
    assert np.abs(volume.data / adc - 1).max() < 0.01


def _t1(folder: Path, number: int, acquired: str, **elements: object) -> None:
    write_series(
        folder / str(number), 3, SeriesInstanceUID=f"1.2.3.{number}", SeriesNumber=number, AcquisitionTime=acquired,
        RepetitionTime=500, EchoTime=10, ScanningSequence="SE", **elements,
    )  # fmt: skip


def test_the_time_since_the_injection_is_known_where_both_times_are_stated(tmp_path: Path) -> None:
    given = {"ContrastBolusAgent": "Gd", "ContrastBolusStartTime": "101000"}
    _t1(tmp_path, 1, "100500", **given)
    _t1(tmp_path, 2, "101230.5", **given)
    before, after = scan_folder(tmp_path).series
    assert (before.role, before.seconds_after_injection) == (Role.T1, None)
    assert "300 s later" in before.role_evidence
    assert (after.role, after.seconds_after_injection) == (Role.T1C, 150.5)


def test_an_injection_before_midnight_is_followed_by_images_after_it(tmp_path: Path) -> None:
    _t1(tmp_path, 1, "000100", ContrastBolusAgent="Gd", ContrastBolusStartTime="235900")
    assert scan_folder(tmp_path).series[0].seconds_after_injection == 120


def test_what_was_taken_later_in_the_study_is_enhanced_whether_it_names_the_agent_or_not(tmp_path: Path) -> None:
    _t1(tmp_path, 1, "100000")
    _t1(tmp_path, 2, "101000", ContrastBolusAgent="Gd")
    _t1(tmp_path, 3, "102000", ScanOptions="FS")
    _t1(tmp_path, 4, "103000", StudyInstanceUID="1.2.9")
    assert [series.role for series in scan_folder(tmp_path).series] == [Role.T1, Role.T1C, Role.T1FSC, Role.T1]


def test_an_enhanced_object_without_times_has_the_contrast_that_it_states(tmp_path: Path) -> None:
    def extra(groups: Dataset) -> None:
        groups.MRImageFrameTypeSequence[0].AcquisitionContrast = "T1"

    frames = [
        EnhancedFrame(
            ramp(n), (0, 0, 3.0 * n), frame_type=("ORIGINAL", "PRIMARY", "T1", "NONE"), echo_time=0.0, extra=extra
        )
        for n in range(3)
    ]
    save(enhanced_dataset(frames), tmp_path / "e")
    (series,) = scan_folder(tmp_path).series
    assert series.role is Role.T1, series.role_evidence
    assert "acquisition contrast T1" in series.role_evidence


@pytest.mark.parametrize(("scanning", "count"), [(["EP", "RM"], 2), (["EP", "SE"], 12), (["EP", "GR"], 2)])
def test_an_echo_planar_series_in_time_that_states_b_zero_is_no_diffusion(
    tmp_path: Path, scanning: list[str], count: int
) -> None:
    for number in range(count):
        write_series(
            tmp_path, 3, prefix=f"t{number}", TemporalPositionIdentifier=number + 1, ScanningSequence=scanning,
            RepetitionTime=2600, EchoTime=40, DiffusionBValue=0.0,
        )  # fmt: skip
    (series,) = scan_folder(tmp_path).series
    assert series.role is Role.OTHER, series.role_evidence


def test_diffusion_images_without_b_values_say_so_and_take_those_of_the_person(tmp_path: Path, adc: np.ndarray) -> None:
    for place, b_value in enumerate((0, 800)):
        signal = np.round(3000 * np.exp(-b_value * adc / 1e6)).astype(np.int16)
        for number in range(SHAPE[0]):
            dataset = slice_dataset(
                signal[number], (0, 0, 4.0 * number), SeriesDescription="ep2d_diff_sag",
                TemporalPositionIdentifier=place, ScanningSequence=["EP", "SE"], RepetitionTime=4000, EchoTime=70,
            )  # fmt: skip
            save(dataset, tmp_path / f"{place}_{number}")
    scan = scan_folder(tmp_path)
    (series,) = scan.series
    assert series.role is Role.DWI
    assert [volume.b_value for volume in series.volumes] == [None, None]
    assert any("No b-value is stated" in text for text in series.remarks)
    assert with_computed_adc(scan).series == scan.series
    answered = with_b_values(series, [0, 800])
    assert not any("No b-value is stated" in text for text in answered.remarks)
    assert any("given by the person: 0, 800 s/mm2" in text for text in answered.corrections)
    assert np.abs(compute_adc(answered)[0].data / adc - 1).max() < 0.01
    for wrong in ([0], [0, -800], [0, float("nan")]):
        with pytest.raises(UnitError):
            with_b_values(series, wrong)
    with pytest.raises(UnitError, match="states a b-value of 800"):
        with_b_values(answered, [0, 700])
    with pytest.raises(UnitError, match="can only be given for diffusion"):
        with_b_values(with_role(series, "T2"), [0, 800])
