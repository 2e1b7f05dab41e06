"""A training round: read before the study, told of the truth after each signature, kept apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_vcf.cli import main
from napari_vcf.phantom import training_round
from napari_vcf.phantom.training_round import add_round, create_training, truth_of
from napari_vcf.reading import ITEMS
from napari_vcf.study import NotYetError, StageSession, check_study, create_study, open_study
from napari_vcf.study.hashed_files import write_record
from napari_vcf.study.training import check_training, results_of, training_folder
from support.studies import Clock, gestures, protocol_text, write_case
from support.training import LOSSES, truth


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A study that asks for training, and its round of two cases whose truth a scripted reader hits."""
    (tmp_path / "protocol.toml").write_text(
        protocol_text(training="required", stages=["ct", "mri"], washout_days=7.0), encoding="utf-8"
    )
    for name in ("images", "training-images"):
        for number in range(2):
            (tmp_path / name / str(number)).mkdir(parents=True)
    create_study(
        tmp_path / "study", protocol=tmp_path / "protocol.toml", readers=["R1"], seed=1, images=[tmp_path / "images"]
    )
    (tmp_path / "p.toml").write_text(protocol_text(stages=["ct", "mri"]), encoding="utf-8")
    place = training_folder(tmp_path / "study")
    record = create_study(
        place, protocol=tmp_path / "p.toml", readers=["R1"], seed=2, images=[tmp_path / "training-images"]
    )
    (place / "truth").mkdir()
    for case in record.cases:
        write_record(place / "truth" / f"{case}.json", truth(case))
        write_case(place / "cases" / case)
        write_case(tmp_path / "study" / "cases" / case)
    return tmp_path / "study"


def signed(session: StageSession) -> StageSession:
    for gesture in gestures(session):
        gesture()
    session.seal()
    return session


def read_round(place: Path) -> list[StageSession]:
    reader = open_study(place, clock=Clock()).as_reader("R1")
    found = []
    while (session := reader.next_case()) is not None:
        assert session.feedback == ()
        found.append(signed(session))
    return found


def test_after_a_signature_every_number_and_grade_is_told_beside_its_truth(root: Path) -> None:
    sessions = read_round(training_folder(root))
    told = next(session.feedback for session in sessions if session.stage == "mri")
    assert told[:5] == (
        "Fractured vertebra: L1, true L1",
        "Loss of height, anterior: 50.0 %, true 50.0 %",
        "Loss of height, middle: 33.3 %, true 33.3 %",
        "Loss of height, posterior: 16.7 %, true 16.7 %",
        "Degree: II, true II",
    )
    assert told[5:7] == ("Share of the lesion: 0.500, true 0.500", "Extent: G3, true G3")
    assert [line.split(":")[0] for line in told[7:10]] == ["ADC, lesion", "ADC, normal", "ADC, lesion to normal"]
    assert all(line.count("µm²/s") == 2 for line in told[7:9])
    heights = [f"Height of {level}, {position}" for level in ("T12", "L1", "L2") for position in LOSSES]
    assert [line.split(":")[0] for line in told[10:]] == heights
    assert told[10] == "Height of T12, anterior: 30.0 mm, true 30.0 mm"
    assert check_study(training_folder(root)).damages == ()


def test_a_study_that_asks_for_training_opens_after_a_round_within_the_limits(root: Path) -> None:
    reader = open_study(root, clock=Clock()).as_reader("R1")
    with pytest.raises(NotYetError, match="0 of 4 stages are signed"):
        reader.next_case()
    read_round(training_folder(root))
    (result,) = results_of(training_folder(root), "R1")
    assert (result.signed, result.stages) == (4, 4)
    assert result.errors["loss"] == pytest.approx(0, abs=1e-9)
    # The means of random voxels are not those of the truth.
    assert ("adc" in result.beyond) == (result.errors["adc"] > 5)
    means = {one.read for _, _, one in result.comparisons if one.item == "ADC, lesion"}
    value = float(means.pop().split()[0])
    for case in ("C001", "C002"):
        path = training_folder(root) / "truth" / f"{case}.json"
        marrow = next(one.read for _, _, one in result.comparisons if one.item == "ADC, normal")
        known = truth(case).model_copy(update={"adc_um2_per_s": {"lesion": value, "marrow": float(marrow.split()[0])}})
        write_record(path, known, overwrite=True)
    (result,) = results_of(training_folder(root), "R1")
    assert result.is_met
    reader.next_case().close()


@pytest.mark.parametrize("kind", ["share", "adc"])
def test_a_round_that_is_further_from_the_truth_keeps_the_study_closed(root: Path, kind: str) -> None:
    place = training_folder(root)
    for case in ("C001", "C002"):
        other = truth(case, share=0.2) if kind == "share" else truth(case, adc=5000.0)
        write_record(place / "truth" / f"{case}.json", other, overwrite=True)
    read_round(place)
    (result,) = results_of(place, "R1")
    assert kind in result.beyond
    with pytest.raises(NotYetError, match=r"further from the truth than the protocol allows.*--more N"):
        check_training(root, "R1", open_study(root).protocol)


