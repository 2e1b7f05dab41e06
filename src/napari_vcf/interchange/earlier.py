"""Files of an earlier writing in the folder that is written to: whose they are, and which of them stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.interchange.modules import MANUFACTURER, MODEL
from napari_vcf.language import say
from napari_vcf.records.errors import system_says

__all__ = ["check_earlier", "remove_earlier"]

#: What stands between name and ending. With a dot in it the file is of a reading whose own name has one.
_KIND = re.compile(r"[^.]+")


def check_earlier(out: Path, stem: str, report: Dataset, studies: Collection[str]) -> tuple[Path, ...]:
    """Files of the same name that an earlier writing left, all of the same reader's reading of the same case.

    Parameters
    ----------
    out : Path
        The folder; it may be missing.
    stem : str
        Name of the reading.
    report : Dataset
        The report that is to be written.
    studies : collection of str
        Identifiers of the DICOM studies of the case's images.

    Returns
    -------
    tuple of Path

    Raises
    ------
    InterchangeError
        If one is of another patient, study, case or reader, or is no object of this program.
    """
    try:
        found = sorted(_named(out, stem)) if out.exists() else []
    except OSError as error:
        raise InterchangeError(
            say("The folder {out} cannot be read: {reason}.", out=out.name, reason=system_says(error))
        ) from error
    for path in found:
        earlier: Dataset
        try:
            earlier = pydicom.dcmread(path, stop_before_pixels=True)
        except (OSError, InvalidDicomError, ValueError, EOFError):
            earlier = Dataset()
        if (earlier.get("Manufacturer"), earlier.get("ManufacturerModelName")) != (MANUFACTURER, MODEL):
            raise InterchangeError(
                say(
                    "{file} in the folder {out} is no object of this program, or cannot be read. Nothing was written: "
                    "choose another folder, or move that file away.",
                    file=path.name,
                    out=out.name,
                )
            )
        if _whose(earlier) != _whose(report) or str(earlier.get("StudyInstanceUID")) not in studies:
            raise InterchangeError(
                say(
                    "{file} in the folder {out} is of another patient, study, case or reader. Nothing was written: "
                    "choose another folder, or move that file away.",
                    file=path.name,
                    out=out.name,
                )
            )
    return tuple(found)


def remove_earlier(earlier: Collection[Path], written: Collection[Path]) -> None:
    """Remove what the new report does not come with, so that nobody takes it for a part of it.

    Raises
    ------
    InterchangeError
        If one cannot be removed.
    """
    for path in sorted({*earlier} - {*written}):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise InterchangeError(
                say(
                    "The new objects are written, but {file} of an earlier writing cannot be removed: {reason}. It is "
                    "no part of the new report; remove it by hand.",
                    file=path.name,
                    reason=system_says(error),
                )
            ) from error


def _named(out: Path, stem: str) -> Iterator[Path]:
    # Not by a pattern: names of readings may hold what a pattern means something by.
    for path in out.iterdir():
        kind = path.name.removeprefix(f"{stem}.").removesuffix(".dcm")
        if path.name == f"{stem}.{kind}.dcm" and _KIND.fullmatch(kind):
            yield path


def _whose(dataset: Dataset) -> tuple[str, ...]:
    """Patient, study, case and reader, the latter three by their pseudonyms."""
    reader = dataset.get("ContentCreatorName")
    if reader is None:
        # A report names its reader among the observers.
        reader = next((element.value for element in dataset.iterall() if element.keyword == "PersonName"), "")
    stated = (dataset.get(key, "") for key in ("PatientID", "ClinicalTrialSponsorName", "ClinicalTrialSubjectID"))
    return (*(str(value or "") for value in stated), str(reader).rstrip("^"))
