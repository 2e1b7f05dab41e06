"""A label map read from its file: a grid, the structures on it, and the mask of each."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vcf.dicom.errors import HeaderError, LabelMapError, PixelError
from napari_vcf.dicom.files.labelmarks import is_segmentation
from napari_vcf.dicom.files.nifti import nifti_header
from napari_vcf.dicom.files.volumefile import check_place, content_hash, is_volume_file, open_volume_file
from napari_vcf.dicom.labels.naming import LabelClass, Naming, classes_of, naming_by_name, structure_of
from napari_vcf.geometry import GeometryError, Grid
from napari_vcf.language import said, say

__all__ = ["LabelFormat", "LabelMap", "read_label_map"]

LabelFormat = Literal["nifti", "nrrd", "dicom_seg"]
Mask = NDArray[np.bool_]
Progress = Callable[[int, int, str], None]

_BODIES_FIRST = ("body", "bodies", "unknown", "vertebra", "other")
#: More numbers than that are no structures.
_MOST_CLASSES = 1000


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A label map.

    Attributes
    ----------
    path : Path
        The file.
    sha256 : str
        Of its content.
    format : {"nifti", "nrrd", "dicom_seg"}
        Kind of file.
    grid : Grid
        Where its voxels are, LPS mm.
    frame_of_reference_uid : str or None
        The patient space that the file names; NIfTI and NRRD name none.
    naming : Naming
        How its labels are named.
    classes : tuple of LabelClass
        What it holds, by that naming.
    stated : tuple of LabelClass
        What it holds by names that it states itself; empty where it states none.
    note : str
        What one should know of its place; empty where nothing is unusual.
    referenced_series : frozenset of str
        UIDs of the series that it was made on, where the file names them.
    """

    path: Path
    sha256: str
    format: LabelFormat
    grid: Grid
    frame_of_reference_uid: str | None
    naming: Naming
    classes: tuple[LabelClass, ...]
    stated: tuple[LabelClass, ...] = ()
    note: str = ""
    referenced_series: frozenset[str] = frozenset()
    _layers: tuple[NDArray[np.int32], ...] = field(default=(), repr=False)
    _segment: Callable[[int], Mask] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    def named(self, naming: Naming) -> LabelMap:
        """The same file with its labels named by another table.

        Raises
        ------
        LabelMapError
            If the file states no names, and those are asked for.
        """
        if naming == "stated":
            if not self.stated:
                raise LabelMapError(say("{name} states no names of its labels.", name=self.name))
            return replace(self, naming=naming, classes=self.stated)
        if self.format == "dicom_seg":
            raise LabelMapError(say("{name} names its segments itself; no table is needed.", name=self.name))
        values = {value for each in self.classes for value in each.values}
        return replace(self, naming=naming, classes=classes_of(naming, values, self.name))

    def classes_at(self, point_lps: ArrayLike) -> tuple[LabelClass, ...]:
        """Structures in which a point of the map's own patient space lies, those that may be bodies first.

        Raises
        ------
        LabelMapError
            If they cannot be read.
        """
        voxel = self.grid.voxel_at(point_lps)
        if voxel is None:
            return ()
        ordered = sorted(self.classes, key=lambda each: _BODIES_FIRST.index(each.structure))
        if self._segment is not None:
            # Each segment has to be read for this.
            return tuple(each for each in ordered if each.structure != "other" and self.mask(each)[voxel])
        return tuple(each for each in ordered if int(self._layers[each.layer][voxel]) in each.values)

    def find(self, values: tuple[int, ...], layer: int = 0) -> LabelClass:
        """The structure with these numbers.

        Raises
        ------
        LabelMapError
            If the file holds none.
        """
        for each in self.classes:
            if (each.values, each.layer) == (tuple(values), layer):
                return each
        raise LabelMapError(
            say("{name} holds no label {values}.", name=self.name, values=", ".join(str(value) for value in values))
        )

    def mask(self, wanted: LabelClass) -> Mask:
        """Voxels of a structure, shape of the grid.

        Raises
        ------
        LabelMapError
            If they cannot be read.
        """
        if self._segment is not None:
            return self._segment(wanted.values[0])
        return np.isin(self._layers[wanted.layer], wanted.values)


def read_label_map(path: Path | str, *, progress: Progress | None = None) -> LabelMap:
    """Read a label map: NIfTI, NRRD (Slicer's segmentations too) or a DICOM segmentation.

    Parameters
    ----------
    path : path
        The file.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    LabelMap
        Named as the file or its name says; by numbers where neither does.

    Raises
    ------
    LabelMapError
        If the file cannot be read, says nothing of its place in the patient, or holds values that are no labels.
    """
    path = Path(path)
    if not path.is_file():
        raise LabelMapError(say("{name} is not there any more.", name=path.name or str(path)))
    if progress is not None:
        progress(0, 2, say("reading the label map"))
    try:
        found = _read(path)
    except (HeaderError, PixelError) as error:
        raise LabelMapError(
            say("{name} cannot be taken as a label map: {reason}", name=path.name, reason=said(error))
        ) from error
    if progress is not None:
        progress(1, 2, say("reading the label map"))
    if not found.classes:
        raise LabelMapError(say("{name} holds no label: all of it is background.", name=path.name))
    return found


