"""Single slices: position, orientation, intensities and everything that tells one volume of a series from another."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from napari_vcf.dicom.errors import HeaderError
from napari_vcf.dicom.files.diffusion import Diffusion, diffusion_of
from napari_vcf.dicom.files.header import Header
from napari_vcf.dicom.files.intensity import Intensity, intensity_of
from napari_vcf.dicom.files.private import bring_private_home
from napari_vcf.dicom.files.siemens_csa import Mosaic, is_mosaic, mosaic_of
from napari_vcf.dicom.files.source import PARAMETRIC_MAP, SourceFile
from napari_vcf.dicom.files.united import is_tiled, tiling_of
from napari_vcf.language import say

__all__ = ["Frame", "frames_of"]

#: How far the two directions of an image may be from unit length and from a right angle.
_ORIENTATION_TOLERANCE: Final = 1e-3
_FARTHEST_MM: Final = 1e5
_FINEST_MM: Final = 0.01
_COMPONENT_OF: Final = {
    "P": "phase",
    "PHASE": "phase",
    "PHASE MAP": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
}
_MAP_OF: Final = {
    "ADC": "adc",
    "ADC_UNSPECIFIED": "adc",
    "DIFFUSION_ADC": "adc",
    "APPARENT DIFFUSION COEFFICIENT": "adc",
    "EADC": "eadc",
    "EXP_ADC": "eadc",
    "EXPONENTIAL_ADC": "eadc",
    "FA": "fa",
    "FRACTIONAL_ANISOTROPY": "fa",
    "TRACEW": "trace",
    "TRACE": "trace",
    "TENSOR_B0": "b",
    "T1 MAP": "map",
    "T2 MAP": "map",
    "T2_STAR MAP": "map",
    "TTP": "map",
    "CBF": "map",
    "CBV": "map",
    "MTT": "map",
    "FAT_FRACTION": "map",
}
#: What images computed from CT are called whose values are no attenuation.
_CT_MAPS: Final = frozenset(
    {
        *("CBF", "CBV", "MTT", "TTP", "TMAX", "TTD", "RCBF", "RCBV", "RMTT", "RTTP", "RTMAX"),
        *("PERMEABILITY", "KTRANS", "FLOW_EXTRACTION", "PBV", "TTS", "IRF_T0"),
        *("IODINE", "MATERIAL_FRACTION", "MATERIAL_SPECIFIC", "EFF_ATOMIC_NUM", "ELECTRON_DENSITY", "CONCENTRATION"),
    }
)
_POSITION: Final = 0x00200032
_UNITED_SLICES: Final = 0x00651051
_DIXON: Final = {
    "WATER": "water",
    "W": "water",
    "FAT": "fat",
    "F": "fat",
    "IN_PHASE": "in-phase",
    "IP": "in-phase",
    "OUT_PHASE": "opposed-phase",
    "OPP_PHASE": "opposed-phase",
    "OP": "opposed-phase",
}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One slice.

    Attributes
    ----------
    file : SourceFile
        The file that holds it.
    index : int
        Frame of the file.
    tile : tuple of int or None
        (first row, first column) within the frame, for one slice of a mosaic.
    shape : tuple of int
        (rows, columns).
    position : tuple of float
        Centre of the first pixel, LPS mm.
    orientation : tuple of float
        Directions in which column and row index grow: six numbers.
    pixel_spacing : tuple of float
        Distance of (rows, columns) in mm.
    thickness_mm, stated_spacing_mm : float or None
        What the header says; only used where there is a single slice.
    kind : str
        ``"ct"``, ``"magnitude"``, ``"phase"``, ``"real"``, ``"imaginary"``, ``"b"``, ``"trace"``, ``"adc"``, ...
    diffusion : Diffusion
        Its weighting.
    repetition_time_ms, echo_time_ms, inversion_time_ms : float or None
        As stated.
    order : tuple of int
        (temporal position, acquisition number, instance number, frame number): the order in which volumes that
        differ in nothing else were taken.
    intensity : Intensity
        How stored values become real ones.
    """

    file: SourceFile
    index: int
    tile: tuple[int, int] | None
    shape: tuple[int, int]
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing: tuple[float, ...]
    thickness_mm: float | None
    stated_spacing_mm: float | None
    kind: str
    diffusion: Diffusion
    repetition_time_ms: float | None
    echo_time_ms: float | None
    inversion_time_ms: float | None
    order: tuple[int, int, int, int]
    intensity: Intensity

    @property
    def normal(self) -> tuple[float, float, float]:
        """Cross product of the two directions."""
        a, b, c, d, e, f = self.orientation
        return b * f - c * e, c * d - a * f, a * e - b * d


