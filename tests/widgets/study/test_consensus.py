"""The consensus in a window of its own: what is shown, settled and signed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.gui


def picture(main, name: str) -> None:
    folder = os.environ.get("NAPARI_VCF_PICTURES")
    if folder:
        main.grab().save(str(Path(folder) / f"{name}.png"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that two readers have read, who gave other answers.

    On the MRI the second measured other heights, too; then joined CT and MRI, and measured on the CT over the MRI.
    """
    from napari_vcf.geometry import RigidTransform
    from napari_vcf.registration import RegistrationResult
    from napari_vcf.study import open_study
    from support.studies import Clock, gestures, make_study

    root = make_study(tmp_path_factory.mktemp("consensus"), cases=1, stages=["mri", "combined"])
    motion = RigidTransform.from_rotation_vector((5, 0, 0), (0, 4, 2))
    for second, reader in enumerate(("R1", "R2")):
        for stage in ("mri", "combined"):
            session = open_study(root, clock=Clock()).as_reader(reader).next_case()
            for gesture in gestures(session, second if stage == "mri" else 0):
                gesture()
            ct, t2 = (
                next((i.id for i in session.reading.case.images.values() if i.label == n), "") for n in ("CT", "T2")
            )
            measure = partial(session.reading.place_caliper, stage=stage, level="L1", position="anterior")
            if second and stage == "mri":
                measure(image=t2, start_lps=(0.0, -15.0, 14.0), end_lps=(0.0, -15.0, -14.0))
            elif second:
                session.reading.propose_registration(
                    mr_level="L1", ct_level="L1", ct_image=ct, mr_images=[t2], mr_point_lps=(0, 4, 2),
                    ct_point_lps=(0, 0, 0), result=RegistrationResult("ok", "made so", motion, 1.0, 1.5, 5.0),
                )  # fmt: skip
                session.reading.accept_registration("L1")
                measure(
                    image=ct, shown_on=t2,
                    start_lps=motion.inverse().apply(np.array([0.0, -15.0, 12.0])),
                    end_lps=motion.inverse().apply(np.array([0.0, -15.0, -12.0])),
                )  # fmt: skip
            session.seal()
    return root


@pytest.fixture(scope="module")
def consensus(_window, study: Path) -> Iterator:
    """The window of the consensus, which both stages use in turn; the one that is signed comes last in it."""
    from napari_vcf.widgets.study.study_window import open_consensus_window

    dock = open_consensus_window(study, "C001", ("combined", "mri"), "mri")
    dock.canvas.viewer.window.resize(1400, 900)
    yield dock
    dock.close_session()
    dock.canvas.viewer.close()


@pytest.fixture
def dock(consensus, window):
    """The dock, in the window that has the keyboard."""
    main = consensus.window()
    main.activateWindow()
    window.until(main.isActiveWindow)
    return consensus


def open_stage(dock, qtbot, stage: str):
    """The stage, once both drawings are on the canvas; a picture of them, in halves, gives them by their names."""
    dock.open(stage)
    qtbot.waitUntil(lambda: min(half.std() for half in halves(dock).values()) > 5)


def halves(dock) -> dict[str, np.ndarray]:
    shot = dock.canvas.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    middle = shot.shape[1] // 2
    return {"A": shot[:, : middle - 4], "B": shot[:, -(middle - 4) :]}


@pytest.fixture
def press(window, qtbot):
    from qtpy.QtCore import Qt

    def click(button) -> None:
        # A sentence that has come or gone moves what lies below it.
        window.settle()
        assert button.isVisible()
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    return click


