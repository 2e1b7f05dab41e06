"""SIGKILL and SIGSTOP at random moments of the window and of ``napari-vcf study prepare``."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from faults.acts import ACTS, Act, Channel, Said, make_grounds, settle_in, take_over
from faults.trials import PATIENCE_S, Process, Tally, judge
from napari_vcf.study import prepare_study
from napari_vcf.study.prepare_study import unlock_preparation
from support.studies import make_study

__all__ = ["preparation_trials", "window_trials"]

#: After its opening, a stage of the window's reader takes about so long.
_STAGE_S = 4.0
_PREPARE_S = 4.0


class Program:
    """A program in a process of its own, which says on its standard output what was confirmed."""

    def __init__(self, *arguments: str) -> None:
        self.said = Said()
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        stream = self.process.stdout
        assert stream is not None
        self.descriptor = stream.fileno()
        os.set_blocking(self.descriptor, False)

    def hear(self, seconds: float, until: str = "") -> bool:
        """Listen for a while, or until something is said; whether it was."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                return False
            data = os.read(self.descriptor, 65536)
            if not data:
                return False
            self.said.hear(data)
            if until and any(told["what"] == until for told in self.said.confirmed):
                return True

    def end(self) -> None:
        """SIGKILL, and what it had said."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.descriptor, 65536):
                self.said.hear(data)
        # What is no record of anything.
        self.said.confirmed = [told for told in self.said.confirmed if told["what"] not in ("open", "ended")]


def window_trials(folder: Path, count: int, seed: int) -> dict[str, Tally]:
    """The window is killed, or stopped and taken over and brought back, while mouse and keys work in it."""
    rng = random.Random(seed)
    ground = folder / "ground"
    ground.mkdir(parents=True)
    make_study(ground, cases=2, stages=["ct"])
    act = Act("window", "new", ACTS[0].run, "reader")
    tally = Tally()
    for number in range(count):
        kill, delay = number % 3 != 2, rng.uniform(0, 2 * _STAGE_S)
        ending = rng.choice(("stays", "leaves", "signs"))
        trial = f"{seed}.{number} {'SIGKILL' if kill else 'SIGSTOP'} {delay:.2f} s after the opening"
        root = settle_in(folder / "trial", ground)
        program = Program(sys.executable, "-m", "faults.window_reader", str(root))
        if not program.hear(PATIENCE_S, until="open"):
            tally.note("could not go on", trial, f"the window does not open: {program.said.refusals}")
        program.hear(delay)
        said = [program.said]
        if not kill:
            os.kill(program.process.pid, signal.SIGSTOP)
            program.hear(0.1)
            second = Process(
                lambda channel, root=root, ending=ending: take_over(
                    act, root, channel, ending, lambda: os.kill(os.getpid(), signal.SIGSTOP)
                )
            )
            became = second.wait()
            os.kill(program.process.pid, signal.SIGCONT)
            program.hear(3.0)
            if became == "stopped":
                second.go_on()
                second.wait()
            said.append(second.said)
        program.end()
        tally.counts["killed" if kill else "stopped"] += 1
        judge(tally, trial, act, root, said)
    return {"window": tally}


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in (root / "cases").rglob("*") if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def preparation_trials(folder: Path, count: int, seed: int) -> dict[str, Tally]:
    """The command and its workers are killed, or stopped while another one takes the cases over, and brought back."""
    rng = random.Random(seed)
    ground = make_grounds(folder / "grounds")["patients"]
    act = next(act for act in ACTS if act.name == "preparing")
    root = settle_in(folder / "trial", ground)
    prepare_study(root, workers=0)
    right = _digest(root)
    shutil.rmtree(root.parent)
    tally = Tally()
    for number in range(count):
        kill, delay, worker = number % 2 == 0, rng.uniform(0.3, _PREPARE_S), rng.random() < 0.5
        trial = f"{seed}.{number} {'SIGKILL' if kill else 'SIGSTOP'} after {delay:.2f} s, worker: {worker}"
        root = settle_in(folder / "trial", ground)
        program = Program(sys.executable, "-m", "napari_vcf", "study", "prepare", str(root), "--workers", "2")
        time.sleep(delay)
        struck = program.process.pid
        children = Path(f"/proc/{struck}/task/{struck}/children")
        workers = [int(pid) for pid in children.read_text().split()] if worker and children.exists() else []
        struck = rng.choice(workers) if workers else struck
        with contextlib.suppress(ProcessLookupError):
            os.kill(struck, signal.SIGKILL if kill else signal.SIGSTOP)
        second = None
        if not kill:

            def other(channel: Channel, root: Path = root) -> None:
                for case in ("C001", "C002"):
                    unlock_preparation(root, case)
                act.run(root, channel)

            second = Process(other)
            second.wait()
            with contextlib.suppress(ProcessLookupError):
                os.kill(struck, signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.process.wait(PATIENCE_S)
        if program.process.poll() is None:
            tally.note("could not go on", trial, "the command does not end")
        program.process.kill()
        program.process.wait()
        prepare_study(root, workers=0)
        if _digest(root) != right:
            tally.note("damages", trial, "the prepared cases are not those of an undisturbed run")
        tally.counts["killed" if kill else "stopped"] += 1
        judge(tally, trial, act, root, [second.said] if second is not None else [])
    return {"prepare": tally}


def main(arguments: list[str]) -> None:
    """One kind of trials by hand: ``python -m faults.signals KIND FOLDER COUNT SEED``."""
    kind, folder, count, seed = arguments
    function = {"window": window_trials, "prepare": preparation_trials}[kind]
    for name, tally in function(Path(folder), int(count), int(seed)).items():
        print(name, dict(tally.counts))
        for note in tally.notes:
            print("   ", note)


if __name__ == "__main__":
    main(sys.argv[1:])
