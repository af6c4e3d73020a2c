"""bench report: the whole way from result files to a folder that a reviewer opens."""

import json
import os
import sys

import pytest
from conftest import REPO

sys.path.insert(0, str(REPO / "reports" / "tests"))

import sample  # noqa: E402

FILES = {"bencher.json", "cases.csv", "comparison.json", "figures", "github-action-benchmark.json", "google-benchmark.json", "junit.xml",
         "report.html", "report.md"}  # fmt: skip


@pytest.fixture
def files(bench):
    sample.write(bench.cwd / "base")
    (bench.cwd / "base" / "new.json").rename(bench.cwd / "new.json")
    return bench.cwd


def test_writes_every_format(bench, files):
    done = bench("report", "new.json", "--baseline", "base", "--out", "a/b", "--figures", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == ["a/b/report.html", "a/b/report.md"]
    assert done.stdout.splitlines()[2].startswith("verdict: regression (3 pass, 1 regression, ")
    assert {path.name for path in (files / "a" / "b").iterdir()} == FILES
    assert (files / "a/b/report.md").read_text().startswith("**✗ verdict: regression (3 pass, 1 regression, ")
    pictures = {path.name for path in (files / "a/b/figures").iterdir()}
    assert {"forest.png", "forest.svg", "roofline.svg", "case-zimage-loop-turbo-50-graph-aten.png"} <= pictures


def same(a, b, place=""):
    """Equal but for the last bits of numbers."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), place
        for key in a:
            same(a[key], b[key], f"{place}/{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), place
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{place}/{i}")
    elif isinstance(a, float):
        assert b == pytest.approx(a, rel=1e-6, abs=1e-9), place
    else:
        assert a == b, place


def test_the_comparison_that_the_package_is_tested_with_is_ours(bench, files):
    kept = json.loads((REPO / "reports/tests/data/comparison.json").read_text())
    said = json.loads(bench("compare", "base", "new.json", "--format", "json").stdout)
    same(kept, said)


def test_the_verdict_on_the_whole_is_what_fail_on_says(bench, files):
    done = bench("report", "new.json", "--baseline", "base", "--figures", "0", "--fail-on", "missing")
    assert done.stdout.splitlines()[2].startswith("verdict: missing (")
    assert (files / "new" / "report.html").exists()  # beside the result, without --out
    done = bench("report", "new.json", "--fail-on", "slow")
    assert done.returncode == 2 and done.stderr.startswith("bench: --fail-on: no verdict 'slow'")


def test_no_baseline(bench, files):
    for words in (["--baseline", "none"], []):
        done = bench("report", "new.json", "--figures", "0", *words)
        assert done.returncode == 0
        assert done.stdout.splitlines()[2] == "verdict: invalid (7 measured, 1 invalid, no baseline)"
    assert "no baseline for this scenario and device" in (files / "new" / "report.md").read_text()


def test_a_broken_result_still_makes_a_report(bench, files):
    text = (files / "new.json").read_text()
    (files / "new.json").write_text(text[: len(text) // 2])
    done = bench("report", "new.json", "--baseline", "base")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("bench: new.json: truncated: ends at 1:")
    assert line.removeprefix("bench: ")[:40] in (files / "new" / "report.html").read_text()
    assert done.stdout.splitlines()[2] == "verdict: invalid (no result)"


def test_a_broken_baseline_still_makes_a_report(bench, files):
    (files / "base" / "zimage.json").write_text("{")
    done = bench("report", "new.json", "--baseline", "base", "--figures", "0")
    assert done.returncode == 2 and done.stderr.startswith("bench: base/zimage.json: truncated: ends at 1:")
    assert "7 measured" in done.stdout


def test_a_misspelt_result_leaves_nothing(bench):
    bench.refuses(2, "cannot read 'none.json': No such file or directory; check the path", "report", "none.json")


def test_says_when_python_cannot(bench, files):
    done = bench("report", "new.json", "--baseline", "base", BENCH_PYTHON="/nonexistent/python3")
    assert done.returncode == 6
    assert done.stderr.startswith("bench: cannot start /nonexistent/python3: No such file or directory; `ci/setup reports`")
    bare = files / "python3"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    done = bench("report", "new.json", "--baseline", "base", BENCH_PYTHON=str(bare))
    (line,) = done.stderr.splitlines()
    assert done.returncode == 6 and "has no matplotlib and no jinja2, so no HTML and no figures: `ci/setup reports`" in line
    written = {path.name for path in (files / "new").iterdir()}
    assert written == FILES - {"report.html", "figures"}  # what needs neither is there
    assert done.stdout.splitlines()[0] == "new/report.md"


def test_a_python_that_dies(bench, files):
    bare = files / "python3"
    bare.write_text("#!/bin/sh\necho Traceback >&2\nexit 1\n")
    bare.chmod(0o755)
    done = bench("report", "new.json", "--baseline", "base", BENCH_PYTHON=str(bare))
    assert done.returncode == 4 and "-m reports ended with 1" in done.stderr


def test_a_baseline_replaced_on_purpose(bench, files):
    old = json.loads((files / "base" / "zimage.json").read_text())
    new = json.loads((files / "new.json").read_text())
    new["settings"]["promotion"] = {"reason": "fused norm", "from": "b", "when": "2026-11-24T12:00:00Z"}
    (files / "old.json").write_text(json.dumps(old))
    (files / "base" / "zimage.json").write_text(json.dumps(new))
    done = bench("report", "new.json", "--baseline", "base", "--old-baseline", "old.json", "--figures", "0", "--out", "o")
    assert done.returncode == 0, done.stderr
    text = (files / "o" / "report.md").read_text()
    assert "**The baseline is replaced on purpose:** fused norm." in text
    section = text.split("| old baseline | new baseline |")[1]
    assert "`zimage/rms_norm/4128x3840.bf16/decomposed` | 230.1 us | 21.90 us |" in section


def test_pairs_decide_what_the_baseline_cannot(bench, files):
    """The new result on another GPU; a and b are the sample's two results as if one GPU had measured them in turn."""
    base, new = (json.loads((files / name).read_text()) for name in ("base/zimage.json", "new.json"))
    text = json.dumps(new).replace(sample.GPU, "GPU-bbbbbbbb-0000-0000-0000-000000000002")
    (files / "new.json").write_text(text)
    (files / "pairs").mkdir()
    for name, arm in (("a", base), ("b", json.loads(text))):
        for case in arm["cases"]:
            for i, replicate in enumerate(case["replicates"]):
                replicate |= {"seed": i, "device_uuid": "GPU-bbbbbbbb-0000-0000-0000-000000000002", "machine": {}}
        arm["cases"] = [case for case in arm["cases"] if "turbo-9" in case["id"] or case["kind"] == "anchor"]
        (files / "pairs" / f"{name}.json").write_text(json.dumps(arm))
    (files / "pairs" / "ab.json").write_text('{"confidence": 0.99}')
    done = bench("report", "new.json", "--baseline", "base", "--ab", "pairs", "--note", "five minutes", "--out", "o", "--figures", "1")
    assert (done.returncode, done.stderr) == (0, "")
    cases = {case["id"]: case for case in json.loads((files / "o" / "comparison.json").read_text())["cases"]}
    turbo = cases["zimage/loop/turbo-9/graph/aten"]
    assert turbo["verdict"] == "improvement"  # of wall, which pairs judge too: the sample's second clock is higher
    assert turbo["pairs_of"] == "pairs" and turbo["judgement"]["same_device"] and abs(turbo["judgement"]["work"]) < 0.001
    other = cases["zimage/loop/turbo-50/graph/aten"]
    assert other["verdict"] == "inconclusive" and other["judgement"]["wants_pairs"] and "pairs_of" not in other
    comment = (files / "o" / "report.md").read_text()
    assert "> - 1 case is decided by aaaaaaaaaaaa and this build in turn on NVIDIA H200 (GPU-bbbbbbbb), since the baseline cannot" in comment
    assert "> - five minutes\n" in comment
    wrong = bench("report", "pairs", "--ab", "pairs")
    assert wrong.returncode == 2 and wrong.stderr.startswith("bench: --ab goes with a result")


def test_of_a_real_run(bench):
    done = bench("run", str(bench.scenario), *bench.quick, "--only", bench.kernel, "--out", "r.json")
    assert done.returncode == 0, done.stderr
    done = bench("report", "r.json", "--out", "o")
    assert done.returncode == 0, done.stderr
    text = (bench.cwd / "o" / "report.md").read_text()
    assert "its times say nothing about a GPU" in text and "32x256.bf16" in text
    assert os.path.getsize(bench.cwd / "o" / "report.html") > 10_000
