"""Install napari-vcf from its kit into the folder of one person, or remove it again; no network and no administrator.

    python install.py [--into FOLDER]        python install.py --uninstall

It needs nothing but Python itself. What it wrote stands in a list, and uninstalling removes that and nothing else:
readings, studies and preferences stay.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KIT = Path(__file__).resolve().parent
#: In the folder of the installation: what was written, for the uninstaller.
RECORD = "installed.json"
NAME = "napari-vcf"


class InstallError(Exception):
    """Why it cannot be installed or removed, with the way out."""


def main() -> int:
    """Install or remove."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=None, help=f"folder of the installation (default: {home_of_it()})")
    parser.add_argument("--uninstall", action="store_true", help="remove what an earlier run installed")
    args = parser.parse_args()
    target = (args.into or home_of_it()).expanduser().absolute()
    try:
        if args.uninstall:
            uninstall(target)
        else:
            install(target)
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or target}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def home_of_it() -> Path:
    """The folder that programs of one person go to."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / NAME


# --- Installing ------------------------------------------------------------------------------------------------------


def install(target: Path) -> None:
    """Check the kit, make an environment, install into it, add the entries of the desktop."""
    about = json.loads((KIT / "kit.json").read_text(encoding="utf-8"))
    _check_machine(about)
    lock = KIT / f"requirements-{sys.version_info[0]}.{sys.version_info[1]}.txt"
    if not lock.is_file():
        raise InstallError(
            f"This kit holds packages for Python {', '.join(about['pythons'])}; this is Python "
            f"{platform.python_version()}. Name another one: PYTHON=/path/to/python ./install.sh"
        )
    if target.exists() and not (target / RECORD).is_file() and any(target.iterdir()):
        raise InstallError(f"{target} holds something else. Name another folder: --into FOLDER")
    _check_hashes()
    old = _record(target)
    if old:
        _say(f"Replacing version {old['version']} in {target} ...")
    _say(f"Installing napari-vcf {about['version']} into {target} (this takes a few minutes) ...")
    target.mkdir(parents=True, exist_ok=True)
    environment = _free_name(target, f"env-{about['version']}")
    try:
        python = _make_environment(environment)
        pip = next((KIT / "wheels").glob("pip-*.whl"))
        wheels = ["--no-index", "--find-links", str(KIT / "wheels"), "--no-deps", "--require-hashes", "-r", str(lock)]
        _run([str(python), str(pip / "pip"), "install", "--quiet", "--disable-pip-version-check", *wheels])
        entries = _add_entries(target, python, old)
    except BaseException:
        # What was there before still works, and nothing half installed stays.
        shutil.rmtree(environment, ignore_errors=True)
        if not any(target.iterdir()):
            target.rmdir()
        raise
    record = {"version": about["version"], "environment": environment.name, "entries": [str(path) for path in entries]}
    (target / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if old:
        _remove(target, old, keep=record["entries"])
    _say_what_is_missing()
    _say(f"Installed. Start it from the desktop's menu, or by {entries[0]}")


def _record(target: Path) -> dict[str, Any] | None:
    path = target / RECORD
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _free_name(folder: Path, name: str) -> Path:
    """Of an environment: an older one must go on working until the new one does, and neither can be moved."""
    names = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    return next(folder / each for each in names if not (folder / each).exists())


def _check_machine(about: dict[str, object]) -> None:
    machine = platform.machine().lower()
    here = f"{_system()}-{ {'amd64': 'x86_64', 'aarch64': 'arm64'}.get(machine, machine) }"
    if here != about["platform"]:
        raise InstallError(f"This kit is for {about['platform']}; this machine is {here}. Take the kit of its name.")
    if sys.maxsize < 2**32:
        raise InstallError("This Python is a 32-bit one; a 64-bit one is needed.")


def _system() -> str:
    return {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)


def _check_hashes() -> None:
    _say("Checking the kit ...")
    for line in (KIT / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        expected, name = line.split("  ", 1)
        path = KIT / name
        if not path.is_file():
            raise InstallError(f"The kit is not whole: {name} is missing. Unpack it again.")
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != expected:
            raise InstallError(f"{name} is damaged: its hash differs from the list. Fetch the kit again.")


def _make_environment(folder: Path) -> Path:
    # Without pip of its own: on Debian that would need a package more, and the kit brings one.
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: list[str]) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(command, check=False, env={**clean, "PIP_CONFIG_FILE": os.devnull})
    if done.returncode != 0:
        raise InstallError("The step above failed; nothing was installed.")


def _say_what_is_missing() -> None:
    """Name the system libraries that Qt needs and this system has not got; only an administrator can add them."""
    listed = KIT / "system-packages.txt"
    if not listed.is_file():
        return
    missing = []
    for line in listed.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) == 3 and words[1] == "library" and words[2] != "swrast_dri.so":
            try:
                ctypes.CDLL(words[2])
            except OSError:
                missing.append(words[0])
    if missing:
        _say("Qt needs system libraries that are not there yet. An administrator installs them once; on Debian:")
        _say(f"  apt-get install {' '.join(missing)}")


# --- Entries of the desktop ------------------------------------------------------------------------------------------


def _add_entries(target: Path, python: Path, old: dict[str, Any] | None) -> list[Path]:
    program = python.with_name("napari-vcf.exe" if os.name == "nt" else "napari-vcf")
    if os.name == "nt":
        return _windows_entries(target, program)
    if sys.platform == "darwin":
        return [_script(Path.home() / "Applications" / "napari-vcf.command", program)]
    return _linux_entries(target, program, () if old is None else old["entries"])


def _script(path: Path, program: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{program}" open "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def _linux_entries(target: Path, program: Path, own: Sequence[str]) -> list[Path]:
    link = Path.home() / ".local" / "bin" / NAME
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() or link.exists():
        if str(link) not in own:
            raise InstallError(f"{link} is there already and not from this installation. Move it away and try again.")
        link.unlink()
    link.symlink_to(program)
    icon = target / "icon.svg"
    shutil.copy(KIT / "icon.svg", icon)
    applications = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "applications"
    applications.mkdir(parents=True, exist_ok=True)
    desktop = applications / f"{NAME}.desktop"
    desktop.write_text(
        "[Desktop Entry]\nType=Application\nName=napari-vcf\n"
        "Comment=Structured reading of vertebral compression fractures (research software, not a medical device)\n"
        f'Exec="{program}" open\nIcon={icon}\nTerminal=false\nCategories=Science;MedicalSoftware;\n',
        encoding="utf-8",
    )
    return [link, desktop]


def _windows_entries(target: Path, program: Path) -> list[Path]:
    menu = Path(os.environ["APPDATA"]) / "Microsoft" / "Windows" / "Start Menu" / "Programs"
    shortcut = menu / "napari-vcf.lnk"
    menu.mkdir(parents=True, exist_ok=True)

    def quoted(path: Path) -> str:
        return "'" + str(path).replace("'", "''") + "'"

    _run(
        [
            "powershell",
            "-NoProfile",
            "-NonInteractive",
            "-Command",
            f"$s = (New-Object -ComObject WScript.Shell).CreateShortcut({quoted(shortcut)}); "
            f"$s.TargetPath = {quoted(program)}; $s.Arguments = 'open'; "
            f"$s.WorkingDirectory = {quoted(target)}; $s.Save()",
        ]
    )
    return [shortcut]


# --- Removing --------------------------------------------------------------------------------------------------------


def uninstall(target: Path) -> None:
    """Remove what an installation wrote, and nothing else."""
    record = _record(target)
    if record is None:
        raise InstallError(f"There is no installation in {target}. If it lies elsewhere, name it: --into FOLDER")
    _remove(target, record, keep=())
    (target / "icon.svg").unlink(missing_ok=True)
    (target / RECORD).unlink()
    if not any(target.iterdir()):
        target.rmdir()
    _say("Removed. Readings, studies and preferences were left where they are.")


def _remove(target: Path, record: dict[str, Any], *, keep: Sequence[str]) -> None:
    for entry in record["entries"]:
        if entry not in keep:
            Path(entry).unlink(missing_ok=True)
    environment = target / record["environment"]
    if environment.exists():
        shutil.rmtree(environment)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
