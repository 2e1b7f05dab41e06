"""The desk by itself: which image is in front, at which stage, without a window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.dicom import Role, Scan
from napari_vcf.dicom.errors import PixelError
from napari_vcf.reading import Protocol
from napari_vcf.widgets.desk.desk import Desk
from napari_vcf.widgets.desk.image_windows import AS_BEFORE, BY_HAND
from support.cases import MemoryCase, memory_case
from support.synthetic_case import make_case


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.open_case(make_case())
    desk.set_stage("combined")
    return desk


def first(desk: Desk, role: str) -> str:
    """The image of a label."""
    return next(image.id for image in desk.images() if image.label == role)


def heard(signal: Any) -> list[Any]:
    """What a signal carries from now on."""
    said: list[Any] = []
    signal.connect(lambda *args: said.append(args[0] if len(args) == 1 else args))
    return said


def label(desk: Desk) -> str | None:
    return None if desk.image is None else desk.image.label


def test_the_desk_needs_neither_napari_nor_qt_nor_vispy():
    code = (
        "import sys, napari_vcf.widgets.desk.desk; "
        "print([name for name in ('napari', 'qtpy', 'vispy', 'PySide6', 'PyQt6') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.strip() == "[]"


def test_each_stage_shows_its_own_images_and_an_mr_first(desk):
    assert (desk.stage, label(desk)) == ("combined", "T2")
    fronted, changed = heard(desk.fronted), heard(desk.image_changed)
    desk.set_stage("ct")
    assert ([image.label for image in desk.images()], label(desk)) == (["CT"], "CT")
    assert fronted == changed == [desk.image_id]
    desk.set_stage("mri")
    assert "CT" not in {image.label for image in desk.images()}


def test_a_case_is_opened_in_its_first_stage_and_the_combined_one_says_what_it_opens():
    desk = Desk()
    said = heard(desk.message)
    desk.open_case(make_case())
    assert (desk.stage, label(desk)) == ("ct", "CT")
    assert "comes first, by itself" in said[-1][0]
    assert "opens both and joins them" in said[-1][0]
    desk.set_stage("mri")
    assert len(said) == 1
    desk.set_stage("combined")
    assert said[-1][1] == "warning"
    assert said[-1][0].startswith("CT and MRI are seen together now. CT and MRI: not complete")
    # Where the protocol has one stage, there is nothing to say of another.
    desk.open_case(make_case(), protocol=Protocol(stages=("combined",)))
    assert (desk.stage, len(said)) == ("combined", 2)


def test_a_stage_that_the_protocol_leaves_out_is_refused_in_a_sentence():
    desk = Desk()
    desk.open_case(make_case(), protocol=Protocol(stages=("mri",)))
    said = heard(desk.message)
    desk.set_stage("ct")
    assert (desk.stage, said) == ("mri", [("The CT stage is not open now.", "warning")])


def test_an_image_that_cannot_be_read_changes_nothing(desk, monkeypatch):
    before, said = desk.image_id, heard(desk.message)

    def refuse(*_: object) -> None:
        raise PixelError("T1", "slice 7 is missing")

    monkeypatch.setattr(type(desk.case), "volume", refuse)
    ct = next(image.id for image in desk.images() if image.label == "CT")
    desk.show(ct, index=0)
    assert (desk.image_id, desk.plane) == (before, "sagittal")
    assert said == [("T1: slice 7 is missing", "error")]


def test_an_image_of_another_space_is_not_put_on_a_plane_it_has_no_place_on(desk):
    t2, ct = (next(image.id for image in desk.images() if image.label == name) for name in ("T2", "CT"))
    desk.show_plane(f"native:{t2}")
    assert (desk.plane, label(desk)) == (f"native:{t2}", "T2")
    desk.show(ct)
    assert (desk.plane, label(desk)) == ("sagittal", "CT")
    assert not desk.registered
    assert desk.between("ct", "mr") is None


def test_a_window_is_remembered_for_the_next_image_of_its_kind(desk):
    shown = heard(desk.window_changed)
    desk.show(next(image.id for image in desk.images() if image.label == "CT"))
    desk.set_window((-100.0, 700.0))
    assert shown == [desk.image_id]
    desk.open_case(make_case())
    desk.set_stage("combined")
    ct = next(image.id for image in desk.images() if image.label == "CT")
    assert desk.windows.of(ct) == (-100.0, 700.0)
    desk.open_case(make_case(), reader="R2")
    desk.set_stage("combined")
    assert desk.windows.of(next(image.id for image in desk.images() if image.label == "CT")) != (-100.0, 700.0)


def test_undo_takes_back_what_is_half_done_before_the_record(desk):
    desk.reading.set_spine("L1")
    steps = ["half"]
    desk.half_done.append(lambda: bool(steps) and bool(steps.pop()))
    desk.undo()
    assert desk.reading.state.spine is not None
    desk.undo()
    assert desk.reading.state.spine is None
    desk.redo()
    assert desk.reading.state.spine.fractured == "L1"


def test_a_closed_desk_shows_nothing(desk):
    changed, closed = heard(desk.image_changed), []
    desk.closed.connect(lambda: closed.append(True))
    desk.close()
    assert (desk.image_id, desk.images(), desk.stages, changed, closed) == (None, (), (), [None], [True])


def test_a_window_set_by_hand_is_never_called_automatic_on_this_patient_or_the_next(desk):
    desk.show(first(desk, "T2"))
    assert desk.windows.name_of(desk.image_id) == "Automatic"
    low, high = desk.windows.automatic(desk.image_id)
    desk.set_window((low, low + 0.4 * (high - low)))
    assert desk.windows.name_of(desk.image_id) == BY_HAND
    desk.set_window(desk.windows.presets(desk.image_id)["Darker"])
    assert desk.windows.name_of(desk.image_id) == "Darker"
    desk.set_window((low, low + 0.4 * (high - low)))

    desk.open_case(make_case(), reader="R1")
    desk.set_stage("combined")
    desk.show(first(desk, "T2"))
    assert desk.windows.name_of(desk.image_id) == AS_BEFORE
    desk.reset_window()
    assert desk.windows.name_of(desk.image_id) == "Automatic"
    assert desk.windows.of(desk.image_id) == desk.windows.automatic(desk.image_id)


def test_an_image_is_inverted_alone_and_not_in_the_next_patient(desk):
    image = first(desk, "T2")
    desk.show(image)
    desk.invert()
    assert desk.windows.is_inverted(image)
    assert not desk.windows.is_inverted(first(desk, "ADC"))
    desk.reset_window()
    assert not desk.windows.is_inverted(image)
    desk.invert()
    desk.open_case(make_case(), reader="R1")
    desk.set_stage("combined")
    assert not desk.windows.is_inverted(first(desk, "T2"))


def test_of_one_examination_alone_nothing_is_said_to_be_joined():
    desk = Desk()
    said = heard(desk.message)
    found = tuple(image.series for image in memory_case().images.values() if image.series.role is not Role.CT)
    desk.open_case(MemoryCase(Scan(Path(), found, ()), pseudonym="C001", salt="0" * 32))
    assert desk.stage == "mri"
    assert said == []


def test_an_image_that_the_stage_does_not_show_is_refused_whoever_asks(desk):
    mr = first(desk, "T2")
    desk.set_stage("ct")
    before, said = desk.image_id, heard(desk.message)
    desk.show(mr)
    assert desk.image_id == before
    assert said == [("T2 is not open in the CT stage.", "error")]
