"""A whole study from the scanner's files to verified exports, by scripted readers."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from patients import begin, read

from napari_vcf.reading import read_reading, verify_export
from napari_vcf.reading.joining import Pair, pair_of
from napari_vcf.study import StageSession, check_study, export_study, open_study, prepare_study
from napari_vcf.study.folder import default_key, read_key


def _join(session: StageSession) -> None:
    """Join CT and MRI as the preparation proposes it."""
    reading = session.reading
    reading.set_spine("L1")
    pair = Pair(*pair_of(reading.case.images.values()))
    point = (9.6, 12.0, -10.0)
    reading.propose_registration(
        mr_level="L1",
        ct_level="L1",
        ct_image=pair.images[0],
        mr_images=pair.images[1:],
        mr_point_lps=point,
        ct_point_lps=point,
        result=reading.case.prepared_registration(pair, point, point),
    )
    reading.accept_registration("L1")


def simulate(folder: Path, cases: int, progress=lambda _: None) -> dict[str, float]:
    """Prepare and read a study of two readers and three stages; export, check, and verify each export by its images."""
    # What the command says of each study is of no interest here.
    with Path(os.devnull).open("w") as silence, contextlib.redirect_stdout(silence):
        root = begin(folder, patients=cases)
    start = time.perf_counter()
    outcomes = prepare_study(root, workers=2)
    prepared = time.perf_counter()
    gestures = 0
    for number, name in enumerate(("R1", "R2")):
        reader = open_study(root).as_reader(name)
        done = 0
        while (session := reader.next_case()) is not None:
            if session.stage == "combined":
                _join(session)
            read(session, value=(number + done) % 3)
            gestures += len(session.reading.log)
            done += 1
            if done % 50 == 0:
                progress(f"{name}: {done} stages")
    read_by = time.perf_counter()
    paths = export_study(root, folder / "out")
    exported = time.perf_counter()
    report = check_study(root, exports=folder / "out")
    checked = time.perf_counter()
    key = read_key(default_key(root), "study")
    compared = differing = 0
    for path in paths:
        verified = verify_export(path, key.cases[path.name.partition("_")[0]].folder)
        compared += verified.compared
        differing += bool(verified.differences)
    ended = time.perf_counter()
    stages = {(e.reader, e.case, stage) for e in map(read_reading, paths) for stage in e.stages}
    size = sum(path.stat().st_size for path in (root / "readings").rglob("*") if path.is_file())
    return {
        "cases": cases,
        "cases prepared": sum(outcome.status == "prepared" for outcome in outcomes),
        "stages expected": cases * 6,
        "stages exported, each once": len(stages) if len(stages) == len(paths) else -1,
        "journals, seals and exports checked": report.journals + report.seals + report.exports,
        "damages": len(report.damages),
        "stages verified from the scanner's files": len(paths),
        "values compared": compared,
        "stages that differ": differing,
        "gestures": gestures,
        "preparation, 2 processes (s)": prepared - start,
        "reading (s)": read_by - prepared,
        "per gesture, with its stage's opening and signing (ms)": (read_by - prepared) / gestures * 1000,
        "export (s)": exported - read_by,
        "check (s)": checked - exported,
        "verification (s)": ended - checked,
        "size of all readings (MB)": size / 1e6,
    }
