"""Against dcm2niix, an independent converter: the same voxels at the same places, on every series that both convert."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_vcf.dicom import Series, load_volume, scan_folder
from support.realdata import data_path

DATA_SETS = [
    "ct_abdomen_lumbar_axial",
    "ctmr_pair_STS_002/CT",
    "ctmr_pair_STS_002/MR_T1",
    "ctmr_pair_STS_003/CT",
    "ctmr_pair_STS_003/MR_T1",
    "d2n_generic_anatomical",
    "d2n_generic_compressed_jpegls",
    "d2n_generic_compressed_rle",
    "mr_ge_3plane_localizer",
    "mr_ge_dwi_classic",
    "mr_philips_enhanced_dwi_b1300",
    "mr_philips_enhanced_interleaved/asl_real_40f",
    "mr_philips_enhanced_interleaved/fieldmap_mag_phase_212f",
    "mr_philips_ingenia_classic_dwi",
    "mr_siemens_mosaic_sag",
    "mr_siemens_mosaic_sag_dwi",
    "mr_siemens_sagittal_t1_HFS",
    "mr_siemens_xa30_enhanced_dwi_PA/adc",
    "mr_siemens_xa30_enhanced_dwi_PA/dwi_raw",
    "mr_siemens_xa30_enhanced_dwi_PA/tensor_b0",
    "mr_siemens_xa30_enhanced_dwi_PA/tracew",
    "mr_siemens_xa30_interop_adc/adc",
    "mr_siemens_xa30_interop_adc/tensor_b0",
    "mr_siemens_xa30_interop_adc/tracew",
    "mr_toshiba_body_adc/adc",
    "mr_toshiba_body_adc/t2",
]
TOLERANCE_MM = 1e-3


@dataclass
class Converted:
    """One volume of dcm2niix: values (slices, rows, columns) and affine from (column, row, slice) to LPS."""

    data: np.ndarray
    affine: np.ndarray


def _binary() -> str:
    if importlib.util.find_spec("dcm2niix") is not None:
        import dcm2niix

        return str(dcm2niix.bin)
    found = shutil.which("dcm2niix") or shutil.which("dcm2niix", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("dcm2niix is not installed (pip install dcm2niix)")
    return found


def _converted(folder: Path, out: Path) -> list[Converted]:
    # -p n: DICOM's own rescale, not Philips' private scale.
    command = [_binary(), "-p", "n", "-z", "n", "-b", "n", "-f", "%s_%p", "-o", str(out), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    found: list[Converted] = []
    for path in sorted(out.glob("*.nii")):
        image = sitk.ReadImage(str(path), sitk.sitkFloat64)
        dimension = image.GetDimension()
        affine = np.eye(4)
        direction = np.reshape(image.GetDirection(), (dimension, dimension))[:3, :3]
        affine[:3, :3] = direction * np.asarray(image.GetSpacing()[:3])
        affine[:3, 3] = image.GetOrigin()[:3]
        data = sitk.GetArrayFromImage(image)
        found.extend(Converted(volume, affine) for volume in (data if dimension == 4 else [data]))
    return found


def _on_grid_of(series: Series, other: Converted) -> np.ndarray | None:
    """The other's voxels in the order of ours, if both grids hold the same points within the tolerance."""
    relation = np.linalg.inv(other.affine) @ series.grid.affine_lps
    turn = np.round(relation[:3, :3])
    if not np.array_equal(np.abs(turn).sum(axis=0), [1, 1, 1]):
        return None
    target = (np.abs(turn).T @ np.array(other.data.shape[::-1])).astype(int)
    if tuple(target[::-1]) != series.grid.shape:
        return None
    exact = np.eye(4)
    exact[:3, :3], exact[:3, 3] = turn, np.round(relation[:3, 3])
    corners = np.array(
        [[c, r, s, 1] for c in (0, target[0] - 1) for r in (0, target[1] - 1) for s in (0, target[2] - 1)]
    )
    difference = (series.grid.affine_lps @ corners.T) - (other.affine @ exact @ corners.T)
    if np.abs(difference).max() > TOLERANCE_MM:
        return None
    axes = [int(np.flatnonzero(turn[:, axis])[0]) for axis in range(3)]
    turned = np.transpose(other.data.T, axes)
    for axis in range(3):
        if turn[axes[axis], axis] < 0:
            turned = np.flip(turned, axis)
    return turned.T


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_volume_of_dcm2niix_is_one_of_ours(name: str, tmp_path: Path) -> None:
    folder = data_path(name)
    theirs = _converted(folder, tmp_path)
    assert theirs
    scan = scan_folder(folder)
    ours = [(series, load_volume(series, index).data) for series in scan.series for index in range(len(series.volumes))]
    assert len(ours) == len(theirs)
    for other in theirs:
        matched = [(turned, data) for series, data in ours if (turned := _on_grid_of(series, other)) is not None]
        assert matched, "no series of ours lies on this grid"
        scale = max(1.0, float(np.abs(other.data).max()))
        assert min(float(np.abs(turned - data).max()) for turned, data in matched) <= 1e-5 * scale
