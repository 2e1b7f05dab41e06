"""A study read in a real window: opening by itself, stages, resuming, signing, amending."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.gui


def picture(bench, name: str) -> None:
    """Keep a picture of the window, where somebody wants to look at it."""
    folder = os.environ.get("NAPARI_VCF_PICTURES")
    if folder:
        bench.settle()
        bench.arrangement.main.grab().save(str(Path(folder) / f"{name}.png"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    from support.studies import make_study

    return make_study(tmp_path, cases=2)


@contextmanager
def reading_window(window, root: Path) -> Iterator:
    """The worklist of reader R1, with the first case open; its panels are those of any desk."""
    from napari_vcf.study import open_study
    from napari_vcf.widgets.study.study_window import WORKLIST, begin_study

    window.said = []

    def hear(text: str, kind: str) -> None:
        window.said.append((kind, text))

    window.desk.message.connect(hear)
    panel = begin_study(window.arrangement, open_study(root).as_reader("R1"))
    panel.bench = window
    opened(panel)
    yield panel
    panel.study_desk.dispose()
    window.desk.disposed.disconnect(panel.study_desk.dispose)
    window.desk.message.disconnect(hear)
    window.arrangement.replace_panel(WORKLIST, "Case", panel.instead_of)
    menu = window.arrangement.main.menuBar()
    menu.setEnabled(True)
    menu.show()


@pytest.fixture
def worklist(window, root: Path) -> Iterator:
    with reading_window(window, root) as panel:
        yield panel


def opened(panel) -> None:
    desk = panel.study_desk
    panel.bench.until(lambda: not desk.busy and desk.session is not None, seconds=30)
    panel.bench.settle()


def finish(panel) -> None:
    """Everything that the stage asks for, by the calls that the panels make."""
    from support.studies import gestures

    for gesture in gestures(panel.study_desk.session):
        gesture()
    panel.bench.settle()


def sign(panel, answer: str = "yes") -> None:
    from qtpy.QtWidgets import QMessageBox

    panel.bench.hands.press(panel.sign_button)
    box = panel.findChild(QMessageBox, "signature")
    panel.bench.until(box.isVisible)
    picture(panel.bench, "signature")
    panel.bench.hands.press(next(b for b in box.buttons() if b.objectName() == f"signature_{answer}"))
    # Without a window manager nobody gives the keyboard back.
    main = panel.bench.arrangement.main
    main.activateWindow()
    panel.bench.until(main.isActiveWindow)


def test_only_the_stage_of_the_worklist_is_there(worklist):
    from qtpy.QtWidgets import QAbstractButton

    bench, session = worklist.bench, worklist.study_desk.session
    assert (session.stage, session.task.position) == ("ct", 1)
    assert {image.label for image in bench.desk.case.images.values()} == {"CT"}
    bar = bench.arrangement.bar
    assert [bar.findChild(QAbstractButton, f"stage_{s}").isEnabled() for s in ("ct", "mri", "combined")] == [1, 0, 0]
    bench.desk.set_stage("mri")
    assert bench.desk.stage == "ct"
    # No other folder, no export behind the study's back, none of napari's own ways to a file.
    keys = {binding.key for binding in bench.viewport.keys.bindings}
    assert not {"Ctrl+Shift+L", "Ctrl+Shift+E"} & keys
    assert not bench.arrangement.main.menuBar().isVisible()
    with pytest.raises(Exception, match="study is read"):
        _ = bench.arrangement.case_panel
    picture(bench, "worklist")


def test_what_was_measured_is_there_again_to_the_caliper_once_the_case_is_free(worklist, root):
    from napari_vcf.study import open_study

    bench, desk = worklist.bench, worklist.bench.desk
    desk.reading.set_spine("L1")
    bench.front("Calipers")
    bench.hands.drag([bench.viewport.to_world((0.0, -15.0, 15.0)), bench.viewport.to_world((0.0, -15.0, -15.0))])
    drawn = desk.reading.state.stages["ct"].calipers
    assert len(drawn) == 1
    log = desk.reading.log
    session = worklist.study_desk.session
    session._time.idle_after_s = -1.0
    bench.until(lambda: "paused" in worklist.time.text(), seconds=5)
    session._time.idle_after_s = 60.0
    picture(bench, "caliper")
    bench.front("Worklist")
    bench.hands.press(worklist.leave_button)
    assert (desk.reading, worklist.study_desk.session) == (None, None)
    assert not bench.desk.unsaved
    assert worklist.table.item(0, 3).text() == "begun"
    away = root.with_name("away")
    root.rename(away)
    bench.hands.press(worklist.next_button)
    bench.until(lambda: not worklist.study_desk.busy, seconds=20)
    assert "cannot be reached" in worklist.guide.text()
    away.rename(root)
    with open_study(root).as_reader("R1").next_case():
        bench.hands.press(worklist.next_button)
        bench.until(lambda: not worklist.study_desk.busy, seconds=20)
        assert desk.reading is None
        assert "is open on this machine" in worklist.guide.text()
        picture(bench, "locked")
    bench.hands.key("Ctrl+Shift+N")
    opened(worklist)
    assert desk.reading.log == log
    assert desk.reading.state.stages["ct"].calipers == drawn


def test_signing_names_what_is_missing_then_opens_the_next_and_can_be_amended(worklist, root):
    bench, study = worklist.bench, worklist.study_desk
    first = study.session.task
    bench.hands.press(worklist.sign_button)
    assert bench.said[-1][0] == "warning"
    assert "not complete" in bench.said[-1][1]
    assert "•" in worklist.missing.text()
    finish(worklist)
    assert worklist.missing.text() == ""
    sign(worklist, "no")
    assert study.session.task == first
    bench.until(lambda: study._ahead is not None, seconds=20)
    ahead = study._ahead
    sign(worklist)
    opened(worklist)
    assert study.session.task.position == 2
    # What was loaded ahead is what is shown.
    assert study.session.reading.case is ahead
    assert (root / f"readings/R1/{first.case}/ct-1/v1/seal.json").exists()
    assert worklist.table.item(0, 3).text() == "signed"
    assert worklist.done.text() == "1 of 6 stages signed"
    # A signed stage is amended with a reason, as a new version beside the old one.
    case = first.case
    worklist.table.selectRow(0)
    bench.settle()
    assert not worklist.amend_button.isEnabled()
    bench.hands.type_into(worklist.reason, "slip of the hand")
    picture(bench, "amend")
    bench.hands.press(worklist.amend_button)
    opened(worklist)
    assert (study.session.case, study.session.version) == (case, 2)
    assert bench.desk.reading.state.stages["ct"].answers
    assert "amendment" in worklist.guide.text()
    sign(worklist)
    opened(worklist)
    assert (root / f"readings/R1/{case}/ct-1/v2/seal.json").exists()
    assert (root / f"readings/R1/{case}/ct-1/v1/seal.json").exists()


def test_a_change_that_cannot_be_written_is_not_shown_as_made(worklist, monkeypatch):
    bench = worklist.bench
    panel = bench.front("Findings")
    journal = worklist.study_desk.session._journal.folder
    bench.hands.press(panel.button("verdict__benign"))
    journal.rename(journal.with_name("gone"))
    bench.hands.press(panel.button("verdict__malignant"))
    assert bench.said[-1][0] == "error"
    assert "Everything before it is safe" in bench.said[-1][1]
    assert bench.desk.reading.state.stages["ct"].answers["verdict"].value == "benign"
    assert panel.button("verdict__benign").isChecked()
    picture(bench, "refused")
    journal.with_name("gone").rename(journal)
    bench.hands.press(panel.button("verdict__malignant"))
    assert panel.button("verdict__malignant").isChecked()


def texts_of(window) -> Iterator[str]:
    """Everything that can be read in a window, or will be as soon as the pointer rests on it."""
    from qtpy.QtGui import QAction
    from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QTableWidget, QWidget

    main = window.arrangement.main
    for widget in [main, *main.findChildren(QWidget)]:
        yield from (widget.windowTitle(), widget.toolTip(), widget.statusTip(), widget.accessibleName())
        if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
            yield widget.text()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(index) for index in range(widget.count()))
        if isinstance(widget, QTableWidget):
            for row in range(widget.rowCount()):
                for column in range(widget.columnCount()):
                    yield from (widget.item(row, column).text(), widget.item(row, column).toolTip())
    for action in main.findChildren(QAction):
        yield from (action.text(), action.toolTip())
    for layer in window.viewport.viewer.layers:
        yield from (layer.name, repr(layer.metadata), repr(layer.source))
    yield window.viewport.viewer.title
    yield (
        window.viewport.viewer.status
        if isinstance(window.viewport.viewer.status, str)
        else repr(window.viewport.viewer.status)
    )
    yield from (text for _, text in window.said)


def test_nothing_in_the_window_or_the_log_names_the_patient(bench, tmp_path, caplog):
    from napari.utils.notifications import notification_manager

    from napari_vcf.study import prepare_study
    from support.patients import begin, identity_of

    root = begin(tmp_path)
    prepare_study(root, workers=0)
    # An image that is damaged: what is said about it must not say where it came from either.
    path = next((root / "cases/C001/ct").glob("*.npy"))
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    caplog.set_level("DEBUG")
    strings = {text.lower() for text in identity_of(tmp_path / "images")}
    bench.desk.close()
    with reading_window(bench, root) as panel:
        for name in bench.arrangement.panels:
            bench.front(name)
        shown = list(texts_of(bench))
        bench.front("Worklist")
        bench.hands.press(panel.leave_button)
        path.write_bytes(data)
        bench.hands.press(panel.next_button)
        opened(panel)
        assert any("not as it was prepared" in text for _, text in bench.said)
        shown += texts_of(bench)
    shown += [record.getMessage() for record in caplog.records]
    shown += [str(record) for record in notification_manager.records]
    # It is a search that finds: the case by its pseudonym, the stage, the sentences.
    everything = "\n".join(shown).lower()
    assert "case c001" in everything
    assert "name the fractured vertebra" in everything
    assert [text for text in strings if text in everything] == []


CLINICAL = "58 years, back pain for three weeks, no trauma; <b>breast cancer</b> & surgery four years ago"


def test_the_clinical_text_is_told_as_it_was_entered_and_one_that_names_the_patient_is_refused(window, tmp_path):
    from napari_vcf.study import StudyError, prepare_study
    from napari_vcf.study.clinical_text import set_clinical_text
    from support.patients import begin

    root = begin(tmp_path, clinical_text="shown")
    prepare_study(root, workers=0)
    with pytest.raises(StudyError, match="may say who the patient is") as refused:
        set_clinical_text(root, "C001", f"Erika is the name. {CLINICAL}")
    assert "Erika" not in str(refused.value)
    set_clinical_text(root, "C001", CLINICAL)
    with reading_window(window, root) as panel:
        window.front("Worklist")
        assert panel.clinical.isVisible()
        assert panel.clinical.text() == f"Clinical: {CLINICAL}"
        # A tag in it is a text, too: nothing of what was entered is taken away by the drawing of it.
        assert panel.clinical.textFormat().name == "PlainText"
        picture(window, "clinical")
        window.hands.press(panel.leave_button)
        assert not panel.clinical.isVisible()


def test_a_receipt_stays_in_view_while_the_next_stage_is_read(worklist, root):
    bench, session = worklist.bench, worklist.study_desk.session
    bench.front("Worklist")
    assert not worklist.signature.isVisible()
    finish(worklist)
    sign(worklist)
    opened(worklist)
    assert session.receipt is not None
    assert worklist.signature.receipt.text() == str(session.receipt)
    assert worklist.signature.title.text() == f"Signed last: case {session.case}, CT"
    assert worklist.signature.isVisible()
    assert not worklist.signature.feedback.isVisible()
    picture(bench, "receipt")


def test_a_receipt_that_could_not_be_written_is_not_wiped_away_by_the_next_case(worklist, root):
    bench = worklist.bench
    worklist.study_desk.study.confirmations.receipts = root / "receipts.txt"
    finish(worklist)
    bench.front("Findings")
    worklist.study_desk.sign()
    opened(worklist)
    bench.until(worklist.signature.troubles.isVisible)
    assert "must lie outside of the study" in worklist.signature.troubles.text()


def test_a_reader_in_training_is_told_every_number_beside_its_truth_and_can_read_it_on(window, tmp_path):
    from napari_vcf.study import open_study
    from napari_vcf.study.hashed_files import write_record
    from napari_vcf.study.training import results_of
    from support.studies import make_study
    from support.training import truth

    place = make_study(tmp_path, cases=2, stages=["ct", "mri"])
    (place / "truth").mkdir()
    for case in ("C001", "C002"):
        write_record(place / "truth" / f"{case}.json", truth(case))
    with reading_window(window, place) as panel:
        case = panel.study_desk.session.case
        window.front("Worklist")
        shown = panel.signature
        assert not shown.isVisible()
        finish(panel)
        sign(panel)
        opened(panel)
        lines = shown.feedback.text().splitlines()
        told = [str(one) for on, stage, one in results_of(place, "R1")[0].comparisons if (on, stage) == (case, "ct")]
        assert lines == [f"• {line}" for line in told]
        assert "• Loss of height, anterior: 50.0 %, true 50.0 %" in lines
        assert "• Height of L1, anterior: 15.0 mm, true 15.0 mm" in lines
        assert shown.feedback.isVisible()
        picture(window, "training")
        # It stays while the next case is measured, and comes to the front for whoever signs by key elsewhere.
        finish(panel)
        assert shown.feedback.text().splitlines() == lines
        window.front("Findings")
        panel.study_desk.sign()
        opened(panel)
        window.until(shown.feedback.isVisible)
        assert shown.title.text() != f"Signed last: case {case}, CT"
    assert open_study(place).as_reader("R1").progress()[0] == 2
