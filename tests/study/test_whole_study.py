"""A whole study, from `create` to `agreement`, by the commands of the README in their order."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from napari_vcf.cli import main
from napari_vcf.study import check_study, open_consensus, open_study
from napari_vcf.study.reading_order import drawn
from napari_vcf.study.study_folder import default_key
from support.patients import read, write_patient

CASES = 40
README = Path(__file__).parents[2] / "README.md"


def commands_of_the_readme() -> list[str]:
    text = README.read_text(encoding="utf-8")
    block = re.search(r"## A study with several readers\n\n```console\n(.*?)```", text, re.DOTALL)
    return [line.split("#")[0].removeprefix("$ napari-vcf ").strip() for line in block[1].splitlines()]


def run(command: str, **names: Path) -> int:
    """One command of the README with its placeholders filled in."""
    words = [str(names.get(word, word)) for word in command.split()]
    return main(words)


@pytest.mark.slow
def test_a_study_of_forty_cases_goes_from_its_protocol_to_its_agreement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = commands_of_the_readme()
    assert [step.split()[0] for step in steps] == [
        "study",
        "study",
        "study",
        "read",
        "consensus",
        "export",
        "agreement",
    ]
    monkeypatch.chdir(tmp_path)
    places = {name: tmp_path / name.lower() for name in ("STUDY", "IMAGES", "EXPORTS", "RESULTS")}
    root = places["STUDY"]
    for number in range(CASES):
        write_patient(places["IMAGES"] / f"Musterfrau_{number}", number)
        if number < 2:
            shutil.rmtree(places["IMAGES"] / f"Musterfrau_{number}" / "CT Erika")

    capsys.readouterr()
    assert main(["study", "protocol"]) == 0
    text = capsys.readouterr().out.replace("rereads = 0", "rereads = 1")
    (tmp_path / "protocol.toml").write_text(text, encoding="utf-8")
    assert run(steps[1], **places) == 0
    assert run(steps[2], **places) == 0

    folders = {case: link["folder"] for case, link in json.loads(default_key(root).read_text())["cases"].items()}
    without_ct = sorted(case for case, folder in folders.items() if folder.endswith(("_0", "_1")))
    for case in without_ct:
        for stage in ("ct", "combined"):
            words = ["--case", case, "--stage", stage, "--reason", "no CT was made"]
            assert main(["study", "unreadable", str(root), *words]) == 0
    # Which case is read again is drawn among the pseudonyms, and which patient has that one is drawn anew each time.
    (again,) = drawn(list(folders), 1, "again")[:1]
    withdrawn, amended = [case for case in folders if case not in (*without_ct, again)][:2]
    for reader in ("R1", "R2"):
        study = open_study(root).as_reader(reader)
        count = 0
        while (session := study.next_case()) is not None:
            with session:
                read(session, count % 2 if reader == "R1" else 0)
            count += 1
            if (reader, count) == ("R1", 3):
                words = ["--case", withdrawn, "--reason", "consent was taken back"]
                assert main(["study", "withdraw", str(root), *words]) == 0
        assert study.progress()[0] == study.progress()[1]
    with open_study(root).as_reader("R1").amend(amended, "ct", "looked at once more") as session:
        session.reading.answer("ct", "confidence", 2)
        session.seal()
    with open_consensus(root, amended, "ct") as meeting:
        for item in meeting.missing():
            meeting.settle(item, meeting.choices(item)[0], why="we looked again")
        meeting.sign(["R1", "R2"])

    assert run(steps[5], **places) == 0
    assert run(steps[6].replace("--out", "--bootstrap 0 --out"), **places) == 0
    report = check_study(root, exports=places["EXPORTS"])
    assert report.damages == ()
    document = json.loads((places["RESULTS"] / "agreement.json").read_text(encoding="utf-8"))
    assert document["cases"] == CASES - 1
    assert document["readers"] == ["R1", "R2"]
    for case in without_ct:
        assert f"Case {case}, stage ct: set aside by the coordinator: no CT was made." in document["remarks"]
    names = {path.name for path in places["EXPORTS"].glob("*.json")}
    assert f"{amended}_R1_ct_v2.json" in names
    assert f"{amended}_R1_ct.json" not in names
    assert not any(name.startswith(withdrawn) for name in names)
    readable = 1 if again in without_ct else 3
    assert sum("_again2" in name for name in names) == 2 * readable
    assert all(name.startswith(again) for name in names if "_again2" in name)
