"""How the cost grows with the work: cases on a worklist, gestures in a journal, files in a folder, readers compared.

Each quantity is measured from small to large, the best of three, but for what takes many seconds. It is the time of the
processor, and for a gesture, which waits for the disk, that on the clock. "Exponent" is the slope of the time over the
size, both as logarithms, between the two largest sizes: 1 is linear, 2 quadratic. Below a few milliseconds a constant
share hides the growth.

The worklist is that of a study whose cases are prepared, looked at for the first time and once more, with all stages to
read. The journal is that of one stage of a study, in which calipers are moved again and again: each gesture is on the
disk before it counts, and opening the stage again reads and replays all of them. The folder holds series of 100 slices
with as many header elements as usual (about 150). The readers judged 200 cases each, and all statistics of the report
are worked out with 500 bootstrap samples. A report lists every pair of readers, so that cost is
given over the pairs; over the readers it is quadratic.
"""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

CASES = (10, 100, 1_000)
GESTURES = (100, 1_000, 10_000)
FILES = (1_000, 10_000, 100_000)
READERS = (2, 5, 10, 20)
JUDGED = 200
SAMPLES = 500
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "growth.svg"
Line = tuple[str, str, list[tuple[int, float]]]


def seconds(call: Callable[[], object], *, times: int = 3) -> float:
    """Time of the processor, the least of some calls."""
    taken = []
    for _ in range(times):
        start = cpu()
        call()
        taken.append(cpu() - start)
    return min(taken)


def cpu() -> float:
    """Seconds of the processor so far, with those of processes that were started and are over."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def worklists(place: Path) -> list[Line]:
    """A reader's worklist, looked at first and again, and what comes next."""
    from napari_vcf.study import open_study
    from support.studies import make_study

    first, again, following = [], [], []
    for cases in CASES:
        root = make_study(place / f"worklist{cases}", cases=cases)
        first.append((cases, seconds(lambda root=root: open_study(root).as_reader("R1").worklist())))
        reader = open_study(root).as_reader("R1")
        again.append((cases, seconds(reader.worklist)))
        following.append((cases, seconds(reader.next_task)))
    return [
        ("worklist opened", "cases", first),
        ("worklist looked at again", "cases", again),
        ("what is to be read next", "cases", following),
    ]


def journals(place: Path) -> list[Line]:
    """A gesture at the end of a journal, in the mean of a hundred, and opening the stage again."""
    from napari_vcf.study import open_study
    from support.studies import make_study

    root = make_study(place / "journal", cases=1)
    reader = open_study(root).as_reader("R1")
    task = reader.next_task()
    assert task is not None
    one, opening, done = [], [], 0
    session = reader.next_case()
    assert session is not None
    for size in GESTURES:
        while done < size - 100:
            _move(session, done)
            done += 1
        start = time.perf_counter()
        for _ in range(100):
            _move(session, done)
            done += 1
        one.append((size, (time.perf_counter() - start) / 100))
        session.close()
        # As the window does once it stands: the collector need not go through the whole program.
        gc.collect()
        gc.freeze()
        start = cpu()
        session = reader.open(task.case, task.stage)
        opening.append((size, cpu() - start))
    session.close()
    return [("one gesture, on the disk", "gestures", one), ("stage opened again", "gestures", opening)]


def _move(session: Any, number: int) -> None:
    """Place a caliper at another place than before."""
    from napari_vcf.measure import POSITIONS

    reading, stage = session.reading, session.stage
    if reading.state.spine is None:
        reading.set_spine("L1")
    role = "CT" if stage == "ct" else "T2"
    image = next(image.id for image in reading.case.images.values() if image.series.role.value == role)
    y, height = -15.0 + 0.001 * number, 20.0 + number % 7
    reading.place_caliper(
        stage=stage, level="L1", position=POSITIONS[number % 3], image=image, start_lps=(0.0, y, height / 2),
        end_lps=(0.0, y, -height / 2),
    )  # fmt: skip


