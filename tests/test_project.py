"""Promises that the project as a whole makes, cheap to check."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from npe2 import PluginManifest
from packaging.requirements import Requirement

import napari_vcf
from napari_vcf.notice import INTENDED_USE

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="not run from a source tree")


def runtime_requirements() -> list[Requirement]:
    """Direct dependencies of a plain install, and the Qt binding that is offered first."""
    wanted = []
    for text in requires("napari-vcf") or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": "pyside6"}):
            wanted.append(requirement)
    return wanted


def test_the_readme_carries_the_sentence_on_intended_use():
    assert INTENDED_USE in (ROOT / "README.md").read_text(encoding="utf-8")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path, modules: set[str]) -> set[str]:
    """The project's files that a file imports, wherever in it: at the top, in a function, for type checkers alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by a relative name."
            module = node.module or ""
            inside = {f"{module}.{alias.name}" for alias in node.names} & modules
            # ``from package import module`` means the module; the package's own names are another import.
            found |= inside
            if len(inside) < len(node.names):
                found.add(module)
    return found & modules


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of files each of which leads to every other (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    found = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        open_.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
            if other in open_:
                low[node] = min(low[node], low[other])
        if low[node] == order[node]:
            group = open_[open_.index(node) :]
            del open_[open_.index(node) :]
            if len(group) > 1 or node in graph[node]:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def test_a_circle_is_found_and_a_chain_is_none():
    chain = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert circles(chain) == []
    assert circles({**chain, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_no_files_import_each_other_in_a_circle():
    modules = {module_of(path): path for path in SOURCES}
    assert circles({name: imports_of(path, set(modules)) for name, path in modules.items()}) == []


def test_the_manifest_in_the_package_is_the_one_at_the_root():
    inside = ROOT / "src" / "napari_vcf" / "napari.yaml"
    assert inside.resolve() == (ROOT / "napari.yaml").resolve()


@pytest.mark.gui
def test_everything_that_the_manifest_names_can_be_imported():
    manifest = PluginManifest.from_distribution("napari-vcf")
    manifest.validate_imports()
    assert manifest.contributions.widgets


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert napari_vcf.__version__ == project["version"]
    assert re.search(r"^version: (.*)$", citation, re.M).group(1) == project["version"]


def test_the_conda_recipe_asks_for_what_the_package_asks_for():
    recipe = (ROOT / "tools" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f'version: "{project["version"]}"' in recipe
    assert f'python_min: "{project["requires-python"].removeprefix(">=")}"' in recipe
    run = recipe.partition("  run:\n")[2].partition("\ntests:")[0]
    asked = {Requirement(line) for line in re.findall(r"^    - (?!python )(.+)$", run, re.M)}
    renamed = {"napari": "napari-base", "docstring-parser": "docstring_parser", "PySide6-Essentials": "pyside6"}
    wanted = set()
    for requirement in map(Requirement, project["dependencies"] + project["optional-dependencies"]["pyside6"]):
        requirement.name = renamed.get(requirement.name, requirement.name.lower())
        wanted.add(requirement)
    assert asked == wanted


def test_what_is_published_names_the_repository_that_publishes_it(tmp_path: Path):
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    home = "https://host.invalid/somebody/napari-vcf"
    command = [sys.executable, ROOT / "tools" / "release" / "address.py", "--home", f"{home}/", "--tag", "v1.0.0"]
    subprocess.run([*command, "--root", tmp_path], check=True)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", readme)
    assert all(target.startswith("https://") for target in targets)
    own = [target.removeprefix(f"{home}/") for target in targets if target.startswith(home)]
    assert own
    for target in own:
        way, tag, place = target.split("/", 2)
        assert (way, tag) == ("raw" if place.startswith("docs/images/") else "blob", "v1.0.0")
        assert (ROOT / place).is_file()
    urls = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert all(url.startswith(home) for url in urls.values())


def test_no_qt_binding_is_forced_on_an_environment_that_has_another():
    plain = [Requirement(text) for text in requires("napari-vcf") or []]
    names = {requirement.name.lower() for requirement in plain if requirement.marker is None}
    assert "napari" in names
    assert not any(name.startswith(("pyqt", "pyside")) for name in names)


@pytest.mark.parametrize("name", sorted({requirement.name for requirement in runtime_requirements()}))
def test_no_direct_dependency_is_under_the_gpl_alone(name):
    about = metadata(name)
    licence = about.get("License-Expression") or ""
    classifiers = [text for text in about.get_all("Classifier", []) if text.startswith("License ::")]
    if not licence and not classifiers:
        licence = (about.get("License") or "").partition("\n")[0]
    assert licence or classifiers, f"{name} does not say what licence it is under"
    # "GPL" as a word of its own: the LGPL is fine, and so is the GPL as one of several to choose from.
    offered = re.split(r"\s+OR\s+", licence) if licence else [text.rpartition("::")[2] for text in classifiers]
    assert any(not re.search(r"(?<![L])GPL|GNU General Public", offer) for offer in offered), f"{name}: {offered}"


def tracked_text() -> dict[str, str]:
    """Every tracked text file by its path, read from the index as git would check it out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not run from a git checkout")
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix.lower() in {".png", ".webp", ".webm", ".gz", ".npz", ".dcm"} or not path.is_file():
            continue
        found[name] = path.read_text(encoding="utf-8")
    return found


def test_no_tracked_file_names_a_place_on_somebodys_machine():
    place = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w+")
    named = {name: place.findall(text) for name, text in tracked_text().items() if place.search(text)}
    assert named == {}


def test_every_committed_schema_is_json_with_an_identifier():
    for path in (ROOT / "docs" / "schema").glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        assert schema["$schema"]
        assert schema["$id"]
