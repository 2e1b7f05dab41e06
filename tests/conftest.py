"""Settings of all tests: repeatable examples, untouched user settings, windows only where there is a display."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

#: What all tests share: the window, synthetic cases, a study that was read to its end.
pytest_plugins = ["support.window", "support.phantoms", "support.finished"]

# Runs must repeat and must not depend on how busy the machine is. `HYPOTHESIS_PROFILE=explore` looks for new examples.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=60)
settings.register_profile("explore", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# Before anything imports napari: tests must neither read nor write the settings of the person who runs them.
_SCRATCH = Path(tempfile.mkdtemp(prefix="napari-vcf-tests-"))
os.environ.setdefault("NAPARI_CONFIG", str(_SCRATCH / "settings.yaml"))
os.environ.setdefault("NAPARI_VCF_CACHE", str(_SCRATCH / "cache"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, because a test of a window waits for a part of its time; five at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores + 1, 5)


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several test processes a display of its own: on one, windows take the keyboard from each other."""
    if "PYTEST_XDIST_WORKER" not in os.environ or not sys.platform.startswith("linux") or shutil.which("Xvfb") is None:
        return
    read, write = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "1600x1000x24",
        "+extension",
        "GLX",
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    if not number:
        raise pytest.UsageError("Xvfb did not start.")
    os.environ["DISPLAY"] = f":{number}"
    os.environ.pop("XAUTHORITY", None)
    config.add_cleanup(server.terminate)


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


#: Files without windows that take longest: whoever had one of them last would let the others wait.
_LONG = ("test_hostile.py", "test_written_objects.py", "test_fencing.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the windows, which take longest, and skip them where there is no display; `make test` brings one.

    The first are those that want a window of their own: napari's fixture for it asks that there be no other.
    """

    def order(item: pytest.Item) -> tuple[bool, bool, bool]:
        alone = "make_napari_viewer" in getattr(item, "fixturenames", ())
        return not alone, item.get_closest_marker("gui") is None, item.path.name not in _LONG

    items.sort(key=order)
    if _has_display():
        return
    skip = pytest.mark.skip(reason="no display: run `make test`, which starts a virtual one")
    for item in items:
        if item.get_closest_marker("gui"):
            item.add_marker(skip)
