"""The keys in force: those of the register, and what the reader's own file changes.

The file is ``keys.toml`` beside the desk's settings. It has a table for each place where keys are at work, and a line
for each action that has another key than usual::

    [image]
    next = "N"
    previous = ["Shift+N", "F9"]

It is read at the start. What is wrong with it is said in a sentence, and then the usual keys are in force.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from app_model import Application
from platformdirs import user_config_path
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import joined, said, say, tr
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.errors import WriteError, system_says
from napari_vcf.widgets.common.shortcut_defaults import ACTIONS, ALONE, INSTRUMENTS, SCOPES, Action

__all__ = [
    "KeysError",
    "key_of",
    "key_text",
    "keys_of",
    "keys_path",
    "keys_template",
    "napari_keys",
    "read_keys",
    "use_keys",
    "use_keys_file",
    "with_key",
    "write_keys_template",
    "written",
]

#: A field that is typed into needs them, and a button that has the focus.
_FIELD_KEYS = frozenset(
    {
        *(f"Ctrl+{key}" for key in ("A", "C", "V", "X", "Left", "Right", "Home", "End", "Backspace", "Del", "Ins")),
        *("Tab", "Shift+Tab", "Space", "Shift+Ins"),
    }
)
_MODIFIERS = frozenset({Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_unknown})

_usual: dict[str, tuple[str, ...]] = {name: action.keys for name, action in ACTIONS.items()}
_in_force: dict[str, tuple[str, ...]] = dict(_usual)


class KeysError(NapariVcfError, ValueError):
    """A file of keys that cannot be used."""


def keys_path() -> Path:
    """The file: beside napari's settings where those were put somewhere, else in the person's own folder."""
    napari = os.environ.get("NAPARI_CONFIG")
    return Path(napari).parent / "napari-vcf-keys.toml" if napari else user_config_path("napari-vcf") / "keys.toml"


# -- the keys in force ----------------------------------------------------------------------------------------------
def keys_of(action: str) -> tuple[str, ...]:
    """Keys of an action, in Qt's portable notation."""
    return _in_force[action]


def key_of(action: str) -> str:
    """The first key of an action, in Qt's portable notation."""
    return keys_of(action)[0]


def key_text(*actions: str) -> str:
    """The first keys of actions as this platform writes them, with *and* between."""
    return tr(" and ").join(written(key_of(action)) for action in actions)


def with_key(text: str, *actions: str) -> str:
    """A tooltip that ends with the keys of what it speaks of."""
    if len(actions) == 1:
        return f"{text}  [{tr(' or ').join(map(written, keys_of(actions[0])))}]"
    # A bracket is a key itself.
    return f"{text}  [ {key_text(*actions)} ]"


def written(key: str) -> str:
    """A key as this platform writes it."""
    text = str(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText))
    return "Enter" if text == "Return" else text


def use_keys(keys: Mapping[str, tuple[str, ...]]) -> None:
    """Put keys into force for the windows that are opened from now on; actions that it leaves out keep theirs."""
    _in_force.update({**_usual, **keys})


def napari_keys() -> dict[str, str]:
    """Keys of napari's menus, and what its commands are called."""
    app = Application.get_app("napari")
    found = {}
    for binding in () if app is None else app.keybindings:
        key = QKeySequence(str(binding.keybinding)).toString(QKeySequence.SequenceFormat.PortableText)
        found[key] = binding.command_id.removeprefix("napari.").replace(".", " > ").replace("_", " ")
    return found


def use_keys_file() -> tuple[str, ...]:
    """Put the reader's own keys into force, if there is a file; called before the controls of a window are made.

    Returns
    -------
    tuple of str
        A sentence where the file is not used: then the usual keys are in force.
    """
    path = keys_path()
    use_keys({})
    if not os.path.lexists(path):
        return ()
    try:
        use_keys(read_keys(path, napari_keys()))
    except KeysError as error:
        return (said(error),)
    return ()


