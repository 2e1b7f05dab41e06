"""Enhancement is asked where an image may show it, and the record says where it was not and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from napari_vcf import read_reading
from napari_vcf.dicom import Role, Scan
from napari_vcf.reading import Case, Protocol, Reading, RefusedActionError
from napari_vcf.reading.asking import asked_of, shown_by_any
from napari_vcf.reading.evaluation import evaluate_stage
from napari_vcf.reading.export import build_export
from napari_vcf.reading.findings import FORMS
from napari_vcf.study.protocol import parse_protocol
from support.cases import image, memory_case, new_reading, series
from support.patients import write_patient

OLD = Path(__file__).parent / "old"
ITEM = "enhancement"


def case_with(*roles: Role, given: bool = False) -> Case:
    """A CT and MR images of these roles, all of one grid."""
    grid = memory_case().with_role(Role.T2)[0].series.grid
    ct = memory_case().with_role(Role.CT)[0].series
    found = [
        replace(series(role, grid), key=f"{number}", role_given=given) for number, role in enumerate(roles, start=1)
    ]
    return Case(Scan(Path(), (ct, *found), ()), pseudonym="C001", salt="0" * 32)


def asks(reading: Reading) -> bool:
    return ITEM in reading.unanswered("mri")


@pytest.mark.parametrize("form", ["1", "2"])
@pytest.mark.parametrize(
    ("roles", "asked"),
    [
        ((Role.T1, Role.T2, Role.T2FS, Role.DWI, Role.ADC), False),
        ((Role.T2,), False),
        ((Role.T1, Role.T1C, Role.T2), True),
        ((Role.T1, Role.T1FSC), True),
        # Nobody has said what these are: they may be enhanced.
        ((Role.T1, Role.T2, Role.OTHER), True),
        ((Role.T1, Role.T1FS), True),
        ((Role.T1, Role.T1, Role.T2), True),
        ((Role.T1, Role.LOCALIZER), False),
    ],
)
def test_enhancement_is_asked_where_an_image_is_enhanced_or_may_be(
    roles: tuple[Role, ...], asked: bool, form: str
) -> None:
    assert asks(new_reading(case_with(*roles), protocol=Protocol(form_version=form))) is asked


@pytest.mark.parametrize("roles", [(Role.T1, Role.OTHER), (Role.T1, Role.T1FS), (Role.T1, Role.T1)])
def test_a_role_that_a_person_gave_is_not_in_doubt(roles: tuple[Role, ...]) -> None:
    assert asks(new_reading(case_with(*roles)))
    assert not asks(new_reading(case_with(*roles, given=True)))


def test_an_enhanced_image_counts_in_the_stages_in_which_it_is_open() -> None:
    found = [entry.series for entry in case_with(Role.T1, Role.T1C).images.values()]
    item = FORMS["1"][ITEM]
    assert [shown_by_any(item, stage, found) for stage in ("ct", "mri", "combined")] == [False, True, True]
    together = Protocol(stages=("combined",))
    assert ITEM in asked_of(together, "combined", found)
    assert ITEM not in asked_of(together, "combined", found[:2])


def test_a_sequence_that_is_not_there_is_asked_for_all_the_same() -> None:
    # A DWI belongs to the examination; that it is lacking is an answer.
    reading = new_reading(case_with(Role.T1, Role.T2))
    assert "signal_dwi" in reading.unanswered("mri")
    assert shown_by_any(FORMS["1"]["signal_dwi"], "mri", [i.series for i in reading.case.images.values()]) is False


def test_what_was_not_asked_stands_in_the_export_with_the_reason_and_lacks_nothing(tmp_path: Path) -> None:
    reading = new_reading()
    for key in reading.unanswered("mri"):
        if key in ("verdict", "confidence"):
            reading.answer("mri", key, {"verdict": "benign", "confidence": 2}[key])
        else:
            reading.mark_not_assessable("mri", key, "image quality too low")
    part = read_reading(reading.export(tmp_path / "a.json")).stages["mri"]
    assert (part.complete, part.missing, part.unanswered) == (True, (), ())
    assert ITEM not in part.findings
    assert [(issue.code, issue.item) for issue in part.not_asked] == [("no_enhanced_image", ITEM)]
    assert str(part.not_asked[0]) == "Enhancement: not asked, no contrast-enhanced image."


def test_an_item_that_is_not_asked_takes_no_answer_until_an_image_is_called_enhanced(tmp_path: Path) -> None:
    write_patient(tmp_path)
    reading = new_reading(Case.open(tmp_path, pseudonym="C001"))
    for act in (
        lambda: reading.answer("mri", ITEM, "nodular"),
        lambda: reading.mark_not_assessable("mri", ITEM, "no contrast medium given"),
    ):
        with pytest.raises(RefusedActionError, match="no image is known to be contrast-enhanced"):
            act()
    t1 = image(reading, Role.T1)
    reading.correct_role(t1, Role.T1C)
    assert asks(reading)
    reading.answer("mri", ITEM, "nodular")
    # What was answered stays an answer, and can be taken back, whatever is said of the image afterwards.
    reading.correct_role(t1, Role.T1)
    part = build_export(reading).stages["mri"]
    assert (part.findings[ITEM].value, part.not_asked) == ("nodular", ())
    reading.withdraw_answer("mri", ITEM)
    assert [issue.item for issue in reading.not_asked("mri")] == [ITEM]


def test_a_study_may_ask_it_in_every_case_and_says_so_in_its_hash() -> None:
    reading = new_reading(protocol=Protocol(ask_without_image=True))
    assert asks(reading)
    assert reading.not_asked("mri") == ()
    assert Protocol(ask_without_image=True).sha256 != Protocol().sha256


def test_protocols_and_exports_from_before_the_decision_ask_it_in_every_case() -> None:
    old = parse_protocol('schema_id = "napari-vcf/protocol"\nschema_version = "1.1.0"\n[protocol]\n', "a")
    assert old.protocol == Protocol(staging="sealed", ask_without_image=True)
    export = read_reading(OLD / "reading-2.2.0.json")
    assert export.protocol.ask_without_image
    assert export.protocol.sha256 == export.protocol_sha256
    part = export.stages["mri"]
    assert ITEM in part.unanswered
    # Computed again from its own state, it lacks what it lacked.
    reading = new_reading(memory_case(), protocol=export.protocol)
    state = reading.state.model_copy(update={"stages": {**reading.state.stages, "mri": part.state()}})
    again = evaluate_stage(state, "mri", export.protocol, reading.case.images, lambda roi: pytest.fail(str(roi)))
    assert (again.unanswered, again.missing, again.not_asked) == (part.unanswered, part.missing, ())
