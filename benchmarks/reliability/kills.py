"""A scripted reader that is killed at random moments."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from pathlib import Path

from napari_vcf.reading import LoggedAction
from napari_vcf.study import check_study, open_study
from support.studies import gestures, make_study

#: About what a stage takes from its opening to its signature, so that few blows come too late.
LONGEST_S = 0.12


def _read(root: Path, channel: int) -> None:
    """Go on with the next stage, and say of each gesture that it was confirmed; never returns."""
    session = open_study(root).as_reader("R1").next_case()
    if session is None:
        os._exit(3)
    os.write(channel, b"o")
    for gesture in gestures(session)[len(session.reading.log) :]:
        gesture()
        os.write(channel, b"g")
    session.seal()
    os.write(channel, b"s")
    os._exit(0)


def _run_and_kill(root: Path, delay_s: float) -> bytes:
    """What a child process confirmed before it was killed."""
    inside, outside = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(inside)
        _read(root, outside)
    os.close(outside)
    # The moment is drawn from when the case is open, so that most blows fall in the middle of writing.
    select.select([inside], [], [], 30)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    confirmed = b""
    while block := os.read(inside, 4096):
        confirmed += block
    os.close(inside)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) not in (0, 3):
        raise RuntimeError("The scripted reader failed by itself.")
    return confirmed


def kill_trials(folder: Path, moments: int, seed: int = 1) -> dict[str, int]:
    """Kill a scripted reader and look at what is left, again and again.

    After each blow the reading is opened as a reader would open it. Counted are gestures that were confirmed and are
    not there, and gestures that are there twice or were never made.
    """
    rng = random.Random(seed)
    root = make_study(folder, cases=moments // 3 + 2, readers=("R1",))
    lost = doubled = torn = unconfirmed = confirmed_all = 0
    signed_lost = 0
    for _ in range(moments):
        reader = open_study(root).as_reader("R1")
        task = reader.next_task()
        before = len(_logged(root, task))
        confirmed = _run_and_kill(root, rng.uniform(0, LONGEST_S))
        done = confirmed.count(b"g")
        confirmed_all += done
        sealed = (_folder(root, task) / "v1" / "seal.json").exists()
        signed_lost += b"s" in confirmed and not sealed
        if not sealed and _folder(root, task).is_dir():
            with open_study(root).as_reader("R1").open(task.case, task.stage) as session:
                torn += session.recovered_bytes > 0
                wanted = [made.action for made in _script(session)]
                found = [entry.action for entry in session.reading.log]
            lost += max(0, before + done - len(found))
            doubled += found != wanted[: len(found)] or len(found) > before + done + 1
            unconfirmed += len(found) == before + done + 1
        elif sealed:
            log = _logged(root, task)
            lost += max(0, before + done - len(log))
            doubled += len({entry.number for entry in log}) != len(log)
    report = check_study(root)
    return {
        "moments": moments,
        "confirmed gestures": confirmed_all,
        "confirmed and lost": lost,
        "doubled": doubled,
        "signatures lost": signed_lost,
        "whole but not yet confirmed, kept": unconfirmed,
        "torn entries taken away": torn,
        "stages signed": report.seals,
        "damages found at the end": len(report.damages),
    }


def _folder(root: Path, task) -> Path:
    return root / "readings" / "R1" / task.case / f"{task.stage}-{task.occasion}"


def _logged(root: Path, task) -> list[LoggedAction]:
    from napari_vcf.study.journal_view import inspect_journal

    folder = _folder(root, task) / "v1"
    if not folder.is_dir():
        return []
    entries = inspect_journal(folder).entries
    return [LoggedAction.model_validate(e.body["logged"]) for e in entries if e.kind == "gesture"]


def _script(session) -> list[LoggedAction]:
    """The gestures as an undisturbed reading would log them."""
    from napari_vcf.reading import Reading

    reading = Reading(session.reading.case, study="S", reader="R", protocol=session.reading.protocol)

    class Undisturbed:
        stage = session.stage

    Undisturbed.reading = reading
    for gesture in gestures(Undisturbed):
        gesture()
    return list(reading.log)
