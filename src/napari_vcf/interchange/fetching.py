"""Images from a DICOM server into one folder a case: whole cases only, and again from where it broke off."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from napari_vcf.errors import CancelledError
from napari_vcf.interchange.errors import InterchangeError, ServerError
from napari_vcf.interchange.servers import Instance, Received, Server, Studies
from napari_vcf.language import say
from napari_vcf.reading.case import check_pseudonym
from napari_vcf.records.errors import system_says

__all__ = ["MODALITIES", "Fetched", "Wanted", "fetch_case", "incoming_folder", "read_list"]

#: Of whose images a case consists.
MODALITIES = ("CT", "MR")
_LOG = "received.jsonl"
_COLUMNS = ("patient_id", "study_date", "study_uid")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One case of the coordinator's list: the name of its folder, and which studies belong to it."""

    case: str
    studies: tuple[Studies, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one case.

    Attributes
    ----------
    case : str
        The folder's name.
    objects : int
        Objects in it, each once.
    retrieved : int
        Of these, retrieved now; the others were there from an earlier run.
    """

    case: str
    objects: int
    retrieved: int


def read_list(path: Path) -> tuple[Wanted, ...]:
    """Read the coordinator's list of cases.

    Parameters
    ----------
    path : Path
        CSV with the column ``case`` and one or more of ``patient_id``, ``study_date`` and ``study_uid``. Several lines
        of one case add up.

    Returns
    -------
    tuple of Wanted

    Raises
    ------
    InterchangeError
        If it is no such list; the sentence names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InterchangeError(say("The list {path} cannot be read: {error}.", path=path.name, error=error)) from error
    found: dict[str, list[Studies]] = {}
    for number, row in enumerate(rows, start=2):
        case = (row.get("case") or "").strip()
        values = {name: (row.get(name) or "").strip() for name in _COLUMNS}
        if not case or not any(values.values()):
            raise InterchangeError(
                say(
                    "{path}, line {number}: give the case and at least one of {columns}.",
                    path=path.name,
                    number=number,
                    columns=", ".join(_COLUMNS),
                )
            )
        if values["study_date"] and not re.fullmatch(r"\d{8}(-\d{8})?", values["study_date"]):
            raise InterchangeError(
                say(
                    "{path}, line {number}: a date is written 20240131 or 20240101-20240131.",
                    path=path.name,
                    number=number,
                )
            )
        if any(character in value for value in values.values() for character in "*?\\"):
            # A wildcard would bring the images of other patients.
            raise InterchangeError(
                say("{path}, line {number}: name each study; * and ? are not looked up.", path=path.name, number=number)
            )
        if not values["patient_id"] and not values["study_uid"]:
            raise InterchangeError(
                say(
                    "{path}, line {number}: a date alone would bring every patient of the day; add patient_id.",
                    path=path.name,
                    number=number,
                )
            )
        found.setdefault(check_pseudonym(case, "case"), []).append(Studies(**values))
    if not found:
        raise InterchangeError(say("{path} lists no case.", path=path.name))
    return tuple(Wanted(case, tuple(studies)) for case, studies in found.items())


def fetch_case(
    server: Server,
    wanted: Wanted,
    out: Path,
    *,
    modalities: Sequence[str] = MODALITIES,
    series: str = "",
    workers: int = 4,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Fetched:
    """Bring one case into a folder of its own.

    Objects are collected beside the target and take the case's name only when every object that the server lists is
    there. Run again, it goes on: what was received is checked against the hash that was noted then.

    Parameters
    ----------
    server : Server
        Where the images are.
    wanted : Wanted
        The case.
    out : Path
        The folder of all cases.
    modalities : sequence of str
        Modalities to bring.
    series : str
        Regular expression that a series description must contain; all series if empty.
    workers : int
        Connections at once.
    progress : callable, optional
        Called with (done, total, what).
    cancelled : callable, optional
        Asked before each object.

    Returns
    -------
    Fetched

    Raises
    ------
    ServerError
        If the server has no such study, or does not deliver what it lists.
    InterchangeError
        If the folder exists with other objects than the server lists, or cannot be written.
    """
    listed = _listed(server, wanted, modalities, series)
    target = out / wanted.case
    if target.exists():
        return _already_there(target, listed)
    waiting = incoming_folder(out)
    incoming = waiting / wanted.case
    try:
        incoming.mkdir(parents=True, exist_ok=True)
        received = _received(incoming)
        missing = [instance for uid, instance in listed.items() if uid not in received]
        _retrieve(
            server, missing, incoming, workers, _Count(progress, len(received), len(listed), wanted.case), cancelled
        )
        _check_whole(incoming, listed, wanted.case)
        # The hashes stay beside the images, where no program takes them for one.
        (incoming / _LOG).replace(waiting / f"{wanted.case}.{_LOG}")
        out.mkdir(parents=True, exist_ok=True)
        incoming.replace(target)
    except OSError as error:
        raise InterchangeError(
            say("Case {case} cannot be written: {reason}.", case=wanted.case, reason=system_says(error))
        ) from error
    return Fetched(wanted.case, len(listed), len(missing))


def incoming_folder(out: Path) -> Path:
    """Where the cases are that are not whole yet: beside the target, whose every folder is a case."""
    absolute = out.absolute()
    return absolute.with_name(f".{absolute.name}-incoming")


def _listed(server: Server, wanted: Wanted, modalities: Sequence[str], series: str) -> dict[str, Instance]:
    try:
        pattern = re.compile(series, re.IGNORECASE)
    except re.error as error:
        raise InterchangeError(
            say("'{series}' is not a regular expression: {error}.", series=series, error=error)
        ) from error
    listed: dict[str, Instance] = {}
    for studies in wanted.studies:
        found = server.find(studies)
        if not found:
            raise ServerError(say("The server has no study for a line of case {case}.", case=wanted.case))
        of_line = {
            instance.sop_uid: instance
            for study in found
            for instance in server.instances(study)
            if instance.modality in modalities and pattern.search(instance.description)
        }
        # Who asks for a part of the images knows that a study may hold none of it.
        if not of_line and len(wanted.studies) > 1 and not series and set(modalities) >= set(MODALITIES):
            raise ServerError(
                say(
                    "A study that is listed for case {case} holds no image of {modalities}: the case would not be "
                    "whole. Leave that study out, or name the right one.",
                    case=wanted.case,
                    modalities=" or ".join(modalities),
                )
            )
        listed |= of_line
    if not listed:
        raise ServerError(
            say(
                "The studies of case {case} hold no image of {modalities} that matches.",
                case=wanted.case,
                modalities=" or ".join(modalities),
            )
        )
    return listed


def _already_there(target: Path, listed: dict[str, Instance]) -> Fetched:
    there = {path.stem for path in target.iterdir() if path.suffix == ".dcm"}
    if there != {_name(uid) for uid in listed}:
        raise InterchangeError(
            say(
                "The folder {target} holds other objects than the server lists now ({there} for "
                "{listed}). Move it away to bring the case anew.",
                target=target.name,
                there=len(there),
                listed=len(listed),
            )
        )
    return Fetched(target.name, len(listed), 0)


def _name(uid: str) -> str:
    """Name of an object's file: nothing of the identifier, and safe on every system."""
    return hashlib.sha256(uid.encode()).hexdigest()[:32]


def _received(folder: Path) -> set[str]:
    """Identifiers of the objects that an earlier run received whole; what is damaged is removed."""
    log = folder / _LOG
    entries: dict[str, str] = {}
    if log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
                entries[entry["uid"]] = entry["sha256"]
            except (ValueError, KeyError, TypeError):
                # The last line of a run that was killed.
                continue
    good = {}
    for uid, sha256 in entries.items():
        path = folder / f"{_name(uid)}.dcm"
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            good[uid] = sha256
    kept = {f"{_name(uid)}.dcm" for uid in good}
    for path in folder.iterdir():
        if path.name not in kept and path.name != _LOG:
            path.unlink()
    log.write_text("".join(json.dumps({"uid": uid, "sha256": sha256}) + "\n" for uid, sha256 in good.items()))
    return set(good)


class _Count:
    def __init__(self, progress: Progress | None, done: int, total: int, what: str) -> None:
        self.progress, self.done, self.total, self.what = progress, done, total, what

    def one_more(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total, self.what)


def _retrieve(
    server: Server,
    missing: Sequence[Instance],
    folder: Path,
    workers: int,
    count: _Count,
    cancelled: Callable[[], bool] | None,
) -> None:
    # One part for each connection: whoever opens an association for it keeps it to the end.
    share = -(-len(missing) // max(1, workers)) or 1
    parts = [missing[first : first + share] for first in range(0, len(missing), share)]
    stop = threading.Event()
    writing = threading.Lock()

    def bring(part: Sequence[Instance]) -> None:
        wanted = {instance.sop_uid for instance in part}
        received = set()
        for each in server.retrieve(part):
            if each.uid not in wanted:
                raise ServerError(say("The server sent an object that was not asked for."))
            sha256 = _save(each, folder)
            received.add(each.uid)
            with writing:
                log.write(json.dumps({"uid": each.uid, "sha256": sha256}) + "\n")
                log.flush()
                count.one_more()
            if stop.is_set() or (cancelled is not None and cancelled()):
                raise CancelledError(
                    say("Fetching was cancelled; what was received is kept, and the same command goes on.")
                )
        if received != wanted:
            raise ServerError(
                say(
                    "The server sent {received} of {wanted} objects.",
                    received=len(received),
                    wanted=len(wanted),
                )
            )

    with (folder / _LOG).open("a", encoding="utf-8") as log, ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        running = [pool.submit(bring, part) for part in parts]
        try:
            for finished in as_completed(running):
                finished.result()
        finally:
            stop.set()


def _save(received: Received, folder: Path) -> str:
    path = folder / f"{_name(received.uid)}.dcm"
    part = path.with_suffix(".part")
    part.write_bytes(received.content)
    part.replace(path)
    return hashlib.sha256(received.content).hexdigest()


def _check_whole(folder: Path, listed: dict[str, Instance], case: str) -> None:
    there = _received(folder)
    if there != set(listed):
        raise ServerError(
            say(
                "Case {case} is not whole: {there} of {listed} objects came. Run the same command again.",
                case=case,
                there=len(there),
                listed=len(listed),
            )
        )
    for path in folder.glob("*.dcm"):
        # On the disk before the folder takes the case's name; until then the hashes tell what a crash left.
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
