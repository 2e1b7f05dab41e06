"""What a study does, act by act, each told what was confirmed; and what is on the disk of it afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_vcf.errors import NapariVcfError
from napari_vcf.study import (
    LockedError,
    StageSession,
    create_study,
    export_study,
    open_consensus,
    open_study,
    prepare_study,
)
from napari_vcf.study.added_cases import add_cases
from napari_vcf.study.clinical_text import set_clinical_text
from napari_vcf.study.consensus import unlock_consensus
from napari_vcf.study.decisions import set_stage_aside, unlock_decisions, withdraw_case
from napari_vcf.study.settled_roles import set_role
from support.patients import begin, write_patient
from support.studies import gestures, make_study, protocol_text, read_stage

__all__ = ["ACTS", "Act", "Channel", "Said", "finish", "lost", "make_grounds", "settle_in", "take_over"]

#: The system's own, before anything is made to fail.
_WRITE, _READ = os.write, os.read


class Channel:
    """What a process says of its work, through a pipe that no fault touches."""

    def __init__(
        self,
        descriptor: int,
        lift: Callable[[], None] = lambda: None,
        arm: Callable[[], None] = lambda: None,
        anew: Callable[[random.Random], None] = lambda _rng: None,
    ) -> None:
        self._descriptor = descriptor
        self._lift = lift
        self.arm, self.anew = arm, anew

    def lift(self) -> None:
        """Remove the cause of what fails."""
        self._lift()

    def say(self, what: str, **more: Any) -> None:
        """Tell the one who looks."""
        _WRITE(self._descriptor, (json.dumps({"what": what, **more}) + "\n").encode())

    def again(self, call: Callable[[], Any]) -> Any:
        """Make a call; where it is refused, remove the cause and make it again."""
        try:
            return call()
        except LockedError:
            raise
        except NapariVcfError as error:
            self.say("refused", sentence=str(error))
            self._lift()
            return call()


@dataclass
class Said:
    """What came through a channel.

    Attributes
    ----------
    confirmed : list of dict
        What must be on the disk from then on.
    refusals : list of str
        Sentences.
    traceback : str
        Of an error that was none of the program's own.
    """

    confirmed: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    traceback: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    _rest: bytes = b""

    def hear(self, data: bytes) -> None:
        """Take in what was read from the pipe."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            told = json.loads(line)
            what = told["what"]
            if what == "refused":
                self.refusals.append(told["sentence"])
            elif what == "traceback":
                self.traceback = told["text"]
            elif what == "counts":
                self.counts = told["counts"]
            else:
                self.confirmed.append(told)


# -- grounds: studies to begin from ---------------------------------------------------------------------------------


def make_grounds(base: Path) -> dict[str, Path]:
    """Folders with a study each; every trial goes on in a copy."""
    grounds = {}

    def ground(name: str, **options: Any) -> Path:
        grounds[name] = base / name
        grounds[name].mkdir(parents=True)
        return make_study(grounds[name], **options)

    ground("new", cases=1, stages=["ct", "mri"])
    (grounds["new"] / "new.toml").write_text(protocol_text(), encoding="utf-8")
    root = ground("begun", cases=1, stages=["ct"])
    with open_study(root).as_reader("R1").next_case() as session:
        for gesture in gestures(session)[:6]:
            gesture()
    root = ground("signed", cases=1, stages=["ct"])
    for number, name in enumerate(("R1", "R2")):
        read_stage(open_study(root).as_reader(name).next_case(), number)
    root = ground("two", cases=2, stages=["ct", "mri"])
    read_stage(open_study(root).as_reader("R1").next_case())
    grounds["patients"] = base / "patients"
    grounds["patients"].mkdir()
    begin(grounds["patients"], patients=2, clinical_text="shown")
    grounds["prepared"] = base / "prepared"
    shutil.copytree(grounds["patients"], grounds["prepared"])
    key = grounds["prepared"] / "study.key.json"
    key.write_text(key.read_text(encoding="utf-8").replace(str(grounds["patients"]), str(grounds["prepared"])))
    prepare_study(grounds["prepared"] / "study", workers=0)
    write_patient(grounds["patients"] / "later" / "Musterfrau_9", 9)
    return grounds


