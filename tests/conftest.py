"""Settings of all tests: repeatable examples, untouched user settings, windows only where there is a display."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

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
    """Begin with the windows, which take longest, and skip them where there is no display; `make test` brings one."""
    items.sort(key=lambda item: item.get_closest_marker("gui") is None)
    if _has_display():
        return
    skip = pytest.mark.skip(reason="no display: run `make test`, which starts a virtual one")
    for item in items:
        if item.get_closest_marker("gui"):
            item.add_marker(skip)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests out by file, all windows to one process: a display has one keyboard focus."""
    from xdist.scheduler import LoadScopeScheduling

    class OneWindow(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "windows" if nodeid.startswith("tests/gui/") else nodeid.split("::")[0]

    # By number of tests, which is the usual order, the windows would come last.
    config.option.loadscopereorder = False
    return OneWindow(config, log)
