"""The reading as a DICOM structured report: Comprehensive 3D SR by TID 1500, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.sr.coding import Code

from napari_vcf.interchange import codes
from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.interchange.groups import Group, Number, Statement
from napari_vcf.interchange.modules import MANUFACTURER, MODEL, Identity, complete
from napari_vcf.interchange.segmentation import SEGMENTS
from napari_vcf.interchange.sources import Sources
from napari_vcf.language import say
from napari_vcf.records.errors import system_says
from napari_vcf.version import __version__

__all__ = ["COMPREHENSIVE_3D_SR", "read_report", "structured_report"]

COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
#: CID 100, quantitative imaging procedures.
_PROCEDURES = {
    "CT": Code("25045-6", "LN", "CT unspecified body region"),
    "MR": Code("25056-3", "LN", "MRI unspecified body region"),
}
_TRACKING = "112039"
_FINDING_SITE = "363698007"
_TOPOGRAPHY = "106233006"
_DERIVATION = "121401"


def structured_report(
    groups: Sequence[Group],
    sources: Sources,
    segmentations: Mapping[Any, Dataset],
    identity: Identity,
    images: Sequence[str],
) -> sr.Comprehensive3DSR:
    """Write a reading as a structured report.

    Parameters
    ----------
    groups : sequence of Group
        What it says.
    sources : Sources
        The images.
    segmentations : mapping of str to Dataset
        The segmentation of each stage that has one.
    identity : Identity
        Of the reading.
    images : sequence of str
        Images to name as evidence, the first of which gives patient and study.

    Returns
    -------
    highdicom.sr.Comprehensive3DSR
    """
    evidence = [d for image in images for d in sources.image(image).datasets] + list(segmentations.values())
    modalities = dict.fromkeys(str(d.get("Modality", "MR")) for image in images for d in sources.image(image).datasets)
    content = sr.MeasurementReport(
        observation_context=_observers(identity),
        procedure_reported=[_PROCEDURES[name] for name in modalities if name in _PROCEDURES],
        imaging_measurements=[_group(group, sources, segmentations, identity) for group in groups],
    )
    report = sr.Comprehensive3DSR(
        evidence=evidence,
        content=content,
        series_instance_uid=identity.uid("sr"),
        series_number=9200,
        sop_instance_uid=identity.uid("sr", "instance"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=identity.export.complete,
        is_final=identity.export.seal is not None,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        device_serial_number="0",
    )
    complete(report, identity, "Vertebral fracture reading", evidence[0])
    return report


def _observers(identity: Identity) -> sr.ObservationContext:
    person = sr.ObserverContext(
        observer_type=Code("121006", "DCM", "Person"),
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(name=identity.reader_name),
    )
    device = sr.ObserverContext(
        observer_type=Code("121007", "DCM", "Device"),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=identity.uid("device"), manufacturer_name=MANUFACTURER, model_name=MODEL, name=f"{MODEL} {__version__}"
        ),
    )
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _group(group: Group, sources: Sources, segmentations: Mapping[Any, Dataset], identity: Identity) -> Any:
    code = codes.level_code(group.level) if group.level is not None else None
    common: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid=identity.uid("group", group.name), identifier=group.name),
        "session": group.stage,
        "finding_sites": [sr.FindingSite(code)] if code is not None else None,
        "measurements": [_measurement(number, code, sources) for number in group.numbers] or None,
        "qualitative_evaluations": [
            sr.QualitativeEvaluation(codes.ITEM_CODES[each.item], codes.value_code(each.value))
            for each in group.statements
        ]
        or None,
    }
    written = _planar(group, sources, common) or _volumetric(group, segmentations, common)
    if written is None:
        written = sr.MeasurementsAndQualitativeEvaluations(**common)
    texts = list(group.texts)
    if group.level is not None and code is None:
        texts.append(("level", group.level))
    # TID 1501 has no place for a text beside codes; a container may contain one all the same.
    for key, text in texts:
        _add_text(written, codes.TEXT_CODES[key], text)
    for each in group.statements:
        if each.reason:
            _add_text(written, codes.ITEM_CODES[each.item], each.reason)
    return written


def _planar(group: Group, sources: Sources, common: dict[str, Any]) -> Any:
    """A rectangle on its native slice (TID 1410), or in the patient where it lies on none."""
    if group.roi is None:
        return None
    source = sources.image(group.roi.image)
    # A closed polyline ends where it begins.
    corners = np.array([*group.roi.corners_lps, group.roi.corners_lps[0]])
    found = source.region(corners)
    region: Any
    if found is not None:
        image = sr.SourceImageForRegion(
            found.dataset.SOPClassUID,
            found.dataset.SOPInstanceUID,
            [found.frame] if found.frame is not None else None,
        )
        region = sr.ImageRegion(sr.GraphicTypeValues.POLYLINE, found.points, image)
    else:
        region = sr.ImageRegion3D(sr.GraphicTypeValues3D.POLYGON, corners, source.frame_of_reference_uid)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **common)


def _volumetric(group: Group, segmentations: Mapping[Any, Dataset], common: dict[str, Any]) -> Any:
    """A painted segment (TID 1411)."""
    if group.mask is None:
        return None
    segment = sr.ReferencedSegment.from_segmentation(segmentations[group.stage], segment_number=SEGMENTS[group.mask])
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=segment, **common)


def _measurement(number: Number, level: Code | None, sources: Sources) -> sr.Measurement:
    coordinates = None
    if number.ends_lps is not None and number.image is not None:
        frame = sources.image(number.image).frame_of_reference_uid
        points = np.array(number.ends_lps)
        coordinates = [sr.CoordinatesForMeasurement3D(sr.GraphicTypeValues3D.POLYLINE, points, frame)]
    modifier = codes.POSITION_CODES[number.position] if number.position is not None else None
    return sr.Measurement(
        name=codes.NUMBER_CODES[number.concept],
        value=float(number.value),
        unit=codes.UNIT_CODES[number.unit],
        derivation=codes.DERIVATIONS[number.derivation] if number.derivation is not None else None,
        finding_sites=[sr.FindingSite(level or _VERTEBRA, topographical_modifier=modifier)] if modifier else None,
        referenced_coordinates=coordinates,
    )


_VERTEBRA = Code("51282000", "SCT", "Vertebra")


def _add_text(group: Any, name: Code, text: str) -> None:
    item = sr.TextContentItem(
        name=sr.CodedConcept.from_code(name), value=text, relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    group[0].ContentSequence.append(item)


def read_report(path: Path | str) -> tuple[Group, ...]:
    """Read the groups of a structured report that this program wrote.

    Parameters
    ----------
    path : path
        A DICOM file.

    Returns
    -------
    tuple of Group
        Without geometry; the numbers are exactly those that were written.

    Raises
    ------
    InterchangeError
        If it is no such report.
    """
    source = Path(path)
    try:
        dataset = pydicom.dcmread(source)
    except InvalidDicomError as error:
        raise InterchangeError(say("{source} is not a DICOM file.", source=source.name)) from error
    except OSError as error:
        raise InterchangeError(
            say("{source} cannot be read: {reason}.", source=source.name, reason=system_says(error))
        ) from error
    if dataset.get("SOPClassUID") != COMPREHENSIVE_3D_SR or dataset.get("ManufacturerModelName") != MODEL:
        raise InterchangeError(
            say("{source} is not a structured report of this program; it reads only its own.", source=source.name)
        )
    groups = tuple(_read_group(item) for item in _containers(dataset, "125007"))
    if not groups:
        raise InterchangeError(say("{source} holds no group of measurements.", source=source.name))
    return groups


def _containers(item: Dataset, code: str) -> list[Dataset]:
    found = []
    for child in item.get("ContentSequence", ()):
        if child.ValueType == "CONTAINER" and _name(child) == code:
            found.append(child)
        else:
            found += _containers(child, code)
    return found


def _name(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


_Keys = dict[tuple[str, str], str]


def _keys(*tables: Mapping[str, Code]) -> _Keys:
    return {(code.scheme_designator, code.value): key for table in tables for key, code in table.items()}


_LEVELS, _ITEMS, _VALUES = _keys(codes.LEVEL_CODES), _keys(codes.ITEM_CODES), _keys(codes.VALUE_CODES)
_NUMBERS, _UNITS = _keys(codes.NUMBER_CODES), _keys(codes.UNIT_CODES)
_POSITIONS, _DERIVED = _keys(codes.POSITION_CODES), _keys(codes.DERIVATIONS)
_WORDS = _keys(codes.TEXT_CODES, codes.ITEM_CODES)


def _key(keys: _Keys, concept: Dataset) -> str:
    designator, value = str(concept.CodingSchemeDesignator), str(concept.CodeValue)
    try:
        return keys[designator, value]
    except KeyError:
        raise InterchangeError(
            say(
                "The report has a code that this version does not know: {value} ({designator}).",
                value=value,
                designator=designator,
            )
        ) from None


def _read_group(container: Dataset) -> Group:
    name, level = "", None
    numbers: list[Number] = []
    values: dict[str, str] = {}
    reasons: dict[str, str] = {}
    texts: list[tuple[str, str]] = []
    for item in container.ContentSequence:
        concept = item.ConceptNameCodeSequence[0] if "ConceptNameCodeSequence" in item else None
        if concept is None:
            continue
        if item.ValueType == "TEXT" and concept.CodeValue == _TRACKING:
            name = str(item.TextValue)
        elif item.ValueType == "CODE" and concept.CodeValue == _FINDING_SITE:
            level = _key(_LEVELS, item.ConceptCodeSequence[0])
        elif item.ValueType == "NUM":
            numbers.append(_read_number(item))
        elif item.ValueType == "CODE" and concept.CodingSchemeDesignator == codes.PRIVATE_SCHEME:
            values[_key(_ITEMS, concept)] = _key(_VALUES, item.ConceptCodeSequence[0])
        elif item.ValueType == "TEXT" and concept.CodingSchemeDesignator == codes.PRIVATE_SCHEME:
            key = _key(_WORDS, concept)
            if key in codes.ITEM_CODES:
                reasons[key] = str(item.TextValue)
            elif key == "level":
                level = str(item.TextValue)
            else:
                texts.append((key, str(item.TextValue)))
    statements = tuple(Statement(item, value, reasons.get(item, "")) for item, value in values.items())
    return Group(name, level=level, numbers=tuple(numbers), statements=statements, texts=tuple(texts))


def _read_number(item: Dataset) -> Number:
    measured = item.MeasuredValueSequence[0]
    position = derivation = None
    for child in item.get("ContentSequence", ()):
        if child.ValueType != "CODE":
            continue
        if _name(child) == _DERIVATION:
            derivation = _key(_DERIVED, child.ConceptCodeSequence[0])
        elif _name(child) == _FINDING_SITE:
            for modifier in child.get("ContentSequence", ()):
                if _name(modifier) == _TOPOGRAPHY:
                    position = _key(_POSITIONS, modifier.ConceptCodeSequence[0])
    # The floating point value holds every digit; the decimal string only sixteen characters.
    value = measured.get("FloatingPointValue", None)
    return Number(
        _key(_NUMBERS, item.ConceptNameCodeSequence[0]),
        float(measured.NumericValue) if value is None else float(value),
        _key(_UNITS, measured.MeasurementUnitsCodeSequence[0]),
        position,
        derivation,
    )
