"""``napari-vcf doctor``: what a maintainer needs to know of a machine, and what is wrong with it, in words."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_vcf.records.folder_probe import Finding, probe_folder
from napari_vcf.version import __version__

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["add_parser", "run"]

#: What a person may have installed besides; what developers need is left out.
_EXTRAS = ("pyside6", "pyqt6", "dicom", "keys", "paper", "parquet", "cluster")
_LEAST_SCREEN = (1366, 768)
_MARKS = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "doctor",
        help="look at this machine and say what is wrong with it",
        description="Look at versions, Qt, OpenGL, screens and folders, and say in words what is wrong. "
        "What is printed names no person, machine or patient, and can be sent to a maintainer.",
    )
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        nargs="?",
        help="folder of a study, or the one it is to be created in: rights, space, locks and clock are tried there",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what was found; the exit status is 1 where something must be mended, else 0."""
    # Asked for first: a folder that is not there is the person's slip, and no report should follow it.
    folder = () if args.folder is None else probe_folder(args.folder)
    sections = {
        "Program": _versions(),
        "Window": _window(),
        "Files of this person": _own_folders(),
        **({"Folder": folder} if folder else {}),
    }
    if args.json:
        print(json.dumps({name: [dataclasses.asdict(item) for item in found] for name, found in sections.items()}))
    else:
        for name, found in sections.items():
            print(f"{name}\n" + "\n".join(f"  {_MARKS[item.state]}  {item.item}: {item.text}" for item in found))
    found = [item for section in sections.values() for item in section]
    faults, warnings = (sum(item.state == state for item in found) for state in ("fault", "warning"))
    if not args.json:
        print(f"{faults} faults, {warnings} warnings." if faults or warnings else "Nothing is wrong.")
    return 1 if faults else 0


# --- Program ---------------------------------------------------------------------------------------------------------


def _versions() -> list[Finding]:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return [
        Finding("napari-vcf", "ok", __version__),
        Finding("Python", "ok", f"{platform.python_version()} on {system}"),
        *_packages(importlib.metadata.requires("napari-vcf") or ()),
    ]


def _packages(requirements: Iterable[str]) -> list[Finding]:
    from packaging.requirements import Requirement

    found = []
    for wanted in map(Requirement, requirements):
        needed, of_extra = (
            wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras)
            for extras in (("",), _EXTRAS)
        )
        if needed or of_extra:
            found.append(_package(wanted, optional=not needed))
    return found


def _package(wanted: Requirement, *, optional: bool) -> Finding:
    try:
        version = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        if optional:
            return Finding(wanted.name, "ok", "not installed; optional")
        return Finding(wanted.name, "fault", f"not installed; napari-vcf needs {wanted.name}{wanted.specifier}.")
    if wanted.specifier.contains(version, prereleases=True):
        return Finding(wanted.name, "ok", version)
    return Finding(wanted.name, "warning" if optional else "fault", f"{version}; napari-vcf needs {wanted.specifier}.")


# --- Window ----------------------------------------------------------------------------------------------------------


def _window() -> list[Finding]:
    command = [sys.executable, "-m", "napari_vcf.widgets.window.graphics"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    except subprocess.TimeoutExpired:
        return [Finding("Qt", "fault", "does not answer within a minute. Is the display it is to draw on there?")]
    if asked.returncode != 0:
        return [Finding("Qt", "fault", _why_no_qt(asked.stderr))]
    found = json.loads(asked.stdout.splitlines()[-1])
    qt = Finding("Qt", "ok", f"{found['qt']} by {found['binding']} on {found['platform']}")
    return [qt, *(_screen(screen) for screen in found["screens"]), _gl(found["gl"])]


def _why_no_qt(said: str) -> str:
    if "QtBindingsNotFoundError" in said:
        return 'no Qt binding is installed: python -m pip install "napari-vcf[pyside6]".'
    missing = re.search(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file", said)
    if missing:
        return f"the system library {missing[1]} is missing; docs/install.md names the packages that hold it."
    if "could not connect to display" in said or "no Qt platform plugin" in said:
        return "no display can be opened. Log in to the desktop, or name one in the variable DISPLAY."
    last = said.strip().splitlines()[-1:] or ["it said nothing"]
    return f"could not be started: {_without_home(last[0])}"


def _screen(screen: dict[str, Any]) -> Finding:
    size = f"{screen['width']} x {screen['height']} pixels, scaled by {screen['scale']:g}"
    if screen["width"] >= _LEAST_SCREEN[0] and screen["height"] >= _LEAST_SCREEN[1]:
        return Finding("Screen", "ok", size)
    least = " x ".join(map(str, _LEAST_SCREEN))
    return Finding("Screen", "warning", f"{size}. Below {least} the panels do not fit beside the image.")


def _gl(gl: dict[str, str] | None) -> Finding:
    if gl is None:
        return Finding("OpenGL", "fault", "no context can be made, so napari cannot draw. Install a graphics driver.")
    text = f"{gl['version']}, {gl['renderer']} ({gl['vendor']})"
    from napari_vcf.widgets.window.graphics import drawn_in_software

    if drawn_in_software(gl["renderer"]):
        return Finding("OpenGL", "warning", f"{text}. Drawn in software: it works, but slower than with a driver.")
    return Finding("OpenGL", "ok", text)


# --- Folders ---------------------------------------------------------------------------------------------------------


def _own_folders() -> list[Finding]:
    from napari_vcf.dicom.volumes.cache import cache_folder
    from napari_vcf.widgets.common.preferences import log_path

    places = {"Cache": cache_folder(), "Log": log_path().parent}
    return [_own_folder(name, place) for name, place in places.items()]


def _own_folder(name: str, place: Path | None) -> Finding:
    if place is None:
        return Finding(name, "ok", "switched off")
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    shown = _without_home(str(place))
    if os.access(there, os.W_OK):
        return Finding(name, "ok", shown)
    return Finding(name, "warning", f"{shown} cannot be written. Another folder can be named under Preferences.")


def _without_home(text: str) -> str:
    return text.replace(str(Path.home()), "~")