def settle_in(base: Path, ground: Path) -> Path:
    """Copy a ground; its key names the images of the copy."""
    shutil.copytree(ground, base)
    key = base / "study.key.json"
    key.write_text(key.read_text(encoding="utf-8").replace(str(ground), str(base)), encoding="utf-8")
    return base / "study"


# -- acts -----------------------------------------------------------------------------------------------------------


def _told_gesture(session: StageSession, root: Path, channel: Channel, call: Callable[[], object]) -> None:
    channel.again(call)
    made = session.reading.log[-1]
    folder = session._place.folder.relative_to(root).as_posix()
    channel.say("gesture", folder=folder, number=made.number, action=made.action.model_dump(mode="json"))


def _told_seal(session: StageSession, root: Path, channel: Channel) -> None:
    seal = channel.again(session.seal)
    folder = session._place.folder.relative_to(root).as_posix()
    channel.say("seal", folder=folder, sha256=seal.sha256, journal_sha256=seal.journal_sha256)


def _answers(session: StageSession, count: int) -> Iterator[Callable[[], object]]:
    for number in range(count):
        yield lambda number=number: session.reading.answer("ct", "confidence", number % 5 + 1)


def _reading(root: Path, channel: Channel) -> None:
    """Two stages from the opening to the signature."""
    reader = channel.again(lambda: open_study(root)).as_reader("R1", receipts=root.parent / "receipts.txt")
    while (session := channel.again(reader.next_case)) is not None:
        for call in gestures(session)[len(session.reading.log) :]:
            _told_gesture(session, root, channel, call)
        _told_seal(session, root, channel)


def _going_on(root: Path, channel: Channel) -> None:
    """A stage that was begun, over the next snapshot, and left."""
    session = channel.again(lambda: open_study(root).as_reader("R1").next_case())
    # Somebody else may have signed it meanwhile.
    for call in _answers(session, 46) if session is not None else ():
        _told_gesture(session, root, channel, call)
    if session is not None:
        channel.again(session.close)


def _amending(root: Path, channel: Channel) -> None:
    reader = open_study(root).as_reader("R1", receipts=root.parent / "receipts.txt")

    def begun() -> StageSession:
        if reader.worklist()[0].status == "amending":
            return reader.open("C001", "ct")
        return reader.amend("C001", "ct", "It was overlooked.")

    session = channel.again(begun)
    for call in _answers(session, 3):
        _told_gesture(session, root, channel, call)
    _told_seal(session, root, channel)


def _meeting(root: Path, channel: Channel) -> None:
    consensus = channel.again(lambda: open_consensus(root, "C001", "ct"))
    for item in consensus.missing():
        value = next(iter(consensus.differing[item].values())).value
        channel.again(lambda item=item, value=value: consensus.settle(item, value, why="seen together"))
        channel.say("settled", item=item, value=value)
    seal = channel.again(lambda: consensus.sign(["R1", "R2"]))
    channel.say("seal", folder="consensus/C001/ct", sha256=seal.sha256, journal_sha256=seal.journal_sha256)


def _once(call: Callable[[], object]) -> None:
    """A decision; one that came through although its call failed is not made twice."""
    try:
        call()
    except NapariVcfError as error:
        if "decided already" not in str(error):
            raise


def _deciding(root: Path, channel: Channel) -> None:
    channel.again(lambda: _once(lambda: set_stage_aside(root, "C001", "mri", "no MRI was made")))
    channel.say("decision", kind="stage_unreadable", case="C001")
    channel.again(lambda: _once(lambda: withdraw_case(root, "C002", "consent was taken back")))
    channel.say("decision", kind="case_withdrawn", case="C002")


def _exporting(root: Path, channel: Channel) -> None:
    written = channel.again(lambda: export_study(root, root / "exports"))
    # From here on it is the trial that reads, not the program.
    channel.lift()
    for path in written:
        channel.say("file", place=path.relative_to(root).as_posix(), sha256=_hash(path))


