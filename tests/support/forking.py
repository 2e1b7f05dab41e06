"""Another process for a test, without the seconds that a fresh interpreter takes to import everything."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import traceback
from collections.abc import Callable, Iterator

import pytest


class Child:
    """A process that runs a function of the test; what it writes to its channel can be read here."""

    def __init__(self, run: Callable[[int], object]) -> None:
        self._inside, outside = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            # Whatever happens, the child must not go on as a second test run.
            status = 1
            try:
                os.close(self._inside)
                run(outside)
                status = 0
            finally:
                if status:
                    traceback.print_exc()
                os._exit(status)
        os.close(outside)
        self._status: int | None = None

    def read(self, seconds: float = 60.0) -> bytes:
        """Wait for something on the channel."""
        if not select.select([self._inside], [], [], seconds)[0]:
            raise TimeoutError("The other process says nothing.")
        return os.read(self._inside, 65536)

    def rest(self) -> bytes:
        """Everything on the channel until the process ends."""
        found = b""
        while block := os.read(self._inside, 65536):
            found += block
        return found

    def kill(self) -> None:
        """SIGKILL."""
        if self._status is None:
            os.kill(self.process, signal.SIGKILL)
            self.wait()

    def wait(self) -> int:
        """Exit status; negative for the signal that ended it."""
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        return self._status

    def close(self) -> None:
        """End it if it still lives."""
        self.kill()
        with contextlib.suppress(OSError):
            os.close(self._inside)


@contextlib.contextmanager
def forked(run: Callable[[int], object]) -> Iterator[Child]:
    """Run a function in a copy of this process; it gets a channel to write to."""
    if not hasattr(os, "fork"):
        pytest.skip("This system cannot copy a process.")
    child = Child(run)
    try:
        yield child
    finally:
        child.close()
