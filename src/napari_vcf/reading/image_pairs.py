"""Which images of a case a registration joins, and what it found as the record keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from napari_vcf.dicom import Role
from napari_vcf.reading.case import MR_ROLES, CaseImage
from napari_vcf.registration import RegistrationResult

__all__ = ["Pair", "pair_of", "recordable", "shown_index"]

_ANATOMICAL = (Role.T1, Role.T2, Role.T2FS)


@dataclass(frozen=True, slots=True)
class Pair:
    """One CT and the MR images to which it is registered.

    Attributes
    ----------
    ct : CaseImage
        The CT.
    mr : dict of str to CaseImage
        By contrast.
    """

    ct: CaseImage
    mr: dict[str, CaseImage]

    @property
    def images(self) -> tuple[str, ...]:
        """Their names in the record, the CT first."""
        return (self.ct.id, *(image.id for image in self.mr.values()))

    @property
    def same_frame(self) -> bool:
        """Whether all of them state the same frame of reference."""
        frame = self.ct.series.frame_of_reference_uid
        return frame is not None and all(i.series.frame_of_reference_uid == frame for i in self.mr.values())


def pair_of(images: Iterable[CaseImage], in_front: str | None = None) -> tuple[CaseImage | None, dict[str, CaseImage]]:
    """The CT and the MR contrasts that are registered: the anatomical ones, or, where there are none, the others.

    Parameters
    ----------
    images : iterable of CaseImage
        Of one case, in its order.
    in_front : str, optional
        Image that the reader looks at; of several CTs this one is taken.

    Returns
    -------
    ct : CaseImage or None
    mr : dict of str to CaseImage
        By contrast; empty where the case has no MRI.
    """
    known = list(images)
    found = [image for image in known if image.series.role is Role.CT]
    ct = next(iter([*(image for image in found if image.id == in_front), *found]), None)
    for roles in (_ANATOMICAL, MR_ROLES):
        mr: dict[str, CaseImage] = {}
        for image in known:
            if image.series.role in roles:
                mr.setdefault(image.series.role.value, image)
        if mr:
            return ct, mr
    return ct, {}


def shown_index(volumes: tuple[Any, ...]) -> int:
    """Which of several volumes is shown first: the one of the highest b-value."""
    values = [-1.0 if info.b_value is None else float(info.b_value) for info in volumes]
    return max(range(len(values)), key=values.__getitem__, default=0)


def recordable(result: RegistrationResult) -> RegistrationResult:
    """The same result with the quality as the record keeps it: one number, word or list to a name.

    Parameters
    ----------
    result : RegistrationResult
        What the registration returned; its quality may hold tables (by level) and blanks.

    Returns
    -------
    RegistrationResult
        Tables become ``name.key``; blanks are left out. Where it was refused there is no shift and no angle.
    """
    flat: dict[str, Any] = {}
    for name, value in result.quality.items():
        entries = {f"{name}.{key}": entry for key, entry in value.items()} if isinstance(value, dict) else {name: value}
        flat.update({key: entry for key, entry in entries.items() if entry is not None})
    if result.ct_to_mr is None:
        return replace(result, quality=flat, shift_mm=0.0, angle_deg=0.0)
    return replace(result, quality=flat)
