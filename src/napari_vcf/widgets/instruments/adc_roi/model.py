"""Which placement of the ADC rectangle is being made, which are hidden, and which may be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_vcf.dicom import Role
from napari_vcf.geometry import Rectangle
from napari_vcf.language import say
from napari_vcf.reading import CaseImage, LoggedAction
from napari_vcf.reading.actions import Redo, Undo
from napari_vcf.reading.results import rectangle_of
from napari_vcf.reading.state import Roi, StageState, Tissue
from napari_vcf.widgets.instruments.carried.model import CarriedModel

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["TISSUE_NAMES", "AdcModel"]

TISSUE_NAMES: dict[Tissue, str] = {"lesion": say("Lesion"), "normal": say("Normal vertebra")}


class AdcModel:
    """Placements of one desk's reading. The rectangles are the record's; what is kept here is what may be seen.

    Three readings of one rectangle always agree, so each placement is a fresh one: earlier rectangles and all values
    stay hidden until the last is finished, and after that nothing can be moved any more.

    Parameters
    ----------
    desk : Desk
        The desk.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.tissue: Tissue = "lesion"
        self.carried = CarriedModel(desk, ("roi",))
        #: (stage, tissue) whose last placement was finished.
        self._finished: set[tuple[str, Tissue]] = set()
        #: Placement that is being made, by (stage, tissue).
        self._current: dict[tuple[str, Tissue], int] = {}
        self._before: dict[str, tuple[Roi, ...]] = {}
        desk.reading_changed.connect(self._on_changed)

    def _rois(self) -> dict[str, tuple[Roi, ...]]:
        reading = self._desk.reading
        return {} if reading is None else {stage: state.rois for stage, state in reading.state.stages.items()}

    def _on_changed(self, logged: LoggedAction) -> None:
        """After an undo or redo, take the placement that it changed up again: nothing moves unseen."""
        before, self._before = self._before, self._rois()
        if not isinstance(logged.action, Undo | Redo):
            return
        for stage, rois in self._before.items():
            for tissue in TISSUE_NAMES:
                was = {roi.placement: roi for roi in before.get(stage, ()) if roi.tissue == tissue}
                now = {roi.placement: roi for roi in rois if roi.tissue == tissue}
                changed = [n for n in sorted({*was, *now}) if was.get(n) != now.get(n)]
                if not changed:
                    continue
                key = stage, tissue
                self._finished.discard(key)
                self._current.pop(key, None)
                if changed[-1] in now:
                    self._current[key] = changed[-1]

    @property
    def _key(self) -> tuple[str, Tissue]:
        return self._desk.stage, self.tissue

    @property
    def _stage(self) -> StageState | None:
        reading = self._desk.reading
        return None if reading is None else reading.state.stages[self._desk.stage]

    @property
    def image(self) -> CaseImage | None:
        """The ADC map: the one in front, else the first that holds the fractured vertebra."""
        maps = [i for i in self._desk.images() if i.series.role is Role.ADC and i.series.measurable]
        in_front = next((i for i in maps if i.id == self._desk.image_id), None)
        return in_front or next(iter(self._desk.leading_images(maps)), None)

    @property
    def wanted(self) -> int:
        """How many placements the protocol asks for."""
        return self._desk.reading.protocol.roi_placements if self._desk.reading is not None else 3

    def placed(self, tissue: Tissue | None = None) -> list[Roi]:
        """Placements of a tissue, in order."""
        rois = self._stage.rois if self._stage is not None else ()
        return sorted((roi for roi in rois if roi.tissue == (tissue or self.tissue)), key=lambda roi: roi.placement)

    def revealed(self, tissue: Tissue | None = None) -> bool:
        """Whether all placements of a tissue are made and finished, so that they and their values are shown."""
        tissue = tissue or self.tissue
        return len(self.placed(tissue)) >= self.wanted and (self._desk.stage, tissue) in self._finished

    @property
    def next_number(self) -> int:
        """Number of the next placement: one that neither is made nor was carried and waits."""
        waiting = {item.placement for item in self.carried.waiting if item.tissue == self.tissue}
        taken = {roi.placement for roi in self.placed()} | waiting
        return next((n for n in range(1, self.wanted + 1) if n not in taken), self.wanted)

    @property
    def current(self) -> Roi | None:
        """The placement that may still be moved."""
        number = self._current.get(self._key)
        if self._stage is None or number is None or self.revealed():
            return None
        return self._stage.roi(self.tissue, number)

    @property
    def drafted(self) -> Roi | None:
        """The placement of the tissue that was carried from an earlier stage and is in front; one at a time."""
        front = self.carried.front
        if self.current is not None or front is None or front.tissue != self.tissue:
            return None
        return self.carried.roi(front)

    def movable(self) -> Rectangle | None:
        """The rectangle that may be moved now, while its map is on the screen."""
        roi, reading = self.current or self.drafted, self._desk.reading
        if roi is None or reading is None or self._desk.image_id != roi.image:
            return None
        return rectangle_of(roi, reading.protocol)

    def shown(self) -> list[tuple[Rectangle, Roi, bool]]:
        """Rectangles to draw, and whether they may be moved."""
        reading = self._desk.reading
        if reading is None or self._stage is None:
            return []
        current, drafted = self.current, self.drafted
        found: list[tuple[Rectangle, Roi, bool]] = [
            (rectangle_of(roi, reading.protocol), roi, roi is current)
            for roi in self._stage.rois
            if roi is current or self.revealed(roi.tissue)
        ]
        return found if drafted is None else [*found, (rectangle_of(drafted, reading.protocol), drafted, True)]

    def place(self, rectangle: Rectangle, level: str) -> None:
        """Put a rectangle into the reading: the one in the making moves, or a new one is begun."""
        reading, image, roi = self._desk.reading, self._desk.image, self.current or self.drafted
        if reading is None or image is None:
            return
        key, number = self._key, self.next_number if roi is None else roi.placement
        # The reading's signal redraws, so what is in the making must be known before.
        self._current[key] = number
        placed = self._desk.guard(
            lambda: reading.place_roi(
                stage=self._desk.stage,
                tissue=self.tissue,
                placement=number,
                level=level,
                image=image.id,
                rectangle=rectangle,
            )
        )
        if placed is None and self.current is None:
            self._current.pop(key, None)

    def keep(self) -> None:
        """Keep the placement in the making and hide it; after the last, show all."""
        if self.current is None:
            return
        self._current.pop(self._key)
        self.finish()

    def finish(self) -> None:
        """Show all placements of the tissue, once the last is made and none that was carried waits."""
        if self.current is None and len(self.placed()) >= self.wanted:
            self._finished.add(self._key)

    def delete(self) -> None:
        """Delete the placement in the making."""
        roi, reading = self.current, self._desk.reading
        if roi is not None and reading is not None:
            self._desk.guard(lambda: reading.remove_roi(self._desk.stage, roi.tissue, roi.placement))

    def place_afresh(self) -> None:
        """Delete all placements of the tissue, so that they can be made anew."""
        reading, stage = self._desk.reading, self._desk.stage
        self._finished.discard(self._key)
        self._current.pop(self._key, None)
        for roi in self.placed():
            if reading is not None:
                self._desk.guard(lambda r=roi: reading.remove_roi(stage, r.tissue, r.placement))

    def forget(self) -> None:
        """Take up the placements of another case; those that are complete have been seen."""
        self._current.clear()
        self._before = self._rois()
        stages = self._desk.reading.state.stages.items() if self._desk.reading is not None else ()
        self._finished = {
            (stage, tissue)
            for stage, state in stages
            for tissue in TISSUE_NAMES
            if sum(roi.tissue == tissue for roi in state.rois) >= self.wanted
        }
