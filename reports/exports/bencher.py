"""Bencher Metric Format: case -> measure -> value with the range of the replicates' medians."""

from __future__ import annotations

import json
import math

from reports.document import Report, median


def render(report: Report) -> str:
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for row in report.rows:
        if row.new is None or row.new.status != "ok" or row.new.t_s is None:
            continue
        medians = [m for r in row.new.replicates if (m := median(r.t_s)) is not None]
        latency = {"value": 1e9 * row.new.t_s, "lower_value": 1e9 * min(medians), "upper_value": 1e9 * max(medians)}
        # Bencher's own measure is of nanoseconds.
        metrics[row.id] = {"latency": latency}
        if row.judgement:
            work = {"value": row.judgement.new_work_t_s * 1e9}
            if row.judgement.half_width is not None:
                work["lower_value"] = work["value"] * math.exp(-row.judgement.half_width)
                work["upper_value"] = work["value"] * math.exp(row.judgement.half_width)
            metrics[row.id]["work-latency"] = work
    return json.dumps(metrics, indent=1, ensure_ascii=False) + "\n"
