"""Where degrees and grades part, unless a protocol says otherwise."""

from __future__ import annotations

from typing import Final

__all__ = [
    "DEGREE_BORDERLINE_WITHIN",
    "DEGREE_CUTS",
    "EXTENT_BORDERLINE_WITHIN",
    "EXTENT_CUTS",
    "EXTENT_ENTIRE_FROM",
    "POSTERIOR_CRUSHED_FROM",
]

#: Losses of height between degrees I, II and III (Zhao et al.); a loss on a cut is II.
DEGREE_CUTS: Final = ("1/3", "2/3")
#: The published limit of agreement between readers of height loss on CT, 12.5 percentage points.
DEGREE_BORDERLINE_WITHIN: Final = 0.125
#: Posterior loss from which a vertebra's own posterior height is no reference: Genant's limit of a fracture, 20 %.
POSTERIOR_CRUSHED_FROM: Final = "1/5"
#: Shares of the body between G1, G2, G3 and G4 (Zhao et al.); a share on a cut falls into the class above.
EXTENT_CUTS: Final = ("1/4", "2/4", "3/4")
#: Share from which the body counts as entirely involved.
EXTENT_ENTIRE_FROM: Final = "19/20"
EXTENT_BORDERLINE_WITHIN: Final = 0.05
