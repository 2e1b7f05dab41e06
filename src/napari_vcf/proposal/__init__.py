"""A vertebral body proposed on all slices from its calipers: shown as a proposal, never believed."""

from __future__ import annotations

from napari_vcf.proposal.body import BodyProposal, Endplates, propose_body
from napari_vcf.proposal.errors import ProposalError
from napari_vcf.proposal.label_map import check_body, holds, labels_on_grid, middle_of, part_at

__all__ = [
    "BodyProposal",
    "Endplates",
    "ProposalError",
    "check_body",
    "holds",
    "labels_on_grid",
    "middle_of",
    "part_at",
    "propose_body",
]
