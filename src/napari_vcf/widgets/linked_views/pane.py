"""One linked pane: a plane of one image through the crosshair, with what the instruments draw on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QSizePolicy, QWidget
from scipy import ndimage

from napari_vcf.dicom import Role
from napari_vcf.errors import NapariVcfError
from napari_vcf.geometry import ReadingFrame
from napari_vcf.language import say, shown, tr
from napari_vcf.widgets.common.controls import ORANGE, PURPLE
from napari_vcf.widgets.desk.space import letters
from napari_vcf.widgets.linked_views.levels import LevelLink, LevelPoint, link_of
from napari_vcf.widgets.linked_views.own_place import OwnPlace
from napari_vcf.widgets.linked_views.reslice import Cut, cross_frame, cut_volume, to_gray
from napari_vcf.widgets.linked_views.sheet import Sheet

if TYPE_CHECKING:
    from napari_vcf.widgets.desk.viewport import Viewport
    from napari_vcf.widgets.linked_views.crosshair import Crosshair

__all__ = ["MIN_FIELD_MM", "Pane"]

#: A pane shows at least so much of the patient, however far the large image is enlarged: one vertebra.
MIN_FIELD_MM = 60.0
_TEXT = QColor("#ffd75e")
_FREE_PX = 6.0
#: Width of a line of a drawing, and of the dark line under one that has to be told apart from anything.
_LINE_PX, _CASING_PX = 1.4, 3.8
_PLANE_OF_AXIS = (say("sagittal"), say("coronal"), say("axial"))


class Pane(QWidget):
    """A plane of one image.

    Parameters
    ----------
    viewport : Viewport
        The window of the desk.
    crosshair : Crosshair
        The crosshair.
    axis : {0, 1, 2}
        0 for the plane of the large image, 1 and 2 for the planes that cut its rows and columns.
    image_id : str or None
        The image; None for the one in front.
    sheet : Sheet, optional
        What is drawn over the plane of the large image, shared with other panes.
    beside : bool
        Whether it stands beside the large image, as large and at the same zoom. An image that nobody has joined to the
        one in front is then shown at a place of its own, linked by a vertebra that was marked on both, and says so.
    """

    #: The image was double-clicked.
    chosen = Signal(str)
    #: A plane across the image was double-clicked.
    enlarged = Signal(object)

    def __init__(
        self,
        viewport: Viewport,
        crosshair: Crosshair,
        axis: int,
        image_id: str | None = None,
        sheet: Sheet | None = None,
        *,
        beside: bool = False,
    ) -> None:
        super().__init__()
        self._sheet = Sheet() if sheet is None else sheet
        self._own: OwnPlace | None = None
        self._pressed_at: tuple[NDArray[np.float64], bool] | None = None
        self._viewport, self._desk = viewport, viewport.desk
        self._crosshair = crosshair
        self._cut: Cut | None = None
        self._cut_for: object = None
        self._picture: QPixmap | None = None
        self._picture_for: object = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        # All of it is painted each time: nothing beneath it has to be.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.aim(axis, image_id, beside=beside)

    # -- what it shows ----------------------------------------------------------------------------------------------
    def aim(self, axis: int, image_id: str | None, *, beside: bool) -> None:
        """Show another plane or image, as `Pane` takes them."""
        self.axis, self.image_id, self.beside = axis, image_id, beside
        self.setToolTip(
            tr("Click: put the crosshair here. Wheel: slices, with Ctrl: zoom. Double click: enlarge this plane.")
            if image_id is None
            else tr(
                "Click: put the crosshair here. Wheel: slices, with Ctrl: zoom. "
                "Double click: bring this image to the front."
            )
        )
        self.setObjectName(f"pane_{image_id or 'cross'}_{axis}")
        self.update()

    def rest(self) -> None:
        """Show nothing, and keep no pixels, until it is needed again."""
        self.hide()
        self.setObjectName("")
        self._own = self._pressed_at = None
        self._cut = self._cut_for = self._picture = self._picture_for = None

    @property
    def shown(self) -> str | None:
        """The image that it shows."""
        return self._desk.image_id if self.image_id is None else self.image_id

    @property
    def frame(self) -> ReadingFrame:
        """Its plane."""
        own = self.own_place()
        return cross_frame(self._viewport.frame, self.axis) if own is None else own.frame

    @property
    def center(self) -> NDArray[np.float64]:
        """The point in its middle, LPS mm of the space that it shows."""
        own = self.own_place()
        if own is None:
            return self._crosshair.lps
        link = self.link()
        return own.center if link is None else self._crosshair.lps + link.shift_lps

    def own_place(self) -> OwnPlace | None:
        """Its plane and place where nothing joins its image to the one in front; None where it follows the crosshair.

        Only the pane that stands beside the large image shows such an image at all.
        """
        viewport, desk, image_id = self._viewport, self._desk, self.shown
        if not self.beside or desk.case is None or image_id is None or viewport.view is None:
            return None
        if viewport.can_show(image_id):
            return None
        if self._own is None or self._own.image_id != image_id:
            self._own = OwnPlace.of(image_id, desk.space_of(image_id), desk.case.image(image_id).series.grid)
        return self._own

    def link(self) -> LevelLink | None:
        """What links a place of its own to the crosshair."""
        viewport, desk, own = self._viewport, self._desk, self.own_place()
        if own is None or desk.reading is None or viewport.view is None:
            return None
        marks = [(level, image, point) for given in viewport.level_marks for level, image, point in given()]
        state = desk.reading.state
        for caliper in state.stages[desk.stage].calipers:
            middle = (np.asarray(caliper.start_lps) + np.asarray(caliper.end_lps)) / 2
            marks.append((caliper.level, caliper.image, middle))
        seen = {image.id for image in desk.images()}
        points = [LevelPoint(level, desk.space_of(image), point) for level, image, point in marks if image in seen]
        return link_of(points, viewport.view.space, own.space, self._crosshair.lps)

    @property
    def zoom(self) -> float:
        """Pixels of the screen per mm: those of the large image, as far as a vertebra finds room."""
        large = max(float(self._viewport.viewer.scene.camera.zoom), 1e-6)
        return large if self.beside else min(large, min(self.width(), self.height()) / MIN_FIELD_MM)

    def cut(self) -> Cut | None:
        """The plane as far as it is on the screen; computed once for a place."""
        viewport, desk, image_id = self._viewport, self._desk, self.shown
        if desk.case is None or image_id is None or viewport.view is None:
            return None
        own = self.own_place()
        if own is None and not viewport.can_show(image_id):
            return None
        frame, center, zoom = self.frame, self.center, self.zoom
        transform = viewport.transform_of(image_id) if own is None else None
        volume = desk.volume(image_id)
        key = (
            id(volume),
            frame.axes.tobytes(),
            center.tobytes(),
            zoom,
            self.width(),
            self.height(),
            None if transform is None else transform.matrix.tobytes(),
        )
        if key != self._cut_for:
            self._cut = cut_volume(volume, frame, center, (self.height(), self.width()), 1.0 / zoom, transform)
            self._cut_for, self._picture = key, None
        return self._cut

    def title(self) -> str:
        """What it shows, in words."""
        desk, image_id = self._desk, self.shown
        if desk.case is None or image_id is None:
            return ""
        label = desk.case.image(image_id).label
        if self.axis == 0:
            return label
        return f"{label} {shown(_PLANE_OF_AXIS[int(np.argmax(np.abs(self.frame.axes[0])))])}"

    @staticmethod
    def slice_text(cut: Cut) -> str:
        """Which of how many slices of the image is shown; that pixels are interpolated where it is none of them."""
        if cut.slice_number is None:
            return tr("resliced")
        number, count = cut.slice_number
        return tr("{number} of {count}", number=number, count=count)

    # -- painting ---------------------------------------------------------------------------------------------------
    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw the plane, the masks, the instruments, the crosshair and the title."""
        painter = QPainter(self)
        viewport, desk = self._viewport, self._desk
        image_id = self.shown
        if desk.reading is None or image_id is None or viewport.view is None:
            painter.fillRect(self.rect(), QColor("black"))
            return
        try:
            cut = self.cut()
        except NapariVcfError as error:
            painter.fillRect(self.rect(), QColor("black"))
            self._say(painter, shown(error))
            return
        if cut is None:
            painter.fillRect(self.rect(), QColor("black"))
            why = (
                tr("not joined to this image") if not viewport.can_show(image_id) else tr("nothing of it at this place")
            )
            self._say(painter, why)
        else:
            painter.drawPixmap(0, 0, self._pixmap(cut, image_id))
            if self.own_place() is not None:
                self._say_own_place(painter)
            elif not viewport.drawings_hidden:
                if self.axis == 0:
                    painter.drawPixmap(0, 0, self._drawings())
                else:
                    self._draw_masks(painter)
                self._draw_cross(painter)
            if self.axis == 0:
                self._write(painter, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, self.slice_text(cut))
        self._draw_frame(painter)

    def _pixmap(self, cut: Cut, image_id: str) -> QPixmap:
        """The plane as it is seen, without what is drawn on it; made once for a place and a window."""
        desk = self._desk
        window, inverted = desk.windows.of(image_id), desk.windows.is_inverted(image_id)
        ratio = self.devicePixelRatioF()
        key = window, inverted, ratio, image_id
        if self._picture is None or self._picture_for != key:
            gray = to_gray(cut.pixels, window)
            if inverted:
                gray = 255 - gray
            rows, columns = gray.shape
            image = QImage(gray.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(QColor("black"))
            smooth = desk.case is None or desk.case.image(image_id).series.role is not Role.ADC or self.axis != 0
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(self._rect(cut), image)
            painter.end()
            self._picture, self._picture_for = picture, key
        return self._picture

    def _drawings(self) -> QPixmap:
        """Masks and instruments on the plane of the large image: the same for every image on it."""
        frame, center, size, ratio = self.frame, self.center, self.size(), self.devicePixelRatioF()

        def paint(painter: QPainter) -> None:
            self._draw_masks(painter)
            pictures = [drawing.picture for drawing in self._viewport.drawings]
            # They lie over every slice.
            in_plane = frame.axes.tobytes(), frame.to_world(center)[1:].tobytes(), self.zoom
            lines = self._sheet.picture_of(pictures, in_plane, size, ratio, self._draw_instruments)
            painter.drawPixmap(0, 0, lines)

        place = frame.axes.tobytes(), self._crosshair.lps.tobytes(), center.tobytes(), self.zoom
        return self._sheet.picture(place, size, ratio, paint)

    def _place(self, row_mm: float, column_mm: float) -> QPointF:
        """Where a point of its plane lies, pixels."""
        _, row, column = self.frame.to_world(self.center)
        zoom = self.zoom
        return QPointF(self.width() / 2 + (column_mm - column) * zoom, self.height() / 2 + (row_mm - row) * zoom)

    def _rect(self, cut: Cut) -> QRectF:
        rows, columns = cut.pixels.shape
        bottom, right = cut.top_mm + rows * cut.row_mm, cut.left_mm + columns * cut.column_mm
        return QRectF(self._place(cut.top_mm, cut.left_mm), self._place(bottom, right))

    def _draw_masks(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for sections in self._viewport.sections:
            for section in sections():
                transform = self._viewport.transform_of(section.image)
                if transform is not None:
                    continue
                size = (self.height(), self.width())
                cut = cut_volume(section.volume, self.frame, self._crosshair.lps, size, 1.0 / self.zoom)
                # On an oblique plane a code cannot be interpolated.
                if cut is None or not cut.native:
                    continue
                mask = cut.pixels == section.code
                if not mask.any():
                    continue
                if section.outlined:
                    mask &= ~ndimage.binary_erosion(mask)
                color = QColor(section.color)
                alpha = 200 if section.outlined else 110
                painted = np.zeros((*mask.shape, 4), dtype=np.uint8)
                painted[mask] = (color.red(), color.green(), color.blue(), alpha)
                rows, columns = mask.shape
                image = QImage(painted.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
                painter.drawImage(self._rect(cut), image)

    def _draw_instruments(self, painter: QPainter) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.translate(self._place(0.0, 0.0))
        painter.scale(self.zoom, self.zoom)
        for drawing in self._viewport.drawings:
            picture = drawing.picture
            for line, color in picture.lines if picture is not None else ():
                pen = QPen(color, _CASING_PX if color == QColor("black") else _LINE_PX)
                # As wide on the screen at any zoom.
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawPolyline(line)
        painter.restore()

    def _draw_cross(self, painter: QPainter) -> None:
        """Lines to the edges, with the middle left free."""
        middle = QPointF(self.width() / 2, self.height() / 2)
        line = QColor(PURPLE)
        line.setAlphaF(0.75)
        painter.setPen(QPen(line, 1.0))
        reach = float(max(self.width(), self.height())) if self.axis else 14.0
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            way = QPointF(across, down)
            painter.drawLine(middle + way * _FREE_PX, middle + way * reach)

    def _say_own_place(self, painter: QPainter) -> None:
        """That this place is not the crosshair's, and what links the two."""
        link = self.link()
        text = (
            tr("not joined: own place") if link is None else tr("not joined: linked by {level} alone", level=link.level)
        )
        self._write(painter, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, text, QColor(ORANGE))
        if link is not None and not self._viewport.drawings_hidden:
            self._draw_cross(painter)

    def _draw_frame(self, painter: QPainter) -> None:
        in_front = self.axis == 0 and self.shown == self._desk.image_id
        painter.setPen(QPen(QColor(ORANGE) if in_front else QColor(90, 90, 90), 2 if in_front else 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        self._write(painter, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self.title())
        if self.axis or self.beside:
            axes = self.frame.axes
            self._write(painter, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, letters(-axes[2]))
            self._write(painter, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, letters(axes[2]))

    def _write(self, painter: QPainter, where: Qt.AlignmentFlag, text: str, color: QColor = _TEXT) -> None:
        """Write at the side of the pane, on a shade that is read over bright fat as well."""
        area = QRectF(self.rect().adjusted(5, 3, -5, -3))
        self._sheet.write(painter, area, where, text, color, self.devicePixelRatioF())

    def _say(self, painter: QPainter, text: str) -> None:
        painter.setPen(QColor(170, 170, 170))
        area = self.rect().adjusted(8, 20, -8, -8)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)

    # -- mouse ------------------------------------------------------------------------------------------------------
    def lps_at(self, position: QPointF) -> NDArray[np.float64]:
        """Point at a pixel, LPS mm of the space that it shows."""
        frame = self.frame
        normal, row, column = frame.to_world(self.center)
        row += (position.y() - self.height() / 2) / self.zoom
        column += (position.x() - self.width() / 2) / self.zoom
        return frame.to_lps([normal, row, column])

    def _go(self, point_lps: NDArray[np.float64]) -> None:
        """Go to a point of the space that it shows: with the crosshair, or alone where nothing links the two."""
        own, link = self.own_place(), self.link()
        if own is not None and link is None:
            own.center = point_lps
            self.update()
            return
        shift = np.zeros(3) if link is None else link.shift_lps
        self._crosshair.set(self._viewport.frame.to_world(point_lps - shift))

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Put the crosshair there."""
        if event.button() == Qt.MouseButton.LeftButton and self._viewport.view is not None:
            # The plane moves under the pointer while it is dragged; what is meant is the place at the press.
            self._pressed_at = self._crosshair.place
            self._go(self.lps_at(event.position()))

    def mouseDoubleClickEvent(self, event: Any) -> None:  # noqa: N802
        """Bring the image to the front, or enlarge the plane; the crosshair stays where it was before."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._pressed_at is not None and self._viewport.view is not None:
            self._crosshair.restore(self._pressed_at)
            self._pressed_at = None
        if self.image_id is not None:
            self.chosen.emit(self.image_id)
        else:
            self.enlarged.emit(self)

    def wheelEvent(self, event: Any) -> None:  # noqa: N802
        """Go through the slices of this plane, or zoom."""
        turn = event.angleDelta().y()
        if self._viewport.view is None or turn == 0:
            return
        event.accept()
        step = -1 if turn > 0 else 1
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._viewport.viewer.scene.camera.zoom *= 1.15**-step
        elif (own := self.own_place()) is not None and self.link() is None:
            own.step(step)
            self.update()
        elif self.axis == 0:
            self._viewport.turn_wheel(step)
        else:
            normal = self.frame.axes[0]
            self._crosshair.set(self._viewport.frame.to_world(self._crosshair.lps + step * self._step_mm() * normal))

    def _step_mm(self) -> float:
        """Distance of two slices at right angles to the screen: a millimetre, or the image's own if that is more."""
        assert self._viewport.view is not None
        return max(1.0, self._viewport.view.grid.spacing_mm[self.axis])
