"""Progress of long work on its way to the window."""

from __future__ import annotations

import threading

import pytest

pytestmark = pytest.mark.gui


def test_of_many_reports_few_are_passed_on_and_the_last_one_always_is(qtbot):
    from napari_vcf.widgets.common.relay import ProgressRelay

    relay, seen = ProgressRelay(), []
    here = threading.current_thread()
    relay.stepped.connect(lambda *report: seen.append((threading.current_thread(), *report)))

    def work():
        for number in range(2000):
            relay.report(number, 2000, f"file {number}")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(seen) and seen[-1][1] == 1999)
    assert len(seen) <= 2
    assert {report[0] for report in seen} == {here}
    relay.report(1, 3, "next")
    qtbot.waitUntil(lambda: seen[-1][1:] == (1, 3, "next"))
    qtbot.wait(300)
    assert seen[-1][1:] == (1, 3, "next")


def test_a_step_of_the_bar_is_painted_once(qtbot):
    from qtpy.QtCore import QEvent, QObject

    from napari_vcf.widgets.common.activity import SteadyBar

    painted = []

    class Eyes(QObject):
        def eventFilter(self, _watched, event):  # noqa: N802
            if event.type() == QEvent.Type.Paint:
                painted.append(bar.text())
            return False

    bar, eyes = SteadyBar("bar", "Files are being read"), Eyes()
    qtbot.addWidget(bar)
    bar.report(1, 10, "reading headers")
    bar.show()
    qtbot.waitExposed(bar)
    qtbot.wait(100)
    bar.installEventFilter(eyes)
    bar.report(5, 20, "reading slices")
    qtbot.wait(100)
    assert painted == ["reading slices 25 %"]


def test_no_report_arrives_after_the_work_has_ended(qtbot):
    from napari_vcf.widgets.common.errand import Errand

    errand, pause = Errand("Bringing images"), threading.Event()
    ends, late = [], []
    errand.finished.connect(ends.append)
    errand.progressed.connect(lambda *report: late.append(report) if ends else None)

    def work(progress):
        # The first is passed on at once; the second has to wait for its turn.
        for done in (1, 2):
            progress(done, 2, "image")
            pause.wait(0.05)
        return "whole"

    errand.start(work)
    qtbot.waitUntil(lambda: bool(ends))
    qtbot.wait(400)
    assert ends == ["whole"]
    assert not late
