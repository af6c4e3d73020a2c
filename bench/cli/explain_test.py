"""bench explain on stored results: which kernel moved, that its parts are the whole, and what cannot be explained."""

import csv
import io
import json
import sys

import pytest
from conftest import REPO

sys.path.insert(0, str(REPO / "reports" / "tests"))

import sample  # noqa: E402

USAGE, INVALID, MISSING = 2, 4, 5
CASE = "zimage/loop/turbo-50/graph/aten"
UNPROFILED = "zimage/loop/turbo-9/graph/aten"


def kernel(name, operation, launches, launch_s):
    return {"name": name, "operation": operation, "grid": [132, 1, 1], "block": [256, 1, 1], "registers": 64, "shared_memory_bytes": 0,
            "launches": launches, "total_s": launches * launch_s, "median_s": launch_s, "counters": None}  # fmt: skip


def profile(kernels, gaps_s, f_hz):
    return {"source": "CUPTI 13.0 activity", "message": "", "samples": 9, "sample_s": sum(k["total_s"] for k in kernels) + gaps_s,
            "gaps_s": gaps_s, "f_hz": f_hz, "kernels": kernels}  # fmt: skip


def write(path, result):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result))


@pytest.fixture
def files(bench):
    """base/zimage.json and new.json of the reports' pair, with profiles of one case."""
    pair = sample.pair()
    for result in pair:
        for case in result["cases"]:
            case.pop("profile", None)
    base, new = (next(c for c in result["cases"] if c["id"] == CASE) for result in pair)
    same = [kernel(f"small_{i}", "other", 1, 3e-6) for i in range(10)]
    base["profile"] = profile(
        [kernel("gemm", "linear", 120, 5.5e-4), kernel("cudnn_sdpa", "attention", 34, 6e-4), kernel("norm", "rms_norm", 205, 2.2e-5), *same],
        5e-4, 1.55e9)  # fmt: skip
    new["profile"] = profile(
        [kernel("gemm", "linear", 120, 5.47e-4), kernel("flash_fwd", "attention", 34, 6.1e-4), kernel("norm", "rms_norm", 204, 2.2e-5),
         kernel("spin_kernel(long)", "other", 1, 9.7e-5), *same], 5.1e-4, 1.56e9)  # fmt: skip
    write(bench.cwd / "base" / "zimage.json", pair[0])
    write(bench.cwd / "new.json", pair[1])
    return bench.cwd


