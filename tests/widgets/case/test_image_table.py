"""The list of images in the panel Case."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.gui


def test_how_a_series_was_named_is_shown_on_demand_and_never_in_a_study(bench, monkeypatch):
    table = bench.front("Case").images
    table.table.selectRow(0)
    assert "Description" not in table.detail.text()
    bench.hands.key("Ctrl+Shift+B")
    assert "Description: " in table.detail.text()
    monkeypatch.setattr(bench.desk, "study_stage", "combined")
    table.table.selectRow(1)
    assert "Description" not in table.detail.text()
    assert not table.describe.isVisible()
