"""Readings as DICOM: foreign programs call the objects valid, and find our numbers and voxels in them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import SimpleITK

pytest.importorskip("highdicom", reason="highdicom, which writes these objects, is not installed")

from napari_vcf.cli import main
from napari_vcf.interchange.codes import ITEM_CODES, NUMBER_CODES, PRIVATE_SCHEME, TEXT_CODES, VALUE_CODES
from napari_vcf.interchange.errors import InterchangeError
from napari_vcf.interchange.groups import Group, group_differences, groups_of
from napari_vcf.interchange.modules import Identity
from napari_vcf.interchange.report import read_report
from napari_vcf.interchange.segmentation import segmentation
from napari_vcf.interchange.sources import Sources
from napari_vcf.interchange.writing import write_dicom
from napari_vcf.notice import INTENDED_USE
from napari_vcf.reading import ITEMS, read_reading
from napari_vcf.reading.label_proposing import LABEL_METHOD
from napari_vcf.reading.masks import decode_mask
from napari_vcf.reading.proposing import METHOD
from napari_vcf.reading.state import BodyEnds, BodyProposal
from napari_vcf.study import export_study, open_consensus, open_study
from support.dicom_tools import run, validation_errors
from support.made_readings import MADE, joined, make
from support.patients import begin, read


@pytest.fixture(scope="module", params=list(MADE))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A reading, and what was written of it."""
    base = tmp_path_factory.mktemp("made")
    case = make(request.param, base)
    case.kind = request.param
    case.written = write_dicom(case.path, case.images, base / "out")
    case.export = read_reading(case.path)
    return case


def of_kind(case: SimpleNamespace, kind: str) -> list[Path]:
    return [path for path in case.written.files if f".{kind}" in path.name]


def test_every_object_is_valid(made: SimpleNamespace) -> None:
    assert {str(path): validation_errors(path) for path in made.written.files} == {
        str(path): [] for path in made.written.files
    }


def test_the_objects_are_those_that_the_reading_calls_for(made: SimpleNamespace) -> None:
    painted = [f"seg-{stage}" for stage, part in made.export.stages.items() if part.extent is not None]
    joined = [f"reg-{level}" for level, entry in made.export.registrations.items() if entry.acceptance == "accepted"]
    wanted = [f"C001_R1.{name}.dcm" for name in ["sr", *painted, *joined]]
    assert [path.name for path in made.written.files] == wanted


def test_dcmtk_reads_the_report(made: SimpleNamespace) -> None:
    (report,) = of_kind(made, "sr")
    result = run("dsrdump", "+Pl", report)
    assert result.returncode == 0, result.stderr
    assert INTENDED_USE in result.stdout


def test_dcmqi_finds_every_number_of_the_reading(made: SimpleNamespace, tmp_path: Path) -> None:
    (report,) = of_kind(made, "sr")
    result = run("tid1500reader", "--inputDICOM", report, "--outputMetadata", tmp_path / "found.json")
    assert result.returncode == 0, result.stderr
    found = {
        group["TrackingIdentifier"]: [
            (item["quantity"]["CodeMeaning"], item["units"]["CodeValue"], float(item["value"]))
            for item in group.get("measurementItems", ())
        ]
        for group in json.loads((tmp_path / "found.json").read_text())["Measurements"]
    }
    for group in groups_of(made.export, ""):
        wanted = [(NUMBER_CODES[n.concept].meaning, n.unit, n.value) for n in group.numbers]
        assert [entry[:2] for entry in found[group.name]] == [entry[:2] for entry in wanted]
        # A decimal string holds sixteen characters.
        assert [entry[2] for entry in found[group.name]] == pytest.approx([entry[2] for entry in wanted], rel=1e-12)


def test_dcmqi_finds_the_voxels_where_they_were_painted(made: SimpleNamespace, tmp_path: Path) -> None:
    for path in of_kind(made, "seg"):
        stage = path.name.split("seg-")[1].removesuffix(".dcm")
        result = run(
            "segimage2itkimage", "--inputDICOM", path, "--outputDirectory", tmp_path, "-t", "nrrd", "-p", stage
        )
        assert result.returncode == 0, result.stderr
        masks = made.export.stages[stage].masks
        for number, name in enumerate(("body", "lesion"), start=1):
            image = SimpleITK.ReadImage(str(tmp_path / f"{stage}-{number}.nrrd"))
            inside = np.argwhere(SimpleITK.GetArrayFromImage(image) > 0)
            found = np.array([image.TransformIndexToPhysicalPoint([int(n) for n in at[::-1]]) for at in inside])
            grid = masks.grid.grid()
            painted = np.argwhere(decode_mask(getattr(masks, name), grid.shape))
            wanted = grid.to_lps(painted[:, ::-1])
            assert len(found) == len(wanted)
            order, other = np.lexsort(found.round(2).T), np.lexsort(wanted.round(2).T)
            np.testing.assert_allclose(found[order], wanted[other], atol=2e-3)


