"""Trials: one act, one fault, and what is found afterwards."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.acts import ACTS, Act, Channel, Said, finish, lost, make_grounds, settle_in, take_over
from faults.calls import CODES, FAMILIES, Fault
from napari_vcf.errors import NapariVcfError
from napari_vcf.study import check_study

__all__ = [
    "PATIENCE_S",
    "Process",
    "Tally",
    "call_trials",
    "counts_of",
    "disk_trials",
    "drawn",
    "go_on_beside",
    "judge",
    "moment_trials",
    "on_small_disk",
]

#: Longer, and a trial counts as one that hangs for good.
PATIENCE_S = 120.0
#: Six families are drawn twice as often as all others together.
DRAWN = [*FAMILIES] * 2


@dataclass
class Tally:
    """What trials of one kind found."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def note(self, what: str, trial: str, text: str) -> None:
        """Count something that must not be, and keep what it was."""
        self.counts[what] += 1
        self.notes.append(f"{what}: {trial}: {text}")


class Process:
    """A forked process that does an act."""

    def __init__(self, run: Callable[[Channel], None], fault: Fault | None = None, *, arms: bool = False) -> None:
        self._inside, outside = os.pipe()
        self.said = Said()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._inside)
            self._run(run, outside, fault, arms=arms)
        os.close(outside)
        os.set_blocking(self._inside, False)

    @staticmethod
    def _run(run: Callable[[Channel], None], outside: int, fault: Fault | None, *, arms: bool) -> None:
        fault = fault or Fault(later=True)
        channel = Channel(outside, fault.lift, fault.arm, fault.anew)
        status = 0
        try:
            if arms or not fault.later:
                fault.arm()
            run(channel)
            channel.say("counts", counts={**fault.counts, "struck": fault.struck})
        except NapariVcfError as error:
            channel.say("refused", sentence=str(error))
            status = 2
        except BaseException:  # noqa: BLE001 -- it is told to the one who looks
            channel.say("traceback", text=traceback.format_exc())
            status = 1
        os._exit(status)

    def wait(self, seconds: float = PATIENCE_S, also: Callable[[], bool] = lambda: False) -> str:
        """Until it is ``"stopped"``, ``"ended"`` or ``"killed"``; ``"hangs"`` where that takes too long.

        ``"stopped below"`` where something else has come about meanwhile.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            # A full pipe would keep it from going on.
            if select.select([self._inside], [], [], 0.002)[0]:
                self._drain()
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                if also():
                    self._drain()
                    return "stopped below"
                continue
            self._drain()
            if os.WIFSTOPPED(status):
                return "stopped"
            os.close(self._inside)
            return "killed" if os.WIFSIGNALED(status) else "ended"
        self.end()
        return "hangs"

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while block := os.read(self._inside, 65536):
                self.said.hear(block)

    def go_on(self) -> None:
        """After it was stopped."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._drain()
        os.close(self._inside)


def judge(
    tally: Tally,
    trial: str,
    act: Act,
    root: Path,
    said: list[Said],
    whole: Callable[[Path], str] = lambda _root: "",
) -> None:
    """Compare what was confirmed with the disk, and with what `check` says; then go on to the end.

    There ``whole`` says what else is not as it must be.
    """
    confirmed = list(itertools.chain.from_iterable(one.confirmed for one in said))
    tally.counts["trials"] += 1
    tally.counts["confirmed"] += len(confirmed)
    tally.counts["refused"] += sum(len(one.refusals) for one in said)
    for one in said:
        if one.traceback:
            tally.note("ended in a traceback", trial, one.traceback)
    receipts = [path] if (path := root.parent / "receipts.txt").exists() else []
    try:
        gone = lost(root, confirmed)
        damages = check_study(root, receipts=receipts).damages
        if gone:
            tally.note("confirmed and lost", trial, f"{gone[0]} and {len(gone) - 1} more")
            if not damages:
                tally.note("damages unseen", trial, gone[0])
        for damage in damages:
            # Of two places of a note the other one holds; that one is torn is said, and going on writes it anew.
            if damage.place.endswith(("journal.head", ".progress")) or "/progress/" in damage.place:
                tally.counts["torn notes"] += 1
            else:
                tally.note("damages", trial, str(damage))
        finish(act, root)
        if more := lost(root, confirmed):
            tally.note("confirmed and lost", trial, f"after going on: {more[0]}")
        for damage in check_study(root, receipts=receipts).damages:
            tally.note("damages", trial, f"after going on: {damage}")
        if missing := whole(root):
            tally.note("damages", trial, f"after going on: {missing}")
    except Exception:  # noqa: BLE001 -- it is noted
        tally.note("could not go on", trial, traceback.format_exc())
    shutil.rmtree(root.parent, ignore_errors=True)


