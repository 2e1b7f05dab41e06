"""The sentence on intended use that the README, the window and every export carry."""

from __future__ import annotations

__all__ = ["INTENDED_USE"]

INTENDED_USE = "Research software, not a medical device: not for diagnosis, treatment or any other clinical use."
