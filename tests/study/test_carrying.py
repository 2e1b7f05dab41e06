"""In a study the combined stage begins with the reader's own signed drawings, and with nothing of anybody else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_vcf.reading.actions import CarryDrafts
from napari_vcf.reading.carrying import CarriedItem, geometry_of, open_items
from napari_vcf.reading.export import read_reading
from napari_vcf.study import ReaderStudy, StageSession, UnfinishedError, check_study, export_study, open_study
from napari_vcf.study.stage_files import seal_path
from support.carried import carrying
from support.forging import registered, resealed, rewritten
from support.studies import Clock, make_study, read_stage

STAGE = "combined"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return carry_study(tmp_path)


def carry_study(folder: Path, **options: Any) -> Path:
    asked = list(carrying().items_of("combined"))
    return make_study(folder, **{"cases": 1, "carry": True, "combined": asked, **options})


def reader_of(root: Path, name: str = "R1") -> ReaderStudy:
    return open_study(root, clock=Clock()).as_reader(name)


def at_combined(reader: ReaderStudy, value: int = 0) -> StageSession:
    """The next combined stage, after everything before it was read."""
    while True:
        session = reader.next_case()
        assert session is not None
        if session.stage == STAGE:
            return session
        read_stage(session, value)


def waiting(session: StageSession) -> tuple[CarriedItem, ...]:
    return open_items(session.reading.state.stages[STAGE])


def finish(session: StageSession, *, sign: bool = True) -> None:
    """Confirm everything that was carried, answer the form and sign."""
    reading = session.reading
    if reading.state.spine is None:
        reading.set_spine("L1")
    reading.answer(STAGE, "lesion_extent_visual", "G3")
    while items := waiting(session):
        reading.decide_carried(STAGE, items[:1], "confirmed")
    for level in ("T12", "L2"):
        reading.set_reference(STAGE, level, "intact")
    for key in reading.protocol.items_of(STAGE):
        if reading.protocol.form[key].values:
            reading.answer(STAGE, key, reading.protocol.form[key].values[0])
    if sign:
        session.seal()


def test_the_combined_stage_begins_with_what_was_signed_and_no_answer(root: Path) -> None:
    with at_combined(reader_of(root)) as session:
        items = waiting(session)
        assert {(i.stage, i.kind) for i in items} == {
            ("ct", "caliper"), ("mri", "caliper"), ("mri", "body"), ("mri", "lesion"), ("mri", "roi"),
        }  # fmt: skip
        assert len(items) == 9 + 9 + 2 + 6
        state = session.reading.state
        assert state.spine is None
        assert state.stages[STAGE].answers == {}
        assert state.stages[STAGE].references == {}
        assert not session.reading.can_undo


def test_an_unconfirmed_draft_goes_into_no_document_as_a_measurement(root: Path) -> None:
    with at_combined(reader_of(root)) as session:
        draft = session.draft().stages[STAGE]
        assert (draft.calipers, draft.masks, draft.rois) == ((), None, ())
        finish(session, sign=False)
        assert waiting(session) == ()
    with at_combined(reader_of(root)) as session:
        # Left and taken up again, nothing waits once more.
        assert waiting(session) == ()
        session.seal()


def test_what_waits_is_named_where_the_stage_is_to_be_signed(root: Path) -> None:
    with at_combined(reader_of(root)) as session:
        first = waiting(session)[0]
        session.reading.set_spine("L1")
        with pytest.raises(UnfinishedError, match=r"Carried, and neither confirmed.*anterior height of T12 \(CT\)"):
            session.seal()
        assert first in waiting(session)


def test_a_signed_combined_stage_is_whole_and_its_export_says_what_was_carried(root: Path, tmp_path: Path) -> None:
    with at_combined(reader_of(root)) as session:
        finish(session)
    report = check_study(root)
    assert report.damages == ()
    paths = {path.stem: path for path in export_study(root, tmp_path / "out")}
    combined = read_reading(paths["C001_R1_combined"]).stages[STAGE]
    mri = read_reading(paths["C001_R1_mri"])
    assert combined.carried_from["mri"] == mri.seal.sha256
    assert all(caliper.carried.stage == "ct" for caliper in combined.calipers)
    assert {roi.carried.geometry for roi in combined.rois} == {"unchanged"}
    assert geometry_of(combined.masks, "lesion") == geometry_of(mri.stages["mri"].masks, "lesion")


def test_no_reader_is_given_anything_of_another(root: Path) -> None:
    with at_combined(reader_of(root), 0) as one, at_combined(reader_of(root, "R2"), 1) as two:
        seals = [set(session.reading.state.stages[STAGE].carried_from.values()) for session in (one, two)]
        assert not seals[0] & seals[1]
        for session, name in ((one, "R1"), (two, "R2")):
            own = {
                read_reading(seal_path(path)).seal.sha256
                for path in (root / "readings" / name / "C001").glob("*/v1")
                if seal_path(path).exists()
            }
            assert set(session.reading.state.stages[STAGE].carried_from.values()) <= own


def test_a_second_reading_begins_with_nothing_of_the_first(tmp_path: Path) -> None:
    root = carry_study(tmp_path, rereads=1, readers=("R1",))
    reader = reader_of(root)
    with at_combined(reader) as session:
        finish(session)
    first = {path.parent.name for path in (root / "readings" / "R1" / "C001").glob("*/v1")}
    assert first == {"ct-1", "mri-1", "combined-1"}
    with at_combined(reader) as session:
        assert session.occasion == 2
        seals = set(session.reading.state.stages[STAGE].carried_from.values())
        again = {
            read_reading(seal_path(root / "readings" / "R1" / "C001" / f"{stage}-2" / "v1")).seal.sha256
            for stage in ("ct", "mri")
        }
        assert seals == again
        finish(session)
    assert check_study(root).damages == ()


def test_without_carrying_the_stage_begins_empty(tmp_path: Path) -> None:
    root = carry_study(tmp_path, carry=False)
    with at_combined(reader_of(root)) as session:
        assert session.reading.log == ()
        assert waiting(session) == ()


def test_an_amended_stage_is_carried_as_it_was_signed_last(root: Path) -> None:
    reader = reader_of(root)
    session = reader.next_case()
    read_stage(session)
    with reader.amend("C001", session.stage, "a height was off") as again:
        place = again.reading.state.stages[again.stage].calipers[0]
        again.reading.place_caliper(
            stage=again.stage, level=place.level, position=place.position, image=place.image,
            start_lps=(0.0, -15.0, 50.0), end_lps=(0.0, -15.0, 25.0),
        )  # fmt: skip
        sealed = again.seal()
    with at_combined(reader) as combined:
        assert combined.reading.state.stages[STAGE].carried_from[session.stage] == sealed.sha256
        finish(combined)
    with reader.amend("C001", STAGE, "one more look") as again:
        # What was carried is part of the first version; nothing is carried once more.
        assert sum(isinstance(entry.action, CarryDrafts) for entry in again.reading.log) == 1
        again.reading.answer(STAGE, "confidence", 3)
        again.seal()
    assert check_study(root).damages == ()


# -- a process that is killed ------------------------------------------------------------------------------------------
def test_a_process_that_is_killed_loses_no_word_on_what_was_carried(root: Path) -> None:
    with at_combined(reader_of(root)) as session:
        session.reading.set_spine("L1")
    script = textwrap.dedent(
        f"""
        import os, signal
        from napari_vcf.study import open_study
        from napari_vcf.reading.carrying import open_items
        session = open_study({str(root)!r}).as_reader("R1", clock_is_right=True).next_case()
        reading = session.reading
        for _ in range(5):
            reading.decide_carried("combined", open_items(reading.state.stages["combined"])[:1], "confirmed")
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    reader = reader_of(root)
    reader.unlock("C001")
    with at_combined(reader) as session:
        assert len(session.reading.state.stages[STAGE].calipers) == 5
        # The word on one height takes the other image's draft of it with it.
        assert len(waiting(session)) == 26 - 2 * 5


