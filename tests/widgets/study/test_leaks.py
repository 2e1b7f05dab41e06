"""What the window of one reader holds in memory: nobody's identity, nothing of the other reader, no prepared points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

SECRET = "Sechseläuten is why the other reader could not say"
CONTROL = "Rosinenbrot is why this one could not"

WINDOW = """
import sys
control = sys.stdin.readline().strip()
import napari
from qtpy.QtCore import QTimer
from napari_vcf.study import open_study
from napari_vcf.widgets.window.launch import open_window
from napari_vcf.widgets.study.study_window import begin_study

arrangement = open_window()
panel = begin_study(arrangement, open_study(sys.argv[1]).as_reader("R1"))

def look():
    session = panel.study_desk.session
    if session is None:
        return
    timer.stop()
    for name in arrangement.panels:
        arrangement.raise_panel(name)
    desk = arrangement.desk
    for image in desk.images():
        desk.show(image.id)
    session.reading.set_spine("L1")
    session.reading.mark_not_assessable(session.stage, "pedicle_invasion", control)
    texts = [arrangement.main.windowTitle(), *(layer.name for layer in arrangement.viewport.viewer.layers)]
    QTimer.singleShot(1500, lambda: print("open", session.stage, *texts, flush=True))

timer = QTimer()
timer.timeout.connect(look)
timer.start(100)
napari.run()
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of one patient at the combined stage, in which the other reader has written something down."""
    from napari_vcf.study import open_study, prepare_study
    from support.patients import begin, read
    from support.studies import Clock

    root = begin(tmp_path)
    prepare_study(root, workers=0)
    reader = open_study(root, clock=Clock()).as_reader("R1")
    read(reader.next_case())
    read(reader.next_case())
    with open_study(root, clock=Clock()).as_reader("R2").next_case() as other:
        other.reading.set_spine("L1")
        other.reading.mark_not_assessable(other.stage, "pedicle_invasion", SECRET)
    return root


def test_the_window_of_a_reader_holds_no_secret(root: Path, tmp_path: Path) -> None:
    from support.memory import files_of, held, memory_of
    from support.patients import identity_of

    with subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            process.stdin.write(f"{CONTROL}\n")
            process.stdin.flush()
            said = process.stdout.readline()
            memory, files = memory_of(process.pid), files_of(process.pid)
        finally:
            process.kill()
    assert said.startswith("open combined napari-vcf")
    # What is there is found, so that what is not found is not there.
    assert held({CONTROL}, memory) != []
    assert f"{root}/readings/R1" in files
    for hidden in (f"{root}/readings/R2", str(tmp_path / "images"), ".key.json"):
        assert hidden not in files
    identity = identity_of(tmp_path / "images")
    secrets = {SECRET, f"{root}/readings/R2", *identity}
    assert held(secrets, memory) == []
    assert [text for text in secrets if text in said] == []
