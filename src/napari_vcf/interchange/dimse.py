"""A server that speaks the DICOM upper layer: C-FIND, C-GET and C-STORE (PS3.7)."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from napari_vcf.interchange.errors import ServerError
from napari_vcf.interchange.servers import Instance, Received, Studies, StudyEntry
from napari_vcf.language import say

__all__ = ["Dimse"]

#: Uncompressed first, then what archives keep compressed: an object comes as it is stored or is refused by name.
_SYNTAXES = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.1.99",
]
_SUCCESS, _PENDING = 0x0000, (0xFF00, 0xFF01)
#: An association has at most 128 presentation contexts; two storage contexts are spent on each class.
_CLASSES_AT_ONCE = 50


def _study(wanted: Studies) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.PatientID = wanted.patient_id
    identifier.StudyDate = wanted.study_date
    identifier.StudyInstanceUID = wanted.study_uid
    return identifier


class Dimse:
    """A DICOM service.

    Parameters
    ----------
    called, host, port
        Its application entity title and place.
    title : str
        The title of this side.
    tls : bool
        Whether to speak TLS; the server's certificate is checked against the system's authorities (``SSL_CERT_FILE``
        names others).
    """

    def __init__(self, called: str, host: str, port: int, *, title: str, tls: bool = False) -> None:
        self._called, self._host, self._port, self._title = called, host, port, title
        self._tls = ssl.create_default_context() if tls else None

    @contextmanager
    def _association(
        self,
        contexts: Iterable[tuple[str, list[str]]],
        storage: Iterable[str] = (),
        handlers: list[object] | None = None,
    ) -> Iterator[Association]:
        entity = AE(ae_title=self._title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
        for syntax, transfers in contexts:
            entity.add_requested_context(syntax, transfers)
        roles = []
        for syntax in storage:
            # A context has one transfer syntax: with several in one, a server that converts takes the first.
            entity.add_requested_context(syntax, _SYNTAXES[:2])
            entity.add_requested_context(syntax, _SYNTAXES[2:])
            roles.append(build_role(syntax, scp_role=True))
        association = entity.associate(
            self._host,
            self._port,
            ae_title=self._called,
            ext_neg=roles,
            evt_handlers=handlers or [],
            tls_args=(self._tls, self._host) if self._tls is not None else None,
        )
        if not association.is_established:
            if association.is_rejected:
                raise ServerError(
                    say(
                        "The DICOM service {called} refused the association. Check title, host and port, and that it "
                        "knows the title {title}.",
                        called=self._called,
                        title=self._title,
                    )
                )
            raise ServerError(
                say(
                    "The DICOM service {called} cannot be reached, or its TLS is not trusted. Check title, host and "
                    "port, and that it knows the title {title}.",
                    called=self._called,
                    title=self._title,
                )
            )
        try:
            yield association
        finally:
            association.release()

    def _query(self, identifier: Dataset) -> list[Dataset]:
        model = StudyRootQueryRetrieveInformationModelFind
        found = []
        with self._association([(model, _SYNTAXES[:2])]) as association:
            for status, answer in association.send_c_find(identifier, model):
                if "Status" not in status:
                    raise ServerError(say("The DICOM service broke off while it was searched."))
                if status.Status in _PENDING and answer is not None:
                    found.append(answer)
                elif status.Status != _SUCCESS:
                    raise ServerError(
                        say("The DICOM service refused the search with status {status:04X}H.", status=status.Status)
                    )
        return found

    def find(self, wanted: Studies) -> list[str]:
        """Identifiers of the studies that match (C-FIND)."""
        return list(dict.fromkeys(str(answer.StudyInstanceUID) for answer in self._query(_study(wanted))))

    def studies(self, wanted: Studies) -> list[StudyEntry]:
        """Studies that match, to choose from (C-FIND)."""
        identifier = _study(wanted)
        identifier.StudyDescription = ""
        identifier.ModalitiesInStudy = ""
        identifier.NumberOfStudyRelatedInstances = ""
        found = []
        for answer in self._query(identifier):
            modalities = answer.get("ModalitiesInStudy", "") or ""
            found.append(
                StudyEntry(
                    str(answer.StudyInstanceUID),
                    str(answer.get("StudyDate", "") or ""),
                    str(answer.get("StudyDescription", "") or ""),
                    modalities if isinstance(modalities, str) else ", ".join(map(str, modalities)),
                    str(answer.get("NumberOfStudyRelatedInstances", "") or ""),
                )
            )
        return found

    def instances(self, study_uid: str) -> list[Instance]:
        """Every object of a study (C-FIND)."""
        series = Dataset()
        series.QueryRetrieveLevel = "SERIES"
        series.StudyInstanceUID = study_uid
        series.SeriesInstanceUID = series.Modality = series.SeriesDescription = ""
        instances = []
        for entry in self._query(series):
            image = Dataset()
            image.QueryRetrieveLevel = "IMAGE"
            image.StudyInstanceUID, image.SeriesInstanceUID = study_uid, entry.SeriesInstanceUID
            image.SOPInstanceUID = image.SOPClassUID = ""
            instances += [
                Instance(
                    study_uid,
                    str(entry.SeriesInstanceUID),
                    str(each.SOPInstanceUID),
                    str(each.get("SOPClassUID", "")),
                    str(entry.get("Modality", "")),
                    str(entry.get("SeriesDescription", "")),
                )
                for each in self._query(image)
            ]
        return instances

    def retrieve(self, wanted: Iterable[Instance]) -> Iterator[Received]:
        """Objects by C-GET, over one association where 50 storage classes are enough.

        Every storage class that the wanted objects have is offered: a service that is not offered one of them may
        refuse the whole of a request and say nothing else.
        """
        instances = list(wanted)
        classes = sorted({instance.sop_class_uid for instance in instances})
        if not all(classes):
            raise ServerError(
                say("The DICOM service does not say of what class its objects are; use its DICOMweb address.")
            )
        for first in range(0, len(classes), _CLASSES_AT_ONCE):
            some = set(classes[first : first + _CLASSES_AT_ONCE])
            yield from self._get([each for each in instances if each.sop_class_uid in some], some)

    def _get(self, wanted: list[Instance], classes: set[str]) -> Iterator[Received]:
        received: list[Received] = []

        def take(event: evt.Event) -> int:
            received.append(Received(str(event.request.AffectedSOPInstanceUID), event.encoded_dataset()))
            return _SUCCESS

        model = StudyRootQueryRetrieveInformationModelGet
        handlers: list[object] = [(evt.EVT_C_STORE, take)]
        with self._association([(model, _SYNTAXES[:2])], classes, handlers) as association:
            for instance in wanted:
                identifier = Dataset()
                identifier.QueryRetrieveLevel = "IMAGE"
                identifier.StudyInstanceUID = instance.study_uid
                identifier.SeriesInstanceUID = instance.series_uid
                identifier.SOPInstanceUID = instance.sop_uid
                final = None
                for status, _ in association.send_c_get(identifier, model):
                    final = status
                if final is None or "Status" not in final:
                    raise ServerError(say("The DICOM service broke off while objects were retrieved."))
                if final.Status != _SUCCESS or not received:
                    raise ServerError(
                        say(
                            "The DICOM service did not send an object of class {sop_class}: status {status:04X}H, "
                            "{count} objects.",
                            sop_class=instance.sop_class_uid,
                            status=final.Status,
                            count=len(received),
                        )
                    )
                yield from received
                received.clear()

    def store(self, objects: Iterable[Dataset]) -> list[tuple[str, str]]:
        """Send objects by C-STORE; (identifier, reason) of those that were not taken."""
        datasets = list(objects)
        contexts = dict.fromkeys((str(d.SOPClassUID), str(d.file_meta.TransferSyntaxUID)) for d in datasets)
        failed: list[tuple[str, str]] = []
        with self._association([(syntax, [transfer]) for syntax, transfer in contexts]) as association:
            for dataset in datasets:
                uid = str(dataset.SOPInstanceUID)
                try:
                    status = association.send_c_store(dataset)
                except ValueError:
                    failed.append((uid, say("the service takes no object of this class and encoding")))
                    continue
                if "Status" not in status:
                    failed.append((uid, say("the service broke off")))
                elif status.Status != _SUCCESS:
                    failed.append((uid, say("the service answered {status:04X}H", status=status.Status)))
        return failed
