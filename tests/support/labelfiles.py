"""Label maps written by other libraries: nibabel, SimpleITK and highdicom, in any orientation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its users know

from napari_vcf.geometry import Grid

TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def stored(
    labels: np.ndarray,
    grid: Grid,
    order: tuple[int, int, int] = (0, 1, 2),
    flips: tuple[bool, bool, bool] = (False,) * 3,
) -> tuple[np.ndarray, np.ndarray]:
    """The same voxels with axes in another order and direction: array (i, j, k) and its affine to LPS mm."""
    array = labels.transpose(2, 1, 0)
    affine = grid.affine_lps.copy()
    for axis, flip in enumerate(flips):
        if flip:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    return array.transpose(order), affine[:, [*order, 3]]


def write_nifti(path: Path, array: np.ndarray, affine_lps: np.ndarray, names: Mapping[int, str] | None = None) -> Path:
    """A NIfTI file with sform and qform; ``names`` go into a label table of the header."""
    affine = TO_RAS @ affine_lps
    written = nib.Nifti1Image(array, affine)
    written.set_sform(affine, code=1)
    written.set_qform(affine, code=1)
    written.header.set_xyzt_units("mm")
    if names is not None:
        entries = "".join(
            f'<Label Key="{key}" Red="1" Green="0" Blue="0" Alpha="1"><![CDATA[{name}]]></Label>'
            for key, name in names.items()
        )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?> <CaretExtension><VolumeInformation Index="0"><LabelTable>'
            f"{entries}</LabelTable></VolumeInformation></CaretExtension>"
        )
        written.header.extensions.append(nib.nifti1.Nifti1Extension(0, text.encode()))
    nib.save(written, path)
    return path


def itk_image(array: np.ndarray, affine_lps: np.ndarray) -> sitk.Image:
    """SimpleITK's image of an array (i, j, k), or (layer, i, j, k), and its affine to LPS mm."""
    layers = array if array.ndim == 4 else array[None]
    made = [sitk.GetImageFromArray(np.ascontiguousarray(layer.transpose(2, 1, 0))) for layer in layers]
    image = made[0] if len(made) == 1 else sitk.Compose(made)
    steps = np.linalg.norm(affine_lps[:3, :3], axis=0)
    image.SetSpacing(steps.tolist())
    image.SetDirection((affine_lps[:3, :3] / steps).ravel().tolist())
    image.SetOrigin(affine_lps[:3, 3].tolist())
    return image


def write_nrrd(path: Path, array: np.ndarray, affine_lps: np.ndarray, header: Mapping[str, str] | None = None) -> Path:
    """An NRRD file by SimpleITK, with further fields in its header."""
    image = itk_image(array, affine_lps)
    for key, value in (header or {}).items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path), useCompression=True)
    return path