def _read(path: Path) -> LabelMap:
    if is_volume_file(path.name):
        return _read_nifti(path) if ".nii" in path.name.lower() else _read_nrrd(path)
    if is_segmentation(path):
        return _read_segmentation(path)
    raise LabelMapError(
        say("{name} is no label map that is read here: NIfTI, NRRD or a DICOM segmentation.", name=path.name)
    )


def _labels(values: NDArray[Any], name: str) -> NDArray[np.int32]:
    """Values as whole numbers, or a refusal."""
    if values.dtype.kind == "f":
        whole = np.isfinite(values)
        whole &= np.rint(np.where(whole, values, 0)) == values
        if not whole.all():
            value = float(values[~whole][0])
            raise LabelMapError(
                say(
                    "{name} holds the value {value:g}, which is no label: it is an image or a map of probabilities.",
                    name=name,
                    value=value,
                )
            )
    if values.size and (values.min() < 0 or values.max() > np.iinfo(np.int32).max):
        raise LabelMapError(
            say("{name} holds values below 0 or beyond any label: it is an image, no label map.", name=name)
        )
    return values.astype(np.int32)


def _present(labels: NDArray[np.int32], name: str) -> list[int]:
    counts = np.bincount(labels.ravel()) if labels.max(initial=0) <= 1 << 20 else None
    present = (np.flatnonzero(counts) if counts is not None else np.unique(labels)).tolist()
    found = [int(value) for value in present if value]
    if len(found) > _MOST_CLASSES:
        raise LabelMapError(
            say("{name} holds {count} different values: it is an image, no label map.", name=name, count=len(found))
        )
    return found


def _named(path: Path, present: list[int], stated: tuple[LabelClass, ...]) -> tuple[Naming, tuple[LabelClass, ...]]:
    by_name = naming_by_name(path.name)
    if stated:
        return "stated", stated
    if by_name == "file_name" and len(present) != 1:
        by_name = None
    naming: Naming = by_name or "numbers"
    return naming, classes_of(naming, present, path.name)


# -- NIfTI -------------------------------------------------------------------------------------------------------------
def _read_nifti(path: Path) -> LabelMap:
    file = open_volume_file(path, path.name)
    if file.count != 1:
        raise LabelMapError(
            say(
                "{name} holds {count} volumes: a label map has one, with a number for each structure.",
                name=path.name,
                count=file.count,
            )
        )
    labels = _labels(file.read(0), path.name)
    present = _present(labels, path.name)
    stated = tuple(each for each in _label_table(path) if set(each.values) <= set(present))
    if stated:
        named = {value for each in stated for value in each.values}
        stated += tuple(LabelClass((value,), f"label {value}") for value in present if value not in named)
    naming, classes = _named(path, present, stated)
    return LabelMap(
        path, file.key, "nifti", file.grid, None, naming, classes, stated=stated, note=file.note, _layers=(labels,)
    )


def _label_table(path: Path) -> tuple[LabelClass, ...]:
    """Names in the label table that Connectome Workbench defined for a header's extension."""
    found = []
    for extension in nifti_header(path).extensions:
        content = extension.get_content()
        if not isinstance(content, bytes | str) or "LabelTable" not in str(content):
            continue
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        # Entities are of no use in a table of names, and can be made to fill the memory.
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            continue
        try:
            table = ElementTree.fromstring(text.strip("\x00 \n\r\t"))  # noqa: S314 - it has no entities
        except ElementTree.ParseError:
            continue
        for entry in table.iter("Label"):
            key, name = entry.get("Key", ""), (entry.text or "").strip()
            if key.isdigit() and int(key) and name:
                found.append(LabelClass((int(key),), name, *structure_of(name)))
    return tuple(found)


# -- NRRD --------------------------------------------------------------------------------------------------------------
def _read_nrrd(path: Path) -> LabelMap:
    import SimpleITK as sitk  # noqa: N813 - the name that its users know

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        raise HeaderError(
            say("This is not an NRRD volume that can be read, or its axes are not at right angles.")
        ) from None
    check_place(path)
    if image.GetDimension() != 3:
        raise LabelMapError(
            say("{name} has {count} dimensions; a label map has three.", name=path.name, count=image.GetDimension())
        )
    values = np.moveaxis(sitk.GetArrayFromImage(image).reshape((*image.GetSize()[::-1], -1)), -1, 0)
    layers = tuple(_labels(np.ascontiguousarray(layer), path.name) for layer in values)
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    try:
        grid = Grid(layers[0].shape, affine)
    except GeometryError as error:
        raise HeaderError(say("The header's geometry cannot be: {error}", error=error)) from error
    present = [(layer, value) for layer, labels in enumerate(layers) for value in _present(labels, path.name)]
    stated = _segments(image, present)
    if len(layers) > 1 and not stated:
        raise LabelMapError(
            say("{name} holds {count} layers and names no segments in them.", name=path.name, count=len(layers))
        )
    naming, classes = _named(path, [value for _, value in present], stated)
    return LabelMap(path, content_hash(path), "nrrd", grid, None, naming, classes, stated=stated, _layers=layers)


