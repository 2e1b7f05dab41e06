"""Write the offline kit of one platform: locked wheels with hashes, an installer, licences, version and hash list.

    python tools/kit/build.py --platform linux-x86_64 [--python 3.11 3.12] [--out dist | --resolve]

Run from an environment of the project that holds uv, build and pip. Versions are resolved for the platform of the kit,
whatever this machine is; only wheels are taken, so nothing has to be compiled where the kit is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
#: Everything for one person at one desk; no second binding, nothing for developers.
EXTRAS = ("pyside6", "dicom", "keys", "paper")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True)
class Platform:
    """How one platform is called by those who must know it."""

    uv: str
    tags: tuple[str, ...]
    archive: str
    scripts: tuple[str, ...]


PLATFORMS = {
    "linux-x86_64": Platform(
        # glibc 2.36 is that of Debian 12.
        uv="x86_64-manylinux_2_36",
        tags=(*(f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)), "manylinux2014_x86_64"),
        archive="tar",
        scripts=("install.sh", "uninstall.sh"),
    ),
    "windows-x86_64": Platform(
        uv="x86_64-pc-windows-msvc", tags=("win_amd64",), archive="zip", scripts=("install.cmd", "uninstall.cmd")
    ),
    "macos-arm64": Platform(
        uv="aarch64-apple-darwin",
        tags=tuple(f"macosx_{major}_0_{kind}" for major in range(14, 10, -1) for kind in ("arm64", "universal2")),
        archive="tar",
        scripts=("install.sh", "uninstall.sh"),
    ),
}


class KitError(Exception):
    """A kit that cannot be built, and why."""


def main() -> int:
    """Build the kit and print where it lies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", required=True, choices=PLATFORMS)
    parser.add_argument("--python", nargs="+", default=PYTHONS, metavar="X.Y", help="Pythons that it installs into")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--resolve", action="store_true", help="only look whether every package has a wheel there")
    args = parser.parse_args()
    try:
        if args.resolve:
            resolve(args.platform, args.python)
            return 0
        archive = build(args.platform, args.python, args.out)
    except KitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(archive)
    return 0


