"""What in a source file names a patient, and how it is kept out of everything that is prepared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from napari_vcf.dicom import Series
from napari_vcf.dicom.series.stack import Stack
from napari_vcf.records.base import REMOVED

__all__ = ["HeadersSay", "hashed", "read_headers", "scrub"]

#: Value representations whose values always say who, when or which: names, dates, identifiers.
_TELLING_VR: Final = frozenset({"PN", "DA", "DT", "UI"})
#: Further elements that do.
_TELLING_TAGS: Final = frozenset(
    {
        0x00080050,  # accession number
        0x00080080,  # institution
        0x00080081,
        0x00081010,  # station
        0x00081040,  # department
        0x00100020,  # patient ID
        0x00101000,
        0x00101001,
        0x00101040,  # address
        0x00102154,  # telephone
        0x00104000,  # comments
        0x00181000,  # device serial number
        0x00181002,
        0x00200010,  # study ID
        0x00204000,
        0x00380010,
        0x00400253,
        0x00401001,
    }
)
#: UIDs of the standard itself name nobody.
_STANDARD_UID: Final = "1.2.840.10008."
#: Shorter texts are found everywhere by chance.
_SHORTEST: Final = 4


def hashed(salt: str, text: str) -> str:
    """A name that only the salt's owner can confirm."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()[:32]


def _headers(series: Series) -> Iterator[Dataset]:
    if not isinstance(series.stack, Stack):
        return
    for file in series.stack.files:
        try:
            yield pydicom.dcmread(file.path, stop_before_pixels=True)
        except (InvalidDicomError, OSError):
            # Without its preamble, say; the scan has read what it needed by itself.
            yield pydicom.dcmread(file.path, stop_before_pixels=True, force=True)


def _telling(dataset: Dataset) -> Iterator[str]:
    for element in dataset.iterall():
        if element.VR not in _TELLING_VR and element.tag not in _TELLING_TAGS:
            continue
        values = element.value if element.VM > 1 else [element.value]
        for value in values:
            text = str(value).strip()
            if text and not text.startswith(_STANDARD_UID):
                yield text
                if element.VR == "PN":
                    yield from re.split(r"[\^= ]+", text)


def _names(dataset: Dataset) -> Iterator[str]:
    for element in dataset.iterall():
        if element.VR == "PN":
            for value in element.value if element.VM > 1 else [element.value]:
                yield from (part for part in re.split(r"[\^= ]+", str(value)) if len(part) > 1)


@dataclass(frozen=True, slots=True)
class HeadersSay:
    """What the headers of a case say that must stay out of a study, or be said to the coordinator.

    Attributes
    ----------
    strings : frozenset of str
        Names, identifiers, dates, institutions, UIDs, file names and paths, of four characters or more.
    burned_in : dict
        Key of a series to reasons why text may be burned into its pixels.
    names : frozenset of str
        Every part of a name, short ones too, to be looked for as whole words.
    """

    strings: frozenset[str]
    burned_in: dict[str, tuple[str, ...]]
    names: frozenset[str] = frozenset()


def read_headers(series: Iterable[Series], folder: Path) -> HeadersSay:
    """Look through the headers, names and paths of some series, each file once.

    Pixels themselves are not looked at for text: this finds what the files admit, and what usually goes with it.

    Parameters
    ----------
    series : iterable of Series
        Of one case.
    folder : Path
        Where its files are.

    Returns
    -------
    HeadersSay
    """
    found: set[str] = {str(folder), folder.name}
    burned_in: dict[str, tuple[str, ...]] = {}
    names: set[str] = set()
    for entry in series:
        found |= {entry.key, entry.series_instance_uid, entry.frame_of_reference_uid or ""}
        found |= {file.name for file in entry.stack.files} if isinstance(entry.stack, Stack) else {entry.stack.name}
        risks: set[str] = set()
        for dataset in _headers(entry):
            found.update(_telling(dataset))
            names.update(_names(dataset))
            risks.update(_risks(dataset))
        burned_in[entry.key] = tuple(sorted(risks))
    return HeadersSay(frozenset(text for text in found if len(text) >= _SHORTEST), burned_in, frozenset(names))


def _risks(dataset: Dataset) -> Iterator[str]:
    """Why text may be burned into the pixels of a file."""
    if str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        yield "the files say that text is burned in"
    if "SECONDARY" in {str(value).upper() for value in dataset.get("ImageType", [])[1:2]}:
        yield "the images are secondary"
    if "ConversionType" in dataset:
        yield "the images were captured from a screen or a film"
    if any(0x6000 <= tag.group <= 0x60FF for tag in dataset.keys()):  # noqa: SIM118 - the values would be converted
        yield "there are overlay planes, which are not shown"


def scrub(text: str, strings: frozenset[str]) -> str:
    """Take identity out of a sentence."""
    for string in sorted(strings, key=len, reverse=True):
        if string.lower() in text.lower():
            text = re.sub(re.escape(string), REMOVED, text, flags=re.IGNORECASE)
    return text
