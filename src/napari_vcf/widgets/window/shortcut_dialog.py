"""All keys of the desk, on a sheet over the image."""

from __future__ import annotations

import re
from html import escape
from itertools import groupby

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say, shown, tr
from napari_vcf.widgets.common.controls import button, note, scrolled
from napari_vcf.widgets.common.shortcuts_in_force import keys_path, write_keys_template, written
from napari_vcf.widgets.instruments.instrument import SHARED, ToolManager

__all__ = ["KeysDialog"]

#: A screen so wide has room for three columns.
_THREE_COLUMNS_PX = 1900
_MOUSE = (
    (say("Wheel"), say("Go through the slices")),
    (say("Ctrl + wheel"), say("Zoom")),
    (say("Left drag"), say("Move the image, or work with the instrument in hand")),
    (say("Middle drag"), say("Move the image, whatever is in hand")),
    (say("Right drag"), say("Window: across changes its width, up and down its centre")),
)


class KeysDialog(QDialog):
    """The list of keys; the same key closes it.

    Parameters
    ----------
    tools : ToolManager
        Whose keys are listed.
    parent : QWidget
        The window.
    """

    def __init__(self, tools: ToolManager, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("keys")
        self.setWindowTitle(tr("Keys and mouse"))
        self._tools = tools
        self._text = QLabel()
        self._text.setMargin(12)
        self._area = scrolled(self._text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._area)
        self.own = note(name="own_keys")
        self.own.setMargin(6)
        self.write = button(
            "write_keys", tr("Other keys…"), tr("Write a file of all keys, to change them in it"), self._write
        )
        row = QHBoxLayout()
        row.addWidget(self.own, 1)
        row.addWidget(self.write)
        layout.addLayout(row)

    def toggle(self) -> None:
        """Show the list, or hide it."""
        if self.isVisible():
            self.hide()
            return
        self._text.setText(self._html())
        self._tell()
        # On a small screen it is scrolled and not cut off.
        room = self.screen().availableGeometry().size() * 0.95
        bar = self._area.verticalScrollBar().sizeHint().width() + 2
        self.resize((self._text.sizeHint() + QSize(bar, 2 + self.write.sizeHint().height() + 12)).boundedTo(room))
        self.show()

    def _tell(self) -> None:
        path = keys_path()
        self.own.setText(
            tr("Keys of your own stand in {path}; it is read at the start.", path=path) if path.exists() else ""
        )
        self.write.setVisible(not path.exists())

    def _write(self) -> None:
        """Write a file of all keys to start from, where there is none."""
        try:
            write_keys_template()
        except NapariVcfError as error:
            self.own.setText(shown(error))
        else:
            self._tell()

    def _html(self) -> str:
        groups: dict[str, list[tuple[str, str]]] = {say("Mouse"): list(_MOUSE)}
        for binding in self._tools.viewport.keys.bindings:
            if binding.group == SHARED:
                continue
            groups.setdefault(binding.group, []).append((written(binding.key), binding.description))
        # The same key means something of its own in each panel.
        for title, keys in self._tools.sheets.items():
            groups[say("In {panel}", panel=title)] = [(written(key), text) for key, text in keys.items()]
        groups = {shown(name): _merged(entries) for name, entries in groups.items()}
        wide = self.screen().availableGeometry().width() >= _THREE_COLUMNS_PX
        columns: list[list[str]] = [[] for _ in range(3 if wide else 2)]
        # The longest first, so that the columns come out alike.
        for name in sorted(groups, key=lambda name: -len(groups[name])):
            min(columns, key=lambda column: sum(len(groups[other]) for other in column)).append(name)
        # Inside a column they keep their order.
        texts = ("".join(_table(name, groups[name]) for name in groups if name in column) for column in columns)
        cells = "".join(f'<td style="padding-right: 24px">{text}</td>' for text in texts)
        return f"<table><tr>{cells}</tr></table>"


def _table(name: str, entries: list[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td><b>{escape(key)}</b>&nbsp;&nbsp;</td><td>{escape(text)}</td></tr>" for key, text in entries
    )
    return f"<h3>{escape(name)}</h3><table>{rows}</table>"


def _merged(entries: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lines that differ in a number alone, such as Ctrl+1 to Ctrl+9, as one."""

    def shape(entry: tuple[str, str]) -> tuple[str, str]:
        key, text = entry
        return re.sub(r"[0-9]", "#", key), re.sub(r"[0-9]", "#", text)

    found = []
    for _, same in groupby(((shown(key), shown(text)) for key, text in entries), key=shape):
        first, *others = same
        if others:
            last = re.sub(r"[^0-9]", "", others[-1][0])
            found.append((f"{first[0]} … {last}", re.sub(r"[0-9]", f"\\g<0> … {last}", first[1], count=1)))
        else:
            found.append(first)
    return found
