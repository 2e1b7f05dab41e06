"""Small drawings as inline SVG: axes, lines, marks and words."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import numpy as np

__all__ = ["COLOURS", "Axis", "Drawing", "ticks"]

#: Told apart also in greyscale and by most colour-blind people (Okabe and Ito).
COLOURS = ("#0b5c8a", "#c25400", "#1a7f5a", "#7a4fa3")
INK, SOFT, LINE = "#1c2733", "#5b6875", "#c9d1d8"


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends.

    Parameters
    ----------
    low, high : float
        Ends, low below high.
    most : int
        Most numbers.

    Returns
    -------
    list of float
    """
    span = high - low
    step = 10.0 ** np.floor(np.log10(span / most))
    step = next(step * factor for factor in (1, 2, 5, 10, 20) if span / (step * factor) <= most)
    first = np.ceil(low / step - 1e-9)
    # Adding 0.0 turns a negative zero into a plain one.
    return [float(number * step) + 0.0 for number in np.arange(first, np.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight scale from values to points of a drawing."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Point of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(slots=True)
class Drawing:
    """An SVG of a fixed size, drawn from the back to the front.

    Attributes
    ----------
    width, height : float
        Size in points of the drawing.
    title : str
        What it shows, for screen readers.
    stretch : float
        Largest magnification on a wide page.
    """

    width: float
    height: float
    title: str
    stretch: float = 1.0
    parts: list[str] = field(default_factory=list)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, colour: str = INK, width: float = 1, dash: str = ""
    ) -> None:
        """Draw a straight line."""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width:g}"{dashes}/>'
        )

    def box(self, x: float, y: float, width: float, height: float, *, fill: str, opacity: float = 1) -> None:
        """Draw a filled box."""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
            f'opacity="{opacity:g}"/>'
        )

    def words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 11,
        anchor: str = "start",
        colour: str = INK,
        weight: int = 400,
        turn: float = 0,
    ) -> None:
        """Write."""
        turned = f' transform="rotate({turn:g} {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}"{turned}>{escape(text)}</text>'
        )

    def path(self, points: list[tuple[float, float]], *, colour: str, width: float = 1.5, dash: str = "") -> None:
        """Draw a line through points."""
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<polyline points="{steps}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
            f'stroke-linejoin="round"{dashes}/>'
        )

    def dots(self, points: list[tuple[float, float]], *, colour: str, radius: float, opacity: float = 1) -> None:
        """Draw many round points as one path, which keeps the file small."""
        steps = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
        self.parts.append(
            f'<path d="{steps}" stroke="{colour}" stroke-width="{2 * radius:g}" stroke-linecap="round" fill="none" '
            f'stroke-opacity="{opacity:g}"/>'
        )

    def mark(self, x: float, y: float, shape: str, *, colour: str, size: float = 4.5) -> None:
        """Draw a circle, square or diamond."""
        if shape == "circle":
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" fill="{colour}"/>')
        elif shape == "square":
            self.box(x - size, y - size, 2 * size, 2 * size, fill=colour)
        else:
            s = size * 1.25
            points = f"{x:.1f},{y - s:.1f} {x + s:.1f},{y:.1f} {x:.1f},{y + s:.1f} {x - s:.1f},{y:.1f}"
            self.parts.append(f'<polygon points="{points}" fill="{colour}"/>')

    def render(self) -> str:
        """Return the element."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-label="{escape(self.title)}" style="max-width:{self.width * self.stretch:g}px">'
            f"<title>{escape(self.title)}</title>{''.join(self.parts)}</svg>"
        )
