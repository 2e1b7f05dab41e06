"""What a stage lacks or does not ask, what contradicts itself, what users of the numbers should know: data, not prose.

Whoever decides something (what to show, what to hide, what to count) looks at the code and at the item. The sentence is
for people, and may be worded otherwise at any time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Annotated, Literal

from napari_vcf.language import Sentence
from napari_vcf.records.base import FrozenModel

__all__ = ["Issue", "IssueCode", "visible"]

IssueCode = Literal[
    # Missing.
    "spine_not_named",
    "not_answered",
    "not_measured",
    "carried_open",
    # Conflicts.
    "measured_but_not_assessable",
    "verdict_against_confidence",
    "estimate_against_measurement",
    "lesion_painted_but_none",
    # Warnings.
    "different_images",
    "reference_height",
    "image_corrected",
    "coarse_map",
    "few_effective_voxels",
    "roi_outside_body",
    "roi_near_edge_of_body",
    "roi_on_same_voxels",
    "roi_on_empty_voxels",
    "roi_level_contradicted",
    "roi_in_low_body",
    "no_endplate_angle",
    "frames_not_joined",
    "normal_levels_differ",
    "normal_level_not_adjacent",
    "normal_level_not_intact",
    "label_level_differs",
    "proposal_open",
    "proposal_unseen",
    "middle_proposed",
    # Not asked.
    "no_enhanced_image",
    # Of a document that was written before there were codes.
    "uncoded",
]


class Issue(FrozenModel):
    """One thing that is missing, contradictory or worth knowing.

    Attributes
    ----------
    code : str
        What it is.
    item : str or None
        Key of the form's item whose value it concerns; None where it concerns the stage as a whole.
    text : str
        The sentence for people; also what ``str`` gives.
    """

    code: IssueCode
    item: str | None = None
    text: Annotated[str, Sentence]

    def __str__(self) -> str:
        return self.text


def visible(issues: Iterable[Issue], hidden: Container[str]) -> tuple[Issue, ...]:
    """Leave out what concerns a hidden item.

    Parameters
    ----------
    issues : iterable of Issue
        What is to be shown.
    hidden : container of str
        Keys of the items whose values the reader must not see yet; see `napari_vcf.reading.Reading.hidden`.

    Returns
    -------
    tuple of Issue
    """
    return tuple(issue for issue in issues if issue.item not in hidden)
