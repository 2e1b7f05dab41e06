"""Who an image is of: never kept, only marks by which two images can be told to be of different patients."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from napari_vcf.dicom.files.elements import Elements

__all__ = ["PatientMarks", "different_patients", "take_marks"]

#: Made anew by each process and never written, so that nobody can find a patient from a mark.
_KEY: Final = secrets.token_bytes(32)
_IDENTIFIER: Final = 0x00100020
#: Name, birth date and sex.
_DESCRIBING: Final = (0x00100010, 0x00100030, 0x00100040)


@dataclass(frozen=True, slots=True)
class PatientMarks:
    """Marks of one patient: equal for equal values, empty where nothing is stated.

    Attributes
    ----------
    identifier : bytes
        Of the patient ID.
    describing : tuple of bytes
        Of the name, the birth date and the sex, where there is no identifier.
    """

    identifier: bytes = b""
    describing: tuple[bytes, ...] = ()

    @property
    def stated(self) -> bool:
        """Whether anything is."""
        return bool(self.identifier) or any(self.describing)

    def differ_from(self, other: PatientMarks) -> bool:
        """Whether they are another patient's: by the identifiers, or where both are blank by what else both state."""
        if self.identifier or other.identifier:
            return bool(self.identifier and other.identifier) and self.identifier != other.identifier
        return any(a and b and a != b for a, b in zip(self.describing, other.describing, strict=False))


def take_marks(elements: Elements) -> PatientMarks:
    """Take what identifies a patient out of a header, and leave marks that tell two patients apart.

    Parameters
    ----------
    elements : dict
        Of the data set; changed in place.

    Returns
    -------
    PatientMarks
    """
    values = [elements.pop(tag, (b"", b""))[1] for tag in (_IDENTIFIER, *_DESCRIBING)]
    identifier = _mark(values[0])
    return PatientMarks(identifier, () if identifier else tuple(_mark(value) for value in values[1:]))


def _mark(value: object) -> bytes:
    # Names differ in capitals and in their empty parts from writer to writer.
    stated = value.upper().strip(b" \0^=") if isinstance(value, bytes) else b""
    return blake2b(stated, digest_size=16, key=_KEY).digest() if stated else b""


def different_patients(marks: Iterable[PatientMarks]) -> list[list[PatientMarks]]:
    """Marks by patient; what states nothing is left out.

    Parameters
    ----------
    marks : iterable of PatientMarks
        Of any number of images.

    Returns
    -------
    list of list of PatientMarks
        One entry for each patient, in order of appearance.
    """
    patients: list[list[PatientMarks]] = []
    for entry in dict.fromkeys(marks):
        if not entry.stated:
            continue
        known = next((members for members in patients if not any(entry.differ_from(m) for m in members)), None)
        if known is None:
            patients.append([entry])
        else:
            known.append(entry)
    return patients
