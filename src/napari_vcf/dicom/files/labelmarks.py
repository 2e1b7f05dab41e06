"""Whether a file is a label map rather than an image: by its header and name, without its voxels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from napari_vcf.dicom.files.volumefile import is_volume_file
from napari_vcf.language import say

__all__ = ["FROM_LABELS", "NIFTI_LABEL", "SEGMENTATIONS", "is_label_map", "is_segmentation", "may_be_label_map"]

#: Segmentation and Label Map Segmentation Storage.
SEGMENTATIONS: Final = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
#: What to do with a label map that lies among images.
FROM_LABELS: Final = say("A vertebral body is taken from it in the panel Lesion extent, by From labels.")
#: Intent code of a NIfTI file whose values are labels.
NIFTI_LABEL: Final = 1002
_HEAD: Final = 1 << 16
#: Names that BIDS and the programs give to masks.
_NAMED: Final = re.compile(
    r"(_(msk|mask|dseg|probseg|seg)|(^|_)seg-[A-Za-z0-9]+(_.*)?|(^|[_.-])vertebrae_[A-Za-z0-9]+)$", re.IGNORECASE
)


def may_be_label_map(path: Path) -> bool:
    """Whether a file is of a kind that label maps have."""
    return is_volume_file(path.name) or is_segmentation(path)


def is_label_map(path: Path) -> bool:
    """Whether a file says that it holds labels: its class, its header or the name that programs give to masks."""
    name = path.name.lower()
    if not is_volume_file(name):
        return is_segmentation(path)
    stem = re.sub(r"\.(nii|nii\.gz|nrrd|nhdr)$", "", name)
    if stem.endswith(".seg") or _NAMED.search(stem):
        return True
    if ".nii" in name:
        return _nifti_says_so(path)
    try:
        with path.open("rb") as stream:
            return re.search(rb"(?m)^Segment0_", stream.read(_HEAD).partition(b"\n\n")[0]) is not None
    except OSError:
        return False


def _nifti_says_so(path: Path) -> bool:
    from napari_vcf.dicom.errors import HeaderError
    from napari_vcf.dicom.files.nifti import nifti_header

    try:
        header: Any = nifti_header(path)
    except (HeaderError, OSError):
        return False
    return int(header["intent_code"]) == NIFTI_LABEL or any(
        b"<LabelTable" in extension.get_content()[:_HEAD]
        for extension in header.extensions
        if isinstance(extension.get_content(), bytes)
    )


def is_segmentation(path: Path) -> bool:
    """Whether a file is a DICOM segmentation, from its header alone."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
    except (OSError, InvalidDicomError, ValueError, EOFError):
        return False
    return str(header.get("SOPClassUID", "")) in SEGMENTATIONS
