"""Random events over all controls, keys, layers and menus of the real window, and what must hold after each.

    python benchmarks/random_events.py [--events N] [--seed N] [--study] [--most N] [--pictures FOLDER]

No traceback, no black image, no answer that nobody gave, and title, slice and tool agree. Needs a display
(`tools/with-display.sh` gives one). Exit status 1 where something did not hold; a fault is named by seed and event.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--study", action="store_true", help="in the window of a study, not of `open`")
    parser.add_argument("--most", type=int, default=200, help="stop after so many faults")
    parser.add_argument("--each", action="store_true", help="tell each event before it is done")
    parser.add_argument("--pictures", type=Path, help="keep a picture there of what does not look right")
    args = parser.parse_args()
    # The error stream is listened to while events go on; what is told goes past it.
    out = os.fdopen(os.dup(1), "w", buffering=1)

    def tell(text: str) -> None:
        print(text, file=out, flush=True)

    with tempfile.TemporaryDirectory(prefix="napari-vcf-events-") as name:
        os.environ.setdefault("NAPARI_CONFIG", str(Path(name) / "settings.yaml"))
        os.environ.setdefault("NAPARI_VCF_CACHE", str(Path(name) / "cache"))
        from support.random_events import RandomHands, opened_window

        with opened_window(Path(name), study=args.study) as arrangement:
            hands = RandomHands(arrangement, args.seed, args.pictures)
            outcome = hands.run(
                args.events, most_faults=args.most, told=tell, each=tell if args.each else lambda _: None
            )
    where = "a study" if args.study else "`open`"
    out.write(
        f"seed {args.seed} in {where}: {outcome.events} events in {outcome.seconds:.0f} s, {outcome.changes} changed "
        f"the record, {outcome.looks} pictures looked at, {len(outcome.faults)} faults\n"
    )
    for fault in outcome.faults[:5]:
        print(f"\n{fault}\nbefore it: " + "\n           ".join(fault.before), file=out)
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
