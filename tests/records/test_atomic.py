"""Files that are written whole or not at all, and never over what is no file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.errors import WriteError


def test_a_pipe_is_refused_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "reading.json"
    os.mkfifo(pipe)
    with pytest.raises(WriteError, match=r"reading\.json is not a regular file"):
        write_atomically(pipe, "{}", overwrite=True)
    assert pipe.is_fifo()


def test_a_device_is_refused() -> None:
    with pytest.raises(WriteError, match="null is not a regular file"):
        write_atomically(Path(os.devnull), "{}", overwrite=True)


def test_a_link_to_a_device_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "reading.json"
    link.symlink_to(os.devnull)
    with pytest.raises(WriteError, match="not a regular file"):
        write_atomically(link, "{}", overwrite=True)
    assert link.is_symlink()
    assert list(tmp_path.iterdir()) == [link]


def test_the_sentence_fits_any_file(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("old")
    with pytest.raises(WriteError) as raised:
        write_atomically(tmp_path / "settings.json", "new")
    assert "reading" not in str(raised.value)
    assert (tmp_path / "settings.json").read_text() == "old"
