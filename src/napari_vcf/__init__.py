"""Structured reading of vertebral compression fractures on CT and MRI.

Research software, not a medical device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_vcf.version import __version__

if TYPE_CHECKING:
    from napari_vcf.reading import read_reading, readings_frame

__all__ = ["__version__", "read_reading", "readings_frame"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: a command that needs no images should not wait for them.
    if name in ("read_reading", "readings_frame"):
        from napari_vcf import reading

        return getattr(reading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
