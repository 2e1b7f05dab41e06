"""What to say where the packages of the extra ``dicom`` are not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.language import say

__all__ = ["needs_extra"]

_PACKAGES = frozenset({"highdicom", "pynetdicom", "dicomweb_client", "requests", "keyring"})

#: First Python for which pyjpegls, which highdicom asks for, has no wheel: the extra leaves highdicom out from here on.
_WITHOUT_HIGHDICOM = (3, 14)


@contextmanager
def needs_extra() -> Iterator[None]:
    """Turn the missing import of a package of the extra into a sentence.

    Raises
    ------
    InterchangeError
        If one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in _PACKAGES:
            raise
        way_out = say("pip install 'napari-vcf[dicom]' brings what this needs.")
        if package == "highdicom" and sys.version_info >= _WITHOUT_HIGHDICOM:
            way_out = say(
                "its decoder pyjpegls is not built for this Python yet. Use Python 3.13 or older, or install highdicom "
                "where a C++ compiler is."
            )
        raise InterchangeError(
            say("The package {package} is not installed; {way_out}", package=error.name, way_out=way_out)
        ) from error
