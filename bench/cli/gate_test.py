"""ci/gate and ci/bisect with the real program, on the CPU, in a folder like that of a bundle."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import REPO

import torch

ENV = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def checkout(bench, tmp_path):
    """ci/, scenarios/, reports/ and the built program, in a git repository; runs a command in it."""
    root = tmp_path / "my checkout"
    for name in ("ci", "reports", "scenarios"):
        shutil.copytree(REPO / name, root / name, ignore=shutil.ignore_patterns("tests", "examples", "__pycache__"))
    (root / "bin").mkdir()
    (root / "bin" / "bench").symlink_to(bench.program)
    about = {"torch": torch.__version__.split("+")[0], "cuda": torch.version.cuda or "none"}
    (root / "bundle.json").write_text(json.dumps(about))
    env = bench.env | ENV | {"BENCH_PYTHON": sys.executable, "GIT_CONFIG_GLOBAL": os.devnull}

    def run(*command):
        return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=280)

    run.root = root
    run("git", "init", "-q")
    return run


def ten_minutes():
    """The lines of the README's section, as they stand."""
    section = (REPO / "ci" / "README.md").read_text().split("## A gate in ten minutes")[1].split("\n## ")[0]
    lines = re.findall(r"^    (.*)$", section, re.M)
    assert len(lines) == 5 and lines[-1].startswith("ci/gate ")
    return lines


@pytest.mark.quiet
def test_a_gate_in_ten_minutes(checkout):
    lines = ten_minutes()
    done = checkout("bash", "-ec", "\n".join(lines))
    # Nothing changed; on a busy machine three processes may not be enough to say so.
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert re.fullmatch(r"verdict: (pass|inconclusive) \(.*\)", done.stdout.splitlines()[-1])
    gate = checkout.root / "results" / "gate"
    for name in ("report.md", "gate.json", "zimage/report.html", "zimage/junit.xml", "zimage/result.json"):
        assert (gate / name).stat().st_size > 100, name

    # A baseline twenty times as fast: whatever the noise, every case is slower, twice.
    baseline = checkout.root / "baselines" / "cpu" / "zimage.json"
    result = json.loads(baseline.read_text())
    for case in result["cases"]:
        for replicate in case["replicates"]:
            replicate["samples"]["t_s"] = [t / 20 for t in replicate["samples"]["t_s"]]
    baseline.write_text(json.dumps(result))
    done = checkout("bash", "-ec", f"{lines[0]}\n{lines[-1]} --only 'rms_norm/32.*aten' --since HEAD")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("verdict: regression (")
    (outcome,) = json.loads((gate / "gate.json").read_text())["scenarios"]
    assert outcome["measured_again"] and all("aten" in name for name in outcome["measured_again"])
    text = (gate / "report.md").read_text()
    assert text.startswith("**✗ verdict: regression (") and "measured again, at first regression" in text
    assert "**The baseline is replaced on purpose:** first baseline" in text
    assert (gate / "zimage" / "first.json").exists()


@pytest.fixture
def elsewhere(checkout):
    """The gate's command line, in a pair's folder, with a baseline that another GPU measured: nothing can be told from it."""
    case = "zimage/rms_norm/32x256.bf16/aten"
    options = ["scenarios/zimage.yaml", "--profile", "cpu", "--only", "rms_norm/32x256.bf16/aten", "--replicates", "3",
               "--set", "gate.work=0.5", "--set", "kernels.rms_norm.gate.work=0.5"]  # fmt: skip
    done = checkout("ci/bench", "run", *options, "--baseline", "none", "--out", "first.json")
    assert done.returncode == 0, done.stderr
    assert checkout("ci/bench", "baseline", "promote", "first.json", "--reason", "first", "--force").returncode == 0
    file = checkout.root / "baselines" / "cpu" / "zimage.json"
    baseline = json.loads(file.read_text())
    for one in baseline["cases"]:
        for replicate in one["replicates"]:
            replicate["device_uuid"] = "GPU-12345678-0000-0000-0000-000000000000"
    sha = baseline["tool"]["git_sha"]
    file.write_text(json.dumps(baseline))
    arm = checkout.root / "A"
    (arm / "ci").mkdir(parents=True)
    (arm / "ci" / "bench").symlink_to(checkout.root / "bin" / "bench")
    (arm / "bundle.json").write_text(json.dumps({"git_sha": sha}))
    return ["ci/gate", *options, "--budget", "30"], case, sha  # seconds; noise may ask for all of twenty pairs


