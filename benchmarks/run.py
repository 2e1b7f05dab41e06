"""Run every benchmark beside this file and write its table into the documentation.

A benchmark is a module ``bench_<name>.py`` with a docstring and ``main() -> str``, which measures and returns Markdown.
Its page, ``docs/benchmarks/<name>.md``, carries the machine and the versions that the numbers belong to.

    python benchmarks/run.py [NAME ...]     all of them, or those named
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "docs" / "benchmarks"
PACKAGES = ("napari-vcf", "napari", "numpy", "scipy", "SimpleITK", "pydicom", "pandas", "statsmodels", "shapely")
#: What the registration is measured against, where it is installed.
BESIDE = ("itk-elastix", "antspyx")


def machine() -> dict[str, str]:
    """Facts that speed depends on; nothing that names a machine or a person."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "measured": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"


def versions() -> dict[str, str]:
    found = {}
    for package in (*PACKAGES, *BESIDE):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is not a Python module.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def by_sentence(text: str) -> str:
    """One sentence a line, as in all pages; what is not running text is left as it is."""
    paragraphs = [" ".join(part.split()) if part[0].isalpha() else part for part in text.split("\n\n") if part]
    return "\n\n".join(re.sub(r"(?<=\.) (?=[A-Z*`])", "\n", part) for part in paragraphs)


def page(module: ModuleType, table: str, seconds: float) -> str:
    title, _, about = (module.__doc__ or module.__name__).strip().partition("\n")
    facts = "\n".join(f"| {name} | {value} |" for name, value in (machine() | versions()).items())
    parts = [
        f"# {title.rstrip('.')}",
        by_sentence(about.strip()),
        table.strip(),
        "## Measured on",
        f"| | |\n|---|---|\n{facts}",
    ]
    parts.append(f"Written by `make bench` in {seconds:.0f} s.")
    return "\n\n".join(part for part in parts if part) + "\n"


def main(names: list[str]) -> int:
    benchmarks = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    unknown = [name for name in names if name not in benchmarks]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(benchmarks)}", file=sys.stderr)
        return 2
    # Benchmarks may share helpers that lie beside them.
    sys.path.insert(0, str(HERE))
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in names or benchmarks:
        module = load(benchmarks[name])
        print(f"{name} ...", flush=True)
        start = time.perf_counter()
        table = module.main()
        seconds = time.perf_counter() - start
        target = PAGES / f"{name}.md"
        target.write_text(page(module, table, seconds), encoding="utf-8")
        print(table, f"\n{seconds:.0f} s -> {target.relative_to(HERE.parent)}\n", sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
