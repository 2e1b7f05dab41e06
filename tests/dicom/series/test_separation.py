"""Images of one series that must never make up one volume, and what a stated b = 0 means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from napari_vcf.dicom import Role, Scan, load_volume, scan_folder
from support.dicomfiles import (
    FRAME_UID,
    EnhancedFrame,
    enhanced_dataset,
    parametric_map,
    save,
    slice_dataset,
    write_series,
)

#: Two images at each of three positions, numbered so that their order changes from one position to the next.
SHUFFLED = [("A", 0), ("B", 0), ("B", 5), ("A", 5), ("A", 10), ("B", 10)]
VALUE = {"A": 1000, "B": 2000}


def _write(folder: Path, images: list[tuple[str, float]], modality: str = "CT", **differing: dict[str, object]) -> Scan:
    """Images numbered in their order; each holds the value of its letter, and the elements of its letter."""
    for number, (letter, depth) in enumerate(images, start=1):
        elements = {keyword: values[letter] for keyword, values in differing.items()}
        pixels = np.full((6, 8), VALUE[letter], dtype=np.int16)
        save(
            slice_dataset(pixels, (0, 0, depth), modality=modality, instance=number, **elements), folder / f"i{number}"
        )
    return scan_folder(folder)


def _contents(scan: Scan) -> list[list[float]]:
    """The values in each volume of each series."""
    return sorted(
        np.unique(load_volume(series, index).data).tolist()
        for series in scan.series
        for index in range(len(series.volumes))
    )


def test_reconstructions_with_two_kernels_are_two_series(tmp_path: Path) -> None:
    scan = _write(tmp_path, SHUFFLED, ConvolutionKernel={"A": "SOFT", "B": "BONE"})
    assert [series.grid.shape for series in scan.series] == [(3, 6, 8)] * 2
    assert _contents(scan) == [[-24.0], [976.0]]
    for series, kernel in zip(scan.series, ("BONE", "SOFT"), strict=True):
        assert series.measurable
        assert any(f"convolution kernel {kernel}" in text for text in series.corrections)


def test_kernels_of_the_frames_of_one_multi_frame_object_are_told_apart(tmp_path: Path) -> None:
    frames = []
    for letter, depth in SHUFFLED:

        def extra(groups: Dataset, letter: str = letter) -> None:
            groups.CTReconstructionSequence = Sequence([Dataset()])
            groups.CTReconstructionSequence[0].ConvolutionKernel = letter

        frames.append(EnhancedFrame(np.full((6, 8), VALUE[letter], np.int16), (0, 0, depth), extra=extra))
    save(enhanced_dataset(frames, Modality="CT"), tmp_path / "e")
    scan = scan_folder(tmp_path)
    assert len(scan.series) == 2
    assert _contents(scan) == [[1000.0], [2000.0]]


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("AcquisitionNumber", {"A": 1, "B": 2}),
        ("AcquisitionTime", {"A": "101010", "B": "101012.5"}),
        ("ContentTime", {"A": "101010", "B": "101012.5"}),
        ("ReconstructionDiameter", {"A": 320, "B": 400}),
        ("KVP", {"A": 80, "B": 140}),
    ],
)
def test_images_at_the_same_positions_are_told_apart_by_what_differs(
    tmp_path: Path, keyword: str, values: dict[str, object]
) -> None:
    scan = _write(tmp_path, SHUFFLED, **{keyword: values})
    assert all(series.measurable for series in scan.series)
    assert _contents(scan) == [[-24.0], [976.0]]


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_images_at_the_same_positions_that_nothing_tells_apart_are_not_measured(tmp_path: Path, modality: str) -> None:
    scan = _write(tmp_path, SHUFFLED, modality)
    for series in scan.series:
        assert not series.measurable
        assert "0.00, 5.00, 10.00 mm along the normal) and nothing tells them apart" in series.not_measurable_reason


def test_runs_numbered_one_after_the_other_are_repetitions(tmp_path: Path) -> None:
    scan = _write(tmp_path, [("A", 0), ("A", 5), ("A", 10), ("B", 0), ("B", 5), ("B", 10)], "MR")
    (series,) = scan.series
    assert series.measurable
    assert [volume.repetition for volume in series.volumes] == [0, 1]
    assert _contents(scan) == [[1000.0], [2000.0]]


BETWEEN = [(letter, depth + shift) for letter, shift in (("A", 0.0), ("B", 2.5)) for depth in (0, 5, 10, 15)]


@pytest.mark.parametrize(
    ("keyword", "values"), [("ConvolutionKernel", {"A": "B30f", "B": "B70f"}), ("AcquisitionNumber", {"A": 1, "B": 2})]
)
def test_ct_slices_between_those_of_another_scan_stand_apart(
    tmp_path: Path, keyword: str, values: dict[str, object]
) -> None:
    scan = _write(tmp_path, BETWEEN, **{keyword: values})
    assert [(series.grid.shape[0], series.grid.spacing_mm[0]) for series in scan.series] == [(4, 5.0)] * 2
    assert _contents(scan) == [[-24.0], [976.0]]
    assert all(any("One of 2" in text for text in series.corrections) for series in scan.series)


def test_interleaved_packages_of_an_mr_scan_are_one_volume_with_a_remark(tmp_path: Path) -> None:
    scan = _write(tmp_path, BETWEEN, "MR", AcquisitionNumber={"A": 1, "B": 2})
    (series,) = scan.series
    assert (series.grid.shape[0], series.measurable) == (8, True)
    assert "The slices of one volume come from 2 acquisitions." in series.corrections


def test_ct_acquisitions_one_after_the_other_along_the_body_are_one_scan(tmp_path: Path) -> None:
    images = [("A", 0), ("A", 5), ("A", 10), ("B", 15), ("B", 20), ("B", 25)]
    (series,) = _write(tmp_path, images, AcquisitionNumber={"A": 1, "B": 2}).series
    assert series.grid.shape[0] == 6


@pytest.mark.parametrize(
    ("pixels", "spacing", "odd", "usual"),
    [
        ((8, 12), (1.5, 1.25), "size (8 x 12)", "size (6 x 8)"),
        ((6, 8), (1.5, 1.3), "pixel spacing (1.5 x 1.3 mm)", "pixel spacing (1.5 x 1.25 mm)"),
    ],
)
def test_an_image_of_another_size_or_spacing_is_named_in_both_series(
    tmp_path: Path, pixels: tuple[int, int], spacing: tuple[float, float], odd: str, usual: str
) -> None:
    write_series(tmp_path, 5, skip=[2])
    position = (-20, 30, 40 + 2 * 4.8)
    save(slice_dataset(np.zeros(pixels, np.int16), position, pixel_spacing=spacing), tmp_path / "odd")
    most, single = sorted(scan_folder(tmp_path).series, key=lambda series: -series.grid.shape[0])
    assert f"1 image of the same series has another {odd} and stands apart." in most.corrections
    assert odd in most.not_measurable_reason
    assert f"4 images of the same series have another {usual} and stand apart." in single.corrections


def test_frames_of_a_map_whose_unit_is_lost_are_named_in_both_parts(tmp_path: Path) -> None:
    dataset = parametric_map(np.full((4, 6, 8), 1e-3, dtype=np.float32), "mm2/s")
    for groups in dataset.PerFrameFunctionalGroupsSequence[:2]:
        del groups.RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence
    save(dataset, tmp_path / "map")
    diffusivity, other = sorted(scan_folder(tmp_path).series, key=lambda series: series.role is not Role.ADC)
    assert (diffusivity.role, diffusivity.grid.shape[0], other.role) == (Role.ADC, 2, Role.OTHER)
    assert "2 images of the same series have another kind (map) and stand apart." in diffusivity.corrections
    assert "2 images of the same series have another kind (adc) and stand apart." in other.corrections


def test_a_slice_that_calls_itself_another_map_than_its_neighbours_is_named(tmp_path: Path) -> None:
    write_series(tmp_path, 5, ImageType=["DERIVED", "PRIMARY", "ADC"])
    write_series(tmp_path, 1, origin=(-20, 30, 40 + 5 * 4.8), prefix="odd", ImageType=["DERIVED", "PRIMARY", "FA"])
    most = max(scan_folder(tmp_path).series, key=lambda series: series.grid.shape[0])
    assert "1 image of the same series has another kind (fa) and stands apart." in most.corrections


def test_maps_at_the_positions_of_their_images_are_no_remark(tmp_path: Path) -> None:
    write_series(tmp_path, 5, DiffusionBValue=800.0)
    write_series(tmp_path, 5, prefix="adc", ImageType=["DERIVED", "PRIMARY", "ADC"])
    assert all("stand" not in text for series in scan_folder(tmp_path).series for text in series.corrections)


SPIN_ECHO = {"RepetitionTime": 3000, "EchoTime": 80, "ScanningSequence": "SE"}
ECHO_PLANAR = {**SPIN_ECHO, "ScanningSequence": ["EP", "SE"]}


def test_a_spin_echo_that_states_b_zero_stays_what_its_times_say(tmp_path: Path) -> None:
    write_series(tmp_path, 3, DiffusionBValue=0.0, **SPIN_ECHO)
    (series,) = scan_folder(tmp_path).series
    assert (series.role, series.volumes[0].b_value) == (Role.T2, None)


def test_b_zero_of_an_echo_planar_series_of_its_own_counts(tmp_path: Path) -> None:
    write_series(tmp_path, 3, DiffusionBValue=0.0, **ECHO_PLANAR)
    (series,) = scan_folder(tmp_path).series
    assert (series.role, series.volumes[0].b_value) == (Role.DWI, 0.0)
    assert "b-value 0" in series.role_evidence


def test_b_zero_of_a_functional_gradient_echo_does_not_count(tmp_path: Path) -> None:
    write_series(tmp_path, 3, DiffusionBValue=0.0, **{**SPIN_ECHO, "ScanningSequence": ["EP", "GR"]})
    assert scan_folder(tmp_path).series[0].role is Role.OTHER


@pytest.mark.parametrize(
    ("uid", "echo", "role"),
    [("1.2.3.1", 80, Role.DWI), ("1.2.3.1", 100, Role.DWI), ("1.2.3.2", 80, Role.DWI), ("1.2.3.2", 100, Role.T2)],
)
def test_b_zero_beside_weighted_images_counts_if_they_were_taken_alike(
    tmp_path: Path, uid: str, echo: int, role: Role
) -> None:
    unweighted = {**SPIN_ECHO, "EchoTime": echo}
    write_series(tmp_path, 5, prefix="zero", DiffusionBValue=0.0, SeriesInstanceUID="1.2.3.1", **unweighted)
    write_series(tmp_path, 5, skip=[2], prefix="b", DiffusionBValue=800.0, SeriesInstanceUID=uid, **SPIN_ECHO)
    zero = next(series for series in scan_folder(tmp_path).series if series.measurable)
    assert zero.role is role
    assert zero.volumes[0].b_value == (0.0 if role is Role.DWI else None)


def test_directions_that_differ_by_little_are_told_apart_by_the_number_of_the_gradient(tmp_path: Path) -> None:
    first, near, far = (-0.65349, -0.27067, -0.70688), (-0.65329, -0.27061, -0.70710), (0.47249, -0.70710, 0.52608)
    for number, direction in enumerate(((0, 0, 0), first, near, far)):

        def edit(_: int, dataset: Dataset, number: int = number, direction: tuple[float, ...] = direction) -> None:
            dataset.Manufacturer = "Philips Medical Systems"
            dataset.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(
                0x03, "FL", 1000.0 * (number > 0)
            )
            block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
            for tag, part in zip((0xB0, 0xB1, 0xB2), direction, strict=True):
                block.add_new(tag, "FL", part)
            dataset.add_new(0x20051413, "IS", str(33 - number))
            dataset.PixelData = np.full((6, 8), 100 * number, np.int16).tobytes()

        write_series(tmp_path, 3, prefix=f"d{number}", edit=edit)
    (series,) = scan_folder(tmp_path).series
    assert series.measurable
    assert [volume.b_value for volume in series.volumes] == [0, 1000, 1000, 1000]
    assert _contents(scan_folder(tmp_path)) == [[0], [100], [200], [300]]


def test_near_directions_without_a_number_are_told_apart_by_themselves(tmp_path: Path) -> None:
    for number, direction in enumerate(((0.65349, 0.27067, 0.70688), (0.65329, 0.27061, 0.70710))):
        write_series(
            tmp_path, 3, prefix=f"d{number}", DiffusionBValue=800.0, DiffusionGradientOrientation=list(direction)
        )
    (series,) = scan_folder(tmp_path).series
    assert series.measurable
    assert len(series.volumes) == 2


def test_echoes_taken_together_are_an_entry_each_with_its_own_role_and_time(tmp_path: Path) -> None:
    for echo in (11, 92):

        def edit(number: int, dataset: Dataset, echo: int = echo) -> None:
            dataset.PixelData = np.full((6, 8), echo + 1000 * number, np.int16).tobytes()

        write_series(
            tmp_path, 3, prefix=f"e{echo}", edit=edit, RepetitionTime=4320, EchoTime=echo, ScanningSequence="SE"
        )
    density, weighted = scan_folder(tmp_path).series
    assert (density.role, weighted.role) == (Role.OTHER, Role.T2)
    assert density.key != weighted.key
    for series, echo in ((density, 11), (weighted, 92)):
        assert [volume.echo_time_ms for volume in series.volumes] == [echo]
        assert load_volume(series).data[1].tolist() == np.full((6, 8), 1000 + echo).tolist()
        assert f"TE {echo} ms" in series.role_evidence
        assert series.corrections == (f"One of 2 echoes taken together: TE {echo} ms.",)


def test_two_gradient_echoes_taken_together_are_no_t1_image(tmp_path: Path) -> None:
    for echo in (4.92, 7.38):
        write_series(tmp_path, 3, prefix=f"e{echo}", RepetitionTime=400, EchoTime=echo, ScanningSequence="GR")
    assert [series.role for series in scan_folder(tmp_path).series] == [Role.OTHER, Role.OTHER]


@pytest.mark.parametrize("how", ["one for each slice", "blank in every second slice"])
def test_a_stack_whose_slices_name_other_frames_of_reference_is_one(tmp_path: Path, how: str) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        if how == "one for each slice":
            dataset.FrameOfReferenceUID = f"1.2.3.77.{number + 1}"
        elif number % 2:
            dataset.FrameOfReferenceUID = ""

    write_series(tmp_path, 8, edit=edit, step=(0, 0, 4.0))
    (series,) = scan_folder(tmp_path).series
    assert series.grid.shape == (8, 6, 8)
    assert series.grid.spacing_mm[0] == pytest.approx(4.0)
    assert series.measurable
    assert any("frames of reference" in text for text in series.corrections)
    # A frame for each slice is none that another image could share.
    assert series.frame_of_reference_uid == (None if how == "one for each slice" else FRAME_UID)


def test_a_stack_with_a_hole_stays_closed_whatever_frames_its_slices_name(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.FrameOfReferenceUID = f"1.2.3.77.{number % 2 + 1}"

    write_series(tmp_path, 9, edit=edit, skip=(4,))
    (series,) = scan_folder(tmp_path).series
    assert not series.measurable


def test_the_same_positions_in_two_frames_of_reference_are_two_entries(tmp_path: Path) -> None:
    for frame in (1, 2):
        write_series(tmp_path, 4, prefix=f"f{frame}", FrameOfReferenceUID=f"1.2.3.{frame}")
    scan = scan_folder(tmp_path)
    assert sorted(series.frame_of_reference_uid for series in scan.series) == ["1.2.3.1", "1.2.3.2"]
    assert all(series.measurable for series in scan.series)


def test_two_patients_in_one_volume_close_it_to_measurement(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.PatientID = "SECRET-1" if number < 2 else "SECRET-2"

    write_series(tmp_path, 4, edit=edit)
    scan = scan_folder(tmp_path)
    (series,) = scan.series
    assert not series.measurable
    assert "2 different patients" in series.not_measurable_reason
    assert "SECRET" not in repr((series, scan.remarks))


@pytest.mark.parametrize(
    "elements", [{"PatientName": "OTHER^NAME"}, {"PatientBirthDate": "19600101"}, {"PatientSex": "M"}]
)
def test_patients_without_identifiers_are_told_apart_by_what_else_is_stated(
    tmp_path: Path, elements: dict[str, str]
) -> None:
    plain = {"PatientID": "", "PatientBirthDate": "19500101", "PatientSex": "F"}
    write_series(tmp_path, 2, prefix="a", SeriesInstanceUID="1.2.1", **plain)
    write_series(tmp_path, 2, prefix="b", SeriesInstanceUID="1.2.2", **plain)
    write_series(tmp_path, 2, prefix="c", SeriesInstanceUID="1.2.3", PatientID="", PatientName="secret^name^^")
    assert scan_folder(tmp_path).remarks == ()
    write_series(tmp_path, 2, prefix="d", SeriesInstanceUID="1.2.4", **{**plain, **elements})
    scan = scan_folder(tmp_path)
    (remark,) = scan.remarks
    assert remark.startswith("The headers name 2 different patients")
    assert "NAME" not in remark.upper().replace("NAME 2", "")
    tags = (0x00100010, 0x00100020, 0x00100030, 0x00100040)
    assert all(tag not in file.header.elements for entry in scan.series for file in entry.stack.files for tag in tags)


def test_a_small_number_that_a_spin_echo_bears_in_the_place_of_a_b_value_is_none(tmp_path: Path) -> None:
    def edit(_: int, dataset: Dataset) -> None:
        dataset.Manufacturer = "GE MEDICAL SYSTEMS"
        dataset.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", ["8", "0", "0", "0"])

    write_series(tmp_path / "a", 3, edit=edit, SeriesInstanceUID="1.2.1", **SPIN_ECHO)
    write_series(tmp_path / "b", 3, edit=edit, SeriesInstanceUID="1.2.2", **ECHO_PLANAR)
    found = {series.series_instance_uid: series for series in scan_folder(tmp_path).series}
    assert found["1.2.1"].role is Role.T2
    assert found["1.2.2"].volumes[0].b_value == 8


def test_a_slice_with_another_repetition_time_is_named(tmp_path: Path) -> None:
    def edit(number: int, dataset: Dataset) -> None:
        dataset.RepetitionTime = 16530 if number == 0 else 500

    write_series(tmp_path, 4, edit=edit, EchoTime=10, ScanningSequence="SE")
    (series,) = scan_folder(tmp_path).series
    assert "The repetition time differs between slices of one volume: f004." in series.corrections