def test_what_the_baseline_cannot_decide_ends_in_a_verdict(checkout, elsewhere):
    command, case, sha = elsewhere
    undecided = checkout(*command, "--escalate", "none")
    assert undecided.returncode == 3
    assert undecided.stdout.splitlines()[-1] == "verdict: inconclusive (1 inconclusive)"

    done = checkout(*command)
    # Nothing changed; on a busy machine the pairs may not tell, but never say so falsely.
    assert done.returncode in (0, 3), done.stdout + done.stderr
    gate = checkout.root / "results" / "gate"
    pairs = json.loads((gate / "zimage" / "pairs" / "ab.json").read_text())
    assert [one["id"] for one in pairs["cases"]] == [case] and pairs["a"]["git_sha"] == sha
    (outcome,) = json.loads((gate / "gate.json").read_text())["scenarios"]
    assert outcome["escalated"] == [case] and outcome["exit_code"] == done.returncode
    comparison = json.loads((gate / "zimage" / "comparison.json").read_text())
    (judged,) = comparison["cases"]
    assert judged["verdict"] == pairs["cases"][0]["verdict"] and judged["judgement"]["same_device"]
    note = f"1 case is decided by {sha} and this build in turn on the CPU, since the baseline cannot"
    assert note in (gate / "report.md").read_text() and note in done.stdout
    assert case in (gate / "zimage" / "junit.xml").read_text()


@pytest.mark.quiet
def test_a_slower_build_is_found_where_the_baseline_cannot_tell(checkout, elsewhere):
    """The baseline's build is this one, but its times come out a twentieth."""
    command, case, _ = elsewhere
    program = checkout.root / "A" / "ci" / "bench"
    program.unlink()
    program.write_text(f"""#!{sys.executable}
import json, subprocess, sys
worker = subprocess.Popen(["{checkout.root / 'bin' / 'bench'}", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
for line in worker.stdout:
    message = json.loads(line)
    for case in message.get("result", {{}}).get("cases", []):
        if case["kind"] != "anchor":
            for replicate in case["replicates"]:
                replicate["samples"]["t_s"] = [t / 20 for t in replicate["samples"]["t_s"]]
    print(json.dumps(message), flush=True)
sys.exit(worker.wait())
""")
    program.chmod(0o755)
    done = checkout(*command)
    assert done.returncode == 1, done.stdout + done.stderr
    gate = checkout.root / "results" / "gate"
    text = (gate / "report.md").read_text()
    assert text.startswith("**✗ verdict: regression (1 regression)**") and "in turn with the baseline's build on this GPU" in text
    assert '<failure message="regression: ' in (gate / "zimage" / "junit.xml").read_text()


def test_no_build_of_the_baseline_leaves_it_inconclusive(checkout, elsewhere):
    command, case, sha = elsewhere
    shutil.rmtree(checkout.root / "A")
    done = checkout(*command)
    assert done.returncode == 3
    why = f"not measured in turn with the baseline's build: this is a bundle of one revision, and the baseline is of {sha}: make one of both"
    assert why in done.stderr and why in re.sub(r"&#(\d+);", lambda m: chr(int(m[1])), (checkout.root / "results/gate/report.md").read_text())

    # In a checkout the revision is built; here it is none of git's, and one line says so.
    (checkout.root / "bundle.json").rename(checkout.root / "kept.json")
    real = checkout.root / "ci" / "bench"
    real.rename(checkout.root / "ci" / "bundled_bench")
    real.write_text(f"""#!{sys.executable}
import os, sys
os.environ["BENCH_ROOT"] = "{checkout.root}"
os.execv("{checkout.root / 'bin' / 'bench'}", ["bench", *sys.argv[1:]])
""")
    real.chmod(0o755)
    done = checkout(*command)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"not measured in turn with the baseline's build: A '{sha}': neither a folder with bundle.json nor a git revision" in done.stderr
    assert case in (checkout.root / "results/gate/report.md").read_text()