def _preparing(root: Path, channel: Channel) -> None:
    def prepared() -> list[Any]:
        found = prepare_study(root, workers=0)
        for outcome in found:
            if outcome.status == "failed":
                raise NapariVcfError(f"{outcome.case}: {outcome.reason}")
            channel.say("case", case=outcome.case)
        return list(found)

    channel.again(prepared)


def _adding(root: Path, channel: Channel) -> None:
    images = [root.parent / "later"]

    def add() -> None:
        try:
            add_cases(root, images, "more patients were recruited")
        except NapariVcfError as error:
            # One that came through although its call failed is not made twice.
            if "belong to cases" not in str(error):
                raise

    channel.again(add)
    channel.say("added", cases=["C003"])


def _settling_roles(root: Path, channel: Channel) -> None:
    channel.again(lambda: set_role(root, "C001", "T2", "T1"))
    channel.say("text", place="roles.json", text='"T1"')


def _telling(root: Path, channel: Channel) -> None:
    text = "58 years, back pain for three weeks"
    channel.again(lambda: set_clinical_text(root, "C001", text))
    channel.say("text", place="clinical/C001.json", text=text)


def _creating(root: Path, channel: Channel) -> None:
    base = root.parent

    def create() -> None:
        options: dict[str, Any] = {"protocol": base / "new.toml", "readers": ["R1"], "seed": 1}
        create_study(base / "new", images=[base / "images"], **options)

    def cleared() -> None:
        try:
            create()
        except NapariVcfError as error:
            _clear(base, str(error))
            raise

    channel.again(cleared)
    channel.say("text", place="../new/study.json", text='"study":"new"')


def _clear(base: Path, sentence: str) -> None:
    """Remove by hand what a sentence says could not be removed."""
    for name in ("new.key.json", "new"):
        if f"Remove {name} " in sentence or f"and {name} before" in sentence:
            shutil.rmtree(base / name) if (base / name).is_dir() else (base / name).unlink()


@dataclass(frozen=True)
class Act:
    """One act: where it begins, what it does."""

    name: str
    ground: str
    run: Callable[[Path, Channel], None]
    #: What somebody else does meanwhile, where a call of it hangs: goes on with the same.
    other: str = ""


ACTS = (
    Act("reading and signing", "new", _reading, "reader"),
    Act("going on and leaving", "begun", _going_on, "reader"),
    Act("amending", "signed", _amending, "reader"),
    Act("consensus", "signed", _meeting, "consensus"),
    Act("deciding", "two", _deciding, "same"),
    Act("exporting", "signed", _exporting, "same"),
    Act("preparing", "patients", _preparing, "same"),
    Act("adding cases", "patients", _adding),
    Act("settling a role", "prepared", _settling_roles),
    Act("clinical text", "prepared", _telling),
    Act("creating", "new", _creating),
)


def take_over(act: Act, root: Path, channel: Channel, ending: str, pause: Callable[[], None]) -> None:
    """What another program does while the first one hangs; it pauses until that one has come back.

    Parameters
    ----------
    act : Act
        What the first one is doing.
    root : Path
        The study.
    channel : Channel
        Told what is confirmed.
    ending : str
        ``"stays"``, ``"leaves"`` or ``"signs"`` before the first one comes back.
    pause : callable
        Returns when that has happened.
    """
    if act.other == "consensus":
        unlock_consensus(root, "C001")
        consensus = open_consensus(root, "C001", "ct")
        for item in consensus.missing()[: None if ending == "signs" else 3]:
            value = next(iter(consensus.differing[item].values())).value
            consensus.settle(item, value, why="seen again")
            channel.say("settled", item=item, value=value)
        if ending == "signs":
            seal = consensus.sign(["R1", "R2"])
            channel.say("seal", folder="consensus/C001/ct", sha256=seal.sha256, journal_sha256=seal.journal_sha256)
        elif ending == "leaves":
            consensus.close()
        pause()
        for item in consensus.missing()[:1] if ending == "stays" else ():
            value = next(iter(consensus.differing[item].values())).value
            consensus.settle(item, value, why="seen again")
            channel.say("settled", item=item, value=value)
        consensus.close()
        return
    reader = open_study(root).as_reader("R1", receipts=root.parent / "receipts.txt")
    reader.unlock("C001")
    session = reader.next_case()
    if session is None:
        pause()
        return
    done = len(session.reading.log)
    calls = gestures(session)[done:] or gestures(session)[-5:]
    for call in calls if ending == "signs" else calls[:5]:
        _told_gesture(session, root, channel, call)
    if ending == "signs":
        for call in gestures(session):
            _told_gesture(session, root, channel, call)
        _told_seal(session, root, channel)
    elif ending == "leaves":
        session.close()
    pause()
    if ending == "stays":
        _told_gesture(session, root, channel, gestures(session)[0])
    session.close()