def _segments(image: Any, present: list[tuple[int, int]]) -> tuple[LabelClass, ...]:
    """Segments that 3D Slicer describes in the header of its ``.seg.nrrd`` files."""
    keys = {str(key): str(image.GetMetaData(key)) for key in image.GetMetaDataKeys()}
    numbers = sorted({int(found[1]) for key in keys if (found := re.match(r"Segment(\d+)_", key))})
    classes = []
    for number in numbers:
        # Written since Slicer 4.11; before, each segment had a layer of its own in which it is 1.
        value = int(keys.get(f"Segment{number}_LabelValue", "1"))
        layer = int(keys.get(f"Segment{number}_Layer", str(number if "Segment0_Layer" not in keys else 0)))
        name = keys.get(f"Segment{number}_Name", "").strip() or f"label {value}"
        if (layer, value) in present:
            classes.append(LabelClass((value,), name, *structure_of(name), layer=layer))
    if classes:
        named = {(each.layer, each.values[0]) for each in classes}
        rest = (pair for pair in present if pair not in named)
        classes += [LabelClass((value,), f"label {value}", layer=layer) for layer, value in rest]
    return tuple(classes)


# -- DICOM -------------------------------------------------------------------------------------------------------------
def _read_segmentation(path: Path) -> LabelMap:
    try:
        import highdicom as hd
    except ModuleNotFoundError as error:
        way_out = (
            say("Use Python 3.13 or older, or install highdicom where a C++ compiler is.")
            if sys.version_info >= (3, 14)
            else say("pip install 'napari-vcf[dicom]' brings it.")
        )
        raise LabelMapError(
            say("DICOM segmentations are read by highdicom, which is not installed. {way_out}", way_out=way_out)
        ) from error
    # The library keeps a database for the thread that opened it; the window reads in one thread and asks in others.
    own = threading.local()

    def opened() -> Any:
        if not hasattr(own, "dataset"):
            own.dataset = hd.seg.segread(BytesIO(content))
        return own.dataset

    try:
        content = path.read_bytes()
        dataset = opened()
        first = dataset.get_volume(segment_numbers=[int(dataset.segment_numbers[0])], combine_segments=True)
        grid = _grid_of(first)
    except Exception as error:  # the library raises many kinds on damaged or unusual objects; none gives a label
        raise LabelMapError(
            say("{name} cannot be placed as a segmentation: {reason}", name=path.name, reason=error)
        ) from error

    def segment(number: int) -> Mask:
        try:
            volume = opened().get_volume(segment_numbers=[number], combine_segments=True, skip_overlap_checks=True)
        except Exception as error:
            raise LabelMapError(
                say("Segment {number} of {name} cannot be read: {reason}", number=number, name=path.name, reason=error)
            ) from error
        if not _grid_of(volume).is_close_to(grid):
            raise LabelMapError(say("The segments of {name} lie on several grids.", name=path.name))
        return np.asarray(volume.array) > 0

    stated = tuple(_described(description) for description in dataset.SegmentSequence)
    uid = str(dataset.get("FrameOfReferenceUID", "")) or None
    series = frozenset(str(each.SeriesInstanceUID) for each in dataset.get("ReferencedSeriesSequence", ()))
    return LabelMap(
        path,
        content_hash(path),
        "dicom_seg",
        grid,
        uid,
        "stated",
        stated,
        stated=stated,
        referenced_series=series,
        _segment=segment,
    )


def _grid_of(volume: Any) -> Grid:
    """Ours takes (column, row, slice); highdicom's takes (slice, row, column)."""
    shape = tuple(int(length) for length in volume.spatial_shape)
    affine = np.asarray(volume.affine, dtype=np.float64)[:, [2, 1, 0, 3]]
    return Grid((shape[0], shape[1], shape[2]), affine)


def _described(description: Any) -> LabelClass:
    number = int(description.SegmentNumber)
    name = str(description.get("SegmentLabel", "")).strip() or f"label {number}"
    structure, level = structure_of(name)
    codes = [
        str(code.get("CodeMeaning", ""))
        for sequence in ("SegmentedPropertyTypeCodeSequence", "AnatomicRegionSequence")
        for code in description.get(sequence, ())
    ]
    for meaning in codes:
        by_code, level_by_code = structure_of(meaning)
        level = level or level_by_code
        if structure == "unknown" and by_code != "unknown":
            structure = by_code
    if structure == "bodies" and level is not None:
        structure = "body"
    return LabelClass((number,), name, structure, level)
