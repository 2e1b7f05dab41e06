"""Write the page of all keys from their register.

usage: python tools/docs/shortcuts.py
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from napari_vcf.widgets.common.shortcut_defaults import ACTIONS, SCOPES, Action

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "shortcuts.md"
_HEAD = """\
# All keys

<!-- Made by tools/docs/shortcuts.py from the register of keys. -->

The usual keys; [The desk](desk.md#keys-of-your-own) says how to choose others.
Keys under *Image*, *Reading* and *Panels* work everywhere, the others in their own panel or window.
"""


def page() -> str:
    """The page, as it belongs in the documentation."""
    return "\n".join([_HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for scope, actions in groupby(ACTIONS.values(), key=lambda action: action.scope):
        yield f"## {SCOPES[scope]}\n\n| key | what it does |\n|---|---|"
        yield from map(_row, actions)
        yield ""


def _row(action: Action) -> str:
    # As on every platform but a Mac, where Ctrl is the command key.
    keys = ", ".join(f"`{key.replace('Return', 'Enter')}`" for key in action.keys)
    return f"| {keys} | {str(action.text).replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
