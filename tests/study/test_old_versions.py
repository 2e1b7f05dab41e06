"""Files of every schema version that was ever written are still read, and work goes on from them.

`old/study` is a study as version 0.1.0 left it: one reader in the middle of a stage, an amendment, one consensus signed
and one begun. `old/records` holds single records of later versions. What is added there is never changed afterwards.
"""

from __future__ import annotations

import copy
import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vcf.study import (
    StudyError,
    check_study,
    consensus_documents,
    export_study,
    open_consensus,
    open_study,
    prepare_case,
    prepared_case,
    protocol,
    settled_roles,
    stage_files,
    study_folder,
)
from napari_vcf.study.hashed_files import read_record, record_text
from napari_vcf.study.study_folder import read_key
from napari_vcf.study.versions import STEPS, migrated, model_of
from support.studies import ADC_GRID, CT_GRID, MR_GRID, Clock, gestures, image

OLD = Path(__file__).parent / "old"
MODELS = {
    model.model_fields["schema_id"].default: model
    for model in (
        study_folder.StudyRecord,
        study_folder.Key,
        protocol.StudyProtocol,
        prepared_case.CaseRecord,
        prepared_case.PartRecord,
        prepared_case.ProposalRecord,
        prepare_case.PrepareReport,
        settled_roles.RolesRecord,
        stage_files.Origin,
        stage_files.Snapshot,
        consensus_documents.ConsensusOrigin,
    )
}


def contents() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Everything in the old files that says of which schema it is."""
    for path in sorted(OLD.rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        yield path, document.get("record", document)
    for path in sorted(OLD.rglob("journal.jsonl")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        yield path, json.loads(first.partition(" ")[2])["body"]


def version_of(content: dict[str, Any]) -> tuple[str, str]:
    return content.get("schema_id", ""), content.get("schema_version", "")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the old study, with the images that its records name."""
    root = tmp_path / "study"
    shutil.copytree(OLD / "study", root)
    for case, links in read_key(OLD / "study.key.json", "study").cases.items():
        for part, role, grid, unit in (("ct", "CT", CT_GRID, "HU"), ("mr", "T2", MR_GRID, "signal"),
                                       ("mr", "ADC", ADC_GRID, "um2/s")):  # fmt: skip
            record, data = image(links.salt, role, grid, unit)
            (root / "cases" / case / part).mkdir(exist_ok=True)
            np.save(root / "cases" / case / part / f"{record.image}-0.npy", data)
    return root


def test_every_schema_version_that_a_record_has_or_had_lies_among_the_old_files() -> None:
    there = {version_of(content) for _, content in contents()}
    there |= {version_of(tomllib.loads(path.read_text(encoding="utf-8"))) for path in OLD.rglob("*.toml")}
    today = {(name, model.model_fields["schema_version"].default) for name, model in MODELS.items()}
    assert today | set(STEPS) <= there


@pytest.mark.parametrize(
    ("path", "content"), list(contents()), ids=lambda value: value.name if isinstance(value, Path) else ""
)
def test_an_old_record_is_read_and_migrating_it_is_pure(path: Path, content: dict[str, Any]) -> None:
    model = MODELS.get(version_of(content)[0])
    if model is None:
        # A sealed reading or a register's entry; they are read below, with the whole study.
        return
    before = copy.deepcopy(content)
    model_of(content, model, "It")
    assert content == before
    assert migrated(migrated(content)) == migrated(content)


def test_an_old_study_with_a_proposed_registration_is_checked_and_read_as_before(old: Path) -> None:
    path = old / "cases" / "C001" / "proposal.json"
    shutil.copy(OLD / "records" / "proposal-1.0.0.json", path)
    assert check_study(old).damages == ()
    with open_study(old, clock=Clock()).as_reader("R1").next_case() as begun:
        assert begun.case == "C001"
    path.write_bytes(path.read_bytes().replace(b"C001", b"C002"))
    assert [damage.place for damage in check_study(old).damages] == ["cases/C001/proposal.json"]


def test_an_old_study_is_whole_and_its_signed_stages_are_exported_as_they_were(old: Path, tmp_path: Path) -> None:
    report = check_study(old)
    assert report.damages == ()
    assert (report.journals, report.seals) == (12, 8)
    written = export_study(old, tmp_path / "out", versions=True)
    seals = {path.read_bytes() for path in (OLD / "study").rglob("seal.json")}
    assert {path.read_bytes() for path in written} == seals


def test_reading_goes_on_in_an_old_study(old: Path) -> None:
    clock = Clock()
    reader = open_study(old, clock=clock).as_reader("R1")
    assert reader.progress() == (2, 4)
    with reader.next_case() as begun:
        assert (begun.case, begun.stage, len(begun.reading.log)) == ("C001", "ct", 11)
        for gesture in gestures(begun)[9:]:
            gesture()
        begun.seal()
    with reader.amend("C002", "mri", "It was read anew.") as amended:
        amended.seal()
    other = open_study(old, clock=clock).as_reader("R2")
    assert other.next_case() is None
    assert other.amend("C002", "ct", "Once more.").version == 3
    assert check_study(old).damages == ()


def test_a_consensus_that_was_begun_is_settled_and_one_that_was_signed_stays(old: Path) -> None:
    with open_consensus(old, "C002", "mri", clock=Clock()) as consensus:
        assert len(consensus.settled) == 1
        for item in consensus.missing():
            consensus.settle(item, consensus.differing[item]["A"].value, why="as A saw it")
        consensus.sign(["R1", "R2"])
    with pytest.raises(StudyError, match="This consensus is signed"):
        open_consensus(old, "C002", "ct")
    assert check_study(old).damages == ()


def test_a_record_of_a_later_version_is_refused_with_the_way_out(old: Path) -> None:
    path = old / "study.json"
    record = read_record(path, study_folder.StudyRecord, "The study")
    later = json.loads(record_text(record))["record"] | {"schema_version": "2.0.0", "new": 1}
    from napari_vcf.records.sealing import canonical_json, sha256_of

    path.write_text(canonical_json({"record": later, "sha256": sha256_of(canonical_json(later))}) + "\n")
    with pytest.raises(StudyError, match=r"schema version 2\.0\.0, and this program reads 1\.1\.0.*or a later one"):
        open_study(old)


def test_a_part_of_1_0_says_by_its_evidence_which_roles_a_person_gave() -> None:
    part = json.loads((OLD / "study" / "cases" / "C001" / "mr.json").read_text(encoding="utf-8"))
    content = part.get("record", part)
    content["images"][0]["role_evidence"] = "set by the person"
    first, *others = model_of(content, prepared_case.PartRecord, "The part").images
    assert first.role_given
    assert others
    assert not any(image.role_given for image in others)


def test_a_part_of_1_1_leaves_it_to_the_volumes_that_no_b_value_is_stated() -> None:
    part = json.loads((OLD / "records" / "part-1.1.0.json").read_text(encoding="utf-8"))["record"]
    said = "No b-value is stated, so that no ADC can be computed; give the b-values where they are known."
    part["images"][0]["corrections"] = ["The slices are 4 mm apart.", said]
    first, *_ = model_of(part, prepared_case.PartRecord, "The part").images
    assert first.corrections == ("The slices are 4 mm apart.",)