# -- forgeries ---------------------------------------------------------------------------------------------------------
def forged(root: Path, in_draft: Callable[[dict], None], in_document: Callable[[dict], None]) -> list[str]:
    """What the check says where draft, seal and register were changed and every hash computed anew."""
    with at_combined(reader_of(root)) as session:
        finish(session)
    folder = root / "readings" / "R1" / "C001" / "combined-1" / "v1"

    def other(body: dict) -> dict:
        action = body.get("logged", {}).get("action", {})
        if action.get("action") == "carry":
            in_draft(action)
        return body

    _, end = rewritten(folder, other, root / "readings" / "R1" / "progress" / "C001.combined-1.v1")
    (folder / "snapshot.json").unlink(missing_ok=True)

    def change(document: dict) -> None:
        in_document(document)
        document["seal"]["journal_sha256"] = end

    registered(root, "R1", *resealed(folder / "seal.json", change))
    return [damage.what for damage in check_study(root).damages if damage.place.endswith("seal.json")]


def test_a_height_moved_in_draft_and_seal_alike_is_damage(root: Path) -> None:
    def in_draft(action: dict) -> None:
        action["drafts"][0]["calipers"][0]["start_lps"][2] += 1.0

    def in_document(document: dict) -> None:
        moved = document["stages"][STAGE]["calipers"][0]
        moved["start_lps"][2] += 1.0

    said = forged(root, in_draft, in_document)
    assert said == ["what was carried from ct is not what was signed there."]


