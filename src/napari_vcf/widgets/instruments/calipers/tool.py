"""Placing and dragging calipers with the mouse. The points are millimetres of the patient; nothing here is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from psygnal import Signal

from napari_vcf.dicom import Role
from napari_vcf.language import Sentence, joined, say
from napari_vcf.measure import HeightLoss, NoEdge, Position, ReferenceRule, draw_to_edge
from napari_vcf.reading.actions import PlaceCaliper, RemoveCaliper, Undo
from napari_vcf.reading.results import caliper_mm, losses_of
from napari_vcf.reading.state import Caliper, CaliperEnd, PlacedCaliper, StageState
from napari_vcf.records.base import utc_now
from napari_vcf.widgets.common.shortcuts_in_force import key_text
from napari_vcf.widgets.instruments.calipers.pending import PendingMiddle, PendingMiddles
from napari_vcf.widgets.instruments.carried.model import CarriedModel
from napari_vcf.widgets.instruments.instrument import Tool, World

if TYPE_CHECKING:
    from napari_vcf.reading import Reading
    from napari_vcf.widgets.desk.viewport import Viewport

__all__ = ["CaliperTool", "Draft", "Height", "said_of_middle"]

Height = tuple[str, Position]
Point = tuple[float, float, float]
#: How near the pointer must come to something, in pixels of the screen.
GRAB_PX = 8.0
#: Where the image is small on the screen it is this, so that an end does not take the clicks for the next vertebra's.
GRAB_MM = 2.5
#: A press and release within this many pixels is a click.
CLICK_PX = 4.0
#: A draft this short has no length to show yet.
MIN_DRAFT_MM = 0.5
#: The direction of a caliper shorter than this says nothing yet.
MIN_SNAP_MM = 4.0


@dataclass(frozen=True, eq=False)
class Draft:
    """A caliper that is being drawn: its ends in the world, and the record's caliper that it would become."""

    start: World
    end: World
    caliper: Caliper
    #: Where the hand put the ends that were drawn to an edge, LPS mm.
    by_hand: dict[CaliperEnd, Point]

    @property
    def mm(self) -> float:
        """Its length now, in mm."""
        return caliper_mm(self.caliper)


