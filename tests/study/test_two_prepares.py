"""Two preparations of one study at once, and workers whose parent is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_vcf.study import check_study, prepare_study
from support.forking import forked
from support.patients import begin

PARENT = """
import time
from concurrent.futures import ProcessPoolExecutor
import multiprocessing, os
from napari_vcf.study.prepare_study import _end_with_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("late_s", [0.0, 0.05, 0.3])
def test_two_preparations_at_once_leave_every_case_whole(late_s: float, tmp_path: Path) -> None:
    root = begin(tmp_path, patients=3)

    def prepare(channel: int, late_s: float) -> None:
        time.sleep(late_s)
        for outcome in prepare_study(root, workers=0):
            os.write(channel, f"{outcome.status} {outcome.reason}\n".encode())

    with forked(lambda channel: prepare(channel, 0.0)) as one, forked(lambda channel: prepare(channel, late_s)) as two:
        said = [one.rest().decode().split("\n"), two.rest().decode().split("\n")]
        assert (one.wait(), two.wait()) == (0, 0)
    # Each case is prepared by one of them, and the other finds it done.
    assert sorted(line.strip() for lines in said for line in lines if line) == ["kept"] * 3 + ["prepared"] * 3
    assert sorted(path.name for path in (root / "cases").iterdir()) == ["C001", "C002", "C003"]
    assert check_study(root).damages == ()


def test_a_case_that_was_put_aside_when_the_preparation_died_comes_back(tmp_path: Path) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    case = root / "cases" / "C001"
    before = {path: path.read_bytes() for path in case.rglob("*.npy")}
    case.rename(case.with_name(".C001.0123456789abcdef.old"))
    (case.with_name(".C001.fedcba9876543210.part")).mkdir()
    assert [outcome.status for outcome in prepare_study(root, workers=0)] == ["kept"]
    assert {path: path.read_bytes() for path in case.rglob("*.npy")} == before
    assert [path.name for path in (root / "cases").iterdir()] == ["C001"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_worker_ends_with_the_preparation_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    for _ in range(600):
        status = Path(f"/proc/{worker}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("The worker lives on.")
