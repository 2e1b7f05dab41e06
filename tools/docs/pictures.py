"""Make every picture of the desk, light and dark, and the recording of a reading, in one run of the real program.

    tools/with-display.sh python tools/docs/pictures.py [--out docs] [--no-recording]

The scripted reader works the sample case; at each step worth a picture the window is taken in both themes. What the
screen shows meanwhile becomes the recording, with the reader's steps as captions; that needs ffmpeg.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from qtpy.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QColor, QPainter, QPolygonF, QRegion
from qtpy.QtWidgets import QApplication, QWidget

from napari_vcf.reading import verify_export
from napari_vcf.widgets.case.sample import write_sample
from napari_vcf.widgets.scripted.reader import ScriptedReader
from napari_vcf.widgets.window.launch import open_window

ROOT = Path(__file__).resolve().parents[2]
#: Step of the scripted reader, and the picture it becomes.
PICTURES = {
    "opened": "case",
    "registration": "registration",
    "desk": "desk",
    "calipers-ct": "calipers",
    "extent-mri": "extent",
    "adc-mri": "adc",
    "findings-combined": "findings",
    "exported": "exported",
}
THEMES = ("light", "dark")
SIZE = (1400, 900)
#: Steps as the recording's captions say them.
CAPTIONS = {
    "opening the case": "Open the folder of a case",
    "heights": "Calipers: three heights on the fractured vertebra and its neighbours",
    "findings": "Findings: answer the form",
    "registration": "Registration: name the vertebra, click its centre on MRI and on CT",
    "lesion extent": "Lesion extent: correct the proposed body, take the lesion by a threshold",
    "ADC": "ADC ROI: the rectangle, three times in the lesion and three times in normal marrow",
    "export": "Export one JSON file",
}
#: Between two frames of the recording, in ms: keys come fast and brush strokes are many, so the pace differs.
_FRAME_MS = {"findings": 40, "export": 40, "lesion extent": 350}
_USUAL_FRAME_MS = 150
#: How long it lasts, whatever the machine's pace, and how long it shows the last frame after that.
_RECORDING_S = 45.0
_LAST_FRAME_S = 3.0
_RECORDING_WIDTH = 1120


def main() -> int:
    """Read the sample case once and write everything that it gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="becomes OUT/images and OUT/recordings")
    parser.add_argument("--no-recording", action="store_true", help="make the pictures alone")
    args = parser.parse_args()
    if not args.no_recording and shutil.which("ffmpeg") is None:
        print("error: the recording needs ffmpeg (a Debian package); or say --no-recording.", file=sys.stderr)
        return 1
    for folder in ("images", "recordings"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        return _make(args.out, Path(scratch), recording=not args.no_recording)


def _make(out: Path, scratch: Path, *, recording: bool) -> int:
    truth = write_sample(scratch / "sample")
    images, export = scratch / "sample" / "images", scratch / "C001_R1.json"
    arrangement = open_window()
    arrangement.main.resize(*SIZE)
    film = Film(arrangement.main, scratch / "frames") if recording else None
    taken: set[str] = set()

    def shoot(step: str) -> None:
        if step not in PICTURES:
            return
        if film is not None:
            film.pause()
        for theme in THEMES:
            _show_theme(arrangement, theme)
            path = out / "images" / f"{PICTURES[step]}-{theme}.webp"
            _take(arrangement, path)
        taken.add(step)
        if film is not None:
            film.go_on()

    def say(text: str) -> None:
        print(text, flush=True)
        if film is not None:
            film.begin(next(start for start in CAPTIONS if text.startswith(start)))

    _show_theme(arrangement, "dark")
    try:
        reader = ScriptedReader(arrangement, truth, say=say, shoot=shoot)
        if film is not None:
            film.go_on()
        reader.open(images)
        reader.read(export)
    finally:
        if film is not None:
            film.pause()
        arrangement.desk.saved = True
        arrangement.viewport.viewer.close()
    missing = sorted(set(PICTURES) - taken)
    differences = verify_export(export, images).differences
    if missing or differences:
        print(f"error: not shown: {missing}; not verified: {differences}", file=sys.stderr)
        return 1
    if film is not None:
        film.write(out / "recordings" / "first-reading")
    return 0


def _show_theme(arrangement: Any, theme: str) -> None:
    from napari.settings import get_settings

    get_settings().appearance.theme = theme
    arrangement.viewport.viewer.theme = theme
    for _ in range(3):
        QApplication.processEvents()


def _take(arrangement: Any, path: Path) -> None:
    """Take the window, as WebP: a tenth of a PNG's size."""
    pixels = arrangement.viewport.viewer.screenshot(canvas_only=False, flash=False)
    Image.fromarray(pixels).convert("RGB").save(path, quality=82, method=6)


class Pointer(QWidget):
    """An arrow where the scripted hand is: its events move no pointer of the system."""

    _SHAPE = ((0, 0), (0, 20), (5, 16), (8, 23), (12, 21), (9, 14), (15, 14))

    def __init__(self) -> None:
        kind = Qt.WindowType.ToolTip | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowTransparentForInput
        super().__init__(None, kind | Qt.WindowType.WindowStaysOnTopHint | Qt.WindowType.WindowDoesNotAcceptFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.resize(16, 24)
        self._outline = QPolygonF([QPointF(*corner) for corner in self._SHAPE])
        self.setMask(QRegion(self._outline.toPolygon()))

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw the arrow."""
        painter = QPainter(self)
        painter.setBrush(QColor("white"))
        painter.setPen(QColor("black"))
        painter.drawPolygon(self._outline)


class Film(QObject):
    """Frames of the screen while somebody works."""

    def __init__(self, main: QWidget, folder: Path) -> None:
        super().__init__()
        folder.mkdir()
        self._main, self._folder = main, folder
        self._frames = 0
        self._said: list[tuple[int, str]] = []
        self._pointer = Pointer()
        self._timer = QTimer(interval=_USUAL_FRAME_MS)
        self._timer.timeout.connect(self._frame)
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow the hand."""
        if event.type() in (QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress) and isinstance(watched, QWidget):
            place: QPoint = event.globalPosition().toPoint()
            if watched is not self._pointer and place != self._pointer.pos():
                self._pointer.move(place)
        return False

    def go_on(self) -> None:
        """Take frames from now on."""
        self._pointer.show()
        self._timer.start()

    def pause(self) -> None:
        """Take none until further notice."""
        self._timer.stop()
        self._pointer.hide()

    def begin(self, step: str) -> None:
        """Put the words of a step under the frames from now on."""
        self._said.append((self._frames, CAPTIONS[step]))
        self._timer.setInterval(_FRAME_MS.get(step, _USUAL_FRAME_MS))

    def _frame(self) -> None:
        place = self._main.mapToGlobal(QPoint(0, 0))
        picture = self._main.screen().grabWindow(0, place.x(), place.y(), self._main.width(), self._main.height())
        picture.save(str(self._folder / f"{self._frames:05d}.jpg"), "JPG", 94)
        self._frames += 1

    def write(self, path: Path) -> None:
        """Write ``.webm`` and, as captions, ``.vtt``."""
        QApplication.instance().removeEventFilter(self)
        rate = self._frames / _RECORDING_S
        source = ["-framerate", f"{rate:.4f}", "-i", str(self._folder / "%05d.jpg")]
        shape = [
            "-vf",
            f"scale={_RECORDING_WIDTH}:-2,tpad=stop_mode=clone:stop_duration={_LAST_FRAME_S}",
            "-r",
            "12",
            "-pix_fmt",
            "yuv420p",
        ]
        code = ["-c:v", "libvpx-vp9", "-crf", "40", "-b:v", "0", "-row-mt", "1", "-an"]
        command = ["ffmpeg", "-y", "-loglevel", "error", *source, *shape, *code, str(path.with_suffix(".webm"))]
        subprocess.run(command, check=True)
        ends = [*(frame for frame, _ in self._said[1:]), self._frames + _LAST_FRAME_S * rate]
        cues = [
            f"{_clock(start / rate)} --> {_clock(end / rate)}\n{caption}\n"
            for (start, caption), end in zip(self._said, ends, strict=True)
        ]
        path.with_suffix(".vtt").write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds // 60) % 60:02d}:{seconds % 60:06.3f}"


if __name__ == "__main__":
    sys.exit(main())
