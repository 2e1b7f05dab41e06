"""Where the tests find real scanner files, which are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("NAPARI_VCF_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))


def data_path(name: str) -> Path:
    """Path of a real data set; skips the test where it is not at hand."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"real data '{name}' is not at hand (set NAPARI_VCF_DATA to the folder that holds it)")
    return path