def test_the_report_says_what_the_reading_says(made: SimpleNamespace) -> None:
    (report,) = of_kind(made, "sr")
    about = {group.name: group for group in read_report(report)}["reading:about"]
    wanted = groups_of(made.export, dict(about.texts)["reading_sha256"])
    assert group_differences(wanted, read_report(report)) == ()
    assert made.written.numbers == sum(len(group.numbers) for group in wanted)


def test_objects_belong_to_the_patient_and_study_of_the_images(made: SimpleNamespace) -> None:
    source = [
        pydicom.dcmread(p, stop_before_pixels=True)
        for p in made.images.rglob("*")
        if p.suffix != ".txt" and p.is_file()
    ]
    for path in made.written.files:
        dataset = pydicom.dcmread(path)
        assert dataset.PatientID in {d.PatientID for d in source}
        assert dataset.StudyInstanceUID in {d.StudyInstanceUID for d in source}
        assert dataset.ClinicalTrialSubjectID == "C001"
        assert INTENDED_USE in dataset.ContributingEquipmentSequence[0].ContributionDescription


def test_a_rectangle_lies_on_its_native_slice(made: SimpleNamespace) -> None:
    """As Slicer's QuantitativeReporting reads it: corners in pixels, from the corner of the first one."""
    (report,) = of_kind(made, "sr")
    sources = {}
    for path in made.images.rglob("*"):
        if path.is_file() and path.suffix != ".txt":
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
            sources[dataset.SOPInstanceUID] = dataset
    regions = [item for item in pydicom.dcmread(report).iterall() if item.VR == "FL" and item.keyword == "GraphicData"]
    rois = sum(len(part.rois) for part in made.export.stages.values())
    planar = [item for item in _items(pydicom.dcmread(report)) if item.ValueType == "SCOORD"]
    assert len(planar) == rois
    assert len(regions) >= rois
    for item in planar:
        points = np.array(item.GraphicData).reshape(-1, 2)
        assert item.GraphicType == "POLYLINE"
        np.testing.assert_array_equal(points[0], points[-1])
        reference = item.ContentSequence[0].ReferencedSOPSequence[0]
        row_mm, column_mm = _spacing(sources[reference.ReferencedSOPInstanceUID])
        sides = np.linalg.norm(np.diff(points, axis=0) * (column_mm, row_mm), axis=1)
        np.testing.assert_allclose(np.sort(sides), [5, 5, 7, 7], atol=1e-4)


def _items(dataset: pydicom.Dataset) -> list[pydicom.Dataset]:
    found = []
    for item in dataset.get("ContentSequence", ()):
        found += [item, *_items(item)]
    return found


def _spacing(dataset: pydicom.Dataset) -> list[float]:
    if "PixelSpacing" in dataset:
        return list(dataset.PixelSpacing)
    return list(dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing)


def test_an_alignment_takes_ct_points_to_mr_points(tmp_path: Path) -> None:
    case = make("registration accepted", tmp_path)
    written = write_dicom(case.path, case.images, tmp_path / "out")
    dataset = pydicom.dcmread(next(path for path in written.files if "reg-" in path.name))
    mr, ct = dataset.RegistrationSequence
    matrix = ct.MatrixRegistrationSequence[0].MatrixSequence[0].FrameOfReferenceTransformationMatrix
    entry = read_reading(case.path).registrations["L1"]
    found = np.array(matrix, dtype=float).reshape(4, 4) @ (*entry.ct_point_lps, 1)
    np.testing.assert_allclose(found[:3], entry.mr_point_lps, atol=1e-6)
    identity = mr.MatrixRegistrationSequence[0].MatrixSequence[0].FrameOfReferenceTransformationMatrix
    np.testing.assert_array_equal(np.array(identity, dtype=float).reshape(4, 4), np.eye(4))
    assert dataset.FrameOfReferenceUID == mr.FrameOfReferenceUID
    assert dataset.ContentDescription == "CT to MR at L1, ok, accepted by the reader"


