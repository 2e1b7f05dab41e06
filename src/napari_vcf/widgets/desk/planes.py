"""Which image sets the sagittal reading plane."""

from __future__ import annotations

from collections.abc import Iterable

from napari_vcf.dicom import Role
from napari_vcf.reading import CaseImage

__all__ = ["is_sagittal", "plane_image"]

#: The first of these that is sagittal gives its own slices.
_PLANE_ROLES = (Role.T2, Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.T2FS, Role.ADC, Role.DWI)


def is_sagittal(image: CaseImage) -> bool:
    """Whether an image's own slices are a sagittal reading plane."""
    return image.series.grid.plane == "sagittal" and image.series.grid.is_orthogonal


def plane_image(images: Iterable[CaseImage]) -> str | None:
    """The MR image whose slices are the sagittal reading plane.

    Parameters
    ----------
    images : iterable of CaseImage
        Those that the stage may see.

    Returns
    -------
    str or None
        Its id; where no MR image is sagittal, the first of them; None where there is none.
    """
    mr = [image for image in images if image.series.role is not Role.CT]
    for role in _PLANE_ROLES:
        for image in mr:
            if image.series.role is role and is_sagittal(image):
                return image.id
    return mr[0].id if mr else None
