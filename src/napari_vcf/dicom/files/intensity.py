"""How stored values become real ones: rescale, real-world value maps, padding.

Philips writes a third scale in private elements (scale slope 2005,100E): values divided by it are comparable between
series, but they are no unit and not what its consoles show, so they are not applied.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.header import Header, cached_on
from napari_vcf.dicom.files.lut import ModalityLut, modality_lut_of
from napari_vcf.language import say

__all__ = ["Intensity", "RealWorldMap", "intensity_of", "um2_per_s_of"]

_UM2_OF: Final = {"um": 1.0, "mm": 1e6, "cm": 1e8, "m": 1e12}
#: A unit of diffusivity without spaces, carets, asterisks and multiplication signs, in small letters.
_DIFFUSIVITY: Final = re.compile(r"(?:(?:10|1e|e)-0?(\d{1,2}))?(um|mm|cm|m)2(?:/(m?)s|/sec|s-1)")
#: Padding value and range limit of floating-point pixels.
_FLOAT_PADDING: Final = ((0x00280122, 0x00280124), (0x00280123, 0x00280125))
_LUT: Final = 0x00283000
#: Real World Value Mapping Sequence, and the table that it may hold.
_MAPS: Final = 0x00409096
_TABLE: Final = 0x00409212
#: A slope or an intercept beyond it is damage: no number after it would be finite or mean anything.
_LARGEST_SCALE: Final = 1e15


def um2_per_s_of(unit: str) -> float | None:
    """Factor from a unit of diffusivity to um2/s.

    Parameters
    ----------
    unit : str
        As UCUM, a rescale type or plain text writes it: ``"um2/s"``, ``"10*-6.mm2/s"``, ``"1E-3 mm^2/s"``, ...

    Returns
    -------
    float or None
        None where it is no such unit, or can be read in two ways (10E-6 is either 1e-5 or 1e-6).
    """
    text = unit.lower().replace("²", "2").replace("µ", "u").replace("μ", "u").replace("⁻", "-")
    text = re.sub(r"[\s^*x×·()]", "", text).replace(".", "")
    found = _DIFFUSIVITY.fullmatch(text)
    if found is None:
        return None
    return _UM2_OF[found[2]] * 10.0 ** -int(found[1] or 0) * (1000.0 if found[3] else 1.0)


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

    def holds_for(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """Which stored values it holds for; all, where its range is empty, as some writers leave it."""
        if self.last <= self.first:
            return np.ones(stored.shape, dtype=np.bool_)
        inside: NDArray[np.bool_] = (stored >= self.first) & (stored <= self.last)
        return inside

    @property
    def um2_per_s(self) -> float | None:
        """Factor from its unit to um2/s; None where it is no diffusivity."""
        return um2_per_s_of(self.unit)


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
    lut : ModalityLut or None
        The table that takes the place of the rescale.
    tabled : bool
        Whether real-world values are stated as a table, which is not read.
    """

    slope: float
    intercept: float
    stated: bool
    rescale_type: str
    maps: tuple[RealWorldMap, ...]
    padding: tuple[float, float] | None
    lut: ModalityLut | None = None
    tabled: bool = False


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
        If a slope is zero, a number is beyond all sense, or the values go through a look-up table that does not hold
        by itself.
    """
    if own.elements or shared.elements:
        return _intensity(own, shared, root)
    return _classic_intensity(root)


def _intensity(own: Header, shared: Header, root: Header) -> Intensity:
    transformation = own.first(0x00289145)
    if not transformation.elements:
        transformation = shared.first(0x00289145)
    if not transformation.elements:
        transformation = root
    if transformation is not root and _LUT in transformation:
        raise HeaderError(say("A Modality LUT stands among the frames' own values, where none is allowed."))
    lut = modality_lut_of(root)
    slope = transformation.number(0x00281053)
    intercept = transformation.number(0x00281052)
    if lut is not None and (slope is not None or intercept is not None):
        raise HeaderError(say("The image states a Modality LUT and a rescale, of which only one can hold."))
    if max(abs(slope or 0.0), abs(intercept or 0.0)) > _LARGEST_SCALE:
        raise HeaderError(
            say(
                "A rescale by {slope:g} and {intercept:g} does not exist: the header is damaged.",
                slope=slope or 1,
                intercept=intercept or 0,
            )
        )
    if slope == 0:
        raise HeaderError(say("The rescale slope is zero: every value would be the same."))
    maps = _maps(own, root) or _maps(shared, root) or _maps(root, root)
    return Intensity(
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
        stated=slope is not None,
        rescale_type=transformation.text(0x00281054) if lut is None else lut.kind,
        maps=maps,
        padding=_padding(root),
        lut=lut,
        tabled=not maps and any(_TABLE in item for groups in (own, shared, root) for item in groups.items(_MAPS)),
    )


@cached_on(
    *(0x00280100, 0x00280101, 0x00280103, 0x00280120, 0x00280121, *(tag for pair in _FLOAT_PADDING for tag in pair)),
    *(0x00281052, 0x00281053, 0x00281054, 0x00289145, _LUT, _MAPS),
)
def _classic_intensity(root: Header) -> Intensity:
    """Of a file without functional groups."""
    empty = Header({}, big_endian=root.big_endian)
    return _intensity(empty, empty, root)


def _maps(header: Header, root: Header) -> tuple[RealWorldMap, ...]:
    found: list[RealWorldMap] = []
    for item in header.items(_MAPS):
        unit = item.first(0x004008EA).text(0x00080100)
        slope = item.number(0x00409225)
        if not unit or slope is None or slope == 0:
            continue
        intercept = item.number(0x00409224) or 0.0
        if max(abs(slope), abs(intercept)) > _LARGEST_SCALE:
            raise HeaderError(
                say(
                    "A real-world value map by {slope:g} and {intercept:g} does not exist: it is damaged.",
                    slope=slope,
                    intercept=intercept,
                )
            )
        # Pixels of whole numbers have the one range, those of floating-point numbers the other.
        first, last = (
            item.number(double) if double in item else _stored(item, whole, root)
            for double, whole in ((0x00409214, 0x00409216), (0x00409213, 0x00409211))
        )
        found.append(
            RealWorldMap(
                unit=unit,
                slope=slope,
                intercept=intercept,
                first=float("-inf") if first is None else first,
                last=float("inf") if last is None else last,
            )
        )
    return tuple(found)


def _padding(root: Header) -> tuple[float, float] | None:
    for value, limit in _FLOAT_PADDING:
        if value in root:
            # What is no number is left out anyway, so that a padding value that is none says nothing more.
            return _range(root.number(value), root.number(limit)) if _is_number(root, value) else None
    return _range(_in_stored_bits(root, 0x00280120), _in_stored_bits(root, 0x00280121))


def _is_number(root: Header, tag: int) -> bool:
    code = {4: "f", 8: "d"}.get(len(root.raw(tag)))
    return code is None or math.isfinite(struct.unpack(f"{'>' if root.big_endian else '<'}{code}", root.raw(tag))[0])


def _in_stored_bits(root: Header, tag: int) -> float | None:
    """A padding value, which some writers state as the bits that are stored for it, without extending its sign."""
    value = _stored(root, tag, root)
    bits = root.integer(0x00280101) or root.integer(0x00280100) or 16
    if value is not None and root.integer(0x00280103) == 1 and 1 << (bits - 1) <= value < 1 << bits:
        value -= 1 << bits
    return value


def _range(value: float | None, limit: float | None) -> tuple[float, float] | None:
    if value is None:
        return None
    return (value, value) if limit is None else (min(value, limit), max(value, limit))


def _stored(header: Header, tag: int, root: Header) -> float | None:
    """A value of the pixels' own type; many writers give it the wrong sign's value representation."""
    value = header.integer(tag)
    if value is None:
        return None
    bits = root.integer(0x00280100) or 16
    if root.integer(0x00280103) == 1 and value >= 1 << (bits - 1):
        value -= 1 << bits
    elif root.integer(0x00280103) != 1 and value < 0:
        value += 1 << bits
    return float(value)
