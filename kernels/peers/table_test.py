"""The matrix, to the letter."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import HERE
from table import cell_of

COPY_S = {"4128x3840.bf16": 16.4e-6, "32x3840.bf16": 1.23e-6, "960x128.bf16": 0.98e-6}


def case(
    scenario: str, shape: str, path: str, t_s: list[float], status: str = "ok", message: str = "", **check: float | None
) -> dict[str, Any]:
    return {
        "id": f"{scenario}/rms_norm/{shape}/{path}",
        "kind": "kernel",
        "status": status,
        "message": message,
        "reference": {"copy_t_s": COPY_S[shape] if t_s else None},
        "check": {"max_ulp": None, **check},
        "replicates": [{"samples": {"t_s": [t], "loop": [0]}} for t in t_s],
    }


def content(scenario: str, cases: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "tool": {"git_sha": "0123456789abcdef0"},
        "started": "2026-11-24T12:00:00Z",
        "scenario": {"name": scenario, "device": "cuda"},
        "machine": {"gpu": {"name": "NVIDIA H200", "uuid": "GPU-12345678-9abc"}},
        "cases": cases,
    }


THEIRS = content(
    "peers",
    [
        case("peers", "32x3840.bf16", "aten", [4.51e-6], max_ulp=0.5, exact_share=1 - 1e-9),
        case("peers", "32x3840.bf16", "quack", [], "failed", "RuntimeError: CUDA error 719"),
        case("peers", "32x3840.bf16", "liger", [], "unavailable", "not measured: no Triton here"),
        case("peers", "4128x3840.bf16", "aten", [22.4e-6, 22.1e-6, 22.3e-6], max_ulp=0.5000001, exact_share=1),
        case("peers", "4128x3840.bf16", "quack", [17.35e-6], max_ulp=1.0625, exact_share=0.7396),
        case("peers", "4128x3840.bf16", "liger", [], "unavailable", "not measured: no Triton here"),
    ],
)
OURS = content(
    "zimage",
    [
        {"id": "zimage/loop/turbo-9/graph/aten", "kind": "loop"},
        {"id": "zimage/anchor/copy", "kind": "anchor"},
        case("zimage", "4128x3840.bf16", "aten", [22.2e-6], max_ulp=0.5),
        case("zimage", "4128x3840.bf16", "cuda", [16.8e-6]),
        case("zimage", "960x128.bf16", "cuda", [1.5e-6]),
    ],
)

GOLDEN = """\
peers: NVIDIA H200 (GPU-12345678), 2026-11-24T12:00:00Z, commit 0123456789ab
zimage: NVIDIA H200 (GPU-12345678), 2026-11-24T12:00:00Z, commit 0123456789ab

us, of copy       copy    peers:aten         quack         liger   zimage:aten          cuda
4128x3840.bf16   16.40   22.30  74 %   17.35  95 %  not measured   22.20  74 %  *16.80  98 %
32x3840.bf16     1.230  *4.510  27 %  not measured  not measured  not measured  not measured
960x128.bf16    0.9800  not measured  not measured  not measured  not measured  *1.500  65 %

ulp, exact      peers:aten       quack  liger  zimage:aten     cuda
4128x3840.bf16   0.5 100 %  1.06  73 %      -    0.5     -  -     -
32x3840.bf16     0.5  99 %           -      -            -        -
960x128.bf16             -           -      -            -  -     -

quack, 32x3840.bf16: not measured: RuntimeError: CUDA error 719
liger, 32x3840.bf16, 4128x3840.bf16: not measured: no Triton here
zimage:aten, 32x3840.bf16, 960x128.bf16: not measured: its file has no such case
cuda, 32x3840.bf16: not measured: its file has no such case
peers:aten, 960x128.bf16: not measured: its file has no such case
quack, 960x128.bf16: not measured: its file has no such case
liger, 960x128.bf16: not measured: its file has no such case
"""


def table(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, HERE / "table.py", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_golden(tmp_path: Path) -> None:
    files = []
    for name, document in (("theirs", THEIRS), ("ours", OURS)):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(document))
    done = table(*files)
    assert done.returncode == 0, done.stderr
    assert done.stdout == GOLDEN


def test_shows_a_baseline_of_bench() -> None:
    done = table(HERE.parents[1] / "baselines" / "h200" / "zimage.json")
    assert done.returncode == 0 and "4128x3840.bf16" in done.stdout and " fused" in done.stdout


def test_times_are_those_of_bench_s_own_table() -> None:
    """The samples of bench/compare/judged_samples_test.cpp, of three processes: not the median of all."""
    usual = (2.61, 3.14, 3.04, 2.96, 2.95, 2.86, 2.77, 2.71)
    one = case("zimage", "32x3840.bf16", "cuda", [1e-6] * 3)
    for replicate, of_places in zip(one["replicates"], (usual, usual, (2.4, 3.2, 3.4, 2.97, 3.1, 2.85, 2.775, 2.70))):
        replicate["samples"] = {"t_s": [us * 1e-6 for us in of_places], "loop": list(range(8))}
    level = math.exp(sum(map(math.log, usual)) / len(usual)) * 1e-6
    assert cell_of(one).t_s == pytest.approx(level, rel=1e-6)


def test_faulty_files_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"schema_version": 2, "cases": []}')
    (tmp_path / "d.json").write_text(json.dumps({**OURS, "cases": OURS["cases"][:2]}))
    (tmp_path / "e.json").write_text(json.dumps({**OURS, "cases": [{"id": "zimage/rms_norm/32x3840.bf16/cuda", "kind": "kernel"}]}))
    (tmp_path / "f.json").write_text('{"schema_version": 1, "cases": 3}')
    for arguments, said in [
        ([tmp_path / "a.json"], "a.json: not JSON"),
        ([tmp_path / "b.json"], "schema_version 1 is needed"),
        ([tmp_path / "c.json"], "c.json: No such file or directory"),
        ([tmp_path / "d.json"], "d.json: holds no kernel case of rms_norm"),
        ([tmp_path / "e.json"], "e.json: no result of bench: KeyError: 'replicates'"),
        ([tmp_path / "f.json"], "f.json: no result of bench: KeyError: 'machine'"),
        ([], "its arguments are result files"),
        (["--fast"], "its arguments are result files"),
    ]:
        done = table(*arguments)
        assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
