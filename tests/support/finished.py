"""A study that was prepared by the command, read to its end, and exported: once for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one patient; all that R1 has signed is in ``out`` beside it, the patient's files in ``images``."""
    from napari_vcf.cli import main
    from napari_vcf.study import open_study
    from support.patients import begin, read
    from support.studies import Clock

    base = tmp_path_factory.mktemp("base")
    root = begin(base)
    assert main(["study", "prepare", str(root), "--workers", "0"]) == 0
    reader = open_study(root, clock=Clock()).as_reader("R1")
    while (session := reader.next_case()) is not None:
        read(session)
    assert main(["export", str(root), "--out", str(base / "out")]) == 0
    return root
