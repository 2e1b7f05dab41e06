"""Registrations that are computed with the preparation, and wait for the reader's clicks.

Nothing of a proposal is shown before the reader has clicked the vertebra on both images. Where both clicks lie near the
points with which it was computed, it is there at once; elsewhere the registration is computed as if there were none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from napari_vcf import __version__
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading.image_pairs import Pair, recordable, shown_index
from napari_vcf.records.base import Affine, FrozenModel, ImageId, Point, Pseudonym
from napari_vcf.records.sealing import canonical_json
from napari_vcf.registration import RegistrationResult, register_vertebra
from napari_vcf.study.closed import REACH_MM, ClosedText, close_text, open_text
from napari_vcf.study.hashed_files import read_record

__all__ = ["PROPOSAL", "ProposalRecord", "Proposed", "computed", "fetched", "framed", "proposed_with", "read_proposal"]

PROPOSAL: Final = "proposal.json"


class Proposed(FrozenModel):
    """A registration with the points and images with which it was computed."""

    images: tuple[ImageId, ...] = Field(description="the CT first")
    volumes: tuple[int, ...] = Field(description="which volume of each image")
    mr_point_lps: Point
    ct_point_lps: Point
    status: Literal["ok", "doubtful", "refused"]
    reason: str
    ct_to_mr: Affine | None
    quality: dict[str, Any]
    program: str = Field(description="version of the program that computed it")


class ProposalRecord(FrozenModel):
    """What is proposed for a case; of the points and of what they led to it says nothing before it is opened."""

    schema_id: Literal["napari-vcf/proposal"] = "napari-vcf/proposal"
    schema_version: Literal["1.0.0"] = "1.0.0"
    case: Pseudonym
    kind: Literal["points", "frame"] = Field(
        description="points: computed; frame: CT and MRI state the same frame of reference, and nothing was computed"
    )
    closed: ClosedText | None = None


def read_proposal(folder: Path) -> ProposalRecord | None:
    """The proposal of a prepared case, None where there is none.

    Raises
    ------
    StudyError, DamagedError
        If it cannot be read or was changed.
    """
    path = folder / PROPOSAL
    return read_record(path, ProposalRecord, f"The proposal for case {folder.name}") if path.exists() else None


def framed(case: str) -> ProposalRecord:
    """The proposal where the frame of reference is shared: that it is."""
    return ProposalRecord(case=case, kind="frame")


def computed(
    case: Any, pair: Pair, mr_point: Sequence[float], ct_point: Sequence[float]
) -> tuple[ProposalRecord, Proposed]:
    """Compute the registration of a case for given points; the same everywhere.

    Parameters
    ----------
    case : Case
        The images.
    pair : Pair
        What is joined.
    mr_point, ct_point : sequence of float
        Centre of the vertebral body in each, LPS mm.
    """
    indices = _indices(pair)
    ct, *mr = (case.volume(image, index) for image, index in zip(pair.images, indices, strict=True))
    result = recordable(
        register_vertebra(
            ct,
            dict(zip(pair.mr, mr, strict=True)),
            ct_point_lps=ct_point,
            mr_point_lps=mr_point,
            same_frame=pair.same_frame,
        )
    )
    # Its time is left out: it would be another one on every machine.
    proposed = Proposed(
        images=pair.images,
        volumes=indices,
        mr_point_lps=_point(mr_point),
        ct_point_lps=_point(ct_point),
        status=result.status,
        reason=result.reason,
        ct_to_mr=None if result.ct_to_mr is None else _affine(result.ct_to_mr),
        quality=result.quality,
        program=__version__,
    )
    text = canonical_json(proposed.model_dump(mode="json"))
    closed = close_text(text, (mr_point, ct_point), case.salt)
    return ProposalRecord(case=case.pseudonym, kind="points", closed=closed), proposed


def proposed_with(
    record: ProposalRecord, salt: str, mr_point: Sequence[float], ct_point: Sequence[float]
) -> Proposed | None:
    """What was proposed, for whoever names the points, or others near them."""
    if record.closed is None:
        return None
    text = open_text(record.closed, (mr_point, ct_point), salt)
    return None if text is None else Proposed.model_validate(json.loads(text))


def fetched(
    record: ProposalRecord, salt: str, pair: Pair, mr_point: Sequence[float], ct_point: Sequence[float]
) -> RegistrationResult | None:
    """The prepared registration for a reader's clicks, with the shift from there; None where it is not for them.

    Parameters
    ----------
    record : ProposalRecord
        The proposal.
    salt : str
        Of the case.
    pair : Pair
        What the reader joins.
    mr_point, ct_point : sequence of float
        The reader's clicks, LPS mm.
    """
    if record.kind == "frame":
        if not pair.same_frame or math.dist(mr_point, ct_point) > REACH_MM:
            return None
        reason = (
            "CT and MRI state the same frame of reference; this is that frame, and nothing was fitted. "
            "Look whether the edges fit; registering once more fits them."
        )
        return _result("doubtful", reason, RigidTransform.identity(), mr_point, ct_point, {"same_frame": True})
    found = proposed_with(record, salt, mr_point, ct_point)
    if found is None or found.ct_to_mr is None or (found.images, found.volumes) != (pair.images, _indices(pair)):
        return None
    transform = RigidTransform(np.array(found.ct_to_mr))
    distances = (
        math.dist(mr_point, found.mr_point_lps),
        math.dist(ct_point, found.ct_point_lps),
        math.dist(transform.apply(ct_point), mr_point),
    )
    if max(distances) > REACH_MM:
        return None
    quality = {
        **found.quality,
        "prepared_mr_point_lps": list(found.mr_point_lps),
        "prepared_ct_point_lps": list(found.ct_point_lps),
        "prepared_with": found.program,
    }
    return _result(found.status, found.reason, transform, mr_point, ct_point, quality)


def _result(
    status: Literal["ok", "doubtful", "refused"],
    reason: str,
    transform: RigidTransform,
    mr_point: Sequence[float],
    ct_point: Sequence[float],
    quality: dict[str, Any],
) -> RegistrationResult:
    shift = math.dist(transform.apply(ct_point), mr_point)
    return RegistrationResult(status, reason, transform, 0.0, shift, transform.angle_deg, {**quality, "prepared": True})


def _indices(pair: Pair) -> tuple[int, ...]:
    return tuple(shown_index(image.series.volumes) for image in (pair.ct, *pair.mr.values()))


def _affine(transform: RigidTransform) -> Affine:
    a, b, c, d = (tuple(row) for row in transform.matrix.tolist())
    return (a, b, c, d)


def _point(values: Sequence[float]) -> Point:
    x, y, z = (float(value) for value in values)
    return x, y, z
