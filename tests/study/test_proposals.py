"""Registrations that are computed ahead: ready after the reader's clicks, and telling nobody anything before."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_vcf.cli import main
from napari_vcf.geometry import RigidTransform
from napari_vcf.reading.image_pairs import Pair, pair_of
from napari_vcf.registration import RegistrationResult
from napari_vcf.study import StudyError, check_study, closed, open_study, prepare_study, proposal
from napari_vcf.study.closed import REACH_MM, close_text, open_text
from napari_vcf.study.prepared_case import PreparedCase
from support.patients import begin, found_in, read
from support.studies import Clock

HEADER = "case,mr_x,mr_y,mr_z,ct_x,ct_y,ct_z"
MR, CT = (9.6, 13.25, -11.5), (20.25, 14.75, 17.125)
MOTION = RigidTransform.from_rotation_vector((0, 0, 3), np.subtract(MR, CT), center_lps=CT)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What slows down whoever tries every place slows down the tests as well."""
    monkeypatch.setattr(closed, "_ITERATIONS", 10)


coordinates = st.floats(-500, 500)
points = st.tuples(coordinates, coordinates, coordinates)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points, points, st.tuples(*[st.floats(-REACH_MM, REACH_MM)] * 6))
def test_a_closed_text_opens_near_its_points(mr, ct, by) -> None:
    text = close_text("L1 is där", (mr, ct), "salt")
    assert open_text(text, (np.add(mr, by[:3]), np.add(ct, by[3:])), "salt") == "L1 is där"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points, points, st.integers(0, 5), st.sampled_from([-1, 1]))
def test_a_closed_text_stays_closed_away_from_them_and_says_nothing(mr, ct, axis, sign) -> None:
    text = close_text("x" * 40, (mr, ct), "salt")
    away = np.array([*mr, *ct])
    away[axis] += sign * 4.01 * REACH_MM
    assert open_text(text, (away[:3], away[3:]), "salt") is None
    # However the points lie, as many keys, and a text as long.
    assert (len(text.keys), len(text.text)) == (64, 4096)


def registered(calls: list) -> object:
    """Stands for the registration, which has tests of its own and needs a vertebra."""

    def register(ct, mr, *, ct_point_lps, mr_point_lps, **options):
        calls.append((tuple(mr), tuple(ct_point_lps), tuple(mr_point_lps), options))
        return RegistrationResult("ok", "Expected error 0.4 mm.", MOTION, 2.5, 1.0, 3.0, {"level_margin": 0.2})

    return register


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list:
    found: list = []
    monkeypatch.setattr(proposal, "register_vertebra", registered(found))
    return found


def write_points(base: Path, *rows: str, header: str = HEADER) -> Path:
    path = base / "points.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def row(case: str, mr=MR, ct=CT) -> str:
    return ",".join([case, *(str(value) for value in (*mr, *ct))])


def asked(root: Path, mr, ct, stage: str = "combined") -> RegistrationResult | None:
    case = PreparedCase(root / "cases" / "C001", stage)
    return case.prepared_registration(Pair(*pair_of(case.images.values())), mr, ct)


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_registration_is_ready_for_clicks_near_the_points_and_says_where_it_comes_from(
    tmp_path: Path, calls: list, capsys: pytest.CaptureFixture[str]
) -> None:
    root = begin(tmp_path)
    rows = write_points(tmp_path, row("Musterfrau_0"))
    capsys.readouterr()
    assert main(["study", "prepare", str(root), "--workers", "0", "--points", str(rows)]) == 0
    output = capsys.readouterr()
    assert "registration: computed from points" in output.out
    assert "ok: Expected error 0.4 mm." in output.out
    assert "Musterfrau" not in output.out + output.err
    assert calls == [(("T1", "T2"), CT, MR, {"same_frame": True})]
    mr = np.add(MR, (3.0, -2.0, 1.0))
    ready = asked(root, mr, CT)
    assert (ready.status, ready.ct_to_mr.matrix.tolist()) == ("ok", MOTION.matrix.tolist())
    assert ready.quality["prepared"] is True
    assert ready.quality["prepared_mr_point_lps"] == list(MR)
    assert ready.quality["prepared_ct_point_lps"] == list(CT)
    # The shift is that from this reader's clicks: they lie 3.74 mm off.
    assert ready.shift_mm == pytest.approx(14**0.5)
    # On another vertebra, or on two: as if nothing had been prepared.
    for mr, ct in (((9.6, 13.25, 14.0), CT), (MR, np.add(CT, (0, 0, 9))), (np.add(MR, (6, 6, 6)), CT)):
        assert asked(root, mr, ct) is None
    # Each within reach, but not of one vertebra.
    assert asked(root, np.add(MR, (0, 0, 7)), np.add(CT, (0, 0, -7))) is None


def test_the_record_of_a_reading_says_that_it_was_prepared_and_with_which_points(tmp_path: Path, calls: list) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0, points=write_points(tmp_path, row("C001")))
    reader = open_study(root, clock=Clock()).as_reader("R1")
    for _ in range(2):
        read(reader.next_case())
    session = reader.next_case()
    reading = session.reading
    reading.set_spine("L1")
    pair = Pair(*pair_of(reading.case.images.values()))
    reading.propose_registration(
        mr_level="L1",
        ct_level="L1",
        ct_image=pair.images[0],
        mr_images=pair.images[1:],
        mr_point_lps=MR,
        ct_point_lps=CT,
        result=reading.case.prepared_registration(pair, MR, CT),
    )
    read(session)
    assert main(["export", str(root), "--out", str(tmp_path / "out")]) == 0
    export = json.loads((tmp_path / "out/C001_R1_combined.json").read_text(encoding="utf-8"))
    quality = export["registrations"]["L1"]["quality"]
    assert (quality["prepared"], quality["prepared_mr_point_lps"]) == (True, list(MR))
    images = next((tmp_path / "images").iterdir())
    assert main(["verify", str(tmp_path / "out/C001_R1_combined.json"), "--images", str(images)]) == 0


