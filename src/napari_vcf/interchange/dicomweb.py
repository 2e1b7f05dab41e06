"""A server that speaks DICOMweb: QIDO-RS, WADO-RS and STOW-RS (PS3.18)."""

from __future__ import annotations

import io
import ipaddress
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import Message
from urllib.parse import urlsplit

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from napari_vcf.interchange.errors import ServerError
from napari_vcf.interchange.servers import Credentials, Instance, Received, Studies, StudyEntry
from napari_vcf.language import joined, said, say

__all__ = ["DicomWeb"]

_TIMEOUT_S = 60.0


class DicomWeb:
    """A DICOMweb service.

    Parameters
    ----------
    url : str
        Its address. Certificates are checked; ``REQUESTS_CA_BUNDLE`` names those of a hospital's own authority.
    credentials : Credentials or None
        Sent only over TLS, or to this machine itself.

    Raises
    ------
    ServerError
        If the address is none, or would send a password in the open.
    """

    def __init__(self, url: str, credentials: Credentials | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ServerError(
                say(
                    "The address of a DICOMweb service is https://host/path, without a name or password in it; those "
                    "come from the environment or the keyring."
                )
            )
        if credentials is not None and parts.scheme == "http" and not _is_here(parts.hostname):
            raise ServerError(
                say("A password is not sent to {host} without TLS; use its https address.", host=parts.hostname)
            )
        self._url = url
        self._credentials = credentials
        # A session of requests is for one thread.
        self._local = threading.local()

    @property
    def _client(self) -> DICOMwebClient:
        if not hasattr(self._local, "client"):
            session = requests.Session()
            retry = Retry(total=4, backoff_factor=0.5, status_forcelist=(429, 503, 504), allowed_methods=("GET",))
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            # Packing images on the way costs the server more than it saves on any network of a hospital.
            session.headers["Accept-Encoding"] = "identity"
            if self._credentials is not None:
                session.auth = (self._credentials.user, self._credentials.password)
            client = DICOMwebClient(self._url, session=session)
            client.set_http_retry_params(retry=True, max_attempts=4, wait_exponential_multiplier=500)
            self._local.client, self._local.session = client, session
        return self._local.client

    @property
    def _session(self) -> requests.Session:
        """The connection of this thread, which is kept open from object to object."""
        _ = self._client
        session: requests.Session = self._local.session
        return session

    def find(self, wanted: Studies) -> list[str]:
        """Identifiers of the studies that match (QIDO-RS), all pages of the answer."""
        return list(dict.fromkeys(_text(entry, "0020000D") for entry in self._studies(wanted)))

    def studies(self, wanted: Studies) -> list[StudyEntry]:
        """Studies that match, to choose from (QIDO-RS)."""
        return [
            StudyEntry(
                _text(entry, "0020000D"),
                _text(entry, "00080020"),
                _text(entry, "00081030"),
                ", ".join(map(str, entry.get("00080061", {}).get("Value", ()))),
                _text(entry, "00201208"),
            )
            for entry in self._studies(wanted)
        ]

    def _studies(self, wanted: Studies) -> list[dict[str, dict[str, list[str]]]]:
        asked = {"PatientID": wanted.patient_id, "StudyDate": wanted.study_date, "StudyInstanceUID": wanted.study_uid}
        filters = {keyword: value for keyword, value in asked.items() if value}
        with _sentences(say("search for studies")):
            found: list[dict[str, dict[str, list[str]]]] = self._client.search_for_studies(
                search_filters=filters, fields=["StudyDescription"], get_remaining=True
            )
        return found

    def instances(self, study_uid: str) -> list[Instance]:
        """Every object of a study (QIDO-RS)."""
        with _sentences(say("list a study")):
            series = self._client.search_for_series(study_uid, fields=["SeriesDescription"], get_remaining=True)
            instances: list[Instance] = []
            for entry in series:
                uid = _text(entry, "0020000E")
                found = self._client.search_for_instances(study_uid, uid, get_remaining=True)
                instances += [
                    Instance(
                        study_uid,
                        uid,
                        _text(each, "00080018"),
                        _text(each, "00080016"),
                        _text(entry, "00080060"),
                        _text(entry, "0008103E"),
                    )
                    for each in found
                ]
        return instances

    def retrieve(self, wanted: Iterable[Instance]) -> Iterator[Received]:
        """Objects one by one, as they are stored (WADO-RS)."""
        client = self._client
        accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
        for instance in wanted:
            address = (
                f"{client.base_url}/studies/{instance.study_uid}/series/{instance.series_uid}"
                f"/instances/{instance.sop_uid}"
            )
            with _sentences(say("retrieve an object")):
                answer = self._session.get(address, headers=accept, timeout=_TIMEOUT_S)
                answer.raise_for_status()
                content = _only_part(answer.content, answer.headers.get("Content-Type", ""))
                yield Received(_identifier(content), content)

    def store(self, objects: Iterable[Dataset]) -> list[tuple[str, str]]:
        """Send objects one by one (STOW-RS); (identifier, reason) of those that were not taken."""
        failed: list[tuple[str, str]] = []
        for dataset in objects:
            uid = str(dataset.SOPInstanceUID)
            try:
                with _sentences(say("store an object")):
                    answer = self._client.store_instances([dataset])
            except ServerError as error:
                failed.append((uid, said(error)))
                continue
            taken = {str(item.ReferencedSOPInstanceUID) for item in answer.get("ReferencedSOPSequence", ())}
            if uid not in taken:
                reasons = [f"{item.get('FailureReason', 0):04X}H" for item in answer.get("FailedSOPSequence", ())]
                why = ", ".join(reasons) or say("no reason given")
                failed.append((uid, say("the server did not confirm it ({why})", why=why)))
        return failed


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(entry: dict[str, dict[str, list[str]]], tag: str) -> str:
    values = entry.get(tag, {}).get("Value", [])
    return str(values[0]) if values else ""


def _only_part(body: bytes, content_type: str) -> bytes:
    """The one DICOM file of a multipart answer (RFC 2387), without reading it through.

    Raises
    ------
    ValueError
        If it is no such answer.
    """
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if message.get_content_type() == "application/dicom":
        return body
    if boundary is None:
        raise ValueError("no boundary")
    mark = b"--" + boundary.encode("ascii")
    head = body.index(mark) + len(mark)
    start = body.index(b"\r\n\r\n", head) + 4
    end = body.rindex(b"\r\n" + mark)
    if body.find(mark, start, end) >= 0:
        raise ValueError("more than one object")
    return body[start:end]


def _identifier(content: bytes) -> str:
    found = pydicom.dcmread(io.BytesIO(content), specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
    return str(found.get("SOPInstanceUID", ""))


@contextmanager
def _sentences(what: str) -> Iterator[None]:
    """Errors of the network as sentences, without the address: it may hold an identifier."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise ServerError(
            say(
                "Could not {what}: the server's certificate is not trusted. Name the authority's file in "
                "REQUESTS_CA_BUNDLE.",
                what=what,
            )
        ) from error
    except requests.exceptions.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        refused = say("Could not {what}: the server answered {status}.", what=what, status=status)
        hint = say("Name and password come from the environment or the keyring.")
        raise ServerError(joined(" ", (refused, hint) if status in (401, 403) else (refused,))) from error
    except requests.exceptions.RequestException as error:
        raise ServerError(
            say("Could not {what}: the server cannot be reached ({kind}).", what=what, kind=type(error).__name__)
        ) from error
    except (ValueError, KeyError, InvalidDicomError, EOFError) as error:
        raise ServerError(say("Could not {what}: the server's answer cannot be read.", what=what)) from error
