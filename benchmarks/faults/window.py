"""A window that is read with mouse and keys, and what goes wrong in it."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faults.acts import Act, Channel, settle_in
from faults.calls import Fault
from faults.trials import PATIENCE_S, Process, Tally, counts_of, drawn, go_on_beside, judge, on_small_disk
from napari_vcf.reading import ITEMS
from napari_vcf.study import open_study
from support.studies import make_study

if TYPE_CHECKING:
    from napari_vcf.widgets.scripted.hands import Hands

__all__ = ["window_trials"]

_KINDS = ("moment", "error", "crash", "hang", "disk")
_TRIES = 4
_HEIGHTS = (("T12", 40.0), ("L1", 0.0), ("L2", -40.0))


class _Reader:
    """Works one window, and says what was confirmed to it."""

    def __init__(self, root: Path, channel: Channel) -> None:
        # They need a screen, which those who read the other acts do not have.
        from qtpy.QtWidgets import QApplication

        from napari_vcf.widgets.scripted.hands import Hands
        from napari_vcf.widgets.study.study_window import begin_study
        from napari_vcf.widgets.window.launch import open_window

        self._root, self._channel = root, channel
        self._refused = 0
        self._rng = random.Random(root.parent.stat().st_ino)
        self._arrangement = open_window()
        self._desk = self._arrangement.desk
        self._hands: Hands = Hands(self._arrangement)
        QApplication.setDoubleClickInterval(60)
        sys.excepthook = self._broken
        self._desk.message.connect(self._hear)
        receipts = root.parent / "receipts.txt"
        self._panel = begin_study(self._arrangement, open_study(root).as_reader("R1", receipts=receipts))
        channel.arm()

    def _broken(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        self._channel.say("traceback", text="".join(traceback.format_exception(kind, error, trace)))

    def _hear(self, sentence: str, kind: str) -> None:
        if kind == "error":
            self._refused += 1
            self._channel.say("refused", sentence=sentence)

    @property
    def _session(self) -> Any:
        return self._panel.study_desk.session

    def read(self) -> None:
        """Read and sign a stage, begin the next and leave it, unless the window goes no further."""
        is_next = False
        while self._opened():
            session = self._session
            folder = session._place.folder.relative_to(self._root).as_posix()

            def told(logged: Any, folder: str = folder) -> None:
                action = logged.action.model_dump(mode="json")
                self._channel.say("gesture", folder=folder, number=logged.number, action=action)

            session.reading.changed.connect(told)
            if is_next:
                if self._measure(session, most=3):
                    self._leave()
                return
            is_next = True
            if not self._measure(session) or not self._answer(session) or not self._sign(session, folder):
                return

    def _opened(self) -> bool:
        """Wait for the next stage; where it was refused, ask for it again."""
        for _ in range(_TRIES):
            self._hands.wait_until(lambda: not self._panel.study_desk.busy, "the case", seconds=PATIENCE_S)
            if self._session is not None:
                return True
            items = self._panel.study_desk.items
            if items and all(item.status == "sealed" for item in items):
                return False
            self._channel.lift()
            self._arrangement.raise_panel("Worklist")
            self._hands.wait(50)
            self._hands.press(self._panel.next_button)
        return False

    def _until(self, done: Callable[[], bool], act: Callable[[], object]) -> bool:
        """Do something until it is done; each time that it is not, the window must have said why."""
        from napari_vcf.widgets.scripted.hands import HandsError

        for number in range(_TRIES):
            before = self._refused
            try:
                act()
            except HandsError as error:
                # A busy machine has not drawn the list or the question yet.
                if number == _TRIES - 1:
                    raise RuntimeError(str(error)) from error
                self._hands.wait(500)
                continue
            if done():
                self._channel.anew(self._rng)
                return True
            if self._refused == before:
                raise RuntimeError(f"The window did not do {act}, and did not say why.")
            self._channel.lift()
        return False

    def _logs_more(self, session: Any, act: Callable[[], object]) -> bool:
        before = len(session.reading.log)
        return self._until(lambda: len(session.reading.log) > before, act)

    def _leave(self) -> None:
        self._arrangement.raise_panel("Worklist")
        self._hands.wait(50)
        self._hands.press(self._panel.leave_button)

    def _measure(self, session: Any, most: int | None = None) -> bool:
        from napari_vcf.widgets.common.shortcuts_in_force import key_of

        self._arrangement.raise_panel("Calipers")
        self._hands.wait(100)
        state = session.reading.state
        stage = state.stages[session.stage]
        calls: list[Callable[[], object]] = []
        if state.spine is None:
            calls.append(lambda: self._hands.name_by_key(key_of("calipers.name"), "L1", lambda: True))
        for level, z in _HEIGHTS:
            for position, y in zip(("anterior", "middle", "posterior"), (-15.0, 0.0, 15.0), strict=True):
                if stage.caliper(level, position) is None:
                    calls.append(lambda level=level, position=position, y=y, z=z: self._draw(level, position, y, z))
        for which, level in (("above", "T12"), ("below", "L2")):
            if stage.references.get(level) is None:
                calls.append(lambda which=which: self._hands.key(key_of(f"calipers.status_{which}")))
        return all(self._logs_more(session, call) for call in calls[:most])

    def _draw(self, level: str, position: str, y: float, z: float) -> None:
        from napari_vcf.widgets.common.shortcuts_in_force import key_of

        if self._arrangement.panels["Calipers"].target() != (level, position):
            which = {"T12": "above", "L1": "fractured", "L2": "below"}[level]
            self._hands.key(key_of(f"calipers.{which}_{position}"))
        ends = [self._arrangement.viewport.to_world((0.0, y, z + way)) for way in (15.0, -15.0)]
        self._hands.drag(ends, step_px=60.0)

    def _answer(self, session: Any) -> bool:
        from qtpy.QtWidgets import QApplication

        from napari_vcf.widgets.common.shortcuts_in_force import key_of
        from napari_vcf.widgets.instruments.findings.row import FindingRow

        self._arrangement.raise_panel("Findings")
        self._hands.wait(60)

        def answer() -> None:
            row = QApplication.focusWidget()
            if not isinstance(row, FindingRow) or row.item.key not in session.reading.unanswered(session.stage):
                self._hands.key(key_of("findings.next"))
                row = QApplication.focusWidget()
            if isinstance(row, FindingRow) and ITEMS[row.item.key].values:
                self._hands.key(key_of("findings.answer_1"))

        while session.is_open and session.reading.unanswered(session.stage):
            if not self._logs_more(session, answer):
                return False
        return True

    def _sign(self, session: Any, folder: str) -> bool:
        from qtpy.QtWidgets import QMessageBox

        self._arrangement.raise_panel("Worklist")
        self._hands.wait(50)

        def sign() -> None:
            self._hands.press(self._panel.sign_button)
            boxes = [box for box in self._panel.findChildren(QMessageBox, "signature") if box.isVisible()]
            if boxes:
                self._hands.press(next(b for b in boxes[0].buttons() if b.objectName() == "signature_yes"))
                # Without a window manager nobody gives the keyboard back.
                self._arrangement.main.activateWindow()

        if not self._until(lambda: self._session is not session, sign):
            return False
        seal = json.loads((self._root / folder / "seal.json").read_bytes())["seal"]
        self._channel.say("seal", folder=folder, sha256=session.receipt.sha256, journal_sha256=seal["journal_sha256"])
        return True


def _in_window(root: Path, channel: Channel) -> None:
    _Reader(root, channel).read()


#: What the one who takes over does, and how everything is brought to its end, is as for a script.
WINDOW = Act("window", "new", _in_window, "reader")


def window_trials(folder: Path, count: int, seed: int) -> dict[str, Tally]:
    """The window is killed, or stopped and taken over; its calls fail, hang or are the last; its disk is full.

    Parameters
    ----------
    folder : Path
        Where to work.
    count : int
        Windows, of the five kinds in turn; in one whose calls fail, many do, each of which counts as a trial.
    seed : int
        Draws them.

    Returns
    -------
    dict of str to Tally
        One, ``"window"``.
    """
    import napari  # noqa: F401 -- once, and not in each of the processes that are forked

    import napari_vcf.widgets.window.arrangement  # noqa: F401

    rng = random.Random(seed)
    ground = folder / "ground"
    ground.mkdir(parents=True)
    make_study(ground, cases=2, stages=["ct"])
    begun = time.monotonic()
    counts = counts_of(WINDOW, ground, folder / "trial", Fault(later=True))
    longest = time.monotonic() - begun
    tally = Tally()
    kinds = itertools.islice(itertools.cycle(_KINDS), seed % len(_KINDS), None)
    for number, kind in zip(range(count), kinds, strict=False):
        trial = f"{seed}.{number} window, {kind}"
        if kind == "disk":
            spare, dies = rng.choice((0, 1, 2, 3, 4, 6, 8, 12, 16, 24)), rng.random() < 0.3
            on_small_disk(tally, trial, WINDOW, folder / "disk", ground, spare, dies=dies)
        else:
            root = settle_in(folder / "trial", ground)
            _in_large(tally, trial, kind, counts, root, rng, longest)
        print(json.dumps({"window": (tally.counts, tally.notes)}), flush=True)
    return {"window": tally}


def _in_large(
    tally: Tally, trial: str, kind: str, counts: dict[str, int], root: Path, rng: random.Random, longest: float
) -> None:
    fault = Fault(later=True)
    if kind != "moment":
        fault = drawn(rng, counts, kind)
        fault.later = True
    first = Process(lambda channel: _in_window(root, channel), fault)
    if kind == "moment":
        # As long as it takes by itself, on a machine that is as busy.
        time.sleep(rng.uniform(1.0, longest))
        os.kill(first.pid, rng.choice((signal.SIGKILL, signal.SIGSTOP)))
    said, became = [first.said], first.wait()
    if became == "stopped":
        said += go_on_beside(tally, trial, WINDOW, root, first, rng.choice(("stays", "leaves", "signs")))
    elif became == "hangs":
        tally.note("could not go on", trial, "it hangs for good")
    tally.counts[became] += 1
    # Where calls only fail, one window suffers many faults.
    tally.counts["trials"] += max(0, first.said.counts.get("struck", 0) - 1)
    judge(tally, f"{trial}, {fault}", WINDOW, root, said)


def main(arguments: list[str]) -> None:
    """On a screen: ``python -m faults.window FOLDER COUNT SEED``; each line is what was found by then."""
    folder, count, seed = arguments
    window_trials(Path(folder), int(count), int(seed))


if __name__ == "__main__":
    main(sys.argv[1:])
