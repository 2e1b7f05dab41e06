"""What time it is, from more than one source: a machine's clock may be wrong by years.

A clock that runs ahead would end an interval that has not passed, and one that ran ahead when a stage was signed would
keep the next one closed for years. So an interval is judged on what cannot run ahead: now is the earlier of the
machine's time and the time that the disk or share gives a file that is written now, and the time of a signature is the
machine's own at that moment, which the journal keeps beside its own time.
"""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from napari_vcf.language import say
from napari_vcf.study.errors import ClockError
from napari_vcf.study.journal_format import Entry

__all__ = ["CLOCK", "check_clock", "share_time", "written_at"]

#: The file that is written to see what time the share has.
CLOCK: Final = ".clock"
#: How far a machine may be ahead of the share.
_AHEAD: Final = timedelta(hours=1)
#: How long a reader may pause without being asked whether the clock is right.
_PAUSE: Final = timedelta(days=366)


def share_time(folder: Path) -> datetime | None:
    """The time that the disk or share gives a file that is written now.

    Parameters
    ----------
    folder : Path
        Where this program may write.

    Returns
    -------
    datetime or None
        UTC; None where nothing can be written.
    """
    with contextlib.suppress(OSError):
        if (folder / CLOCK).exists() and not (folder / CLOCK).is_file():
            # A pipe in its place would wait for its reader for ever.
            return None
        descriptor = os.open(folder / CLOCK, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            os.write(descriptor, b".")
        finally:
            os.close(descriptor)
        # By its name, because a share may tell its own time only of a file that is closed.
        return datetime.fromtimestamp((folder / CLOCK).stat().st_mtime, UTC)
    return None


def written_at(entry: Entry) -> datetime:
    """What the machine's clock said when an entry was written.

    The entry's own time is never before the one before it, and so runs ahead for ever once a clock did.
    """
    behind = entry.body.get("clock_behind_s", 0.0)
    return entry.at - timedelta(seconds=behind) if isinstance(behind, int | float) else entry.at


def check_clock(now: datetime, share: datetime | None, last: datetime) -> None:
    """Refuse where the machine's clock cannot be right.

    Parameters
    ----------
    now : datetime
        By the machine.
    share : datetime or None
        By the share, from `share_time`.
    last : datetime
        When this reader was at work last, or the study was created.

    Raises
    ------
    ClockError
        If the machine is ahead of the share, or more than a year has passed at once.
    """
    ask = say("Set the clock right; if it is right, say so with 'napari-vcf read --clock-is-right'.")
    if share is not None and now - share > _AHEAD:
        raise ClockError(
            say(
                "The clock of this machine says {now:%Y-%m-%d %H:%M} UTC, and files in the study are "
                "written at {share:%Y-%m-%d %H:%M} UTC. {ask}",
                now=now,
                share=share,
                ask=ask,
            )
        )
    if now - last > _PAUSE:
        raise ClockError(
            say(
                "The clock of this machine says {now:%Y-%m-%d %H:%M} UTC, more than a year after "
                "anything that was done here before ({last:%Y-%m-%d %H:%M} UTC). {ask}",
                now=now,
                last=last,
                ask=ask,
            )
        )