def test_an_alignment_whose_levels_the_reader_counted_is_described_as_what_it_then_is(tmp_path: Path) -> None:
    path = joined(tmp_path / "images", accept=True, counted=True).export(tmp_path / "C001_R1.json")
    assert read_reading(path).registrations["L1"].status == "doubtful"
    written = write_dicom(path, tmp_path / "images", tmp_path / "out")
    dataset = pydicom.dcmread(next(path for path in written.files if "reg-" in path.name))
    assert dataset.ContentDescription == "CT to MR at L1, ok, accepted by the reader"


def test_a_reading_that_the_images_do_not_confirm_is_not_written(tmp_path: Path) -> None:
    case = make("whole", tmp_path)
    document = json.loads(case.path.read_text())
    document["stages"]["mri"]["extent"]["lesion_cm3"] += 0.001
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document))
    with pytest.raises(InterchangeError, match="does not agree with the images in 1 values"):
        write_dicom(changed, case.images, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_images_of_another_patient_are_no_source(tmp_path: Path) -> None:
    case = make("whole", tmp_path)
    for path in (case.images / "T2").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.PatientID = "SOMEBODY-ELSE"
        dataset.save_as(path)
    with pytest.raises(InterchangeError, match="different patient identifiers"):
        write_dicom(case.path, case.images, tmp_path / "out")


def test_the_same_reading_gives_the_same_identifiers(tmp_path: Path) -> None:
    case = make("CT only", tmp_path)
    first = write_dicom(case.path, case.images, tmp_path / "one")
    again = write_dicom(case.path, case.images, tmp_path / "two")
    uids = [[pydicom.dcmread(path).SOPInstanceUID for path in each.files] for each in (first, again)]
    assert uids[0] == uids[1]


def algorithms(dataset: pydicom.Dataset) -> dict[str, tuple[str, str | None]]:
    return {
        segment.SegmentLabel: (segment.SegmentAlgorithmType, segment.get("SegmentAlgorithmName"))
        for segment in dataset.SegmentSequence
    }


def test_what_was_drawn_is_called_manual_and_a_lesion_by_threshold_is_not(tmp_path: Path) -> None:
    case = make("whole", tmp_path)
    masks = case.reading.state.stages["mri"].masks
    center = masks.grid.grid().to_lps((3.0, 3.0, 0.0))
    case.reading.threshold_lesion("mri", tissue="muscle", center_lps=center, radius_mm=6.0, side="darker", factor=5.0)
    case.reading.export(case.path, overwrite=True)
    written = {path.name: path for path in write_dicom(case.path, case.images, tmp_path / "out").files}
    found = {stage: pydicom.dcmread(written[f"C001_R1.seg-{stage}.dcm"]) for stage in ("mri", "combined")}
    assert algorithms(found["combined"]) == {"Vertebral body L1": ("MANUAL", None), "Lesion L1": ("MANUAL", None)}
    assert algorithms(found["mri"]) == {
        "Vertebral body L1": ("MANUAL", None),
        "Lesion L1": ("SEMIAUTOMATIC", "napari-vcf threshold against muscle"),
    }
    assert validation_errors(written["C001_R1.seg-mri.dcm"]) == []


@pytest.mark.parametrize("method", [METHOD, LABEL_METHOD])
@pytest.mark.parametrize("decided", ["accepted", "corrected", "rejected"])
def test_a_body_that_began_as_a_proposal_is_called_so(decided: str, method: str, tmp_path: Path) -> None:
    case = make("whole", tmp_path)
    export = read_reading(case.path)
    masks = export.stages["mri"].masks
    proposal = BodyProposal(
        images=(masks.image,),
        ends=BodyEnds(top_lps=((0.0, 0.0, 1.0),) * 3, bottom_lps=((0.0, 0.0, 0.0),) * 3),
        method=method,
        mask=masks.body,
        at=masks.at,
        **{decided: (2,)},
    )
    proposed = masks.model_copy(update={"proposal": proposal})
    source = Sources(export, case.images).image(masks.image)
    dataset = segmentation("mri", proposed, "L1", source, Identity(export, "0" * 64))
    # Where the slice was refused and drawn, nothing of the proposal is left.
    body = ("MANUAL", None) if decided == "rejected" else ("SEMIAUTOMATIC", f"napari-vcf {method}")
    assert algorithms(dataset) == {"Vertebral body L1": body, "Lesion L1": ("MANUAL", None)}
    dataset.save_as(tmp_path / "body.dcm", enforce_file_format=True)
    assert validation_errors(tmp_path / "body.dcm") == []


@pytest.mark.parametrize("stated", ["+0900", "-0330", "+0000", "", "-0000", None])
def test_times_of_the_study_keep_the_offset_of_the_images(stated: str | None, tmp_path: Path) -> None:
    """An offset holds for every date and time of an object, those that are the images' own included."""
    case = make("registration accepted", tmp_path)
    for path in case.images.rglob("*"):
        if path.is_file() and path.suffix != ".txt":
            image = pydicom.dcmread(path)
            image.StudyDate, image.StudyTime = "20230517", "080000"
            if stated is not None:
                image.TimezoneOffsetFromUTC = stated
            image.save_as(path)
    made_at = read_reading(case.path).exported_at.replace(microsecond=0)
    written = write_dicom(case.path, case.images, tmp_path / "out")
    assert {path.name.split(".")[1][:3] for path in written.files} == {"sr", "seg", "reg"}
    for path in written.files:
        dataset = pydicom.dcmread(path)
        assert (dataset.StudyDate, dataset.StudyTime) == ("20230517", "080000")
        assert dataset.get("TimezoneOffsetFromUTC") == (None if stated in ("", "-0000") else stated)
        offset = dataset.get("TimezoneOffsetFromUTC", "+0000")
        for of in ("Content", "Series", "InstanceCreation"):
            told = f"{dataset[f'{of}Date'].value}{dataset[f'{of}Time'].value}{offset}"
            assert datetime.strptime(told, "%Y%m%d%H%M%S%z") == made_at
        moment = str(dataset.ContributingEquipmentSequence[0].ContributionDateTime)
        assert datetime.strptime(moment, "%Y%m%d%H%M%S%z") == made_at
        assert validation_errors(path) == []


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", "SOMEBODY-ELSE"),
        ("StudyInstanceUID", "1.2.3.4"),
        ("ClinicalTrialSponsorName", "S2"),
        ("ClinicalTrialSubjectID", "C002"),
        ("ManufacturerModelName", "another program"),
    ],
)
def test_files_of_somebody_else_are_not_replaced(keyword: str, value: str, tmp_path: Path) -> None:
    case = make("CT only", tmp_path)
    (report,) = write_dicom(case.path, case.images, tmp_path / "out").files
    dataset = pydicom.dcmread(report)
    setattr(dataset, keyword, value)
    dataset.save_as(report)
    before = report.read_bytes()
    with pytest.raises(InterchangeError, match=r"C001_R1\.sr\.dcm in the folder out .* choose another folder"):
        write_dicom(case.path, case.images, tmp_path / "out")
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [before]


