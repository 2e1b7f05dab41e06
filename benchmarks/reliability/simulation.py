"""A whole study from the first case to the exports, by scripted readers."""

from __future__ import annotations

import time
from pathlib import Path

from studies import make_study, read_stage

from napari_vcf.reading import read_reading
from napari_vcf.study import check_study, export_study, open_study


def simulate(folder: Path, cases: int, progress=lambda _: None) -> dict[str, float]:
    """Read a study of two readers and three stages, export it and check it."""
    start = time.perf_counter()
    root = make_study(folder, cases=cases)
    begun = time.perf_counter()
    gestures = 0
    for number, name in enumerate(("R1", "R2")):
        reader = open_study(root).as_reader(name)
        done = 0
        while (session := reader.next_case()) is not None:
            read_stage(session, value=(number + done) % 3)
            gestures += len(session.reading.log)
            done += 1
            if done % 50 == 0:
                progress(f"{name}: {done} stages")
    read = time.perf_counter()
    paths = export_study(root, folder / "out")
    exported = time.perf_counter()
    report = check_study(root, exports=folder / "out")
    checked = time.perf_counter()
    stages = {(e.reader, e.case, stage) for e in map(read_reading, paths) for stage in e.stages}
    size = sum(path.stat().st_size for path in (root / "readings").rglob("*") if path.is_file())
    return {
        "cases": cases,
        "stages expected": cases * 6,
        "stages exported, each once": len(stages) if len(stages) == len(paths) else -1,
        "damages": len(report.damages),
        "gestures": gestures,
        "setting up (s)": begun - start,
        "reading (s)": read - begun,
        "per gesture, with its stage's opening and signing (ms)": (read - begun) / gestures * 1000,
        "export (s)": exported - read,
        "check (s)": checked - exported,
        "size of all readings (MB)": size / 1e6,
    }
