"""The result file: what bench itself makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import document
import pytest
from conftest import HERE
from shapes import SHAPES, Shape

ONE = Shape.parse("32x256.bf16")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two replicates of two peers on the CPU, one of which cannot be measured there."""
    out = tmp_path_factory.mktemp("measured") / "results" / "peers.json"
    command = [HERE / "measure.py", "--device", "cpu", "--shapes", "32x256.bf16,26x128.fp32", "--peers", "aten,quack",
               "--placements", "2", "--regions", "3", "--out", out, "--packages", out.parent / "none"]  # fmt: skip
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"{out}\n"), done.stderr
    assert "quack, 32x256.bf16, 26x128.fp32: unavailable: not measured: nothing is packed in" in done.stderr
    return out


def compare(bench: Path, base: Path, now: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([bench, "compare", base, now, "--format", "json"], capture_output=True, text=True, timeout=60)


def test_bench_compares_it_with_itself(bench: Path, measured: Path) -> None:
    done = compare(bench, measured, measured)
    assert done.stderr == ""
    cases = {case["id"]: case for case in json.loads(done.stdout)["cases"]}
    assert sorted(cases) == [f"peers/rms_norm/{s}/{p}" for s in ("26x128.fp32", "32x256.bf16") for p in ("aten", "quack")]
    assert cases["peers/rms_norm/32x256.bf16/aten"]["verdict"] in ("pass", "inconclusive")
    assert cases["peers/rms_norm/32x256.bf16/quack"]["verdict"] == "invalid"
    assert "not measured: nothing is packed in" in done.stdout


def test_bench_sees_a_slower_one(bench: Path, measured: Path, tmp_path: Path) -> None:
    """Made of steady samples, a tenth slower: the columns mean to bench what they mean here."""
    base, now = (json.loads(measured.read_text()) for _ in range(2))
    for content, factor in ((base, 1.0), (now, 1.1)):
        for case in content["cases"]:
            for number, replicate in enumerate(case["replicates"]):
                samples = replicate["samples"]
                samples["t_s"] = [1e-5 * factor * (1 + 1e-4 * number + 1e-5 * i) for i in range(len(samples["t_s"]))]
    (tmp_path / "base.json").write_text(json.dumps(base))
    (tmp_path / "now.json").write_text(json.dumps(now))
    done = compare(bench, tmp_path / "base.json", tmp_path / "now.json")
    case = next(c for c in json.loads(done.stdout)["cases"] if c["id"] == "peers/rms_norm/32x256.bf16/aten")
    assert case["new_t_s"] / case["base_t_s"] == pytest.approx(1.1, abs=1e-3)
    assert case["judgement"]["wall"] == pytest.approx(0.1, abs=0.01)


def test_bench_refuses_a_faulty_one(bench: Path, measured: Path, tmp_path: Path) -> None:
    content = json.loads(measured.read_text())
    del content["cases"][0]["replicates"][0]["samples"]["f_hz"]
    (tmp_path / "faulty.json").write_text(json.dumps(content))
    done = compare(bench, measured, tmp_path / "faulty.json")
    assert done.returncode == 2 and "f_hz" in done.stderr


def test_samples_and_check(measured: Path) -> None:
    content = json.loads(measured.read_text())
    case = next(c for c in content["cases"] if c["id"] == "peers/rms_norm/32x256.bf16/aten")
    assert len({r["process"] for r in case["replicates"]}) == 2
    for replicate in case["replicates"]:
        assert replicate["samples"]["loop"] == [0, 0, 0, 1, 1, 1]
        assert replicate["samples"]["step"] == [0, 1, 2, 0, 1, 2]
        assert replicate["samples"]["f_hz"] == [None] * 6
    assert case["reference"]["copy_t_s"] > 0
    assert 0 < case["check"]["max_ulp"] <= 0.51 and case["check"]["finite"]  # correctly rounded, or nearly
    assert case["check"]["exact_share"] > 0.99


def test_work_is_that_of_bench_s_own_cases(bench: Path, tmp_path: Path) -> None:
    """Bytes and flop of the same case, as bench writes them; but not its hash, for its buffers lie elsewhere."""
    out = tmp_path / "ours.json"
    case_id = "zimage/rms_norm/32x256.bf16/aten"
    less = [f"profiles.cpu.sampling.{key}" for key in ("loops=1", "regions=3", "warmup=0 s", "placements=1")]
    command = [bench, "run", HERE.parents[1] / "scenarios" / "zimage.yaml", "--profile", "cpu", "--only", f"{case_id}$",
               "--baseline", "none", "--quiet", "--out", out, *(word for key in less for word in ("--set", key))]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    theirs = next(case for case in json.loads(out.read_text())["cases"] if case["id"] == case_id)
    ours = document.case_document(document.Case(ONE, "aten"), "cpu", 1 << 25)
    assert [ours[key] for key in ("work_version", "bytes", "flop", "kind")] == [
        theirs[key] for key in ("work_version", "bytes", "flop", "kind")
    ]
    assert ours["hash"] != theirs["hash"]
    assert ours["parameters"].keys() == theirs["parameters"].keys()


def test_every_case_says_how_it_went() -> None:
    def status(**what: object) -> tuple[str, str]:
        return document.verdict_of(document.Case(ONE, "liger", **what))  # type: ignore[arg-type]

    good, bad = document.Measurement(t_s=[1.0]), document.Measurement(t_s=[1.0], finite=False)
    assert status(measurements=[good]) == ("ok", "")
    assert status(not_measured="no GPU") == ("unavailable", "not measured: no GPU")
    assert status(measurements=[good], failed="broke") == ("failed", "broke")
    assert status(measurements=[good, bad])[0] == "invalid"
    assert status()[0] == "failed"


def test_a_case_is_as_exact_as_its_worst_process() -> None:
    def exact_share(*shares: float | None) -> float | None:
        found = [document.Measurement(exact_share=share) for share in shares]
        return document.case_document(document.Case(ONE, "aten", measurements=found), "cpu", 1 << 25)["check"]["exact_share"]

    assert exact_share(1, 0.5, None) == 0.5 and exact_share(None) is None


def test_hashes_differ() -> None:
    every = {document.case_hash(d, s, p) for d in ("cpu", "cuda") for s in SHAPES for p in ("aten", "quack")}
    assert len(every) == 2 * len(SHAPES) * 2
