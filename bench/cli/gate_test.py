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
