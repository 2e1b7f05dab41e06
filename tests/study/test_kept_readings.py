"""Readings outside of a study are kept: a kill loses nothing, and what was not exported is offered again."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from napari_vcf.reading import Protocol, ReadingError, read_reading
from napari_vcf.study import DamagedError, LockedError
from napari_vcf.study.journal_format import JOURNAL
from napari_vcf.study.journal_view import inspect_journal
from napari_vcf.study.kept_readings import ReadingPlace, _Origin, place_for
from support.cases import clock, complete_reading, memory_case


def place(shelf: Path, *, reader: str = "R1", images: str = "images") -> ReadingPlace:
    return place_for(shelf, shelf / images, study="STUDY", reader=reader, case="C001")


def begin(at: ReadingPlace, **values):
    return at.begin(memory_case(), study="STUDY", reader="R1", protocol=Protocol(**values))


def _read_and_die(shelf: Path) -> None:
    kept = begin(place(shelf))
    kept.reading.set_spine("L1")
    kept.reading.answer("ct", "verdict", "benign")
    os._exit(9)


def test_nothing_is_written_until_something_is_read(tmp_path: Path) -> None:
    here = place(tmp_path)
    assert here.unfinished() is None
    kept = begin(here)
    kept.close()
    assert here.unfinished() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_program_loses_no_change(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_read_and_die, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    here = place(tmp_path)
    found = here.unfinished()
    assert found is not None
    assert found.changes == 2
    again = here.go_on(found, memory_case())
    assert again.reading.state.spine.fractured == "L1"
    assert again.reading.state.stages["ct"].answers["verdict"].value == "benign"
    # What was undone before could be undone still, and the journal goes on.
    again.reading.undo()
    again.close()
    assert here.unfinished().changes == 3


def test_what_was_exported_is_not_offered_again_until_it_changes(tmp_path: Path) -> None:
    here = place(tmp_path)
    kept = begin(here)
    kept.reading.set_spine("L1")
    kept.exported(kept.reading.export(tmp_path / "one.json"))
    kept.close()
    assert here.unfinished() is None
    second = begin(here)
    second.reading.set_spine("L2")
    second.close()
    found = here.unfinished()
    assert here.go_on(found, memory_case()).reading.state.spine.fractured == "L2"


def test_no_reader_is_offered_what_another_did(tmp_path: Path) -> None:
    kept = begin(place(tmp_path))
    kept.reading.set_spine("L1")
    kept.close()
    assert place(tmp_path, reader="R2").unfinished() is None
    assert place(tmp_path, images="other").unfinished() is None
    assert place(tmp_path).unfinished() is not None
    # Names of folders may name patients.
    assert not any("images" in str(path) for path in tmp_path.rglob("*"))


def test_one_window_at_a_time_writes_to_a_kept_reading(tmp_path: Path) -> None:
    here = place(tmp_path)
    kept = begin(here)
    kept.reading.set_spine("L1")
    with pytest.raises(LockedError):
        here.go_on(here.unfinished(), memory_case())
    # Another reading of the same images has a place of its own.
    other = begin(here)
    other.reading.set_spine("L3")
    assert other.folder != kept.folder
    kept.close()
    other.close()


def test_other_images_and_a_damaged_journal_are_refused_in_a_sentence(tmp_path: Path) -> None:
    here = place(tmp_path)
    kept = begin(here)
    kept.reading.set_spine("L1")
    kept.close()
    found = here.unfinished()
    other = memory_case()
    other.salt = "1" * 32
    with pytest.raises(ReadingError, match="not the images"):
        here.go_on(found, other)
    assert here.go_on(found, memory_case()).close() is None
    journal = found.folder / "journal.ndjson"
    journal = journal if journal.exists() else next(p for p in found.folder.iterdir() if p.stat().st_size > 400)
    journal.write_bytes(journal.read_bytes().replace(b"L1", b"L2"))
    with pytest.raises(DamagedError, match="damaged"):
        here.unfinished()


def test_an_exported_reading_is_gone_on_with_and_kept(tmp_path: Path) -> None:
    export = complete_reading().export(tmp_path / "one.json")
    here = place(tmp_path)
    kept = here.begin_from(export, memory_case(), clock=clock())
    assert here.unfinished() is None
    kept.reading.answer("mri", "confidence", 2)
    kept.close()
    again = here.go_on(here.unfinished(), memory_case(), clock=clock())
    assert again.reading.state.stages["mri"].answers["confidence"].value == 2
    assert read_reading(again.reading.export(tmp_path / "two.json")).version == 2
    again.close()


def test_the_salt_stays_the_same(tmp_path: Path) -> None:
    assert place(tmp_path).salt() == place(tmp_path).salt()
    assert place(tmp_path).salt() != place(tmp_path, reader="R2").salt()


def test_a_reading_kept_before_there_were_proposals_goes_on_without_them(tmp_path: Path) -> None:
    here = place(tmp_path)
    kept = begin(here, body_proposal=False)
    kept.reading.set_spine("L1")
    kept.close()
    origin = inspect_journal(next(tmp_path.rglob(JOURNAL)).parent).entries[0].body
    protocol = {key: value for key, value in origin["protocol"].items() if key != "body_proposal"}
    read = _Origin.model_validate({**origin, "protocol": protocol})
    assert read.protocol == Protocol(body_proposal=False)
    assert _Origin.model_validate(origin) == read
