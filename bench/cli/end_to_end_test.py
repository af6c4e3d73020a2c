"""bench from its arguments to its files, on the CPU.

Run by CTest with the other *_test.py of this folder; by hand: pytest bench/cli --bench build/cpu/bin/bench
"""

import json
import math
import os
import re
import shutil
import statistics
import time

import numpy as np
import pytest

LOOPS_AND_KERNELS = r"turbo-9|rms_norm/(32x256|128x128)\.bf16"
COLUMNS = ["start_s", "t_s", "f_hz", "loop", "step"]


def table_row(text, case_id):
    return next(line.split() for line in text.splitlines() if line.startswith(f"{case_id} "))


def by_id(result, key):
    return {case["id"]: case[key] for case in measured(result)}


def measured(result):
    """Its cases without the anchors that every replicate times beside them."""
    anchors = [case for case in result["cases"] if case["kind"] == "anchor"]
    loops = any(case["kind"] == "loop" for case in result["cases"])
    assert [case["id"] for case in anchors] == ["zimage/anchor/copy", *(["zimage/anchor/mix"] if loops else [])]
    return [case for case in result["cases"] if case["kind"] != "anchor"]


def test_result(bench):
    """From a path with spaces, started in another folder; and again: other times, the same outputs."""
    (bench.cwd / "my scenarios").mkdir()
    shutil.copy(bench.scenario, bench.cwd / "my scenarios" / "z image.yaml")
    arguments = (*bench.quick, "--only", LOOPS_AND_KERNELS)
    run = bench("run", "my scenarios/z image.yaml", *arguments, "--out", "my results/a.json")
    assert run.returncode == 0, run.stderr
    text = (bench.cwd / "my results" / "a.json").read_text()
    result = json.loads(text)

    assert result["schema_version"] == 1
    assert result["scenario"]["profile"] == result["scenario"]["device"] == "cpu"
    assert result["scenario"]["file"] == "my scenarios/z image.yaml"
    assert result["scenario"]["text"] == bench.scenario.read_text()
    assert not result["interrupted"] and result["finished"] >= result["started"]
    assert by_id(result, "kind") == {
        "zimage/loop/turbo-9/eager/aten": "loop", "zimage/loop/turbo-9/eager/decomposed": "loop",
        "zimage/rms_norm/32x256.bf16/aten": "kernel", "zimage/rms_norm/32x256.bf16/decomposed": "kernel",
        "zimage/rms_norm/128x128.bf16/aten": "kernel", "zimage/rms_norm/128x128.bf16/decomposed": "kernel",
    }  # fmt: skip
    for case in measured(result):
        assert case["status"] == "ok" and case["check"]["finite"] and case["check"]["rms"] > 0
        assert re.fullmatch("[0-9a-f]{16}", case["check"]["checksum"]) and re.fullmatch("[0-9a-f]{16}", case["hash"])
        (replicate,) = case["replicates"]
        samples = replicate["samples"]
        assert list(samples) == COLUMNS
        assert {len(column) for column in samples.values()} == {4 if case["kind"] == "loop" else 3}
        assert min(samples["t_s"]) > 0 and sorted(samples["start_s"]) == samples["start_s"]
        assert case["id"] in run.stdout and f"] {case['id']}: " in run.stderr
    assert run.stdout.splitlines()[-1] == "result: my results/a.json"
    assert "\x1b" not in run.stdout + run.stderr  # no terminal, no escape codes

    assert bench("run", bench.scenario, *arguments, "--out", "b.json").returncode == 0
    again = json.loads((bench.cwd / "b.json").read_text())
    assert by_id(again, "check") == by_id(result, "check")
    assert by_id(again, "hash") == by_id(result, "hash")
    assert by_id(again, "replicates") != by_id(result, "replicates")


def test_default_profile_and_file(bench):
    run = bench("run", bench.scenario, *bench.quick[2:], "--only", bench.kernel + "/aten")
    assert run.returncode == 0, run.stderr
    (file,) = (path for path in bench.cwd.rglob("*") if path.is_file())
    assert re.fullmatch(r"results/zimage-cpu-\d{8}T\d{6}Z\.json", str(file.relative_to(bench.cwd)))
    assert by_id(json.loads(file.read_text()), "status") == {"zimage/rms_norm/32x256.bf16/aten": "ok"}


