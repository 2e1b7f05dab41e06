"""A preparation with two worker processes, and what goes wrong in one of them or in the program that started them."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from faults.acts import ACTS, Act, Channel, Said, make_grounds, settle_in
from faults.calls import Fault
from faults.trials import Process, Tally, counts_of, drawn, judge, on_small_disk
from napari_vcf.errors import NapariVcfError
from napari_vcf.study import prepare_study
from napari_vcf.study.prepare_study import unlock_preparation

__all__ = ["begin_with_fault", "preparation_trials"]

_KINDS: Final = ("moment", "error", "crash", "hang", "program", "disk")
_BY_ITSELF: Final = next(act for act in ACTS if act.name == "preparing")
#: Where a worker finds what is to go wrong in it.
_FAULT: Final = "NAPARI_VCF_BENCH_FAULT"
#: So long after its program, a worker may still be there.
_FAREWELL_S: Final = 10.0
_MODULE: Final = sys.modules["napari_vcf.study.prepare_study"]
_BEGIN: Final = _MODULE._end_with_parent


def begin_with_fault() -> None:
    """What a worker begins with; the first one that comes takes the fault."""
    _BEGIN()
    told = json.loads(os.environ[_FAULT])
    with contextlib.suppress(FileExistsError):
        os.close(os.open(told.pop("taken"), os.O_CREAT | os.O_EXCL))
        Fault(**told).arm()


def _with_workers(root: Path, channel: Channel) -> None:
    def progress(_done: int, _total: int, what: str) -> None:
        case, _, status = what.partition(": ")
        if status != "failed":
            channel.say("case", case=case)

    def prepared() -> None:
        for outcome in prepare_study(root, workers=2, progress=progress):
            if outcome.status == "failed":
                raise NapariVcfError(f"{outcome.case}: {outcome.reason}")

    channel.again(prepared)


_PREPARE: Final = Act("preparing with workers", "patients", _with_workers, "same")


def _in_a_worker(fault: Fault, flag: Path) -> Callable[[Path, Channel], None]:
    """The same, with something that goes wrong in a worker."""

    def run(root: Path, channel: Channel) -> None:
        told = {field.name: getattr(fault, field.name) for field in dataclasses.fields(fault) if field.name != "counts"}
        os.environ[_FAULT] = json.dumps({**told, "taken": str(flag)})
        _MODULE._end_with_parent = begin_with_fault
        _with_workers(root, channel)

    return run


def _workers_of(pid: int) -> list[int]:
    """Processes that a program has started to work in."""
    found = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            with contextlib.suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in (root / "cases").rglob("*") if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def preparation_trials(folder: Path, count: int, seed: int) -> dict[str, Tally]:
    """The program or a worker is killed or stopped; their calls fail, hang or are the last; the disk is full.

    Parameters
    ----------
    folder : Path
        Where to work.
    count : int
        Trials, of the six kinds in turn.
    seed : int
        Draws them.

    Returns
    -------
    dict of str to Tally
        One, ``"workers"``.
    """
    rng = random.Random(seed)
    ground = make_grounds(folder / "grounds")["patients"]
    counts = counts_of(_BY_ITSELF, ground, folder / "trial", Fault(later=True))
    in_program = counts_of(_PREPARE, ground, folder / "trial", Fault(later=True))
    in_worker = {name: number // 2 for name, number in counts.items()}
    root = settle_in(folder / "whole", ground)
    begun = time.monotonic()
    prepare_study(root, workers=2)
    longest, right = time.monotonic() - begun, _digest(root)

    def whole(prepared: Path) -> str:
        return "" if _digest(prepared) == right else "the prepared cases are not those of an undisturbed run"

    tally = Tally()
    kinds = itertools.islice(itertools.cycle(_KINDS), seed % len(_KINDS), None)
    for number, kind in zip(range(count), kinds, strict=False):
        trial = f"{seed}.{number} prepare with workers, {kind}"
        if kind == "disk":
            spare, dies = rng.randrange(0, 48), rng.random() < 0.3
            on_small_disk(
                tally, trial, _PREPARE, folder / "disk", ground, spare, dies=dies, kilobytes=4000, whole=whole
            )
            print(json.dumps({"workers": (tally.counts, tally.notes)}), flush=True)
            continue
        root = settle_in(folder / "trial", ground)
        fault = Fault(later=True)
        if kind != "moment":
            of_whom = in_program if kind == "program" else in_worker
            fault = drawn(rng, of_whom, rng.choice(("error", "crash", "hang")) if kind == "program" else kind)
            fault.later = True
        if kind in ("moment", "program"):
            first = Process(lambda channel, root=root: _PREPARE.run(root, channel), fault, arms=kind == "program")
        else:
            run = _in_a_worker(fault, root.parent / "taken")
            first = Process(lambda channel, root=root, run=run: run(root, channel))
        said = _one(
            tally, f"{trial}, {fault}", root, first, rng.uniform(0.2, longest) if kind == "moment" else 0.0, rng
        )
        judge(tally, f"{trial}, {fault}", _PREPARE, root, said, whole)
        print(json.dumps({"workers": (tally.counts, tally.notes)}), flush=True)
    return {"workers": tally}


def _one(tally: Tally, trial: str, root: Path, first: Process, delay: float, rng: random.Random) -> list[Said]:
    if delay:
        time.sleep(delay)
        struck = rng.choice([first.pid, *_workers_of(first.pid)])
        with contextlib.suppress(ProcessLookupError):
            os.kill(struck, rng.choice((signal.SIGKILL, signal.SIGSTOP)))
    workers: list[int] = []

    def one_is_stopped() -> bool:
        workers[:] = _workers_of(first.pid) or workers
        return any(_state(pid) == "T" for pid in workers)

    said, became = [first.said], first.wait(also=one_is_stopped)
    if became in ("stopped", "stopped below"):
        second = Process(lambda channel: _take_over(root, channel))
        if second.wait() != "ended":
            tally.note("could not go on", trial, "whoever takes over does not come to an end")
        said.append(second.said)
        for pid in (first.pid, *workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if first.wait() not in ("ended", "killed"):
            tally.note("could not go on", trial, "what was stopped does not end")
    elif became == "hangs":
        tally.note("could not go on", trial, "it hangs for good")
    until = time.monotonic() + _FAREWELL_S
    while time.monotonic() < until and any(_state(pid) not in ("", "Z") for pid in workers):
        time.sleep(0.05)
    if any(_state(pid) not in ("", "Z") for pid in workers):
        tally.note("could not go on", trial, "a worker outlives its program")
    tally.counts[became] += 1
    return said


def _take_over(root: Path, channel: Channel) -> None:
    for case in ("C001", "C002"):
        unlock_preparation(root, case)
    _BY_ITSELF.run(root, channel)


def main(arguments: list[str]) -> None:
    """By hand: ``python -m faults.preparation FOLDER COUNT SEED``; each line is what was found by then."""
    folder, count, seed = arguments
    # Workers look for what they begin with under the module's own name.
    from faults import preparation

    preparation.preparation_trials(Path(folder), int(count), int(seed))


if __name__ == "__main__":
    main(sys.argv[1:])
