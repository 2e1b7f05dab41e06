"""Time at work, pauses left out."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["ActiveTime"]


class ActiveTime:
    """Counts the time between signs of life; a gap that is too long is a pause.

    The clock is one that only runs forwards, so that setting the time of day changes nothing.

    Parameters
    ----------
    idle_after_s : float
        A longer gap is a pause.
    active_s, idle_s : float
        What was counted before.
    clock : callable, optional
        Seconds.
    """

    def __init__(
        self,
        idle_after_s: float,
        *,
        active_s: float = 0.0,
        idle_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.idle_after_s = idle_after_s
        self.active_s = active_s
        self.idle_s = idle_s
        self._clock = clock
        self._last = clock()

    def touch(self) -> None:
        """Count up to now: a key, a move of the mouse, a change to the record."""
        now = self._clock()
        gap = now - self._last
        self._last = now
        if gap <= self.idle_after_s:
            self.active_s += gap
        else:
            self.idle_s += gap

    @property
    def is_idle(self) -> bool:
        """Whether the last sign of life is so long ago that the time since does not count."""
        return self._clock() - self._last > self.idle_after_s

    def counted(self) -> dict[str, float]:
        """What has been counted, to the millisecond."""
        return {"active_s": round(self.active_s, 3), "idle_s": round(self.idle_s, 3)}
