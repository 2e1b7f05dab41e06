"""The scripts of the page on studies do what the page says, run as they stand, by a newcomer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from napari_vcf.reading import read_reading
from napari_vcf.study import check_study, open_study
from support.patients import write_patient

PAGE = Path(__file__).parents[2] / "docs" / "study.md"


@pytest.fixture(scope="module")
def script() -> str:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (found,) = [block for block in blocks if "create_study" in block]
    return found


def test_the_script_of_the_page_runs_a_study_to_its_exports(script: str, tmp_path: Path) -> None:
    for number in (1, 2):
        write_patient(tmp_path / "images" / f"patient {number}", number)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    study = tmp_path / "trial"
    assert check_study(study, exports=tmp_path / "exports").damages == ()
    # Two cases, three stages, and one of them amended.
    exported = {path.name: read_reading(path) for path in sorted((tmp_path / "exports").glob("*.json"))}
    assert len(exported) == 6
    assert sum(document.seal.version == 2 for document in exported.values()) == 1
    assert all(document.status == "sealed" and document.complete for document in exported.values())
    assert open_study(study).as_reader("R1").next_case() is None
