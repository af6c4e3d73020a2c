"""CSV, a line a case; relative drifts are of log time as in `bench compare --format csv`."""

from __future__ import annotations

import csv
import io

from reports import words
from reports.document import Report

COLUMNS = ("case", "kind", "verdict", "base_t_s", "new_t_s", "work", "work_half_width", "wall", "clock", "slope", "gate", "same_device",
           "base_replicates", "new_replicates", "base_energy_j", "new_energy_j", "reason", "covariates")  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _text(value: str) -> str:
    """A spreadsheet takes a cell that begins like a formula for one."""
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def render(report: Report) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in report.rows:
        j = row.judgement
        judged = [j.work, j.half_width, j.wall, j.clock, j.slope] if j else [None] * 5
        replicates = len(row.new.replicates) if row.new else 0
        writer.writerow([
            _text(row.id), row.kind, row.verdict, _number(row.base_t_s), _number(row.new_t_s), *map(_number, judged), _number(row.gate),
            str(j.same_device).lower() if j else "",
            sum(m.compared for m in row.base_means) if j else "", sum(m.compared for m in row.new_means) if j else replicates,
            _number(row.base_energy_j), _number(row.new_energy_j), _text(words.explanation(row)),
            _number(j.covariates if j else None),
        ])  # fmt: skip
    return out.getvalue()
