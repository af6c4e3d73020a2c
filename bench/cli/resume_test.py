"""bench run --resume: an interrupted run goes on, and only where it is the same run.

Run by CTest with the other *_test.py of this folder.
"""

import json

import pytest

USAGE = 2
ONLY = r"rms_norm/(32x256|128x128)\.bf16/(aten|decomposed)"


@pytest.fixture
def cut(bench):
    """A run of two replicates that was interrupted: of the first case one is there, of the second two, the others lack."""
    run = bench("run", bench.scenario, *bench.quick, "--only", ONLY, "--replicates", "2", "--out", "whole.json")
    assert run.returncode == 0, run.stderr
    result = json.loads((bench.cwd / "whole.json").read_text())
    kernels = [case for case in result["cases"] if case["kind"] == "kernel"]
    assert len(kernels) == 4
    del kernels[0]["replicates"][1]
    result["cases"] = kernels[:2]
    result["finished"], result["interrupted"] = "", True

    def write(**changes):
        (bench.cwd / "cut.json").write_text(json.dumps({**result, **changes}))
        return result

    return write


def resume(bench, *arguments):
    files = ("--resume", "cut.json", "--out", "on.json")
    return bench("run", bench.scenario, *bench.quick, "--only", ONLY, "--replicates", "2", *files, *arguments)


def test_what_is_missing_is_measured_and_what_is_there_stays(bench, cut):
    before = cut()
    run = resume(bench)
    assert run.returncode == 0, run.stderr
    after = json.loads((bench.cwd / "on.json").read_text())
    assert after["finished"] and not after["interrupted"]
    kernels = {case["id"]: case for case in after["cases"] if case["kind"] == "kernel"}
    assert len(kernels) == 4 and all(len(case["replicates"]) == 2 for case in kernels.values())
    for case in before["cases"]:
        kept = kernels[case["id"]]["replicates"][: len(case["replicates"])]
        assert [r["samples"] for r in kept] == [r["samples"] for r in case["replicates"]]


def test_replicates_say_which_machine_they_are_of(bench, cut):
    result = cut()
    assert result["origins"] == [] and all(r["origin"] is None for case in result["cases"] for r in case["replicates"])
    began_on = {**result["machine"], "host": {"cpu": "another CPU"}}
    cut(machine=began_on)
    assert resume(bench).returncode == 0
    after = json.loads((bench.cwd / "on.json").read_text())
    assert after["machine"] == began_on
    assert [origin["machine"] for origin in after["origins"]] == [result["machine"]]
    replicates = {case["id"]: [r["origin"] for r in case["replicates"]] for case in after["cases"] if case["kind"] == "kernel"}
    assert sorted(replicates.values(), key=str) == [[0, 0], [0, 0], [None, 0], [None, None]]


@pytest.mark.parametrize(
    "change,why",
    [({"finished": "2026-11-28T10:00:00Z"}, "that run had finished"),
     ({"tool": {"git_sha": "0123456789ab"}}, "it was measured by another build"),
     ({"machine": {"libraries": {"torch": "1.0"}}}, "this machine is not the one that the run began on: libraries torch was 1.0, now it is")],
)  # fmt: skip
def test_another_run_is_refused(bench, cut, change, why):
    result = cut()
    cut(**{key: {**result[key], **value} if isinstance(value, dict) else value for key, value in change.items()})
    run = resume(bench)
    assert run.returncode == USAGE and why in run.stderr, run.stderr
    assert "start a run of its own" in run.stderr


def test_other_settings_are_refused(bench, cut):
    cut()
    run = resume(bench, "--set", "sampling.regions=5")
    assert run.returncode == USAGE and "it had other overrides (--set)" in run.stderr


def test_other_cases_are_refused(bench, cut):
    cut(scenario={**cut()["scenario"], "only": "turbo-9"})
    run = resume(bench)
    assert run.returncode == USAGE and "it had --only 'turbo-9'; start a run of its own" in run.stderr, run.stderr
