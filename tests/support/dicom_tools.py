"""Foreign programs that judge the DICOM objects that are written; tests skip where one is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def tool(name: str) -> str:
    """A program, on the PATH or beside this Python; skips the test where there is none."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{name} is not at hand (Debian packages dcmtk, dicom3tools, orthanc, orthanc-dicomweb; dcmqi)")
    return found


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run([tool(name), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def validation_errors(path: Path) -> list[str]:
    """What dciodvfy calls an error."""
    result = run("dciodvfy", path)
    lines = (result.stdout + result.stderr).splitlines()
    # Without the name of the object that was recognised, the program did not look at it.
    assert any(line in ("Comprehensive3DSR", "Segmentation", "SpatialRegistration") for line in lines), lines
    return [line for line in lines if line.startswith("Error")]
