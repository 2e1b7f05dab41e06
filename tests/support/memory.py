"""What a process of ours holds: everything that it has written to its memory, and its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_PAGE = 4096
#: Many secrets begin alike, and a search through a whole memory takes its time.
_STEM = 8


def memory_of(process: int) -> bytes:
    """Everything that a process of ours has written to its memory."""
    found = []
    maps = Path(f"/proc/{process}/maps").read_text(encoding="utf-8")
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in maps.splitlines():
            place, rights, *_, inode = line.split(maxsplit=5)[:5]
            # What comes from a file is in that file; only what the process has written itself is of interest.
            if not rights.startswith("rw") or inode != "0":
                continue
            start, end = (int(number, 16) for number in place.split("-"))
            memory.seek(start)
            pages = np.frombuffer(memory.read(end - start), np.uint8).reshape(-1, _PAGE)
            # Most of a big process is set aside and never written.
            found.append(pages[pages.any(axis=1)].tobytes())
    return b"".join(found)


def files_of(process: int) -> str:
    """Files that a process has open or mapped."""
    links = [str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir()]
    return "\n".join([*links, Path(f"/proc/{process}/maps").read_text(encoding="utf-8")])


def held(secrets: set[str], memory: bytes) -> list[bytes]:
    """Secrets in a process' memory, in the ways in which Python and Qt keep text, in capital letters or small."""
    memory = memory.lower()
    # Where a part of a secret is not, the whole is not either.
    parts = {text for text in secrets if not any(other in text for other in secrets - {text})}
    codes = ("latin-1", "utf-8", "utf-16-le")
    ways = {text.encode(code).lower() for text in parts for code in codes}
    by_stem: dict[bytes, list[bytes]] = {}
    for way in ways:
        by_stem.setdefault(way[:_STEM], []).append(way)
    found = set()
    for stem, wholes in by_stem.items():
        at = memory.find(stem)
        while at >= 0:
            found |= {whole for whole in wholes if memory.startswith(whole, at)}
            at = memory.find(stem, at + 1)
    return sorted(found)