def counts_of(act: Act, ground: Path, base: Path, fault: Fault | None = None) -> dict[str, int]:
    """How many calls of each family an act makes where nothing goes wrong."""
    root = settle_in(base, ground)
    # The window arms by itself.
    process = Process(lambda channel: act.run(root, channel), fault or Fault(), arms=act.name != "window")
    if process.wait() != "ended" or process.said.refusals or process.said.traceback:
        raise RuntimeError(f"{act.name} fails by itself: {process.said.refusals} {process.said.traceback}")
    shutil.rmtree(base)
    return process.said.counts


def drawn(rng: random.Random, counts: dict[str, int], kind: str) -> Fault:
    """A fault at one of the calls that an act makes."""
    family = rng.choice([name for name in DRAWN if counts.get(name)])
    return Fault(
        family=family,
        at=rng.randrange(counts[family]),
        kind=kind,
        how=rng.choice(("before", "made", "half") if family == "write" else ("before", "made")),
        code=rng.choice((0, *CODES)) if kind == "hang" else rng.choice(CODES),
        lasts=rng.choice((0, 0, 1, 5, 1000)) if kind == "error" else 0,
    )


def call_trials(folder: Path, count: int, seed: int) -> dict[str, Tally]:
    """Faults at single calls: as many errors, crashes and hangs, act by act in turn.

    Parameters
    ----------
    folder : Path
        Where to work.
    count : int
        Trials.
    seed : int
        Draws them.

    Returns
    -------
    dict of str to Tally
        By the kind of the fault.
    """
    rng = random.Random(seed)
    grounds = make_grounds(folder / "grounds")
    counts = {act.name: counts_of(act, grounds[act.ground], folder / "trial") for act in ACTS}
    tallies = {kind: Tally() for kind in ("error", "crash", "hang")}
    for number, kind in zip(range(count), itertools.cycle(tallies), strict=False):
        acts = [act for act in ACTS if kind != "hang" or act.other]
        act = acts[number // len(tallies) % len(acts)]
        fault = drawn(rng, counts[act.name], kind)
        trial = f"{seed}.{number} {act.name}, {fault.family} {fault.at} {fault}"
        root = settle_in(folder / "trial", grounds[act.ground])
        _one(tallies[kind], trial, act, fault, root, rng)
    return tallies


def _one(tally: Tally, trial: str, act: Act, fault: Fault, root: Path, rng: random.Random) -> None:
    first = Process(lambda channel: act.run(root, channel), fault)
    said = [first.said]
    became = first.wait()
    if became == "stopped":
        said += go_on_beside(tally, trial, act, root, first, rng.choice(("stays", "leaves", "signs")))
    elif became == "hangs":
        tally.note("could not go on", trial, "it hangs for good")
    tally.counts[became] += 1
    judge(tally, trial, act, root, said)


def go_on_beside(tally: Tally, trial: str, act: Act, root: Path, first: Process, ending: str) -> list[Said]:
    """Somebody else takes over while the first one hangs, and goes on when it has come back."""

    def pause() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    def other(channel: Channel) -> None:
        if act.other == "same":
            act.run(root, channel)
        else:
            take_over(act, root, channel, ending, pause)

    gone = lost(root, first.said.confirmed)
    if gone:
        tally.note("confirmed and lost", trial, gone[0])
    second = Process(other)
    became = second.wait(5.0 if act.other == "same" else PATIENCE_S)
    first.go_on()
    if first.wait() not in ("ended", "killed"):
        tally.note("could not go on", trial, "what hung does not end")
    if became == "stopped":
        second.go_on()
        second.wait()
    return [second.said]


# -- a small disk that is full ------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of its own; needs the right to mount one."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


def fill(place: Path, spare: int) -> Path:
    """Take what is left of a disk, but for some blocks."""
    rest = place / "rest"
    with rest.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"x" * 4096)
    with rest.open("r+b") as stream:
        stream.truncate(max(0, rest.stat().st_size - spare * 4096))
    return rest


