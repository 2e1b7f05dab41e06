"""Preparation with one worker, with two, and on a Dask cluster of two."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_vcf.phantom import PhantomSpec, make_case, write_dicom
from napari_vcf.study import create_study, prepare_study
from support.studies import protocol_text


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in (root / "cases").rglob("*") if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _import() -> None:
    import napari_vcf.study.prepare_case  # noqa: F401


def throughput(folder: Path, copies: int) -> list[tuple[str, float, bool]]:
    """Name, seconds, and whether the files are those of one worker; the images are copies of one synthetic case."""
    import distributed

    images = folder / "images"
    case = make_case(PhantomSpec(seed=1))
    write_dicom(case, images / "case1")
    for number in range(2, copies + 1):
        shutil.copytree(images / "case1", images / f"case{number}")
    (folder / "protocol.toml").write_text(protocol_text(), encoding="utf-8")
    root = folder / "study"
    create_study(root, protocol=folder / "protocol.toml", readers=["R1"], seed=1, images=[images])

    @contextmanager
    def cluster(workers: int) -> Iterator[str]:
        with distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as local:
            with distributed.Client(local) as client:
                # A cluster that is there already has its imports behind it; a pool has not.
                client.run(_import)
            yield local.scheduler_address

    @contextmanager
    def nothing() -> Iterator[None]:
        yield None

    ways: list[tuple[str, Callable[[], Any], Callable[[Any], object]]] = [
        ("1 process", nothing, lambda _: prepare_study(root, workers=1)),
        ("2 processes", nothing, lambda _: prepare_study(root, workers=2)),
        ("Dask, 1 worker", lambda: cluster(1), lambda address: prepare_study(root, scheduler=address)),
        ("Dask, 2 workers", lambda: cluster(2), lambda address: prepare_study(root, scheduler=address)),
    ]
    found: list[tuple[str, float, bool]] = []
    first = ""
    for name, where, run in ways:
        shutil.rmtree(root / "cases")
        (root / "cases").mkdir()
        with where() as place:
            start = time.perf_counter()
            run(place)
            seconds = time.perf_counter() - start
        first = first or _digest(root)
        found.append((name, seconds, _digest(root) == first))
    return found
