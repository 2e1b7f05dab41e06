"""Long trials in two processes at once, as there are two readers and two cores."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any


def at_once(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Call a function with each of the arguments, each in a process of its own; results in their order."""
    with ProcessPoolExecutor(len(arguments), mp_context=multiprocessing.get_context("spawn")) as pool:
        return [future.result() for future in [pool.submit(function, *given) for given in arguments]]


def in_halves(trials: Callable[[Path, int, int], dict[str, int]], folder: Path, count: int) -> dict[str, int]:
    """Half of the trials in each of two studies, with a seed of its own; their counts together."""
    folders = [folder / "1", folder / "2"]
    for part in folders:
        part.mkdir()
    counts = (count - count // 2, count // 2)
    return summed(at_once(trials, list(zip(folders, counts, (1, 2), strict=True))))


def summed(found: Iterable[dict[str, int]]) -> dict[str, int]:
    """Sums, name by name."""
    total: Counter[str] = Counter()
    for counts in found:
        total.update(counts)
    return {name: total[name] for name in total}
