"""One registry of keys: each has a sentence, and none is bound twice.

The keys belong to the window and not to the canvas, so that they work wherever the reader clicked last; a text field
that is being typed into keeps its letters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say
from napari_vcf.widgets.common.shortcut_defaults import ACTIONS, SCOPES
from napari_vcf.widgets.common.shortcuts_in_force import keys_of

__all__ = ["Binding", "ShortcutError", "Shortcuts"]


class ShortcutError(NapariVcfError, ValueError):
    """A key that is taken already."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A key and what it does.

    Attributes
    ----------
    key : str
        In Qt's portable notation, such as ``"Ctrl+Z"``.
    description : str
        A sentence for the tooltip and the list of keys.
    group : str
        Heading under which it is listed.
    repeats : bool
        Whether it goes on while it is held down.
    """

    key: str
    description: str
    group: str
    repeats: bool = False


class Shortcuts:
    """Keys of one window."""

    def __init__(self) -> None:
        self._window: QWidget | None = None
        self._bindings: dict[str, tuple[Binding, Callable[[], object]]] = {}
        self._shortcuts: dict[str, QShortcut] = {}

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All keys, in the order in which they were bound."""
        return tuple(binding for binding, _ in self._bindings.values())

    def bind_action(self, action: str, run: Callable[[], object], *, text: str = "") -> None:
        """Bind the keys in force of an action of the register; with a sentence of its own where one is given."""
        known = ACTIONS[action]
        for key in keys_of(action):
            self.bind(key, run, text or known.text, group=SCOPES[known.scope], repeats=known.repeats)

    def unbind_action(self, action: str) -> None:
        """Give the keys of an action back."""
        for key in keys_of(action):
            self.unbind(key)

    def bind(
        self,
        key: str,
        run: Callable[[], object],
        description: str,
        *,
        group: str = "Desk",
        repeats: bool = False,
    ) -> None:
        """Bind a key.

        Raises
        ------
        ShortcutError
            If the key is taken.
        """
        name = QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
        if not name:
            raise ShortcutError(say("'{key}' is not a key.", key=key))
        if name in self._bindings:
            raise ShortcutError(
                say(
                    "The key {name} is taken: {description}", name=name, description=self._bindings[name][0].description
                )
            )
        self._bindings[name] = (Binding(name, description, group, repeats), run)
        if self._window is not None:
            self._activate(name)

    def unbind(self, key: str) -> None:
        """Give a key back."""
        name = QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
        self._bindings.pop(name, None)
        shortcut = self._shortcuts.pop(name, None)
        if shortcut is not None:
            shortcut.setEnabled(False)
            shortcut.deleteLater()

    def attach(self, window: QWidget) -> None:
        """Put the keys into force in a window."""
        self._window = window
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)
        window.destroyed.connect(self._on_window_gone)
        for name in self._bindings:
            self._activate(name)

    def stop_repeating(self, key: str) -> None:
        """Let a key no longer go on while it is held down: something else that it does must not be done twice."""
        name = QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
        binding, run = self._bindings[name]
        self._bindings[name] = replace(binding, repeats=False), run
        if name in self._shortcuts:
            self._shortcuts[name].setAutoRepeat(False)

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Leave Enter, Delete, arrows and the like to a field that is being typed into."""
        typing = isinstance(now, QLineEdit | QTextEdit | QPlainTextEdit | QAbstractSpinBox)
        # An editable box has the focus itself and hands its keys on to the line inside.
        typing = typing or (isinstance(now, QComboBox) and now.isEditable())
        for name, shortcut in self._shortcuts.items():
            if not name.startswith(("Ctrl+", "Alt+")) and not _is_function_key(name):
                shortcut.setEnabled(not typing)

    def _on_window_gone(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.disconnect(self._on_focus)
        self._shortcuts.clear()
        self._window = None

    def _activate(self, name: str) -> None:
        binding, run = self._bindings[name]
        shortcut = QShortcut(QKeySequence(name), self._window)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.setAutoRepeat(binding.repeats)
        shortcut.activated.connect(lambda: run())
        self._shortcuts[name] = shortcut


def _is_function_key(name: str) -> bool:
    return name[0] == "F" and name[1:].isdigit()
