"""What the instruments and the linked panes compute at one move of the mouse, and what the desk draws.

Each line of the first table is the median of many calls in one run, without drawing. The two volumes differ 30 times in
their number of voxels; what is asked for on the screen is the same, so the cost should hardly grow. The second table is
taken in a window, on a CT of 300 x 512 x 512 and five MR series that are in memory: the desk with its panes, the CT
through a registration, against the same desk whose canvas is Qt's own OpenGL widget (`NAPARI_VCF_CANVAS=opengl`), and a
plain napari viewer with the same arrays as layers, in turn and each until everything is on the screen. What is small or
short is best read as a ratio: both sides of one belong to the same minutes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from napari_vcf.geometry import Grid, ReadingFrame, Rectangle, RigidTransform, Volume
from napari_vcf.measure import POSITIONS, roi_statistics, snap_to_edge
from napari_vcf.measure.recount import recount_extent
from napari_vcf.reading import Protocol
from napari_vcf.reading.results import losses_of
from napari_vcf.reading.state import PlacedCaliper, Spine, StageState
from napari_vcf.widgets.linked_views.reslice import cross_frame, cut_volume, to_gray

SHAPES = {"40 x 256 x 256": (40, 256, 256), "300 x 512 x 512": (300, 512, 512)}
PANE_PX = (230, 170)
REPEATS = 60


def volume_of(shape: tuple[int, int, int]) -> Volume:
    grid = Grid.from_axes(
        shape,
        origin_lps=(-60.0, -100.0, 100.0),
        column_direction=(0, 1, 0),
        row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0),
        spacing_mm=(120.0 / shape[0], 0.8, 0.8),
    )
    data = np.random.default_rng(1).normal(900, 100, shape).astype(np.float32)
    return Volume(grid, data, "um2/s")


def medians_ms(calls: list[Callable[[], object]]) -> list[float]:
    """Median time of each call; they take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(REPEATS + 1):
        for taken, call in zip(times, calls, strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    # The first call of each pays for what is made once.
    return [1e3 * float(np.median(taken[1:])) for taken in times]


def stage_with_calipers() -> StageState:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    calipers = tuple(
        PlacedCaliper(
            level=level, position=position, image="0" * 32, at=now,
            start_lps=(0, 10.0 * column, z + 12), end_lps=(0, 10.0 * column, z - 12),
        )
        for level, z in (("T12", 34), ("L1", 0), ("L2", -34))
        for column, position in enumerate(POSITIONS)
    )  # fmt: skip
    return StageState(calipers=calipers, references={"T12": "intact", "L2": "intact"})


def jobs(volume: Volume) -> dict[str, Callable[[], object]]:
    grid = volume.grid
    middle = grid.to_lps(grid.to_index(grid.center_lps).round())
    rectangle = Rectangle(middle, grid.directions[:, 0], grid.directions[:, 1], 7.0, 5.0).rotated(17.0)
    frame = ReadingFrame.sagittal()
    motion = RigidTransform.from_rotation_vector((3, -4, 5), (4, 2, -6), center_lps=middle)
    stage, spine, protocol = stage_with_calipers(), Spine(fractured="L1"), Protocol()

    def cut(axis: int, transform: RigidTransform | None = None) -> object:
        found = cut_volume(volume, cross_frame(frame, axis), middle, PANE_PX, 0.4, transform)
        assert found is not None
        return to_gray(found.pixels, (0.0, 2000.0))

    body = np.ones((8, 40, 50), dtype=bool)
    lesion = np.indices(body.shape)[1] < 20
    box = (slice(10, 18), slice(100, 140), slice(100, 150))

    return {
        "lesion extent: recount while the brush moves": lambda: recount_extent(
            body, lesion, box, slices=grid.shape[0], voxel_mm3=3.0, mid_slice=14
        ),
        "caliper: losses by four definitions": lambda: losses_of(stage, spine, protocol),
        "caliper: edge within 2 mm": lambda: snap_to_edge(volume, middle, (0, 0, -1), (0, 1, 0)),
        "ADC rectangle: statistics by exact coverage": lambda: roi_statistics(volume, rectangle),
        "pane: own slice": lambda: cut(0),
        "pane: axial plane across it": lambda: cut(1),
        "pane: coronal plane across it": lambda: cut(2),
        "pane: through a registration": lambda: cut(0, motion),
    }


def main() -> str:
    # Both volumes in turn, so that what else the machine does falls on both.
    calls = [jobs(volume_of(shape)) for shape in SHAPES.values()]
    table = {name: medians_ms([each[name] for each in calls]) for name in calls[0]}
    names = list(SHAPES)
    lines = [f"| at one move | {names[0]} (ms) | {names[1]} (ms) | ratio |", "|---|---|---|---|"]
    lines += [f"| {name} | {small:.2f} | {large:.2f} | {large / small:.2f} |" for name, (small, large) in table.items()]
    return "\n".join([*lines, "", *window_table()])


def window_table() -> list[str]:
    """The desk's drawing beside a plain viewer's, measured in a process of its own."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and sys.platform.startswith("linux"):
        return ["Without a display nothing was drawn: `make bench` brings one."]
    from instruments_window import measured

    found = measured()
    opening, memory = found["open"], found["mb"]
    lines = [
        "| in a window | desk (ms) | its canvas by OpenGL (ms) | plain napari (ms) | desk / plain |",
        "|---|---|---|---|---|",
    ]
    drags = found["gestures"]
    rows = [
        ("all panes of a case drawn (8 panes) / six layers added", opening),
        *((f"one slice on, {change['text']} / one pane of the same size", change) for change in found["changes"]),
        ("a caliper's end dragged, nine calipers drawn / a vertex of nine lines of napari's own Shapes",
         drags["caliper"]),
        ("a stroke of the brush / the same in napari's own Labels", drags["brush"]),
        ("window by right drag / contrast limits of one layer", drags["window"]),
        ("another image in front, seen before", drags["other_image"]),
        ("first image of the next case, which is loaded", drags["next_case"]),
        ("the same with all panes and panels", drags["next_case_whole"]),
    ]  # fmt: skip
    for name, times in rows:
        ms = {
            window: 1e3 * float(np.median(times[window])) for window in ("desk", "opengl", "plain") if window in times
        }
        cells = [f"{ms[window]:.0f}" if window in ms else "" for window in ("desk", "opengl", "plain")]
        ratio = f"{ms['desk'] / ms['plain']:.2f}" if "plain" in ms else ""
        lines.append(f"| {' | '.join([name, *cells, ratio])} |")
    lines += [
        "",
        "| memory beside the voxels, which are read and not copied | desk (MB) | plain napari (MB) |",
        "|---|---|---|",
    ]
    for name, number in (("first opening, with shaders and fonts", 0), ("median of later ones", slice(1, None))):
        mine, other = (float(np.median(memory[window][number])) for window in ("desk", "plain"))
        lines.append(f"| {name} | {mine:.0f} | {other:.0f} |")
    kept = max(change["copies_mb"] for change in found["changes"])
    lines.append(f"| pixels that the linked panes hold for themselves | {kept:.1f} | |")
    frames = max(change["frames"] for change in found["changes"])
    pixels = found["changes"][0]["pixels"] / 1e6
    return [
        *lines, "",
        f"The voxels take {found['volumes_mb']:.0f} MB. The window was drawn {frames:.1f} times for each change of "
        f"slice, and image and panes together have {pixels:.2f} million pixels.",
    ]  # fmt: skip


if __name__ == "__main__":
    print(main())
