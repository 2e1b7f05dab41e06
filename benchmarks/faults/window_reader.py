"""A window that reads a study with mouse and keys, and says on its standard output what was confirmed to it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from napari_vcf.study import open_study
from support.studies import gestures


def _say(what: str, **more: Any) -> None:
    os.write(1, (json.dumps({"what": what, **more}) + "\n").encode())


def main(root: Path) -> None:
    """Read everything; ends only when it is killed, has nothing more to read, or is refused."""
    from qtpy.QtWidgets import QApplication, QMessageBox

    from napari_vcf.widgets.scripted.hands import Hands
    from napari_vcf.widgets.study.study_window import begin_study
    from napari_vcf.widgets.window.launch import open_window

    arrangement = open_window()
    desk, hands = arrangement.desk, Hands(arrangement)
    QApplication.setDoubleClickInterval(60)
    panel = begin_study(arrangement, open_study(root).as_reader("R1", receipts=root.parent / "receipts.txt"))
    desk.message.connect(lambda text, kind: _say("refused", sentence=text) if kind == "error" else None)
    while True:
        hands.wait_until(lambda: not panel.study_desk.busy, "the case", seconds=120)
        session = panel.study_desk.session
        if session is None:
            _say("ended")
            return
        folder = session._place.folder.relative_to(root).as_posix()

        def told(logged: Any, folder: str = folder) -> None:
            _say("gesture", folder=folder, number=logged.number, action=logged.action.model_dump(mode="json"))

        session.reading.changed.connect(told)
        _say("open")
        arrangement.raise_panel("Calipers")
        hands.wait(100)
        if "spine" not in str(session.reading.log):
            session.reading.set_spine("L1")
        for y in (-15.0, 0.0, 15.0):
            hands.drag([arrangement.viewport.to_world((0.0, y, z)) for z in (15.0, -15.0)])
        for gesture in gestures(session):
            gesture()
            hands.wait(20)
        arrangement.raise_panel("Worklist")
        hands.wait(50)
        hands.press(panel.sign_button)
        box = panel.findChild(QMessageBox, "signature")
        if box is not None:
            hands.wait_until(box.isVisible, "the question", seconds=10)
            hands.press(next(button for button in box.buttons() if button.objectName() == "signature_yes"))
        hands.wait_until(lambda session=session: not session.is_open, "the signature", seconds=30)
        _say("seal", folder=folder, sha256=session.receipt.sha256, journal_sha256=_end(root / folder))


def _end(folder: Path) -> str:
    return str(json.loads((folder / "seal.json").read_bytes())["seal"]["journal_sha256"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
