"""Structured reading of vertebral compression fractures on CT and MRI.

Research software, not a medical device.
"""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("napari-vcf")
