"""A run that is stopped keeps the cases that had finished."""

import json
import signal
import subprocess

import pytest

# The order that seed 1, the first replicate's, draws.
QUICK, ENDLESS = "zimage/loop/base-50/eager/aten", "zimage/loop/turbo-9/eager/aten"


@pytest.fixture
def running(bench, until):
    """A run with one finished case in its file, in the middle of a second one that takes hours."""
    steps = ("--set", "loops={turbo-9: {steps: 1000}, base-50: {steps: 1}}", "--set", "profiles.cpu.steps=1000")
    loops = ("--set", "profiles.cpu.sampling.loops=20", "--only", "eager/aten", "--out", "a.json")
    process = bench.start("run", bench.scenario, *bench.quick, *steps, *loops, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    until((bench.cwd / "a.json").exists, process)
    return process


def kept(bench):
    result = json.loads((bench.cwd / "a.json").read_text())
    (case,) = [case for case in result["cases"] if case["kind"] != "anchor"]
    assert (case["id"], case["status"]) == (QUICK, "ok")
    assert len(case["replicates"][0]["samples"]["t_s"]) == 20
    return result


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_stopped(bench, running, which):
    running.send_signal(which)
    table, said = running.communicate(timeout=30)
    assert running.returncode == 130
    result = kept(bench)
    assert result["interrupted"] and result["finished"] == ""
    assert [path.name for path in bench.cwd.iterdir()] == ["a.json"]
    assert f"\n{QUICK} " in table and ENDLESS not in table and table.endswith("result: a.json\n")
    assert "interrupted" in table
    assert said.startswith(f"[1/2] {QUICK}: ") and said.count("\n") == 1


def test_killed(bench, running):
    running.kill()
    table, _ = running.communicate(timeout=30)
    assert (running.returncode, table) == (-signal.SIGKILL, "")
    result = kept(bench)
    assert not result["interrupted"] and result["finished"] == ""


def test_a_data_set_keeps_what_selftest_had_measured(bench, until):
    loops = ("--set", "loops={turbo-9: {steps: 1}, base-50: {steps: 1}}", "--set", "profiles.cpu.steps=1", "--set", "profiles.cpu.sampling.loops=20")
    process = bench.start("selftest", bench.scenario, *bench.quick, *loops, "--quick", "--replicates", "1000", "--out", "a.json",
                          "--append", "data.json", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    until((bench.cwd / "a.json").exists, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    measured, data = (json.loads((bench.cwd / name).read_text()) for name in ("a.json", "data.json"))
    assert {case["id"] for case in data["cases"]} == {case["id"] for case in measured["cases"]} != set()
