"""A vertebral body proposed on all slices from its calipers: shown as a proposal, never believed."""

from __future__ import annotations

from napari_vcf.proposal.body import BodyProposal, Endplates, propose_body
from napari_vcf.proposal.errors import ProposalError

__all__ = ["BodyProposal", "Endplates", "ProposalError", "propose_body"]
