"""Forgeries of twenty kinds that compute hashes anew: told by the check, or by receipts, or named as not noticed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.study import check_study, export_study, open_study
from napari_vcf.study.decisions import set_stage_aside
from napari_vcf.study.hashed_files import read_record, write_record
from napari_vcf.study.prepared_case import CaseRecord, PartRecord, sha256_of_array
from napari_vcf.study.protocol import parse_protocol
from napari_vcf.study.study_folder import StudyRecord
from support.forging import forge, registered, resealed, rewritten
from support.studies import Clock, gestures, make_study, read_stage

#: By what each kind is told at the least: ``check`` (the folder alone), ``receipts``, or not at all, as the docs say.
KINDS: dict[str, tuple[str, Callable[[Path, random.Random], None]]] = {}
TRIES = 10


def kind(told_by: str) -> Callable[[Callable[[Path, random.Random], None]], Callable[[Path, random.Random], None]]:
    def add(function: Callable[[Path, random.Random], None]) -> Callable[[Path, random.Random], None]:
        KINDS[function.__name__] = (told_by, function)
        return function

    return add


def signed(root: Path, rng: random.Random) -> tuple[str, str, Path]:
    reader, case = rng.choice(("R1", "R2")), rng.choice(("C001", "C002", "C003"))
    return reader, case, root / "readings" / reader / case / "ct-1" / "v1"


def other_answer(rng: random.Random) -> Callable[[dict], None]:
    def change(document: dict) -> None:
        answers = document["stages"]["ct"]["findings"]
        answers["confidence"]["value"] = answers["confidence"]["value"] % 3 + 1
        answers["verdict"]["value"] = rng.choice(("benign", "malignant"))

    return change


@kind("check")
def a_seal_alone(root: Path, rng: random.Random) -> None:
    _, _, folder = signed(root, rng)
    resealed(folder / "seal.json", other_answer(rng))


@kind("check")
def a_seal_and_the_register(root: Path, rng: random.Random) -> None:
    reader, _, folder = signed(root, rng)
    registered(root, reader, *resealed(folder / "seal.json", other_answer(rng)))


@kind("check")
def the_time_of_a_signature(root: Path, rng: random.Random) -> None:
    reader, _, folder = signed(root, rng)

    def change(document: dict) -> None:
        document["seal"]["sealed_at"] = f"2025-01-{rng.randint(1, 28):02d}T00:00:00Z"

    registered(root, reader, *resealed(folder / "seal.json", change))


@kind("check")
def the_time_at_work(root: Path, rng: random.Random) -> None:
    reader, _, folder = signed(root, rng)

    def change(document: dict) -> None:
        document["seal"]["active_s"] = rng.uniform(100, 200)

    registered(root, reader, *resealed(folder / "seal.json", change))


@kind("check")
def a_caliper(root: Path, rng: random.Random) -> None:
    reader, _, folder = signed(root, rng)

    def change(document: dict) -> None:
        rng.choice(document["stages"]["ct"]["calipers"])["start_lps"][2] += rng.uniform(1, 5)

    registered(root, reader, *resealed(folder / "seal.json", change))


@kind("check")
def a_journal_alone(root: Path, rng: random.Random) -> None:
    _, _, folder = signed(root, rng)
    number = rng.randrange(3, 9)
    seen = iter(range(1000))
    rewritten(folder, lambda body: None if next(seen) == number else body)


@kind("receipts")
def everything_of_a_reading(root: Path, rng: random.Random) -> None:
    reader, case, _ = signed(root, rng)
    forge(root, reader, case, 3)
    no_exports(root)


@kind("check")
def a_reading_that_vanishes(root: Path, rng: random.Random) -> None:
    _, _, folder = signed(root, rng)
    shutil.rmtree(folder.parents[1])


@kind("receipts")
def a_reading_that_vanishes_from_the_register_too(root: Path, rng: random.Random) -> None:
    reader, case, folder = signed(root, rng)
    shutil.rmtree(folder.parents[1])
    (root / "readings" / reader / "progress" / f"{case}.ct-1.v1").unlink()
    rewritten(root / "readings" / reader / "register", lambda body: None if body["case"] == case else body)
    no_exports(root)


@kind("check")
def seals_of_two_cases_exchanged(root: Path, rng: random.Random) -> None:
    reader, _, _ = signed(root, rng)
    one, two = (root / "readings" / reader / case / "ct-1" / "v1/seal.json" for case in rng.sample(CASES, 2))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


@kind("check")
def readings_of_two_cases_exchanged(root: Path, rng: random.Random) -> None:
    reader, _, _ = signed(root, rng)
    exchange(*(root / "readings" / reader / case for case in rng.sample(CASES, 2)))


@kind("check")
def readings_of_two_readers_exchanged(root: Path, rng: random.Random) -> None:
    case = rng.choice(CASES)
    exchange(*(root / "readings" / reader / case for reader in ("R1", "R2")))


@kind("check")
def cases_exchanged(root: Path, rng: random.Random) -> None:
    one, two = rng.sample(CASES, 2)
    exchange(root / "cases" / one, root / "cases" / two)
    for case in (one, two):
        path = root / "cases" / case / "case.json"
        write_record(path, read_record(path, CaseRecord, "It").model_copy(update={"case": case}), overwrite=True)
        for name in ("ct", "mr", "other"):
            path = root / "cases" / case / f"{name}.json"
            write_record(path, read_record(path, PartRecord, "It").model_copy(update={"case": case}), overwrite=True)


@kind("check")
def voxels(root: Path, rng: random.Random) -> None:
    folder = root / "cases" / rng.choice(CASES)
    path = next((folder / "ct").glob("*.npy"))
    data = np.load(path)
    data[rng.randrange(20), rng.randrange(20), rng.randrange(20)] += 100
    np.save(path, data)
    part = read_record(folder / "ct.json", PartRecord, "It")
    (image,) = part.images
    volume = image.volumes[0].model_copy(update={"data_sha256": sha256_of_array(data)})
    changed = image.model_copy(update={"volumes": (volume,)})
    write_record(folder / "ct.json", part.model_copy(update={"images": (changed,)}), overwrite=True)


@kind("check")
def the_protocol(root: Path, rng: random.Random) -> None:
    path = root / "protocol.toml"
    text = path.read_text(encoding="utf-8").replace("idle_after_s = 60.0", f"idle_after_s = {rng.randint(70, 900)}.0")
    path.write_text(text, encoding="utf-8")
    study(root, protocol_sha256=parse_protocol(text, "it").sha256, protocol_file_sha256=None)


@kind("check")
def the_seed(root: Path, rng: random.Random) -> None:
    before = [open_study(root).as_reader(reader).tasks for reader in ("R1", "R2")]
    while [open_study(root).as_reader(reader).tasks for reader in ("R1", "R2")] == before:
        study(root, seed=rng.randrange(10**6))


@kind("check")
def a_reader_taken_out(root: Path, rng: random.Random) -> None:
    study(root, readers=(rng.choice(("R1", "R2")),))


@kind("check")
def a_case_taken_out(root: Path, rng: random.Random) -> None:
    gone = rng.choice(CASES)
    study(root, cases=tuple(case for case in (*CASES, "C004") if case != gone))


@kind("check")
def the_decisions_taken_away(root: Path, rng: random.Random) -> None:
    del rng
    shutil.rmtree(root / "decisions")
    (root / "decisions.progress").unlink()


@kind("check")
def an_export(root: Path, rng: random.Random) -> None:
    path = rng.choice(sorted((root / "exports").glob("*.json")))
    resealed(path, other_answer(rng))


@kind("receipts")
def a_reader_set_back_to_an_earlier_day(root: Path, rng: random.Random) -> None:
    reader, _, _ = signed(root, rng)
    shutil.rmtree(root / "readings" / reader)
    shutil.copytree(root.parent / "earlier" / reader, root / "readings" / reader)
    no_exports(root)


@kind("not")
def a_signature_of_a_reader_who_signed_nothing(root: Path, rng: random.Random) -> None:
    session = open_study(root, clock=Clock()).as_reader("R3").next_case()
    read_stage(session, rng.randrange(3))


CASES = ("C001", "C002", "C003")


def exchange(one: Path, two: Path) -> None:
    one.rename(one.with_name("between"))
    two.rename(one)
    one.with_name("between").rename(two)


def no_exports(root: Path) -> None:
    """Without copies in the study, which would tell as well."""
    shutil.rmtree(root / "exports")
    (root / "exports").mkdir()


def study(root: Path, **changes: object) -> None:
    record = read_record(root / "study.json", StudyRecord, "It")
    write_record(root / "study.json", record.model_copy(update=changes), overwrite=True)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cases signed by two readers, with receipts and exports; a fourth set aside; a third reader without work."""
    folder = tmp_path_factory.mktemp("forgeries")
    root = make_study(folder, cases=4, readers=("R1", "R2", "R3"), stages=["ct"])
    set_stage_aside(root, "C004", "ct", "no CT was made")
    for value, name in enumerate(("R1", "R2")):
        reader = open_study(root, clock=Clock()).as_reader(name, receipts=folder / "receipts.txt")
        with reader.next_case() as session:
            for gesture in gestures(session, value)[:4]:
                gesture()
        shutil.copytree(root / "readings" / name, folder / "earlier" / name)
        while (session := reader.next_case()) is not None:
            read_stage(session, value)
    export_study(root, root / "exports")
    assert check_study(root, receipts=[folder / "receipts.txt"]).damages == ()
    return folder


def told(base: Path, place: Path, name: str, number: int) -> str:
    """Forge a copy of the study; by what it is told."""
    for part in ("study", "earlier"):
        shutil.copytree(base / part, place / part)
    KINDS[name][1](place / "study", random.Random(number))
    if check_study(place / "study").damages:
        return "check"
    return "receipts" if check_study(place / "study", receipts=[base / "receipts.txt"]).damages else "not"


def test_there_are_twenty_kinds_and_the_docs_name_what_is_not_noticed() -> None:
    assert len(KINDS) >= 20
    text = (Path(__file__).parents[2] / "docs" / "study.md").read_text(encoding="utf-8")
    assert "what is invented in the name of a reader who signed nothing" in text


@pytest.mark.parametrize("name", KINDS)
def test_a_forgery_is_told_by_what_the_docs_say(name: str, base: Path, tmp_path: Path) -> None:
    assert told(base, tmp_path, name, 0) == KINDS[name][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_ten_forgeries_of_each_kind_are_told(name: str, base: Path, tmp_path: Path) -> None:
    assert {told(base, tmp_path / str(n), name, n) for n in range(TRIES)} == {KINDS[name][0]}
