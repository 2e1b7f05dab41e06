"""Random changes to single bytes of a study."""

from __future__ import annotations

import random
from pathlib import Path

from napari_vcf.study import check_study, export_study, open_study
from support.studies import make_study, read_stage


def small_study(folder: Path) -> Path:
    """One case, one stage, one amendment, exported."""
    root = make_study(folder, cases=1, readers=("R1",), stages=["ct"])
    reader = open_study(root).as_reader("R1")
    read_stage(reader.next_case())
    with reader.amend("C001", "ct", "slip of the hand") as amendment:
        amendment.reading.answer("ct", "confidence", 2)
        amendment.seal()
    export_study(root, root / "exports", versions=True)
    return root


def flip_trials(folder: Path, changes: int, seed: int = 1) -> dict[str, int]:
    """Change one byte of any file of a study or of its exports, check the study, and change it back."""
    rng = random.Random(seed)
    root = small_study(folder)
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    whole = {path: path.read_bytes() for path in files}
    if check_study(root).damages:
        raise RuntimeError("The study is damaged before anything was changed.")
    noticed = named = 0
    for _ in range(changes):
        # Each file as often as any other: by their size, voxels would take nearly all blows.
        path = rng.choice(files)
        data = bytearray(whole[path])
        place = rng.randrange(len(data))
        data[place] = rng.choice([value for value in range(256) if value != data[place]])
        path.write_bytes(data)
        damages = check_study(root).damages
        noticed += bool(damages)
        named += path.relative_to(root).as_posix() in {damage.place for damage in damages}
        path.write_bytes(whole[path])
    return {"changes": changes, "files": len(files), "noticed": noticed, "named by file": named}
