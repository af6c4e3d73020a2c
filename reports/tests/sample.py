"""A made-up pair of results with every verdict and every nasty text; `python3 reports/tests/sample.py DIR` writes it.

data/comparison.json is what `bench compare --format json` says of it; bench/cli/report_test.py holds the two together."""

from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

NASTY = "zimage/<script>alert('x')</script>|`a`/$b$ @team #1"
COPY_BYTES = 4.2e9  # of the anchor
GPU = "GPU-aaaaaaaa-0000-0000-0000-000000000001"


def replicate(draw: random.Random, process: int, t_s: float, slope: float, clock: float, sd: float, samples: int) -> Json:
    """Samples whose time follows their clock, with a process's own offset of `sd`."""
    own = draw.gauss(0, sd)
    clocks = [clock * math.exp(0.01 * math.sin(i / 2) + draw.gauss(0, 0.001)) for i in range(samples)]
    times = [t_s * math.exp(own + slope * math.log(f / 1.55e9) + draw.gauss(0, 1e-4)) for f in clocks]
    starts = [sum(times[:i]) for i in range(samples)]
    return {
        "process": process,
        "started": f"2026-11-24T10:{process:02d}:00Z",
        "device_uuid": GPU,
        "seed": process,
        "machine": {"before": {"power_w": 600.0}, "after": {"power_w": 690.0 + process}, "sampled": {"energy_j": 810.0 + process, "steps": 12}},
        "samples": {
            "start_s": [round(s, 6) for s in starts],
            "t_s": [float(f"{t:.6g}") for t in times],
            "f_hz": [float(f"{f:.6g}") for f in clocks],
            "loop": [i // 6 for i in range(samples)],
            "step": [i % 6 for i in range(samples)],
        },
    }


def add_readings(replicate: Json, traced: bool) -> None:
    """What NVML says while a loop is sampled; a reading fails. Promotion takes the trace away."""
    replicate["machine"]["sampled"] |= {"power_w": 685.0 + replicate["process"], "temperature_c": 61.0, "readings": 12}
    replicate["machine"]["clocks_events"] = {"SwPowerCap": 0.75, "GpuIdle": 0.002}
    if traced:
        replicate["trace"] = {
            "t_s": [round(0.1 * i - 0.001, 3) for i in range(12)],
            "power_w": [None if i == 3 else round(685 + replicate["process"] + 5 * math.sin(i), 1) for i in range(12)],
            "sm_clock_hz": [1.545e9] * 12,
            "temperature_c": [61.0] * 12,
            "clocks_events": [4] * 9 + [0] * 3,
        }


def case(draw: random.Random, name: str, t_s: float, kind: str = "loop", sd: float = 1e-4, first: int = 1, clock: float = 1.55e9) -> Json:
    kernel = kind == "kernel"
    replicates = [replicate(draw, first + i, t_s, -0.8, clock, sd, 12) for i in range(3)]
    if kind == "loop":
        for one in replicates:
            add_readings(one, traced=one["process"] > 10)
    return {
        "id": name,
        "kind": kind,
        "hash": "0123456789abcdef",
        "work_version": 1,
        "status": "ok",
        "message": "",
        "parameters": {"path": name.rsplit("/", 1)[-1]} if kernel else {"engine": "graph", "path": "aten"},
        "gate_work": 0.01 if kernel else 0.002,
        "flop": 0,
        "bytes": 63413760.0 if kernel else 0,
        "launches": 1 if kernel else 1199,
        "kernels": {"void at::native::layer_norm<float>(int)": 1} if kernel else {"gemm": 120, "norm": 205},
        "peak_memory_bytes": 12920000000,
        "phases_s": {},
        "reference": {"copy_t_s": 1.65e-05 if kernel else None, "matmul_flop_per_s": None},
        "check": {"finite": True, "checksum": "00000000000000aa", "rms": 1.0, "max_abs_error": 0.0156 if kernel else None,
                  "max_ulp": 0.5 if kernel else None, "exact_share": 1.0 if kernel else None},
        "replicates": replicates,
    }


def profile(kernels: list[tuple[str, str, int, float]], f_hz: float, counted: float = 0) -> Json:
    """Kernels as (name, operation, launches, seconds of a sample), with half a millisecond of gaps; bytes of the step, 0: not counted."""
    rows = [
        {"name": name, "operation": operation, "grid": [132, 1, 1], "block": [128, 1, 1], "registers": 64, "shared_memory_bytes": 0,
         "launches": launches, "total_s": total_s, "median_s": total_s / launches, "counters": None}
        for name, operation, launches, total_s in kernels
    ]  # fmt: skip
    counters = {"dram_read_bytes": 0.75 * counted, "dram_written_bytes": 0.25 * counted, "l2_hit_rate": 0.6, "tensor_utilization": 0.7}
    sample_s = sum(kernel[3] for kernel in kernels) + 5e-4
    return {"source": "CUPTI 13.0 activity", "message": "", "samples": 9, "sample_s": sample_s, "gaps_s": 5e-4, "f_hz": f_hz,
            "counters": counters if counted else None, "counters_message": "", "kernels": rows}  # fmt: skip


def result(cases: list[Json], sha: str) -> Json:
    return {
        "schema_version": 1,
        "tool": {"name": "bench", "version": "0.1.0", "git_sha": sha, "git_dirty": False},
        "argv": ["bench", "run", "scenarios/zimage.yaml", "--out", "r.json", "--only", "a b"],
        "started": "2026-11-24T10:00:00Z",
        "finished": "2026-11-24T10:30:00Z",
        "interrupted": False,
        "scenario": {"name": "zimage", "file": "scenarios/zimage.yaml", "profile": "gate", "device": "cuda", "overrides": [], "text": ""},
        "machine": {
            "gpu": {"name": "NVIDIA H200", "power_limit_w": "700"},
            "driver": {"version": "580.1" if sha.startswith("a") else "590.2"},
        },
        "settings": {"settings": {"tf32_matmul": "off"}},
        "phases_s": {},
        "cases": cases,
    }


def pair() -> tuple[Json, Json]:
    """(baseline, new result)"""
    draw = random.Random(20962)
    base, new = [], []

    def add(name: str, before: float, now: float, **more: Any) -> None:
        base.append(case(draw, name, before, **more))
        new.append(case(draw, name, now, first=11, clock=1.56e9, **more))

    add("zimage/loop/turbo-9/graph/aten", 0.1, 0.1)
    add("zimage/loop/turbo-50/graph/aten", 0.1, 0.1004)
    new[-1]["kernels"] = {"gemm": 120, "norm": 204, "spin_kernel(long)": 1}
    new[-1]["launches"] = 1200
    base[-1]["profile"] = profile([("gemm", "linear", 120, 0.08), ("void at::native::norm<float>(int)", "rms_norm", 205, 0.0195)], 1.55e9, 2e10)
    new[-1]["profile"] = profile([("gemm", "linear", 120, 0.0799), ("void at::native::norm<float>(int)", "rms_norm", 204, 0.0194),
                                  ("spin_kernel <script>|`x`(long)", "other", 1, 0.0006)], 1.56e9, 1.8e10)  # fmt: skip
    for side in (base, new):
        side[-1] |= {"flop": 5.5e13, "reference": {"copy_t_s": None, "matmul_flop_per_s": 6.8e14}}
    add("zimage/rms_norm/4128x3840.bf16/decomposed", 2.3e-4, 2.2e-5, kind="kernel")
    base[-1]["check"] |= {"max_abs_error": 0.03125, "max_ulp": 109.3, "exact_share": 1 - 1e-9}
    add("zimage/rms_norm/4128x3840.bf16/aten", 2.2e-5, 2.2e-5, kind="kernel")
    del base[-1]["check"]["exact_share"]  # as older benches write it
    add("zimage/loop/noisy/graph/aten", 0.1, 0.1002, sd=4e-3)
    add("zimage/loop/broken/graph/aten", 0.1, 0.1)
    new[-1] |= {"status": "failed", "message": "CUDA error: <b>out of memory</b> | `x` @team #12 https://example.org $a$", "replicates": []}
    new.append(case(draw, "zimage/loop/new/graph/aten", 0.05, first=11))
    base.append(case(draw, "zimage/loop/gone/graph/aten", 0.05))
    add(NASTY, 0.1, 0.1)
    for cases, first in ((base, 1), (new, 11)):
        copies = case(draw, "zimage/anchor/copy", 1e-3, kind="anchor", first=first)
        cases.append({**copies, "hash": "", "bytes": COPY_BYTES})
    return result(base, "aaaaaaaaaaaa"), result(new, "bbbbbbbbbbbb")


NOISE: Json = {
    "schema_version": 1, "gpu": "NVIDIA H200", "source": "made up", "regimes": {
        "graph loop": {"replicate_sd": 0.0002, "replicate_df": 20, "device_sd": 0, "device_df": 0, "extrapolation": 0.01,
                       "device_extrapolation": 0},
        "kernel": {"replicate_sd": 0.0002, "replicate_df": 20, "device_sd": 0, "device_df": 0, "extrapolation": 0.01,
                   "device_extrapolation": 0, "covariates": {"clock": {"slope": -0.8, "slope_sd": 0.02, "df": 19},
                                                              "replicate_sd": 0.0002, "replicate_df": 19}}}}  # fmt: skip


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    base, new = pair()
    for name, document in (("zimage.json", base), ("new.json", new), ("noise.json", NOISE)):
        (folder / name).write_text(json.dumps(document))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
