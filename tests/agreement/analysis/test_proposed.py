"""Agreement on the extent, apart for bodies that began as a proposal and for those drawn by hand."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vcf.agreement.scales import of_body, of_middles, scale_of
from napari_vcf.reading import build_export
from napari_vcf.reading.masks import decode_mask, encode_mask
from support.cases import complete_reading
from support.running import run

STAGE = "combined"
#: By case, which readers began with a proposal.
BEGAN = {"C0": ("R1", "R2"), "C1": ("R1", "R2"), "C2": (), "C3": (), "C4": (), "C5": ("R1",)}


@cache
def template() -> str:
    return build_export(complete_reading()).model_dump_json()


def proposed(document: dict[str, Any]) -> None:
    """Let every slice of the body be one that was accepted as proposed."""
    masks = document["stages"][STAGE]["masks"]
    body = decode_mask(masks["body"], masks["grid"]["shape"])
    slices = np.flatnonzero(body.any(axis=(1, 2))).tolist()
    ends = {"top_lps": [[0, y, 10] for y in (0, 10, 20)], "bottom_lps": [[0, y, -10] for y in (0, 10, 20)]}
    masks["proposal"] = {
        "images": [masks["image"]], "ends": ends, "neighbours": [], "method": "sheets 1", "mask": masks["body"],
        "poor": [], "accepted": slices, "corrected": [], "unseen": [], "rejected": [], "at": masks["at"],
    }  # fmt: skip
    extent = document["stages"][STAGE]["extent"]
    extent["slices_proposed"], extent["slices_drawn"] = slices, []


def moved(document: dict[str, Any]) -> None:
    """Another reader's body where it was drawn: one column farther to the back, and half the lesion."""
    masks, extent = (document["stages"][STAGE][name] for name in ("masks", "extent"))
    body = np.roll(decode_mask(masks["body"], masks["grid"]["shape"]), 1, axis=2)
    masks["body"] = encode_mask(body).model_dump(mode="json")
    extent["grade"] = "G1"


def study(folder: Path, began: dict[str, tuple[str, ...]] = BEGAN) -> Path:
    folder.mkdir()
    for case, readers in began.items():
        for reader in ("R1", "R2"):
            document = copy.deepcopy(json.loads(template()))
            document["case"], document["reader"] = case, reader
            if reader in readers:
                proposed(document)
            elif reader == "R2":
                moved(document)
            (folder / f"{case}_{reader}.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_agreement_on_the_extent_is_reported_apart_with_and_without_proposals(tmp_path: Path) -> None:
    found = run(tmp_path, study(tmp_path / "study"), "--bootstrap", "50")

    def row(item: str, kind: str, statistic: str) -> dict[str, Any]:
        return found.one(analysis="between_readers", item=of_body(item, kind), stage=STAGE, statistic=statistic)

    with_it, without = (row("body_mask", kind, "dice") for kind in ("proposed", "by_hand"))
    assert (with_it["n"], without["n"]) == (2, 3)
    assert with_it["value"] == 1
    assert without["value"] < 1
    grades = [row("lesion_extent", kind, "percent_agreement") for kind in ("proposed", "by_hand")]
    assert [(grade["value"], grade["n"]) for grade in grades] == [(1.0, 2), (0.0, 3)]
    assert row("lesion_fraction", "proposed", "icc_a_1")["n"] == 2
    # All cases together stay what they were.
    assert found.one(analysis="between_readers", item="body_mask", stage=STAGE, statistic="dice")["n"] == 6
    mixed = [entry for entry in found.document["left_out"] if "drawn by hand in the other" in entry["reason"]]
    assert mixed
    assert all(entry["cases"] == ["C5"] for entry in mixed)


def test_nothing_is_reported_apart_where_no_body_was_proposed(tmp_path: Path) -> None:
    found = run(tmp_path, study(tmp_path / "study", dict.fromkeys(BEGAN, ())), "--bootstrap", "50")
    assert not [entry for entry in found.rows if "__body_" in entry["item"]]


@pytest.mark.parametrize("kind", ["proposed", "by_hand"])
def test_an_item_of_one_kind_of_body_keeps_its_scale_and_says_which(kind: str) -> None:
    scale = scale_of(of_body("lesion_extent", kind))
    assert (scale.values, scale.kind) == (scale_of("lesion_extent").values, "ordinal")
    assert scale.label.endswith(f"body {kind.replace('_', ' ')}")


def with_proposed_middles(document: dict[str, Any]) -> None:
    """Let the middle height of the fractured vertebra be one that was accepted as proposed from its corners."""
    chosen = next(c for c in document["stages"][STAGE]["calipers"] if c["position"] == "middle")
    corners = [[0.0, y, z] for y in (-15.0, 15.0) for z in (10.0, -10.0)]
    chosen["origin"], chosen["snapped"] = "proposed", ["start", "end"]
    chosen["proposed_from"] = {"corners_lps": corners, "method": "midway 1", "kept": ["start", "end"]}


def test_agreement_on_heights_is_reported_apart_with_and_without_proposed_middles(tmp_path: Path) -> None:
    folder = study(tmp_path / "study", dict.fromkeys(BEGAN, ()))
    for case, readers in BEGAN.items():
        for reader in readers:
            file = folder / f"{case}_{reader}.json"
            document = json.loads(file.read_text(encoding="utf-8"))
            with_proposed_middles(document)
            file.write_text(json.dumps(document), encoding="utf-8")
    found = run(tmp_path, folder, "--bootstrap", "50")

    def count(item: str, kind: str, statistic: str) -> int:
        name = of_middles(item, kind)
        return int(found.one(analysis="between_readers", item=name, stage=STAGE, statistic=statistic)["n"])

    assert [count("height_loss", kind, "icc_a_1") for kind in ("proposed", "by_hand")] == [2, 3]
    assert [count("compression_degree", kind, "percent_agreement") for kind in ("proposed", "by_hand")] == [2, 3]
    assert not [entry for entry in found.rows if "__body_" in entry["item"]]
    assert scale_of(of_middles("height_middle", "proposed")).label.endswith("middle heights proposed")