def explanation(bench, *words):
    done = bench("explain", "base", "new.json", *words, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["cases"][0]["explanation"]


def test_names_what_moved(bench, files):
    done = bench("explain", "base", "new.json", CASE)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == CASE and lines[1] == "launches 1199 -> 1200: -1 norm, +1 spin_kernel"
    assert any(line.startswith("  cudnn_sdpa -> flash_fwd ") and " replaced " in line for line in lines)
    assert any(line.startswith("  spin_kernel ") and " appeared " in line for line in lines)
    assert any(line.startswith("  norm ") and " fewer launches  205 -> 204 " in line for line in lines)
    assert any(line.startswith("the profiles differ by ") and " the timed samples by +0.40 % +- " in line for line in lines)
    assert max(map(len, lines)) <= 120 and "-0.00 %" not in done.stdout


def test_the_parts_are_the_whole(bench, files):
    told = explanation(bench, CASE)
    whole = told["new_sample_s"] - told["base_sample_s"]
    parts = [part["drift_s"] for operation in told["operations"] for part in operation["parts"]]
    assert len(parts) > 3 and told["unaccounted_s"] == 0
    assert sum(parts) + told["gaps_s"] + told["clock_s"] == pytest.approx(whole, abs=1e-14)
    assert told["residual"] == pytest.approx(told["work"] - told["timed_work"], abs=1e-14)
    rows = list(csv.DictReader(io.StringIO(bench("explain", "base", "new.json", CASE, "--format", "csv").stdout)))
    assert sum(float(row["drift_s"]) for row in rows) == pytest.approx(whole, abs=1e-10)
    assert {row["change"] for row in rows} > {"gaps", "clock", "replaced", "appeared", "fewer launches"}


def test_swapped_sides_tell_the_opposite(bench, files):
    forth = explanation(bench, CASE)
    back = json.loads(bench("explain", "new.json", "base/zimage.json", CASE, "--format", "json").stdout)["cases"][0]["explanation"]
    assert back["gaps_s"] == -forth["gaps_s"] and back["clock_s"] * forth["clock_s"] < 0
    changes = {part["kernel"]: part["change"] for operation in back["operations"] for part in operation["parts"]}
    assert changes["spin_kernel(long)"] == "vanished" and changes["flash_fwd"] == "replaced" and changes["norm"] == "more launches"


def test_another_path(bench, files):
    other = "zimage/rms_norm/4128x3840.bf16/aten"
    told = bench("explain", "base", "new.json", "bf16/decomposed", "--with", other)
    assert told.returncode == 0 and told.stdout.startswith(f"zimage/rms_norm/4128x3840.bf16/decomposed -> {other}\n")
    bench.refuses(USAGE, f"base/zimage.json: 'rms_norm' is 2 cases, zimage/rms_norm/4128x3840.bf16/decomposed and {other} among them; name one",
                  "explain", "base", "new.json", "rms_norm", "--with", other)  # fmt: skip


def test_without_a_profile_counts_alone(bench, files):
    done = bench("explain", "base", "new.json", UNPROFILED)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [UNPROFILED, "base has no profile of its kernels; `bench run --profile-kernels` takes one"]


def test_what_cannot_be_explained(bench, files):
    typo = CASE[:-1] + "m"
    bench.refuses(USAGE, f"new.json: no case '{typo}'; did you mean '{CASE}'?", "explain", "base", "new.json", typo)
    bench.refuses(USAGE, "CASE '(': no regular expression (Mismatched '(' and ')' in regular expression)", "explain", "base", "new.json", "(")
    bench.refuses(MISSING, "base/zimage.json: no case zimage/loop/new/graph/aten, which new.json has; name the case that it is to be held "
                  "against: bench explain BASE NEW CASE --with CASE", "explain", "base", "new.json", "loop/new")  # fmt: skip
    bench.refuses(INVALID, "zimage/loop/broken/graph/aten of the new result: failed: CUDA error: <b>out of memory</b> | `x` @team #12 "
                  "https://example.org $a$", "explain", "base", "new.json", "broken")  # fmt: skip
    bench.refuses(USAGE, "cannot read 'none.json': No such file or directory; check the path", "explain", "base", "none.json", CASE)
    new = json.loads((files / "new.json").read_text())
    next(c for c in new["cases"] if c["id"] == CASE)["hash"] = "0"
    write(files / "other.json", new)
    bench.refuses(MISSING, f"{CASE}: the work is not the same in base/zimage.json and other.json; to look at it none the less: --with {CASE}",
                  "explain", "base", "other.json", CASE)  # fmt: skip
    assert bench("explain", "base", "other.json", CASE, "--with", CASE).returncode == 0
    new["machine"]["gpu"]["name"] = "NVIDIA H100"
    write(files / "h100.json", new)
    bench.refuses(MISSING, "base/zimage.json is of NVIDIA H200, h100.json of NVIDIA H100: their kernels differ by themselves; take a base of "
                  "the same model", "explain", "base", "h100.json", CASE)  # fmt: skip


def test_compare_notes_other_kernels_and_exits_by_the_times(bench, files):
    new = json.loads((files / "new.json").read_text())
    case = next(c for c in new["cases"] if c["id"] == UNPROFILED)
    case["kernels"]["norm"] += 10
    case["launches"] += 10
    new["cases"] = [case]
    write(files / "one.json", new)
    write(files / "base" / "noise.json", sample.NOISE)
    done = bench("compare", "base", "one.json")
    assert f"\n{UNPROFILED}: launches 1199 -> 1209: +10 norm\n" in done.stdout
    assert "pass" in done.stdout and done.returncode == 0


def test_the_table_in_the_readme(bench):
    """On the profiles of an H200 that are kept."""
    file = REPO / "bench" / "profile" / "examples" / "zimage.json"
    table = bench("explain", file, file, "turbo-9/graph/aten", "--with", "turbo-9/graph/fused", "--rows", "3").stdout
    readme = (REPO / "README.md").read_text()
    lines = [line for line in table.splitlines() if not line.startswith("launches ")]  # too long for the page
    assert len(lines) > 20 and "```\n" + "\n".join(lines) + "\n```\n" in readme
