"""Which images of a case a registration joins, and what it found as the record keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from napari_vcf.dicom import Role
from napari_vcf.language import say
from napari_vcf.reading.case import MR_ROLES, CaseImage
from napari_vcf.registration import RegistrationResult

__all__ = ["Mark", "Pair", "pair_of", "recordable", "shown_index"]

_ANATOMICAL = (Role.T1, Role.T1FS, Role.T1C, Role.T1FSC, Role.T2, Role.T2FS)


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


@dataclass(frozen=True, slots=True)
class Mark:
    """The centre of the fractured body, marked on an image.

    Attributes
    ----------
    point_lps : tuple of float
        LPS mm, in the image's own frame.
    image : str or None
        The image that was clicked; None where only the place is known.
    """

    point_lps: tuple[float, float, float]
    image: str | None = None


def pair_of(
    images: Iterable[CaseImage],
    *,
    ct_mark: Mark | None = None,
    mr_mark: Mark | None = None,
    in_front: str | None = None,
    notes: list[str] | None = None,
) -> tuple[CaseImage | None, dict[str, CaseImage]]:
    """The CT and the MR images that are registered to each other.

    The CT is the one that was clicked, else the one in front; of the others one that holds the mark, by the thinnest
    slices. Of MRI all anatomical images are used that hold the mark and share the frame of reference of the one that
    was clicked (without a click, the frame that most of them share); others only where there is no anatomical one.
    What may not be measured is left out.

    Parameters
    ----------
    images : iterable of CaseImage
        Of one case.
    ct_mark, mr_mark : Mark, optional
        Where the fractured body was marked.
    in_front : str, optional
        Image that the reader looks at.
    notes : list of str, optional
        Takes a sentence on each image that is left out.

    Returns
    -------
    ct : CaseImage or None
    mr : dict of str to CaseImage
        By label; empty where the case has no MRI.
    """
    known = list(images)
    said: list[str] = [] if notes is None else notes
    return _ct_of(known, ct_mark, in_front, said), _mr_of(known, mr_mark, in_front, said)


def _ct_of(images: list[CaseImage], mark: Mark | None, in_front: str | None, notes: list[str]) -> CaseImage | None:
    every = [image for image in images if image.series.role is Role.CT]
    clicked = mark.image if mark is not None and mark.image is not None else in_front
    chosen = next((image for image in every if image.id == clicked), None)
    if chosen is not None:
        return chosen
    found = _sound(every, notes)
    if not found:
        return None
    holding = [image for image in found if mark is not None and _holds(image, mark)]
    # The thinnest slices show the endplates best; where two are equal, the larger stack shows more of the spine.
    chosen = min(
        holding or found, key=lambda i: (round(i.series.grid.spacing_mm[0], 3), -i.series.grid.shape[0], i.series.key)
    )
    if len(found) > 1:
        grid = chosen.series.grid
        where = (
            ""
            if mark is None
            else say("{count} of {all} CT series contain the CT point; ", count=len(holding), all=len(found))
        )
        notes.append(
            say(
                "{where}{label}, with {count} slices of {spacing_mm:g} mm, is used.",
                where=where,
                label=chosen.label,
                count=grid.shape[0],
                spacing_mm=grid.spacing_mm[0],
            )
        )
    return chosen


def _mr_of(images: list[CaseImage], mark: Mark | None, in_front: str | None, notes: list[str]) -> dict[str, CaseImage]:
    clicked = next((image for image in images if mark is not None and image.id == mark.image), None)
    every = [image for image in images if _is_mr(image)]
    sound = _sound(every, notes)
    used = [image for image in sound if clicked is None or _frame(image) == _frame(clicked)]
    for roles in (_ANATOMICAL, (Role.OTHER,), MR_ROLES):
        candidates = [image for image in used if image.series.role in roles]
        if candidates:
            return _in_one_frame(candidates, mark, in_front, notes)
    return {}


def _in_one_frame(
    images: list[CaseImage], mark: Mark | None, in_front: str | None, notes: list[str]
) -> dict[str, CaseImage]:
    holding = images if mark is None else [image for image in images if _holds(image, mark)]
    if len(holding) < len(images):
        notes.append(
            say(
                "{count} of {all} MR series contain the MR point and are used.",
                count=len(holding),
                all=len(images),
            )
        )
    # Where none holds the point, all are handed on, so that the refusal can say so.
    used = holding or images
    frames = [_frame(image) for image in used]
    front = next((_frame(image) for image in used if image.id == in_front), None)
    main = front if front is not None else max(sorted(set(frames), key=str), key=frames.count)
    kept = [image for image in used if _frame(image) == main]
    if len(kept) < len(used):
        labels = ", ".join(image.label for image in used if image not in kept)
        notes.append(
            say(
                "{count} MR series in another frame of reference are left out: {labels}.",
                count=len(used) - len(kept),
                labels=labels,
            )
        )
    return {image.label: image for image in sorted(kept, key=lambda i: (i.series.role, i.series.grid.pixel_area_mm2))}


def _is_mr(image: CaseImage) -> bool:
    return image.series.role in MR_ROLES or (image.series.role is Role.OTHER and image.series.modality == "MR")


def _frame(image: CaseImage) -> str | None:
    return image.series.frame_of_reference_uid


def _holds(image: CaseImage, mark: Mark) -> bool:
    return bool(image.series.grid.contains(mark.point_lps))


def _sound(images: list[CaseImage], notes: list[str]) -> list[CaseImage]:
    notes.extend(
        say(
            "{label} is left out: {reason}",
            label=image.label,
            reason=image.series.not_measurable_reason,
        )
        for image in images
        if not image.series.measurable
    )
    return [image for image in images if image.series.measurable]


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
