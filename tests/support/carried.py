"""A combined stage that begins with what the same reader signed before."""

from __future__ import annotations

from functools import cache
from typing import Any

from napari_vcf.dicom import Role
from napari_vcf.reading import Protocol, Reading
from napari_vcf.reading import actions as act
from napari_vcf.reading.carrying import draft_of, open_items
from napari_vcf.reading.state import CarriedDraft
from support.cases import body_masks, clock, image, measure_heights, memory_case, new_reading, rectangle

SEALS = {"ct": "a" * 64, "mri": "b" * 64}


def carrying(**decisions: Any) -> Protocol:
    """The default protocol with carrying."""
    return Protocol(**{"staging": "sealed", "carry": True, **decisions})


def signed_ct(protocol: Protocol | None = None) -> Reading:
    """Heights on CT, as they were before the signature."""
    reading = new_reading(protocol=protocol or carrying())
    measure_heights(reading, "ct", Role.CT)
    return reading


def signed_mri(protocol: Protocol | None = None) -> Reading:
    """Heights, body, lesion and ADC on MRI."""
    reading = new_reading(protocol=protocol or carrying())
    measure_heights(reading, "mri")
    reading.set_masks("mri", image(reading, Role.T2), *body_masks(reading))
    for tissue, level, z in (("lesion", "L1", 0.0), ("normal", "L2", -40.0)):
        for number in (1, 2, 3):
            reading.place_roi(
                stage="mri",
                tissue=tissue,
                placement=number,
                level=level,
                image=image(reading, Role.ADC),
                rectangle=rectangle(reading, y=-4.0 + 2.0 * number, z=z + 0.1 * number, angle=7.0 * number),
            )
    return reading


def draft_from(reading: Reading, stage: str) -> CarriedDraft:
    """The draft of what was read in a stage."""
    state = reading.state
    return draft_of(
        state.stages[stage],
        stage=stage,
        seal=SEALS[stage],
        spine=state.spine,
        joins=state.frame_joins,
        protocol=reading.protocol,
    )


@cache
def _both() -> tuple[CarriedDraft, ...]:
    return draft_from(signed_ct(), "ct"), draft_from(signed_mri(), "mri")


def carried(*drafts: CarriedDraft, protocol: Protocol | None = None, spine: str | None = "L1") -> Reading:
    """A reading that begins with drafts in its combined stage; by default with those of CT and MRI."""
    protocol = protocol or carrying()
    drafts = drafts or _both()
    reading = Reading(memory_case(), study="S1", reader="R1", protocol=protocol, clock=clock())
    reading.apply(act.CarryDrafts(stage="combined", drafts=drafts))
    if spine is not None:
        reading.set_spine(spine)
    return reading


def confirm_all(reading: Reading, *stages: str) -> None:
    """Confirm everything that waits, one by one; only what comes from some stages, where they are named."""
    while waiting := [item for item in open_items(reading.state.stages["combined"]) if item.stage in (stages or SEALS)]:
        reading.decide_carried("combined", waiting[:1], "confirmed")