# -- what is there --------------------------------------------------------------------------------------------------


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _entries(journal: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal, read without the program's own code."""
    if not journal.is_file():
        return []
    found = []
    for line in journal.read_bytes().split(b"\n")[:-1]:
        try:
            found.append(json.loads(line.partition(b" ")[2]))
        except ValueError:
            break
    return found


def lost(root: Path, confirmed: list[dict[str, Any]]) -> list[str]:
    """What was confirmed and is not on the disk."""
    return [json.dumps(told) for told in confirmed if not _is_there(root, told)]


def _is_there(root: Path, told: dict[str, Any]) -> bool:
    what = told["what"]
    if what == "gesture":
        entries = _entries(root / told["folder"] / "journal.jsonl")
        logged = [entry["body"]["logged"] for entry in entries if entry["kind"] == "gesture"]
        return any((made["number"], made["action"]) == (told["number"], told["action"]) for made in logged)
    if what == "seal":
        path = root / told["folder"] / "seal.json"
        seal = json.loads(path.read_bytes())["seal"] if path.is_file() else {}
        return (seal.get("sha256"), seal.get("journal_sha256")) == (told["sha256"], told["journal_sha256"])
    if what == "settled":
        entries = _entries(root / "consensus/C001/ct/journal.jsonl")
        said = [(e["body"]["item"], e["body"]["answer"]["value"]) for e in entries if e["kind"] == "settled"]
        return (told["item"], told["value"]) in said
    if what == "decision":
        entries = _entries(root / "decisions/journal.jsonl")
        return (told["kind"], told["case"]) in [(entry["kind"], entry["body"].get("case")) for entry in entries]
    if what == "added":
        key = json.loads((root.parent / "study.key.json").read_bytes())["cases"]
        entries = _entries(root / "decisions/journal.jsonl")
        return told["cases"] in [entry["body"].get("cases") for entry in entries] and set(told["cases"]) <= set(key)
    if what == "file":
        return _hash(root / told["place"]) == told["sha256"]
    if what == "case":
        return (root / "cases" / told["case"] / "case.json").is_file()
    if what == "text":
        path = root / told["place"]
        return path.is_file() and told["text"] in path.read_text(encoding="utf-8")
    raise ValueError(what)


def finish(act: Act, root: Path) -> None:
    """Go on without a fault, to the end of everything."""
    base = root.parent
    if (root / "decisions").is_dir():
        # What `check` says where the first decision was broken off before it was noted.
        unlock_decisions(root)
    if act.ground in ("patients", "prepared"):
        prepare_study(root, workers=0)
        return
    if act.run is _creating:
        if (base / "new" / "study.json").is_file():
            open_study(base / "new")
        else:
            # A program that died could not clear up, and a person sees from the next sentence what is in the way.
            for path in (base / "new.key.json", base / "new"):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return
    for name in ("R1", "R2"):
        reader = open_study(root).as_reader(name)
        while (session := reader.next_case()) is not None:
            for call in gestures(session)[0 if session.version > 1 else len(session.reading.log) :]:
                call()
            for call in gestures(session) if session.missing() else ():
                call()
            session.seal()
    if act.run is _meeting and not (root / "consensus/C001/ct/seal.json").exists():
        with open_consensus(root, "C001", "ct") as consensus:
            for item in consensus.missing():
                consensus.settle(item, next(iter(consensus.differing[item].values())).value, why="seen together")
            consensus.sign(["R1", "R2"])
    export_study(root, base / "exports")