def test_two_builds_side_by_side(checkout):
    """This build against itself."""
    done = checkout("ci/gate", "--refs", ".", ".", "scenarios/zimage.yaml", "--profile", "cpu", "--only", "rms_norm/32x256.bf16/aten",
                    "--replicates", "3", "--set", "kernels.rms_norm.gate.work=0.5")  # fmt: skip
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert re.fullmatch(r"verdict: (pass|inconclusive) \(1 \w+\)", done.stdout.splitlines()[-1])
    folder = checkout.root / "results" / "gate" / "zimage"
    assert (folder / "ab.json").exists()
    text = (folder / "report.md").read_text()
    assert "zimage/rms_norm/32x256.bf16/aten" in text and "no baseline" not in text
    assert (folder / "figures" / "case-zimage-rms_norm-32x256.bf16-aten.svg").exists()


def test_the_pull_request_s_table(checkout):
    """Two of its rows with the real program and the scaled-down models; what noise there is on this machine decides the verdicts."""
    words = ["ci/table", "scenarios/pull_request_20962.toml", "--profile", "cpu", "--engine", "eager", "--pairs", "2", "--row", "z-image-9",
             "--row", "flux1", "--set", "profiles.cpu.sampling.loops=1", "--set", "profiles.cpu.sampling.warmup=0 s"]  # fmt: skip
    done = checkout(*words)
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    lines = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(lines) == 7 + 1 and [line[0] for line in lines if "not measured" in line] == [
        "| Z-Image-Turbo, 50 steps", "| Z-Image-Turbo, against itself", "| Qwen-Image", "| Qwen-Image-Edit-2511", "| FLUX.2-dev"]  # fmt: skip
    for line in lines[1], lines[6]:
        assert float(line[2]) > 0 and float(line[3]) > 0 and "%" in line[4]
    (case,) = json.loads((checkout.root / "results/pull_request_20962/z-image-9/ab.json").read_text())["cases"]
    assert case["id"] == "zimage/loop/turbo-9/eager/decomposed -> aten" and case["judgement"]["pairs"] == 2
    assert checkout(*words, "--print").stdout == done.stdout  # what was measured is kept


@pytest.mark.quiet
def test_bisect_finds_an_injected_slowdown(checkout):
    """Each commit runs the real program, whose times a wrapper replaces; from the fifth on they are four times as long."""
    root = checkout.root
    (root / "ci" / "bench").rename(root / "ci" / "real_bench")
    wrapper = """#!/usr/bin/env python3
import json, pathlib, subprocess, sys
here = pathlib.Path(__file__).parent
code = subprocess.run([sys.executable, here / "real_bench", *sys.argv[1:]]).returncode
if sys.argv[1] == "run":  # known times: other work on this machine shall not decide the test
    out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
    result = json.loads(out.read_text())
    for case in result["cases"]:
        for replicate in case["replicates"]:
            count = len(replicate["samples"]["t_s"])
            step = 8e-5 if (here / "slow").exists() else 2e-5
            replicate["samples"]["t_s"] = [step * (1 + 0.001 * (i * 7 % 5 - 2)) for i in range(count)]
    out.write_text(json.dumps(result))
sys.exit(code)
"""
    (root / "ci" / "bench").write_text(wrapper)
    (root / "ci" / "bench").chmod(0o755)
    commits = []
    for i in range(7):
        (root / "change").write_text(str(i))
        if i == 4:
            (root / "ci" / "slow").touch()
        checkout("git", "add", "-A")
        checkout("git", "commit", "-qm", f"change {i}")
        commits.append(checkout("git", "rev-parse", "HEAD").stdout.strip())
    checkout("git", "bisect", "start", "HEAD", commits[0])
    options = ["--profile", "cpu", "--replicates", "3", "--set", "kernels.rms_norm.gate.work=0.5",
               "--set", "profiles.cpu.sampling.warmup=0 s"]  # fmt: skip
    case = "zimage/rms_norm/32x256.bf16/aten"
    done = checkout("git", "bisect", "run", "ci/bisect", "scenarios/zimage.yaml", case, *options)
    assert f"{commits[4]} is the first bad commit" in done.stdout, done.stdout + done.stderr
