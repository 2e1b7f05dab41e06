"""What a proposal can refuse."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError

__all__ = ["ProposalError"]


class ProposalError(NapariVcfError):
    """A body that cannot be proposed from what was given."""