def test_what_differs_is_settled_and_signed_with_both_drawings_in_view(dock, study, qtbot, press):
    from qtpy.QtWidgets import QAbstractButton, QLabel

    from napari_vcf.reading import read_reading

    open_stage(dock, qtbot, "mri")
    main = dock.window()
    picture(main, "consensus")
    session = dock.session
    assert set(dock.boxes) == set(session.differing)
    assert "lesion_extent" not in dock.boxes
    # Nobody is named: neither on the panel nor in a layer.
    shown = [label.text() for label in dock.findChildren(QLabel)] + [layer.name for layer in dock.canvas.viewer.layers]
    assert not [text for text in shown if "R1" in text or "R2" in text]
    # The same image twice, and on it two different drawings.
    left, right = halves(dock).values()
    assert min(left.std(), right.std()) > 5
    assert np.abs(left - right).max() > 50
    grid, layers = dock.canvas.viewer.canvas.grid, dock.canvas.viewer.layers
    assert [grid.position(layers.index(f"{name}: T2"), layers) for name in "AB"] == [(0, 0), (0, 1)]
    drawn = {name: drawing.stage.caliper("L1", "anterior") for name, drawing in session.drawings.items()}
    assert drawn["A"].start_lps != drawn["B"].start_lps

    press(dock.sign_button)
    assert "Say who was present" in dock.message.text()
    box = dock.boxes["verdict"]
    press(box.settle_button)
    assert "choose a value first" in dock.message.text()
    press(box.findChild(QAbstractButton, "settle_verdict__malignant"))
    press(box.settle_button)
    assert "Say why" in dock.message.text()
    assert "verdict" not in session.settled
    qtbot.keyClicks(box.why, "margin seen together")
    press(box.settle_button)
    assert session.settled["verdict"].value == "malignant"
    assert box.done.text() == "✓ settled: malignant (margin seen together)"
    for item, answers in session.differing.items():
        session.settle(item, answers["A"].value, why="as A saw it")
    qtbot.keyClicks(dock.present, "R1, R2")
    picture(main, "consensus_settled")
    press(dock.sign_button)
    assert dock.session is None
    assert "signed" in dock.message.text()
    assert "Receipt: napari-vcf-receipt-1" in dock.message.text()
    export = read_reading(study / "consensus" / "C001" / "mri" / "seal.json")
    assert export.consensus.present == ("R1", "R2")
    dock.open("mri")
    assert "is signed" in dock.message.text()


def test_the_ct_lies_over_the_mri_of_the_reader_who_had_joined_them(dock, qtbot):
    from qtpy.QtCore import Qt

    canvas = dock.canvas
    open_stage(dock, qtbot, "combined")
    picture(dock.window(), "consensus_joined")
    (mine,) = [name for name, drawing in dock.session.drawings.items() if drawing.registration is not None]
    other = "AB".replace(mine, "")
    assert dock.joined.text().splitlines()["AB".index(mine)] == (
        f"{mine}: CT joined to the MRI at L1, 1.5 mm and 5.0° from the clicks, not moved by hand."
    )
    assert f"{other}: CT and MRI stayed apart." in dock.joined.text()
    assert (dock.image.currentText(), dock.fusion.isEnabled(), dock.fusion.value()) == ("T2", True, 40)

    main, before = dock.window(), halves(dock)
    qtbot.keyClick(main, Qt.Key.Key_F)
    assert dock.fusion.value() == 100
    qtbot.waitUntil(lambda: np.abs(halves(dock)[mine] - before[mine]).mean() > 1)
    over = halves(dock)
    qtbot.keyClick(main, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: np.abs(halves(dock)[mine] - over[mine]).mean() > 5)
    apart = halves(dock)
    assert [layer.opacity for layer in canvas._over] == [0.0]
    assert np.abs(over[mine] - apart[mine]).mean() > 5
    assert np.abs(over[other] - apart[other]).max() == 0
    # What was measured on the CT lies where it was seen: its ends are on the MRI's own 24 mm.
    layers, grid = canvas.viewer.layers, canvas.viewer.canvas.grid
    assert [grid.position(layers.index(f"{name}: T2"), layers) for name in "AB"] == [(0, 0), (0, 1)]
    placed = canvas._placed(dock.session.drawings[mine], *ends_of(dock.session.drawings[mine]))
    np.testing.assert_allclose(placed, [[0, -15, 12], [0, -15, -12]], atol=1e-9)
    dock.image.setCurrentIndex(dock.image.findText("CT"))
    dock._show_image()
    assert not dock.fusion.isEnabled()


def ends_of(drawing):
    caliper = drawing.stage.caliper("L1", "anterior")
    return caliper.image, (caliper.start_lps, caliper.end_lps)
