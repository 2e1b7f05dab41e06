"""Images of one series that must never make up one volume, and what a stated b = 0 means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from napari_vcf.dicom import Role, Scan, load_volume, scan_folder
from support.dicomfiles import EnhancedFrame, enhanced_dataset, save, slice_dataset, write_series

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
