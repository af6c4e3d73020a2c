"""What bench does by itself: at once, without torch, and without bench-measure, which has the verbs that measure."""

import json
import resource
import shutil
import subprocess

import pytest
from conftest import REPO

UNAVAILABLE = 6
CXX_RUNTIME = {"linux-vdso.so", "ld-linux-x86-64.so", "libc.so", "libm.so", "libgcc_s.so", "libstdc++.so"}
BASELINE = REPO / "baselines" / "h200" / "zimage.json"


def loaded(program):
    """The libraries that the loader would load for it, without their versions."""
    text = subprocess.run([program], env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=True).stdout
    return {line.split()[0].rsplit("/", 1)[-1].split(".so")[0] + ".so" for line in text.splitlines()}


def test_bench_needs_no_more_than_the_c_plus_plus_runtime(bench):
    assert loaded(bench.program) <= CXX_RUNTIME
    assert "libtorch_cpu.so" in loaded(bench.program.with_name("bench-measure"))  # else this shows nothing


@pytest.fixture
def alone(bench, tmp_path):
    """A bench that has no bench-measure beside it."""
    (tmp_path / "a folder").mkdir()
    bench.program = shutil.copy(bench.program, tmp_path / "a folder" / "bench")
    return bench


@pytest.mark.parametrize("verb", ["compare", "explain", "baseline", "report"])
def test_verbs_that_judge_start_nothing(alone, verb):
    words = {
        "compare": (BASELINE, BASELINE),
        "explain": (BASELINE, BASELINE, "turbo-9/graph/fused"),
        "baseline": ("show", BASELINE.parent),
        "report": (BASELINE, "--baseline", "none", "--figures", "0", "--out", "report"),
    }
    done = alone(verb, *words[verb], BENCH_ROOT=str(REPO))
    assert (done.returncode, done.stderr) == (0, "") and done.stdout


def test_a_data_set_is_judged_without_measuring(alone):
    done = alone("selftest", "--judge", REPO / "baselines/h200/selftest/turbo-9-aten.json", "--shuffles", "2")
    assert (done.returncode, done.stderr) == (0, "") and "3 processes a side" in done.stdout


def test_help_starts_nothing(alone):
    verbs = ("run", "ab", "profile", "selftest", "list", "doctor")
    for words in (["--version"], ["--help"], *([verb, "--help"] for verb in verbs)):
        done = alone(*words)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout


def test_verbs_that_measure_say_what_is_missing(alone, tmp_path):
    program = tmp_path / "a folder" / "bench-measure"
    line = (f"cannot start {program}, the part of bench that needs torch: {{}}; it belongs into the folder of bench: "
            "build it with `ci/bench`, or take the whole bundle")  # fmt: skip
    for words in (["run", alone.scenario], ["ab", "--scenario", alone.scenario], ["profile", alone.scenario], ["selftest"],
                  ["doctor"], ["list", "cases"], ["replicate", "{}"]):  # fmt: skip
        alone.refuses(UNAVAILABLE, line.format("No such file or directory"), *words)
    program.write_text("")
    alone.refuses(UNAVAILABLE, line.format("Permission denied"), "doctor")


def test_bench_measure_has_no_other_verbs(bench):
    bench.program = bench.program.with_name("bench-measure")
    bench.refuses(2, "bench-measure only measures: call `bench compare`", "compare", "a.json", "b.json")


def cpu_seconds_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_a_thousand_cases_in_a_fifth_of_a_second(bench):
    """Kernels, a process each; with the start of the program and its table. In CPU time: it waits for nothing, and others may be at
    work here too."""
    result = json.loads(BASELINE.read_text())
    kernels = [case for case in result["cases"] if case["kind"] == "kernel"]
    result["cases"] = []
    for i in range(1000):
        case = kernels[i % len(kernels)]
        result["cases"].append(case | {"id": case["id"].replace("/", f"/{i}-", 1), "replicates": case["replicates"][:1]})
    (bench.cwd / "a.json").write_text(json.dumps(result))
    seconds = []
    for _ in range(5):
        start = cpu_seconds_of_children()
        done = bench("compare", "a.json", "a.json")
        seconds.append(cpu_seconds_of_children() - start)
        assert done.returncode == 0 and done.stdout.count("\n") > 1000, done.stderr
    assert min(seconds) < 0.2
