"""Which items of the form a stage asks: what the protocol lists, without what no image of the case could show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from napari_vcf.dicom import Role, Series
from napari_vcf.language import say
from napari_vcf.reading.findings import Item
from napari_vcf.reading.issues import Issue
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.stage_images import is_open
from napari_vcf.records.base import Stage

__all__ = ["asked_of", "not_asked_of", "shown_by_any"]

#: Roles of images before contrast that an enhanced image may have where its files do not speak of an agent.
_MAY_BE_ENHANCED = {Role.T1: Role.T1C, Role.T1FS: Role.T1FSC}


def shown_by_any(item: Item, stage: Stage, images: Iterable[Series]) -> bool | None:
    """Whether an image of a stage shows a sign.

    Parameters
    ----------
    item : Item
        The sign.
    stage : {"ct", "mri", "combined"}
        The stage.
    images : iterable of Series
        All images of the case.

    Returns
    -------
    bool or None
        None where that is not certain: an MR image has no role that anybody gave it and is of none by its files, is
        T1 with fat suppression, as enhanced images usually are, or is one of two T1 that nothing else tells apart.
    """
    if not item.shown_by:
        return True
    found = list(images)
    if any(series.role in item.shown_by and is_open(stage, series.role) for series in found):
        return True
    if stage == "ct":
        return False
    by_files = Counter(series.role for series in found if series.modality == "MR" and not series.role_given)
    plain = [role for role, enhanced in _MAY_BE_ENHANCED.items() if enhanced in item.shown_by and by_files[role]]
    doubtful = by_files[Role.OTHER] or any(role is Role.T1FS or by_files[role] > 1 for role in plain)
    return None if doubtful else False


def not_asked_of(
    protocol: Protocol, stage: Stage, images: Iterable[Series], answered: Container[str] = ()
) -> tuple[Issue, ...]:
    """Items that the protocol lists for a stage and that are not asked in this case, each with the reason.

    Parameters
    ----------
    protocol : Protocol
        What is asked.
    stage : {"ct", "mri", "combined"}
        The stage.
    images : iterable of Series
        All images of the case.
    answered : container of str
        Keys of the items that have an answer; they stay.

    Returns
    -------
    tuple of Issue
    """
    if protocol.ask_without_image:
        return ()
    found = list(images)
    return tuple(
        Issue(
            code="no_enhanced_image",
            item=key,
            text=say("{label}: not asked, no contrast-enhanced image.", label=protocol.form[key].label),
        )
        for key in protocol.items_of(stage)
        if protocol.form[key].only_where_shown
        and key not in answered
        and shown_by_any(protocol.form[key], stage, found) is False
    )


def asked_of(
    protocol: Protocol, stage: Stage, images: Iterable[Series], answered: Container[str] = ()
) -> tuple[str, ...]:
    """Keys of the items that are asked in a stage of this case, in the order of the form; see `not_asked_of`."""
    left_out = {issue.item for issue in not_asked_of(protocol, stage, images, answered)}
    return tuple(key for key in protocol.items_of(stage) if key not in left_out)
