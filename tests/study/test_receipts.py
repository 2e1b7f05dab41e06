"""What lies outside of a study: receipts and keys, by which a forgery is told that computes every hash anew."""

from __future__ import annotations

import getpass
import json
import shutil
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.records.sealing import canonical_json, sha256_of
from napari_vcf.study import ConsensusSession, DamagedError, StudyError, check_study, open_consensus, open_study
from napari_vcf.study.confirmations import Confirmations
from napari_vcf.study.receipts import read_receipts
from napari_vcf.study.signing_keys import ReaderKey, make_key
from support.forging import forge, rewritten
from support.studies import Clock, gestures, make_study, read_stage

PASSPHRASE = "a long one"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A study that one reader has signed, with a key, and whose receipts are kept."""
    root = make_study(tmp_path, cases=2, readers=("R1", "R2"), stages=["ct"])
    (tmp_path / "keys").write_text(f"R1 {make_key(tmp_path / 'r1.pem', PASSPHRASE)}\n", encoding="utf-8")
    key = ReaderKey(tmp_path / "r1.pem", PASSPHRASE)
    reader = open_study(root, clock=Clock()).as_reader("R1", receipts=tmp_path / "mine" / "r1.txt", key=key)
    while (session := reader.next_case()) is not None:
        read_stage(session)
        assert reader.receipt_problem == ""
    return root


def test_a_forgery_that_computes_everything_anew_is_told_by_receipts_and_by_keys(root: Path, tmp_path: Path) -> None:
    receipts, keys = tmp_path / "mine" / "r1.txt", tmp_path / "keys"
    assert main(["check", str(root), "--receipts", str(receipts), "--keys", str(keys)]) == 0
    forge(root, "R1", "C001", 3)
    # Nothing in the folder tells it.
    assert check_study(root).damages == ()
    (named,) = check_study(root, receipts=[receipts]).damages
    assert (named.place, "is another one now" in named.what) == ("readings/R1/C001/ct-1/v1", True)
    assert main(["check", str(root), "--keys", str(keys)]) == 1


def test_a_signature_that_is_gone_from_the_study_is_told(root: Path, tmp_path: Path) -> None:
    shutil.rmtree(root / "readings" / "R1")
    (root / "readings" / "R1").mkdir()
    named = check_study(root, receipts=[tmp_path / "mine" / "r1.txt"]).damages
    assert sum("is not there" in damage.what for damage in named) == 2


def test_a_receipt_names_the_signature_and_one_that_was_changed_is_no_receipt(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine" / "r1.txt"
    lines = [line.receipt for line in read_receipts(path)]
    seals = {json.loads(p.read_text())["seal"]["sha256"] for p in root.rglob("seal.json")}
    assert {receipt.sha256 for receipt in lines} == seals
    assert [(r.study, r.reader, r.stage, r.occasion, r.version) for r in lines] == [("study", "R1", "ct", 1, 1)] * 2
    path.write_text(path.read_text().replace("-receipt-1", "-receipt-0", 1), encoding="utf-8")
    assert [damage.what for damage in check_study(root, receipts=[path]).damages] == ["line 1 is not a receipt."]


def test_a_receipt_that_cannot_be_written_is_said_and_the_stage_is_signed(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R2", receipts=root / "mine.txt")
    session = reader.next_case()
    for gesture in gestures(session):
        gesture()
    session.seal()
    assert "must lie outside of the study" in reader.receipt_problem
    assert str(session.receipt).split()[2:4] == ["R2", session.case]
    assert reader.progress() == (1, 2)


def test_a_key_is_made_once_and_opens_with_its_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: PASSPHRASE)
    assert main(["study", "key", "--out", str(tmp_path / "k.pem")]) == 0
    assert ReaderKey(tmp_path / "k.pem", PASSPHRASE).sign("0" * 64).sha256 == "0" * 64
    with pytest.raises(StudyError, match="passphrase is wrong"):
        ReaderKey(tmp_path / "k.pem", "another long one")
    with pytest.raises(StudyError, match="exists already"):
        make_key(tmp_path / "k.pem", PASSPHRASE)
    with pytest.raises(StudyError, match="eight characters"):
        make_key(tmp_path / "short.pem", "short")


def test_a_seal_of_another_hand_is_told_by_its_key(root: Path, tmp_path: Path) -> None:
    path = next((root / "readings" / "R1").rglob("signature.json"))
    path.unlink()
    (gone,) = check_study(root, keys={"R1": (tmp_path / "keys").read_text().split()[1]}).damages
    assert gone.place.endswith("signature.json")
    wrong = check_study(root, keys={"R1": "0" * 64, "R9": "0" * 64}).damages
    assert {damage.place for damage in wrong} >= {"readings/R9", gone.place}


def settle_all(root: Path, confirmations: Confirmations) -> ConsensusSession:
    with open_consensus(root, "C001", "ct", clock=Clock(), confirmations=confirmations) as meeting:
        for item in meeting.differing:
            meeting.settle(item, meeting.choices(item)[0], why="we looked again")
        meeting.sign(["R1", "R2"])
    return meeting


def test_a_consensus_gives_its_receipt_and_is_signed_with_a_key(root: Path, tmp_path: Path) -> None:
    other = open_study(root, clock=Clock()).as_reader("R2")
    while (session := other.next_case()) is not None:
        read_stage(session, 1)
    public = make_key(tmp_path / "c.pem", PASSPHRASE)
    receipts = tmp_path / "mine" / "consensus.txt"
    meeting = settle_all(root, Confirmations(receipts, ReaderKey(tmp_path / "c.pem", PASSPHRASE)))
    assert meeting.receipt_problem == ""
    (line,) = read_receipts(receipts)
    assert line.receipt == meeting.receipt
    assert check_study(root, receipts=[receipts], keys={"consensus": public}).damages == ()
    (root / "consensus" / "C001" / "ct" / "signature.json").unlink()
    named = check_study(root, receipts=[receipts], keys={"consensus": public}).damages
    assert [damage.place for damage in named] == ["consensus/C001/ct/signature.json"]
    shutil.rmtree(root / "consensus" / "C001" / "ct")
    shutil.rmtree(root / "consensus" / "register")
    named = check_study(root, receipts=[receipts]).damages
    assert [(damage.place, "is not there" in damage.what) for damage in named] == [("consensus/C001/ct", True)]


def test_an_older_copy_of_a_consensus_is_noticed_and_not_gone_on_with(root: Path, tmp_path: Path) -> None:
    other = open_study(root, clock=Clock()).as_reader("R2")
    while (session := other.next_case()) is not None:
        read_stage(session, 1)
    folder = root / "consensus" / "C001" / "ct"
    with open_consensus(root, "C001", "ct") as meeting:
        items = list(meeting.differing)
        meeting.settle(items[0], meeting.choices(items[0])[0], why="we looked again")
        shutil.copytree(folder, tmp_path / "older")
        meeting.settle(items[1], meeting.choices(items[1])[0], why="we looked again")
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "older", folder)
    (damage,) = check_study(root).damages
    assert (damage.place, damage.entry) == ("consensus/C001/ct/journal.jsonl", 3)
    with pytest.raises(DamagedError, match="older copy of itself"):
        open_consensus(root, "C001", "ct")


def test_a_seal_that_says_otherwise_than_its_journal_is_told_though_every_hash_is_right(root: Path) -> None:
    path = root / "readings" / "R1" / "C001" / "ct-1" / "v1" / "seal.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    before = document["seal"]["sha256"]
    document["stages"]["ct"]["findings"]["confidence"]["value"] = 3
    document["actions"] += 1
    document["seal"]["sha256"] = ""
    document["seal"]["sha256"] = after = sha256_of(canonical_json(document))
    path.write_text(canonical_json(document) + "\n", encoding="utf-8")
    rewritten(
        root / "readings" / "R1" / "register",
        lambda body: body | {"sha256": after} if body.get("sha256") == before else body,
    )
    (damage,) = check_study(root).damages
    assert damage.place == "readings/R1/C001/ct-1/v1/seal.json"
    assert damage.what == "it says otherwise than its journal: answers, the number of changes."
    assert "Restore" in str(damage)
