"""Which images a stage of a reading shows and measures on, and what the stages are called."""

from __future__ import annotations

from napari_vcf.dicom import Role
from napari_vcf.reading.case import MR_ROLES
from napari_vcf.records.base import Stage

__all__ = ["STAGE_NAMES", "STAGE_ROLES", "is_open"]

STAGE_NAMES: dict[Stage, str] = {"ct": "CT", "mri": "MRI", "combined": "CT + MRI"}
#: What the roles do not name (a localizer, an image of unknown contrast) is open in no stage until it is named.
STAGE_ROLES: dict[Stage, tuple[Role, ...]] = {"ct": (Role.CT,), "mri": MR_ROLES, "combined": (Role.CT, *MR_ROLES)}


def is_open(stage: Stage, role: Role) -> bool:
    """Whether images of a role are shown and measured on in a stage."""
    return role in STAGE_ROLES[stage]