# -- the file -------------------------------------------------------------------------------------------------------
def read_keys(path: Path, foreign: Mapping[str, str] | None = None) -> dict[str, tuple[str, ...]]:
    """Read a file of keys.

    Parameters
    ----------
    path : Path
        The file, in TOML.
    foreign : mapping, optional
        Keys that something else in the window needs, and what for.

    Returns
    -------
    dict
        Keys of all actions, by their names.

    Raises
    ------
    KeysError
        If it cannot be read, names an unknown action, or gives an action a key that is none or that is taken; every
        wrong place is named.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KeysError(
            say(
                "The keys in {path} are not used: it cannot be read ({strerror}).",
                path=path,
                strerror=system_says(error),
            )
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise KeysError(
            say("The keys in {path} are not used: it is not TOML ({error}).", path=path, error=error)
        ) from error
    keys, troubles = dict(_usual), []
    for name, value in _entries(document):
        if name not in ACTIONS:
            troubles.append(_unknown(name))
            continue
        keys[name], found = _parsed(name, value, foreign or {})
        troubles += found
    troubles += _taken_twice(keys)
    if troubles:
        raise KeysError(say("The keys in {path} are not used: {troubles}.", path=path, troubles=joined("; ", troubles)))
    return keys


def _entries(document: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for scope, table in document.items():
        if isinstance(table, dict):
            yield from ((f"{scope}.{name}", value) for name, value in table.items())
        else:
            yield scope, table


def _unknown(name: str) -> str:
    near = get_close_matches(name, ACTIONS, n=1)
    if near:
        return say("there is no action {name} (is {near} meant?)", name=name, near=near[0])
    return say("there is no action {name}", name=name)


def _parsed(name: str, value: Any, foreign: Mapping[str, str]) -> tuple[tuple[str, ...], list[str]]:
    """Keys in Qt's portable notation, and what is wrong with them."""
    wanted = value if isinstance(value, list) else [value]
    if not wanted or not all(isinstance(text, str) for text in wanted):
        return _usual[name], [say("{name} needs a key, or a list of keys, in quotation marks", name=name)]
    keys: list[str] = []
    troubles: list[str] = []
    for text in wanted:
        sequence = QKeySequence("Return" if text.capitalize() == "Enter" else text)
        if sequence.count() != 1 or sequence[0].key() in _MODIFIERS:
            troubles.append(say("{name} = '{text}' is not a key", name=name, text=text))
            continue
        key = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        # What was a field's key, or napari's, all along is so by agreement.
        if key not in ACTIONS[name].keys and (needed := _needed(key, foreign)):
            troubles.append(say("{name} = '{text}': {needed}", name=name, text=text, needed=needed))
        keys.append(key)
    return tuple(keys) or _usual[name], troubles


def _needed(key: str, foreign: Mapping[str, str]) -> str:
    if key in _FIELD_KEYS:
        return say("fields and buttons need this key")
    if key.startswith("Alt+") and len(key) == 5 and key[-1].isalpha():
        return say("the menus need this key")
    return say("napari needs this key ({key})", key=foreign[key]) if key in foreign else ""


def _taken_twice(keys: Mapping[str, tuple[str, ...]]) -> list[str]:
    owners: dict[str, list[Action]] = {}
    for name, its in keys.items():
        for key in dict.fromkeys(its):
            owners.setdefault(key, []).append(ACTIONS[name])
    return [
        say("{key} is the key of {one} and of {other}", key=written(key), one=one.id, other=other.id)
        for key, actions in owners.items()
        for number, one in enumerate(actions)
        for other in actions[number + 1 :]
        if _meet(one.scope, other.scope)
    ]


def _meet(one: str, other: str) -> bool:
    """Whether keys of two scopes can be pressed for both at once."""
    if one == other:
        return True
    if one in ALONE or other in ALONE:
        return False
    return not (one in INSTRUMENTS and other in INSTRUMENTS)


def write_keys_template() -> Path:
    """Write a file of all keys to start from; raises `WriteError` where there is one already, or the disk refuses."""
    path = keys_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            say("The folder {parent} cannot be made: {strerror}.", parent=path.parent, strerror=system_says(error))
        ) from error
    write_atomically(path, keys_template(), overwrite=False)
    return path


def keys_template() -> str:
    """A file of keys with every action and its usual key, all of it commented out, to start from."""
    lines = [
        "# Keys of the reading desk. Take the # off a line and write another key; a list gives an action several keys.",
        "# The file is read when the program starts. In the panels, each panel has keys of its own.",
    ]
    for scope in SCOPES:
        lines += ["", f"[{scope}]"]
        for action in ACTIONS.values():
            if action.scope == scope:
                keys = ", ".join(f'"{key}"' for key in action.keys)
                lines.append(f"# {action.name} = {f'[{keys}]' if len(action.keys) > 1 else keys}  # {action.text}")
    return "\n".join(lines) + "\n"
