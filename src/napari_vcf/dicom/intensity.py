"""How stored values become real ones: rescale, real-world value maps, padding.

Philips writes a third scale in private elements (scale slope 2005,100E): values divided by it are comparable between
series, but they are no unit and not what its consoles show, so they are not applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.header import Header

__all__ = ["UM2_PER_S_OF", "Intensity", "RealWorldMap", "intensity_of"]

#: Units of diffusivity as UCUM codes, rescale types or plain text write them (no spaces, capitals) -> factor to um2/s.
UM2_PER_S_OF: Final[dict[str, float]] = {
    "UM2/S": 1.0,
    "UM^2/S": 1.0,
    "µM2/S": 1.0,
    "MICROM2/S": 1.0,
    "MM2/S": 1e6,
    "MM^2/S": 1e6,
    "MM²/S": 1e6,
    "CM2/S": 1e8,
    "M2/S": 1e12,
    "10-6MM2/S": 1.0,
    "10*-6.MM2/S": 1.0,
    "10*-6MM2/S": 1.0,
    "10^-6MM2/S": 1.0,
    "10^-6MM^2/S": 1.0,
    "10E-6MM2/S": 1.0,
    "1E-6MM2/S": 1.0,
    "1E-06MM2/S": 1.0,
    "E-6MM2/S": 1.0,
    "*10^-6MM^2/S": 1.0,
    "X10^-6MM^2/S": 1.0,
    "10*-5.MM2/S": 10.0,
    "10^-5MM2/S": 10.0,
    "1E-5MM2/S": 10.0,
    "10*-3.MM2/S": 1000.0,
    "10-3MM2/S": 1000.0,
    "10^-3MM2/S": 1000.0,
    "10^-3MM^2/S": 1000.0,
    "1E-3MM2/S": 1000.0,
    "1E-03MM2/S": 1000.0,
    "X10^-3MM^2/S": 1000.0,
    "UM2/MS": 1000.0,
}


@dataclass(frozen=True, slots=True)
class RealWorldMap:
    """A linear real-world value map.

    Attributes
    ----------
    unit : str
        Code of its unit.
    slope, intercept : float
        Real-world value = slope x stored value + intercept.
    first, last : float
        Range of stored values that it holds for.
    """

    unit: str
    slope: float
    intercept: float
    first: float
    last: float

    @property
    def um2_per_s(self) -> float | None:
        """Factor from its unit to um2/s; None where it is no diffusivity."""
        return UM2_PER_S_OF.get("".join(self.unit.upper().split()))


@dataclass(frozen=True, slots=True)
class Intensity:
    """Meaning of the stored values of one slice.

    Attributes
    ----------
    slope, intercept : float
        Rescaled value = slope x stored value + intercept.
    stated : bool
        Whether the header states the rescale.
    rescale_type : str
        Unit of the rescaled values, as stated.
    maps : tuple of RealWorldMap
        Real-world value maps that are linear and name a unit.
    padding : tuple of float or None
        Lowest and highest stored value that mean "no measurement".
    """

    slope: float
    intercept: float
    stated: bool
    rescale_type: str
    maps: tuple[RealWorldMap, ...]
    padding: tuple[float, float] | None


def intensity_of(own: Header, shared: Header, root: Header) -> Intensity:
    """Read how the values of a frame are meant.

    Parameters
    ----------
    own, shared : Header
        The functional groups of the frame and of all frames; without elements for classic files.
    root : Header
        The data set.

    Returns
    -------
    Intensity

    Raises
    ------
    HeaderError
        If the values go through a look-up table, or a slope is zero.
    """
    transformation = own.first(0x00289145)
    if not transformation.elements:
        transformation = shared.first(0x00289145)
    if not transformation.elements:
        transformation = root
    if 0x00283000 in transformation:
        raise HeaderError("The values go through a Modality LUT, which is not read.")
    slope = transformation.number(0x00281053)
    intercept = transformation.number(0x00281052)
    if slope == 0:
        raise HeaderError("The rescale slope is zero: every value would be the same.")
    maps = _maps(own) or _maps(shared) or _maps(root)
    return Intensity(
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
        stated=slope is not None,
        rescale_type=transformation.text(0x00281054),
        maps=maps,
        padding=_padding(root),
    )


def _maps(header: Header) -> tuple[RealWorldMap, ...]:
    found: list[RealWorldMap] = []
    for item in header.items(0x00409096):
        unit = item.first(0x004008EA).text(0x00080100)
        slope = item.number(0x00409225)
        if not unit or slope is None or slope == 0:
            continue
        first, last = item.number(0x00409216), item.number(0x00409211)
        found.append(
            RealWorldMap(
                unit=unit,
                slope=slope,
                intercept=item.number(0x00409224) or 0.0,
                first=float("-inf") if first is None else first,
                last=float("inf") if last is None else last,
            )
        )
    return tuple(found)


def _padding(root: Header) -> tuple[float, float] | None:
    value = _stored(root, 0x00280120)
    if value is None:
        return None
    limit = _stored(root, 0x00280121)
    return (value, value) if limit is None else (min(value, limit), max(value, limit))


def _stored(root: Header, tag: int) -> float | None:
    """A value of the pixels' own type; many writers give it the wrong sign's value representation."""
    value = root.integer(tag)
    if value is None:
        return None
    bits = root.integer(0x00280100) or 16
    if root.integer(0x00280103) == 1 and value >= 1 << (bits - 1):
        value -= 1 << bits
    elif root.integer(0x00280103) != 1 and value < 0:
        value += 1 << bits
    return float(value)
