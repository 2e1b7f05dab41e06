"""Label maps as nibabel, SimpleITK and highdicom write them: place, structures, names, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vcf.dicom import LabelMapError, Role, scan_folder, with_role
from napari_vcf.dicom.labels import LabelMap, is_label_map, read_label_map
from napari_vcf.dicom.labels.naming import structure_of
from napari_vcf.geometry import Grid, RigidTransform
from support.dicomfiles import FRAME_UID, save, slice_dataset
from support.labelfiles import stored, write_nifti, write_nrrd
from support.realdata import data_path

_TURN = RigidTransform.from_rotation_vector((4.0, -7.0, 3.0), (0, 0, 0)).matrix
GRID = Grid(
    (5, 8, 9),
    _TURN @ Grid.from_axes(
        (5, 8, 9), origin_lps=(-11.0, 20.0, -31.0), column_direction=(0, 1, 0), row_direction=(0, 0, -1),
        slice_direction=(1, 0, 0), spacing_mm=(3.5, 1.25, 0.75),
    ).affine_lps,
)  # fmt: skip


def some_labels(values: tuple[int, ...] = (1, 2)) -> np.ndarray:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    for number, value in enumerate(values):
        labels[1 + number % 3, 1:4, 2 + number % 5 : 5 + number % 5] = value
    return labels


def same_place(found: LabelMap, labels: np.ndarray, value: int) -> None:
    """Each voxel of a structure lies in the patient where it was written."""
    (wanted,) = (each for each in found.classes if value in each.values)
    mask = found.mask(wanted)
    own = np.sort(found.grid.to_lps(np.argwhere(mask)[:, ::-1]).round(3), axis=0)
    written = np.sort(GRID.to_lps(np.argwhere(labels == value)[:, ::-1]).round(3), axis=0)
    assert own.shape == written.shape
    assert np.allclose(own, written, atol=2e-3)


@settings(deadline=None)
@given(st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()), st.booleans())
def test_nifti_and_nrrd_of_any_orientation_lie_in_the_patient_where_they_were_written(
    tmp_path_factory, order, flips, as_nifti
):
    labels = some_labels()
    folder = tmp_path_factory.mktemp("labels")
    array, affine = stored(labels, GRID, tuple(order), flips)
    # SimpleITK writes no axes of the other hand to NIfTI, but NRRD holds any.
    found = read_label_map(
        write_nifti(folder / "a.nii.gz", array, affine) if as_nifti else write_nrrd(folder / "a.nrrd", array, affine)
    )
    assert found.format == ("nifti" if as_nifti else "nrrd")
    assert [each.values for each in found.classes] == [(1,), (2,)]
    for value in (1, 2):
        same_place(found, labels, value)


def named(path: Path) -> list[tuple[tuple[int, ...], str, str, str | None]]:
    return [(each.values, each.name, each.structure, each.level) for each in read_label_map(path).classes]


def nifti(path: Path, labels: np.ndarray, **options: object) -> Path:
    return write_nifti(path, *stored(labels, GRID), **options)


def test_names_in_a_nifti_header_are_taken(tmp_path):
    path = nifti(
        tmp_path / "out.nii.gz", some_labels((31, 32, 7)), names={31: "vertebrae_L1", 32: "vertebrae_T12", 9: "x"}
    )
    assert is_label_map(path)
    assert read_label_map(path).naming == "stated"
    assert named(path) == [
        ((31,), "vertebrae_L1", "vertebra", "L1"),
        ((32,), "vertebrae_T12", "vertebra", "T12"),
        ((7,), "label 7", "unknown", None),
    ]


@pytest.mark.parametrize(
    ("file", "values", "naming", "expected"),
    [
        ("vertebrae_body.nii.gz", (1, 2), "totalsegmentator_vertebrae_body",
         [((1,), "vertebrae_body", "bodies", None), ((2,), "intervertebral_discs", "other", None)]),
        ("vertebrae_L1.nii.gz", (1,), "file_name", [((1,), "vertebrae_L1", "vertebra", "L1")]),
        ("sub-1_mod-T2w_seg-spine_msk.nii.gz", (41, 49, 100), "spineps_subregions",
         [((41,), "Arcus_Vertebrae", "other", None), ((49,), "Vertebra_Corpus_border", "bodies", None),
          ((100,), "Vertebra_Disc", "other", None)]),
        ("sub-1_mod-T2w_seg-vert_msk.nii.gz", (8, 19, 20, 28), "spineps_levels",
         [((8,), "vertebra T1", "vertebra", "T1"), ((19,), "vertebra T12", "vertebra", "T12"),
          ((20,), "vertebra L1", "vertebra", "L1"), ((28,), "vertebra T13", "vertebra", "T13")]),
        ("mine.nii", (3,), "numbers", [((3,), "label 3", "unknown", None)]),
    ],
)  # fmt: skip
def test_labels_are_named_by_the_published_name_of_their_file(tmp_path, file, values, naming, expected):
    path = nifti(tmp_path / file, some_labels(values))
    assert read_label_map(path).naming == naming
    assert named(path) == expected


def test_the_border_of_the_body_and_what_lies_in_it_are_one_structure(tmp_path):
    found = read_label_map(nifti(tmp_path / "a_seg-subreg_msk.nii.gz", some_labels((49, 50))))
    (body,) = found.classes
    assert body.values == (49, 50)
    assert found.mask(body).sum() == (some_labels((49, 50)) > 0).sum()


@pytest.mark.parametrize(
    ("naming", "value", "level"),
    [
        ("totalsegmentator_total", 31, "L1"), ("totalsegmentator_total", 50, "C1"),
        ("totalsegmentator_total_v1", 22, "L1"), ("totalsegmentator_total_v1", 41, "C1"),
        ("totalsegmentator_vertebrae_mr", 6, "L1"), ("totalsegmentator_vertebrae_mr", 25, "C1"),
        ("spineps_levels", 25, "L6"),
    ],
)  # fmt: skip
def test_the_reader_may_say_by_which_table_the_numbers_are_named(tmp_path, naming, value, level):
    found = read_label_map(nifti(tmp_path / "map.nii.gz", some_labels((value,)))).named(naming)
    assert found.classes[0].level == level
    assert found.classes[0].structure == "vertebra"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Vertebral body L1", ("body", "L1")), ("L1 corpus", ("body", "L1")), ("vertebrae_body", ("bodies", None)),
        ("vertebrae_T11", ("vertebra", "T11")), ("L5", ("unknown", "L5")), ("Lesion L1", ("other", "L1")),
        ("L1/L2 disc", ("other", None)), ("Segment_1", ("unknown", None)), ("body_trunc", ("unknown", None)),
        ("T1 vertebra", ("vertebra", "T1")),
    ],
)  # fmt: skip
def test_a_name_tells_what_a_structure_is(name, expected):
    assert structure_of(name) == expected


def test_segments_of_slicer_are_named_in_their_layers(tmp_path):
    layers = np.stack([stored(some_labels((1, 2)), GRID)[0], stored(some_labels((1,)), GRID)[0]])
    header = {
        "Segment0_Name": "Vertebral body L1", "Segment0_LabelValue": "1", "Segment0_Layer": "0",
        "Segment1_Name": "Disc", "Segment1_LabelValue": "2", "Segment1_Layer": "0",
        "Segment2_Name": "L2", "Segment2_LabelValue": "1", "Segment2_Layer": "1",
    }  # fmt: skip
    path = write_nrrd(tmp_path / "Segmentation.seg.nrrd", layers, GRID.affine_lps, header)
    found = read_label_map(path)
    assert [(each.values, each.layer, each.name, each.structure) for each in found.classes] == [
        ((1,), 0, "Vertebral body L1", "body"),
        ((2,), 0, "Disc", "other"),
        ((1,), 1, "L2", "unknown"),
    ]
    assert found.mask(found.classes[2]).sum() == 9
    point = GRID.to_lps((3, 2, 1))
    assert {each.name for each in found.classes_at(point)} == {"Vertebral body L1", "L2"}
    assert is_label_map(path)


def test_one_layer_of_slicer_is_read(tmp_path):
    header = {"Segment0_Name": "T12 corpus", "Segment0_LabelValue": "1", "Segment0_Layer": "0"}
    path = write_nrrd(tmp_path / "Other.nrrd", *stored(some_labels((1,)), GRID), header)
    assert is_label_map(path)
    same_place(read_label_map(path), some_labels((1,)), 1)
    assert named(path) == [((1,), "T12 corpus", "body", "T12")]


# -- DICOM -------------------------------------------------------------------------------------------------------------
def source_images(folder: Path) -> list:
    affine = GRID.affine_lps
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    orientation = [*(affine[:3, 0] / steps[0]), *(affine[:3, 1] / steps[1])]
    made = []
    for index in range(GRID.shape[0]):
        dataset = slice_dataset(
            np.full(GRID.shape[1:], index, dtype=np.int16), GRID.to_lps((0, 0, index)), orientation=orientation,
            pixel_spacing=(steps[1], steps[0]), instance=index + 1,
        )  # fmt: skip
        dataset.PatientBirthDate = dataset.PatientSex = dataset.StudyDate = dataset.StudyTime = ""
        dataset.AccessionNumber = dataset.StudyID = dataset.ReferringPhysicianName = ""
        save(dataset, folder / f"s{index}.dcm")
        made.append(dataset)
    return made


def write_seg(folder: Path, path: Path, **options: object) -> Path:
    hd = pytest.importorskip("highdicom")
    from pydicom.sr.codedict import codes

    descriptions = [
        hd.seg.SegmentDescription(
            segment_number=number, segment_label=label, segmented_property_category=codes.SCT.AnatomicalStructure,
            segmented_property_type=kind, algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, (label, kind) in enumerate(
            [("Vertebral body L1", codes.SCT.L1Vertebra), ("Segment_2", codes.SCT.T12Vertebra)], start=1
        )
    ]  # fmt: skip
    labels = some_labels((1, 2))
    array = np.stack([labels == 1, labels == 2], axis=-1).astype(np.uint8)
    volume = hd.Volume(
        array, GRID.affine_lps[:, [2, 1, 0, 3]], coordinate_system="PATIENT", frame_of_reference_uid=FRAME_UID,
        channels={"SegmentNumber": [1, 2]},
    )  # fmt: skip
    made = hd.seg.Segmentation(
        source_images=source_images(folder), pixel_array=volume,
        segmentation_type=options.pop("kind", hd.seg.SegmentationTypeValues.BINARY),
        segment_descriptions=descriptions, series_instance_uid=hd.UID(), series_number=9, sop_instance_uid=hd.UID(),
        instance_number=1, manufacturer="Test Works", manufacturer_model_name="m", software_versions="1",
        device_serial_number="0", **options,
    )  # fmt: skip
    made.save_as(path)
    return path


@pytest.mark.parametrize("omit_empty_frames", [True, False])
def test_a_dicom_segmentation_lies_where_it_was_made_and_names_its_frame(tmp_path, omit_empty_frames):
    path = write_seg(tmp_path / "images", tmp_path / "seg.dcm", omit_empty_frames=omit_empty_frames)
    assert is_label_map(path)
    found = read_label_map(path)
    assert found.format == "dicom_seg"
    assert found.frame_of_reference_uid == FRAME_UID
    assert len(found.referenced_series) == 1
    assert [(each.values, each.structure, each.level) for each in found.classes] == [
        ((1,), "body", "L1"),
        ((2,), "vertebra", "T12"),
    ]
    for value in (1, 2):
        same_place(found, some_labels((1, 2)), value)
    assert [each.values for each in found.classes_at(GRID.to_lps((3, 2, 1)))] == [(1,)]
    assert found.classes_at(GRID.to_lps((0, 0, 90))) == ()


def test_segments_are_read_in_any_thread(tmp_path):
    """The window reads the file in one thread, looks for the label in another and places it in a third."""
    path = write_seg(tmp_path / "images", tmp_path / "seg.dcm")
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        found = first.submit(read_label_map, path).result()
        here = found.mask(found.classes[0])
        there = second.submit(found.mask, found.classes[0]).result()
    assert here.any()
    assert np.array_equal(here, there)


def test_a_segmentation_takes_no_table_of_names(tmp_path):
    found = read_label_map(write_seg(tmp_path / "images", tmp_path / "seg.dcm"))
    with pytest.raises(LabelMapError, match="names its segments itself"):
        found.named("spineps_levels")


def test_label_maps_in_a_folder_of_images_are_no_images_of_a_role_and_the_way_to_use_them_is_named(tmp_path):
    write_seg(tmp_path / "case", tmp_path / "case" / "seg.dcm")
    nifti(tmp_path / "case" / "x_seg-vert_msk.nii.gz", some_labels())
    write_nrrd(tmp_path / "case" / "Body.seg.nrrd", *stored(some_labels(), GRID))
    scan = scan_folder(tmp_path / "case")
    refused = {str(entry.path): entry.reason for entry in scan.refused}
    maps = {series.description: series for series in scan.series if series.modality == ""}
    assert set(refused) == {"seg.dcm"}
    # A name is no proof: an image that is called like a mask can be given its role.
    assert set(maps) == {"x_seg-vert_msk.nii.gz", "Body.seg.nrrd"}
    assert {series.role for series in maps.values()} == {Role.OTHER}
    assert all("From labels" in said for said in (*refused.values(), *(m.role_evidence for m in maps.values())))
    assert with_role(maps["x_seg-vert_msk.nii.gz"], Role.T2).role is Role.T2


# -- refusals ----------------------------------------------------------------------------------------------------------
def test_an_image_or_a_map_of_probabilities_is_no_label_map(tmp_path):
    with pytest.raises(LabelMapError, match=r"holds the value 0\.25"):
        read_label_map(nifti(tmp_path / "p.nii.gz", some_labels().astype(np.float32) / 4))
    with pytest.raises(LabelMapError, match="below 0"):
        read_label_map(nifti(tmp_path / "ct.nii.gz", some_labels().astype(np.int16) - 1000))
    ramp = np.arange(np.prod(GRID.shape), dtype=np.int16).reshape(GRID.shape)
    many = np.pad(ramp, [(0, 0), (0, 0), (0, 40)], mode="linear_ramp", end_values=3000)
    with pytest.raises(LabelMapError, match="different values"):
        read_label_map(nifti(tmp_path / "mr.nii.gz", many))


def test_whole_numbers_stored_as_floats_are_labels(tmp_path):
    found = read_label_map(nifti(tmp_path / "f.nii.gz", some_labels((22,)).astype(np.float64)))
    assert [each.values for each in found.classes] == [(22,)]


def test_what_is_empty_gone_damaged_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(LabelMapError, match="holds no label"):
        read_label_map(nifti(tmp_path / "e.nii.gz", np.zeros(GRID.shape, dtype=np.uint8)))
    with pytest.raises(LabelMapError, match="not there"):
        read_label_map(tmp_path / "gone.nii.gz")
    (tmp_path / "bad.nii.gz").write_bytes(b"nothing")
    (tmp_path / "bad.nrrd").write_bytes(b"NRRD0004\ntype: uchar\n\n")
    (tmp_path / "text.dcm").write_bytes(b"hello")
    for name in ("bad.nii.gz", "bad.nrrd", "text.dcm"):
        with pytest.raises(LabelMapError, match=name):
            read_label_map(tmp_path / name)
        assert not is_label_map(tmp_path / name)


def test_a_map_without_a_place_in_the_patient_is_refused(tmp_path):
    image = nib.Nifti1Image(some_labels().transpose(2, 1, 0), np.eye(4))
    image.set_sform(None, code=0)
    image.set_qform(None, code=0)
    nib.save(image, tmp_path / "a.nii")
    with pytest.raises(LabelMapError, match="neither qform nor sform"):
        read_label_map(tmp_path / "a.nii")


def test_one_hot_volumes_are_refused(tmp_path):
    four = np.stack([some_labels() == 1, some_labels() == 2], axis=-1).astype(np.uint8)
    nib.save(nib.Nifti1Image(four, np.diag([1.0, 1, 1, 1])), tmp_path / "hot.nii.gz")
    with pytest.raises(LabelMapError, match="2 volumes"):
        read_label_map(tmp_path / "hot.nii.gz")


def test_a_table_with_entities_is_not_read(tmp_path):
    path = nifti(tmp_path / "x.nii.gz", some_labels((1,)))
    image = nib.load(path)
    text = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "L1">]><X><LabelTable><Label Key="1">&a;</Label></LabelTable></X>'
    )
    image.header.extensions.append(nib.nifti1.Nifti1Extension(0, text.encode()))
    nib.save(image, tmp_path / "y.nii.gz")
    assert named(tmp_path / "y.nii.gz") == [((1,), "label 1", "unknown", None)]


def test_real_masks_of_a_published_program_are_recognised():
    folder = data_path("spine_nifti/tptbox_ct_mr")
    parts = read_label_map(folder / "sub-ct_seg-subreg_label-22_msk.nii.gz")
    levels = read_label_map(folder / "sub-ct_seg-vert_label-22_msk.nii.gz")
    assert [each.values for each in parts.classes if each.structure == "bodies"] == [(49, 50)]
    assert [each.level for each in levels.classes] == ["L2", "L3", "L4"]
    assert parts.grid.is_close_to(levels.grid)
