"""bench ab on the CPU: order, files, verdicts, where arms come from, and what a user may get wrong."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

REGRESSION, USAGE, MISSING, UNAVAILABLE = 1, 2, 5, 6
LOOP = "zimage/loop/turbo-9/eager/aten"


@pytest.fixture
def ab(bench):
    def run(*arguments, **env):
        return bench("ab", *arguments, "--scenario", bench.scenario, *bench.quick, "--set", "gate.work=50%",
                     "--only", "turbo-9/eager/aten$", "--out", "out", **env)  # fmt: skip

    return run


@pytest.fixture
def repository(bench):
    """A checkout with one commit, whose ci/checkout hands out a folder that runs the program under test."""
    root = bench.cwd / "my checkout"
    (root / "ci").mkdir(parents=True)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", root]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    sha = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    script = root / "ci" / "checkout"
    script.write_text(f'#!/bin/sh\necho "$1 $BENCH_PRESET" >"{root}/asked"\necho "{root}/built"\n')
    script.chmod(0o755)
    bundle_like(root / "built", bench.program)
    return root, sha


def bundle_like(folder, program):
    """A folder with a ci/bench that runs this program and notes it did."""
    (folder / "ci").mkdir(parents=True)
    script = folder / "ci" / "bench"
    script.write_text(f'#!/bin/sh\necho "$1" >>"{folder}/started"\nexec "{program}" "$@"\n')
    script.chmod(0o755)
    return folder


def read(bench, name):
    return json.loads((bench.cwd / "out" / name).read_text())


def test_the_same_build_raises_no_alarm(bench, ab):
    run = ab("--pairs", "3")
    assert run.returncode == 0, run.stderr
    a, b, both = read(bench, "a.json"), read(bench, "b.json"), read(bench, "ab.json")
    (case,) = both["cases"]
    assert case["id"] == LOOP and case["verdict"] in ("pass", "inconclusive")
    assert case["judgement"]["pairs"] == 3 and both["confidence"] == 0.99  # one look
    wall, work, clock = (case["judgement"][key]["estimate"] for key in ("wall", "work", "clock"))
    assert wall == pytest.approx(work + clock)
    replicates = [{c["id"]: c for c in arm["cases"]}[LOOP]["replicates"] for arm in (a, b)]
    assert [[r["seed"] for r in arm] for arm in replicates] == [[1, 2, 3]] * 2
    assert len({r["process"] for arm in replicates for r in arm}) == 6  # each a process of its own
    assert a["finished"] and b["finished"] and a["argv"] == b["argv"]
    assert "B against A in 3 pairs of processes" in run.stdout
    assert run.stdout.splitlines()[-1] == "result: out/ab.json"
    compared = bench("compare", "out/a.json", "out/b.json")  # normal results, for the other verbs
    assert LOOP in compared.stdout and compared.stderr == ""


def test_order_is_a_b_b_a(bench, ab):
    for name in ("one", "two"):
        bundle = bundle_like(bench.cwd / name, bench.program)
        (bundle / "bundle.json").write_text("{}")
        started = bench.cwd / "order"
        script = bundle / "ci" / "bench"
        script.write_text(script.read_text().replace(f'"{bundle}/started"', f'"{started}"').replace('"$1"', f'"{name} $1"', 1))
    run = ab("one", "two", "--pairs", "3")
    assert run.returncode == 0, run.stderr
    assert started.read_text().split() == [w for n in ("one", "two", "two", "one", "one", "two") for w in (n, "replicate")]
    assert re.search(r"^A  bundle one, \w+ on the CPU$", run.stdout, re.M)


@pytest.mark.quiet
def test_injected_launches_of_a_kernel_are_found(bench):
    run = bench("ab", "--scenario", bench.scenario, *bench.quick, "--set", "gate.work=50%", "--only", "/rms_norm/96x256.bf16/aten$",
                "--out", "out", "--pairs", "5", "--inject-b", "launches=900%")  # fmt: skip
    assert run.returncode == REGRESSION, run.stdout
    (case,) = read(bench, "ab.json")["cases"]
    assert case["judgement"]["work"]["estimate"] == pytest.approx(2.3, abs=0.7)  # ln 10


@pytest.mark.quiet
def test_injected_work_is_found(bench, ab):
    # Of three pairs the interval is ten standard deviations wide, too much for a machine with other work.
    run = ab("--pairs", "5", "--inject-b", "spin=900%")
    assert run.returncode == REGRESSION, run.stdout + run.stderr
    (case,) = read(bench, "ab.json")["cases"]
    assert case["id"] == LOOP and case["verdict"] == "regression"
    assert case["b_t_s"] > 4 * case["a_t_s"]
    assert [c["id"] for c in read(bench, "b.json")["cases"] if c["kind"] == "loop"] == [LOOP]
    assert f"{LOOP}: regression: " in run.stdout


def test_settings_of_one_arm(bench, ab):
    run = ab("--pairs", "1", "--set-b", "loops.turbo-9.steps=2")
    assert run.returncode == 0, run.stderr
    assert f"the work differs: {LOOP}\n" in run.stdout
    steps = [{c["id"]: c for c in read(bench, n)["cases"]}[LOOP]["parameters"]["steps"] for n in ("a.json", "b.json")]
    assert steps == ["4", "2"]
    assert read(bench, "b.json")["scenario"]["overrides"][-1] == "loops.turbo-9.steps=2"
    wrong = ab("--set-a", "loops.turbo-9.steps=none")
    assert wrong.returncode == USAGE and wrong.stderr.startswith("bench: --set loops.turbo-9.steps: ")


def test_a_case_of_one_arm_is_missing(bench):
    run = bench("ab", "--scenario", bench.scenario, *bench.quick, "--pairs", "1", "--out", "out", "--fail-on", "missing",
                "--only", "turbo-9/eager", "--set-a", "paths.rms_norm=[aten]")  # fmt: skip
    assert run.returncode == MISSING, run.stderr
    cases = {case["id"]: case for case in read(bench, "ab.json")["cases"]}
    assert cases["zimage/loop/turbo-9/eager/decomposed"]["reason"] == "only B has this case"
    assert cases[LOOP]["judgement"]["pairs"] == 1


def test_two_paths_of_one_build(bench):
    run = bench("ab", "--scenario", bench.scenario, *bench.quick, "--pairs", "1", "--out", "out", "--only", "turbo-9/eager",
                "--set-a", "paths.rms_norm=[aten]", "--set-b", "paths.rms_norm=[decomposed]")  # fmt: skip
    assert run.returncode == 0, run.stderr
    (case,) = read(bench, "ab.json")["cases"]
    assert case["id"] == f"{LOOP} -> decomposed" and case["judgement"]["pairs"] == 1


def test_a_git_revision(bench, ab, repository):
    root, sha = repository
    run = ab(sha[:9], "--pairs", "1", BENCH_ROOT=str(root))
    assert run.returncode == 0, run.stderr
    assert (root / "asked").read_text() == f"{sha} cpu\n"
    assert (root / "built" / "started").read_text() == "replicate\n"
    assert f"\nA  {sha[:12]}, " in run.stdout and "\nB  this build, " in run.stdout
    assert f"\nA  HEAD ({sha[:12]}), " in ab("HEAD", "--pairs", "1", BENCH_ROOT=str(root)).stdout


def test_no_such_arm(bench, ab, repository):
    root, _ = repository
    wrong = ab("nope", BENCH_ROOT=str(root))
    assert (wrong.returncode, wrong.stdout) == (USAGE, "")
    assert wrong.stderr == (
        f"bench: A 'nope': neither a folder with bundle.json nor a git revision of {root}; `git log --oneline` there shows some\n"
    )
    (bench.cwd / "folder").mkdir()
    wrong = ab(".", "folder")
    assert wrong.returncode == USAGE
    assert wrong.stderr.startswith("bench: B 'folder': a folder, but no bundle: it has no bundle.json and ci/bench;")
    assert not (bench.cwd / "out").exists()


def test_a_revision_that_cannot_be_built(bench, ab, repository):
    root, _ = repository
    (root / "ci" / "checkout").write_text("#!/bin/sh\necho 'ci/checkout: no compiler' >&2\nexit 6\n")
    wrong = ab("HEAD", BENCH_ROOT=str(root))
    assert (wrong.returncode, wrong.stdout) == (UNAVAILABLE, "")
    assert wrong.stderr.splitlines()[0] == "ci/checkout: no compiler"
    assert wrong.stderr.splitlines()[1].startswith("bench: A 'HEAD': it could not be built, see above; without a compiler")


def test_a_bundle_has_no_revisions(bench, ab, tmp_path):
    """Copies of the programs outside a checkout stand for those in a bundle."""
    folder = tmp_path / "bundle" / "bin"
    folder.mkdir(parents=True)
    shutil.copy(bench.program.with_name("bench-measure"), folder)
    bench.program = shutil.copy(bench.program, folder)
    wrong = ab("main", BENCH_ROOT=str(tmp_path / "bundle"))
    assert wrong.returncode == UNAVAILABLE
    assert "without a checkout no git revision can be built; pack both with `ci/bundle --pair A B`" in wrong.stderr


def test_an_arm_that_is_no_bench(bench, ab):
    bundle = bundle_like(bench.cwd / "old", bench.program)
    (bundle / "bundle.json").write_text("{}")
    (bundle / "ci" / "bench").write_text("#!/bin/sh\necho \"bench: unknown verb '$1'\" >&2\nexit 2\n")
    wrong = ab("old")
    assert wrong.returncode == 4 and "unknown verb 'replicate'" in wrong.stderr
    assert wrong.stderr.splitlines()[-1] == "bench: A (bundle old): the worker process ended with exit code 2"


def test_options(bench, ab):
    for arguments, message in {
        ("--inject-b", "launches=1%"): "'launches=1%' is for kernels, and none is chosen: choose other cases (--only)",
        ("--inject-a", "x"): "'x': no injection; there are none, spin=0.3%, norms=10, power and launches=0.5%",
        ("--fail-on", "regresion"): "--fail-on: no verdict 'regresion'; did you mean 'regression'?",
    }.items():
        wrong = ab(*arguments)
        assert (wrong.returncode, wrong.stderr, wrong.stdout) == (USAGE, f"bench: {message}\n", "")
    without = bench("ab", ".", ".")
    assert (without.returncode, without.stderr) == (USAGE, "bench: --scenario is required; see `bench ab --help`\n")


def test_a_budget_ends_it(bench, ab):
    run = ab("--budget", "0.001")
    assert run.returncode == 0, run.stderr
    (case,) = read(bench, "ab.json")["cases"]
    assert case["judgement"]["pairs"] == 1 and case["verdict"] == "inconclusive"
    assert case["reason"] == "one pair and no noise prior"
    assert read(bench, "ab.json")["confidence"] == 0.9975  # of each of four looks


STEADY, NOISY = "zimage/rms_norm/32x256.bf16/aten", "zimage/rms_norm/32x256.bf16/decomposed"
KNOWN_TIMES = """#!{python}
import json, os, subprocess, sys, time
request = json.loads(sys.argv[2])
worker = subprocess.Popen(["{program}", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
for line in worker.stdout:
    message = json.loads(line)
    for case in message.get("result", {{}}).get("cases", []):
        if case["id"] == "{steady}":
            seconds = float(os.environ.get("SECONDS_MORE", 0))
            time.sleep(seconds)
            case["phases_s"] = {{"samples": seconds}}
        noise = 1 + (request["seed"] * 7 % 3) * {noise} if case["id"] == "{noisy}" else 1
        for replicate in case["replicates"]:
            replicate["samples"]["t_s"] = [2e-5 * noise for _ in replicate["samples"]["t_s"]]
    print(json.dumps(message), flush=True)
sys.exit(worker.wait())
"""


@pytest.mark.quiet
@pytest.mark.parametrize("budget", (2.5, 3.6), ids=("for two pairs", "for three"))
def test_what_is_decided_early_leaves_the_budget_to_open_cases(bench, budget):
    """One case is decided by two pairs and takes most of the time; of the other the arms differ by more in each pair.
    Three pairs of both would leave little for further ones of the other, so all are judged after two."""
    for name, noise in (("one", 0), ("two", 0.5)):
        bundle = bundle_like(bench.cwd / name, bench.program)
        (bundle / "bundle.json").write_text("{}")
        (bundle / "ci" / "bench").write_text(
            KNOWN_TIMES.format(python=sys.executable, program=bench.program, steady=STEADY, noisy=NOISY, noise=noise)
        )
    words = ("ab", "one", "two", "--scenario", bench.scenario, *bench.quick, "--only", bench.kernel, "--out", "out")
    start = time.monotonic()
    assert bench(*words, "--pairs", "1").returncode == 0
    rest_s = time.monotonic() - start  # of a pair, without what the steady case is made to take
    more_s = rest_s + 1
    run = bench(*words, "--budget", f"{budget * (rest_s + 2 * more_s):.2f}", "--fail-on", "invalid", SECONDS_MORE=str(more_s))
    assert run.returncode == 0, run.stderr
    pairs = {case["id"]: len(case["replicates"]) for case in read(bench, "b.json")["cases"]}
    assert pairs[NOISY] > 2 >= pairs[STEADY] >= 1, run.stdout + run.stderr
    verdicts = {case["id"]: case["verdict"] for case in read(bench, "ab.json")["cases"]}
    assert verdicts[STEADY] == "pass" and read(bench, "ab.json")["confidence"] == 0.9975


def test_a_signal_keeps_the_pairs_so_far(bench, until):
    process = bench.start("ab", "--scenario", bench.scenario, *bench.quick, "--only", "turbo-9/eager/aten$", "--out", "out",
                          "--pairs", "500", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    until(lambda: (bench.cwd / "out" / "b.json").exists(), process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "verdict: " in output and "interrupted: only the pairs" in output
    assert read(bench, "ab.json")["cases"][0]["judgement"]["pairs"] >= 1
    assert read(bench, "a.json")["interrupted"] or read(bench, "b.json")["interrupted"]
    assert read(bench, "a.json")["finished"] == ""
