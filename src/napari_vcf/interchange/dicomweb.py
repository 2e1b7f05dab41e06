"""A server that speaks DICOMweb: QIDO-RS, WADO-RS and STOW-RS (PS3.18)."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset

from napari_vcf.interchange.errors import ServerError
from napari_vcf.interchange.servers import Credentials, Instance, Studies, StudyEntry

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
                "The address of a DICOMweb service is https://host/path, without a name or password in it; those "
                "come from the environment or the keyring."
            )
        if credentials is not None and parts.scheme == "http" and not _is_here(parts.hostname):
            raise ServerError(f"A password is not sent to {parts.hostname} without TLS; use its https address.")
        self._url = url
        self._credentials = credentials
        # A session of requests is for one thread.
        self._local = threading.local()

    @property
    def _client(self) -> DICOMwebClient:
        if not hasattr(self._local, "client"):
            session = requests.Session()
            # Packing images on the way costs the server more than it saves on any network of a hospital.
            session.headers["Accept-Encoding"] = "identity"
            if self._credentials is not None:
                session.auth = (self._credentials.user, self._credentials.password)
            client = DICOMwebClient(self._url, session=session)
            client.set_http_retry_params(retry=True, max_attempts=4, wait_exponential_multiplier=500)
            self._local.client = client
        return self._local.client

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
        with _sentences("search for studies"):
            found: list[dict[str, dict[str, list[str]]]] = self._client.search_for_studies(
                search_filters=filters, fields=["StudyDescription"], get_remaining=True
            )
        return found

    def instances(self, study_uid: str) -> list[Instance]:
        """Every object of a study (QIDO-RS)."""
        with _sentences("list a study"):
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

    def retrieve(self, wanted: Iterable[Instance]) -> Iterator[Dataset]:
        """Objects one by one, as they are stored (WADO-RS)."""
        for instance in wanted:
            with _sentences("retrieve an object"):
                yield self._client.retrieve_instance(
                    instance.study_uid,
                    instance.series_uid,
                    instance.sop_uid,
                    media_types=(("application/dicom", "*"),),
                )

    def store(self, objects: Iterable[Dataset]) -> list[tuple[str, str]]:
        """Send objects one by one (STOW-RS); (identifier, reason) of those that were not taken."""
        failed = []
        for dataset in objects:
            uid = str(dataset.SOPInstanceUID)
            try:
                with _sentences("store an object"):
                    answer = self._client.store_instances([dataset])
            except ServerError as error:
                failed.append((uid, str(error)))
                continue
            taken = {str(item.ReferencedSOPInstanceUID) for item in answer.get("ReferencedSOPSequence", ())}
            if uid not in taken:
                reasons = [f"{item.get('FailureReason', 0):04X}H" for item in answer.get("FailedSOPSequence", ())]
                failed.append((uid, f"the server did not confirm it ({', '.join(reasons) or 'no reason given'})"))
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


@contextmanager
def _sentences(what: str) -> Iterator[None]:
    """Errors of the network as sentences, without the address: it may hold an identifier."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise ServerError(
            f"Could not {what}: the server's certificate is not trusted. "
            "Name the authority's file in REQUESTS_CA_BUNDLE."
        ) from error
    except requests.exceptions.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        hint = " Name and password come from the environment or the keyring." if status in (401, 403) else ""
        raise ServerError(f"Could not {what}: the server answered {status}.{hint}") from error
    except requests.exceptions.RequestException as error:
        raise ServerError(f"Could not {what}: the server cannot be reached ({type(error).__name__}).") from error
    except (ValueError, KeyError) as error:
        raise ServerError(f"Could not {what}: the server's answer cannot be read.") from error