def test_the_report_of_another_reader_is_not_replaced(tmp_path: Path) -> None:
    case = make("CT only", tmp_path)
    write_dicom(case.path, case.images, tmp_path / "out")
    document = json.loads(case.path.read_text())
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / case.path.name
    other.write_text(json.dumps({**document, "reader": "R2"}))
    with pytest.raises(InterchangeError, match="another patient, study, case or reader"):
        write_dicom(other, case.images, tmp_path / "out")


def test_what_is_no_dicom_file_is_not_replaced(tmp_path: Path) -> None:
    case = make("CT only", tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "C001_R1.seg-ct.dcm").write_bytes(b"by hand")
    with pytest.raises(InterchangeError, match=r"C001_R1\.seg-ct\.dcm .* no object of this program"):
        write_dicom(case.path, case.images, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["C001_R1.seg-ct.dcm"]


def test_objects_that_a_report_no_longer_comes_with_do_not_stay_beside_it(tmp_path: Path) -> None:
    case = make("registration accepted", tmp_path)
    out = tmp_path / "out"
    first = write_dicom(case.path, case.images, out)
    assert {"C001_R1.seg-mri.dcm", "C001_R1.reg-L1.dcm"} <= {path.name for path in first.files}
    beside = [out / name for name in ("C001_R1.later.sr.dcm", "C001_R10.sr.dcm", "C001_R1.json")]
    for path in beside:
        path.write_bytes(b"of another reading")
    case.reading.refuse_registration("L1", "does not fit the posterior wall")
    case.reading.export(case.path, overwrite=True)
    again = write_dicom(case.path, case.images, out)
    assert "C001_R1.reg-L1.dcm" not in {path.name for path in again.files}
    assert sorted(out.iterdir()) == sorted([*again.files, *beside])


def test_the_command_writes_and_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = make("CT only", tmp_path)
    assert main(["dicom", str(case.path), "--images", str(case.images), "--out", str(tmp_path / "out")]) == 0
    assert "written and read back" in capsys.readouterr().out
    assert main(["dicom", "--read", str(tmp_path / "out" / "C001_R1.sr.dcm")]) == 0
    said = capsys.readouterr().out
    assert INTENDED_USE in said
    assert "height_anterior: 2.0 mm" in said
    assert main(["dicom", "--read", str(next(case.images.iterdir()))]) == 1
    assert "not a structured report of this program" in capsys.readouterr().err


def test_every_value_of_the_form_has_a_code_of_its_own() -> None:
    values = {str(value) for item in ITEMS.values() for value in item.values}
    assert values <= set(VALUE_CODES)
    assert set(ITEMS) <= set(ITEM_CODES)
    private = [
        code
        for table in (NUMBER_CODES, TEXT_CODES, ITEM_CODES, VALUE_CODES)
        for code in table.values()
        if code.scheme_designator == PRIVATE_SCHEME
    ]
    assert len({code.value for code in private}) == len(private)


def test_groups_that_differ_are_named() -> None:
    wanted = (Group("ct:findings"), Group("mri:findings"))
    assert group_differences(wanted, wanted[:1]) == ("mri:findings: only in the reading.",)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One case that two readers read and settled, with an amendment."""
    base = tmp_path_factory.mktemp("study")
    root = begin(base, 1, stages=["ct"])
    assert main(["study", "prepare", str(root)]) == 0
    for number, name in enumerate(("R1", "R2")):
        session = open_study(root).as_reader(name).next_case()
        read(session, number)
        session.close()
    with open_study(root).as_reader("R1").amend(session.case, "ct", "slip of the hand") as amendment:
        amendment.reading.answer("ct", "confidence", 2)
        amendment.seal()
    with open_consensus(root, session.case, "ct") as meeting:
        for item, answers in meeting.differing.items():
            meeting.settle(item, answers["A"].value, why="seen together")
        meeting.sign(["R1", "R2"])
    export_study(root, base / "exports")
    return SimpleNamespace(images=base / "images" / "Musterfrau_0", exports=sorted((base / "exports").rglob("*.json")))


@pytest.mark.parametrize("kind", ["R1", "R2", "consensus"])
def test_signed_readings_of_a_study_are_written_under_pseudonyms(
    study: SimpleNamespace, kind: str, tmp_path: Path
) -> None:
    (path,) = [path for path in study.exports if kind in path.name]
    export = read_reading(path)
    assert export.status == "sealed"
    written = write_dicom(path, study.images, tmp_path)
    (report,) = written.files
    assert validation_errors(report) == []
    dataset = pydicom.dcmread(report)
    assert (dataset.PreliminaryFlag, dataset.ClinicalTrialSubjectID) == ("FINAL", export.case)
    texts = " ".join(str(item.value) for item in dataset.iterall() if item.VR in ("PN", "UT", "ST", "LO"))
    # R1 amended; what the report says of that is read back below, with everything else.
    assert ("slip of the hand" in texts) == (kind == "R1")
    # Nothing of the other reader, and the reader by pseudonym only.
    other = {"R1": "R2", "R2": "R1"}.get(kind)
    assert other is None or other not in texts.replace("^", " ").split()
    assert f"{export.reader}^" in texts
    assert (
        group_differences(groups_of(export, hashlib.sha256(path.read_bytes()).hexdigest()), read_report(report)) == ()
    )


def test_the_documentation_lists_every_private_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "dicom-objects.md").read_text(encoding="utf-8")
    for table in (NUMBER_CODES, TEXT_CODES, ITEM_CODES, VALUE_CODES):
        for key, code in table.items():
            if code.scheme_designator == PRIVATE_SCHEME:
                assert f"| {code.value} | {code.meaning} |" in page
                assert f"`{key}` |" in page
