"""What is remembered of each reader from one case to the next: the panes, the windows, the snapping."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from psygnal import Signal

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say
from napari_vcf.records.atomic import write_atomically
from napari_vcf.widgets.desk.window_level import Window

__all__ = ["Settings", "settings_path", "window_from", "window_to"]

#: Signal of an MR has no unit: its window is kept as shares of the automatic one, which follows the image.
_ABSOLUTE = ("HU", "um2/s")


def settings_path() -> Path:
    """Where it is kept: beside napari's settings where those were put somewhere, else in the person's own folder."""
    napari = os.environ.get("NAPARI_CONFIG")
    return Path(napari).parent / "napari-vcf.json" if napari else user_config_path("napari-vcf") / "desk.json"


def window_to(window: Window, automatic: Window, unit: str | None) -> list[float]:
    """A window as it is kept."""
    if unit in _ABSOLUTE:
        return [float(window[0]), float(window[1])]
    low, span = automatic[0], max(automatic[1] - automatic[0], 1e-9)
    return [float((window[0] - low) / span), float((window[1] - low) / span)]


def window_from(kept: Any, automatic: Window, unit: str | None) -> Window | None:
    """The window that was kept, on another image; None where what was kept is none."""
    if not (isinstance(kept, list) and len(kept) == 2 and all(isinstance(n, int | float) for n in kept)):
        return None
    low, high = float(kept[0]), float(kept[1])
    if not low < high:
        return None
    if unit in _ABSOLUTE:
        return low, high
    start, span = automatic[0], max(automatic[1] - automatic[0], 1e-9)
    return start + low * span, start + high * span


class Settings:
    """Settings by reader, written a moment after they change.

    Parameters
    ----------
    path : Path, optional
        The file; without one nothing outlives the program.
    later : callable
        Calls what it is given a moment later, so that a drag is not written a hundred times.

    Attributes
    ----------
    reader : str or None
        Whose settings are read and kept now.
    """

    #: They could not be written; carries a sentence.
    failed = Signal(str)

    def __init__(
        self, path: Path | None = None, later: Callable[[Callable[[], None]], object] = lambda _write: None
    ) -> None:
        self.reader: str | None = None
        self._path = path
        self._all: dict[str, dict[str, Any]] = {}
        self._later = later
        self._due = False
        self._read()

    @property
    def _mine(self) -> dict[str, Any]:
        return {} if self.reader is None else self._all.setdefault(self.reader, {})

    def get(self, name: str, otherwise: Any) -> Any:
        """A setting of the reader at the desk."""
        value = self._mine.get(name, otherwise)
        return value if isinstance(value, type(otherwise)) else otherwise

    def put(self, name: str, value: Any) -> None:
        """Keep a setting of the reader at the desk."""
        if self.reader is not None and self._mine.get(name) != value:
            self._mine[name] = value
            if not self._due:
                self._due = True
                self._later(self.flush)

    def window(self, role: str, automatic: Window, unit: str | None) -> Window | None:
        """The window in which the reader last looked at such an image."""
        return window_from(self.get("windows", {}).get(role), automatic, unit)

    def keep_window(self, role: str, window: Window, automatic: Window, unit: str | None) -> None:
        """Remember the window in which the reader looks at such an image."""
        self.put("windows", {**self.get("windows", {}), role: window_to(window, automatic, unit)})

    def write(self) -> None:
        """Write what has changed; a full disk is said once and stops nothing."""
        self._due = False
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(self._all, indent=1) + "\n", overwrite=True)
        except (OSError, NapariVcfError) as error:
            self.failed.emit(say("The desk's settings were not kept: {error}", error=error))

    def flush(self) -> None:
        """Write now what is still waiting."""
        if self._due:
            self.write()

    def _read(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            found = None
        # What is broken is begun anew: it holds habits, no measurement.
        if isinstance(found, dict):
            self._all = {str(reader): dict(mine) for reader, mine in found.items() if isinstance(mine, dict)}