def test_resolution_measures_until_intervals_are_narrow(bench):
    """Against a result of this CPU: a width that the first look meets, and one that is not met within the budget."""
    arguments = ("run", bench.scenario, *bench.quick, "--set", "profiles.cpu.sampling.replicates=3", "--only", bench.kernel + "/aten")
    assert bench(*arguments, "--out", "base.json", "--replicates", "3", "--baseline", "none").returncode == 0
    for resolution, least in (("99%", 3), ("0.0001%", 4)):
        run = bench(*arguments, "--out", "a.json", "--baseline", "base.json", "--resolution", resolution, "--budget", "20",
                    "--fail-on", "invalid")  # fmt: skip
        assert run.returncode == 0, run.stderr
        (case,) = measured(json.loads((bench.cwd / "a.json").read_text()))
        assert len(case["replicates"]) >= least


def test_kernels_alone_load_no_model(bench):
    """Weights that are not there would stop whatever builds the model."""
    nowhere = ("--set", "model.weights=no/such/folder", "--baseline", "none", "--out", "a.json")
    run = bench("run", bench.scenario, *bench.quick, "--only", bench.kernel, *nowhere)
    assert run.returncode == 0, run.stderr
    result = json.loads((bench.cwd / "a.json").read_text())
    assert measured(result) and not {"weights", "reference"} & result["phases_s"].keys()
    loops = bench("run", bench.scenario, *bench.quick, "--only", "turbo-9/eager/aten", *nowhere)
    assert loops.returncode != 0 and "no/such/folder" in loops.stdout + loops.stderr


def test_two_scenarios_get_a_file_each(bench):
    other = bench.cwd / "other.yaml"
    other.write_text(bench.scenario.read_text().replace("scenario: zimage", "scenario: other"))
    run = bench("run", bench.scenario, other, *bench.quick, "--only", bench.kernel + "/aten")
    assert run.returncode == 0, run.stderr
    names = sorted(path.name.split("-")[0] for path in (bench.cwd / "results").iterdir())
    assert names == ["other", "zimage"] and run.stdout.count("result: results/") == 2


@pytest.mark.parametrize(
    "name,loop,forwards",
    [("qwen_image", "image-50", "2"), ("qwen_image_edit", "edit-50", "2"), ("flux1", "dev-50", "1"), ("flux2", "dev-50", "1"),
     ("flux2", "klein-4b-4", "1")],
)  # fmt: skip
def test_the_other_models(bench, name, loop, forwards):
    scenario = bench.scenario.with_name(f"{name}.yaml")
    run = bench("run", scenario, *bench.quick, "--only", f"loop/{loop}/", "--out", "a.json", "--save-latents", "latents")
    assert run.returncode == 0, run.stderr
    cases = [case for case in json.loads((bench.cwd / "a.json").read_text())["cases"] if case["kind"] == "loop"]
    assert sorted(case["id"] for case in cases) == [f"{name}/loop/{loop}/eager/{path}" for path in ("aten", "decomposed")]
    for case in cases:
        assert (case["status"], case["parameters"]["forwards_per_step"]) == ("ok", forwards)
        assert case["check"]["step_error"] < (1e-9 if case["parameters"]["rms_norm"] == "aten" else 0.15)
    # One of the two came first, and the other was compared with it.
    (psnr,) = (case["check"]["psnr_db"] for case in cases if case["check"]["psnr_db"] is not None)
    assert 30 < psnr < 200
    latents = [np.load(path) for path in sorted((bench.cwd / "latents").iterdir())]
    assert len(latents) == 2 and latents[0].shape == latents[1].shape
    assert np.abs(latents[0] - latents[1]).max() < 0.2


