"""A claim that something was carried unchanged holds to the bit against the signed stage, or is found out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.reading import Reading
from napari_vcf.reading.carried_checks import carried_statements, signed_beside, without_source
from napari_vcf.reading.export import build_export, read_reading
from napari_vcf.reading.export_document import ReadingExport, SealExport
from napari_vcf.records.sealing import seal_text
from support.carried import carried, confirm_all, draft_from, signed_ct, signed_mri

STAGE = "combined"
Content = dict[str, Any]


def sealed(reading: Reading, stage: str, **changes: Any) -> str:
    """Text of a signed stage."""
    document = build_export(reading, stages=[stage])
    seal = SealExport(
        version=1, position=1, sealed_at=reading.now(), active_s=1, idle_s=0, journal_sha256="0" * 64, sha256=""
    )
    return seal_text(document.model_copy(update={"status": "sealed", "seal": seal, **changes}))


def seal_of(text: str) -> str:
    return str(json.loads(text)["seal"]["sha256"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Signed CT, MRI and combined stage of one reader, as a study exports them."""
    ct, mri = signed_ct(), signed_mri()
    texts = {"ct": sealed(ct, "ct"), "mri": sealed(mri, "mri")}
    drafts = [
        draft_from(reading, stage).model_copy(update={"seal": seal_of(texts[stage])})
        for stage, reading in (("ct", ct), ("mri", mri))
    ]
    combined = carried(*drafts)
    combined.answer(STAGE, "lesion_extent_visual", "G3")
    confirm_all(combined)
    texts[STAGE] = sealed(combined, STAGE)
    for stage, text in texts.items():
        (tmp_path / f"C001_R1_{stage}.json").write_text(text, encoding="utf-8")
    return tmp_path


def found(folder: Path, change: Callable[[Content], object] = lambda _: None) -> set[str]:
    """Places of the statements that do not hold, after a change of the combined document."""
    path = folder / "C001_R1_combined.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    export = ReadingExport.model_validate_json(json.dumps(content))
    return {each.place for each in carried_statements(export, signed_beside(export, path)) if not each.holds}


def test_what_was_confirmed_unchanged_equals_what_was_signed(folder: Path) -> None:
    assert found(folder) == set()
    path = folder / "C001_R1_combined.json"
    export = read_reading(path)
    sources = signed_beside(export, path)
    assert len(sources) == 2
    statements = list(carried_statements(export, sources))
    # Nine heights on CT, body, lesion and six rectangles on MRI.
    assert len(statements) > 17 * 3
    assert without_source(export, sources) == ()


def _bit(content: Content) -> None:
    start = content["stages"][STAGE]["calipers"][0]["start_lps"]
    start[2] += 2**-40


def _roi(content: Content) -> None:
    content["stages"][STAGE]["rois"][0]["center_lps"][1] += 1e-9


def _voxel(content: Content) -> None:
    lesion = content["stages"][STAGE]["masks"]["lesion"]
    lesion["runs"][0] -= 1
    lesion["runs"][1] += 1
    lesion["voxels"] += 1


def _other_stage(content: Content) -> None:
    content["stages"][STAGE]["calipers"][0]["carried"]["stage"] = "mri"


def _not_named(content: Content) -> None:
    del content["stages"][STAGE]["carried_from"]["mri"]


def _never_signed(content: Content) -> None:
    content["stages"][STAGE]["rois"][0]["placement"] = 7


def _forbidden(content: Content) -> None:
    content["protocol"]["carry"] = False


def _case(content: Content) -> None:
    content["reader"] = "R2"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_bit, "calipers"),
        (_roi, "rois"),
        (_voxel, "masks.lesion"),
        (_other_stage, "calipers"),
        (_not_named, "masks.body.carried"),
        (_never_signed, "rois"),
        (_forbidden, "protocol.carry"),
        (_case, "carried_from.ct"),
    ],
)
def test_a_claim_that_does_not_hold_is_found(folder: Path, change: Callable[[Content], None], place: str) -> None:
    assert any(place in each for each in found(folder, change))


def test_what_is_called_changed_may_differ(folder: Path) -> None:
    def change(content: Content) -> None:
        _bit(content)
        content["stages"][STAGE]["calipers"][0]["carried"]["geometry"] = "changed"

    assert found(folder, change) == set()


def test_a_source_that_is_not_there_or_does_not_hold_is_said_to_be_not_compared(folder: Path) -> None:
    path = folder / "C001_R1_combined.json"
    (folder / "C001_R1_ct.json").unlink()
    mri = folder / "C001_R1_mri.json"
    mri.write_text(mri.read_text(encoding="utf-8").replace('"L1"', '"L2"'), encoding="utf-8")
    export = read_reading(path)
    sources = signed_beside(export, path)
    assert sources == {}
    said = without_source(export, sources)
    assert len(said) == 2
    assert said[0].startswith("9 drawings are carried unchanged from the stage CT")
    assert said[1].startswith("8 drawings are carried unchanged from the stage MRI")


def test_a_source_is_found_in_the_folder_of_amended_versions_and_where_it_is_given(folder: Path) -> None:
    path = folder / "C001_R1_combined.json"
    (folder / "amended").mkdir()
    (folder / "C001_R1_ct.json").rename(folder / "amended" / "C001_R1_ct.json")
    (folder / "elsewhere").mkdir()
    given = (folder / "C001_R1_mri.json").rename(folder / "elsewhere" / "mri.json")
    export = read_reading(path)
    assert len(signed_beside(export, path)) == 1
    assert len(signed_beside(export, path, [given])) == 2
