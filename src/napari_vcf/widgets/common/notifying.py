"""Messages of the desk beyond its own line: warnings and errors as notifications of napari's, and all in the log."""

from __future__ import annotations

import logging

from napari.utils.notifications import show_error, show_warning

from napari_vcf.language import shown

__all__ = ["notify"]

_LOGGER = logging.getLogger("napari_vcf.desk")
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def notify(text: str, kind: str) -> None:
    """Pass a message on.

    Parameters
    ----------
    text : str
        The sentence.
    kind : {"info", "warning", "error"}
        What goes well is said on the desk's own line alone: it would cover the image.

    Notes
    -----
    The log is in English, whatever the window speaks.
    """
    if not text:
        return
    _LOGGER.log(_LEVELS[kind], "%s", text)
    if kind == "error":
        show_error(shown(text))
    elif kind == "warning":
        show_warning(shown(text))
