"""Habits of a reader: on the next case, on another image, and never another reader's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_vcf.widgets.desk.settings import Settings, window_from, window_to


def settings_of(reader: str, path: Path) -> Settings:
    settings = Settings(path)
    settings.reader = reader
    return settings


def test_a_window_of_mr_follows_the_image_and_one_of_ct_stays():
    kept = window_to((100.0, 500.0), (0.0, 1000.0), "signal")
    assert window_from(kept, (50.0, 250.0), "signal") == pytest.approx((70.0, 150.0))
    kept = window_to((-200.0, 600.0), (0.0, 1.0), "HU")
    assert window_from(kept, (0.0, 7.0), "HU") == (-200.0, 600.0)
    for broken in (None, [1], ["a", 2], [3, 1], {"x": 1}):
        assert window_from(broken, (0.0, 1.0), "HU") is None


def test_each_reader_finds_the_own_settings_again(tmp_path):
    path = tmp_path / "new" / "desk.json"
    first = settings_of("R1", path)
    first.put("layout", "planes")
    first.reader = "R2"
    assert first.get("layout", "all") == "all"
    first.flush()
    first.write()
    again = settings_of("R1", path)
    assert again.get("layout", "all") == "planes"
    assert again.get("layout", 3) == 3


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"R1": 5}', "\x00"])
def test_a_broken_file_is_begun_anew(tmp_path, text):
    path = tmp_path / "desk.json"
    path.write_text(text)
    found = settings_of("R1", path)
    assert found.get("layout", "all") == "all"
    found.put("layout", "images")
    found.write()
    assert json.loads(path.read_text())["R1"]["layout"] == "images"
