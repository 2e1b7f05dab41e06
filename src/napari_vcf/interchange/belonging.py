"""Whether a structured report was made on the images of a case, and where those lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.interchange.modules import MODEL
from napari_vcf.language import say
from napari_vcf.reading.case import Case

__all__ = ["belonging", "folder_of_case", "is_own_report"]

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"


def is_own_report(path: Path) -> bool:
    """Whether a file looks like a structured report of this program, from its header alone."""
    try:
        header = pydicom.dcmread(path, specific_tags=["SOPClassUID", "ManufacturerModelName"], stop_before_pixels=True)
    except (OSError, InvalidDicomError, ValueError, EOFError):
        return False
    stated = (str(header.get("SOPClassUID", "")), str(header.get("ManufacturerModelName", "")))
    return stated == (_COMPREHENSIVE_3D_SR, MODEL)


def belonging(path: Path | str, case: Case | None) -> str:
    """Say how a report belongs to the images of a case.

    Parameters
    ----------
    path : path
        A structured report of this program.
    case : Case or None
        The case on the desk.

    Returns
    -------
    str
        A sentence.

    Raises
    ------
    InterchangeError
        If no case is open, or none of the images that the report names is among those of the case.
    """
    source = Path(path)
    if case is None:
        raise InterchangeError(
            say("{source} is a report on images: open their folder first, then drop it again.", source=source.name)
        )
    report = pydicom.dcmread(source)
    # Images of the report's own study stand in the first sequence, those of other studies in the second.
    named = {
        str(image.ReferencedSOPInstanceUID)
        for evidence in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in report.get(evidence, ())
        for series in study.ReferencedSeriesSequence
        for image in series.ReferencedSOPSequence
        if image.ReferencedSOPClassUID != _SEGMENTATION
    }
    held = named & set(_identifiers(case))
    if not held:
        raise InterchangeError(
            say(
                "{source} is a report on other images than those that are open; it is not shown over them.",
                source=source.name,
            )
        )
    if held != named:
        return say(
            "{held} of the {named} images that the report names are among those of the open case.",
            held=len(held),
            named=len(named),
        )
    return say("The report was made on the images of the open case (all {named} that it names).", named=len(named))


def _identifiers(case: Case) -> Iterator[str]:
    for image in case.images.values():
        for file in getattr(image.series.stack, "files", ()):
            yield file.sop_uid


def folder_of_case(case: Case) -> Path:
    """The folder that holds the files of a case.

    Parameters
    ----------
    case : Case
        A case that was opened from files.

    Raises
    ------
    InterchangeError
        If it has no DICOM files.
    """
    folders = {
        str(file.path.parent) for image in case.images.values() for file in getattr(image.series.stack, "files", ())
    }
    if not folders:
        raise InterchangeError(say("The case has no DICOM files, at which DICOM objects could point."))
    return Path(os.path.commonpath(folders))
