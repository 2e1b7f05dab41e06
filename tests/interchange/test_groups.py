"""What a structured report says of a reading, before any DICOM is written."""

from __future__ import annotations

from napari_vcf.interchange.groups import groups_of
from napari_vcf.reading.carrying import open_items
from napari_vcf.reading.export import build_export
from support.carried import carried, confirm_all

STAGE = "combined"


def texts_of(reading) -> dict[str, str]:
    groups = groups_of(build_export(reading, stages=[STAGE]), "0" * 64)
    return {group.name: dict(group.texts).get("carried", "") for group in groups if group.stage == STAGE}


def test_what_was_carried_says_from_where_and_whether_it_was_changed():
    reading = carried()
    reading.answer(STAGE, "lesion_extent_visual", "G2")
    confirm_all(reading)
    front = reading.state.stages[STAGE].caliper("L1", "anterior")
    reading.place_caliper(
        stage=STAGE,
        level="L1",
        position="anterior",
        image=front.image,
        start_lps=front.start_lps,
        end_lps=(front.end_lps[0], front.end_lps[1], front.end_lps[2] + 0.5),
    )
    told = texts_of(reading)
    assert told[f"{STAGE}:heights:L1"].split("; ") == [
        "middle from ct, unchanged",
        "posterior from ct, unchanged",
        "anterior from ct, changed",
    ]
    assert told[f"{STAGE}:extent:body"] == "body from mri, unchanged"
    assert told[f"{STAGE}:extent:lesion"] == "lesion from mri, unchanged"
    assert told[f"{STAGE}:adc:lesion:1"] == "rectangle from mri, unchanged"


def test_what_was_drawn_here_is_not_called_carried():
    reading = carried()
    reading.decide_carried(STAGE, open_items(reading.state.stages[STAGE]), "deleted")
    assert not any(texts_of(reading).values())
