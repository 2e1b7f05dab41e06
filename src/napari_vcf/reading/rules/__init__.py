"""The rules of change: from a state and an action to the next state, or a refusal in a sentence."""

from __future__ import annotations

from napari_vcf.reading.rules import aligning, answering, carrying, measuring, proposing, taking_up, thresholding
from napari_vcf.reading.rules.base import Context, reduce_action

__all__ = [
    "Context",
    "aligning",
    "answering",
    "carrying",
    "measuring",
    "proposing",
    "reduce_action",
    "taking_up",
    "thresholding",
]
