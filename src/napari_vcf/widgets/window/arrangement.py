"""The arrangement of the desk in a napari window: bar above, panels as tabs on the right, keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QStyle, QTabWidget, QToolButton, QWidget

from napari_vcf.errors import NapariVcfError
from napari_vcf.language import say, shown
from napari_vcf.reading import STAGES
from napari_vcf.widgets.case.dropping import DropTarget, take_dropped
from napari_vcf.widgets.case.panel import CasePanel
from napari_vcf.widgets.common.canvas_widget import canvas_of
from napari_vcf.widgets.common.garbage import collect_beside_windows
from napari_vcf.widgets.common.gl_context import keep_gl_context
from napari_vcf.widgets.common.lean_canvas import map_plane_directly
from napari_vcf.widgets.common.new_layers import fit_units_of_new_layers
from napari_vcf.widgets.common.playing import let_playing_stop
from napari_vcf.widgets.common.preferences import follow_preferences, speak_as_preferred
from napari_vcf.widgets.common.shortcuts_in_force import use_keys_file
from napari_vcf.widgets.common.toasts import tidy_notifications
from napari_vcf.widgets.desk.canvas import CanvasDressing
from napari_vcf.widgets.desk.desk import Desk
from napari_vcf.widgets.desk.settings import Settings, settings_path
from napari_vcf.widgets.desk.slice_number import SliceNumber
from napari_vcf.widgets.desk.title import SideLetters, Title
from napari_vcf.widgets.desk.viewport import Viewport
from napari_vcf.widgets.instruments.adc_roi.panel import AdcWidget
from napari_vcf.widgets.instruments.calipers.panel import CalipersWidget
from napari_vcf.widgets.instruments.extent.panel import ExtentWidget
from napari_vcf.widgets.instruments.findings.panel import FindingsWidget
from napari_vcf.widgets.instruments.instrument import Instrument, ToolManager
from napari_vcf.widgets.instruments.registration.panel import RegistrationWidget
from napari_vcf.widgets.instruments.scratch.tools import ScratchTools
from napari_vcf.widgets.linked_views.panes import Panes
from napari_vcf.widgets.window.bar import DeskBar
from napari_vcf.widgets.window.closing import Closing
from napari_vcf.widgets.window.shortcut_dialog import KeysDialog

__all__ = ["PANELS", "Arrangement", "OtherDeskError", "arrange"]

#: Panels in the order of the work: name of the dock, and who builds it.
PANELS: dict[str, Callable[[ToolManager], QWidget]] = {
    say("Case"): lambda tools: CasePanel(tools.desk),
    say("Registration"): RegistrationWidget,
    say("Calipers"): CalipersWidget,
    say("Lesion extent"): ExtentWidget,
    say("ADC ROI"): AdcWidget,
    say("Findings"): FindingsWidget,
}
PANEL_WIDTH = 460
PANES_WIDTH = 350
#: On a narrow screen panel and panes take no more than these shares of it, so that the image stays the largest.
_PANEL_SHARE, _PANES_SHARE = 0.33, 0.23
#: What a reader drags to is kept within this share of the window.
_MOST = 0.45


class OtherDeskError(NapariVcfError):
    """The desk reads a study, and nothing else is opened on it."""


class Arrangement(QObject):
    """The desk's widgets in one window; get it with `arrange`.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer whose window it is.

    Attributes
    ----------
    desk : Desk
        What is read.
    viewport : Viewport
        What is seen of it.
    tools : ToolManager
        Who has the mouse.
    """

    #: The one register of windows.
    _all: ClassVar[list[Arrangement]] = []

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        # Every control speaks the language in force, and every tooltip names the keys in force.
        self.troubles = (*speak_as_preferred(), *use_keys_file())
        self.desk = desk = Desk(Settings(settings_path(), later=lambda write: QTimer.singleShot(800, write)))
        self.viewport = viewport = Viewport(viewer, desk)
        self.dressing = CanvasDressing(viewport)
        self.tools = ToolManager(viewport)
        self.scratch = ScratchTools(self.tools)
        self.panels: dict[str, QWidget] = {}
        self.docks: dict[str, QDockWidget] = {}
        window = viewport.viewer.window
        self.bar = DeskBar(viewport, self.dressing)
        bar_dock = window.add_dock_widget(self.bar, name="Reading desk bar", area="top", add_vertical_stretch=False)
        self.bar.follow_scratch(self.scratch)
        main = bar_dock.parent()
        assert isinstance(main, QMainWindow)
        self.main = main
        collect_beside_windows()
        keep_gl_context(viewer, main)
        map_plane_directly(viewer)
        let_playing_stop(main)
        fit_units_of_new_layers(viewer)
        # A title over a bar only takes room from the image.
        bar_dock.setTitleBarWidget(QWidget())
        bar_dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        main.setCorner(Qt.Corner.TopRightCorner, Qt.DockWidgetArea.TopDockWidgetArea)
        main.setTabPosition(Qt.DockWidgetArea.RightDockWidgetArea, QTabWidget.TabPosition.North)
        canvas = canvas_of(main)
        assert canvas is not None
        self.tools.follow_canvas(canvas)
        self._canvas = canvas
        canvas.installEventFilter(self)
        self.title = Title(canvas)
        self._keep_free(self.title)
        self.dressing.titled.connect(self.title.say)
        self.letters = SideLetters(canvas)
        self.dressing.lettered.connect(self.letters.say)

        def draw_now() -> None:
            self.dressing.refresh()
            canvas.repaint()

        viewport.draw_now = draw_now
        self.slice_number = SliceNumber(viewport, main.centralWidget())
        self._add_panes()
        for name in PANELS:
            self._add_panel(name)
        self._bind_keys()
        viewport.keys.attach(main)
        main.installEventFilter(self)
        self.closing = Closing(
            self.main, desk, self._leave, lambda: [each.closing for each in Arrangement._all if each is not self]
        )
        self._application().focusChanged.connect(self._on_focus)
        self.keys_dialog = KeysDialog(self.tools, main)
        self.bar.help.clicked.connect(self.keys_dialog.toggle)
        self.bar.panels.clicked.connect(lambda: self.show_napari_panels(not self._napari_panels_shown()))
        self.show_napari_panels(shown=False)
        self.raise_panel("Case")
        DropTarget(main, lambda paths: desk.guard(lambda: take_dropped(self.case_panel, paths)))
        self._set_widths()
        desk.opened.connect(self._set_widths)

    def _keep_free(self, widget: QWidget) -> None:
        """Let no label lie where a widget lies over the canvas, as long as there is the widget."""

        def place() -> tuple[float, float, float, float]:
            return widget.geometry().getRect()

        covered = self.viewport.covered
        covered.append(place)
        # A drawing may be put off until after the window has gone.
        widget.destroyed.connect(lambda: covered.remove(place))

    def _add_panes(self) -> None:
        self.panes = Panes(self.viewport)
        dock = self.viewport.viewer.window.add_dock_widget(
            self.panes, name="Linked panes", area="left", add_vertical_stretch=False
        )
        dock.setTitleBarWidget(QWidget())
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setVisible(False)
        self.panes_dock = dock
        dock.installEventFilter(self)
        self.panes.needed.connect(self._show_panes)
        self.panes.sized.connect(self._set_widths)
        self.bar.follow_panes(self.panes)

    def _show_panes(self, needed: bool) -> None:
        fresh = needed and not self.panes_dock.isVisible()
        self.panes_dock.setVisible(needed)
        if fresh:
            self._set_widths()

    def _set_widths(self) -> None:
        """Make panes and panels as wide as the reader left them, else as the screen allows."""
        room = self.main.width()
        usual = {
            "panel_share": min(PANEL_WIDTH / room, _PANEL_SHARE),
            "panes_share": min(PANES_WIDTH / room, _PANES_SHARE),
        }
        kept = {name: self.desk.settings.get(name, share) for name, share in usual.items()}
        panel, panes = (round(min(kept[name], _MOST) * room) for name in ("panel_share", "panes_share"))
        if self.panes.is_beside:
            style = self.main.style()
            borders = 2 * style.pixelMetric(QStyle.PixelMetric.PM_DockWidgetSeparatorExtent, None, self.main)
            panes = (room - panel - borders) // 2
        docks = [self.panes_dock, *self.docks.values()]
        self.main.resizeDocks(docks, [panes] + [panel] * len(self.docks), Qt.Orientation.Horizontal)

    def _on_resized(self, dock: QObject, width: int) -> None:
        """Remember what share of the window the reader dragged it to; the window's own changes are none of theirs."""
        if QApplication.mouseButtons() & Qt.MouseButton.LeftButton and not self.main.isMinimized():
            if dock is self.panes_dock and self.panes.is_beside:
                return
            name = "panes_share" if dock is self.panes_dock else "panel_share"
            self.desk.settings.put(name, width / max(self.main.width(), 1))

    def _add_panel(self, name: str) -> None:
        panel = PANELS[name](self.tools)
        dock = self.viewport.viewer.window.add_dock_widget(
            panel, name=name, area="right", tabify=bool(self.docks), add_vertical_stretch=False
        )
        # The tabs name the panels already, and a panel that can be closed by mistake is one that is missed later.
        dock.setTitleBarWidget(QWidget())
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setWindowTitle(shown(name))
        panel.setMinimumWidth(340)
        dock.installEventFilter(self)
        dock.visibilityChanged.connect(lambda _front: self._keep_keyboard_in_sight())
        self.panels[name] = panel
        self.docks[name] = dock

    @property
    def case_panel(self) -> CasePanel:
        """The panel that opens cases."""
        panel = self.panels.get("Case")
        if not isinstance(panel, CasePanel):
            raise OtherDeskError(say("A study is read in this window. Open other images in a window of their own."))
        return panel

    def replace_panel(self, name: str, new_name: str, panel: QWidget) -> QWidget:
        """Put another panel into a dock, with its keys.

        Returns
        -------
        QWidget
            The panel that was there, whole.
        """
        dock, before = self.docks[name], self.panels[name]
        for action in _keys_of(before):
            self.viewport.keys.unbind_action(action)
        before.hide()
        before.setParent(None)
        dock.setWidget(panel)
        dock.setWindowTitle(shown(new_name))
        panel.setMinimumWidth(340)
        panel.show()
        self.docks = {new_name if known == name else known: widget for known, widget in self.docks.items()}
        self.panels = {
            new_name if known == name else known: panel if known == name else widget
            for known, widget in self.panels.items()
        }
        self._bind_panel(new_name)
        return before

    def raise_panel(self, name: str) -> None:
        """Bring a panel to the front of the tabs."""
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        self._keep_keyboard_in_sight()

    def _is_unseen(self, widget: QWidget | None) -> bool:
        """Whether a control belongs to a panel that is behind another one; Qt itself takes it for visible."""
        return widget is not None and any(
            dock.isAncestorOf(widget) and dock.visibleRegion().isEmpty() and bool(self.main.tabifiedDockWidgets(dock))
            for dock in self.docks.values()
        )

    def _keep_keyboard_in_sight(self) -> None:
        """Take the keyboard from a panel that went behind another one, whichever way that came to the front.

        Qt would leave it there, and what is typed then would answer or fill in what nobody sees.
        """
        # Docks say that they go out of sight also when they go with their window.
        if isalive(self.main) and self.main.isVisible() and self._is_unseen(QApplication.focusWidget()):
            self.main.setFocus()

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Let Tab go past the panels that are behind."""
        if now is None or not self.main.isVisible() or not self._is_unseen(now):
            return
        back = bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)
        other = now
        while (other := other.previousInFocusChain() if back else other.nextInFocusChain()) is not now:
            takes_tab = (other.focusPolicy() & Qt.FocusPolicy.TabFocus) == Qt.FocusPolicy.TabFocus
            if takes_tab and other.isEnabled() and other.isVisible() and not self._is_unseen(other):
                other.setFocus(Qt.FocusReason.BacktabFocusReason if back else Qt.FocusReason.TabFocusReason)
                return
        self.main.setFocus()

    @staticmethod
    def _application() -> QApplication:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        return application

    def fit_screen(self) -> None:
        """Make the window as large as the screen allows, and the panels as wide as they like to be."""
        screen = self.main.screen().availableGeometry()
        # The frame around it is the window manager's, and belongs on the screen as well.
        frame, inside = self.main.frameGeometry(), self.main.geometry()
        self.viewport.viewer.window.resize(
            screen.width() - (frame.width() - inside.width()), screen.height() - (frame.height() - inside.height())
        )
        self.main.move(screen.topLeft())
        self._set_widths()

    # -- keys -------------------------------------------------------------------------------------------------------
    def _bind_keys(self) -> None:
        desk, viewport, bar = self.desk, self.viewport, self.bar
        bind = viewport.bind_action
        for name in self.docks:
            self._bind_panel(name)
        for stage in STAGES:
            bind(f"image.stage_{stage}", bar.findChild(QToolButton, f"stage_{stage}").click)
        for number in range(1, 10):
            bind(f"image.show_{number}", lambda n=number: self._show_image(n - 1))
        bind("image.next", lambda: self._next_image(1))
        bind("image.previous", lambda: self._next_image(-1))
        bind("image.window", bar.next_window)
        bind("image.invert", desk.invert)
        bind("image.usual_window", desk.reset_window)
        bind("image.type_window", bar.window_row.edit)
        bind("image.hide_drawings", lambda: viewport.hide_drawings(not viewport.drawings_hidden))
        for kind in ("distance", "cobb", "region"):
            bind(f"image.scratch_{kind}", lambda k=kind: self.scratch.choose(k))
        bind("image.scratch_clear", self.scratch.clear)
        bind("image.colour", bar.fusion.colour.click)
        bind("image.plane", bar.next_plane)
        bind("image.flicker", bar.fusion.flicker)
        bind("image.overlay", bar.fusion.next_overlay)
        bind("image.overlay_less", lambda: bar.fusion.fuse(-10))
        bind("image.overlay_more", lambda: bar.fusion.fuse(10))
        bind("image.volume", bar.next_volume)
        bind("image.layout", self.panes.next_layout)
        bind("image.beside", self.panes.next_beside)
        bind("image.crosshair", self.panes.crosshair.set_to_pointer)
        bind("image.slice_before", lambda: viewport.step_slice(-1))
        bind("image.slice_next", lambda: viewport.step_slice(1))
        bind("image.fit", viewport.fit)
        bind("reading.undo", desk.undo)
        bind("reading.redo", desk.redo)
        bind("reading.next_carried", self._next_carried)
        bind("panels.layers", bar.panels.click)
        bind("panels.keys", lambda: self.keys_dialog.toggle())

    def _bind_panel(self, name: str) -> None:
        """Bind the key that brings a panel to the front, and those that the panel has of its own."""
        action = f"panels.go_to_{list(self.docks).index(name) + 1}"
        self.viewport.keys.unbind_action(action)
        self.viewport.bind_action(action, lambda: self.raise_panel(name), text=say("Go to {panel}", panel=name))
        for action, run in _keys_of(self.panels[name]).items():
            self.viewport.bind_action(action, run)

    def _next_carried(self) -> None:
        """Show what was carried and waits: the next of the panel in hand, else the first of all, on its panel."""
        boxes = {
            name: panel.carried
            for name, panel in self.panels.items()
            if isinstance(panel, Instrument) and panel.carried is not None
        }
        names = list(boxes)
        here = next((n for n in names if self.panels[n] is self.tools.active), names[0])
        place = names.index(here)
        for name in (*names[place:], *names[:place]):
            if boxes[name].waits or boxes[name].withheld:
                self.raise_panel(name)
                self.tools.take(self.panels[name])
                boxes[name].go_on()
                return
        self.desk.message.emit(say("Nothing that was carried waits any more."), "info")

    def _show_image(self, index: int) -> None:
        images = self.desk.images()
        if index < len(images):
            self.desk.show(images[index].id)

    def _next_image(self, step: int) -> None:
        ids = [image.id for image in self.desk.images()]
        if self.desk.image_id in ids:
            self.desk.show(ids[(ids.index(self.desk.image_id) + step) % len(ids)])

    # -- napari's own panels ----------------------------------------------------------------------------------------
    def _napari_docks(self) -> list[QDockWidget]:
        return [
            dock
            for dock in self.main.findChildren(QDockWidget)
            if dock.objectName() in {"layer list", "layer controls"}
        ]

    def _napari_panels_shown(self) -> bool:
        return any(dock.isVisible() for dock in self._napari_docks())

    def show_napari_panels(self, shown: bool) -> None:
        """Show or hide napari's layer list, controls and status line, which speaks of layers; hide its console."""
        self.main.statusBar().setVisible(shown)
        if not shown:
            # It would have every key that is pressed while the cursor is in it.
            for dock in self.main.findChildren(QDockWidget, "console"):
                dock.setVisible(False)
        for dock in self._napari_docks():
            dock.setVisible(shown)

    # -- closing ----------------------------------------------------------------------------------------------------
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Ask before a window with unsaved work closes; look out for borders that are dragged."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QDockWidget):
            self._on_resized(watched, watched.width())
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            # Panes and panels find their widths only once an image is there, and napari hears of it a moment later.
            QTimer.singleShot(0, self.viewport.refit)
        if watched is self.main and event.type() == QEvent.Type.Close:
            self.closing.ask(event)
            return True
        return False

    def _leave(self) -> None:
        self.main.removeEventFilter(self)
        self.closing.forget()
        self._canvas.removeEventFilter(self)
        self._application().focusChanged.disconnect(self._on_focus)
        self.desk.dispose()
        Arrangement._all = [known for known in Arrangement._all if known is not self]


def _keys_of(panel: QWidget) -> dict[str, Callable[[], object]]:
    """What a panel does for actions of the register."""
    keys: dict[str, Callable[[], object]] = getattr(panel, "keys", {})
    return keys


def arrange(viewer: Any) -> Arrangement:
    """Lay the desk out in a viewer's window; a second call gives the same."""
    # napari hands plugins a proxy, which is equal to the viewer but not the same object.
    for known in Arrangement._all:
        if known.viewport.viewer == viewer:
            return known
    tidy_notifications()
    arrangement = Arrangement(getattr(viewer, "__wrapped__", viewer))
    Arrangement._all.append(arrangement)
    for sentence in (*arrangement.troubles, *follow_preferences()):
        arrangement.desk.message.emit(sentence, "warning")
    return arrangement
