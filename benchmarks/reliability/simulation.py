"""A whole study from the scanner's files to verified exports, by scripted readers."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from pathlib import Path

from napari_vcf.geometry import RigidTransform
from napari_vcf.reading import read_reading, verify_export
from napari_vcf.reading.image_pairs import Pair, pair_of
from napari_vcf.registration import RegistrationResult
from napari_vcf.study import StageSession, check_study, export_study, open_study, prepare_study
from napari_vcf.study.study_folder import default_key, read_key
from reliability.halves import at_once
from support.patients import begin, read


def _join(session: StageSession) -> None:
    """Join CT and MRI where they lie; the registration has benchmarks of its own."""
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
        result=RegistrationResult("ok", "not fitted", RigidTransform.identity(), 0.0, 0.0, 0.0, {}),
    )
    reading.accept_registration("L1")


def _read_all(root: Path, number: int, name: str) -> tuple[int, list[tuple[float, float]]]:
    """Read everything as one reader; gestures, and seconds to open and to be through with each stage."""
    reader = open_study(root).as_reader(name)
    gestures = 0
    times: list[tuple[float, float]] = []
    while True:
        start = time.perf_counter()
        session = reader.next_case()
        opened = time.perf_counter()
        if session is None:
            return gestures, times
        if session.stage == "combined":
            _join(session)
        read(session, value=(number + len(times)) % 3)
        gestures += len(session.reading.log)
        times.append((opened - start, time.perf_counter() - start))


def _verify(paths: list[Path], folders: list[str]) -> tuple[int, int]:
    """Values compared, and exports with a difference."""
    compared = differing = 0
    for path, folder in zip(paths, folders, strict=True):
        verified = verify_export(path, folder)
        compared += verified.compared
        differing += bool(verified.differences)
    return compared, differing


def _opening_ms(times: list[tuple[float, float]]) -> float:
    return statistics.median(opened for opened, _ in times) * 1000


def simulate(folder: Path, cases: int, progress=lambda _: None) -> dict[str, float]:
    """Prepare and read a study of two readers and three stages; export, check, and verify each export by its images."""
    # What the command says of each study is of no interest here.
    with Path(os.devnull).open("w") as silence, contextlib.redirect_stdout(silence):
        root = begin(folder, patients=cases)
    start = time.perf_counter()
    outcomes = prepare_study(root, workers=2)
    prepared = time.perf_counter()
    progress("prepared")
    found = at_once(_read_all, [(root, number, name) for number, name in enumerate(("R1", "R2"))])
    gestures = sum(count for count, _ in found)
    at_work = sum(seconds for _, times in found for _, seconds in times)
    early, late = ([time for _, times in found for time in times[part]] for part in (slice(50), slice(-50, None)))
    read_by = time.perf_counter()
    progress("read")
    paths = export_study(root, folder / "out")
    exported = time.perf_counter()
    report = check_study(root, exports=folder / "out")
    checked = time.perf_counter()
    key = read_key(default_key(root), "study")
    folders = [key.cases[path.name.partition("_")[0]].folder for path in paths]
    verified = at_once(_verify, [(paths[half::2], folders[half::2]) for half in (0, 1)])
    compared, differing = (sum(counts) for counts in zip(*verified, strict=True))
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
        "reading, both at once (s)": read_by - prepared,
        "per gesture, with its stage's opening and signing (ms)": at_work / gestures * 1000,
        "opening one of the first 50 stages, median (ms)": _opening_ms(early),
        "opening one of the last 50 stages, median (ms)": _opening_ms(late),
        "export (s)": exported - read_by,
        "check (s)": checked - exported,
        "verification, 2 processes (s)": ended - checked,
        "size of all readings (MB)": size / 1e6,
    }
