"""Google Benchmark's JSON, which its tools/compare.py reads: an iteration a replicate, in nanoseconds."""

from __future__ import annotations

import json
from typing import Any

from reports.document import Report


def render(report: Report) -> str:
    result = report.result
    benchmarks: list[dict[str, Any]] = []
    for family, row in enumerate(report.rows):
        timings = row.new_timings
        for index, timing in enumerate(timings):
            nanoseconds = 1e9 * timing.t_s
            benchmarks.append(
                {
                    "name": row.id,
                    "family_index": family,
                    "per_family_instance_index": 0,
                    "run_name": row.id,
                    "run_type": "iteration",
                    "repetitions": len(timings),
                    "repetition_index": index,
                    "threads": 1,
                    "iterations": timing.samples,
                    "real_time": nanoseconds,
                    "cpu_time": nanoseconds,  # compare.py wants one; a GPU's work has no other
                    "time_unit": "ns",
                }
            )
    context = {
        "date": result.started if result else "",
        "host_name": "",
        "executable": "bench",
        "num_cpus": int(result.machine.get("host", {}).get("cores") or 1) if result else 1,
        "mhz_per_cpu": 0,
        "cpu_scaling_enabled": False,
        "caches": [],
        "load_avg": [],
        "library_build_type": "release",
        "bench_git_sha": result.git_sha if result else "",
        "bench_verdict": report.headline,
    }
    return json.dumps({"context": context, "benchmarks": benchmarks}, indent=1, ensure_ascii=False) + "\n"
