"""One call of the system that goes wrong: it fails, hangs and comes back late, or is the last of its process."""

from __future__ import annotations

import errno
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["CALLS", "CODES", "FAMILIES", "Fault"]

#: Calls that are counted and may go wrong, by the family that a fault is drawn from.
FAMILIES: Final = {
    "write": ("write",),
    "fsync": ("fsync",),
    "rename": ("rename", "replace"),
    "link": ("link",),
    "unlink": ("unlink", "rmdir"),
    "listdir": ("listdir", "scandir"),
    "others": ("open", "mkdir", "stat", "ftruncate"),
}
CALLS: Final = {name: family for family, names in FAMILIES.items() for name in names}
CODES: Final = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EMFILE, errno.ESTALE, errno.EROFS)
#: Calls that take part of what they are given.
_HALVES: Final = ("write",)
#: Frames between a call and the line of the program that leads to it.
_NEAR: Final = 5


@dataclass
class Fault:
    """What goes wrong in a process, at which call.

    Attributes
    ----------
    family : str
        Of the call.
    at : int
        The how many-th call of its family, from 0.
    kind : str
        ``"error"``, ``"crash"`` (SIGKILL) or ``"hang"`` (SIGSTOP, until somebody sends SIGCONT); ``"none"`` counts.
    how : str
        Whether the call has been ``"made"`` by then, has not (``"before"``), or, of a write, to its ``"half"``.
    code : int
        With which it fails; after a hang 0 for a call that comes back as if nothing had been.
    lasts : int
        How many further calls fail as well, of whatever family, until the cause is removed.
    later : bool
        Whether the process lets it happen by itself, once it has begun; then only calls that the program makes count,
        and not those of the libraries below a window.
    """

    family: str = "others"
    at: int = -1
    kind: str = "none"
    how: str = "before"
    code: int = errno.EIO
    lasts: int = 0
    later: bool = False
    counts: Counter[str] = field(default_factory=Counter, repr=False)
    struck: int = field(default=0, repr=False)

    def arm(self) -> None:
        """Let it happen in this process, for good."""
        self.happened = False
        self._left = 0
        for name, family in CALLS.items():
            setattr(os, name, self._wrapped(name, family, getattr(os, name)))

    def lift(self) -> None:
        """Remove the cause."""
        self._left = 0

    def anew(self, rng: random.Random) -> None:
        """Let one of the next calls fail as well, once this fault is over; not where others work on beside it."""
        if self.kind == "error" and self.happened and not self._left:
            self.family, self.how = rng.choice([*FAMILIES]), rng.choice(("before", "made"))
            self.code, self.lasts = rng.choice(CODES), rng.choice((0, 0, 5, 1000))
            self.at = self.counts[self.family] + rng.randrange(3)
            self.happened = False

    def _wrapped(self, name: str, family: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if self.later and not _by_the_program():
                return real(*args, **options)
            number = self.counts[family]
            self.counts[family] += 1
            if self._left > 0:
                self._left -= 1
                raise OSError(self.code, os.strerror(self.code))
            if self.happened or self.kind == "none" or (family, number) != (self.family, self.at):
                return real(*args, **options)
            self.happened = True
            self.struck += 1
            return self._strike(name, real, *args, **options)

        return call

    def _strike(self, name: str, real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        result = None
        done = self.how == "made"
        if done:
            result = real(*args, **options)
        elif self.how == "half" and name in _HALVES:
            real(args[0], args[1][: len(args[1]) // 2])
        if self.kind == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "hang":
            os.kill(os.getpid(), signal.SIGSTOP)
            if not self.code:
                return result if done else real(*args, **options)
        if done and name == "open":
            os.close(result)
        if done and name == "scandir":
            result.close()
        self._left = self.lasts
        raise OSError(self.code, os.strerror(self.code))


def _by_the_program() -> bool:
    """Whether the call that is being made comes from the program, if through a function of the standard library."""
    frame = sys._getframe(2)
    for _ in range(_NEAR):
        if frame is None or str(frame.f_globals.get("__name__", "")).startswith("napari_vcf"):
            return frame is not None
        frame = frame.f_back
    return False
