"""The protocol: every decision that a study takes about what is measured and how it is graded.

It travels with each export, and its hash tells whether two readings were made by the same rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from napari_vcf.language import say
from napari_vcf.measure import ReferenceRule, parse_ratio
from napari_vcf.measure.cuts import (
    DEGREE_BORDERLINE_WITHIN,
    DEGREE_CUTS,
    EXTENT_BORDERLINE_WITHIN,
    EXTENT_CUTS,
    EXTENT_ENTIRE_FROM,
    POSTERIOR_CRUSHED_FROM,
)
from napari_vcf.reading.findings import EXTENT_VISUAL, FORMS, ITEMS, FormVersion, Item, extent_by_eye, items_by_default
from napari_vcf.records.base import STAGES, Finite, FrozenModel, Stage

__all__ = ["Protocol", "as_it_was"]

#: What the first protocols decided by not knowing of it.
_AT_FIRST: Final = {"form_version": "1", "body_proposal": False, "ask_without_image": True, "carry": False}


def as_it_was(content: Mapping[str, Any]) -> dict[str, Any]:
    """Content of a protocol that was written whole, with what it did not know yet as it was then."""
    return {**_AT_FIRST, **content}


Ratio = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}/[1-9][0-9]{0,5}$")]


class Protocol(FrozenModel):
    """What is measured and how it is graded.

    Attributes
    ----------
    name, version : str
        Name and version of the protocol, for people; both are exported.
    form_version : str
        Which form is asked: ``"1"``, the paper's, or ``"2"``, in which the pedicle's signal may be normal, the signal
        on DWI iso, and enhancement none.
    reference : str
        Definition of the reference height whose loss is graded; the others are computed and exported beside it.
    degree_cuts : tuple of str
        Losses between degrees I, II and III; a loss on a cut is II.
    degree_borderline_within : float
        Distance to a cut up to which a degree is called borderline. The default is the published limit of agreement
        between readers of CT height loss, 12.5 percentage points.
    posterior_crushed_from : str
        Posterior loss from which ``own_posterior`` is refused. The default is Genant's limit of a fracture, 20 %.
    extent_cuts : tuple of str
        Shares between G1, G2, G3 and G4; a share on a cut falls into the class above.
    extent_entire_from : str
        Share from which the body counts as entirely involved.
    extent_borderline_within : float
        Distance to a cut up to which an extent grade is called borderline.
    roi_long_mm, roi_short_mm : float
        Sides of the ADC rectangle, mm.
    roi_placements : int
        Placements in the lesion, and as many in the normal vertebra.
    snapping : bool
        Whether a caliper's end may be drawn to the nearest edge.
    body_proposal : bool
        Whether the vertebral body may be proposed, to be accepted slice by slice.
    ask_without_image : bool
        Whether enhancement is asked in a case without a contrast-enhanced image.
    staging : str
        ``open``: one sitting sees everything; ``sealed``: stages follow one another and close behind the reader.
    stages : tuple of str
        Stages of a reading, in their order.
    carry : bool
        Whether the stage with both examinations begins with what the same reader drew and signed on each, as a draft
        that is confirmed item by item; answers, verdict and estimates by eye are never carried.
    stage_items : dict
        Items asked in each stage. By default each examination is measured in its own stage, and both together are
        asked for what each shows a part of, and for a verdict; with ``carry`` they are asked for what is measured as
        well.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "vcf-default"
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "2"
    form_version: FormVersion = "1"
    reference: ReferenceRule = "mean_adjacent"
    degree_cuts: tuple[Ratio, Ratio] = DEGREE_CUTS
    degree_borderline_within: Annotated[Finite, Field(ge=0, lt=1)] = DEGREE_BORDERLINE_WITHIN
    posterior_crushed_from: Ratio = POSTERIOR_CRUSHED_FROM
    extent_cuts: tuple[Ratio, Ratio, Ratio] = EXTENT_CUTS
    extent_entire_from: Ratio = EXTENT_ENTIRE_FROM
    extent_borderline_within: Annotated[Finite, Field(ge=0, lt=1)] = EXTENT_BORDERLINE_WITHIN
    roi_long_mm: Annotated[Finite, Field(gt=0)] = 7.0
    roi_short_mm: Annotated[Finite, Field(gt=0)] = 5.0
    roi_placements: Annotated[int, Field(ge=1, le=10)] = 3
    snapping: bool = True
    body_proposal: bool = True
    ask_without_image: bool = False
    staging: Literal["open", "sealed"] = "open"
    stages: tuple[Stage, ...] = STAGES
    carry: bool = False
    stage_items: dict[Stage, tuple[str, ...]] = Field(
        default_factory=lambda decided: items_by_default(
            decided.get("stages", STAGES), carry=decided.get("carry", False)
        )
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for cuts in (self.degree_cuts, self.extent_cuts):
            ratios = [parse_ratio(cut) for cut in cuts]
            if sorted(set(ratios)) != ratios:
                raise ValueError(say("the cuts {cuts} do not grow", cuts=", ".join(cuts)))
        if not self.stages or len(set(self.stages)) != len(self.stages):
            raise ValueError(say("the stages must be named once each"))
        for stage in self.stages:
            unknown = set(self.stage_items.get(stage, ())) - set(ITEMS)
            if unknown:
                raise ValueError(
                    say(
                        "stage {stage} asks for unknown items: {unknown}",
                        stage=stage,
                        unknown=", ".join(sorted(unknown)),
                    )
                )
            if stage not in self.stage_items:
                raise ValueError(say("stage {stage} has no list of items", stage=stage))
        if self.carry:
            self._check_carry()
        return self

    def _check_carry(self) -> None:
        if self.staging != "sealed":
            raise ValueError(
                say(
                    "carry takes over what was signed in earlier stages, and with staging 'open' no stage is signed: "
                    "one sitting sees everything; set staging to 'sealed', or carry to false"
                )
            )
        before = self.stages[: self.stages.index("combined")] if "combined" in self.stages else ()
        if not before:
            raise ValueError(
                say("carry takes over into the combined stage what was signed on CT or MRI: read one of them before it")
            )
        if not self.carried_items:
            raise ValueError(
                say(
                    "carry has nothing to take over: the combined stage asks for no measurement that an earlier stage "
                    "asks for; add those that are to be carried ({items}) to its items, or set carry to false",
                    items=", ".join(key for key, item in ITEMS.items() if item.measured),
                )
            )

    @property
    def sha256(self) -> str:
        """Hash of the protocol's content, independent of the order in which it was written."""
        content = self.model_dump(mode="json", exclude=self.later_decisions())
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def later_decisions(self) -> set[str]:
        """Decisions that the first protocols did not know and that are as they were then: no hash counts them."""
        return {name for name, value in _AT_FIRST.items() if getattr(self, name) == value}

    @property
    def form(self) -> dict[str, Item]:
        """The items of the form that is asked, by key."""
        items = FORMS[self.form_version]
        if self.extent_cuts == EXTENT_CUTS:
            return items
        by_eye = replace(items[EXTENT_VISUAL], help=extent_by_eye(self.extent_cuts))
        return {**items, EXTENT_VISUAL: by_eye}

    @property
    def carried_items(self) -> tuple[str, ...]:
        """Keys of the measured items whose geometry is carried into the combined stage; empty without ``carry``."""
        if not self.carry or "combined" not in self.stages:
            return ()
        before = self.stages[: self.stages.index("combined")]
        asked = {key for stage in before for key in self.items_of(stage)}
        return tuple(key for key in self.items_of("combined") if key in asked and ITEMS[key].measured)

    def items_of(self, stage: Stage) -> tuple[str, ...]:
        """Keys of the items asked in a stage; none in a stage that the protocol does not have."""
        return self.stage_items[stage] if stage in self.stages else ()

    def asks(self, stage: Stage, item: str) -> bool:
        """Whether an item belongs to a stage."""
        return item in self.items_of(stage)
