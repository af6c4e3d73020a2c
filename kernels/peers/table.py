#!/usr/bin/env python3
"""Usage: table.py RESULT...      for example: table.py results/peers.json results/zimage-full.json

One matrix of all RMSNorms in these result files, ours and the peers': microseconds of a launch and its share of a copy
of the same bytes, measured beside it in the same process. Times are those of `bench run`'s own table: medians less what
each place in memory is worth. The fastest of a shape is marked with *. What has no figure is named with the reason
below the matrix. An implementation that several files hold gets a column for each, with its scenario's name.
A second matrix has what the outputs are off the fp64 result: the largest error in units in the last place, and the share
of elements that are that result correctly rounded ('-': not in the file, 100 %: all of them).

Exit codes: 0 shown, 2 wrong arguments or a file that is no result with such cases.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from reports import words  # noqa: E402
from reports.judged_samples import judged_samples, place_effects  # noqa: E402
from shapes import SHAPES  # noqa: E402


class Faulty(Exception):
    """A file that is no result, in one line."""


@dataclasses.dataclass(frozen=True)
class Cell:
    t_s: float | None = None
    copy_t_s: float | None = None
    reason: str = ""  # why there is no time
    max_ulp: float | None = None
    exact_share: float | None = None


@dataclasses.dataclass(frozen=True)
class Column:
    file: int  # which of the arguments
    scenario: str
    path: str


Cells = dict[tuple[str, Column], Cell]


def read(path: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text())
    except OSError as error:
        raise Faulty(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Faulty(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("schema_version") != 1 or "cases" not in content:
        raise Faulty(f"{path}: no result of bench that this table can read: schema_version 1 is needed")
    try:
        heads([content])
        cells = collect([content])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Faulty(f"{path}: no result of bench: {type(error).__name__}: {error}") from error
    if not cells:
        raise Faulty(f"{path}: holds no kernel case of rms_norm")
    return content


def cell_of(case: dict[str, Any]) -> Cell:
    processes = [(replicate["samples"]["loop"], replicate["samples"]["t_s"]) for replicate in case["replicates"]]
    effects = place_effects(processes)
    times = [t for process in processes for t in judged_samples(process, effects).values()]
    if case["status"] != "ok" or not times:
        return Cell(reason=case["message"].removeprefix("not measured: ") or case["status"])
    check = case["check"]
    return Cell(
        t_s=statistics.median(times),
        copy_t_s=case["reference"].get("copy_t_s"),
        max_ulp=check.get("max_ulp"),
        exact_share=check.get("exact_share"),
    )


def collect(documents: list[dict[str, Any]]) -> Cells:
    cells: Cells = {}
    for file, content in enumerate(documents):
        for case in content["cases"]:
            parts = case["id"].split("/")
            if case["kind"] == "kernel" and len(parts) == 4 and parts[1] == "rms_norm":
                cells[parts[2], Column(file, parts[0], parts[3])] = cell_of(case)
    columns = dict.fromkeys(column for _, column in cells)
    for shape in dict.fromkeys(shape for shape, _ in cells):
        for column in columns:
            cells.setdefault((shape, column), Cell(reason="its file has no such case"))
    return cells


def titles(columns: list[Column]) -> dict[Column, str]:
    """The path; where several columns have it, with the scenario; where that is not enough, with the file's number."""
    paths = [c.path for c in columns]
    long = [(c.scenario, c.path) for c in columns]
    return {
        c: c.path
        if paths.count(c.path) == 1
        else f"{c.scenario}:{c.path}" + (f" ({c.file + 1})" if long.count((c.scenario, c.path)) > 1 else "")
        for c in columns
    }


def significant(microseconds: float) -> str:
    return f"{microseconds:.4g}" if microseconds >= 1000 else f"{microseconds:#.4g}".rstrip(".")


def text_of(cell: Cell, fastest: bool) -> str:
    if cell.t_s is None:
        return "not measured"
    share = f" {100 * cell.copy_t_s / cell.t_s:3.0f} %" if cell.copy_t_s else ""
    return f"{'*' if fastest else ''}{significant(cell.t_s * 1e6)}{share}"


def accuracy_of(cell: Cell) -> str:
    return "-" if cell.t_s is None else f"{words.ulp(cell.max_ulp)} {words.exact_share(cell.exact_share):>5}"


def aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]).rstrip() for row in rows]


def render(documents: list[dict[str, Any]]) -> str:
    cells = collect(documents)
    order = {str(shape): i for i, shape in enumerate(SHAPES)}
    shapes = sorted(dict.fromkeys(shape for shape, _ in cells), key=lambda s: order.get(s, len(order)))
    columns = list(dict.fromkeys(column for _, column in cells))
    title = titles(columns)
    times_of = [["us, of copy", "copy", *(title[c] for c in columns)]]
    accuracies = [["ulp, exact", *(title[c] for c in columns)]]
    for shape in shapes:
        here = {c: cells[shape, c] for c in columns}
        times = [cell.t_s for cell in here.values() if cell.t_s is not None]
        copies = [cell.copy_t_s for cell in here.values() if cell.copy_t_s]
        copy = significant(statistics.median(copies) * 1e6) if copies else ""
        line = [text_of(here[c], here[c].t_s == min(times, default=0)) for c in columns]
        times_of.append([shape, copy, *line])
        accuracies.append([shape, *(accuracy_of(here[c]) for c in columns)])
    lines = [*heads(documents), "", *aligned(times_of), "", *aligned(accuracies), *reasons(cells, columns, title)]
    return "\n".join(lines) + "\n"


def heads(documents: list[dict[str, Any]]) -> list[str]:
    """A line for each file: which GPU, when, of which commit."""
    lines = []
    for content in documents:
        gpu = content["machine"].get("gpu", {})
        where = f"{gpu.get('name', 'an unknown GPU')} ({gpu.get('uuid', '')[:12]})"
        if content["scenario"]["device"] == "cpu":
            where = "the CPU: these times say nothing about a GPU"
        lines.append(f"{content['scenario']['name']}: {where}, {content['started']}, commit {content['tool']['git_sha'][:12]}")
    return lines


def reasons(cells: Cells, columns: list[Column], title: dict[Column, str]) -> list[str]:
    """Each reason once, with the shapes that it holds for."""
    found: dict[tuple[Column, str], list[str]] = {}
    for (shape, column), cell in cells.items():
        if cell.t_s is None:
            found.setdefault((column, cell.reason), []).append(shape)
    lines = []
    for (column, reason), shapes in found.items():
        every = all(cells[shape, c].reason == reason for shape, c in cells if c == column)
        lines.append(f"{title[column]}, {'all shapes' if every else ', '.join(shapes)}: not measured: {reason}")
    return ["", *lines] if lines else []


def main(arguments: list[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__, end="")
        return 0
    if not arguments or any(word.startswith("-") for word in arguments):
        print("table.py: its arguments are result files: table.py results/peers.json", file=sys.stderr)
        return 2
    try:
        print(render([read(path) for path in arguments]), end="")
    except Faulty as fault:
        print(f"table.py: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
