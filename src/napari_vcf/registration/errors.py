"""Why a registration is refused. Every sentence says what is wrong, with which value, and the way out."""

from __future__ import annotations

from napari_vcf.errors import NapariVcfError

__all__ = [
    "EmptyImageError",
    "NoOverlapError",
    "PointOutsideError",
    "RegistrationError",
    "TooFewSlicesError",
    "VertebraNotCoveredError",
]


class RegistrationError(NapariVcfError):
    """A registration that cannot be done with this input."""


class PointOutsideError(RegistrationError):
    """A clicked point lies outside the images, or is no point."""


class VertebraNotCoveredError(RegistrationError):
    """An image does not contain enough of the vertebra around the clicked point."""


class NoOverlapError(RegistrationError):
    """The two images show no common part of the patient."""


class TooFewSlicesError(RegistrationError):
    """An image is too thin a stack to place anything in three dimensions."""


class EmptyImageError(RegistrationError):
    """An image is missing, empty, flat or not finite."""
