"""What was carried and waits in the stage on the desk: which of it is in front, and the reader's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from napari_vcf.reading.carrying import ITEM_OF_KIND, CarriedItem, ItemKind, open_items
from napari_vcf.reading.state import CarriedDraft, Masks, PlacedCaliper, PlacedRoi

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.desk import Desk

__all__ = ["CarriedModel"]


class CarriedModel:
    """Drawings of some kinds that were carried to the stage on the desk and wait.

    Parameters
    ----------
    desk : Desk
        Whose reading it is.
    kinds : tuple of str
        What the panel measures.
    """

    def __init__(self, desk: Desk, kinds: tuple[ItemKind, ...]) -> None:
        self._desk = desk
        self.kinds = kinds
        self._chosen: CarriedItem | None = None

    @property
    def _drafts(self) -> tuple[CarriedDraft, ...]:
        reading = self._desk.reading
        return () if reading is None else reading.state.stages[self._desk.stage].drafts

    def _all(self) -> list[CarriedItem]:
        reading = self._desk.reading
        if reading is None:
            return []
        return [item for item in open_items(reading.state.stages[self._desk.stage]) if item.kind in self.kinds]

    def _hidden(self, item: CarriedItem) -> bool:
        """Whether an item is kept from the reader until the estimate by eye is given."""
        reading = self._desk.reading
        return reading is not None and ITEM_OF_KIND[item.kind] in reading.hidden(self._desk.stage)

    @property
    def waiting(self) -> tuple[CarriedItem, ...]:
        """What waits and may be seen, in its order; a lesion comes after its body."""
        items = [item for item in self._all() if not self._hidden(item)]
        bodies = {item.stage for item in items if item.kind == "body"}
        return tuple(item for item in items if item.kind != "lesion" or item.stage not in bodies)

    @property
    def withheld(self) -> bool:
        """Whether something waits that is not shown before the estimate by eye."""
        return any(self._hidden(item) for item in self._all())

    @property
    def count(self) -> int:
        """How many wait; a height that was measured on both examinations counts once."""
        return len({(item.kind, item.level, item.position, item.tissue, item.placement) for item in self._all()})

    @property
    def front(self) -> CarriedItem | None:
        """What the reader's word is about: what was chosen, else the first on the image in front."""
        waiting = self.waiting
        if self._chosen in waiting:
            return self._chosen
        return next((item for item in waiting if item.image == self._desk.image_id), None)

    @property
    def following(self) -> CarriedItem | None:
        """What comes after the one in front: on the same image first."""
        front, waiting = self.front, self.waiting
        if front is None:
            return next(iter(waiting), None)
        place = waiting.index(front)
        others = [*waiting[place + 1 :], *waiting[:place]]
        return next((item for item in others if item.image == front.image), next(iter(others), None))

    def choose(self, item: CarriedItem | None) -> None:
        """Put an item in front; None leaves it to the image."""
        self._chosen = item

    def decide(self, item: CarriedItem, decision: Literal["confirmed", "deleted"]) -> bool:
        """Confirm an item as it is, or delete it; False where that is refused."""
        reading, stage = self._desk.reading, self._desk.stage
        if reading is None:
            return False
        return self._desk.guard(lambda: reading.decide_carried(stage, [item], decision)) is not None

    # -- the drawings themselves ------------------------------------------------------------------------------------
    def calipers(self) -> tuple[tuple[CarriedItem, PlacedCaliper], ...]:
        """Heights that wait, each once: on the image in front, where there is one of it."""
        found: dict[tuple[str, str], tuple[CarriedItem, PlacedCaliper]] = {}
        for item in self.waiting:
            if item.kind != "caliper":
                continue
            caliper = self.caliper(item)
            key = caliper.level, caliper.position
            if key not in found or item.image == self._desk.image_id:
                found[key] = item, caliper
        return tuple(found.values())

    def caliper(self, item: CarriedItem) -> PlacedCaliper:
        """The height of an item."""
        return next(
            c
            for draft in self._drafts
            if draft.stage == item.stage
            for c in draft.calipers
            if (c.level, c.position) == (item.level, item.position)
        )

    def roi(self, item: CarriedItem) -> PlacedRoi:
        """The rectangle of an item."""
        return next(
            r
            for draft in self._drafts
            if draft.stage == item.stage
            for r in draft.rois
            if (r.tissue, r.placement) == (item.tissue, item.placement)
        )

    def masks(self) -> tuple[Masks, frozenset[str]] | None:
        """Body and lesion as they were signed, and which of the two wait and may be seen; None where none does."""
        items = [item for item in self._all() if item.kind in ("body", "lesion") and not self._hidden(item)]
        for draft in self._drafts:
            kinds = frozenset(item.kind for item in items if item.stage == draft.stage)
            if draft.masks is not None and kinds:
                return draft.masks, kinds
        return None
