"""Small parts that the instrument panels share: colours, number formats, labelled buttons."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QCoreApplication, QEvent, QObject, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_vcf.language import tr
from napari_vcf.reading.stage_images import STAGE_NAMES
from napari_vcf.widgets.common.shortcuts_in_force import with_key

__all__ = [
    "BLUE",
    "CHOSEN_STYLE",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "QUIET_STYLE",
    "SKY",
    "STAGE_NAMES",
    "VERMILLION",
    "YELLOW",
    "Banner",
    "button",
    "clear_layout",
    "fill_with",
    "find_dock",
    "heading",
    "keep_keys",
    "lay_out_now",
    "mark",
    "moved_by_hand",
    "note",
    "open_box",
    "percent",
    "points",
    "rule",
    "scrolled",
    "swatch",
    "toggle",
]

#: From a label over its table, the panel and what scrolls it to the dock.
_LAYOUT_STEPS = 4

# Okabe and Ito's palette: told apart with every common kind of colour blindness, and saturated enough over bright bone.
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"


def moved_by_hand(count: int) -> str:
    """How often a registration was moved, in words."""
    if count < 2:
        return tr("moved by hand once") if count else tr("not moved by hand")
    return tr("moved by hand {count} times", count=count)


def percent(fraction: float | None, decimals: int = 1) -> str:
    """A fraction of 1 as a percentage, with a real minus sign; a dash for none."""
    return "–" if fraction is None else f"{100 * fraction:.{decimals}f} %".replace("-", "−")


def points(distance: float | None) -> str:
    """A difference of two fractions in percentage points (pts), signed."""
    return "–" if distance is None else tr("{distance:+.1f} pts", distance=100 * distance).replace("-", "−")


def button(name: str, text: str, tooltip: str, slot: Callable[[], object], *, action: str = "") -> QPushButton:
    """A push button with a stable object name; the keys of its action are shown in the tooltip."""
    widget = QPushButton(text)
    widget.setObjectName(name)
    widget.setToolTip(with_key(tooltip, action) if action else tooltip)
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    widget.clicked.connect(lambda _checked=False: slot())
    return widget


#: A chosen button is told by its fill, its frame and its bold face.
CHOSEN_STYLE = (
    "QToolButton { border: 1px solid rgba(128, 128, 128, 140); border-radius: 4px; padding: 3px 6px; }"
    f"QToolButton:checked {{ background: {BLUE}; color: white; border: 1px solid {SKY}; font-weight: bold; }}"
    f"QToolButton:focus {{ border: 1px solid {ORANGE}; }}"
    "QToolButton:disabled { color: gray; border-style: dotted; }"
)


def toggle(name: str, text: str, tooltip: str, *, action: str = "") -> QToolButton:
    """A flat button that stays down; the keys of its action are shown in the tooltip."""
    widget = QToolButton()
    widget.setObjectName(name)
    widget.setText(text)
    widget.setCheckable(True)
    widget.setStyleSheet(CHOSEN_STYLE)
    widget.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    widget.setToolTip(with_key(tooltip, action) if action else tooltip)
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    widget.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
    return widget


def heading(text: str) -> QLabel:
    """A heading inside a panel."""
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def note(text: str = "", *, name: str = "") -> QLabel:
    """A wrapped line of text that may be selected and copied."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label


#: Words of less weight; a lighter colour would be lost on one of the themes.
QUIET_STYLE = "font-style: italic;"


def dress(widget: QWidget, style: str) -> None:
    """Give a widget another style sheet; for the one that it has, Qt would lay out and paint all around it anew."""
    if widget.styleSheet() != style:
        widget.setStyleSheet(style)


def mark(label: QLabel, color: str) -> None:
    """Put a bar of a colour beside a text, or take it away; coloured letters are hard to read on a light theme."""
    dress(label, f"border-left: 4px solid {color}; padding-left: 5px;" if color else "")


def rule() -> QFrame:
    """A thin horizontal line."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Plain)
    line.setMaximumHeight(1)
    line.setStyleSheet("color: rgba(128, 128, 128, 120); background: rgba(128, 128, 128, 120);")
    return line


def swatch(color: str, text: str) -> QLabel:
    """A word with a square of its colour before it, so that the colour never carries the meaning alone."""
    label = QLabel(f'<span style="color:{color}">■</span>&nbsp;{text}')
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label


class _OwnKeys(QObject):
    """Lets a field keep the keys that the window has shortcuts for; a wheel that passes over it changes nothing."""

    _keys = frozenset(
        {
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Escape,
            Qt.Key.Key_Up,
            Qt.Key.Key_Down,
            Qt.Key.Key_Left,
            Qt.Key.Key_Right,
        }
    )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Claim them before a shortcut can; leave the wheel to what scrolls."""
        del watched
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in self._keys:
            event.accept()
            return True
        return False


def keep_keys(field: QWidget) -> None:
    """Let a field that is typed or chosen in have Enter, Esc and the arrows for itself, while it is in focus.

    A box takes the focus only by Tab: after a choice with the mouse it would be changed by the arrows.
    """
    field.installEventFilter(_OwnKeys(field))
    if isinstance(field, QComboBox) and not field.isEditable():
        field.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def open_box(box: QComboBox) -> None:
    """Open a box by a key: letters or arrows choose in its list, Enter takes, Esc leaves it as it was."""
    if box.isEnabled() and box.isVisible():
        box.showPopup()


def scrolled(inside: QWidget, *, sideways: bool = True) -> QScrollArea:
    """A widget that can be scrolled where it has too little room; only up and down where not ``sideways``."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    if not sideways:
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area


def fill_with(outer: QWidget, inside: QWidget) -> None:
    """Let a widget fill another one, to its edges."""
    layout = QVBoxLayout(outer)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(inside)


class Banner(QWidget):
    """A sentence that says what to do next, with a coloured bar at its side."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._label = note(name=name)
        # Room for two lines: the controls below stay where the pointer is when the sentence changes.
        self._label.setMinimumHeight(2 * self._label.fontMetrics().lineSpacing())
        bar = QFrame()
        bar.setFixedWidth(4)
        bar.setStyleSheet(f"background: {ORANGE}; border: none;")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.addWidget(bar)
        layout.addWidget(self._label, 1)

    def text(self) -> str:
        """The sentence that is shown."""
        return self._label.text()

    def setText(self, text: str) -> None:  # noqa: N802
        """Show a sentence."""
        self._label.setText(text)


def lay_out_now() -> None:
    """Have everything that waits to be laid out laid out before anything is painted.

    Texts that change have their panel laid out from the inside outwards, one step after the other, and between two of
    them the whole window is painted and put together.
    """
    for _ in range(_LAYOUT_STEPS):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)


def find_dock(panel: QWidget) -> QDockWidget | None:
    """The dock that a panel is in."""
    parent = panel.parent()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parent()
    return parent


def clear_layout(layout: object) -> None:
    """Remove and delete every widget of a layout."""
    while layout.count():  # type: ignore[attr-defined]
        widget = layout.takeAt(0).widget()  # type: ignore[attr-defined]
        if widget is not None:
            # Without a parent it can no longer be found by its name, though it lives until the event loop turns.
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
