"""Lesion taken by threshold: one change, inside the body, and its origin in the record."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.dicom import Role
from napari_vcf.reading import ACTION_ADAPTER, Reading, RefusedActionError, build_export, read_reading, verify_export
from napari_vcf.reading.masks import decode_mask
from support.cases import body_masks, image, new_reading

#: Slice 4 of the T2, ten voxels in front of the painted body.
MUSCLE = (-0.8, -30.0, 0.0)


def painted() -> Reading:
    """A body on slices 3 to 5 and no lesion yet."""
    reading = new_reading()
    body, lesion = body_masks(reading)
    reading.set_masks("combined", image(reading, Role.T2), body, np.zeros_like(lesion))
    return reading


def masks_of(reading: Reading):
    masks = reading.state.stages["combined"].masks
    assert masks is not None
    return masks, decode_mask(masks.lesion, masks.grid.shape)


def take(reading: Reading, **changes: object) -> None:
    reading.threshold_lesion("combined", **{"tissue": "muscle", "center_lps": MUSCLE, "side": "darker", **changes})


def test_one_change_takes_what_is_darker_than_the_reference_and_says_so() -> None:
    reading = painted()
    changes = len(reading.log)
    take(reading, factor=0.9, slices=[4])
    assert len(reading.log) == changes + 1
    masks, lesion = masks_of(reading)
    body, _ = body_masks(reading)
    values = reading.case.volume(masks.image).data
    (entry,) = masks.thresholds
    assert np.array_equal(lesion[4], body[4] & (values[4] < entry.threshold))
    assert not lesion[[0, 1, 2, 3, 5, 6, 7, 8]].any()
    assert entry.threshold == pytest.approx(0.9 * entry.reference_mean)
    assert (entry.tissue, entry.side, entry.factor, entry.unit) == ("muscle", "darker", 0.9, "signal")
    assert (entry.slices, entry.added_voxels) == ((4,), lesion.sum())
    reading.undo()
    assert masks_of(reading)[0].thresholds == ()
    assert not masks_of(reading)[1].any()
    reading.redo()
    assert np.array_equal(masks_of(reading)[1], lesion)


def test_on_all_slices_it_adds_to_what_is_there_and_stays_in_the_body() -> None:
    reading = painted()
    body, lesion = body_masks(reading)
    reading.set_masks("combined", image(reading, Role.T2), body, lesion)
    take(reading, side="brighter", factor=1.1)
    masks, found = masks_of(reading)
    assert (found & lesion).sum() == lesion.sum()
    assert not (found & ~body).any()
    assert masks.thresholds[0].slices == (3, 4, 5)
    assert masks.thresholds[0].added_voxels == found.sum() - lesion.sum()


def test_the_origin_stays_while_the_lesion_is_corrected_and_goes_with_it() -> None:
    reading = painted()
    take(reading)
    take(reading, tissue="disc", side="brighter", center_lps=(-0.8, 0.0, 40.0))
    body, _ = body_masks(reading)
    lesion = masks_of(reading)[1]
    lesion[4] = False
    reading.set_masks("combined", image(reading, Role.T2), body, lesion)
    assert [entry.tissue for entry in masks_of(reading)[0].thresholds] == ["muscle", "disc"]
    reading.set_masks("combined", image(reading, Role.T2), body, np.zeros_like(body))
    assert masks_of(reading)[0].thresholds == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"center_lps": (-0.8, 0.0, 0.0)}, "in the painted body"),
        ({"center_lps": (-0.8, -99.5, 0.0)}, "edge of the image"),
        ({"center_lps": (90.0, 0.0, 0.0)}, "edge of the image"),
        ({"factor": 0.001}, "Nothing more of the body is darker"),
        ({"factor": 0.0}, "factor"),
        ({"factor": float("nan")}, "factor"),
        ({"radius_mm": 40.0}, "radius_mm"),
        ({"slices": [0]}, "no body on this slice"),
        ({"volume": 1}, "no volume 2"),
        ({"tissue": "fat"}, "tissue"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_changes_nothing(changes: dict[str, object], sentence: str) -> None:
    reading = painted()
    before, log = reading.state, len(reading.log)
    with pytest.raises(RefusedActionError, match=sentence):
        take(reading, **changes)
    assert (reading.state, len(reading.log)) == (before, log)


def test_without_a_body_there_is_nothing_to_take_from() -> None:
    with pytest.raises(RefusedActionError, match="Outline the vertebral body first"):
        take(new_reading())


def test_the_change_is_one_line_of_json_and_the_export_carries_it(tmp_path: Path) -> None:
    reading = painted()
    take(reading)
    line = reading.log[-1].action.model_dump_json()
    assert json.loads(line)["action"] == "threshold_lesion"
    assert ACTION_ADAPTER.validate_json(line) == reading.log[-1].action
    again = new_reading(reading.case)
    again.restore(reading.log[1:])
    assert again.state == reading.state
    export = read_reading(reading.export(tmp_path / "r.json"))
    assert export == build_export(reading).model_copy(update={"exported_at": export.exported_at})
    assert export.stages["combined"].masks == masks_of(reading)[0]


def test_a_reference_that_the_images_do_not_confirm_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_vcf.reading import verify

    reading = painted()
    take(reading)
    path = reading.export(tmp_path / "r.json")
    monkeypatch.setattr(verify, "scan_case", lambda *_, **__: None)
    monkeypatch.setattr(verify, "Case", lambda *_, **__: reading.case)
    assert verify_export(path, tmp_path).differences == ()
    document = json.loads(path.read_text(encoding="utf-8"))
    document["stages"]["combined"]["masks"]["thresholds"][0]["reference_mean"] *= 1.01
    document["stages"]["combined"]["masks"]["thresholds"][0]["volume"] = 0
    path.write_text(json.dumps(document), encoding="utf-8")
    assert [d.place for d in verify_export(path, tmp_path).differences] == [
        "stages.combined.masks.thresholds.0.reference_mean"
    ]
