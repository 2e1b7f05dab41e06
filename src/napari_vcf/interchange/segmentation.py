"""DICOM segmentations of what was painted: body and lesion on the image's own grid."""

from __future__ import annotations

import highdicom as hd
import numpy as np
from pydicom.sr.codedict import codes

from napari_vcf.interchange.codes import level_code
from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.interchange.modules import MANUFACTURER, MODEL, Identity, complete
from napari_vcf.interchange.sources import SourceImage
from napari_vcf.language import say
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading.body_slices import slice_origins
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.state import Masks
from napari_vcf.records.base import STAGES, Stage
from napari_vcf.version import __version__

__all__ = ["SEGMENTS", "segmentation"]

#: Number of each segment.
SEGMENTS = {"body": 1, "lesion": 2}


def segmentation(
    stage: Stage, masks: Masks, level: str | None, source: SourceImage, identity: Identity
) -> hd.seg.Segmentation:
    """One segmentation with the body as segment 1 and, where there is any, the lesion as segment 2.

    Parameters
    ----------
    stage : str
        The stage in which it was painted.
    masks : Masks
        What was painted.
    level : str or None
        The vertebra.
    source : SourceImage
        The image on which it was painted.
    identity : Identity
        Of the reading.

    Returns
    -------
    highdicom.seg.Segmentation
    """
    grid = masks.grid.grid()
    painted = {name: decode_mask(getattr(masks, name), grid.shape) for name in SEGMENTS}
    names = [name for name in SEGMENTS if painted[name].any()]
    if not names:
        raise InterchangeError(say("Nothing is painted in the {stage} stage of this reading.", stage=stage))
    array = np.stack([painted[name] for name in names], axis=-1).astype(np.uint8)
    # Ours takes (column, row, slice); highdicom's takes (slice, row, column).
    affine = grid.affine_lps[:, [2, 1, 0, 3]]
    channels = {"SegmentNumber": list(range(1, len(names) + 1))}
    volume = hd.Volume(
        array,
        affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=source.frame_of_reference_uid,
        channels=channels,
    )
    dataset = hd.seg.Segmentation(
        source_images=list(source.datasets),
        pixel_array=volume,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(name, number, level, identity, stage, _method(name, masks))
            for number, name in enumerate(names, 1)
        ],
        series_instance_uid=identity.uid("seg", stage),
        series_number=9000 + STAGES.index(stage),
        sop_instance_uid=identity.uid("seg", stage, "instance"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=__version__,
        device_serial_number="0",
        content_label="VCF_EXTENT",
        content_description=f"Vertebral body and lesion, {stage} stage",
        content_creator_name=identity.reader_name,
    )
    complete(dataset, identity, f"Lesion extent, {stage}", source.datasets[0])
    return dataset


def _method(name: str, masks: Masks) -> str | None:
    """What a segment was begun with; None where all of it was drawn by hand."""
    if name == "body":
        if masks.proposal is None or {*slice_origins(masks).values()} <= {"drawn"}:
            return None
        return f"{MODEL} {masks.proposal.method}"
    tissues = dict.fromkeys(entry.tissue for entry in masks.thresholds)
    return f"{MODEL} threshold against {', '.join(tissues)}" if tissues else None


def _description(
    name: str, number: int, level: str | None, identity: Identity, stage: str, method: str | None
) -> hd.seg.SegmentDescription:
    code = level_code(level) if level is not None else None
    if name == "body":
        category, kind = codes.SCT.AnatomicalStructure, code or hd.sr.CodedConcept("51282000", "SCT", "Vertebra")
    else:
        category, kind = codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion
    label = "Vertebral body" if name == "body" else "Lesion"
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"{label} {level}" if level else label,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        tracking_uid=identity.uid("segment", stage, name),
        tracking_id=f"{stage}:extent:{name}",
        anatomic_regions=[code] if code is not None else None,
    )
    if method is not None:
        # The reader decided on each slice. Type and name are what the standard asks for; a sequence that identifies the
        # algorithm would have to give its family, which nobody knows of a label map.
        description.SegmentAlgorithmType = hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC.value
        description.SegmentAlgorithmName = method[:64]
    description.SegmentDescription = INTENDED_USE
    return description
