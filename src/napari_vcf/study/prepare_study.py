"""Preparing all cases of a study: in this process, in a pool of processes, or on an existing Dask scheduler."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from napari_vcf.study.case_lock import break_lock
from napari_vcf.study.errors import StudyError, says_what_is_out_of_reach
from napari_vcf.study.hashed_files import write_record
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.prepare_case import CaseJob, CaseOutcome, PrepareReport, lock_of, prepare_case
from napari_vcf.study.settled_roles import read_roles
from napari_vcf.study.stage_files import Origin
from napari_vcf.study.study_folder import StudyFolder, StudyRecord, default_key, read_key
from napari_vcf.study.versions import model_of

__all__ = ["REPORT", "prepare_study", "unlock_preparation"]

REPORT = "prepare-report.json"
#: What the libraries below ask for their number of threads when they are loaded.
_THREADS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)

Progress = Callable[[int, int, str], None]


@says_what_is_out_of_reach
def prepare_study(
    root: Path | str,
    *,
    key: Path | str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> tuple[CaseOutcome, ...]:
    """Prepare every case; what is prepared already and has not changed is kept.

    Parameters
    ----------
    root : path
        The study folder.
    key : path, optional
        The key file; beside the study folder if left out.
    workers : int
        Processes, each of which works in one thread; 0 to work in this one.
    scheduler : str, optional
        Address of a Dask scheduler whose workers see the same folders; takes the place of processes here.
    progress : callable, optional
        Called with (cases done, cases in all, what became of the last).

    Returns
    -------
    tuple of CaseOutcome
        In the order of the pseudonyms; the same stands in ``prepare-report.json``.

    Raises
    ------
    StudyError
        If study, key or scheduler cannot be reached. A case that cannot be prepared is an outcome and no error.
    """
    folder = StudyFolder(Path(root).absolute())
    record, _ = folder.read()
    secret = read_key(default_key(folder.root) if key is None else key, record.study)
    # It may name more: cases whose addition was broken off.
    if not set(secret.cases) >= set(record.cases):
        raise StudyError("The key does not name the cases of this study.")
    roles = read_roles(folder)
    jobs = [
        CaseJob(
            case=case,
            source=secret.cases[case].folder,
            salt=secret.cases[case].salt,
            target=str(folder.case(case)),
            readers=tuple(str(folder.reader(reader)) for reader in record.readers),
            bound=_bound(folder, record, case),
            roles=roles.of_case(case),
            b_values=roles.b_values_of(case),
        )
        for case in record.cases
    ]
    _make_room(folder.root / "cases")
    found: dict[str, CaseOutcome] = {}
    for outcome in _run(jobs, workers, scheduler):
        found[outcome.case] = outcome
        if progress is not None:
            progress(len(found), len(jobs), f"{outcome.case}: {outcome.status}")
    outcomes = tuple(found[case] for case in record.cases)
    kept_are_prepared = tuple(
        o.model_copy(update={"status": "prepared"}) if o.status == "kept" else o for o in outcomes
    )
    write_record(folder.root / REPORT, PrepareReport(cases=kept_are_prepared), overwrite=True)
    return outcomes


def unlock_preparation(root: Path | str, case: str) -> bool:
    """Free a case whose preparation is known to be gone; see `break_lock`.

    Raises
    ------
    StudyError
        If there is no such case, or the lock cannot be removed.
    """
    folder = StudyFolder(Path(root))
    if case not in folder.read_record().cases:
        raise StudyError(f"The study has no case '{case}'.")
    return break_lock(lock_of(folder.case(case)))


def _make_room(cases: Path) -> None:
    """Make the folder of cases; what an interrupted preparation left there goes with each case."""
    try:
        cases.mkdir(exist_ok=True)
    except OSError as error:
        raise StudyError(
            f"The study's folder of cases cannot be written to: {error.strerror or 'refused'}. "
            "Nothing was prepared; remove the cause and prepare again."
        ) from error


def _bound(folder: StudyFolder, record: StudyRecord, case: str) -> tuple[tuple[str, str], ...]:
    """Image to the hash that it had when a reader began on it, for those begun by a program that notes it."""
    found: dict[str, str] = {}
    for reader in record.readers:
        for path in sorted((folder.reader(reader) / case).glob("*/v*")):
            entries = inspect_journal(path).entries
            if entries:
                found.update(model_of(entries[0].body, Origin, f"A reading of case {case}").images or {})
    return tuple(sorted(found.items()))


def _end_with_parent() -> None:
    """Let a worker end when the program that started it is gone: it would wait for ever, and hold its case."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def wait() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=wait, daemon=True).start()


def _run(jobs: Sequence[CaseJob], workers: int, scheduler: str | None) -> Iterator[CaseOutcome]:
    if scheduler is not None:
        yield from _on_cluster(jobs, scheduler)
    elif workers == 0:
        yield from map(prepare_case, jobs)
    else:
        broken = []
        for job, outcome in _in_pool(jobs, workers):
            if outcome is None:
                broken.append(job)
            else:
                yield outcome
        # A worker that dies takes the whole pool with it: what was left is tried again, each case in a pool of its own.
        for job in broken:
            for _, outcome in _in_pool([job], 1):
                yield outcome or _died(job)


def _died(job: CaseJob) -> CaseOutcome:
    return CaseOutcome(case=job.case, status="failed", reason="The worker died on it; is there enough memory?")


def _defect(job: CaseJob, error: BaseException) -> CaseOutcome:
    # The text of an unforeseen error may quote the files.
    return CaseOutcome(case=job.case, status="failed", reason=f"Unforeseen {type(error).__name__}; report it.")


@contextlib.contextmanager
def _workers_start() -> Iterator[None]:
    """Let the processes that are started meanwhile work in one thread each, and not run the caller's script again.

    Each would take all cores for itself, and the threads of linear algebra on small matrices wait for each other most
    of the time: one registration took three times as long. What the person has set stays. And a process begins by
    importing the script that called, which, where it says all at its top level, would prepare the study once more.
    """
    chosen = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(chosen, "1"))
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
        for name in chosen:
            os.environ.pop(name, None)


def _in_pool(jobs: Sequence[CaseJob], workers: int) -> Iterator[tuple[CaseJob, CaseOutcome | None]]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    try:
        with _workers_start():
            futures = {pool.submit(prepare_case, job): job for job in jobs}
        for future in as_completed(futures):
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                yield futures[future], None
            elif error is not None:
                yield futures[future], _defect(futures[future], error)
            else:
                yield futures[future], future.result()
    finally:
        # Whoever interrupts does not want to wait for the cases that were not begun.
        pool.shutdown(cancel_futures=True)


def _on_cluster(jobs: Sequence[CaseJob], address: str) -> Iterator[CaseOutcome]:
    try:
        import distributed
    except ImportError as error:
        raise StudyError("A scheduler needs Dask: install napari-vcf[cluster].") from error
    try:
        client: Any = distributed.Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise StudyError(f"No Dask scheduler answers at {address}.") from error
    with client:
        submitted = [client.submit(prepare_case, job, pure=False) for job in jobs]
        futures = {future.key: job for future, job in zip(submitted, jobs, strict=True)}
        for future in distributed.as_completed(submitted):
            job = futures[future.key]
            failure = future.exception()
            yield future.result() if failure is None else _defect(job, failure)
