"""Middle heights that are proposed from corners and wait: drawn as proposals, in no record, and counted nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from napari_vcf.language import said
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.middles import ProposedMiddle, corners_of
from napari_vcf.reading.results import adjacent_levels
from napari_vcf.reading.state import Caliper, CaliperEnd
from napari_vcf.records.base import Point

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["PendingMiddle", "PendingMiddles"]


@dataclass(frozen=True)
class PendingMiddle:
    """A proposal, and where the reader has put its ends so far.

    Attributes
    ----------
    proposal : ProposedMiddle
        As the program made it.
    moved : dict
        Ends that the reader put elsewhere, LPS mm.
    snapped : tuple of {"start", "end"}
        Those of them that were drawn to an edge.
    """

    proposal: ProposedMiddle
    moved: dict[CaliperEnd, Point] = field(default_factory=dict)
    snapped: tuple[CaliperEnd, ...] = ()

    @property
    def level(self) -> str:
        """Whose height it is."""
        return self.proposal.level

    @property
    def caliper(self) -> Caliper:
        """What would be recorded of it as it is."""
        return self.proposal.caliper(
            start_lps=self.moved.get("start"), end_lps=self.moved.get("end"), snapped=self.snapped
        )

    @property
    def guessed(self) -> tuple[CaliperEnd, ...]:
        """Ends that lie on no edge and that nobody has put where they are: as long as there is one it is no height."""
        ends: tuple[CaliperEnd, CaliperEnd] = ("start", "end")
        return tuple(end for end in ends if end not in self.proposal.fitted and end not in self.moved)


class PendingMiddles:
    """The proposals of the stage on the desk; each follows from its walls and is made anew when they change."""

    def __init__(self, viewport: Viewport) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        #: Whether they are wanted: heights are measured by corners.
        self.wanted = False
        #: Level of a middle height that is chosen to be drawn anew; its proposal steps aside.
        self.aside: str | None = None
        self._made: dict[object, ProposedMiddle | str] = {}
        self._moved: dict[object, PendingMiddle] = {}
        #: With how many changes the record had then.
        self._moves: list[tuple[int, object, PendingMiddle | None]] = []

    def all(self) -> tuple[PendingMiddle, ...]:
        """Every proposal that waits, from head to feet."""
        return tuple(found for level in self._levels() if (found := self.of(level)) is not None)

    def shown(self) -> tuple[PendingMiddle, ...]:
        """Those on the slice on the screen."""
        return tuple(found for found in self.all() if self._is_shown(found))

    def of(self, level: str) -> PendingMiddle | None:
        """The proposal of a level; None where none waits."""
        key = self._key(level)
        made = None if key is None or level == self.aside else self._make(key, level)
        if made is None or isinstance(made, str):
            return None
        return self._moved.get(key, PendingMiddle(made))

    def reason(self, level: str) -> str:
        """Why there is no proposal though both walls are measured, in a sentence; empty where that is not so."""
        key = self._key(level)
        made = None if key is None else self._make(key, level)
        return made if isinstance(made, str) else ""

    def move(self, pending: PendingMiddle, moved: dict[CaliperEnd, Point], snapped: tuple[CaliperEnd, ...]) -> None:
        """Keep where the reader put an end while another one still lies nowhere."""
        key = self._key(pending.level)
        self._moves.append((self._changes(), key, self._moved.get(key)))
        self._moved[key] = replace(pending, moved=moved, snapped=snapped)

    def take_back(self) -> bool:
        """Take the last of these moves back; False where the record was changed since."""
        if not self._moves or self._moves[-1][0] != self._changes():
            return False
        _, key, before = self._moves.pop()
        if before is None:
            self._moved.pop(key, None)
        else:
            self._moved[key] = before
        return True

    def _changes(self) -> int:
        return 0 if self._desk.reading is None else len(self._desk.reading.log)

    def forget(self) -> None:
        """Begin with another reading."""
        self.aside = None
        for kept in (self._made, self._moved, self._moves):
            kept.clear()

    def _levels(self) -> tuple[str, ...]:
        reading = self._desk.reading
        if not self.wanted or reading is None or reading.state.spine is None:
            return ()
        spine = reading.state.spine
        above, below = adjacent_levels(spine)
        return tuple(level for level in (above, spine.fractured, below) if level is not None)

    def _key(self, level: str) -> object:
        """What a proposal follows from; None where there can be none."""
        reading, stage = self._desk.reading, self._desk.stage
        if reading is None or not self.wanted:
            return None
        part = reading.state.stages[stage]
        walls = corners_of(part, level)
        if walls is None or part.caliper(level, "middle") is not None:
            return None
        wall, corners = walls
        # Only on the image of the walls, seen as it was then: what is dragged is measured on what is in front.
        if (wall.image, wall.shown_on) != (self._desk.image_id, self._viewport.shown_on):
            return None
        return stage, level, wall.image, wall.shown_on, corners, reading.protocol.snapping

    def _make(self, key: object, level: str) -> ProposedMiddle | str | None:
        reading = self._desk.reading
        if reading is None:
            return None
        if key not in self._made:
            try:
                made = reading.proposed_middle(self._desk.stage, level)
            except RefusedActionError as error:
                self._made[key] = said(error)
            else:
                if made is None:
                    return None
                self._made[key] = made
        return self._made[key]

    def _is_shown(self, pending: PendingMiddle) -> bool:
        caliper = pending.caliper
        ends = self._viewport.to_world([caliper.start_lps, caliper.end_lps], caliper.image)
        return all(self._viewport.on_current_slice(end) for end in ends)
