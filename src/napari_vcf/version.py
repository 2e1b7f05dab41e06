"""The installed version, below everything that writes it down."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("napari-vcf")
