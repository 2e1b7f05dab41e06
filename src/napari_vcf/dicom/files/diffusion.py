"""The diffusion weighting of an image: standard elements first, then what each vendor writes instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.header import Header
from napari_vcf.dicom.files.siemens_csa import csa_numbers
from napari_vcf.language import say

__all__ = ["LARGEST_B", "ZERO_B_LIMIT", "Diffusion", "diffusion_of"]

#: b-values below this (s/mm2) are b = 0: Philips numbers its b = 0 images .001, .002 and so on.
ZERO_B_LIMIT: Final = 1.0
#: Far below any number that a scanner writes: what is smaller is 0 in another spelling.
_SMALLEST_B: Final = 1e-6
#: No scanner weights more strongly; beyond it a number is damage.
LARGEST_B: Final = 1e6
#: Below it, s/mm2, GE weights no plain spin echo.
_GE_STRAY: Final = 100.0
#: United Imaging counts its crusher gradients in, s/mm2.
_CRUSHED: Final = 5.0
#: GE adds multiples of this to mark the kind of its b-value.
_GE_OFFSET: Final = 100_000
_CANON_COMMENT: Final = re.compile(r"\bb\s*=\s*(\d+(?:\.\d+)?)\s*(?:\(([^)]*)\))?", re.IGNORECASE)
#: Names of diffusion sequences end in their b-value (ep_b800t, *re_b50, ez_b1000#3); a t marks a trace.
_SEQUENCE_NAME: Final = re.compile(r"[a-z0-9]_b(\d{1,5})(t?)(?:#\d+)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Diffusion:
    """Diffusion weighting of one image.

    Attributes
    ----------
    b_value : float or None
        In s/mm2, as the scanner states it; None where it states none.
    direction : tuple of float or None
        Gradient direction, three numbers.
    trace : bool
        Whether the scanner combined several directions to this image.
    """

    b_value: float | None = None
    direction: tuple[float, ...] | None = None
    trace: bool = False

    @property
    def weighted(self) -> bool:
        """Whether the image is really diffusion weighted."""
        return self.b_value is not None and self.b_value >= ZERO_B_LIMIT


def diffusion_of(root: Header, group: Header | None, manufacturer: str) -> Diffusion:
    """Diffusion weighting of an image.

    Parameters
    ----------
    root : Header
        The data set.
    group : Header or None
        The item of the MR Diffusion Sequence that holds for the frame, for multi-frame objects.
    manufacturer : str
        In capitals.

    Returns
    -------
    Diffusion

    Raises
    ------
    HeaderError
        If a number is damaged.
    """
    found = _standard(root if group is None else group)
    if found.b_value is None and group is not None:
        # A conversion to a multi-frame object leaves the element where it was, outside of that group.
        aside = _standard(root)
        found = Diffusion(aside.b_value, found.direction or aside.direction, found.trace or aside.trace)
    if found.b_value is None:
        for words, read in _VENDORS:
            if any(word in manufacturer for word in words):
                vendor = read(root)
                b_value = _as_written(vendor.b_value)
                found = Diffusion(b_value, found.direction or vendor.direction, found.trace or vendor.trace)
                break
        if found.b_value is None:
            named = _named(root)
            found = Diffusion(named.b_value, found.direction, found.trace or named.trace)
    elif "PHILIPS" in manufacturer and root.text(0x20011004).upper().startswith("I"):
        found = Diffusion(found.b_value, found.direction, trace=found.weighted)
    if found.weighted and found.direction is not None and not any(found.direction):
        # A weighted image without a gradient direction is the scanner's combination of all of them.
        found = Diffusion(found.b_value, None, trace=True)
    return found


def _as_written(value: float | None) -> float | None:
    """A b-value as it was meant: a double that was a single before (0.001 turned into 0.0010000000475), or next to 0.

    A negative one is a mark of the writer's, and states nothing.
    """
    if value is None or value < 0:
        return None
    if value > LARGEST_B:
        raise HeaderError(say("A b-value of {value:g} s/mm2 does not exist: the header is damaged.", value=value))
    if value < _SMALLEST_B:
        return 0.0
    if float(np.float32(value)) != value:
        return value
    return float(np.format_float_positional(np.float32(value)))


def _standard(item: Header) -> Diffusion:
    b_value = _as_written(item.number(0x00189087))
    direction = item.vector(0x00189089, 3) or item.first(0x00189076).vector(0x00189089, 3)
    return Diffusion(b_value, direction, trace=item.text(0x00189075).upper() == "ISOTROPIC")


def _written_by(root: Header, creator: int, prefix: str) -> bool:
    """Whether a private block may be the vendor's: anonymisers often drop the creator's name but leave the block."""
    name = root.text(creator).upper()
    return not name or name.startswith(prefix)


def _siemens(root: Header) -> Diffusion:
    if _written_by(root, 0x00190010, "SIEMENS MR HEADER") and 0x0019100C in root:
        isotropic = "ISOTROPIC" in root.text(0x0019100D).upper() or "TRACE" in " ".join(root.tokens(0x00080008))
        return Diffusion(root.number(0x0019100C), root.vector(0x0019100E, 3), trace=isotropic)
    csa = root.raw(0x00291010)
    values = csa_numbers(csa, "B_value")
    if values:
        direction = csa_numbers(csa, "DiffusionGradientDirection")
        return Diffusion(values[0], tuple(direction) if len(direction) == 3 else None)
    return Diffusion()


def _named(root: Header) -> Diffusion:
    """By the name of the sequence, whoever wrote it; it outlives the removal of private elements."""
    for tag in (0x00180024, 0x00189005):
        named = _SEQUENCE_NAME.search(root.text(tag).strip())
        if named:
            return Diffusion(float(named[1]), None, trace=bool(named[2]))
    return Diffusion()


def _ge(root: Header) -> Diffusion:
    values = root.numbers(0x00431039)
    if not values or not _written_by(root, 0x00430010, "GEMS_PARM"):
        return Diffusion()
    parts = [root.number(tag) for tag in (0x001910BB, 0x001910BC, 0x001910BD)]
    direction = tuple(part for part in parts if part is not None)
    # Combined images carry the direction 0 0 0; a b = 0 image has it too.
    b_value = values[0] % _GE_OFFSET if values[0] >= 0 else None
    scanning = root.tokens(0x00180020)
    spin_echo = "SE" in scanning and "EP" not in scanning and "EPI_GEMS" not in root.tokens(0x00180022)
    if b_value and b_value < _GE_STRAY and spin_echo:
        # Spin echoes bear small numbers there that weight nothing.
        return Diffusion()
    return Diffusion(b_value, direction if len(direction) == 3 else None)


def _philips(root: Header) -> Diffusion:
    if not _written_by(root, 0x20010010, "PHILIPS"):
        return Diffusion()
    b_value = root.number(0x20011003)
    parts = [root.number(tag) for tag in (0x200510B0, 0x200510B1, 0x200510B2)]
    direction = tuple(part for part in parts if part is not None)
    weighted = b_value is not None and b_value >= ZERO_B_LIMIT
    isotropic = weighted and root.text(0x20011004).upper().startswith("I")
    return Diffusion(b_value, direction if len(direction) == 3 else None, trace=isotropic)


def _canon(root: Header) -> Diffusion:
    comment = _CANON_COMMENT.search(root.text(0x00204000))
    if comment is None:
        return Diffusion()
    direction: tuple[float, ...] | None = None
    if comment[2] is not None:
        try:
            direction = tuple(float(part) for part in comment[2].split(","))
        except ValueError:
            direction = None
    return Diffusion(float(comment[1]), direction if direction and len(direction) == 3 else None)


def _united(root: Header) -> Diffusion:
    b_value, direction = root.number(0x00651009), root.vector(0x00651037, 3)
    if b_value is not None and b_value < _CRUSHED and not any(direction or ()):
        # The crushers around the refocusing pulse weight by as much; the image is the one without weighting.
        return Diffusion(0.0)
    return Diffusion(b_value, direction)


_VENDORS: Final = (
    (("SIEMENS",), _siemens),
    (("GE MEDICAL", "GE HEALTH", "G.E."), _ge),
    (("PHILIPS", "MARCONI", "PICKER"), _philips),
    (("TOSHIBA", "CANON"), _canon),
    (("UIH", "UNITED IMAGING"), _united),
)
