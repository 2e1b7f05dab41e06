"""Reliability of a study's storage.

A scripted reader is killed (SIGKILL) at random moments; a study of 150 cases, two readers and three stages is prepared
from small DICOM files, read, exported, checked, and each export verified by the files it came from; single bytes are
changed at random places of any file; cases are prepared with one and with two workers, in processes and on a local Dask
cluster that is there already. The two readers work at the same time, in two processes; so do the halves of the blows
and of the changes, each in a study of its own. Expected are zeros where something is lost, doubled or damaged, and all
where something is noticed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

# Patients and the scripted reader are those of the tests.
_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent / "tests"), str(_HERE)]

from reliability.flips import flip_trials  # noqa: E402
from reliability.halves import in_halves  # noqa: E402
from reliability.kills import kill_trials  # noqa: E402
from reliability.simulation import simulate  # noqa: E402
from reliability.throughput import throughput  # noqa: E402

KILLS = 500
FLIPS = 10_000
CASES = 150
COPIES = 12


def _table(title: str, facts: dict[str, float]) -> str:
    rows = "\n".join(
        f"| {name} | {value:.1f} |" if value % 1 else f"| {name} | {value:.0f} |" for name, value in facts.items()
    )
    return f"## {title}\n\n| | |\n|---|---|\n{rows}"


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


def main() -> str:
    parts = []
    with tempfile.TemporaryDirectory(prefix="napari-vcf-reliability-") as name:
        base = Path(name)
        for part in ("kills", "flips", "simulation", "preparation"):
            (base / part).mkdir()
        parts.append(_table("Killed at random moments", in_halves(kill_trials, base / "kills", KILLS)))
        _say("kills done")
        parts.append(_table("A study from end to end", simulate(base / "simulation", CASES, _say)))
        parts.append(_table("One byte changed", in_halves(flip_trials, base / "flips", FLIPS)))
        _say("flips done")
        ways = throughput(base / "preparation", COPIES)
        rows = [f"| {way} | {seconds:.1f} | {ways[0][1] / seconds:.2f} | {same} |" for way, seconds, same in ways]
        header = "| | time (s) | speed to 1 process | files the same as from 1 process |\n|---|---|---|---|"
        parts.append(f"## Preparation of {COPIES} synthetic cases\n\n{header}\n" + "\n".join(rows))
    return "\n\n".join(parts)
