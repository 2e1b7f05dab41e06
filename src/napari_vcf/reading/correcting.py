"""Whether an image may be corrected: not once something was measured on it, or on a map that is computed from it."""

from __future__ import annotations

from napari_vcf.language import say
from napari_vcf.reading.case import Case, CaseImage
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.state import ImageCorrection, ReadingState

__all__ = ["check_maps", "measured_on"]


def measured_on() -> RefusedActionError:
    """What is said where a correction would change what was measured."""
    return RefusedActionError(say("The image has been measured on; remove those measurements before correcting it."))


def check_maps(case: Case, state: ReadingState, image: str, **change: object) -> None:
    """Refuse to correct an image where a computed map that was measured on would vanish or come from others.

    The record's own rules look at the image that is corrected and at the maps that come from it; which maps there are,
    and what each is called, depends on all images of the case. Journals from before hold such corrections.

    Parameters
    ----------
    case : Case
        The images.
    state : ReadingState
        What was done.
    image : str
        Name of the image that is to be corrected.
    **change
        Fields of its `ImageCorrection`.

    Raises
    ------
    RefusedActionError
        If so.
    """
    measured = {name for name in state.measured_on if name in case.images and case.images[name].series.computed_from}
    if not measured:
        return
    correction = state.corrections.get(image, ImageCorrection()).model_copy(update=change)
    after = case.images_under({**state.corrections, image: correction})
    for name in measured:
        if name not in after or _sources(after[name]) != _sources(case.images[name]):
            raise measured_on()


def _sources(image: CaseImage) -> frozenset[tuple[str, tuple[float, ...]]]:
    return frozenset((each.key, each.b_values_given) for each in image.series.computed_from)
