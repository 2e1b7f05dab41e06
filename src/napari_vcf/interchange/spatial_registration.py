"""DICOM spatial registrations: the accepted alignments of CT to MR, one object for each vertebra."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import DS

from napari_vcf.interchange.modules import MANUFACTURER, MODEL, Identity, complete
from napari_vcf.interchange.sources import SourceImage
from napari_vcf.reading.state import Registration
from napari_vcf.version import __version__

__all__ = ["SPATIAL_REGISTRATION", "spatial_registration"]

SPATIAL_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"


def spatial_registration(
    level: str, entry: Registration, ct: SourceImage, mr: Sequence[SourceImage], identity: Identity
) -> Dataset:
    """The alignment at one vertebra as a Spatial Registration (PS3.3, A.39).

    Parameters
    ----------
    level : str
        The vertebra; the transform holds for it, not for the whole spine.
    entry : Registration
        The accepted alignment.
    ct, mr : SourceImage, sequence of SourceImage
        The images that it joins. The MR's frame of reference is the registered one.
    identity : Identity
        Of the reading.

    Returns
    -------
    Dataset
    """
    first = mr[0].datasets[0]
    dataset: Dataset = hd.base.SOPClass(
        study_instance_uid=first.StudyInstanceUID,
        series_instance_uid=identity.uid("reg", level),
        series_number=9100,
        sop_instance_uid=identity.uid("reg", level, "instance"),
        sop_class_uid=SPATIAL_REGISTRATION,
        instance_number=1,
        modality="REG",
        manufacturer=MANUFACTURER,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        device_serial_number="0",
    )
    dataset.copy_patient_and_study_information(first)
    # Says that the body part is not a paired one; without it a laterality would be asked for.
    dataset.BodyPartExamined = "SPINE"
    dataset.PatientPosition = str(first.get("PatientPosition", ""))
    dataset.FrameOfReferenceUID = mr[0].frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.ContentLabel = "CT_TO_MR"
    dataset.ContentDescription = f"CT to MR at {level}, {entry.standing}, accepted by the reader"[:64]
    dataset.ContentCreatorName = identity.reader_name
    assert entry.ct_to_mr is not None
    dataset.RegistrationSequence = [
        _registered(mr[0].frame_of_reference_uid, mr, np.eye(4), "the registered frame itself"),
        _registered(ct.frame_of_reference_uid, [ct], np.array(entry.ct_to_mr), f"rigid at {level}"),
    ]
    _reference(dataset, [*mr, ct])
    complete(dataset, identity, f"CT to MR at {level}", first)
    return dataset


def _registered(frame: str, images: Sequence[SourceImage], matrix: NDArray[np.float64], comment: str) -> Dataset:
    item = Dataset()
    item.FrameOfReferenceUID = frame
    item.ReferencedImageSequence = [_instance(d) for image in images for d in image.datasets]
    step = Dataset()
    step.FrameOfReferenceTransformationMatrixType = "RIGID"
    step.FrameOfReferenceTransformationMatrix = [DS(float(value), auto_format=True) for value in matrix.ravel()]
    registration = Dataset()
    registration.FrameOfReferenceTransformationComment = comment
    registration.RegistrationTypeCodeSequence = []
    registration.MatrixSequence = [step]
    item.MatrixRegistrationSequence = [registration]
    return item


def _instance(dataset: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = dataset.SOPClassUID
    item.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    return item


def _reference(registration: Dataset, images: Sequence[SourceImage]) -> None:
    """Common instance reference: the series of this study, and those of others."""
    series: dict[str, dict[str, list[Dataset]]] = defaultdict(lambda: defaultdict(list))
    for image in images:
        for dataset in image.datasets:
            series[str(dataset.StudyInstanceUID)][str(dataset.SeriesInstanceUID)].append(_instance(dataset))
    here = series.pop(str(registration.StudyInstanceUID), {})
    if here:
        registration.ReferencedSeriesSequence = [_series(uid, items) for uid, items in here.items()]
    others = []
    for study, parts in series.items():
        other = Dataset()
        other.StudyInstanceUID = study
        other.ReferencedSeriesSequence = [_series(uid, items) for uid, items in parts.items()]
        others.append(other)
    if others:
        registration.StudiesContainingOtherReferencedInstancesSequence = others


def _series(uid: str, instances: list[Dataset]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = uid
    item.ReferencedInstanceSequence = instances
    return item