def on_small_disk(
    tally: Tally,
    trial: str,
    act: Act,
    place: Path,
    ground: Path,
    spare: int,
    *,
    dies: bool,
    kilobytes: int = 900,
    whole: Callable[[Path], str] = lambda _root: "",
) -> None:
    """One act on a disk that fills up but for some blocks; the program dies then, or somebody makes room."""
    with small_disk(place, kilobytes) as disk:
        root = settle_in(disk / "trial", ground)
        rest = fill(disk, spare)

        def lift() -> None:
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            rest.unlink(missing_ok=True)

        def run(channel: Channel) -> None:
            channel._lift = lift
            act.run(root, channel)

        process = Process(run)
        became = process.wait()
        if became == "hangs":
            tally.note("could not go on", trial, "it hangs for good")
        tally.counts["was full"] += bool(process.said.refusals)
        tally.counts[became] += 1
        rest.unlink(missing_ok=True)
        said = f"{trial}, {spare} blocks are left{', dies' if dies else ''}"
        judge(tally, said, act, root, [process.said], whole)


def disk_trials(folder: Path, count: int, seed: int) -> dict[str, Tally]:
    """Acts on a disk of some hundred kilobytes that fills up; half of the programs die when it has."""
    rng = random.Random(seed)
    grounds = make_grounds(folder / "grounds")
    tally = Tally()
    acts = [act for act in ACTS if act.ground not in ("patients", "prepared")]
    for number in range(count):
        act = acts[number % len(acts)]
        spare, dies = rng.choice((0, 1, 2, 3, 4, 6, 8, 12, 16, 24)), rng.random() < 0.5
        on_small_disk(tally, f"{seed}.{number} {act.name}", act, folder / "disk", grounds[act.ground], spare, dies=dies)
    return {"disk": tally}


# -- signals at random moments --------------------------------------------------------------------------------------


def moment_trials(folder: Path, count: int, seed: int) -> dict[str, Tally]:
    """SIGKILL and SIGSTOP at random moments of a script; what is stopped is taken over, and comes back or is killed."""
    rng = random.Random(seed)
    grounds = make_grounds(folder / "grounds")
    tally = Tally()
    acts = [act for act in ACTS if act.other]
    longest: dict[str, float] = {}
    for act in acts:
        root = settle_in(folder / "trial", grounds[act.ground])
        begun = time.monotonic()
        Process(lambda channel, act=act, root=root: act.run(root, channel)).wait()
        longest[act.name] = time.monotonic() - begun
        shutil.rmtree(root.parent)
    for number in range(count):
        act = acts[number % len(acts)]
        delay, kill = rng.uniform(0, longest[act.name]), rng.random() < 0.5
        trial = f"{seed}.{number} {act.name}, {'SIGKILL' if kill else 'SIGSTOP'} after {delay:.3f} s"
        root = settle_in(folder / "trial", grounds[act.ground])
        first = Process(lambda channel, act=act, root=root: act.run(root, channel))
        said = [first.said]
        time.sleep(delay)
        os.kill(first.pid, signal.SIGKILL if kill else signal.SIGSTOP)
        became = first.wait()
        if became == "stopped":
            said += go_on_beside(tally, trial, act, root, first, rng.choice(("stays", "leaves", "signs")))
        tally.counts[became] += 1
        judge(tally, trial, act, root, said)
    return {"script": tally}


def main(arguments: list[str]) -> None:
    """One kind of trials by hand: ``python -m faults.trials KIND FOLDER COUNT SEED``."""
    kind, folder, count, seed = arguments
    function: Any = {"calls": call_trials, "disk": disk_trials, "moments": moment_trials}[kind]
    for name, tally in function(Path(folder), int(count), int(seed)).items():
        print(name, dict(tally.counts))
        for note in tally.notes:
            print("   ", note)


if __name__ == "__main__":
    main(sys.argv[1:])