def resolve(name: str, pythons: Sequence[str]) -> None:
    """Look whether every package has a wheel for a platform, and print how many there are."""
    with tempfile.TemporaryDirectory() as scratch:
        for python in pythons:
            lock = Path(scratch) / f"requirements-{python}.txt"
            _lock(PLATFORMS[name], python, lock)
            packages = re.findall(r"^[\w.-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE)
            print(f"{name}, Python {python}: {len(packages)} packages")


def build(name: str, pythons: Sequence[str], out: Path) -> Path:
    """Gather everything in a folder and pack it.

    Returns
    -------
    Path
        The archive, beside which its SHA-256 lies.
    """
    platform = PLATFORMS[name]
    with tempfile.TemporaryDirectory() as scratch:
        own = _own_wheel(Path(scratch) / "own")
        version = own.name.split("-")[1]
        kit = Path(scratch) / f"napari-vcf-{version}-{name}"
        wheels = kit / "wheels"
        wheels.mkdir(parents=True)
        shutil.copy(own, wheels)
        for python in pythons:
            print(f"Python {python} on {name} ...", file=sys.stderr)
            lock = kit / f"requirements-{python}.txt"
            _lock(platform, python, lock)
            _download(platform, python, lock, wheels)
            with lock.open("a", encoding="utf-8") as stream:
                stream.write(f"napari-vcf=={version} --hash=sha256:{_sha256(own)}\n")
        _download_pip(wheels)
        _write_licences(wheels, kit / "licences")
        for script in ("install.py", *platform.scripts):
            shutil.copy(HERE / script, kit)
        shutil.copy(HERE / "README.txt", kit)
        shutil.copy(ROOT / "LICENSE", kit)
        shutil.copy(ROOT / "src" / "napari_vcf" / "icon.svg", kit)
        if name.startswith("linux"):
            shutil.copy(ROOT / "tools" / "system-packages.txt", kit)
        about = {"version": version, "platform": name, "pythons": list(pythons)}
        (kit / "kit.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        _write_hashes(kit)
        return _pack(kit, platform.archive, out)


def _run(*command: str | Path) -> None:
    # As pip does, uv is to believe the certificates of this machine, among them a hospital's own.
    environment = os.environ | {"UV_SYSTEM_CERTS": "1"}
    words = [str(part) for part in command]
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-12:]
        raise KitError(f"{Path(command[0]).name} {command[1]} failed:\n" + "\n".join(said))


def _own_wheel(folder: Path) -> Path:
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    return next(folder.glob("*.whl"))


def _lock(platform: Platform, python: str, lock: Path) -> None:
    extras = [part for extra in EXTRAS for part in ("--extra", extra)]
    target = ["--python-version", python, "--python-platform", platform.uv, "--only-binary", ":all:"]
    shape = ["--generate-hashes", "--no-header", "--no-annotate", "--quiet", "-o", str(lock)]
    _run(Path(sys.executable).with_name("uv"), "pip", "compile", ROOT / "pyproject.toml", *extras, *target, *shape)


def _download(platform: Platform, python: str, lock: Path, wheels: Path) -> None:
    tags = [part for tag in platform.tags for part in ("--platform", tag)]
    abi = f"cp{python.replace('.', '')}"
    target = [
        "--python-version",
        python,
        "--implementation",
        "cp",
        "--abi",
        abi,
        "--abi",
        "abi3",
        "--abi",
        "none",
        *tags,
    ]
    # The lock is the whole of it: resolved again, markers would be read for this machine.
    how = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--quiet"]
    _run(sys.executable, "-m", "pip", "download", *how, *target, "--dest", wheels, "--requirement", lock)


def _download_pip(wheels: Path) -> None:
    """Pip itself: Debian's Python comes without it, and a kit must not depend on a module that may be missing."""
    _run(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", wheels, "pip")


# --- Licences --------------------------------------------------------------------------------------------------------


def _write_licences(wheels: Path, folder: Path) -> None:
    folder.mkdir()
    rows = ["package\tversion\tlicence\tfiles\tproject"]
    refused = []
    for wheel in sorted(wheels.glob("*.whl")):
        about, texts = _licences(wheel)
        name, version = about["Name"], about["Version"]
        stated = stated_licence(about)
        if is_only_gpl(stated):
            refused.append(f"{name} ({stated})")
        kept = folder / f"{name}-{version}"
        for place, text in texts.items():
            path = kept / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        rows.append(f"{name}\t{version}\t{stated}\t{len(texts)}\t{_project(about)}")
    if refused:
        raise KitError(f"Under the GPL alone, and so not to be shipped: {', '.join(refused)}.")
    (folder / "LICENCES.tsv").write_text("\n".join(dict.fromkeys(rows)) + "\n", encoding="utf-8")


def _licences(wheel: Path) -> tuple[Message, dict[str, bytes]]:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        metadata = next(name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        about = HeaderParser().parsestr(packed.read(metadata).decode("utf-8"))
        info = PurePosixPath(metadata).parent
        found = {}
        for name in names:
            place = PurePosixPath(name)
            inside = place.is_relative_to(info)
            if (
                not name.endswith("/")
                and inside
                and re.search(r"licen[cs]e|copying|notice|authors", name, re.IGNORECASE)
            ):
                found[str(place.relative_to(info))] = packed.read(name)
    return about, found


def _project(about: Message) -> str:
    """Where the project is at home: some wheels state their licence and carry no text of it."""
    urls = [str(line).split(",", 1)[-1].strip() for line in about.get_all("Project-URL", [])]
    return next(iter([*([str(about["Home-page"])] if about["Home-page"] else []), *urls]), "")


def stated_licence(about: Message) -> str:
    """What a package's metadata say of its licence, in one line."""
    expression = about.get("License-Expression")
    if expression:
        return " ".join(str(expression).split())
    classified = [str(line).rsplit(" :: ", 1)[-1] for line in about.get_all("Classifier", []) if "License ::" in line]
    if classified:
        return "; ".join(classified)
    text = str(about.get("License") or "").strip().splitlines()
    return text[0].strip() if text else "not stated; see its files"


def is_only_gpl(stated: str) -> bool:
    """Whether a licence leaves no choice but the GPL or the AGPL; the LGPL is neither."""
    choices = re.split(r"\bOR\b|;", stated)
    return all(re.search(r"(?<!L)GPL|(?<!Lesser )General Public", choice) for choice in choices)


# --- Hashes and archive ----------------------------------------------------------------------------------------------


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _write_hashes(kit: Path) -> None:
    lines = [f"{_sha256(path)}  {path.relative_to(kit).as_posix()}\n" for path in _files(kit)]
    (kit / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def _pack(kit: Path, kind: str, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    archive = out / f"{kit.name}.{kind}"
    # Wheels are packed already; packing them again costs minutes and saves nothing.
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for path in _files(kit):
                packed.write(path, path.relative_to(kit.parent))
    else:
        with tarfile.open(archive, "w") as packed:
            packed.add(kit, kit.name)
    archive.with_name(f"{archive.name}.sha256").write_text(f"{_sha256(archive)}  {archive.name}\n", encoding="utf-8")
    return archive


if __name__ == "__main__":
    sys.exit(main())
