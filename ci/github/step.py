#!/usr/bin/env python3
"""The step of action.yml: runs ci/gate with what the environment says, then tells GitHub what came of it.

BENCH_SCENARIOS, BENCH_FAIL_ON, BENCH_REFS, BENCH_SINCE, BENCH_ARGUMENTS, BENCH_OUT: the action's inputs.
BENCH_PULL_REQUEST, BENCH_HEAD_SHA: go into pull-request.json for the workflow that comments.
GITHUB_STEP_SUMMARY, GITHUB_OUTPUT: files that GitHub gives. Exits as ci/gate does."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUMMARY_LIMIT = 1_000_000  # bytes that GitHub takes for one step, and some to spare


def gate_command(env):
    out = env.get("BENCH_OUT") or "results/gate"
    command = [sys.executable, str(ROOT / "ci" / "gate"), "--out", out]
    if env.get("BENCH_FAIL_ON"):
        command += ["--fail-on", env["BENCH_FAIL_ON"]]
    if env.get("BENCH_REFS"):
        command += ["--refs", *env["BENCH_REFS"].split()]
    elif env.get("BENCH_SINCE"):
        command += ["--since", env["BENCH_SINCE"]]
    return command + shlex.split(env.get("BENCH_ARGUMENTS", "")) + env.get("BENCH_SCENARIOS", "").split(), Path(out)


def main():
    env = os.environ
    try:
        command, out = gate_command(env)
    except ValueError as error:
        print(f"step.py: the input `arguments` is nothing that a shell would split: {error}", file=sys.stderr)
        return 2
    out.mkdir(parents=True, exist_ok=True)
    for name in ("report.md", "gate.json"):
        (out / name).unlink(missing_ok=True)  # of an earlier job: a gate that writes none must not seem to have said that
    pull_request = {"number": env.get("BENCH_PULL_REQUEST", ""), "head_sha": env.get("BENCH_HEAD_SHA", "")}
    (out / "pull-request.json").write_text(json.dumps(pull_request) + "\n")
    code = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    code = code if code >= 0 else 128 - code
    try:
        report = (out / "report.md").read_text()
        verdict = json.loads((out / "gate.json").read_text())["verdict"]
    except (OSError, ValueError, KeyError):
        verdict = f"verdict: none (ci/gate ended with {code})"
        report = f"**! {verdict}**\n\nThe log of the job says why.\n"
    if env.get("GITHUB_STEP_SUMMARY"):
        with open(env["GITHUB_STEP_SUMMARY"], "a") as summary:
            summary.write(report.encode()[:SUMMARY_LIMIT].decode(errors="ignore") + "\n")
    if env.get("GITHUB_OUTPUT"):
        with open(env["GITHUB_OUTPUT"], "a") as outputs:
            outputs.write(f"verdict={' '.join(verdict.split())}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
