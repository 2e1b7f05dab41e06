"""The root of every error that the program raises on purpose.

Each layer derives its own errors from `NapariVcfError`, so that a command line or a window can show the sentence of any
of them, and let everything else (a defect) through.
"""

from __future__ import annotations

__all__ = ["CancelledError", "NapariVcfError"]


class NapariVcfError(Exception):
    """An error whose text is a sentence for the reader: what is wrong, with which value, and the way out."""


class CancelledError(NapariVcfError):
    """A long step was cancelled by the person; nothing was changed."""