def test_a_seal_that_calls_something_changed_unchanged_is_damage(root: Path) -> None:
    with at_combined(reader_of(root)) as session:
        session.reading.set_spine("L1")
        place = session.reading.state.stages[STAGE].drafts[0].calipers[0]
        session.reading.place_caliper(
            stage=STAGE, level=place.level, position=place.position, image=place.image,
            start_lps=(0.0, -15.0, 50.0), end_lps=(0.0, -15.0, 25.0),
        )  # fmt: skip
        finish(session)
    folder = root / "readings" / "R1" / "C001" / "combined-1" / "v1"

    def change(document: dict) -> None:
        first = next(c for c in document["stages"][STAGE]["calipers"] if c["carried"]["geometry"] == "changed")
        first["carried"]["geometry"] = "unchanged"

    registered(root, "R1", *resealed(folder / "seal.json", change))
    assert "calipers" in next(d.what for d in check_study(root).damages if d.place.endswith("seal.json"))


def test_a_draft_of_another_reader_is_damage(root: Path) -> None:
    with at_combined(reader_of(root, "R2"), 1):
        pass
    other = read_reading(root / "readings" / "R2" / "C001" / "ct-1" / "v1" / "seal.json").seal.sha256

    def in_draft(action: dict) -> None:
        action["drafts"][0]["seal"] = other

    def in_document(document: dict) -> None:
        document["stages"][STAGE]["carried_from"]["ct"] = other

    said = forged(root, in_draft, in_document)
    assert said
    assert "comes from no signed stage of this reader" in said[0]


def test_the_journal_holds_the_draft_and_every_word_on_it(root: Path) -> None:
    with at_combined(reader_of(root)) as session:
        finish(session)
    lines = (root / "readings/R1/C001/combined-1/v1/journal.jsonl").read_text(encoding="utf-8").splitlines()
    kinds = [json.loads(line.partition(" ")[2])["body"].get("logged", {}).get("action", {}) for line in lines]
    assert kinds[1]["action"] == "carry"
    # Nine heights, body, lesion, six rectangles.
    assert sum(action.get("action") == "decide_carried" for action in kinds) == 17
