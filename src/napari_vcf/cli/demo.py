"""``napari-vcf demo``: the desk on the sample case, for a person, or worked by the scripted reader."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_vcf.phantom import PhantomTruth
    from napari_vcf.reading import VerifyReport
    from napari_vcf.widgets.window.arrangement import Arrangement

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="open the desk on the synthetic sample case",
        description="Open the reading desk on the synthetic sample case. With --scripted, a scripted reader works the "
        "widgets with mouse and key events through the whole case and compares every number with the truth.",
    )
    parser.add_argument("--scripted", action="store_true", help="let the scripted reader read the case, then leave")
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path("demo-output"), help="for what --scripted writes"
    )
    parser.add_argument(
        "--by-hand", action="store_true", help="with --scripted: outline the body instead of having it proposed"
    )
    parser.add_argument(
        "--corners", action="store_true", help="with --scripted: set corners instead of drawing nine heights"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window; the exit status is 0, with ``--scripted`` 1 where a number is off."""
    return _scripted(args) if args.scripted else _interactive()


def _interactive() -> int:
    import napari

    from napari_vcf.widgets.window.launch import open_window

    open_window().case_panel.open_sample()
    napari.run()
    return 0


def _scripted(args: argparse.Namespace) -> int:
    from napari_vcf.reading import verify_export
    from napari_vcf.widgets.case.sample import write_sample
    from napari_vcf.widgets.scripted.hands import hand_seconds
    from napari_vcf.widgets.window.launch import open_window

    out: Path = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    print("computing the sample case ...", flush=True)
    truth = write_sample(out / "sample")
    images = out / "sample" / "images"
    export = out / "C001_R1.json"
    export.unlink(missing_ok=True)
    arrangement = open_window()
    began = time.monotonic()
    try:
        lines, counts = _read(arrangement, truth, images, export, out, proposed=not args.by_hand, corners=args.corners)
    finally:
        # The scripted reader has exported; nothing is asked of it when the window closes.
        arrangement.desk.saved = True
        arrangement.viewport.viewer.close()
    seconds = time.monotonic() - began
    report: VerifyReport = verify_export(export, images)
    print(lines.text)
    took = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(f"\nread in {seconds:.0f} s with {took}: {hand_seconds(counts):.0f} s of the hand")
    verified = not report.differences
    print(f"export verified: {report.compared} values recomputed, {len(report.differences)} differ")
    for difference in report.differences:
        print(f"  {difference}")
    good = lines.good and verified
    print(f"{'every number is within its limit' if good else 'SOMETHING IS OFF'}; see {args.out}")
    return 0 if good else 1


class _Lines:
    """The table and whether all of it is good."""

    def __init__(self, text: str, *, good: bool) -> None:
        self.text = text
        self.good = good


def _read(
    arrangement: Arrangement,
    truth: PhantomTruth,
    images: Path,
    export: Path,
    out: Path,
    *,
    proposed: bool,
    corners: bool,
) -> tuple[_Lines, dict[str, int]]:
    from napari_vcf.widgets.scripted.hands import hand_seconds
    from napari_vcf.widgets.scripted.reader import ScriptedReader
    from napari_vcf.widgets.scripted.report import compare, table

    def shoot(name: str) -> None:
        arrangement.viewport.viewer.screenshot(str(out / f"{name}.png"), canvas_only=False, flash=False)

    began = time.monotonic()

    def say(text: str) -> None:
        print(f"  {time.monotonic() - began:5.0f} s  {text}", flush=True)

    reader = ScriptedReader(arrangement, truth, say=say, shoot=shoot, proposed=proposed, corners=corners)
    reader.open(images)
    reader.read(export)
    reading = arrangement.desk.reading
    assert reading is not None
    lines = compare(reading, truth)
    parts = "\n".join(
        f"  {text}: "
        + ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        + f"; {hand_seconds(counts):.0f} s of the hand"
        for text, counts in reader.parts
    )
    text = f"{table(lines)}\n\nwhat each part took\n{parts}"
    return _Lines(text, good=all(line.good for line in lines)), reader.hands.counts
