"""One look for all figures: colour-blind safe, told apart by shape too, light on white and legible in the dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

INK, MUTED, GRID, PAPER = "#1b1f24", "#57606b", "#d5dae0", "#ffffff"
BASE, NEW = "#0072b2", "#d55e00"  # Okabe and Ito's blue and vermilion
BASE_MARK, NEW_MARK = "o", "^"
GOOD, BAD, UNSURE = "#007a5a", "#b3370a", "#57606b"
BAND = "#dbe9f4"

# In the HTML these take the page's colours, so that a figure follows light and dark.
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", BASE: "base", NEW: "new", GOOD: "good", BAD: "bad", BAND: "band"}

_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": PAPER,
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": PAPER,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.4,
    "svg.fonttype": "none",
    "savefig.dpi": 130,
}


@dataclass(frozen=True)
class Drawing:
    """One figure in both forms. `alt` says in words what it shows."""

    name: str
    alt: str
    svg: str
    png: bytes


@contextmanager
def styled(name: str) -> Iterator[None]:
    """`name` keeps the ids inside an SVG apart from those of others in one page, and the same in every run."""
    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        yield


def finish(figure: Figure, name: str, alt: str, png: bool = True) -> Drawing:
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # it has done its work; each format would do it again
    svg = io.StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": "bench"})
    pixels = io.BytesIO()
    if png:
        figure.savefig(pixels, format="png", metadata={"Software": "bench"})
    pyplot.close(figure)
    return Drawing(name, alt, svg.getvalue(), pixels.getvalue())


def inline(drawing: Drawing) -> str:
    """The SVG as a part of a page: no XML header, the page's colours, ids of its own."""
    text = drawing.svg[drawing.svg.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.S)
    prefix = re.sub(r"[^a-z0-9]+", "-", drawing.name.lower())
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = re.sub(r"url\(#", f"url(#{prefix}-", text)
    return re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", text, count=1)


def plain(text: str) -> str:
    """Text for matplotlib, which takes what stands between dollar signs for mathematics, and of which fonts lack much."""
    return "".join(c if c.isprintable() else "?" for c in text).replace("$", r"\$")


def shortened(text: str, longest: int) -> str:
    """Its end, where case ids differ."""
    return text if len(text) <= longest else "…" + text[-(longest - 1) :]


def legend_below(axes: Axes, columns: int = 4) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns, handletextpad=0.4, columnspacing=1.2)