def test_the_wrong_vertebra_is_told_and_is_within_no_limit(root: Path) -> None:
    place = training_folder(root)
    other = truth("C001").model_copy(update={"fractured": "L2", "above": "L1", "below": "L3"})
    heights = {"L2": other.heights_mm["L1"], "L1": other.heights_mm["T12"], "L3": other.heights_mm["T12"]}
    for case in ("C001", "C002"):
        known = other.model_copy(update={"case": case, "heights_mm": heights})
        write_record(place / "truth" / f"{case}.json", known, overwrite=True)
    told = read_round(place)[0].feedback
    assert told[0] == "Fractured vertebra: L1, true L2"
    (result,) = results_of(place, "R1")
    assert np.isinf(result.errors["loss"])
    assert not result.is_met


def test_who_measures_nothing_in_a_round_is_within_no_limit(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = training_folder(root)
    reader = open_study(place, clock=Clock()).as_reader("R1")
    while (session := reader.next_case()) is not None:
        reading, stage = session.reading, session.stage
        reading.set_spine("L1")
        for key in reading.asked(stage):
            if ITEMS[key].may_be_left_open:
                reading.mark_not_assessable(stage, key, "motion artefact")
            else:
                reading.answer(stage, key, ITEMS[key].values[-1])
        session.seal()
    (result,) = results_of(place, "R1")
    assert result.errors == {"loss": np.inf, "share": np.inf, "adc": np.inf}
    assert not result.is_met
    with pytest.raises(NotYetError, match="or was not measured"):
        check_training(root, "R1", open_study(root).protocol)
    assert main(["study", "training", str(place), "--reader", "R1"]) == 0
    assert "ADC: measured nowhere, or on another vertebra, beyond the limit" in capsys.readouterr().out


@pytest.mark.slow
def test_a_round_is_made_of_synthetic_cases_and_another_one_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images" / "a").mkdir(parents=True)
    (tmp_path / "p.toml").write_text(protocol_text(stages=["ct", "mri"], rereads=1), encoding="utf-8")
    arguments = ["--protocol", str(tmp_path / "p.toml"), "--reader", "R1", "--seed", "1"]
    images = ["--images", str(tmp_path / "images"), "--training", "1"]
    assert main(["study", "create", str(tmp_path / "s"), *arguments, *images]) == 0
    place = training_folder(tmp_path / "s")
    assert main(["study", "prepare", str(place)]) == 0
    assert add_round(place, 1) == ("C002",)
    assert sorted(path.name for path in (place / "truth").iterdir()) == ["C001.json", "C002.json"]
    # Nothing that a reader's process of the round opens says which vertebra it is before the signature but the truth.
    assert check_study(place).damages == ()
    capsys.readouterr()
    assert main(["study", "training", str(place)]) == 0
    assert "R1, round 2: 0 of 2 stages signed" in capsys.readouterr().out


def test_a_round_has_as_many_cases_as_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_vcf.phantom import PhantomSpec, make_truth

    made = make_truth(PhantomSpec(contrasts=("T2",)))
    monkeypatch.setattr(training_round, "make_case", lambda spec: type("Case", (), {"truth": made}))
    monkeypatch.setattr(training_round, "write_dicom", lambda case, folder: folder.mkdir(parents=True))
    (tmp_path / "p.toml").write_text(protocol_text(washout_days=7.0, rereads=5), encoding="utf-8")
    record = create_training(tmp_path / "s", 3, protocol=tmp_path / "p.toml", readers=["R1", "R2"])
    assert (len(record.cases), record.readers) == (3, ("R1", "R2"))
    protocol = open_study(training_folder(tmp_path / "s")).protocol
    assert (protocol.study.washout_days, protocol.study.rereads) == (0.0, 0)
    known = truth_of(made, "C001")
    assert known.heights_mm[made.level] == dict(made.heights_mm[made.level])
    assert sum(known.lesion_per_slice) / sum(known.body_per_slice) == pytest.approx(made.lesion_share)


def test_a_study_whose_protocol_asks_for_training_is_not_made_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images" / "a").mkdir(parents=True)
    (tmp_path / "p.toml").write_text(protocol_text(training="required"), encoding="utf-8")
    arguments = ["study", "create", str(tmp_path / "s"), "--protocol", str(tmp_path / "p.toml"), "--reader", "R1"]
    arguments += ["--seed", "1", "--images", str(tmp_path / "images")]
    assert main(arguments) == 1
    assert "give --training N" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*arguments, "--training", "0"])
    assert "1 to 100 cases" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"images", "p.toml"}
    training_folder(tmp_path / "s").mkdir()
    assert main(arguments) == 0
