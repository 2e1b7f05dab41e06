"""What the process of one reader holds: neither the patient's identity nor anything of the other reader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from napari_vcf.study import open_study, prepare_study
from support.memory import files_of, held, memory_of
from support.patients import begin, identity_of
from support.studies import Clock

SECRET = "Sechseläuten is why the other reader could not say"
CONTROL = "Rosinenbrot is why this one could not"

READ = """
import sys
from napari_vcf.study import open_study
session = open_study(sys.argv[1]).as_reader("R1").next_case()
reading = session.reading
for image in reading.case.images:
    reading.case.volume(image).data.sum()
reading.set_spine("L1")
reading.mark_not_assessable("ct", "pedicle_invasion", sys.stdin.readline().strip())
session.missing(), session.draft()
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_neither_identity_nor_the_other_reader_is_in_memory_or_in_an_open_file(tmp_path: Path) -> None:
    root = begin(tmp_path)
    prepare_study(root, workers=0)
    other = open_study(root, clock=Clock()).as_reader("R2").next_case()
    other.reading.mark_not_assessable("ct", "pedicle_invasion", SECRET)
    other.close()
    process = subprocess.Popen(
        [sys.executable, "-c", READ, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{CONTROL}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "open\n"
        memory, files = memory_of(process.pid), files_of(process.pid)
    finally:
        process.kill()
        process.communicate()
    # What is there is found, so that what is not found is not there.
    assert CONTROL.encode("latin-1") in memory
    assert f"{root}/readings/R1" in files
    assert f"{root}/readings/R2" not in files
    assert str(tmp_path / "images") not in files
    assert ".key.json" not in files
    secrets = {SECRET, f"{root}/readings/R2", *identity_of(tmp_path / "images")}
    assert held(secrets, memory) == []