def test_no_file_of_the_study_tells_the_points(tmp_path: Path, calls: list) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0, points=write_points(tmp_path, row("C001")))
    texts = {f"{value:g}" for value in (*MR, *CT)} | {"level_margin", "Expected error"}
    assert list(found_in(root, texts)) == []
    assert re.search(rb"9\.6|-11\.5", (root / "cases/C001/proposal.json").read_bytes()) is None
    # A stage that excludes a modality does not open it, whatever it is asked.
    assert asked(root, MR, CT, "mri") is None


def test_proposals_are_kept_replaced_and_fixed_once_the_combined_stage_is_begun(tmp_path: Path, calls: list) -> None:
    root = begin(tmp_path)

    def prepared(*rows: str) -> str:
        (outcome,) = prepare_study(root, workers=0, points=write_points(tmp_path, *rows) if rows else None)
        return outcome.registration

    assert prepared() == "the frame of reference that CT and MRI share"
    assert prepared(row("C001")) == "computed from points"
    before = files(root)
    assert [prepared(), prepared(row("C001"))] == ["computed from points"] * 2
    assert (files(root), len(calls)) == (before, 1)
    # Another point replaces it, also while the first stages are read.
    reader = open_study(root, clock=Clock()).as_reader("R1")
    for _ in range(2):
        read(reader.next_case())
    other = row("C001", mr=(9.6, 13.25, -12.5))
    assert prepared(other) == "computed from points"
    assert len(calls) == 2
    reader.next_case().close()
    assert prepared(other) == "computed from points"
    assert prepared(row("C001")).startswith("computed from points: these points came after")
    assert len(calls) == 2
    assert check_study(root).damages == ()


def test_a_shared_frame_of_reference_is_proposed_without_points(tmp_path: Path) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    ready = asked(root, MR, np.add(MR, (1, 2, 2)))
    assert (ready.status, ready.shift_mm) == ("doubtful", pytest.approx(3.0))
    assert ready.ct_to_mr.matrix.tolist() == np.eye(4).tolist()
    assert ready.quality == {"same_frame": True, "prepared": True}
    # Where the patient has moved, the frame says nothing.
    assert asked(root, MR, np.add(MR, (0, 0, 9))) is None


def test_what_a_proposal_lacks_is_in_the_report_and_does_not_fail_the_case(tmp_path: Path) -> None:
    root = begin(tmp_path, patients=2)
    shutil.rmtree(tmp_path / "images/Musterfrau_0/CT Erika")
    # The T1 of the other one states a frame of its own.
    for path in (tmp_path / "images/Musterfrau_1/T1").iterdir():
        import pydicom

        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID += ".7"
        dataset.save_as(path)
    outcomes = prepare_study(root, workers=0)
    assert {o.registration for o in outcomes} == {"none: there is no CT", "none: no points were given"}
    # There is no vertebra in this CT: whatever comes out, the case is ready.
    found = prepare_study(root, workers=0, points=write_points(tmp_path, row("Musterfrau_1"), row("Musterfrau_0")))
    by_state = {o.registration: o for o in found}
    assert set(by_state) == {"none: there is no CT", "computed from points"}
    assert by_state["computed from points"].advice.startswith("refused: ")
    assert {o.status for o in found} == {"kept"}
    report = json.loads((root / "prepare-report.json").read_text(encoding="utf-8"))["record"]
    assert [case["advice"] for case in report["cases"]] == ["", ""]
    assert report["cases"][0]["registration"] == found[0].registration


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (["C001,1,2,3"], HEADER, "line 2: it has 4 fields, and the header has 7"),
        ([row("C002")], HEADER, "line 2: the study has no such case or folder"),
        ([row("C001"), "", row("Musterfrau_0")], HEADER, "line 4: case C001 has a line already"),
        (["C001,1,2,x,4,5,6"], HEADER, "line 2: mr_z is no number in mm"),
        (["C001,1,2,nan,4,5,6"], HEADER, "line 2: mr_z is no number in mm"),
        (["C001,1,2,3,4,5,6e9"], HEADER, "line 2: ct_z is no number in mm"),
        (["C001;1;2;3;4;5;6"], HEADER.replace(",", ";"), "with commas between"),
        (["C001,1,2,3,4,5,6"], HEADER.replace("mr_y", "mr_x"), "Not so: mr_x, mr_y"),
        ([row("Doe")] * 5, HEADER, "(and 2 more)"),
    ],
)
def test_wrong_points_are_refused_by_line_before_anything_is_prepared(rows, header, words, tmp_path: Path) -> None:
    root = begin(tmp_path)
    with pytest.raises(StudyError) as refusal:
        prepare_study(root, workers=0, points=write_points(tmp_path, *rows, header=header))
    assert words in str(refusal.value)
    assert "Doe" not in str(refusal.value)
    assert list((root / "cases").iterdir()) == []


def test_a_damaged_proposal_is_named_and_the_reader_gets_a_fresh_registration(tmp_path: Path, calls: list) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0, points=write_points(tmp_path, row("C001")))
    path = root / "cases/C001/proposal.json"
    path.write_text(path.read_text(encoding="utf-8").replace("points", "Points"), encoding="utf-8")
    assert asked(root, MR, CT) is None
    assert [damage.place for damage in check_study(root).damages] == ["cases/C001/proposal.json"]
