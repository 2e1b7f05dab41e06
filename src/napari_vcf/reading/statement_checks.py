"""What an export states besides its measurements (images, alignments, answers), checked against what can be known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from napari_vcf.dicom import Role
from napari_vcf.geometry import GeometryError, RigidTransform
from napari_vcf.reading.case import CaseImage
from napari_vcf.reading.export_document import SeriesExport, StageExport
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.state import FrameJoin, Registration

__all__ = [
    "GEOMETRY_TOLERANCE_MM",
    "Statement",
    "answer_statements",
    "join_statements",
    "registration_statements",
    "series_statements",
]

#: Largest distance between a voxel where the export and where the images put it.
GEOMETRY_TOLERANCE_MM: Final = 1e-3
#: Millimetres and degrees that follow from a matrix; a digit that is changed moves them further.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Statement:
    """One value of an export beside what it should be.

    Attributes
    ----------
    place : str
        Path within the document.
    exported, recomputed : object
        Both values.
    holds : bool
        Whether they agree.
    """

    place: str
    exported: Any
    recomputed: Any
    holds: bool


def _exact(place: str, exported: Any, recomputed: Any) -> Statement:
    return Statement(place, exported, recomputed, bool(exported == recomputed))


def _near(place: str, exported: float, recomputed: float, tolerance: float) -> Statement:
    near = math.isclose(exported, recomputed, rel_tol=0, abs_tol=tolerance)
    return Statement(place, exported, recomputed, near)


def series_statements(place: str, exported: SeriesExport, image: CaseImage) -> Iterator[Statement]:
    """Compare what is said of an image with the image; sentences may be worded otherwise by another version.

    Parameters
    ----------
    place : str
        Path of the entry within the document.
    exported : SeriesExport
        The entry.
    image : CaseImage
        The image, with the reader's corrections.

    Yields
    ------
    Statement
    """
    series = image.series
    same_place = series.grid.is_close_to(exported.grid.grid(), tolerance_mm=GEOMETRY_TOLERANCE_MM)
    yield Statement(f"{place}.grid", exported.grid, series.grid.affine_lps.tolist(), same_place)
    for axis in range(3):
        yield _near(f"{place}.spacing_mm.{axis}", exported.spacing_mm[axis], series.grid.spacing_mm[axis], 1e-6)
    b_values = tuple(sorted({volume.b_value for volume in series.volumes if volume.b_value is not None}))
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("label", exported.label, image.label),
        ("role", exported.role, series.role.value),
        ("modality", exported.modality, series.modality),
        ("b_values_s_per_mm2", exported.b_values_s_per_mm2, b_values),
        ("unit", exported.unit, series.unit),
        ("measurable", exported.measurable, series.measurable),
    )
    for name, stated, found in pairs:
        yield _exact(f"{place}.{name}", stated, found)


def registration_statements(
    place: str, level: str, entry: Registration, images: Mapping[str, CaseImage]
) -> Iterator[Statement]:
    """Compute shift and angle of an alignment from its matrix and its points, and check that its images are there.

    The alignment itself is not sought again: what the reader moved and accepted is what counts.

    Parameters
    ----------
    place : str
        Path of the entry within the document.
    level : str
        The vertebra under whose name it stands.
    entry : Registration
        The alignment.
    images : mapping of str to CaseImage
        The case's images.

    Yields
    ------
    Statement
    """
    yield _exact(f"{place}.level", entry.level, level)
    roles = {name: image.series.role for name, image in images.items()}
    yield Statement(f"{place}.ct_image", entry.ct_image, "a CT of the case", roles.get(entry.ct_image) is Role.CT)
    for number, name in enumerate(entry.mr_images):
        is_mr = roles.get(name, Role.CT) is not Role.CT
        yield Statement(f"{place}.mr_images.{number}", name, "an MR image of the case", is_mr)
    if entry.ct_to_mr is None:
        yield _exact(f"{place}.status", entry.status, "refused")
        return
    try:
        motion = RigidTransform(np.array(entry.ct_to_mr))
    except GeometryError as error:
        yield Statement(f"{place}.ct_to_mr", "rigid", str(error), holds=False)
        return
    shift = float(np.linalg.norm(motion.apply(entry.ct_point_lps) - np.asarray(entry.mr_point_lps)))
    for name, stated, found in (("shift_mm", entry.shift_mm, shift), ("angle_deg", entry.angle_deg, motion.angle_deg)):
        yield _near(f"{place}.{name}", stated, found, _ROUNDING * max(1.0, abs(found)))
        summary = entry.quality.get(name)
        # The figures are those of the program's proposal, which the reader may have moved since.
        if isinstance(summary, float) and not entry.nudges:
            yield _exact(f"{place}.quality.{name}", summary, round(found, 3))


def join_statements(place: str, join: FrameJoin, images: Mapping[str, CaseImage]) -> Iterator[Statement]:
    """Check that what joins two MR frames is a rigid motion between images of the case, and follows from its points.

    Parameters
    ----------
    place : str
        Path of the entry within the document.
    join : FrameJoin
        The entry.
    images : mapping of str to CaseImage
        The case's images.

    Yields
    ------
    Statement
    """
    for name in ("image", "to_image"):
        stated = getattr(join, name)
        is_mr = stated in images and images[stated].series.role is not Role.CT
        yield Statement(f"{place}.{name}", stated, "an MR image of the case", is_mr)
    try:
        motion = RigidTransform(np.array(join.motion))
    except GeometryError as error:
        yield Statement(f"{place}.motion", "rigid", str(error), holds=False)
        return
    wanted = RigidTransform.identity()
    if join.how != "stated":
        if join.point_lps is None or join.to_point_lps is None:
            yield Statement(f"{place}.point_lps", None, "the places that were marked", holds=False)
            return
        wanted = RigidTransform.from_rotation_vector((0, 0, 0), np.subtract(join.to_point_lps, join.point_lps))
    if join.how != "fitted":
        held = bool(np.allclose(motion.matrix, wanted.matrix, rtol=0, atol=1e-9))
        yield Statement(f"{place}.motion", motion.matrix.tolist(), wanted.matrix.tolist(), held)


def answer_statements(place: str, stage: str, part: StageExport, protocol: Protocol) -> Iterator[Statement]:
    """Check that each answer is one that the form offers in this stage.

    Parameters
    ----------
    place : str
        Path of the answers within the document.
    stage : {"ct", "mri", "combined"}
        The stage.
    part : StageExport
        Its part of the document.
    protocol : Protocol
        Which items it asks.

    Yields
    ------
    Statement
    """
    for key, answer in part.findings.items():
        item = protocol.form.get(key)
        if item is None or not protocol.asks(stage, key):  # type: ignore[arg-type]
            yield Statement(f"{place}.{key}", "answered", "not asked in this stage", holds=False)
        elif answer.value is not None:
            allowed = ", ".join(map(str, item.values)) or "a measurement"
            yield Statement(f"{place}.{key}.value", answer.value, allowed, item.offers(answer.value))
        else:
            yield Statement(f"{place}.{key}", answer.not_assessable, "always answered", item.may_be_left_open)
