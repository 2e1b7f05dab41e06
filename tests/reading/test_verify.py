"""What recomputing finds in an export, and what it must not mind."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest

from napari_vcf.reading import RefusedActionError, reopen, verify, verify_export
from napari_vcf.reading.masks import decode_mask, encode_mask
from napari_vcf.reading.results import caliper_mm
from napari_vcf.reading.state import Caliper
from support.cases import complete_reading, memory_case


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a whole reading after a change to its document, and recomputes it."""
    monkeypatch.setattr(verify, "scan_case", lambda *_, **__: None)
    monkeypatch.setattr(verify, "Case", lambda *_, **__: memory_case())
    path = complete_reading().export(tmp_path / "reading.json")

    def write(change):
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document["stages"]["mri"])
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps(document), encoding="utf-8")
        return changed, [difference.place for difference in verify_export(changed, tmp_path).differences]

    return write


@pytest.mark.parametrize("ulps", [1, -1])
def test_another_last_digit_of_another_processor_is_no_difference(written, ulps):
    def change(stage):
        for caliper in stage["calipers"]:
            caliper["mm"] = math.nextafter(caliper["mm"], math.inf * ulps)
        stage["extent"]["body_cm3"] = math.nextafter(stage["extent"]["body_cm3"], math.inf * ulps)

    assert written(change)[1] == []


def test_a_millionth_of_a_millimetre_is_one(written):
    def change(stage):
        stage["calipers"][0]["mm"] += 1e-6

    assert len(written(change)[1]) == 1


def test_a_lesion_outside_the_body_is_found_and_not_gone_on_with(written):
    def change(stage):
        masks = stage["masks"]
        lesion = decode_mask(masks["lesion"], masks["grid"]["shape"])
        masks["lesion"] = json.loads(encode_mask(np.roll(lesion, 30, axis=1)).model_dump_json())

    path, places = written(change)
    assert places == ["stages.mri.masks.lesion"]
    with pytest.raises(RefusedActionError, match="outside the vertebral body"):
        reopen(path, memory_case())


def test_a_length_is_the_nearest_number_to_the_true_one():
    """Products of numpy's take another order on another processor; this one is at most one step off on any."""
    from fractions import Fraction

    rng = random.Random(3)
    for _ in range(300):
        start, end = ([rng.uniform(-200, 200) for _ in range(3)] for _ in range(2))
        caliper = Caliper.model_construct(start_lps=tuple(start), end_lps=tuple(end))
        square = sum((Fraction(b - a)) ** 2 for a, b in zip(start, end, strict=True))
        mm = caliper_mm(caliper)
        below, above = (Fraction(math.nextafter(mm, way)) for way in (0.0, math.inf))
        assert below**2 < square < above**2
