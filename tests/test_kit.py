"""The offline kit: what is damaged, foreign or in the way is refused, and removing takes only what was installed."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from types import ModuleType

import pytest

KIT_TOOLS = Path(__file__).resolve().parent.parent / "tools" / "kit"
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the kit of this test is one for Linux x86-64"
)


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"kit_{name}", KIT_TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


build = _module("build")


def _wheel(folder: Path, version: str) -> Path:
    """A package whose one program prints its version."""
    path = folder / f"napari_vcf-{version}-py3-none-any.whl"
    info = f"napari_vcf-{version}.dist-info"
    files = {
        "kit_stand_in.py": f"def main():\n    print('{version}')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: napari-vcf\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nnapari-vcf = kit_stand_in:main\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return path


def _kit(folder: Path, version: str = "1.0", *, machine: str = "linux-x86_64", python: str = HERE) -> Path:
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    wheel = _wheel(wheels, version)
    ensurepip = importlib.util.find_spec("ensurepip")
    bundled = [] if ensurepip is None else list(Path(str(ensurepip.origin)).parent.glob("_bundled/pip-*.whl"))
    # Debian keeps it elsewhere.
    bundled = bundled or list(Path("/usr/share/python-wheels").glob("pip-*.whl"))
    if not bundled:
        pytest.skip("this Python bundles no wheel of pip")
    (wheels / bundled[0].name).write_bytes(bundled[0].read_bytes())
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / f"requirements-{python}.txt").write_text(f"napari-vcf=={version} --hash=sha256:{digest}\n")
    about = {"version": version, "platform": machine, "pythons": [python]}
    (folder / "kit.json").write_text(json.dumps(about))
    (folder / "icon.svg").write_text("<svg/>")
    for name in ("install.py", "install.sh", "uninstall.sh"):
        (folder / name).write_bytes((KIT_TOOLS / name).read_bytes())
        (folder / name).chmod(0o755)
    build._write_hashes(folder)
    return folder


def _run(kit: Path, home: Path, script: str = "install.sh", *arguments: str) -> subprocess.CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHON": sys.executable}
    command = [str(kit / script), *arguments]
    return subprocess.run(command, env=clean, capture_output=True, text=True, check=False, timeout=120)


def _content(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.slow
def test_it_installs_replaces_and_removes_and_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    home.mkdir()
    (home / "reading.json").write_text("{}")
    for version in ("1.0", "1.1"):
        done = _run(_kit(tmp_path / version, version), home)
        assert done.returncode == 0, done.stderr
        started = subprocess.run([home / ".local/bin/napari-vcf"], capture_output=True, text=True, check=True)
        assert started.stdout.strip() == version
    entry = (home / ".local/share/applications/napari-vcf.desktop").read_text()
    assert "env-1.1/bin/napari-vcf" in entry
    assert not (home / ".local/share/napari-vcf/env-1.0").exists()
    done = _run(tmp_path / "1.1", home, "uninstall.sh")
    assert done.returncode == 0, done.stderr
    assert _content(home) == ["reading.json"]


def test_a_damaged_file_is_named_and_nothing_is_installed(tmp_path: Path) -> None:
    kit = _kit(tmp_path / "kit")
    wheel = next((kit / "wheels").glob("napari_vcf-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    done = _run(kit, tmp_path / "home")
    assert done.returncode == 1
    assert f"{wheel.name} is damaged" in done.stderr
    assert _content(tmp_path / "home") == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    kit = _kit(tmp_path / "kit")
    (kit / "icon.svg").unlink()
    assert "icon.svg is missing" in _run(kit, tmp_path / "home").stderr


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"machine": "windows-x86_64"}, "for windows-x86_64; this machine is linux-x86_64"),
        ({"python": "3.9"}, "Python 3.9"),
    ],
)
def test_a_kit_for_another_machine_or_python_is_refused(tmp_path: Path, made: dict[str, str], words: str) -> None:
    done = _run(_kit(tmp_path / "kit", **made), tmp_path / "home")
    assert done.returncode == 1
    assert words in done.stderr


def test_a_folder_that_holds_something_else_is_not_installed_over(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "mine.txt").write_text("mine")
    done = _run(_kit(tmp_path / "kit"), tmp_path / "home", "install.sh", "--into", str(place))
    assert "holds something else" in done.stderr
    assert _content(place) == ["mine.txt"]


@pytest.mark.slow
def test_a_program_of_the_same_name_is_not_replaced_and_nothing_half_installed_stays(tmp_path: Path) -> None:
    mine = tmp_path / "home/.local/bin/napari-vcf"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    done = _run(_kit(tmp_path / "kit"), tmp_path / "home")
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert _content(tmp_path / "home") == [".local/bin/napari-vcf"]
    assert mine.read_text() == "mine"


def test_removing_what_was_never_installed_is_refused(tmp_path: Path) -> None:
    done = _run(_kit(tmp_path / "kit"), tmp_path / "home", "uninstall.sh")
    assert (done.returncode, "no installation" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("stated", "only"),
    [
        ("MIT", False),
        ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("GPL-3.0-only", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GPL-2.0-only OR AGPL-3.0-only", True),
    ],
)
def test_only_what_leaves_no_choice_but_the_gpl_is_kept_out(stated: str, only: bool) -> None:
    assert build.is_only_gpl(stated) is only


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT\nLicense: something long", "MIT"),
        ("Classifier: License :: OSI Approved :: BSD License", "BSD License"),
        ("License: Apache 2.0", "Apache 2.0"),
        ("Name: x", "not stated; see its files"),
    ],
)
def test_a_licence_is_read_where_a_package_states_it(metadata: str, licence: str) -> None:
    assert build.stated_licence(HeaderParser().parsestr(metadata)) == licence


def test_every_kit_of_the_makefile_can_be_named() -> None:
    named = next(
        line for line in (KIT_TOOLS.parent.parent / "Makefile").read_text().splitlines() if "KIT_PLATFORMS" in line
    )
    assert set(named.split("=")[1].split()) == set(build.PLATFORMS)
    for described in build.PLATFORMS.values():
        assert all((KIT_TOOLS / script).is_file() for script in described.scripts)


def test_scripts_of_windows_end_their_lines_as_windows_does() -> None:
    for path in KIT_TOOLS.glob("*.cmd"):
        lines = path.read_bytes().split(b"\n")[:-1]
        assert lines
        assert all(line.endswith(b"\r") for line in lines)
