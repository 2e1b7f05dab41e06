"""Reaching a DICOM server by the protocol that it speaks."""

from __future__ import annotations

from napari_vcf.interchange.dicomweb import DicomWeb
from napari_vcf.interchange.dimse import Dimse
from napari_vcf.interchange.errors import ServerError
from napari_vcf.interchange.servers import Server, credentials_for
from napari_vcf.language import say

__all__ = ["connect"]


def connect(*, dicomweb: str = "", dicom: str = "", title: str = "NAPARI-VCF", tls: bool = False) -> Server:
    """Reach a server by one of the two protocols.

    Parameters
    ----------
    dicomweb : str
        Address of a DICOMweb service, such as ``https://pacs.example.org/dicom-web``.
    dicom : str
        ``TITLE@host:port`` of a DICOM service.
    title : str
        Application entity title of this side.
    tls : bool
        Whether the DICOM service speaks TLS; its certificate is checked.

    Raises
    ------
    ServerError
        If neither or both are named, or the address is none.
    """
    if bool(dicomweb) == bool(dicom):
        raise ServerError(say("Name one server: --dicomweb URL or --dicom TITLE@host:port."))
    if dicomweb:
        return DicomWeb(dicomweb, credentials_for(dicomweb))
    called, _, place = dicom.partition("@")
    host, _, port = place.rpartition(":")
    if not called or not host or not port.isdigit():
        raise ServerError(say("'{dicom}' is not a DICOM service; write TITLE@host:port.", dicom=dicom))
    return Dimse(called, host, int(port), title=title, tls=tls)
