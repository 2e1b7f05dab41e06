"""Preparation: from files of a scanner to a study that names nobody, and back by verification."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_vcf.cli import main
from napari_vcf.reading import Case, UnknownImageError
from napari_vcf.study import StudyError, check_study, open_study, prepare_study
from napari_vcf.study.identity import scrub
from napari_vcf.study.prepared_case import PreparedCase
from napari_vcf.study.settled_roles import prepared_images, set_role
from napari_vcf.study.study_folder import default_key
from support.dicomfiles import SAGITTAL, parametric_map, save, slice_dataset
from support.patients import IDENTITY, begin, found_in, identity_of, read, write_patient
from support.studies import Clock


def test_no_identity_is_found_in_study_exports_or_output(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = finished.parent
    strings = identity_of(base / "images")
    assert len(strings) > 40
    assert {string for _, string in found_in(base / "images", strings)} >= set(IDENTITY.values())
    assert list(found_in(finished, strings)) == []
    assert list(found_in(base / "out", strings)) == []
    for arguments in (["status", str(finished)], ["prepare", str(finished), "--workers", "0"]):
        main(["study", *arguments])
    main(["check", str(finished)])
    output = capsys.readouterr()
    assert [string for string in strings if string in output.out + output.err] == []


def test_what_a_reader_has_in_memory_names_nobody(finished: Path) -> None:
    strings = identity_of(finished.parent / "images")
    case = PreparedCase(finished / "cases" / "C001", "combined")
    text = repr([(image, case.volume(image.id).data.sum()) for image in case.images.values()])
    assert [string for string in strings if string in text] == []


def test_the_salt_in_the_export_leads_whoever_has_the_images_to_them(finished: Path) -> None:
    images = next((finished.parent / "images").iterdir())
    exports = sorted((finished.parent / "out").glob("*.json"))
    assert len(exports) == 3
    for path in exports:
        assert main(["verify", str(path), "--images", str(images)]) == 0


def test_a_changed_export_is_not_verified(finished: Path, tmp_path: Path) -> None:
    source = finished.parent / "out" / "C001_R1_ct.json"
    images = next((finished.parent / "images").iterdir())
    changed = source.read_text(encoding="utf-8").replace("benign", "malignant")
    (tmp_path / "x.json").write_text(changed, encoding="utf-8")
    assert main(["verify", str(tmp_path / "x.json"), "--images", str(images)]) == 1
    document = json.loads(source.read_text(encoding="utf-8"))
    (tmp_path / "x.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    assert main(["verify", str(tmp_path / "x.json"), "--images", str(images)]) == 1


def test_prepared_voxels_and_geometry_are_those_of_the_files(finished: Path) -> None:
    prepared = PreparedCase(finished / "cases" / "C001", "combined")
    case = Case.open(next((finished.parent / "images").iterdir()), pseudonym="C001", salt=prepared.salt)
    assert set(prepared.images) == set(case.images)
    for name, image in case.images.items():
        mine = prepared.image(name)
        assert (mine.series.role, mine.series.unit) == (image.series.role, image.series.unit)
        assert mine.series.grid.is_close_to(image.series.grid)
        np.testing.assert_array_equal(prepared.volume(name).data, case.volume(name).data)


@pytest.mark.parametrize("index", [-1, 99])
def test_a_volume_that_an_image_does_not_have_is_refused_by_name(finished: Path, index: int) -> None:
    case = PreparedCase(finished / "cases" / "C001", "combined")
    image = case.with_role("CT")[0]
    with pytest.raises(UnknownImageError, match=f"there is no {index}"):
        case.volume(image.id, index)


def test_the_report_says_what_each_case_lacks_and_warns_of_burned_in_text(finished: Path) -> None:
    (case,) = json.loads((finished / "prepare-report.json").read_text(encoding="utf-8"))["record"]["cases"]
    assert case["status"] == "prepared"
    assert "no T2FS" in case["lacks"]
    assert "no DWI" in case["lacks"]
    assert "no CT" not in case["lacks"]
    assert "1 files could not be read" in case["lacks"]
    assert case["remarks"] == ["ADC: risk of burned-in text: the files say that text is burned in."]


def test_preparing_again_changes_no_file(finished: Path) -> None:
    def files() -> dict[Path, tuple[int, bytes]]:
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in (finished / "cases").rglob("*")
            if path.is_file()
        }

    before, report = files(), (finished / "prepare-report.json").read_bytes()
    (outcome,) = prepare_study(finished, workers=0)
    assert outcome.status == "kept"
    assert files() == before
    assert (finished / "prepare-report.json").read_bytes() == report


def test_one_bad_case_does_not_stop_the_rest_and_what_was_interrupted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = begin(tmp_path, patients=3)
    shutil.rmtree(tmp_path / "images" / "Musterfrau_1")
    (tmp_path / "images" / "Musterfrau_1").mkdir()
    (root / "cases" / ".C001.0.part").mkdir()
    real, calls = np.save, [0]

    def interrupted(*args: object, **options: object) -> None:
        calls[0] += 1
        if calls[0] == 6:
            raise KeyboardInterrupt
        real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare_study(root, workers=0)
    outcomes = prepare_study(root, workers=0)
    statuses = sorted(outcome.status for outcome in outcomes)
    # The empty case may have come before the interruption, between the two, or after it.
    assert statuses in (["failed", "kept", "prepared"], ["failed", "prepared", "prepared"])
    assert not [path for path in (root / "cases").iterdir() if path.name.startswith(".")]
    capsys.readouterr()
    assert main(["study", "prepare", str(root), "--workers", "0"]) == 1
    assert "Its folder is empty." in capsys.readouterr().out
    write_patient(tmp_path / "images" / "Musterfrau_1", 1)
    assert main(["study", "prepare", str(root), "--workers", "0"]) == 0


def test_a_full_disk_fails_cases_and_not_the_preparation_which_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = begin(tmp_path, patients=2)
    real, calls = np.save, [0]

    def full(*args: object, **options: object) -> None:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(*args, **options)

    monkeypatch.setattr(np, "save", full)
    outcomes = prepare_study(root, workers=0)
    assert {(o.status, "No space left" in o.reason) for o in outcomes} == {("failed", True), ("prepared", False)}
    assert not [path for path in (root / "cases").iterdir() if path.name.startswith(".")]
    assert {o.status for o in prepare_study(root, workers=0)} <= {"prepared", "kept"}
    assert check_study(root).damages == ()


@pytest.mark.parametrize(("holder", "call", "ending"), [(os, "scandir", "CT Erika/"), (Path, "open", "001")])
def test_a_case_of_which_the_disk_gives_a_part_is_not_prepared_without_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: object, call: str, ending: str
) -> None:
    root = begin(tmp_path)
    real = getattr(holder, call)

    def refusing(path: object, *args: object, **options: object) -> object:
        if "CT Erika" in str(path) and f"{path}/".endswith((ending, f"{ending}/")):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(holder, call, refusing)
        (outcome,) = prepare_study(root, workers=0)
    assert outcome.status == "failed"
    assert "Input/output error" in outcome.reason
    assert "Erika" not in outcome.reason
    (outcome,) = prepare_study(root, workers=0)
    assert outcome.status == "prepared"
    assert "ct" in outcome.stages


def test_a_folder_of_cases_that_is_gone_is_made_again_and_one_that_cannot_be_written_is_a_sentence(
    tmp_path: Path,
) -> None:
    root = begin(tmp_path)
    (root / "cases").rmdir()
    (root / "cases").write_text("no folder", encoding="utf-8")
    with pytest.raises(StudyError, match="Nothing was prepared"):
        prepare_study(root, workers=0)
    (root / "cases").unlink()
    assert prepare_study(root, workers=0)[0].status == "prepared"


def test_files_that_change_while_a_case_is_read_are_refused(tmp_path: Path) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    open_study(root, clock=Clock()).as_reader("R1").next_case().close()
    path = next((tmp_path / "images").rglob("erikact*"))
    path.unlink()
    (outcome,) = prepare_study(root, workers=0)
    assert (outcome.status, "being read already" in outcome.reason) == ("failed", True)
    assert (root / "cases" / "C001" / "case.json").is_file()


def test_a_key_that_is_missing_or_of_another_study_is_refused(tmp_path: Path) -> None:
    root = begin(tmp_path)
    key = default_key(root)
    text = key.read_text(encoding="utf-8")
    key.write_text(text.replace('"study": "study"', '"study": "other"'), encoding="utf-8")
    with pytest.raises(StudyError, match="key of study other"):
        prepare_study(root, workers=0)
    key.unlink()
    with pytest.raises(StudyError, match="name it with --key"):
        prepare_study(root, workers=0)


def test_a_damaged_prepared_image_is_noticed_when_it_is_opened(tmp_path: Path) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    path = next((root / "cases" / "C001" / "ct").glob("*.npy"))
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    case = PreparedCase(root / "cases" / "C001", "ct")
    with pytest.raises(StudyError, match="not as it was prepared"):
        case.volume(next(iter(case.images)))


def test_the_coordinator_says_what_an_image_is_before_anybody_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    before = (root / "cases/C001/case.json").read_bytes()
    capsys.readouterr()
    assert main(["study", "images", str(root), "--case", "C001"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["CT", "T1", "T2", "ADC"]
    role = ["study", "role", str(root), "--case", "C001", "--image"]
    for wrong, words in (("T9", "has no image"), ("T1", "is not a role")):
        assert main([*role, wrong, "--role", "T2FS" if wrong == "T9" else "T3"]) == 1
        assert words in capsys.readouterr().err
    assert main([*role, "T1", "--role", "T2FS"]) == 0
    (outcome,) = prepare_study(root, workers=0)
    assert (outcome.status, "no T1" in outcome.lacks, "no T2FS" in outcome.lacks) == ("prepared", True, False)
    assert (root / "cases/C001/case.json").read_bytes() != before
    assert prepare_study(root, workers=0)[0].status == "kept"
    reader = open_study(root, clock=Clock()).as_reader("R1")
    while (session := reader.next_case()) is not None:
        read(session)
    assert main([*role, "T2FS", "--role", "T1"]) == 1
    assert "being read already" in capsys.readouterr().err
    # Who has the images recomputes it with the same role.
    assert main(["export", str(root), "--out", str(tmp_path / "out")]) == 0
    for path in (tmp_path / "out").glob("*.json"):
        assert main(["verify", str(path), "--images", str(next((tmp_path / "images").iterdir()))]) == 0


def test_the_coordinator_gives_b_values_that_no_header_states_and_an_adc_follows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = begin(tmp_path)
    patient = next(folder for folder in (tmp_path / "images").iterdir())
    shutil.rmtree(patient / "ADC")
    shape, adc = (5, 6, 8), 1100.0
    for place, b_value in enumerate((0, 800)):
        signal = np.full(shape, round(3000 * np.exp(-b_value * adc / 1e6)), np.int16)
        for number in range(shape[0]):
            dataset = slice_dataset(
                signal[number], (4.8 * number - 20.0, 30.0, 40.0), orientation=SAGITTAL,
                SeriesDescription="ep2d_diff_sag", pixel_spacing=(4.0, 5.0),
                TemporalPositionIdentifier=place, ScanningSequence=["EP", "SE"],
                RepetitionTime=4000, EchoTime=70,
            )  # fmt: skip
            save(dataset, patient / f"dwi-{place}-{number}")
    (outcome,) = prepare_study(root, workers=0)
    assert {"no ADC", "DWI states no b-value; where they are known, give them with 'napari-vcf study b-values'"} <= set(
        outcome.lacks
    )
    given = ["study", "b-values", str(root), "--case", "C001", "--image"]
    capsys.readouterr()
    for image, values, words in (
        ("T9", "0,800", "has no image"), ("T2", "0,800", "only be given for diffusion"), ("DWI", "0,many", "numbers"),
        ("DWI", "0,800,1200", "2 volumes, and 3 b-values"), ("DWI", "0,-800", "is not a b-value"),
    ):  # fmt: skip
        assert main([*given, image, "--b-values", values]) == 1
        assert words in capsys.readouterr().err
    assert main([*given, "DWI", "--b-values", "0,800"]) == 0
    (outcome,) = prepare_study(root, workers=0)
    assert (outcome.status, "no ADC" in outcome.lacks) == ("prepared", False)
    assert prepare_study(root, workers=0)[0].status == "kept"
    reader = open_study(root, clock=Clock()).as_reader("R1")
    while (session := reader.next_case()) is not None:
        if session.stage == "mri":
            (found,) = session.reading.case.with_role("ADC")
            assert np.allclose(session.reading.case.volume(found.id).data, adc, atol=1)
            assert any("b-values given by the person: 0, 800 s/mm2." in said for said in found.series.corrections)
        read(session)
    assert main([*given, "DWI", "--b-values", "0,1000"]) == 1
    assert "being read already" in capsys.readouterr().err
    assert check_study(root).damages == ()
    # Who has the images recomputes it with the same b-values.
    assert main(["export", str(root), "--out", str(tmp_path / "out")]) == 0
    for path in (tmp_path / "out").glob("*.json"):
        assert main(["verify", str(path), "--images", str(patient)]) == 0


@pytest.mark.slow
def test_processes_and_a_cluster_give_the_same_files(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    root = begin(tmp_path, patients=2)

    def files() -> dict[str, bytes]:
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    prepare_study(root, workers=1)
    pool = files()
    shutil.rmtree(root / "cases")
    (root / "cases").mkdir()
    # Its workers are threads of this process: the files are the same, and the test is shorter.
    with distributed.LocalCluster(n_workers=2, processes=False, dashboard_address=None) as cluster:
        prepare_study(root, scheduler=cluster.scheduler_address)
    assert files() == pool
    assert len([name for name in pool if name.endswith(".npy")]) == 8


def test_scrubbing_takes_longer_names_first() -> None:
    assert scrub("file AB/ABCD of ABCDE", frozenset({"ABCD", "AB/ABCD"})) == "file [removed] of [removed]E"


def test_a_nifti_image_is_read_in_the_stage_of_the_role_that_the_coordinator_gave_it(tmp_path: Path) -> None:
    import SimpleITK

    case = tmp_path / "images" / "Musterfrau"
    write_patient(case)
    shutil.rmtree(case / "T2")
    SimpleITK.WriteImage(
        SimpleITK.GetImageFromArray(np.arange(320, dtype=np.float32).reshape(5, 8, 8)), case / "erika.nii.gz"
    )
    root = begin(tmp_path, patients=0)
    prepare_study(root, workers=0)
    assert set_and_stages(root, None) == {"combined"}
    assert set_and_stages(root, "T2") == {"mri", "combined"}
    assert set_and_stages(root, "CT") == {"ct", "combined"}


def test_an_adc_map_that_other_software_wrote_is_read_in_the_stage_of_mri(tmp_path: Path) -> None:
    case = tmp_path / "images" / "Musterfrau"
    write_patient(case)
    save(parametric_map(np.full((4, 12, 20), 1.2e-3, dtype=np.float32), "mm2/s"), case / "map")
    root = begin(tmp_path, patients=0)
    prepare_study(root, workers=0)
    (image,) = [found for found in prepared_images(root, "C001") if found.series.modality == "OT"]
    stages = ("ct", "mri", "combined")
    held = {stage for stage in stages if image.id in PreparedCase(root / "cases" / "C001", stage).images}
    assert held == {"mri", "combined"}


def set_and_stages(root: Path, role: str | None) -> set[str]:
    """Give the image without a modality a role, and prepare; the stages in which it is there."""
    (image,) = [found for found in prepared_images(root, "C001") if not found.series.modality]
    if role is not None:
        set_role(root, "C001", image.id, role)
        prepare_study(root, workers=0)
    stages = ("ct", "mri", "combined")
    return {stage for stage in stages if image.id in PreparedCase(root / "cases" / "C001", stage).images}


def test_a_preparation_that_is_interrupted_does_not_go_through_the_rest_first(tmp_path: Path) -> None:
    root = begin(tmp_path, patients=8)

    def interrupt(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_study(root, workers=1, progress=interrupt)
    ready = sum((path / "case.json").is_file() for path in (root / "cases").iterdir())
    # The one that was done, one at work, and what had been handed to the worker by then.
    assert 1 <= ready <= 5
    again = prepare_study(root, workers=1)
    assert sorted(outcome.status for outcome in again) == ["kept"] * ready + ["prepared"] * (8 - ready)


def test_workers_have_one_thread_each_and_what_the_person_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_vcf.study.prepare_study import _workers_start

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    before, script = dict(os.environ), sys.modules["__main__"]
    with _workers_start():
        assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == ("3", "1")
    assert dict(os.environ) == before
    assert sys.modules["__main__"] is script
