"""A figure with its legend and numbers, its style, and how it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_vcf.agreement.errors import AgreementError
from napari_vcf.agreement.output_folder import output_folder
from napari_vcf.agreement.report.flow_sections import Picture
from napari_vcf.agreement.report.svg import COLOURS
from napari_vcf.records.atomic import write_atomically
from napari_vcf.records.csv_cells import plain

__all__ = ["DASHES", "MARKERS", "PALETTE", "Drawn", "new_figure", "styled", "write_figures"]

#: Told apart also in greyscale and by most colour-blind people; line and marker say the same again.
PALETTE = COLOURS
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "D", "^")
#: Width of a page and of a column in a journal, inches.
PAGE_IN, COLUMN_IN = 7.0, 3.4
_DPI, _SCREEN_DPI = 300, 110
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    # Text stays text, for the journal's own editor.
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A figure.

    Attributes
    ----------
    name : str
        Of its files, without ending.
    legend : str
        Its legend, with the numbers that a reader needs.
    figure : matplotlib.figure.Figure
        The drawing.
    columns : tuple of str
        Headings of its numbers.
    rows : tuple of tuple
        Its numbers.
    """

    name: str
    legend: str
    figure: Any
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def picture(self) -> Picture:
        """Return the figure for a screen, for the report."""
        return Picture(self.name, self.legend, _saved(self.figure, "png", _SCREEN_DPI))


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the one style of all figures.

    Raises
    ------
    AgreementError
        If matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise AgreementError("Figures need matplotlib: pip install 'napari-vcf[paper]'.") from error
    with matplotlib.rc_context(_STYLE):
        yield


def new_figure(width_in: float, height_in: float) -> Any:
    """Return an empty figure that needs no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure


def _saved(figure: Any, kind: str, dpi: int) -> bytes:
    stream = io.BytesIO()
    # No date and no name of a program: the same figure is the same file.
    metadata = {"Software": None} if kind == "png" else {"CreationDate": None, "Producer": None, "Creator": None}
    figure.savefig(stream, format=kind, dpi=dpi, facecolor="white", metadata=metadata)
    return stream.getvalue()


def _write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_figures(
    drawn: Sequence[Drawn], folder: Path | str, *, progress: Callable[[int, int, str], None] | None = None
) -> list[Path]:
    """Write each figure as PNG at 300 dpi and PDF, its numbers as CSV, and all legends as one text.

    Parameters
    ----------
    drawn : sequence of Drawn
        The figures.
    folder : path
        Made where it does not exist; earlier figures of the same names are replaced.
    progress : callable, optional
        Called with (done, total, name).

    Returns
    -------
    list of Path

    Raises
    ------
    OutputError
        If the disk refuses.
    """
    written = []
    with output_folder(folder) as target:
        for number, one in enumerate(drawn):
            if progress is not None:
                progress(number, len(drawn), one.name)
            with styled():
                pages = {kind: _saved(one.figure, kind, _DPI) for kind in ("png", "pdf")}
            for kind, content in pages.items():
                path = target / f"{one.name}.{kind}"
                _write_bytes(path, content)
                written.append(path)
            stream = io.StringIO(newline="")
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(one.columns)
            writer.writerows([plain(cell) for cell in row] for row in one.rows)
            write_atomically(target / f"{one.name}.csv", stream.getvalue(), overwrite=True)
            written.append(target / f"{one.name}.csv")
        legends = "\n\n".join(f"{one.name}. {one.legend}" for one in drawn)
        write_atomically(target / "legends.txt", legends + "\n", overwrite=True)
    return [*written, target / "legends.txt"]
