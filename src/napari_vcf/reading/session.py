"""A reading: one reader, one case, one protocol. The headless interface that the widgets, scripts and tests share.

Every change goes through `Reading.apply` as one action, and either takes effect whole or is refused with a sentence and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from napari_vcf.geometry import Rectangle
from napari_vcf.measure import RoiStatistics, roi_statistics
from napari_vcf.reading import actions as act
from napari_vcf.reading.case import Case, check_pseudonym
from napari_vcf.reading.changes import Changes
from napari_vcf.reading.completeness import conflicts_of, missing_of, unanswered_of
from napari_vcf.reading.errors import ReadingError, RefusedActionError
from napari_vcf.reading.protocol import Protocol
from napari_vcf.reading.results import (
    StageResults,
    adjacent_levels,
    rectangle_of,
    stage_results,
)
from napari_vcf.reading.roi_checks import endplates_of
from napari_vcf.reading.rules import Context, reduce_action
from napari_vcf.reading.state import ReadingState, Roi, StageState
from napari_vcf.records.base import Stage, utc_now

__all__ = ["Reading"]


class Reading(Changes):
    """One reader's reading of one case.

    Parameters
    ----------
    case : Case
        The images.
    protocol : Protocol, optional
        The study's decisions.
    study, reader : str
        Pseudonyms.
    clock : callable, optional
        Gives the time; for tests.
    recorder : callable, optional
        Called with each `LoggedAction` before it takes effect; where it raises, the change is not made.

    Attributes
    ----------
    changed : psygnal.Signal
        Emitted with the `LoggedAction` after each change.
    """

    changed = Signal(object)

    def __init__(
        self,
        case: Case,
        *,
        study: str,
        reader: str,
        protocol: Protocol | None = None,
        clock: Callable[[], datetime] = utc_now,
        recorder: Callable[[act.LoggedAction], None] | None = None,
    ) -> None:
        self.case = case
        if protocol is not None and not isinstance(protocol, Protocol):
            raise ReadingError("A protocol is a napari_vcf.reading.Protocol; Protocol(**decisions) makes one.")
        self.protocol = protocol or Protocol()
        self.study = check_pseudonym(study, "study")
        self.reader = check_pseudonym(reader, "reader")
        self._clock = clock
        self._recorder = recorder
        self.started_at = clock()
        self._states: tuple[ReadingState, ...] = (ReadingState(),)
        self._undone: tuple[ReadingState, ...] = ()
        self._log: list[act.LoggedAction] = []
        self._roi_cache: dict[Roi, RoiStatistics] = {}
        self._stage_cache: dict[Stage, tuple[StageState, tuple[Any, Any], StageResults]] = {}

    # -- state ---------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> ReadingState:
        """What has been done so far."""
        return self._states[-1]

    @property
    def log(self) -> tuple[act.LoggedAction, ...]:
        """Every action that took effect, in order, undo and redo included."""
        return tuple(self._log)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return len(self._states) > 1

    @property
    def to_undo(self) -> act.Action | None:
        """The change that an undo takes back; None where there is none."""
        done, _ = self._stacks()
        return done[-1] if done else None

    @property
    def to_redo(self) -> act.Action | None:
        """The change that a redo makes again; None where there is none."""
        _, undone = self._stacks()
        return undone[-1] if undone else None

    def _stacks(self) -> tuple[list[act.Action], list[act.Action]]:
        done: list[act.Action] = []
        undone: list[act.Action] = []
        for entry in self._log:
            if isinstance(entry.action, act.Undo):
                undone.append(done.pop())
            elif isinstance(entry.action, act.Redo):
                done.append(undone.pop())
            else:
                done.append(entry.action)
                undone.clear()
        return done, undone

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return bool(self._undone)

    def apply(self, action: act.Action) -> act.LoggedAction:
        """Make one change.

        Parameters
        ----------
        action : Action
            The change.

        Returns
        -------
        LoggedAction
            The action with its number and time.

        Raises
        ------
        RefusedActionError
            If it is not allowed; nothing has changed then.
        """
        at = self._clock()
        logged = act.LoggedAction(number=len(self._log) + 1, at=at, action=action)
        states, undone = self._after(action, at)
        if self._recorder is not None:
            # Written down before it counts: what the screen confirms is on the disk.
            self._recorder(logged)
        self._states, self._undone = states, undone
        self._log.append(logged)
        self.case.apply_corrections(self.state.corrections)
        self.changed.emit(logged)
        return logged

    def _after(self, action: act.Action, at: datetime) -> tuple[tuple[ReadingState, ...], tuple[ReadingState, ...]]:
        """States to go back to, the current one last, and states to go forward to, as they will be after an action."""
        if isinstance(action, act.Undo):
            if not self.can_undo:
                raise RefusedActionError("There is nothing to undo.")
            return self._states[:-1], (*self._undone, self.state)
        if isinstance(action, act.Redo):
            if not self.can_redo:
                raise RefusedActionError("There is nothing to redo.")
            return (*self._states, self._undone[-1]), self._undone[:-1]
        return (*self._states, reduce_action(action, self.state, Context(self.case, self.protocol, at))), ()

    def restore(self, entries: Iterable[act.LoggedAction]) -> None:
        """Make changes again that were written down earlier, with their own times; nothing is recorded anew.

        Parameters
        ----------
        entries : iterable of LoggedAction
            Without a gap, going on from `log`.

        Raises
        ------
        RefusedActionError
            If one of them is not allowed, or out of order; those before it have been made.
        """
        for entry in entries:
            if entry.number != len(self._log) + 1:
                raise RefusedActionError(f"Change {entry.number} does not follow on change {len(self._log)}.")
            self._states, self._undone = self._after(entry.action, entry.at)
            self._log.append(entry)
            self.case.apply_corrections(self.state.corrections)

    def results(self, stage: Stage) -> StageResults:
        """Everything that follows from one stage, computed anew where something changed.

        Parameters
        ----------
        stage : {"ct", "mri", "combined"}
            The stage.

        Returns
        -------
        StageResults

        Raises
        ------
        ReadingError
            If there is no such stage.
        """
        if stage not in self.state.stages:
            raise ReadingError(f"There is no stage '{stage}'; stages are {', '.join(self.state.stages)}.")
        state, others = self.state.stages[stage], (self.state.spine, self.state.registrations)
        cached = self._stage_cache.get(stage)
        if cached is not None and cached[0] is state and all(a is b for a, b in zip(cached[1], others, strict=True)):
            return cached[2]
        statistics = {(roi.tissue, roi.placement): self._roi_statistics(roi) for roi in state.rois}
        results = stage_results(state, others[0], self.protocol, statistics, self.case.images, others[1])
        self._stage_cache[stage] = (state, others, results)
        return results

    def _roi_statistics(self, roi: Roi) -> RoiStatistics:
        if roi not in self._roi_cache:
            self._roi_cache[roi] = roi_statistics(self.case.volume(roi.image), rectangle_of(roi, self.protocol))
        return self._roi_cache[roi]

    def missing(self, stage: Stage) -> tuple[str, ...]:
        """What the protocol asks for in a stage and has not got, in sentences."""
        return missing_of(self.state, stage, self.results(stage), self.protocol)

    def conflicts(self, stage: Stage) -> tuple[str, ...]:
        """Answers that contradict each other or a measurement, in sentences."""
        return conflicts_of(self.state, stage, self.results(stage))

    def unanswered(self, stage: Stage) -> tuple[str, ...]:
        """Keys of the items of a stage that have neither an answer nor a measured value."""
        return unanswered_of(self.state, stage, self.results(stage), self.protocol)

    def now(self) -> datetime:
        """The time by this reading's clock."""
        return self._clock()

    def references(self) -> tuple[str | None, str | None]:
        """Levels above and below the fractured vertebra; None where there is none or it is not named yet."""
        return (None, None) if self.state.spine is None else adjacent_levels(self.state.spine)

    def endplates(self, stage: Stage, level: str) -> NDArray[np.float64] | None:
        """Direction of a vertebra's endplates by its calipers; see `napari_vcf.reading.roi_checks.endplates_of`."""
        state = self.state
        return endplates_of(state.stages[stage], level, self.case.images, state.spine, state.registrations)

    def roi_rectangle(self, center_lps: ArrayLike, axis_long: ArrayLike, axis_short: ArrayLike) -> Rectangle:
        """A rectangle in the protocol's size.

        Parameters
        ----------
        center_lps : array_like, shape (3,)
            LPS mm.
        axis_long, axis_short : array_like, shape (3,)
            Unit vectors at right angles.
        """
        return Rectangle(
            np.asarray(center_lps, dtype=np.float64),
            np.asarray(axis_long, dtype=np.float64),
            np.asarray(axis_short, dtype=np.float64),
            self.protocol.roi_long_mm,
            self.protocol.roi_short_mm,
        )

    def export(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write the reading as JSON; see `napari_vcf.reading.export_reading`."""
        from napari_vcf.reading.export import export_reading

        return export_reading(self, path, overwrite=overwrite)
