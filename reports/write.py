"""Writes every format of one report into a folder."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from reports import markdown, reading
from reports.document import Report, Row
from reports.exports import action_benchmark, bencher, google_benchmark, junit, table

if TYPE_CHECKING:
    from reports.style import Drawing

MOST_FIGURES = 12

EXPORTS = {
    "junit.xml": junit.render,
    "google-benchmark.json": google_benchmark.render,
    "bencher.json": bencher.render,
    "github-action-benchmark.json": action_benchmark.render,
    "cases.csv": table.render,
}


def drawn_rows(report: Report, most: int) -> list[Row]:
    """Those that changed first, then loops, then kernels."""
    order = {row.id: i for i, row in enumerate(report.changed)}
    rows = sorted(report.rows, key=lambda row: (order.get(row.id, len(order)), row.kind != "loop"))
    return [row for row in rows if row.new and row.new.samples][:most]


def texts(report: Report) -> Iterator[tuple[str, str | bytes]]:
    """(name, content) of each file that any Python can write."""
    yield "report.md", markdown.render(report)
    for name, render in EXPORTS.items():
        yield name, render(report)


def files(report: Report, most_figures: int) -> Iterator[tuple[str, str | bytes]]:
    """(name, content) of each file."""
    from reports import figures, page  # need matplotlib and Jinja2

    yield from texts(report)
    rows = drawn_rows(report, most_figures)
    # Most of a report's time goes into drawing cases: on every processor, by processes that have all this loaded already.
    with ProcessPoolExecutor(max(1, min(len(rows), len(os.sched_getaffinity(0)))), get_context("fork")) as pool:
        cases = pool.map(figures.case, rows)
        overview, roofline, loops = figures.forest(report), figures.roofline(report), figures.loop_roofline(report)
        drawings = list(cases)
    drawn: dict[str, Drawing] = {}
    names: set[str] = set()
    for row, drawing in zip(rows, drawings):
        if drawing and drawing.name not in names:  # two ids may make one file name
            names.add(drawing.name)
            drawn[row.id] = drawing
    for drawing in (overview, roofline, loops, *drawn.values()):
        if drawing:
            yield f"figures/{drawing.name}.svg", drawing.svg
            yield f"figures/{drawing.name}.png", drawing.png
    yield "report.html", page.render(report, overview, [roofline, loops], drawn)


def write_file(path: Path, content: str | bytes) -> None:
    """A reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)
    temporary.replace(path)


def main(arguments: Sequence[str], draw: bool = True) -> int:
    """Without `draw` only what needs no other package: the HTML of an earlier report goes, as it would be taken for this one's."""
    parser = argparse.ArgumentParser(prog="python3 -m reports", description=__doc__)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--comparison", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--figures", type=int, default=MOST_FIGURES)
    options = parser.parse_args(arguments)
    report = reading.load(options.result, options.baseline, options.comparison)
    try:
        for old in options.out.glob("figures/*.*"):
            old.unlink()  # of an earlier report: they would be taken for this one's
        if not draw:
            (options.out / "report.html").unlink(missing_ok=True)
        for name, content in files(report, options.figures) if draw else texts(report):
            write_file(options.out / name, content)
    except OSError as error:
        print(f"bench: cannot write {error.filename or options.out}: {error.strerror}: name another folder with --out", file=sys.stderr)
        return 2
    print(*(options.out / name for name in ("report.html", "report.md") if draw or name != "report.html"), sep="\n")
    print(report.headline)
    return 0