@dataclass(frozen=True, slots=True)
class _Groups:
    """Where to look a value up for one frame: its own functional groups, the shared ones, then the data set."""

    own: Header
    shared: Header
    root: Header

    def group(self, sequence: int) -> Header:
        if not (self.own.elements or self.shared.elements):
            return self.own
        item = self.own.first(sequence)
        return item if item.elements else self.shared.first(sequence)

    def vector(self, sequence: int, tag: int, length: int) -> tuple[float, ...] | None:
        return self.group(sequence).vector(tag, length) or self.root.vector(tag, length)

    def number(self, sequence: int, tag: int, classic: int | None = None) -> float | None:
        value = self.group(sequence).number(tag)
        return self.root.number(tag if classic is None else classic) if value is None else value


def frames_of(file: SourceFile) -> list[Frame]:
    """All slices of a file.

    Parameters
    ----------
    file : SourceFile
        A file of CT or MR images.

    Returns
    -------
    list of Frame

    Raises
    ------
    HeaderError
        If a slice cannot be placed in the patient, or its values cannot be understood.
    """
    root = file.header
    empty = Header({}, big_endian=root.big_endian)
    if not file.is_multiframe:
        if file.layout.frames > 1:
            raise HeaderError(
                say("The file holds {frames} frames without saying where each of them lies.", frames=file.layout.frames)
            )
        if is_tiled(root, file.image_type):
            return _placed_tiles(file, empty)
        frame = _frame(file, 0, _Groups(empty, empty, root))
        return _tiles(frame, mosaic_of(root, *frame.shape)) if is_mosaic(file.image_type) else [frame]
    own = root.items(0x52009230)
    if not own and file.layout.frames == 1:
        # Some scanners (Hitachi) add the groups of all frames to a classic image, which says the rest by itself.
        own = [empty]
    if len(own) != file.layout.frames:
        raise HeaderError(
            say(
                "The file states {frames} frames but describes {described}.",
                frames=file.layout.frames,
                described=len(own),
            )
        )
    shared = root.first(0x52009229)
    return [
        _frame(file, index, _Groups(item, shared, _with_converted(root, shared, item)))
        for index, item in enumerate(own)
    ]


def _with_converted(root: Header, shared: Header, own: Header) -> Header:
    """The data set with what a conversion to a multi-frame object found no functional group for, b-values among it."""
    converted = (shared.first(0x00209170), own.first(0x00209171))
    if not any(item.elements for item in converted):
        return root
    merged = dict(root.elements)
    for item in converted:
        elements = dict(item.elements)
        bring_private_home(elements)
        merged.update(elements)
    return Header(merged, big_endian=root.big_endian)


def _frame(file: SourceFile, index: int, groups: _Groups) -> Frame:
    root = groups.root
    if file.layout.frames > 1:
        # One position of the whole object is none of its frames'.
        position = groups.group(0x00209113).vector(0x00200032, 3)
    else:
        position = groups.vector(0x00209113, 0x00200032, 3)
    orientation = groups.vector(0x00209116, 0x00200037, 6)
    spacing = groups.vector(0x00289110, 0x00280030, 2)
    if position is None or orientation is None or spacing is None:
        missing = (
            say("position") if position is None else say("orientation") if orientation is None else say("pixel spacing")
        )
        raise HeaderError(
            say("The image states no {missing} in the patient, so that nothing can be measured in it.", missing=missing)
        )
    _check_geometry(position, orientation, spacing)
    image_type = _image_type(file, groups)
    group = groups.group(0x00189117) if file.is_multiframe else None
    # In a CT the same private elements mean something else.
    diffusion = Diffusion() if file.modality == "CT" else diffusion_of(root, group, file.manufacturer)
    content = groups.group(0x00209111)
    intensity = intensity_of(groups.own, groups.shared, root)
    if intensity.lut is not None and file.layout.floating:
        raise HeaderError(
            say("The image states a Modality LUT for floating-point pixels, which cannot be looked up in one.")
        )
    return Frame(
        file=file,
        index=index,
        tile=None,
        shape=(file.layout.rows, file.layout.columns),
        position=position,
        orientation=orientation,
        pixel_spacing=spacing,
        thickness_mm=groups.number(0x00289110, 0x00180050),
        stated_spacing_mm=groups.number(0x00289110, 0x00180088),
        kind=_kind(file, groups, image_type, diffusion, intensity),
        diffusion=diffusion,
        repetition_time_ms=groups.number(0x00189112, 0x00180080),
        echo_time_ms=groups.number(0x00189114, 0x00189082, 0x00180081),
        inversion_time_ms=groups.number(0x00189115, 0x00189079, 0x00180082),
        order=(
            content.integer(0x00209128) or root.integer(0x00200100) or 0,
            content.integer(0x00209156) or root.integer(0x00200012) or 0,
            root.integer(0x00200013) or 0,
            index,
        ),
        intensity=intensity,
    )


