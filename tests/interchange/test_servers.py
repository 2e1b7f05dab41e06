"""Images from a DICOM server, and objects to it: nothing partial is called whole, nothing comes twice."""

from __future__ import annotations

import io
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from napari_vcf.cli import main
from napari_vcf.errors import NapariVcfError
from napari_vcf.interchange import servers
from napari_vcf.interchange.connecting import connect
from napari_vcf.interchange.dicomweb import DicomWeb
from napari_vcf.interchange.errors import InterchangeError, ServerError
from napari_vcf.interchange.fetching import Wanted, fetch_case, incoming_folder, read_list
from napari_vcf.interchange.servers import Credentials, Instance, Received, Studies, StudyEntry, credentials_for
from support.dicomfiles import SAGITTAL, save, slice_dataset, write_series
from support.made_readings import make
from support.orthanc import orthanc

STUDY = "1.2.826.0.1.3680043.8.498.555"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server with two patients: CT, MR and a screenshot, and MR alone."""
    base = tmp_path_factory.mktemp("archive")
    with orthanc(base / "server") as server:
        files = _two_patients(base / "files")
        for path in files:
            request = urllib.request.Request(f"{server.rest}/instances", path.read_bytes(), method="POST")
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert answer.status == 200
        server.files = {str(pydicom.dcmread(path).SOPInstanceUID): path for path in files}
        yield server


def _two_patients(folder: Path) -> list[Path]:
    common = {"StudyDate": "20240131", "StudyTime": "101500"}
    write_series(
        folder / "a/ct", 12, modality="CT", PatientID="P1", StudyInstanceUID=f"{STUDY}.1",
        SeriesInstanceUID=f"{STUDY}.1.1", SeriesDescription="CT spine", **common,
    )  # fmt: skip
    write_series(
        folder / "a/mr", 9, orientation=SAGITTAL, step=(4.8, 0, 0), PatientID="P1", StudyInstanceUID=f"{STUDY}.1",
        SeriesInstanceUID=f"{STUDY}.1.2", SeriesDescription="T2 sag", **common,
    )  # fmt: skip
    capture = slice_dataset(
        np.zeros((4, 4), np.uint8), (0, 0, 0), PatientID="P1", StudyInstanceUID=f"{STUDY}.1", modality="OT",
        SeriesInstanceUID=f"{STUDY}.1.3", SOPClassUID="1.2.840.10008.5.1.4.1.1.7", **common,
    )  # fmt: skip
    save(capture, folder / "a/sc/1.dcm")
    write_series(
        folder / "b/mr", 7, PatientID="P2", StudyInstanceUID=f"{STUDY}.2", SeriesInstanceUID=f"{STUDY}.2.1",
        SeriesDescription="T1 sag", StudyDate="20240202", StudyTime="090000",
    )  # fmt: skip
    return sorted(path for path in folder.rglob("*") if path.is_file())


def listing(folder: Path, *lines: str) -> Path:
    path = folder / "cases.csv"
    path.write_text("\n".join(["case,patient_id,study_date,study_uid", *lines]) + "\n")
    return path


def content(folder: Path) -> dict[str, bytes]:
    """Pixels of each object, by its identifier; an identifier that is there twice fails."""
    found: dict[str, bytes] = {}
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        assert dataset.SOPInstanceUID not in found
        found[str(dataset.SOPInstanceUID)] = dataset.PixelData
    return found


@pytest.mark.parametrize("protocol", ["--dicomweb", "--dicom"])
def test_cases_come_whole_and_only_what_is_wanted(archive: SimpleNamespace, protocol: str, tmp_path: Path) -> None:
    address = archive.web if protocol == "--dicomweb" else archive.dicom
    cases = listing(tmp_path, "C001,P1,,", f"C002,,,{STUDY}.2")
    out = tmp_path / "images"
    assert main(["fetch", str(cases), "--out", str(out), protocol, address]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["C001", "C002"]
    for case, patient, number in (("C001", "P1", 21), ("C002", "P2", 7)):
        found = content(out / case)
        assert len(found) == number
        for uid, pixels in found.items():
            source = pydicom.dcmread(archive.files[uid])
            assert (source.PatientID, source.PixelData) == (patient, pixels)
    # Again: everything is there, and nothing is retrieved.
    assert main(["fetch", str(cases), "--out", str(out), protocol, address]) == 0


@pytest.mark.parametrize("protocol", ["dicomweb", "dicom"])
def test_studies_are_listed_to_choose_from_without_a_name(archive: SimpleNamespace, protocol: str) -> None:
    server = connect(**{protocol: archive.web if protocol == "dicomweb" else archive.dicom})
    (study,) = server.studies(Studies(patient_id="P1"))
    assert (study.study_uid, study.study_date) == (f"{STUDY}.1", "20240131")
    assert sorted(study.modalities.split(", ")) == ["CT", "MR", "OT"]
    assert study.images in ("22", "")
    assert server.studies(Studies(patient_id="NOBODY")) == []


def test_series_are_chosen_by_modality_and_words(archive: SimpleNamespace, tmp_path: Path) -> None:
    server = connect(dicomweb=archive.web)
    wanted = Wanted("C001", (Studies(patient_id="P1", study_date="20240101-20240201"),))
    assert fetch_case(server, wanted, tmp_path / "mr", modalities=["MR"]).objects == 9
    assert fetch_case(server, wanted, tmp_path / "words", series="^ct ").objects == 12
    with pytest.raises(ServerError, match="no image of CT that matches"):
        fetch_case(server, wanted, tmp_path / "none", modalities=["CT"], series="brain")


def test_a_line_whose_study_has_no_image_is_no_whole_case(archive: SimpleNamespace, tmp_path: Path) -> None:
    report = slice_dataset(
        np.zeros((4, 4), np.uint8), (0, 0, 0), PatientID="P3", StudyInstanceUID=f"{STUDY}.9", modality="OT",
        SeriesInstanceUID=f"{STUDY}.9.1", SOPClassUID="1.2.840.10008.5.1.4.1.1.7", StudyDate="20240301",
        StudyTime="101500",
    )  # fmt: skip
    save(report, tmp_path / "report.dcm")
    request = urllib.request.Request(f"{archive.rest}/instances", (tmp_path / "report.dcm").read_bytes(), method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
    server = connect(dicomweb=archive.web)
    wanted = Wanted("C001", (Studies(study_uid=f"{STUDY}.1"), Studies(study_uid=f"{STUDY}.9")))
    with pytest.raises(ServerError, match="listed for case C001 holds no image of CT or MR") as said:
        fetch_case(server, wanted, tmp_path / "images")
    assert STUDY not in str(said.value)
    assert not (tmp_path / "images" / "C001").exists()
    # A part of the images was asked for, of which a study may hold none.
    assert fetch_case(server, wanted, tmp_path / "part", modalities=["MR"]).objects == 9
    assert fetch_case(server, wanted, tmp_path / "words", series="^ct ").objects == 12


def test_a_study_with_a_class_of_its_own_comes_whole_by_c_get(archive: SimpleNamespace, tmp_path: Path) -> None:
    """A class that the association does not offer makes such a request end with nothing at all."""
    wanted = Wanted("C001", (Studies(study_uid=f"{STUDY}.1"),))
    server = connect(dicom=archive.dicom)
    assert fetch_case(server, wanted, tmp_path / "one", modalities=["CT", "MR", "OT"]).objects == 22
    other = Wanted("C002", (Studies(study_uid=f"{STUDY}.2"),))
    assert fetch_case(server, other, tmp_path / "one", modalities=["CT", "MR", "OT"]).objects == 7


class Breaking:
    """A server that breaks off after some objects."""

    def __init__(self, server: servers.Server, after: int) -> None:
        self.server, self.left = server, after
        self.retrieved: list[str] = []

    def find(self, wanted: Studies) -> list[str]:
        return self.server.find(wanted)

    def studies(self, wanted: Studies) -> list[StudyEntry]:
        return self.server.studies(wanted)

    def instances(self, study_uid: str) -> list[Instance]:
        return self.server.instances(study_uid)

    def store(self, objects: Iterable[Dataset]) -> list[tuple[str, str]]:
        return self.server.store(objects)

    def retrieve(self, wanted: Iterable[Instance]) -> Iterator[Received]:
        for received in self.server.retrieve(wanted):
            if self.left == 0:
                raise ServerError("The server broke off.")
            self.left -= 1
            self.retrieved.append(received.uid)
            yield received


def test_what_broke_off_goes_on_and_nothing_partial_is_a_case(archive: SimpleNamespace, tmp_path: Path) -> None:
    wanted = Wanted("C001", (Studies(patient_id="P1"),))
    server = connect(dicomweb=archive.web)
    out = tmp_path / "images"
    with pytest.raises(ServerError, match="broke off"):
        fetch_case(Breaking(server, 17), wanted, out, workers=1)
    assert not (out / "C001").exists()
    waiting = incoming_folder(out) / "C001"
    before = {path.name for path in waiting.glob("*.dcm")}
    assert before
    # One that was damaged meanwhile comes again.
    damaged = next(waiting.glob("*.dcm"))
    damaged.write_bytes(damaged.read_bytes()[:-8])
    rest = Breaking(server, 1000)
    fetched = fetch_case(rest, wanted, out, workers=1)
    assert fetched.objects == 21
    assert 0 < fetched.retrieved < 21
    assert len(set(rest.retrieved)) == len(rest.retrieved) == fetched.retrieved
    assert len(content(out / "C001")) == 21


class Forgetful(Breaking):
    """A server that lists more than it sends."""

    def retrieve(self, wanted: Iterable[Instance]) -> Iterator[Received]:
        yield from list(self.server.retrieve(wanted))[1:]


def test_a_server_that_sends_less_than_it_lists_is_named(archive: SimpleNamespace, tmp_path: Path) -> None:
    wanted = Wanted("C001", (Studies(patient_id="P2"),))
    with pytest.raises(ServerError, match="sent 6 of 7 objects"):
        fetch_case(Forgetful(connect(dicomweb=archive.web), 0), wanted, tmp_path / "images", workers=1)
    assert not (tmp_path / "images").exists()


def test_a_case_that_has_grown_on_the_server_is_not_mixed_in_silence(archive: SimpleNamespace, tmp_path: Path) -> None:
    server = connect(dicomweb=archive.web)
    wanted = Wanted("C001", (Studies(patient_id="P2"),))
    fetch_case(server, wanted, tmp_path)
    next((tmp_path / "C001").iterdir()).unlink()
    with pytest.raises(InterchangeError, match=r"other objects than the server lists now \(6 for 7\)"):
        fetch_case(server, wanted, tmp_path)


@pytest.mark.parametrize("protocol", ["--dicomweb", "--dicom"])
def test_objects_that_are_sent_come_back_as_they_were(
    archive: SimpleNamespace, protocol: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("highdicom", reason="highdicom, which writes these objects, is not installed")
    case = make("CT only", tmp_path)
    assert main(["dicom", str(case.path), "--images", str(case.images), "--out", str(tmp_path / "out")]) == 0
    address = archive.web if protocol == "--dicomweb" else archive.dicom
    assert main(["send", str(tmp_path / "out"), protocol, address]) == 0
    assert "1 of 1 objects taken" in capsys.readouterr().out
    report = pydicom.dcmread(tmp_path / "out" / "C001_R1.sr.dcm")
    server = connect(dicomweb=archive.web)
    (found,) = [each for each in server.instances(report.StudyInstanceUID) if each.sop_uid == report.SOPInstanceUID]
    (received,) = server.retrieve([found])
    back = pydicom.dcmread(io.BytesIO(received.content))
    assert back.ContentSequence == report.ContentSequence


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("C001,,,", "give the case and at least one"),
        ("C001,P*,,", r"\* and \? are not looked up"),
        ("C001,,20240131,", "every patient of the day"),
        ("C001,P1,31.1.2024,", "a date is written 20240131"),
        ("../up,P1,,", "cannot name a case"),
    ],
)
def test_a_list_that_would_bring_something_else_is_refused(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(NapariVcfError, match=words):
        read_list(listing(tmp_path, line))


def test_a_password_is_not_sent_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServerError, match="without TLS"):
        DicomWeb("http://pacs.example.org/dicom-web", Credentials("reader", "secret"))
    with pytest.raises(ServerError, match="without a name or password in it"):
        DicomWeb("https://reader:secret@pacs.example.org/dicom-web")
    DicomWeb("http://127.0.0.1:8042/dicom-web", Credentials("reader", "secret"))
    assert "secret" not in repr(Credentials("reader", "secret"))
    monkeypatch.setenv("NAPARI_VCF_DICOM_USER", "reader")
    monkeypatch.delenv("NAPARI_VCF_DICOM_PASSWORD", raising=False)
    with pytest.raises(ServerError, match="Give both"):
        credentials_for("https://pacs.example.org")


def test_a_server_that_is_not_there_ends_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = listing(tmp_path, "C001,P1,,")
    assert main(["fetch", str(cases), "--out", str(tmp_path / "o"), "--dicom", "NOBODY@127.0.0.1:1"]) == 1
    said = capsys.readouterr().err
    assert "cannot be reached" in said
    assert "1 of 1 cases are not whole" in said
    assert main(["fetch", str(cases), "--out", str(tmp_path / "o")]) == 1
    assert "Name one server" in capsys.readouterr().err
