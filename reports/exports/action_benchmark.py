"""What github-action-benchmark takes as `tool: customSmallerIsBetter`."""

from __future__ import annotations

import json
import statistics
from typing import Any

from reports import words
from reports.document import Report


def render(report: Report) -> str:
    entries: list[dict[str, Any]] = []
    for row in report.rows:
        times_us = [1e6 * timing.t_s for timing in row.new_timings]
        if not times_us:
            continue
        half_range = (max(times_us) - min(times_us)) / 2
        entry = {"name": row.id, "unit": "us", "value": round(statistics.median(times_us), 4), "range": f"± {half_range:.4g}"}
        extra = f"{row.verdict} {words.drift(row.judgement)}".strip()
        entries.append({**entry, "extra": extra})
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
