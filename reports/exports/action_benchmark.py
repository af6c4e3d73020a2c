"""What github-action-benchmark takes as `tool: customSmallerIsBetter`."""

from __future__ import annotations

import json
from typing import Any

from reports import words
from reports.document import Report, median


def render(report: Report) -> str:
    entries: list[dict[str, Any]] = []
    for row in report.rows:
        if row.new is None or row.new.status != "ok" or row.new.t_s is None:
            continue
        medians = [m for r in row.new.replicates if (m := median(r.t_s)) is not None]
        half_range = 1e6 * (max(medians) - min(medians)) / 2
        entry = {"name": row.id, "unit": "us", "value": round(1e6 * row.new.t_s, 4), "range": f"± {half_range:.4g}"}
        extra = f"{row.verdict} {words.drift(row.judgement)}".strip()
        entries.append({**entry, "extra": extra})
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
