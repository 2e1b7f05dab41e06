"""What a DICOM server is asked for and given, without saying by which protocol."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydicom.dataset import Dataset

from napari_vcf.interchange.errors import ServerError
from napari_vcf.language import say
from napari_vcf.records.errors import system_says

__all__ = ["Credentials", "Instance", "Received", "Server", "Studies", "StudyEntry", "credentials_for"]

_USER, _PASSWORD = "NAPARI_VCF_DICOM_USER", "NAPARI_VCF_DICOM_PASSWORD"
_SERVICE = "napari-vcf"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Name and password for a server; never written and never printed."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(...)"


@dataclass(frozen=True, slots=True)
class Studies:
    """Which studies are wanted; what is left empty is not asked for.

    Attributes
    ----------
    patient_id, study_date, study_uid : str
        ``study_date`` as DICOM writes dates and their ranges: ``20240131``, ``20240101-20240131``.
    """

    patient_id: str = ""
    study_date: str = ""
    study_uid: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """One object that a server says it has."""

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str
    modality: str
    description: str


@dataclass(frozen=True, slots=True)
class Received:
    """One object as it came: its identifier, and the DICOM file, byte for byte as it was encoded."""

    uid: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """One study that a server says it has, without a name.

    Attributes
    ----------
    study_uid, study_date, description, modalities, images : str
        As the server states them; empty where it does not.
    """

    study_uid: str
    study_date: str
    description: str
    modalities: str
    images: str


class Server(Protocol):
    """A server that can be asked for studies."""

    def studies(self, wanted: Studies) -> list[StudyEntry]:
        """Studies that match, to choose from."""

    def find(self, wanted: Studies) -> list[str]:
        """Identifiers of the studies that match."""

    def instances(self, study_uid: str) -> list[Instance]:
        """Every object of a study."""

    def retrieve(self, wanted: Iterable[Instance]) -> Iterator[Received]:
        """Objects, in any order; one that does not come is an error."""

    def store(self, objects: Iterable[Dataset]) -> list[tuple[str, str]]:
        """Send objects; (identifier, reason) of those that were not taken."""


def credentials_for(server: str) -> Credentials | None:
    """Name and password from the environment, else from the system's keyring; None where there are none.

    Raises
    ------
    ServerError
        If only one of the two is given.
    """
    user, password = os.environ.get(_USER, ""), os.environ.get(_PASSWORD, "")
    if bool(user) != bool(password):
        raise ServerError(say("Give both {user} and {password}, or neither.", user=_USER, password=_PASSWORD))
    if user:
        return Credentials(user, password)
    import keyring
    from keyring.errors import KeyringError

    try:
        found = keyring.get_credential(f"{_SERVICE} {server}", None)
    except KeyringError:
        return None
    return Credentials(found.username, found.password) if found is not None else None


def read_object(path: Path) -> Dataset:
    """One DICOM object from a file.

    Raises
    ------
    ServerError
        If it is none.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        return pydicom.dcmread(path)
    except InvalidDicomError as error:
        raise ServerError(say("{path} is not a DICOM file.", path=path.name)) from error
    except OSError as error:
        raise ServerError(say("{path} cannot be read: {reason}.", path=path.name, reason=system_says(error))) from error
