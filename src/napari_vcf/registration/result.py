"""What a registration returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from napari_vcf.geometry import RigidTransform

__all__ = ["LEVEL_OPEN", "METHOD_VERSION", "RegistrationResult", "Status"]

#: Name, in ``quality["doubts"]``, of the one doubt that a reader's own count of the levels lifts.
LEVEL_OPEN: Final = "level_open"
#: Counts the changes by which the same images and clicks come to another transform or status; results without it are
#: older.
METHOD_VERSION: Final = 5

Status = Literal["ok", "doubtful", "refused"]


@dataclass(frozen=True, slots=True)
class RegistrationResult:
    """A rigid transform for one vertebra and what is known about its quality.

    Parameters
    ----------
    status : {"ok", "doubtful", "refused"}
        ``"doubtful"``: there is a transform, but it must not be trusted before a person has looked at it.
        ``"refused"``: there is none.
    reason : str
        A sentence for the reader; never empty.
    ct_to_mr : RigidTransform or None
        CT patient LPS mm to MR patient LPS mm.
    seconds : float
        Wall time of the registration alone; no file is read in it.
    shift_mm, angle_deg : float
        How far the clicked CT point moved, and by how much the image turned, from the start (the pure shift of the CT
        point onto the MR point). NaN where refused.
    quality : dict
        Numbers and notes by name, finite and JSON-able.
    """

    status: Status
    reason: str
    ct_to_mr: RigidTransform | None
    seconds: float
    shift_mm: float = float("nan")
    angle_deg: float = float("nan")
    quality: dict[str, Any] = field(default_factory=dict)
