"""The changes to a reading in their order: what was done, taken back and made again, and the state after each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from napari_vcf.language import say
from napari_vcf.reading import actions as act
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.state import ReadingState

__all__ = ["History"]

#: Gives the state after an action at a time, or refuses it.
Reduce = Callable[[act.Action, ReadingState, datetime], ReadingState]

_BEGINNINGS: Final = (act.TakeUpReading, act.CarryDrafts)


class _Pile(NamedTuple):
    """States one upon the other: one more costs the same whatever lies below, where a copy would cost all of them."""

    top: ReadingState
    below: _Pile | None = None


class History:
    """States of a reading, and the actions that led to them.

    Parameters
    ----------
    reduce : callable
        Gives the state after an action; raises `RefusedActionError` where it is not allowed.
    """

    def __init__(self, reduce: Reduce) -> None:
        self._reduce = reduce
        self._states = _Pile(ReadingState())
        self._undone: _Pile | None = None
        self._log: list[act.LoggedAction] = []

    @property
    def state(self) -> ReadingState:
        """What has been done so far."""
        return self._states.top

    @property
    def log(self) -> tuple[act.LoggedAction, ...]:
        """Every action that took effect, in order, undo and redo included."""
        return tuple(self._log)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self._states.below is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return self._undone is not None

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
            elif isinstance(entry.action, _BEGINNINGS):
                done.clear()
                undone.clear()
            else:
                done.append(entry.action)
                undone.clear()
        return done, undone

    def make(
        self, action: act.Action, at: datetime, *, record: Callable[[act.LoggedAction], None] | None = None
    ) -> act.LoggedAction:
        """Make one change, or refuse it and change nothing.

        Parameters
        ----------
        action : Action
            The change.
        at : datetime
            Its time.
        record : callable, optional
            Writes it down before it counts; where it raises, the change is not made.
        """
        logged = act.LoggedAction(number=len(self._log) + 1, at=at, action=action)
        states, undone = self._after(action, at)
        if record is not None:
            # Written down before it counts: what the screen confirms is on the disk.
            record(logged)
        self._states, self._undone = states, undone
        self._log.append(logged)
        return logged

    def repeat(self, entry: act.LoggedAction) -> None:
        """Make a change again that was written down earlier, with its own time."""
        if entry.number != len(self._log) + 1:
            raise RefusedActionError(
                say("Change {number} does not follow on change {count}.", number=entry.number, count=len(self._log))
            )
        self._states, self._undone = self._after(entry.action, entry.at)
        self._log.append(entry)

    def _after(self, action: act.Action, at: datetime) -> tuple[_Pile, _Pile | None]:
        """States to go back to, the current one on top, and states to go forward to, as they are after an action."""
        if isinstance(action, act.Undo):
            if self._states.below is None:
                raise RefusedActionError(say("There is nothing to undo."))
            return self._states.below, _Pile(self.state, self._undone)
        if isinstance(action, act.Redo):
            if self._undone is None:
                raise RefusedActionError(say("There is nothing to redo."))
            return _Pile(self._undone.top, self._states), self._undone.below
        after = self._reduce(action, self.state, at)
        # A reading that goes on from a document, or from a draft, begins there; nothing before it can be gone back to.
        return _Pile(after, None if isinstance(action, _BEGINNINGS) else self._states), None
