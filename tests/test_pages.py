"""What the pages of the documentation promise: scripts that run as they stand, pictures that are there."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

DOCS = Path(__file__).parents[1] / "docs"

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="not run from a source tree")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}


def test_the_script_of_the_analysts_page_makes_tables_of_a_studys_export(
    pages: dict[str, str], finished: Path, tmp_path: Path
) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", pages["analyst.md"], flags=re.DOTALL)
    (tmp_path / "tables.py").write_text(script, encoding="utf-8")
    exports = finished.parent / "out"
    command = [sys.executable, "tables.py", str(exports), "tables"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wide = pd.read_csv(tmp_path / "tables" / "wide.csv")
    assert list(wide["stage"]) == ["combined", "ct", "mri"]
    tidy = pd.read_csv(tmp_path / "tables" / "tidy.csv")
    by_hand = tidy[(tidy["item"] == "height_loss") & (tidy["stage"] == "ct")]["value"]
    assert wide.set_index("stage").loc["ct", "height_loss"] == pytest.approx(float(by_hand.iloc[0]))
    assert "height_loss" in done.stdout


def test_the_page_of_all_keys_is_that_of_their_register(pages: dict[str, str]) -> None:
    namespace = runpy.run_path(str(DOCS.parent / "tools" / "docs" / "shortcuts.py"))
    assert pages["shortcuts.md"] == namespace["page"](), "run tools/docs/shortcuts.py"
    for key in ("Shift+J", "Shift+L", "Ctrl+Y"):
        assert f"`{key}`" in pages["shortcuts.md"]


def test_every_picture_of_the_desk_is_there_light_and_dark_and_shown_by_some_page(pages: dict[str, str]) -> None:
    shown = {name for text in pages.values() for name in re.findall(r"images/([\w-]+)-light\.webp", text)}
    for theme in ("light", "dark"):
        made = {path.name.removesuffix(f"-{theme}.webp") for path in (DOCS / "images").glob(f"*-{theme}.webp")}
        assert made == shown
