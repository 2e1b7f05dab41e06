"""Faults in everything that a study does.

One thing goes wrong in each trial, drawn at random: a call of the system (write, fsync, rename, link, unlink, listdir,
and others) fails once or until the cause is removed, is made and reports a failure, hangs while somebody else takes
over and then comes back, or is the last of its process; a small disk is full; a program is killed or stopped at a
random moment, and what was stopped is taken over and then comes back. What is disturbed is reading and signing, going
on and leaving, amending, a consensus, the coordinator's decisions, an export, a preparation, added cases, roles,
clinical text, and the creation of a study; the window, in which mouse and keys measure, answer and sign; and a
preparation with two worker processes, in one of them or in the program that started them.

Each process says what was confirmed to it: gestures, signatures, settled items, decisions, files. Afterwards that is
looked for on the disk, by code that is none of the program's; the study is checked; everybody goes on to the end; and
both are done once more. *Torn notes* are those of how far a journal reaches, torn or, of a first decision that was
broken off, not written yet: the journal holds, `check` names the note, and whoever goes on writes it. In a window whose
calls fail many of them do, one after the other, and each counts as a trial. After a preparation the cases are those of
an undisturbed one, byte for byte, and no worker outlives its program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

# Patients and the scripted reader are those of the tests.
_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent / "tests"), str(_HERE)]

from faults.preparation import preparation_trials  # noqa: E402
from faults.trials import Tally, call_trials, disk_trials, moment_trials  # noqa: E402
from reliability.halves import at_once  # noqa: E402

CALLS, DISKS, MOMENTS, PREPARATIONS, WINDOWS = 840, 98, 100, 60, 60
TITLES = {
    "error": "a call fails",
    "crash": "a process ends in a call (SIGKILL)",
    "hang": "a call hangs, is taken over and comes back",
    "disk": "the disk is full",
    "script": "script killed or stopped at a random moment",
    "window": "all of these in the window",
    "workers": "all of these in a preparation with workers",
}
COLUMNS = ("trials", "confirmed", "refused", "torn notes")
#: What must be 0.
ZEROS = ("confirmed and lost", "damages unseen", "damages", "could not go on", "ended in a traceback")


def _of_windows(folder: Path) -> dict[str, Tally]:
    """In a process of its own, because it needs a screen."""
    display = _HERE.parent / "tools" / "with-display.sh"
    places = (_HERE.parent / "tests", _HERE, os.environ.get("PYTHONPATH", ""))
    command = [sys.executable, "-m", "faults.window", str(folder), str(WINDOWS), "1"]
    run = subprocess.run(
        command if os.environ.get("DISPLAY") else [str(display), *command],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))},
        stdout=subprocess.PIPE,
        check=True,
    )
    # The window says things beside what was found.
    found = json.loads([line for line in run.stdout.splitlines() if line.startswith(b'{"window"')][-1])
    return {name: Tally(Counter(counts), notes) for name, (counts, notes) in found.items()}


def main() -> str:
    tallies: dict[str, Tally] = {}

    def add(found: dict[str, Tally]) -> None:
        for name, tally in found.items():
            known = tallies.setdefault(name, Tally())
            known.counts.update(tally.counts)
            known.notes += tally.notes
        print("  " + ", ".join(f"{name} {tally.counts['trials']}" for name, tally in tallies.items()), flush=True)

    with tempfile.TemporaryDirectory(prefix="napari-vcf-faults-") as name:
        base = Path(name)
        for trials, count in ((call_trials, CALLS), (disk_trials, DISKS), (moment_trials, MOMENTS)):
            halves = [(base / f"{trials.__name__}-{seed}", count // 2, seed) for seed in (1, 2)]
            for found in at_once(trials, halves):
                add(found)
        add(_of_windows(base / "windows"))
        add(preparation_trials(base / "preparations", PREPARATIONS, 1))
    for tally in tallies.values():
        for note in tally.notes:
            print(f"  {note}", file=sys.stderr)
    header = f"| | {' | '.join((*COLUMNS, *ZEROS))} |\n|---|{'---|' * (len(COLUMNS) + len(ZEROS))}"
    rows = {TITLES[name]: tally.counts for name, tally in tallies.items()}
    total: Counter[str] = Counter()
    for counts in rows.values():
        total.update(counts)
    rows["**together**"] = total
    lines = [
        f"| {title} | {' | '.join(str(counts[column]) for column in (*COLUMNS, *ZEROS))} |"
        for title, counts in rows.items()
    ]
    return "\n".join([header, *lines])
