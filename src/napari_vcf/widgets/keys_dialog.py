"""All keys of the desk, on a sheet over the image."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from napari_vcf.widgets.shortcuts import key_text

if TYPE_CHECKING:
    from napari_vcf.widgets.desk import Desk

__all__ = ["KeysDialog"]

_MOUSE = (
    ("Wheel", "Go through the slices"),
    ("Ctrl + wheel", "Zoom"),
    ("Left drag", "Move the image, or work with the instrument in hand"),
    ("Middle drag", "Move the image, whatever is in hand"),
    ("Right drag", "Window: across changes its width, up and down its centre"),
)


class KeysDialog(QDialog):
    """The list of keys; the same key closes it.

    Parameters
    ----------
    desk : Desk
        Whose keys are listed.
    parent : QWidget
        The window.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("keys")
        self.setWindowTitle("Keys and mouse")
        self._desk = desk
        self._text = QLabel()
        layout = QVBoxLayout(self)
        layout.addWidget(self._text)

    def toggle(self) -> None:
        """Show the list, or hide it."""
        if self.isVisible():
            self.hide()
            return
        self._text.setText(self._html())
        self.adjustSize()
        self.show()

    def _html(self) -> str:
        groups: dict[str, list[tuple[str, str]]] = {"Mouse": list(_MOUSE)}
        for binding in self._desk.keys.bindings:
            groups.setdefault(binding.group, []).append((key_text(binding.key), binding.description))
        columns: list[list[str]] = [[], []]
        for name, entries in groups.items():
            rows = "".join(
                f"<tr><td><b>{escape(key)}</b>&nbsp;&nbsp;</td><td>{escape(text)}</td></tr>" for key, text in entries
            )
            shortest = min(columns, key=lambda column: sum(part.count("<tr>") for part in column))
            shortest.append(f"<h3>{escape(name)}</h3><table>{rows}</table>")
        cells = "".join(f'<td style="padding-right: 24px">{"".join(column)}</td>' for column in columns)
        return f"<table><tr>{cells}</tr></table>"
