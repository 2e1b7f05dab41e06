"""What a structured report says of a reading, before any DICOM is written."""

from __future__ import annotations

from napari_vcf.interchange.groups import groups_of
from napari_vcf.reading.carrying import open_items
from napari_vcf.reading.export import build_export
from napari_vcf.reading.export_document import AmendmentExport, SealExport
from napari_vcf.reading.state import Continued
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


def about(export) -> dict[str, str]:
    return dict(groups_of(export, "0" * 64)[0].texts)


def test_a_first_reading_its_amendment_and_a_second_reading_are_told_apart():
    first = build_export(carried(), stages=[STAGE])
    assert (about(first)["occasion"], about(first)["version"]) == ("1", "1")
    assert not {"amends", "continues"} & set(about(first))
    again = about(first.model_copy(update={"occasion": 2}))
    assert (again["occasion"], again["version"]) == ("2", "1")
    earlier = Continued(version=1, sha256="c" * 64, exported_at=first.exported_at)
    later = about(first.model_copy(update={"version": 2, "continues": earlier}))
    assert (later["version"], later["continues"]) == ("2", f"version 1, {'c' * 64}")
    seal = SealExport(
        version=3,
        amends=AmendmentExport(version=2, sha256="d" * 64, reason="slip of the hand", sealed_by_then=()),
        position=1,
        sealed_at=first.exported_at,
        active_s=1.0,
        idle_s=0.0,
        journal_sha256="e" * 64,
        sha256="f" * 64,
    )
    amended = about(first.model_copy(update={"status": "sealed", "seal": seal}))
    assert (amended["version"], amended["amends"]) == ("3", f"version 2, {'d' * 64}: slip of the hand")