def folders(place: Path) -> list[Line]:
    """A folder of DICOM files, listed."""
    from napari_vcf.dicom import scan_folder

    found = []
    for files in FILES:
        folder = place / f"files{files}"
        write_series(folder, files)
        found.append((files, seconds(lambda folder=folder: scan_folder(folder), times=3 if files < 50_000 else 1)))
    return [("folder listed", "files", found)]


def write_series(folder: Path, files: int) -> None:
    """Series of 100 slices of 16 x 16."""
    from bench_dicom import _POSITION, _UID, template

    content = template(16)
    series = b"1.2.3.4"
    # As long as what it replaces: lengths are written before the values.
    assert content.count(series) == 1
    for number in range(files):
        part, slice_ = divmod(number, 100)
        here = folder / f"s{part:04d}"
        here.mkdir(parents=True, exist_ok=True)
        changed = content.replace((_UID % 0).encode(), (_UID % number).encode())
        changed = changed.replace((_POSITION % 0).encode(), (_POSITION % (1.25 * slice_)).encode())
        changed = changed.replace(series + b"\0", b"1.%06d" % part)
        (here / f"i{slice_:03d}").write_bytes(changed)


def judged(readers: int) -> pd.DataFrame:
    """Readings of so many readers, every item and twelve measurements of `bench_agreement`."""
    from bench_agreement import tidy

    pair = tidy(JUDGED)
    rng = np.random.default_rng(1)
    parts = []
    for number in range(readers):
        part = pair[pair["reader"] == ("R1", "R2")[number % 2]].copy()
        part["reader"] = f"R{number + 1}"
        # Nobody reads exactly as another does.
        for _, rows in part.groupby(["stage", "item"]).groups.items():
            changed = rng.choice(np.asarray(rows), JUDGED // 10, replace=False)
            part.loc[changed, "value"] = rng.permutation(part.loc[changed, "value"].to_numpy())
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def analyses() -> list[Line]:
    """All statistics of a report, by the number of readers."""
    from napari_vcf.agreement import analyse, make_settings, readings_from_frame

    found = []
    for readers in READERS:
        frame = judged(readers)
        found.append(
            (
                readers * (readers - 1) // 2,
                seconds(
                    lambda frame=frame: analyse(readings_from_frame(frame), settings=make_settings(bootstrap=SAMPLES)),
                    times=1,
                ),
            )
        )
    return [("2 to 20 readers compared", "pairs of readers", found)]


def exponent(points: list[tuple[int, float]]) -> float:
    """Slope between the two largest sizes, both as logarithms."""
    (small, fast), (large, slow) = points[-2:]
    return float(np.log(slow / fast) / np.log(large / small))


def table(lines: Iterable[Line]) -> str:
    rows = ["| what | size | time | exponent |", "|---|---|---|---|"]
    for what, unit, points in lines:
        sizes = ", ".join(f"{size:,}" for size, _ in points)
        times = ", ".join(f"{1e3 * taken:,.1f}" for _, taken in points)
        rows.append(f"| {what} | {sizes} {unit} | {times} ms | {exponent(points):.2f} |")
    return "\n".join(rows)


def draw(lines: list[Line]) -> bool:
    """Draw all of them; whether there is something to draw with."""
    try:
        import matplotlib as mpl
    except ImportError:
        return False
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for what, unit, points in lines:
        axes.loglog(*zip(*points, strict=True), marker="o", label=f"{what} ({unit})")
    low, high = axes.get_xlim()
    axes.loglog([low, high], [1e-4 * low, 1e-4 * high], color="0.6", linestyle=":", label="linear")
    axes.set(xlabel="size", ylabel="seconds", xlim=(low, high))
    axes.legend(fontsize=7, loc="upper left")
    figure.savefig(PICTURE, metadata={"Date": None})
    plt.close(figure)
    return True


def main() -> str:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        lines = [*worklists(place), *journals(place), *folders(place), *analyses()]
    drawn = "\n\n![Time over size, both as logarithms](growth.svg)" if draw(lines) else ""
    return table(lines) + drawn


if __name__ == "__main__":
    print(main())
