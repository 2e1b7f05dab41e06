"""The items of the form whose values are measured: what each comes to, why it is not there yet, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, get_args

from napari_vcf.language import Sentence, say
from napari_vcf.measure import Degree, ExtentGrade

__all__ = ["ADC", "DEGREE", "EXTENT", "Measurement", "Measurements"]


class _Loss(Protocol):
    @property
    def degree(self) -> Degree | None: ...
    @property
    def graded_loss(self) -> float | None: ...
    @property
    def graded_position(self) -> str | None: ...
    @property
    def reason(self) -> str: ...


class _Extent(Protocol):
    @property
    def grade(self) -> ExtentGrade: ...
    @property
    def fraction(self) -> float: ...


class _Mean(Protocol):
    @property
    def mean_um2_per_s(self) -> float: ...


class _Adc(Protocol):
    @property
    def lesion(self) -> _Mean | None: ...
    @property
    def normal(self) -> _Mean | None: ...
    @property
    def ratio(self) -> float | None: ...
    @property
    def reason(self) -> str: ...


class Measurements(Protocol):
    """What was measured in a stage, as the results of a reading and the stage of an export both have it."""

    @property
    def height_loss(self) -> _Loss | None:
        """The graded loss."""

    @property
    def extent(self) -> _Extent | None:
        """Extent of the lesion."""

    @property
    def adc(self) -> _Adc:
        """The ADC."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Where the value of a measured item comes from.

    Attributes
    ----------
    grades : tuple of str
        What the value may be, in order; empty where it is a number.
    value : callable
        Gives the grade (for a number, ``"measured"``); None as long as it is not measured.
    lacking : callable
        Says why there is none yet.
    shown : callable
        The value as a reader reads it.
    """

    grades: tuple[str, ...]
    value: Callable[[Measurements], str | None]
    lacking: Callable[[Measurements], str]
    shown: Callable[[Measurements], str]


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.1f} %".replace("-", "−")


def _degree(found: Measurements) -> str | None:
    return None if found.height_loss is None else found.height_loss.degree


def _degree_lacking(found: Measurements) -> str:
    return say("nothing measured.") if found.height_loss is None else found.height_loss.reason


def _degree_shown(found: Measurements) -> str:
    loss = found.height_loss
    if loss is None:
        return ""
    return say(
        "{degree} ({loss} {position})",
        degree=loss.degree,
        loss=_percent(loss.graded_loss),
        position=Sentence(str(loss.graded_position)),
    )


def _grade(found: Measurements) -> str | None:
    return None if found.extent is None else found.extent.grade


def _extent_lacking(_: Measurements) -> str:
    return say("no vertebral body painted, or no lesion in it; where there is none, answer its pattern with none.")


def _grade_shown(found: Measurements) -> str:
    extent = found.extent
    if extent is None:
        return ""
    share = _percent(extent.fraction) if extent.fraction else say("no lesion painted")
    return say("{grade} ({share})", grade=extent.grade, share=share)


def _adc(found: Measurements) -> str | None:
    return None if found.adc.lesion is None or found.adc.normal is None else "measured"


def _adc_shown(found: Measurements) -> str:
    lesion, normal, ratio = found.adc.lesion, found.adc.normal, found.adc.ratio
    if lesion is None or normal is None:
        return ""
    means = f"{lesion.mean_um2_per_s:.0f} / {normal.mean_um2_per_s:.0f} µm²/s"
    return means if ratio is None else say("{means}, ratio {ratio:.2f}", means=means, ratio=ratio)


DEGREE = Measurement(get_args(Degree), _degree, _degree_lacking, _degree_shown)
EXTENT = Measurement(get_args(ExtentGrade), _grade, _extent_lacking, _grade_shown)
ADC = Measurement((), _adc, lambda found: found.adc.reason, _adc_shown)