def _check_geometry(position: tuple[float, ...], orientation: tuple[float, ...], spacing: tuple[float, ...]) -> None:
    if max(map(abs, position)) > _FARTHEST_MM:
        raise HeaderError(say("The image's position lies more than 100 m from the patient: its header is damaged."))
    if not all(_FINEST_MM < step < 1000 for step in spacing):
        raise HeaderError(
            say(
                "A pixel spacing of {down:g} x {across:g} mm does not exist.",
                down=spacing[0],
                across=spacing[1],
            )
        )
    a, b, c, d, e, f = orientation
    lengths = math.sqrt(a * a + b * b + c * c), math.sqrt(d * d + e * e + f * f)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(a * d + b * e + c * f)) > _ORIENTATION_TOLERANCE:
        raise HeaderError(say("The image's orientation is not two unit vectors at a right angle."))


def _image_type(file: SourceFile, groups: _Groups) -> tuple[str, ...]:
    for sequence in (0x00189226, 0x00189329, 0x00409092):
        found = groups.group(sequence).tokens(0x00089007)
        if found:
            return found
    return file.image_type


def _kind(
    file: SourceFile, groups: _Groups, image_type: tuple[str, ...], diffusion: Diffusion, intensity: Intensity
) -> str:
    parametric = file.header.text(0x00080016) == PARAMETRIC_MAP
    if file.modality == "CT":
        return "map" if parametric or _is_ct_map(image_type) or _is_ct_map(file.image_type) else "ct"
    special = image_type[2:]
    for names in (_MAP_OF, _COMPONENT_OF):
        for token in special:
            if token in names:
                return names[token]
    if parametric:
        return "adc" if any(entry.um2_per_s is not None for entry in intensity.maps) else "map"
    component = (groups.group(0x00189226).text(0x00089208) or groups.root.text(0x00089208)).upper()
    if component in _COMPONENT_OF:
        return _COMPONENT_OF[component]
    if "GE" in file.manufacturer.split() and 0x0043102F in groups.root:
        # GE numbers the component: 0 magnitude, 1 phase, 2 real, 3 imaginary.
        number = groups.root.integer(0x0043102F) or 0
        if 1 <= number <= 3:
            return ("phase", "real", "imaginary")[number - 1]
    if diffusion.weighted:
        return "trace" if diffusion.trace else "b"
    for token in special:
        if token in _DIXON:
            return _DIXON[token]
    return "magnitude"


def _is_ct_map(image_type: tuple[str, ...]) -> bool:
    special = set(image_type[2:])
    return bool(special & _CT_MAPS) or ("PERFUSION" in special and "DERIVED" in image_type[:1])


def _placed_tiles(file: SourceFile, empty: Header) -> list[Frame]:
    """The slices of a mosaic that states the position of each."""
    root = file.header
    tiling = tiling_of(root, file.layout.rows, file.layout.columns)
    first = root.items(_UNITED_SLICES)[0].elements[_POSITION]
    placed = Header({**root.elements, _POSITION: first}, big_endian=root.big_endian)
    frame = _frame(file, 0, _Groups(empty, empty, placed))
    slices: list[Frame] = []
    for number, position in enumerate(tiling.positions):
        _check_geometry(position, frame.orientation, frame.pixel_spacing)
        row, column = divmod(number, tiling.tiles_per_row)
        slices.append(
            replace(
                frame,
                tile=(row * tiling.rows, column * tiling.columns),
                shape=(tiling.rows, tiling.columns),
                position=position,
            )
        )
    return slices


def _tiles(frame: Frame, mosaic: Mosaic) -> list[Frame]:
    """The slices of a mosaic; its stated position is that of a slice as large as the whole mosaic would be."""
    directions = np.reshape(frame.orientation, (2, 3))
    row_step, column_step = frame.pixel_spacing
    corner = (
        np.asarray(frame.position)
        + directions[0] * column_step * (frame.shape[1] - mosaic.columns) / 2
        + directions[1] * row_step * (frame.shape[0] - mosaic.rows) / 2
    )
    normal = np.asarray(mosaic.slice_normal)
    if abs(abs(float(normal @ np.asarray(frame.normal))) - 1) > _ORIENTATION_TOLERANCE:
        raise HeaderError(say("The slices of the mosaic do not run along their normal: its private header is damaged."))
    step = frame.stated_spacing_mm or frame.thickness_mm
    if step is None or step <= _FINEST_MM:
        raise HeaderError(say("The mosaic states no spacing of its slices."))
    slices: list[Frame] = []
    for number in range(mosaic.count):
        x, y, z = (corner + normal * step * number).tolist()
        tile_row, tile_column = divmod(number, mosaic.tiles_per_row)
        slices.append(
            replace(
                frame,
                tile=(tile_row * mosaic.rows, tile_column * mosaic.columns),
                shape=(mosaic.rows, mosaic.columns),
                position=(x, y, z),
            )
        )
    return slices
