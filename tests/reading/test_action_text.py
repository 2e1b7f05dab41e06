"""Each change has words of its own; they name no value, and say where they are not seen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import get_args

import pytest

from napari_vcf.reading import Reading
from napari_vcf.reading import actions as act
from napari_vcf.reading.action_text import describe
from napari_vcf.reading.carrying import CarriedItem
from support.cases import clock, memory_case

KINDS = [kind for kind in get_args(get_args(act.Action)[0]) if kind not in (act.Undo, act.Redo)]
VALUES = {
    "fractured": "L1",
    "level": "L2",
    "position": "middle",
    "item": "verdict",
    "value": "malignant",
    "tissue": "lesion",
    "placement": 2,
    "role": "T1",
    "stage": "mri",
    "caliper": SimpleNamespace(position="middle", level="L2"),
    "roi": SimpleNamespace(placement=2, tissue="lesion"),
    "calipers": (SimpleNamespace(position="middle", level="L2"),),
    "slices": (3, 4),
    "decision": "accepted",
    "drafts": (),
    "items": (CarriedItem(stage="ct", kind="caliper", level="L2", position="middle", image="0" * 32),),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_has_words(kind):
    action = kind.model_construct(**{name: value for name, value in VALUES.items() if name in kind.model_fields})
    text = describe(action, seen_from="mri")
    assert "_" not in text
    assert not text.endswith(".")
    assert "malignant" not in text
    if "stage" in kind.model_fields:
        assert describe(action, seen_from="ct") == f"{text} (stage MRI)"


def test_a_reading_knows_what_undo_and_redo_would_change():
    reading = Reading(memory_case(), study="S", reader="R", clock=clock())
    reading.set_spine("L1")
    reading.answer("ct", "verdict", "benign")
    assert reading.to_undo.action == "answer"
    assert reading.to_redo is None
    reading.undo()
    assert (reading.to_undo.action, reading.to_redo.action) == ("set_spine", "answer")
    reading.undo()
    assert (reading.to_undo, reading.to_redo.action) == (None, "set_spine")
    reading.redo()
    reading.answer("ct", "verdict", "malignant")
    assert (reading.to_undo.value, reading.to_redo) == ("malignant", None)
