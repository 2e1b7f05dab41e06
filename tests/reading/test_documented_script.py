"""The script of the documentation does what the documentation says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from napari_vcf import read_reading
from napari_vcf.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "scripting.md"


@pytest.mark.slow
def test_the_documented_script_reads_a_case_from_its_files_to_a_verified_export(tmp_path: Path) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    assert main(["phantom", str(tmp_path / "sample")]) == 0
    done = subprocess.run(
        [sys.executable, "script.py", "sample", "case-01.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "refused: 'perhaps' is not an answer to 'Verdict'" in done.stdout
    assert "degree II" in done.stdout
    assert re.search(r"\d{4} values compared, 0 differ", done.stdout)
    export = read_reading(tmp_path / "case-01.json")
    assert export.complete
    assert export.registrations["L1"].acceptance == "accepted"
    # No window: the script must run on a server.
    assert "napari_vcf.widgets" not in script
