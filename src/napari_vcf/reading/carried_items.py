"""Which values of a stage rest on drawings that were carried to it from an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from napari_vcf.measure import POSITIONS
from napari_vcf.reading.export_document import StageExport
from napari_vcf.reading.results import adjacent_levels
from napari_vcf.reading.state import Carried, Spine

__all__ = ["CarriedKind", "carried_values"]

CarriedKind = Literal["unchanged", "changed"]


def carried_values(part: StageExport, spine: Spine | None) -> dict[str, CarriedKind]:
    """Names of the rows of a table of readings that rest on something carried.

    Parameters
    ----------
    part : StageExport
        The stage.
    spine : Spine or None
        Which vertebra is fractured.

    Returns
    -------
    dict of str to {"unchanged", "changed"}
        ``unchanged`` where any of what the value rests on is as it was signed in the earlier stage, ``changed`` where
        all that was carried was changed since. What was drawn in this stage alone is not among them.
    """
    found: dict[str, CarriedKind] = {}

    def note(names: Iterable[str], *carried: Carried | None) -> None:
        kinds = {each.geometry for each in carried if each is not None}
        if kinds:
            found.update(dict.fromkeys(names, "unchanged" if "unchanged" in kinds else "changed"))

    above, below = (None, None) if spine is None else adjacent_levels(spine)
    fractured = None if spine is None else spine.fractured
    suffixes = {level: suffix for level, suffix in ((fractured, ""), (above, "_above"), (below, "_below")) if level}
    calipers = {(c.level, c.position): c.carried for c in part.calipers if c.level in suffixes}
    for (level, position), carried in calipers.items():
        note([f"height_{position}{suffixes[level]}"], carried)
    for position in POSITIONS:
        note([f"loss_{position}"], *(carried for (_, other), carried in calipers.items() if other == position))
    note(["height_loss", "compression_degree"], *calipers.values())
    masks = part.masks
    if masks is not None:
        note(["body_volume"], masks.body_carried)
        note(
            ["lesion_extent", "lesion_fraction", "lesion_fraction_mid_slice", "lesion_volume"],
            masks.body_carried,
            masks.lesion_carried,
        )
    for roi in part.rois:
        note([f"adc_{roi.tissue}_{roi.placement}"], roi.carried)
    for tissue in ("lesion", "normal"):
        note([f"adc_{tissue}"], *(roi.carried for roi in part.rois if roi.tissue == tissue))
    note(["adc_ratio"], *(roi.carried for roi in part.rois))
    # What the reader answered himself rests on nothing.
    return {name: kind for name, kind in found.items() if name not in part.findings}
