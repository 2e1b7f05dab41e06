"""Where the time goes while a hand works on the desk, drawn in software.

The desk of the instruments' benchmark: a CT of 300 x 512 x 512 and five MR series in memory, eight linked panes, nine
calipers on each image. Every gesture is done as its real events and timed until all that it changes is on the screen.
Each millisecond is counted where it is spent: what a part has another part do belongs to that one. The clock of the
parts is read some thousand times a gesture, which costs about a twentieth.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPEATS = 24
REST = "rest: events, napari's model, Qt"
#: In this order in the table.
PARTS = (
    "canvas drawn by OpenGL",
    "window laid out, painted, put together",
    "panes: cut out of the volume",
    "panes: grey levels, scaled",
    "panes: masks and lines",
    "panes: texts, frame, crosshair",
    "instruments' lines given to napari",
    "layers put on, taken off, filled",
    "panels and bar filled",
    REST,
)


class Watch:
    """Charges time to the innermost of the parts that are at work."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._at_work = [REST]
        self._since = time.perf_counter()

    def _turn(self) -> None:
        now = time.perf_counter()
        self.spent[self._at_work[-1]] += now - self._since
        self._since = now

    def begin(self) -> None:
        """Count from here."""
        self.spent.clear()
        self._since = time.perf_counter()

    def end(self) -> dict[str, float]:
        """What was counted."""
        self._turn()
        return dict(self.spent)

    def over(self, holder: type, name: str, part: str) -> None:
        """Watch a method of a class."""
        inner = getattr(holder, name)

        @functools.wraps(inner)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._turn()
            self._at_work.append(part)
            try:
                return inner(*args, **kwargs)
            finally:
                self._turn()
                self._at_work.pop()

        setattr(holder, name, watched)


def watched_parts() -> Watch:
    """A watch over everything; before a window is made."""
    from napari._qt.qt_main_window import _QtMainWindow
    from vispy.app.backends._qt import CanvasBackendDesktop

    from napari_vcf.widgets.case.panel import CasePanel
    from napari_vcf.widgets.common.locked_layer import LockedDrawing
    from napari_vcf.widgets.desk.layers import ImageLayers
    from napari_vcf.widgets.instruments.instrument import Instrument
    from napari_vcf.widgets.linked_views.pane import Pane
    from napari_vcf.widgets.window.bar import DeskBar
    from napari_vcf.widgets.window.raster_canvas import RasterCanvas

    watch = Watch()
    watch.over(CanvasBackendDesktop, "paintGL", PARTS[0])
    watch.over(RasterCanvas, "_finish", PARTS[0])
    watch.over(RasterCanvas, "_begin", PARTS[0])
    watch.over(_QtMainWindow, "event", PARTS[1])
    watch.over(Pane, "cut", PARTS[2])
    watch.over(Pane, "_pixmap", PARTS[3])
    watch.over(Pane, "_draw_masks", PARTS[4])
    watch.over(Pane, "_draw_instruments", PARTS[4])
    watch.over(Pane, "paintEvent", PARTS[5])
    watch.over(LockedDrawing, "redraw", PARTS[6])
    for name in ("add_image", "drop_retired", "bring_forward"):
        watch.over(ImageLayers, name, PARTS[7])
    watch.over(Instrument, "_on_desk", PARTS[8])
    watch.over(DeskBar, "refresh", PARTS[8])
    watch.over(CasePanel, "_refresh", PARTS[8])
    return watch


def measure() -> dict[str, dict[str, float]]:
    """Seconds of each part for each gesture, the mean of some."""
    import instruments_window as driver

    watch = watched_parts()
    desk = driver.DeskWindow(driver.volumes())
    gc.collect()
    gc.freeze()
    desk.open(2)
    found: dict[str, dict[str, float]] = {}

    def take(
        name: str, call: Callable[[int], object], repeats: int = REPEATS, *, before: Callable[[], None] = lambda: None
    ) -> None:
        for number in range(4):
            before()
            call(number)
        total: defaultdict[str, float] = defaultdict(float)
        for number in range(repeats):
            before()
            watch.begin()
            call(number)
            for part, seconds in watch.end().items():
                total[part] += seconds / repeats
        found[name] = dict(total)

    take("wheel", desk.step)
    for gesture, name in (("caliper", "caliper's end"), ("brush", "brush"), ("window", "right drag")):
        desk.begin(gesture)
        take(name, desk.move_now, before=desk.rest_hand)
        desk.let_go()
    for number in range(6):
        desk.other_image(number)
    take("another image", desk.other_image, 12, before=driver.settle)
    coming = [driver.reading_of(desk.found, driver.SHOWN[2].roles, calipers=False) for _ in range(10)]
    take("next case, whole", lambda _number: desk.next_case(coming.pop()), 6, before=driver.settle)
    desk.close()
    return found


def main() -> str:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and sys.platform.startswith("linux"):
        return "Without a display nothing was drawn: `make bench` brings one."
    command = [sys.executable, str(Path(__file__).resolve()), "--measure"]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent)
    found = json.loads(answer.stdout.strip().splitlines()[-1])
    names = list(found)
    lines = [f"| ms | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for part in PARTS:
        cells = [f"{1e3 * found[name].get(part, 0.0):.1f}" for name in names]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    sums = [f"{1e3 * sum(found[name].values()):.0f}" for name in names]
    return "\n".join([*lines, f"| **in all** | {' | '.join(sums)} |"])


if __name__ == "__main__":
    if "--measure" in sys.argv:
        print(json.dumps(measure()), flush=True)
        # The window is not needed any more, and napari takes seconds to take it apart.
        os._exit(0)
    print(main())
