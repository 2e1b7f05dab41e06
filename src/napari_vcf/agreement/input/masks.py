"""Painted masks of the readings: kept as run lengths until two of them are compared."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_vcf.reading.body_slices import slice_origins
from napari_vcf.reading.export_document import ReadingExport
from napari_vcf.reading.export_table import refused_numbers
from napari_vcf.reading.masks import decode_mask

__all__ = ["MASKS", "MaskStore", "StoredMasks"]

#: Masks of a reading that are compared, with their names in the results.
MASKS = {"lesion": "lesion_mask", "body": "body_mask"}


@dataclass(frozen=True, slots=True, eq=False)
class StoredMasks:
    """Masks of one stage of one reading.

    Attributes
    ----------
    frame : tuple
        Image and grid, which must be alike for two masks to be compared.
    shape : tuple of int
        (slices, rows, columns).
    spacing_mm : tuple of float
        Distance between slices, rows and columns.
    runs : dict
        Run lengths by mask; without the lesion where the reader said that its extent is not assessable.
    proposed : bool
        Whether any slice of the body was accepted as proposed, or began with a proposal.
    """

    frame: tuple[object, ...]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    runs: dict[str, NDArray[np.int32]]
    proposed: bool = False

    def decode(self, name: str) -> NDArray[np.bool_]:
        """Return one mask as voxels."""
        return decode_mask(self.runs[name].tolist(), self.shape)


@dataclass(slots=True)
class MaskStore:
    """Masks by stage, case, reader and occasion, and how heights came to be."""

    masks: dict[tuple[str, str, str, int], StoredMasks] = field(default_factory=dict)
    #: Whether a middle height was accepted as proposed from corners, or began so.
    middles: dict[tuple[str, str, str, int], bool] = field(default_factory=dict)

    def add(self, export: ReadingExport, reader: str, occasion: int, *, carried: bool = True) -> None:
        """Keep the masks of a reading as run lengths, a few kilobytes each, those that were carried by choice."""
        for stage, part in export.stages.items():
            if part.calipers:
                origins = {caliper.origin for caliper in part.calipers}
                self.middles[stage, export.case, reader, occasion] = bool({"proposed", "corrected"} & origins)
            if part.masks is None:
                continue
            if not carried and (part.masks.body_carried or part.masks.lesion_carried) is not None:
                continue
            names = [name for name in MASKS if name == "body" or "lesion_extent" not in refused_numbers(part)]
            grid = part.masks.grid
            spacing = grid.grid().spacing_mm
            self.masks[stage, export.case, reader, occasion] = StoredMasks(
                frame=(part.masks.image, grid.shape, grid.affine_lps),
                shape=grid.shape,
                spacing_mm=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
                runs={name: np.array(getattr(part.masks, name).runs, dtype=np.int32) for name in names},
                proposed=bool({"proposed", "label_map", "corrected"} & set(slice_origins(part.masks).values())),
            )