@pytest.mark.parametrize("name", ["zimage", "qwen_image", "qwen_image_edit", "flux1", "flux2", "rms_norm"])
def test_a_scenario_s_cpu_profile_takes_seconds(bench, name):
    promised_s = 30
    busy = 2  # zimage, the longest, takes 12 s, and 25 s on two cores that compile beside it
    started, before = time.monotonic(), os.times()
    run = bench("run", bench.scenario.with_name(f"{name}.yaml"), "--profile", "cpu", "--baseline", "none", "--out", "a.json")
    assert run.returncode == 0, run.stderr
    assert all(case["status"] == "ok" for case in json.loads((bench.cwd / "a.json").read_text())["cases"])
    assert time.monotonic() - started < promised_s * busy
    after = os.times()  # of processes that have ended; of a processor, which others lengthen little
    assert after.children_user + after.children_system - before.children_user - before.children_system < promised_s


@pytest.mark.parametrize(
    "name, loops",
    [
        ("zimage", {"turbo-9": 6.155, "turbo-50": 6.155, "base-50": 6.155}),
        ("qwen_image", {"image-50": 20.430}),
        ("qwen_image_edit", {"edit-50": 20.430}),
        ("flux1", {"dev-50": 11.901}),
        ("flux2", {"dev-50": 32.223, "klein-4b-4": 3.876, "klein-9b-4": 9.079}),
    ],
)  # fmt: skip
def test_a_scenario_s_networks_are_the_published_ones_and_fit_the_memory_foretold(bench, name, loops):
    """loops: billions of parameters. The memory is held against what an H200 took, of the baselines."""
    run = bench("run", bench.scenario.with_name(f"{name}.yaml"), "--profile", "gate", "--dry-run")
    assert run.returncode == 0, run.stderr
    baseline = json.loads((bench.scenario.parents[1] / f"baselines/h200/{name}.json").read_text())
    taken = {case["id"]: case["peak_memory_bytes"] / 2**30 for case in baseline["cases"]}
    billions, gib, found = "", 0.0, {}
    for line in run.stdout.splitlines():
        if model := re.fullmatch(r"model \w+: (\S+) B parameters, (\S+) GiB of device memory", line):
            billions, gib = model[1], float(model[2])
        elif loop := re.fullmatch(rf"  \w+  ({name}/loop/(\S+)/graph/fused)", line):
            found[loop[2]] = float(billions)
            assert 0 < gib - taken[loop[1]] < 3, (loop[1], gib, taken[loop[1]])
    assert found == loops


@pytest.mark.parametrize(
    "name, loops, picture",
    [
        ("zimage", {"turbo-9": [32], "turbo-50": [32], "base-50": [32, 32]}, []),
        ("qwen_image", {"image-50": [26, 6]}, []),
        ("qwen_image_edit", {"edit-50": [212, 209]}, [4096, 64]),
        ("flux1", {"dev-50": [512]}, []),
        ("flux2", {"dev-50": [512], "klein-4b-4": [512], "klein-9b-4": [512]}, []),
    ],
)  # fmt: skip
def test_a_scenario_s_captions_are_as_long_as_published(bench, name, loops, picture):
    """loops: caption tokens of each forward of a step, the negative one's last; of qwen_image and qwen_image_edit those of the
    pull request's prompts. picture: tokens and channels of that to edit."""
    run = bench("list", "jobs", bench.scenario.with_name(f"{name}.yaml"), "--profile", "gate")
    assert run.returncode == 0, run.stderr
    found = {}
    for job in map(json.loads, run.stdout.splitlines()):
        both = [job["model"]["text_tokens"], job["loop"]["negative_text_tokens"]]
        found[job["loop"]["name"]] = both[: job["forwards_per_step"]]
        assert job["inputs"]["picture"] == picture
    assert found == loops


@pytest.mark.parametrize("name", ["zimage", "qwen_image", "qwen_image_edit", "flux1", "flux2", "rms_norm"])
def test_the_baselines_cases_of_the_gate_profile_are_the_gate_profile_s(bench, name):
    """Else every gate finds cases missing."""
    listed = bench("list", "cases", bench.scenario.with_name(f"{name}.yaml"), "--profile", "gate")
    assert listed.returncode == 0, listed.stderr
    baseline = json.loads((bench.scenario.parents[1] / f"baselines/h200/{name}.json").read_text())
    origins = [origin["profile"] for origin in baseline["origins"]]
    of_gate = {
        case["id"]
        for case in baseline["cases"]
        for replicate in case["replicates"]
        if case["kind"] != "anchor"
        and (baseline["scenario"]["profile"] if replicate["origin"] is None else origins[replicate["origin"]]) == "gate"
    }
    assert of_gate == {line.split()[1] for line in listed.stdout.splitlines() if line.startswith("  ")}


