"""Actions and their lines in a journal."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from napari_vcf.reading.actions import ACTION_ADAPTER, PlaceCaliper, PlaceRoi
from napari_vcf.reading.state import Caliper, Roi

IMAGE = "0" * 32
CALIPER = {
    "action": "place_caliper",
    "stage": "ct",
    "level": "L1",
    "position": "anterior",
    "image": IMAGE,
    "shown_on": None,
    "start_lps": [0.0, -15.0, 7.5],
    "end_lps": [0.0, -15.0, -7.5],
    "snapped": ["end"],
}
ROI = {
    "action": "place_roi",
    "stage": "mri",
    "tissue": "lesion",
    "placement": 2,
    "level": "L1",
    "image": IMAGE,
    "center_lps": [0.0, 1.0, 2.0],
    "axis_long": [0.0, 1.0, 0.0],
    "axis_short": [0.0, 0.0, -1.0],
}


def test_an_action_carries_its_caliper_whole() -> None:
    action = ACTION_ADAPTER.validate_json(json.dumps(CALIPER))
    assert isinstance(action, PlaceCaliper)
    assert action.caliper == Caliper(
        level="L1",
        position="anterior",
        image=IMAGE,
        start_lps=(0.0, -15.0, 7.5),
        end_lps=(0.0, -15.0, -7.5),
        snapped=("end",),
    )


def test_an_action_carries_its_roi_whole() -> None:
    action = ACTION_ADAPTER.validate_json(json.dumps(ROI))
    assert isinstance(action, PlaceRoi)
    assert action.roi == Roi(
        tissue="lesion",
        placement=2,
        level="L1",
        image=IMAGE,
        center_lps=(0.0, 1.0, 2.0),
        axis_long=(0.0, 1.0, 0.0),
        axis_short=(0.0, 0.0, -1.0),
    )


@pytest.mark.parametrize("line", [CALIPER, ROI], ids=["caliper", "roi"])
def test_its_line_in_a_journal_is_as_it_always_was(line: dict[str, object]) -> None:
    assert ACTION_ADAPTER.dump_python(ACTION_ADAPTER.validate_python(line), mode="json") == line


@pytest.mark.parametrize("line", [CALIPER, ROI], ids=["caliper", "roi"])
def test_an_unknown_value_on_the_line_is_refused(line: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="size_mm"):
        ACTION_ADAPTER.validate_python({**line, "size_mm": 5.0})
