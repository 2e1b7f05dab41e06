"""Write the address of a repository into what is published: links and pictures of the README, and ``[project.urls]``.

    python tools/release/address.py --home https://host/owner/name --tag v1.0.0

The index shows the README away from the repository, where relative links lead nowhere. The sources name no address, so
that a copy of the project never points at somebody else's; the workflow of a release gives that of where it runs.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)]+)\)")


def main() -> int:
    """Change README.md and pyproject.toml where they lie."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", required=True, help="address of the repository")
    parser.add_argument("--tag", required=True, help="tag that is released")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = parser.parse_args()
    home = args.home.rstrip("/")
    for name, rewritten in (("README.md", readme_with_address), ("pyproject.toml", project_with_address)):
        path = args.root / name
        path.write_text(rewritten(path.read_text(encoding="utf-8"), home, args.tag), encoding="utf-8", newline="\n")
    return 0


def readme_with_address(text: str, home: str, tag: str) -> str:
    """The README with links that lead to the repository, and pictures that come from it, as they are at the tag."""

    def absolute(link: re.Match[str]) -> str:
        picture, words, place = link.groups()
        return f"{picture}[{words}]({home}/{'raw' if picture else 'blob'}/{tag}/{place})"

    return _LINK.sub(absolute, text)


def project_with_address(text: str, home: str, tag: str) -> str:
    """The project's metadata with its addresses."""
    if "[project.urls]" in text:
        raise SystemExit("error: pyproject.toml has addresses already; write them in one place.")
    urls = {
        "Homepage": home,
        "Source": f"{home}/tree/{tag}",
        "Documentation": f"{home}/tree/{tag}/docs",
        "Changelog": f"{home}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{home}/issues",
    }
    table = "[project.urls]\n" + "".join(f'{name} = "{url}"\n' for name, url in urls.items()) + "\n"
    before, scripts, after = text.partition("[project.scripts]")
    if not scripts:
        raise SystemExit("error: pyproject.toml has no [project.scripts], before which the addresses stand.")
    return before + table + scripts + after


if __name__ == "__main__":
    sys.exit(main())