def test_rms_norm_has_every_shape_of_the_models(bench):
    def shapes(name):
        run = bench("run", bench.scenario.with_name(f"{name}.yaml"), "--profile", "full", "--dry-run")
        assert run.returncode == 0, run.stderr
        return set(re.findall(rf"  {name}/rms_norm/([^/]+)/", run.stdout))

    known = shapes("rms_norm")
    for name in ("zimage", "qwen_image", "qwen_image_edit", "flux1", "flux2"):
        assert shapes(name) <= known, (name, shapes(name) - known)


def test_weights_of_a_folder_that_is_not_there(bench):
    run = bench("run", bench.scenario, *bench.quick, "--only", "turbo-9/eager/aten$", "--set", "model.weights=no/such/folder")
    assert run.returncode == 4 and "no/such/folder: cannot be read" in run.stdout


def test_set_changes_the_work(bench):
    arguments = ("run", bench.scenario, *bench.quick, "--only", "turbo-9/eager/aten", "--out", "a.json")
    assert bench(*arguments, "--set", "loops.turbo-9.steps=2", "--set", "loops.turbo-9.steps=3").returncode == 0
    result = json.loads((bench.cwd / "a.json").read_text())
    assert result["scenario"]["overrides"][-1] == "loops.turbo-9.steps=3"
    (case,) = measured(result)
    assert case["parameters"]["steps"] == "3" and case["replicates"][0]["samples"]["step"] == [0, 1, 2]


def test_dry_run_measures_and_writes_nothing(bench):
    run = bench("run", bench.scenario, *bench.quick, "--dry-run", "--only", LOOPS_AND_KERNELS, "--out", "new/a.json")
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert lines[0] == "zimage, profile cpu, on cpu: 6 cases"
    assert re.fullmatch(r"model z_image: 0\.\d+ B parameters, \d+\.\d GiB of device memory", lines[1])
    assert all(re.fullmatch(r"  [0-9a-f]{16}  zimage/(loop|rms_norm)/\S+", line) for line in lines[2:]) and len(lines) == 8
    assert list(bench.cwd.iterdir()) == []


def test_quiet(bench):
    run = bench("run", bench.scenario, *bench.quick, "--only", bench.kernel, "--quiet", "--out", "a.json")
    assert (run.returncode, run.stderr) == (0, "")
    assert table_row(run.stdout, "zimage/rms_norm/32x256.bf16/aten")


def test_google_benchmark(bench):
    only = ("--only", "rms_norm/(32x256|128x128).bf16", "--out", "a.json")
    flags = ("--", "--benchmark_filter=32x256", "--benchmark_out=new/b.json", "--benchmark_repetitions=2")
    run = bench("run", bench.scenario, *bench.quick, *only, *flags)
    assert run.returncode == 0, run.stderr
    cases = {case["id"]: case for case in measured(json.loads((bench.cwd / "a.json").read_text()))}
    assert sorted(cases) == ["zimage/rms_norm/32x256.bf16/aten", "zimage/rms_norm/32x256.bf16/decomposed"]
    theirs = json.loads((bench.cwd / "new" / "b.json").read_text())
    rows = [row for row in theirs["benchmarks"] if row["run_type"] == "iteration"]
    names = [row["name"].partition("/iterations")[0] for row in rows]  # in the order that the replicate drew
    assert sorted(names) == sorted([*cases, *cases])
    for row in rows:
        samples = cases[row["name"].partition("/iterations")[0]]["replicates"][0]["samples"]
        of_repetition = [t for t, loop in zip(samples["t_s"], samples["loop"]) if loop == row["repetition_index"]]
        assert row["time_unit"] == "us"
        assert row["real_time"] == pytest.approx(statistics.mean(of_repetition) * 1e6, rel=1e-6)
    for case_id, case in cases.items():  # and the table's is the median of the same samples, less what each place is worth
        samples = case["replicates"][0]["samples"]
        log_t = {place: [math.log(t) for t, loop in zip(samples["t_s"], samples["loop"]) if loop == place] for place in (0, 1)}
        mean = statistics.mean(statistics.mean(of_place) for of_place in log_t.values())
        level_s = statistics.median(math.exp(t - statistics.mean(of_place) + mean) for of_place in log_t.values() for t in of_place)
        microseconds = level_s * 1e6
        assert float(table_row(run.stdout, case_id)[1]) == pytest.approx(microseconds, rel=1e-3)


