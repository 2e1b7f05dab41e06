"""What an export says of a proposed body, computed again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vcf.errors import NapariVcfError
from napari_vcf.proposal import Endplates, ProposalError, check_body
from napari_vcf.reading.case import Case
from napari_vcf.reading.export_document import StageExport
from napari_vcf.reading.label_proposing import LABEL_METHOD, label_again
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.proposing import METHOD, computed_again
from napari_vcf.reading.state import BodyProposal, Masks
from napari_vcf.reading.statement_checks import Statement
from napari_vcf.records.base import Stage

__all__ = ["label_maps_of", "proposal_statements", "without_label_map"]


def proposal_statements(
    place: str, masks: Masks, case: Case, *, level: str | None = None, label_maps: Mapping[str, Path] | None = None
) -> list[Statement]:
    """Check a proposal voxel by voxel, and that its accepted slices are as it proposed them.

    Parameters
    ----------
    place : str
        Of the proposal within the document.
    masks : Masks
        With it.
    case : Case
        The images, straight from the files.
    level : str, optional
        The fractured vertebra.
    label_maps : mapping of str to Path, optional
        Label maps that are at hand, by SHA-256.

    Returns
    -------
    list of Statement
        A proposal by another version of the method cannot be computed again; then only its slices are checked.
    """
    proposal, shape = masks.proposal, masks.grid.shape
    if proposal is None:
        return []
    proposed, body = decode_mask(proposal.mask, shape), decode_mask(masks.body, shape)
    statements: list[Statement] = []
    if proposal.source is not None:
        statements.extend(_label_statements(place, proposal, masks, level, label_maps or {}))
    elif proposal.method == METHOD:
        try:
            again = decode_mask(computed_again(proposal, case), shape)
        except NapariVcfError as error:
            statements.append(Statement(f"{place}.mask", "proposed", str(error), holds=False))
        else:
            statements.append(_same_mask(place, proposed, again))
    for name, is_so, otherwise in (
        ("accepted", lambda i: np.array_equal(body[i], proposed[i]) and proposed[i].any(), "drawn otherwise"),
        # It may have begun with an earlier proposal, and the last one may hold nothing there.
        ("corrected", lambda i: bool(body[i].any()), "no body"),
        ("unseen", lambda i: not body[i].any(), "counted as body"),
        ("rejected", lambda i: not body[i].any(), "body"),
    ):
        for index in getattr(proposal, name):
            holds = index < shape[0] and bool(is_so(index))
            statements.append(Statement(f"{place}.{name}.{index}", name, name if holds else otherwise, holds))
    return statements


def without_label_map(stages: Mapping[Stage, StageExport], label_maps: Mapping[str, Path]) -> tuple[str, ...]:
    """Sentences on label maps that are not at hand, of the stages whose body was proposed from one."""
    if label_maps:
        # Another file in the place of one is a difference.
        return ()
    return tuple(
        f"stages.{stage}.masks.proposal: the label map with the SHA-256 {sha256} was not given; the "
        "proposal is known by its stored mask alone"
        for stage, part in stages.items()
        for sha256 in label_maps_of(part.masks)
    )


def label_maps_of(masks: Masks | None) -> tuple[str, ...]:
    """SHA-256 of the label maps from which a body was proposed."""
    if masks is None or masks.proposal is None or masks.proposal.source is None:
        return ()
    source = masks.proposal.source
    return (source.body.sha256, *(() if source.levels is None else (source.levels.sha256,)))


def _same_mask(place: str, proposed: NDArray[np.bool_], again: NDArray[np.bool_]) -> Statement:
    off = int(np.count_nonzero(again != proposed))
    voxels = f"{int(proposed.sum())} voxels"
    found = voxels if not off else f"{int(again.sum())} voxels, of which {off} differ"
    return Statement(f"{place}.mask", voxels, found, holds=not off)


def _label_statements(
    place: str, proposal: BodyProposal, masks: Masks, level: str | None, label_maps: Mapping[str, Path]
) -> list[Statement]:
    """Check a body from a label map: its vertebra, that it holds the heights, and its voxels if the file is there."""
    source, grid = proposal.source, masks.grid.grid()
    assert source is not None
    proposed = decode_mask(proposal.mask, grid.shape)
    statements = [Statement(f"{place}.source.level", source.level, str(level), holds=source.level == level)]
    try:
        check_body(proposed, grid, Endplates(proposal.ends.top_lps, proposal.ends.bottom_lps))
    except ProposalError as error:
        statements.append(Statement(f"{place}.mask", "the body of the heights", str(error), holds=False))
    if proposal.method != LABEL_METHOD:
        return statements
    try:
        again = label_again(proposal, grid, label_maps)
    except NapariVcfError as error:
        statements.append(Statement(f"{place}.source", "label map", str(error), holds=False))
    else:
        if again is not None:
            statements.append(_same_mask(place, proposed, decode_mask(again, grid.shape)))
        elif label_maps:
            wanted, given = (", ".join(sorted(each)) for each in (label_maps_of(masks), label_maps))
            statements.append(Statement(f"{place}.source", f"files {wanted}", f"given {given}", holds=False))
    return statements
