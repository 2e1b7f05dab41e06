"""Slices of the vertebral body: which wait for the reader, and where each comes from."""

from __future__ import annotations

from typing import Literal

import numpy as np

from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.state import Masks

__all__ = ["SliceOrigin", "lesion_outside", "open_slices", "slice_origins"]

#: Accepted as the program proposed it, or as a label map has it; begun with either and changed; drawn by hand.
SliceOrigin = Literal["proposed", "label_map", "corrected", "drawn"]


def lesion_outside(masks: Masks) -> int:
    """Voxels of the lesion that lie outside the body; no drawing of a reader's has any."""
    shape = masks.grid.shape
    return int((decode_mask(masks.lesion, shape) & ~decode_mask(masks.body, shape)).sum())


def open_slices(masks: Masks | None) -> tuple[int, ...]:
    """Slices of a proposal that wait for the reader: nothing was decided, and no body was drawn there."""
    if masks is None or masks.proposal is None:
        return ()
    proposal = masks.proposal
    shape = masks.grid.shape
    proposed = decode_mask(proposal.mask, shape).any(axis=(1, 2))
    drawn = decode_mask(masks.body, shape).any(axis=(1, 2))
    decided = {*proposal.accepted, *proposal.corrected, *proposal.unseen, *proposal.rejected}
    return tuple(index for index in np.flatnonzero(proposed & ~drawn).tolist() if index not in decided)


def slice_origins(masks: Masks) -> dict[int, SliceOrigin]:
    """Where the body of each slice that holds some comes from."""
    held = np.flatnonzero(decode_mask(masks.body, masks.grid.shape).any(axis=(1, 2))).tolist()
    proposal = masks.proposal
    found: dict[int, SliceOrigin] = dict.fromkeys(held, "drawn")
    if proposal is not None:
        accepted: SliceOrigin = "proposed" if proposal.source is None else "label_map"
        found.update(dict.fromkeys(proposal.accepted, accepted))
        found.update(dict.fromkeys(proposal.corrected, "corrected"))
    return {index: origin for index, origin in sorted(found.items()) if index in set(held)}
