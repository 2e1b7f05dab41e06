"""Packages of the extra that are not installed: said in a sentence with the way out."""

from __future__ import annotations

import sys

import pytest

from napari_vcf.interchange import extra
from napari_vcf.interchange.errors import InterchangeError


@pytest.mark.parametrize(
    ("package", "python", "words"),
    [
        ("pynetdicom.ae", (3, 14), r"napari-vcf\[dicom\]"),
        ("highdicom", (3, 13), r"napari-vcf\[dicom\]"),
        ("highdicom", (3, 14), "Python 3.13 or older"),
    ],
)
def test_the_sentence_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch, package: str, python: tuple[int, int], words: str
) -> None:
    monkeypatch.setattr(sys, "version_info", python)
    with pytest.raises(InterchangeError, match=words), extra.needs_extra():
        raise ModuleNotFoundError(name=package)


def test_another_missing_module_is_no_matter_of_the_extra() -> None:
    with pytest.raises(ModuleNotFoundError), extra.needs_extra():
        raise ModuleNotFoundError(name="os.path.absent")
