"""Settings of all tests: repeatable examples, untouched user settings, windows only where there is a display."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Runs must repeat and must not depend on how busy the machine is. `HYPOTHESIS_PROFILE=explore` looks for new examples.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=60)
settings.register_profile("explore", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# Before anything imports napari: tests must neither read nor write the settings of the person who runs them.
_SCRATCH = Path(tempfile.mkdtemp(prefix="napari-vcf-tests-"))
os.environ.setdefault("NAPARI_CONFIG", str(_SCRATCH / "settings.yaml"))
os.environ.setdefault("NAPARI_VCF_CACHE", str(_SCRATCH / "cache"))


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what opens a window where there is no display; `make test` always brings one."""
    if _has_display():
        return
    skip = pytest.mark.skip(reason="no display: run `make test`, which starts a virtual one")
    for item in items:
        if item.get_closest_marker("gui"):
            item.add_marker(skip)
