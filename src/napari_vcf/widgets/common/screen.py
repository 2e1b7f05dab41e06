"""Whether a window can be opened here."""

from __future__ import annotations

import os
import sys

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say

__all__ = ["DisplayError", "check_display"]


class DisplayError(NapariVcfError):
    """There is nothing to draw on, or nothing to draw with."""


def check_display() -> None:
    """Refuse where no window can be opened, before napari does so in its own words.

    Raises
    ------
    DisplayError
        If there is no display or no Qt binding.
    """
    import importlib.util

    if not any(importlib.util.find_spec(name) for name in ("PySide6", "PyQt6")):
        raise DisplayError(say("No Qt binding is installed; install one with: pip install 'napari-vcf[pyside6]'"))
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not shown:
        raise DisplayError(say("There is no display; run this on a desktop, or under: xvfb-run -a napari-vcf ..."))