def test_list(bench):
    models = bench("list", "models")
    assert models.returncode == 0 and "z_image\n" in models.stdout and "6.155 B parameters" in models.stdout
    paths = [line.split()[:1] for line in bench("list", "paths").stdout.splitlines()]
    assert all([name] in paths for name in ("aten", "decomposed", "fused", "rms_norm", "swiglu"))
    engines = bench("list", "engines").stdout
    assert re.search(r"^eager  +\S", engines, re.M) and re.search(r"^graph  +\S.*\n( .*\n)* +cpu: never; \S", engines, re.M)
    assert len(re.findall(r"^ +cuda: not here; \S", engines, re.M)) >= 2
    cases = bench("list", "cases", bench.scenario, "--profile", "cpu")
    planned = bench("run", bench.scenario, "--profile", "cpu", "--dry-run")
    without_model = [line for line in planned.stdout.splitlines() if not line.startswith("model ")]
    assert cases.stdout.splitlines() == without_model and len(without_model) == 32
    jobs = [json.loads(line) for line in bench("list", "jobs", bench.scenario, "--profile", "full").stdout.splitlines()]
    assert [job["loop"]["name"] for job in jobs] == ["turbo-9", "turbo-50", "base-50"]
    assert len(jobs[0]["parameters"]) > 400 and jobs[0]["device"] == "cuda"
    (bench.cwd / "scenarios").mkdir()
    shutil.copy(bench.scenario, bench.cwd / "scenarios")  # where it looks by itself
    every = bench("list", "cases").stdout
    assert re.findall("^zimage, profile ([a-z-]+),", every, re.M) == ["gate", "full", "peers", "cpu", "peers-cpu"]


def test_doctor_without_a_gpu(bench):
    doctor = bench("doctor")
    assert (doctor.returncode, doctor.stderr) == (0, "")
    assert re.match("no (GPU|CUDA): .*cpu profile", doctor.stdout.splitlines()[-1])
    assert "torch" in doctor.stdout


def test_help_and_version(bench, exit_codes):
    assert re.fullmatch(r"bench \d+\.\d+\.\d+ \(\w+(, changed)?\)\n", bench("--version").stdout)
    verbs = re.findall(r"^  (\w+)  +\S", bench("--help").stdout.partition("Subcommands:")[2].partition("\n\n")[0], re.M)
    assert verbs == ["run", "ab", "list", "profile", "selftest", "compare", "explain", "baseline", "report", "doctor"]
    for verb in ([], *([verb] for verb in verbs)):
        shown = bench(*verb, "--help")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert re.search(rf"^Example:\n  bench {' '.join(verb)}", shown.stdout, re.M)
    lines = bench("--help").stdout.partition("Exit codes:\n")[2].partition("\n\n")[0].splitlines()
    shown = [re.fullmatch(r" +(\d+)  (\w+) +(.+)", line).groups() for line in lines]
    assert [(int(code), name, meaning) for code, name, meaning in shown] == exit_codes


def test_documented_exit_codes(request, exit_codes):
    """In the page beside this file, and in the project's README where it has the table."""
    ours = request.path.with_name("README.md")
    project = request.path.parents[2] / "README.md"
    row = re.compile(r"^\| (\d+) \| (\w+) \| (.+) \|$", re.M)
    tables = [row.findall(page.read_text()) for page in (ours, project) if page.exists()]
    assert tables[0]
    for table in filter(None, tables):
        assert [(int(code), name, meaning) for code, name, meaning in table] == exit_codes
