"""Faults in everything that a study does.

One thing goes wrong in each trial, drawn at random: a call of the system (write, fsync, rename, link, unlink, listdir,
and others) fails once or until the cause is removed, is made and reports a failure, hangs while somebody else takes
over and then comes back, or is the last of its process; a disk of 900 kB is full; a script is killed or stopped at a
random moment, and what was stopped is taken over and then comes back. What is disturbed is reading and signing, going
on and leaving, amending, a consensus, the coordinator's decisions, an export, a preparation, added cases, roles,
clinical text, and the creation of a study.

Each process says what was confirmed to it: gestures, signatures, settled items, decisions, files. Afterwards that is
looked for on the disk, by code that is none of the program's; the study is checked; everybody goes on to the end; and
both are done once more. *Torn notes* are those of how far a journal reaches, torn or, of a first decision that was
broken off, not written yet: the journal holds, `check` names the note, and whoever goes on writes it. Not tried are the
window, and a preparation with worker processes.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

# Patients and the scripted reader are those of the tests.
_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent / "tests"), str(_HERE)]

from faults.trials import Tally, call_trials, disk_trials, moment_trials  # noqa: E402
from reliability.halves import at_once  # noqa: E402

CALLS, DISKS, MOMENTS = 840, 98, 100
TITLES = {
    "error": "a call fails",
    "crash": "a process ends in a call (SIGKILL)",
    "hang": "a call hangs, is taken over and comes back",
    "disk": "the disk is full",
    "script": "script killed or stopped at a random moment",
}
COLUMNS = ("trials", "confirmed", "refused", "torn notes")
#: What must be 0.
ZEROS = ("confirmed and lost", "damages unseen", "damages", "could not go on", "ended in a traceback")


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
