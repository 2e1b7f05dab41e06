"""Circular garbage goes in the thread of the windows."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading

import pytest

pytestmark = pytest.mark.gui

#: Labels in circles, made and let go while a thread reads; without the collector, PySide 6.11.3 hangs or ends in a
#: segmentation fault within seconds.
LABELS_COME_AND_GO = """
    import os, threading, time
    from qtpy.QtWidgets import QApplication, QLabel, QMainWindow
    from napari_vcf.widgets.common.garbage import collect_beside_windows
    app = QApplication([])
    main = QMainWindow()
    main.show()
    collect_beside_windows()

    def read():
        while True:
            for _ in range(3000):
                header = []
                header.append(header)

    threading.Thread(target=read, daemon=True).start()
    end = time.monotonic() + 8
    while time.monotonic() < end:
        label = QLabel("gone")
        label.own = label
        del label
        app.topLevelWidgets()
        app.processEvents()
    print(len(app.topLevelWidgets()) < 500, flush=True)
    os._exit(0)
"""


@pytest.fixture
def collected_in():
    """The threads in which garbage was looked for."""
    threads: list[threading.Thread] = []

    def note(phase, _what):
        if phase == "stop":
            threads.append(threading.current_thread())

    gc.callbacks.append(note)
    yield threads
    gc.callbacks.remove(note)


def make_garbage():
    for _ in range(5000):
        circle = []
        circle.append(circle)


def test_a_worker_finds_no_garbage_and_the_window_does(window, collected_in):
    worker = threading.Thread(target=make_garbage)
    worker.start()
    worker.join()
    assert not collected_in
    window.qtbot.waitUntil(lambda: bool(collected_in), timeout=5000)
    assert set(collected_in) == {threading.main_thread()}


def test_a_widget_in_a_circle_goes(window):
    from qtpy.QtWidgets import QLabel

    gone = threading.Event()
    label = QLabel("in a circle")
    label.own = label
    label.destroyed.connect(gone.set)
    del label
    make_garbage()
    window.qtbot.waitUntil(gone.is_set, timeout=5000)


def test_python_goes_on_by_itself_when_the_application_ends(qapp):
    from napari_vcf.widgets.common import garbage

    was_on = gc.isenabled()
    gc.enable()
    collector = garbage._Collector()
    try:
        for _ in range(2):
            # A second loop of the same application.
            for _ in range(2):
                collector.begin()
                assert not gc.isenabled()
            collector.end()
            assert gc.isenabled()
    finally:
        qapp.aboutToQuit.disconnect(collector.end)
        gc.enable() if was_on else gc.disable()


@pytest.mark.slow
def test_a_process_outlives_widgets_that_come_and_go_beside_a_worker(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LABELS_COME_AND_GO)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"NAPARI_CONFIG": str(tmp_path / "settings.yaml")},
        check=False,
    )
    assert (ended.returncode, ended.stdout.split("\n")[0]) == (0, "True"), ended.stderr[-2000:]