class CaliperTool(Tool):
    """Draws a new caliper by click and click or by a drag, and drags the ends of one that is there."""

    #: Something to redraw: the draft or the selection.
    changed = Signal()

    def __init__(self, viewport: Viewport, target: Callable[[], Height | None]) -> None:
        self._viewport, self._desk = viewport, viewport.desk
        self._target = target
        self.carried = CarriedModel(viewport.desk, ("caliper",))
        self.selected: Height | None = None
        self.draft: Draft | None = None
        self._height: Height | None = None
        self._start = self._end = np.zeros(3)
        #: Where a new caliper was begun; its end can be drawn to an edge only once it is known which way it runs.
        self._first = np.zeros(3)
        self._mode: Literal["idle", "new", "wait", "second", "start", "end", "move"] = "idle"
        self._grip = np.zeros(3)
        self._moved = False
        #: Whether the reader wants ends drawn to the nearest edge; the protocol may forbid it.
        self.wants_snapping = False
        self._snapped: set[CaliperEnd] = set()
        #: Where the hand put the ends that were drawn to an edge, by what was recorded with them.
        self._by_hand: dict[tuple[str, Height], tuple[Caliper, dict[CaliperEnd, Point]]] = {}
        self._hand: dict[CaliperEnd, World] = {}
        self._last: Height | None = None
        #: The ends that should have been drawn to an edge and were not, with the reason.
        self._undrawn: dict[CaliperEnd, NoEdge] = {}
        #: Middle heights that are proposed from corners and wait for the reader.
        self.pending = PendingMiddles(viewport)
        #: What is being dragged: a caliper of the record, or a proposal.
        self._taken: Caliper | PendingMiddle | None = None
        #: The first click of each wall between corners that was placed by two, by what was recorded with it.
        self._clicked: dict[tuple[str, Height], tuple[Caliper, Point]] = {}
        self._seen_undo = 0

    @property
    def snapping(self) -> bool:
        """Whether ends are drawn to the nearest edge."""
        reading = self._desk.reading
        return self.wants_snapping and reading is not None and reading.protocol.snapping

    @property
    def by_corners(self) -> bool:
        """Whether heights are measured by the corners of the bodies."""
        return self.pending.wanted

    @by_corners.setter
    def by_corners(self, wanted: bool) -> None:
        self.pending.wanted = wanted
        self.changed.emit()

    @property
    def next_corner(self) -> str:
        """Which corner of which body the next click sets, as short as the labels on the canvas; else empty."""
        height = self._height if self._mode in ("wait", "second") else self._target() if self._mode == "idle" else None
        if not self.by_corners or height is None or height[1] == "middle":
            return ""
        end = "lower" if self._mode in ("wait", "second") else "upper"
        return f"{height[0]}: {end} {height[1]} corner"

    @property
    def is_waiting(self) -> bool:
        """Whether the first of two clicks was made."""
        return self._mode == "wait"

    def press(self, point: World) -> bool:
        """Take an end, a whole caliper, or begin a new one; leave the drag to the view if nothing is to be placed."""
        self._moved = False
        self._grip = point
        if self._mode == "idle":
            self._undrawn = {}
        if self._mode == "wait" and not self._viewport.on_current_slice(self._start):
            self.cancel()
            self._desk.message.emit(say("Both ends of a height lie on one slice: it begins anew on this one."), "info")
        if self._mode == "wait":
            self._mode = "second"
            self._reach(point)
            return True
        hit = self._hit(point)
        if hit is not None:
            self._mode, self._taken = hit
            caliper = self._taken.caliper if isinstance(self._taken, PendingMiddle) else self._taken
            self._height = self.selected = (caliper.level, caliper.position)
            self.carried.choose(next((item for item, other in self.carried.calipers() if other is caliper), None))
            self._start, self._end = self._ends(caliper)
            self._snapped = set(caliper.snapped)
            here = self._put_by_hand(caliper)
            self._hand = {end: self._viewport.to_world(here[end], caliper.image) for end in here}
            self.changed.emit()
            return True
        target = self._target()
        if target is None:
            return False
        self._mode, self._height, self.selected, self._taken = "new", target, None, None
        self._snapped, self._hand = set(), {}
        self._first = self._start = self._end = point
        return True

    def drag(self, point: World) -> None:
        """Move what was taken; nothing after Esc."""
        if self._mode == "idle":
            return
        if np.linalg.norm(point - self._grip) > CLICK_PX / self._zoom:
            self._moved = True
        if self._moved or self._mode == "second":
            self._reach(point)

    def release(self, point: World) -> None:
        """Put it into the reading, or wait for the second click."""
        self.drag(point)
        if self._mode == "idle":
            return
        if self._mode == "new" and not self._moved:
            self._mode = "wait"
            self.changed.emit()
            return
        if not self._moved and isinstance(self._taken, PendingMiddle) and self._height == self._target():
            # A click beside a proposal that lies nowhere is the first of two that draw the height.
            self._mode, self._taken, self.selected = "wait", None, None
            self._snapped, self._hand = set(), {}
            self._first = self._start = self._end = point
            self.changed.emit()
            return
        if self._moved or self._mode == "second":
            self._commit()
        self.cancel()

    def hover(self, point: World) -> None:
        """Let the second end follow the pointer."""
        if self._mode == "wait" and self._viewport.on_current_slice(self._start):
            self._reach(point)

    def take_back(self) -> bool:
        """Forget the first of two clicks."""
        waiting = self.is_waiting
        if waiting:
            self.cancel()
        elif self.pending.take_back():
            self.changed.emit()
            return True
        return waiting

    def resume(self) -> None:
        """Go back to the first of two clicks where the second one, a corner, was just taken back."""
        reading, desk = self._desk.reading, self._desk
        if reading is None or not reading.log or len(reading.log) == self._seen_undo:
            return
        self._seen_undo = len(reading.log)
        undone = reading.to_redo
        if not (self.by_corners and isinstance(reading.log[-1].action, Undo) and isinstance(undone, PlaceCaliper)):
            return
        height = undone.caliper.level, undone.caliper.position
        caliper, first = self._clicked.get((undone.stage, height), (None, None))
        if caliper != undone.caliper or first is None or undone.stage != desk.stage or desk.image_id != caliper.image:
            return
        if reading.state.stages[undone.stage].caliper(*height) is not None or self._target() != height:
            return
        point = self._viewport.to_world(first, caliper.image)
        if self._viewport.on_current_slice(point):
            self._mode, self._height, self.selected, self._taken = "wait", height, None, None
            self._snapped, self._hand, self._undrawn = set(), {}, {}
            self._first = self._start = self._end = point

    def cancel(self) -> None:
        """Forget what is being drawn; the reading is untouched."""
        self._mode, self.draft = "idle", None
        self.changed.emit()

    def select(self, height: Height | None) -> None:
        """Mark a caliper, without the mouse."""
        self.selected = height
        self.changed.emit()

    def calipers(self) -> tuple[Caliper, ...]:
        """Calipers of the stage; the draft, last, in place of the one that it would replace."""
        reading = self._desk.reading
        placed = () if reading is None else reading.state.stages[self._desk.stage].calipers
        if self.draft is None:
            return placed
        new = self.draft.caliper
        return (*(c for c in placed if (c.level, c.position) != (new.level, new.position)), new)

    def drafted(self) -> tuple[Caliper, ...]:
        """Heights that were carried from an earlier stage and wait, but for the one that is being dragged."""
        moving = None if self.draft is None else (self.draft.caliper.level, self.draft.caliper.position)
        return tuple(c for _, c in self.carried.calipers() if (c.level, c.position) != moving)

    def waiting_middles(self) -> tuple[PendingMiddle, ...]:
        """Proposals on this slice, without the one that is being dragged or drawn."""
        busy = None if self._mode == "idle" or self._height is None else self._height
        return tuple(each for each in self.pending.shown() if busy != (each.level, "middle") or self.draft is None)

    def losses(self) -> dict[ReferenceRule, HeightLoss]:
        """Losses as they are, or as they would be with the draft."""
        reading = self._desk.reading
        if reading is None:
            return {}
        return losses_of(self.stage_with_draft(), reading.state.spine, reading.protocol)

    def stage_with_draft(self) -> StageState:
        """The stage as it would be with the draft."""
        assert self._desk.reading is not None
        stage = self._desk.reading.state.stages[self._desk.stage]
        if self.draft is None:
            return stage
        *others, new = self.calipers()
        placed = PlacedCaliper(**dict(new), at=utc_now())
        return stage.model_copy(update={"calipers": (*others, placed)})

    @property
    def _zoom(self) -> float:
        return max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)

    def _ends(self, caliper: Caliper) -> tuple[World, World]:
        start, end = self._viewport.to_world([caliper.start_lps, caliper.end_lps], caliper.image)
        return start, end

    def _hit(self, point: World) -> tuple[Literal["start", "end", "move"], Caliper | PendingMiddle] | None:
        """What lies under the pointer on this slice: an end before a shaft, the nearest first."""
        assert self._desk.reading is not None
        stage = self._desk.reading.state.stages[self._desk.stage]
        reach = min(GRAB_PX / self._zoom, GRAB_MM)
        best: tuple[float, Literal["start", "end", "move"], Caliper | PendingMiddle] | None = None
        things: tuple[Caliper | PendingMiddle, ...] = (*stage.calipers, *self.drafted(), *self.pending.shown())
        for thing in things:
            caliper = thing.caliper if isinstance(thing, PendingMiddle) else thing
            if not self._viewport.can_show(caliper.image):
                continue
            start, end = self._ends(caliper)
            if not self._viewport.on_current_slice(start):
                continue
            candidates: list[tuple[float, Literal["start", "end", "move"]]] = [
                (_distance(point, start), "start"),
                (_distance(point, end), "end"),
                # A shaft is taken only where no end is near.
                (_to_segment(point, start, end) + reach, "move"),
            ]
            for distance, part in candidates:
                limit = 2 * reach if part == "move" else reach
                if distance <= limit and (best is None or distance < best[0]):
                    best = (distance, part, thing)
        return None if best is None else (best[1], best[2])

    def _reach(self, point: World) -> None:
        flat = np.array([self._start[0], point[1], point[2]])
        if self._mode in ("new", "wait", "second"):
            if self.snapping:
                self._start = self._to_edge("start", self._first, self._first - flat)
            self._end = self._to_edge("end", flat, flat - self._first)
        elif self._mode == "end":
            self._end = self._to_edge("end", flat, flat - self._start)
        elif self._mode == "start":
            moved = np.array([self._end[0], point[1], point[2]])
            self._start = self._to_edge("start", moved, moved - self._end)
        elif self._mode == "move":
            self._snapped.clear()
            self._hand.clear()
            self._undrawn.clear()
            shift = flat - self._grip
            shift[0] = 0.0
            self._start, self._end, self._grip = self._start + shift, self._end + shift, point
        self._make_draft()

    def _to_edge(self, end: CaliperEnd, point: World, way: World) -> World:
        """A point, or the edge near it along the caliper, where that is wanted; ``way`` leads out of the vertebra."""
        self._snapped.discard(end)
        self._hand.pop(end, None)
        self._undrawn.pop(end, None)
        length = float(np.linalg.norm(way))
        viewport, desk = self._viewport, self._desk
        if not self.snapping or length < MIN_SNAP_MM or desk.image is None or desk.image_id is None:
            return point
        along = way / length
        across = np.array([0.0, -along[2], along[1]])
        here, there, beside = viewport.to_lps([point, point + along, point + across], desk.image_id)
        volume = desk.volume(desk.image_id)
        is_ct = desk.image.series.role is Role.CT
        found = draw_to_edge(volume, here, there - here, beside - here, is_ct=is_ct)
        if isinstance(found, NoEdge):
            self._undrawn[end] = found
            return point
        self._snapped.add(end)
        self._hand[end] = point
        # Through the registration and back a point may leave the slice by a rounding.
        row, column = viewport.to_world(found, desk.image_id)[1:]
        return np.array([point[0], row, column])

    def _make_draft(self) -> None:
        viewport, desk = self._viewport, self._desk
        if desk.image_id is None or self._height is None:
            return
        # The record's first end is the one on the upper endplate, however it was drawn.
        start, end = sorted((self._start, self._end), key=lambda p: float(p[1]))
        names: tuple[CaliperEnd, CaliperEnd] = ("start", "end")
        if start is not self._start:
            names = ("end", "start")
        snapped = tuple(now for now, drawn in zip(("start", "end"), names, strict=True) if drawn in self._snapped)
        if _distance(start, end) < MIN_DRAFT_MM:
            self.draft = None
            self.changed.emit()
            return
        start_lps, end_lps = viewport.to_lps([start, end], desk.image_id)
        by_hand: dict[CaliperEnd, Point] = {
            now: _point(viewport.to_lps(self._hand[drawn], desk.image_id))
            for now, drawn in zip(("start", "end"), names, strict=True)
            if drawn in self._hand
        }
        caliper = Caliper(
            level=self._height[0],
            position=self._height[1],
            image=desk.image_id,
            shown_on=viewport.shown_on,
            start_lps=_point(start_lps),
            end_lps=_point(end_lps),
            snapped=snapped,
            **self._origin(turned=start is not self._start),
        )
        self.draft = Draft(start, end, caliper, by_hand)
        self.changed.emit()

    def _origin(self, *, turned: bool) -> dict[str, Any]:
        """How what is being drawn comes to be; ``turned`` where its ends were dragged past each other."""
        assert self._height is not None
        taken = self._taken
        if taken is None:
            return {"origin": "corners" if self.by_corners and self._height[1] != "middle" else "drawn"}
        caliper = taken.caliper if isinstance(taken, PendingMiddle) else taken
        source = caliper.proposed_from
        if source is None:
            return {"origin": caliper.origin}
        if caliper.image != self._desk.image_id:
            # Measured anew on another image, where nothing was proposed.
            return {"origin": "drawn"}
        moved = {"start", "end"} if turned or self._mode == "move" else {self._mode}
        kept = tuple(end for end in source.kept if end not in moved)
        return {"origin": "corrected", "proposed_from": source.model_copy(update={"kept": kept})}

    def _keep_pending(self, new: Caliper) -> bool:
        """Keep a dragged proposal of which an end still lies nowhere; False where it is a height now."""
        pending = self._taken
        if not isinstance(pending, PendingMiddle):
            return False
        kept = () if new.proposed_from is None else new.proposed_from.kept
        ends: dict[CaliperEnd, Point] = {"start": new.start_lps, "end": new.end_lps}
        was = pending.caliper
        same: dict[CaliperEnd, Point] = {"start": was.start_lps, "end": was.end_lps}
        moved = {
            end: at
            for end, at in ends.items()
            if end not in kept and (end in pending.moved or not np.allclose(at, same[end], rtol=0, atol=1e-6))
        }
        if {"start", "end"} - set(kept) <= set(moved):
            return False
        self.pending.move(pending, moved, tuple(end for end in new.snapped if end in moved))
        self._desk.message.emit(
            say("The other end of the middle height of {level} lies on no edge yet: drag it too.", level=new.level),
            "info",
        )
        return True

    def _commit(self) -> None:
        draft, reading = self.draft, self._desk.reading
        if draft is None or reading is None:
            return
        new, by_clicks = draft.caliper, self._mode == "second"
        if any((c.level, c.position) == (new.level, new.position) for _, c in self.carried.calipers()):
            # What was carried is decided on by that; the next one that waits comes to the front.
            self.selected = None
        # The draft must be gone before the reading's signal redraws.
        self.draft, self._mode = None, "idle"
        desk_image, height = self._desk.image_id, (new.level, new.position)
        if self._keep_pending(new):
            return
        if by_clicks and new.origin == "corners" and desk_image is not None:
            self._clicked[self._desk.stage, height] = new, _point(self._viewport.to_lps(self._first, desk_image))
        reasons = dict.fromkeys(self._undrawn.values())
        stays = [say("An end stays where you put it. {reason}", reason=reason.value) for reason in reasons]
        if not self._put(new):
            return
        stays += said_of_middle(reading)
        # An end that lies as it was proposed was put there by no hand.
        if not draft.by_hand:
            for text in stays:
                self._desk.message.emit(text, "info")
            return
        placed = reading.state.stages[self._desk.stage].caliper(*height)
        if placed is not None:
            self._by_hand[self._desk.stage, height] = placed, draft.by_hand
            self._last = height
            drawn = say(
                "{ends} drawn to the edge and marked; {key} goes back to where your hand was.",
                ends=_ends_text(draft.by_hand),
                key=key_text("calipers.off_the_edge"),
            )
            self._desk.message.emit(joined(" ", (drawn, *stays)), "info")

    def _put(self, caliper: Caliper) -> bool:
        """Put a caliper into the reading; False where it is refused."""
        reading = self._desk.reading
        if reading is None:
            return False
        placed = self._desk.guard(lambda: reading.apply(PlaceCaliper(stage=self._desk.stage, caliper=caliper)))
        return placed is not None

    # -- back from the edge -----------------------------------------------------------------------------------------
    def _put_by_hand(self, caliper: Caliper) -> dict[CaliperEnd, Point]:
        """Where the hand put the ends of a caliper that were drawn to an edge, as far as that is known."""
        known = self._by_hand.get((self._desk.stage, (caliper.level, caliper.position)))
        return dict(known[1]) if known is not None and known[0] == caliper else {}

    def take_off_the_edge(self) -> None:
        """Put the drawn ends of the chosen caliper, or of the one placed last, back where the hand put them."""
        reading, height = self._desk.reading, self.selected or self._last
        if reading is None:
            return
        caliper = None if height is None else reading.state.stages[self._desk.stage].caliper(*height)
        if caliper is None or not caliper.snapped:
            self._desk.message.emit(say("No end of this caliper was drawn to an edge."), "info")
            return
        here = self._put_by_hand(caliper)
        if set(here) != set(caliper.snapped):
            ask = say(
                "Where your hand put this end is not known any more: drag it, with drawing to the edge off ({key}).",
                key=key_text("calipers.snap"),
            )
            self._desk.message.emit(ask, "info")
            return
        plain = {name: getattr(caliper, name) for name in Caliper.model_fields}
        ends = {f"{end}_lps": point for end, point in here.items()}
        if caliper.proposed_from is not None:
            plain |= {"origin": "corrected", "proposed_from": caliper.proposed_from.model_copy(update={"kept": ()})}
        if self._put(Caliper(**{**plain, **ends, "snapped": ()})):
            back = say("{ends} back where your hand put it.", ends=_ends_text(here))
            self._desk.message.emit(joined(" ", (back, *said_of_middle(reading))), "info")

    def forget(self) -> None:
        """Begin with another reading."""
        self._by_hand.clear()
        self._clicked.clear()
        self._seen_undo = 0
        self.pending.forget()
        self._last = None


def said_of_middle(reading: Reading) -> list[Sentence]:
    """What the last change of a reading took away with a wall: a height that goes unseen would be missed at the end."""
    action = reading.log[-1].action
    if not isinstance(action, PlaceCaliper | RemoveCaliper) or not action.without_middle:
        return []
    level = action.level if isinstance(action, RemoveCaliper) else action.caliper.level
    return [
        say("The middle height of {level} was accepted from this wall as it was before, and went with it.", level=level)
    ]


def _point(lps: World) -> Point:
    x, y, z = (float(value) for value in lps)
    return x, y, z


def _ends_text(ends: dict[CaliperEnd, Point]) -> str:
    if len(ends) == 2:
        return say("Both ends")
    return say("The upper end") if "start" in ends else say("The lower end")


def _distance(a: World, b: World) -> float:
    return float(np.linalg.norm((a - b)[1:]))


def _to_segment(point: World, start: World, end: World) -> float:
    along = (end - start)[1:]
    length = float(along @ along)
    share = 0.0 if length == 0 else float(np.clip((point - start)[1:] @ along / length, 0.0, 1.0))
    return float(np.linalg.norm((point - start)[1:] - share * along))
