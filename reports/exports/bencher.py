"""Bencher Metric Format: case -> measure -> value with the range of the replicates."""

from __future__ import annotations

import json
import math
import statistics

from reports.document import Report


def render(report: Report) -> str:
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for row in report.rows:
        times_ns = [1e9 * timing.t_s for timing in row.new_timings]
        if not times_ns:
            continue
        latency = {"value": statistics.median(times_ns), "lower_value": min(times_ns), "upper_value": max(times_ns)}
        # Bencher's own measure is of nanoseconds.
        metrics[row.id] = {"latency": latency}
        if row.judgement:
            work = {"value": row.judgement.new_work_t_s * 1e9}
            if row.judgement.half_width is not None:
                work["lower_value"] = work["value"] * math.exp(-row.judgement.half_width)
                work["upper_value"] = work["value"] * math.exp(row.judgement.half_width)
            metrics[row.id]["work-latency"] = work
    return json.dumps(metrics, indent=1, ensure_ascii=False) + "\n"
