"""Ten thousand randomly damaged DICOM files: no crash, no hang, no other volume without a word.

    python benchmarks/fuzz_dicom.py [TRIALS [SEED]]

The default test run does a few hundred; this takes minutes. Exit status 1 where one went wrong.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.dicomfuzz import PATIENCE_S, fuzz


def main(trials: int, seed: int) -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        outcome = fuzz(Path(place), trials, seed)
    print(
        f"{outcome.trials} damaged files in {time.monotonic() - started:.0f} s: {outcome.refused} refused, "
        f"{outcome.said} read with a warning, {outcome.unchanged} read as they were, {len(outcome.silent)} silently "
        f"different; slowest {outcome.slowest_s:.2f} s"
    )
    for name in outcome.silent:
        print(f"silently different: {name}")
    return 1 if outcome.silent or outcome.slowest_s > PATIENCE_S else 0


if __name__ == "__main__":
    raise SystemExit(
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 4)
    )
