"""A napari window with the desk in it, from a script or a command."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from napari_vcf.errors import NapariVcfError

if TYPE_CHECKING:
    from napari_vcf.widgets.docks import Arrangement

__all__ = ["DisplayError", "open_window"]


class DisplayError(NapariVcfError):
    """There is nothing to draw on, or nothing to draw with."""


def open_window() -> Arrangement:
    """Open a napari window with the reading desk.

    Returns
    -------
    Arrangement

    Raises
    ------
    DisplayError
        If there is no display or no Qt binding.
    """
    import importlib.util

    if not any(importlib.util.find_spec(name) for name in ("PySide6", "PyQt6")):
        raise DisplayError("No Qt binding is installed; install one with: pip install 'napari-vcf[pyside6]'")
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not shown:
        raise DisplayError("There is no display; run this on a desktop, or under: xvfb-run -a napari-vcf ...")
    import gc

    import napari

    from napari_vcf.widgets.docks import arrange

    viewer = napari.Viewer(title="napari-vcf")
    arrangement = arrange(viewer)
    arrangement.fit_screen()
    # napari collects garbage at each layer it takes off; what is there for good need not be gone through every time.
    gc.collect()
    gc.freeze()
    return arrangement
