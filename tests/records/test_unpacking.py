"""Zip files are unpacked as they are; what would fill the disk or leave the folder is refused."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from napari_vcf.errors import CancelledError
from napari_vcf.records.unpacking import ArchiveError, unpack_zip


def made(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_files_come_out_in_their_folders(tmp_path: Path) -> None:
    archive = made(tmp_path / "case.zip", {"a/b/one.dcm": b"1" * 3000, "two": b"2"})
    steps: list[tuple[int, int, str]] = []
    unpack_zip(archive, tmp_path / "out", progress=lambda *step: steps.append(step))
    out = tmp_path / "out"
    assert {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()} == {
        "a/b/one.dcm": b"1" * 3000,
        "two": b"2",
    }
    assert [step[:2] for step in steps] == [(0, 2), (1, 2)]


@pytest.mark.parametrize("name", ["../out.dcm", "a/../../out.dcm", "/etc/out.dcm", "..\\out.dcm", "C:/out.dcm"])
def test_a_path_out_of_the_folder_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    archive = made(tmp_path / "case.zip", {"good.dcm": b"1", name: b"2"})
    with pytest.raises(ArchiveError, match="path out of its folder"):
        unpack_zip(archive, tmp_path / "in" / "out")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [archive]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    archive = made(tmp_path / "bomb.zip", {f"{n}": b"\0" * 20_000_000 for n in range(3)})
    with pytest.raises(ArchiveError, match="fold on unpacking"):
        unpack_zip(archive, tmp_path / "out")
    with pytest.raises(ArchiveError, match="there is room for"):
        unpack_zip(archive, tmp_path / "out", most_bytes=1000)
    assert not list((tmp_path / "out").iterdir())


def test_an_archive_that_says_less_than_it_holds_stops_at_the_limit(tmp_path: Path) -> None:
    archive = made(tmp_path / "case.zip", {"one": bytes(range(256)) * 8000})
    data = archive.read_bytes()
    size = (256 * 8000).to_bytes(4, "little")
    archive.write_bytes(data.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(ArchiveError):
        unpack_zip(archive, tmp_path / "out", most_bytes=5000)
    written = sum(p.stat().st_size for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert written <= 5000


def test_what_is_damaged_empty_linked_or_no_archive_is_refused_in_a_sentence(tmp_path: Path) -> None:
    no_zip = tmp_path / "no.zip"
    no_zip.write_bytes(b"not an archive")
    with pytest.raises(ArchiveError, match=r"no\.zip is not a zip file"):
        unpack_zip(no_zip, tmp_path / "1")
    with pytest.raises(ArchiveError, match="is empty"):
        unpack_zip(made(tmp_path / "empty.zip", {}), tmp_path / "2")
    damaged = made(tmp_path / "damaged.zip", {"one": bytes(range(256)) * 100})
    data = bytearray(damaged.read_bytes())
    data[60] ^= 255
    damaged.write_bytes(data)
    with pytest.raises(ArchiveError):
        unpack_zip(damaged, tmp_path / "3")
    linked = tmp_path / "linked.zip"
    with zipfile.ZipFile(linked, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveError, match="holds a link"):
        unpack_zip(linked, tmp_path / "4")


def test_unpacking_can_be_stopped(tmp_path: Path) -> None:
    archive = made(tmp_path / "case.zip", {"one": b"1"})
    with pytest.raises(CancelledError):
        unpack_zip(archive, tmp_path / "out", cancelled=lambda: True)
