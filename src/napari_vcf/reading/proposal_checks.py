"""What an export says of a proposed body, computed again."""

from __future__ import annotations

import numpy as np

from napari_vcf.errors import NapariVcfError
from napari_vcf.reading.case import Case
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.proposing import METHOD, computed_again
from napari_vcf.reading.state import Masks
from napari_vcf.reading.statement_checks import Statement

__all__ = ["proposal_statements"]


def proposal_statements(place: str, masks: Masks, case: Case) -> list[Statement]:
    """Check a proposal voxel by voxel, and that its accepted slices are as it proposed them.

    Parameters
    ----------
    place : str
        Of the proposal within the document.
    masks : Masks
        With it.
    case : Case
        The images, straight from the files.

    Returns
    -------
    list of Statement
        A proposal by another version of the method cannot be computed again; then only its slices are checked.
    """
    proposal, shape = masks.proposal, masks.grid.shape
    if proposal is None:
        return []
    proposed, body = decode_mask(proposal.mask, shape), decode_mask(masks.body, shape)
    statements = []
    if proposal.method == METHOD:
        try:
            again = decode_mask(computed_again(proposal, case), shape)
        except NapariVcfError as error:
            statements.append(Statement(f"{place}.mask", "proposed", str(error), holds=False))
        else:
            off = int(np.count_nonzero(again != proposed))
            voxels = f"{proposal.mask.voxels} voxels"
            found = voxels if not off else f"{int(again.sum())} voxels, of which {off} differ"
            statements.append(Statement(f"{place}.mask", voxels, found, holds=not off))
    for name, is_so, otherwise in (
        ("accepted", lambda i: np.array_equal(body[i], proposed[i]) and proposed[i].any(), "drawn otherwise"),
        ("corrected", lambda i: bool(body[i].any()) and bool(proposed[i].any()), "no body, or none proposed"),
        ("unseen", lambda i: not body[i].any(), "counted as body"),
        ("rejected", lambda i: not body[i].any(), "body"),
    ):
        for index in getattr(proposal, name):
            holds = index < shape[0] and bool(is_so(index))
            statements.append(Statement(f"{place}.{name}.{index}", name, name if holds else otherwise, holds))
    return statements
