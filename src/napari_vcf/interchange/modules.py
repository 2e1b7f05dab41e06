"""What every object that is written has in common: who made it, by which program, for what."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from napari_vcf.interchange.codes import PRIVATE_SCHEME, SCHEME_NAME
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.version import __version__

__all__ = ["MANUFACTURER", "MODEL", "Identity", "complete"]

MANUFACTURER = "napari-vcf developers"
MODEL = "napari-vcf"
#: Fits the 64 characters of a series description.
_SHORT_USE = "Research only, not for clinical use"
#: An offset of the timezone (PS3.3, C.12.1.1.8); there is no -0000.
_OFFSET = re.compile(r"(?!-0000)([+-])(0\d|1[0-4])([0-5]\d)")


class Identity:
    """Identifiers of the objects of one reading: the same reading gives the same ones again.

    Parameters
    ----------
    export : ReadingExport
        The reading.
    sha256 : str
        Of its file.
    """

    def __init__(self, export: ReadingExport, sha256: str) -> None:
        self.export = export
        self.sha256 = sha256

    @property
    def made_at(self) -> datetime:
        """When the reading was signed, else when it was exported."""
        return self.export.seal.sealed_at if self.export.seal is not None else self.export.exported_at

    @property
    def reader_name(self) -> str:
        """The reader's pseudonym as a person's name; the caret says that its single part is meant."""
        return f"{self.export.reader}^"

    def uid(self, *what: str) -> str:
        """An identifier for one part of it."""
        return str(generate_uid(entropy_srcs=[self.sha256, *what]))


def complete(dataset: Dataset, identity: Identity, description: str, source: Dataset) -> None:
    """Add what an object says of its origin.

    Parameters
    ----------
    dataset : Dataset
        Changed in place.
    identity : Identity
        Of the reading.
    description : str
        What the series holds, in a few words.
    source : Dataset
        The image that gives patient and study.
    """
    export = identity.export
    # An offset holds for every date and time of an object, those of the study included, which are the image's. Where
    # it states none, nothing is claimed of them.
    offset = _stated_offset(source)
    if offset is not None:
        dataset.TimezoneOffsetFromUTC = str(source.TimezoneOffsetFromUTC).strip()
    made = identity.made_at.astimezone(offset or UTC)
    # The images may be in any character set; readers write their reasons in any language.
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword in ("PatientName", "ReferringPhysicianName"):
        if keyword in dataset:
            setattr(dataset, keyword, str(dataset[keyword].value or ""))
    dataset.SeriesDescription = f"{description} ({_SHORT_USE})"[:64]
    dataset.ContentDate = dataset.SeriesDate = made.strftime("%Y%m%d")
    dataset.ContentTime = dataset.SeriesTime = made.strftime("%H%M%S")
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = dataset.ContentDate, dataset.ContentTime
    # Pseudonyms of the study stand beside the patient module, which is that of the images.
    dataset.ClinicalTrialSponsorName = export.study
    dataset.ClinicalTrialProtocolID = export.protocol_sha256[:16]
    dataset.ClinicalTrialProtocolName = f"{export.protocol.name} {export.protocol.version}"[:64]
    dataset.ClinicalTrialSiteID = ""
    dataset.ClinicalTrialSiteName = ""
    dataset.ClinicalTrialSubjectID = export.case
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [_code("109102", "DCM", "Processing Equipment")]
    equipment.Manufacturer = MANUFACTURER
    equipment.ManufacturerModelName = MODEL
    equipment.SoftwareVersions = __version__
    equipment.ContributionDescription = INTENDED_USE
    # A date and time in one says its own offset: this tells the moment, whatever the image states.
    equipment.ContributionDateTime = made.strftime("%Y%m%d%H%M%S%z")
    dataset.ContributingEquipmentSequence = [equipment]
    scheme = Dataset()
    scheme.CodingSchemeDesignator = PRIVATE_SCHEME
    scheme.CodingSchemeName = SCHEME_NAME
    scheme.CodingSchemeResponsibleOrganization = MANUFACTURER
    dataset.CodingSchemeIdentificationSequence = [scheme]


def _stated_offset(source: Dataset) -> timezone | None:
    """The offset that an image states for its dates and times."""
    found = _OFFSET.fullmatch(str(source.get("TimezoneOffsetFromUTC") or "").strip())
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-ahead if sign == "-" else ahead)


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
