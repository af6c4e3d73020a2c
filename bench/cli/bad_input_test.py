"""What a user may get wrong: one line that names the place and the mend, the exit code, nothing written."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import REPO

USAGE, UNAVAILABLE = 2, 6


def test_gpu_profile_without_a_gpu(bench):
    result = bench("run", bench.scenario, "--profile", "gate")
    assert (result.returncode, result.stdout) == (UNAVAILABLE, "")
    assert re.fullmatch(r"bench: (this build has no CUDA: build the preset cuda|no usable GPU ).*profile.*cpu.*\n", result.stderr)
    assert not list(bench.cwd.rglob("*.json"))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.name=z_imag", "model.name: unknown model 'z_imag'; did you mean 'z_image'?"),
        ("engines=[grap]", "engines: unknown engine 'grap'; did you mean 'graph'?"),
        ("paths.rms_norm=[atem]", "paths.rms_norm: unknown path of rms_norm: 'atem'; did you mean 'aten'?"),
        ("loops.turbo-9.stepz=4", "loops.turbo-9.stepz: unknown key 'stepz' in loops.turbo-9; did you mean 'steps'?"),
        ("loops.turbo-9.steps=0", "loops.turbo-9.steps: loops.turbo-9.steps must be 1 to 1000; got '0'"),
        ("loops.turbo-9.steps=1000000", "loops.turbo-9.steps: loops.turbo-9.steps must be 1 to 1000; got '1000000'"),
        ("loops.turbo-9.steps=four", "loops.turbo-9.steps: loops.turbo-9.steps must be an integer, such as 9; got 'four'"),
        ("loops.turbo-9.steps", "loops.turbo-9.steps: no value; write KEY=VALUE, such as loops.turbo-9.steps=4"),
    ],
)  # fmt: skip
def test_set(bench, setting, message):
    bench.refuses(USAGE, f"--set {message}", "run", bench.scenario, "--set", setting)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("z_image\n", "z_imag\n", "unknown model 'z_imag'; did you mean 'z_image'?"),
        ("graph, eager]", "grap, eager]", "unknown engine 'grap'; did you mean 'graph'?"),
        ("aten, decomposed]\n\nloops", "atem, decomposed]\n\nloops", "unknown path of rms_norm: 'atem'; did you mean 'aten'?"),
        ("shift: 3.0}    # Z", "shfit: 3.0}    # Z", "unknown key 'shfit' in loops.turbo-9; did you mean 'shift'?"),
        ("9, shift", "0, shift", "loops.turbo-9.steps must be 1 to 1000; got '0'"),
        ("9, shift", "1000000, shift", "loops.turbo-9.steps must be 1 to 1000; got '1000000'"),
    ],
)  # fmt: skip
def test_scenario(bench, right, wrong, message):
    text = bench.scenario.read_text()
    assert right in text
    before = text[: text.index(right)]
    (bench.cwd / "my scenario.yaml").write_text(text.replace(right, wrong, 1))
    result = bench("run", "my scenario.yaml", "--profile", "cpu")
    place = f"my scenario.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    said = result.stderr.splitlines()
    assert said[0] == f"bench: {place}: {message}"
    assert all(re.match(r"my scenario\.yaml:\d+:\d+: ", line) for line in said[1:])  # what follows from the first
    assert (result.returncode, result.stdout) == (USAGE, "")


def test_all_faults_at_once(bench):
    text = bench.scenario.read_text().replace("steps: 9", "steps: 0").replace("steps: 50, shift", "steps: 0, shift")
    (bench.cwd / "two.yaml").write_text(text)
    result = bench("run", "two.yaml")
    assert result.returncode == USAGE
    assert [re.sub(r":\d+:\d+:", ":", line) for line in result.stderr.splitlines()] == [
        "bench: two.yaml: loops.turbo-9.steps must be 1 to 1000; got '0'",
        "two.yaml: loops.turbo-50.steps must be 1 to 1000; got '0'",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"scenario: [a\n", "2:1: not YAML: end of sequence flow not found"),
        (b"\x7fELF\x02\x01\x01\x00", "1:"),
        (b"", "1:1: the file is empty; a scenario needs at least 'scenario' and 'profiles'"),
    ],
)
def test_no_yaml(bench, content, message):
    (bench.cwd / "a.yaml").write_bytes(content)
    result = bench("run", "a.yaml")
    assert result.stderr.startswith(f"bench: a.yaml:{message}")
    assert result.stderr[:-1].isprintable() and result.stderr.endswith("\n")  # one line, no control characters
    assert (result.returncode, result.stdout) == (USAGE, "")


def test_no_scenario_there(bench):
    bench.refuses(USAGE, "cannot read 'a.yaml': No such file or directory; check the path", "run", "a.yaml")
    bench.refuses(USAGE, "cannot read '.': Is a directory; name a file in it", "run", ".")


def test_output_that_cannot_be_written(bench):
    (bench.cwd / "results").touch()  # in the place of the default folder
    mend = "or name another place"
    for out, message in {
        "results/a.json": f"Not a directory; check the folder '{bench.cwd}/results' {mend}",
        "/proc/a.json": f"No such file or directory; check the folder '/proc' {mend}",
        "a/": f"Is a directory; check the folder '{bench.cwd}/a' {mend}",
    }.items():
        bench.refuses(USAGE, f"cannot write '{out}': {message}", "run", bench.scenario, *bench.quick, "--out", out)
    for out in ("/dev/full", "."):
        message = f"cannot write '{out}': it is no regular file; name another"
        bench.refuses(USAGE, message, "run", bench.scenario, *bench.quick, "--out", out)
    result = bench("run", bench.scenario, *bench.quick)
    assert re.fullmatch(r"bench: cannot write 'results/zimage-cpu-\w+\.json': Not a directory; .*\n", result.stderr)


def test_full_disk(bench):
    """A file system of one page holds a file, but not a result."""
    (bench.cwd / "disk").mkdir()
    with_disk = 'mount -t tmpfs -o size=4k tmpfs disk || exit 99; "$@"; code=$?; ls -A disk; exit $code'
    command = ["unshare", "-m", "sh", "-c", with_disk, "sh", bench.program, "run", bench.scenario, *bench.quick, "--quiet",
               "--only", bench.kernel, "--out", "disk/a.json"]  # fmt: skip
    if not shutil.which("unshare"):
        pytest.skip("no unshare here")
    result = subprocess.run(command, cwd=bench.cwd, env=bench.env, capture_output=True, text=True, timeout=60)
    if result.returncode in (1, 99) and ("mount" in result.stderr or "unshare" in result.stderr):
        pytest.skip("may not mount here")
    message = "No space left on device; free some space or name another place"
    assert result.stderr == f"bench: cannot write '{bench.cwd}/disk/a.json': {message}\n"
    assert (result.returncode, result.stdout) == (UNAVAILABLE, "")  # no half of a file either


@pytest.mark.parametrize("arguments", [("list", "paths"), ("list", "cases", *["scenarios/zimage.yaml"] * 2), ("doctor",)])
def test_full_standard_output(bench, arguments):
    """Of all that stdio buffers, and of more than that."""
    with open("/dev/full", "w") as full:
        result = subprocess.run([bench.program, *arguments], cwd=bench.scenario.parents[1], env=bench.env, stdout=full,
                                stderr=subprocess.PIPE, text=True)  # fmt: skip
    mend = "send it to another place, results are in their files"
    assert result.stderr == f"bench: cannot write the output: No space left on device; {mend}\n"
    assert result.returncode == UNAVAILABLE


def test_run_options(bench):
    file = bench.scenario
    for arguments, message in {
        (file, "--profile", "cpu", "--only", "zzz"): "--only 'zzz': matches none of the 31 cases of zimage, profile cpu; "
        f"`bench list cases {file}` shows them",
        (file, "--only", "("): "--only '(': no regular expression (Mismatched '(' and ')' in regular expression)",
        (file, file, "--out", "a.json"): "--out takes one file, and there are several scenarios: run them one by one, or "
        "leave it out (each gets a file in results/)",
        (file, "--profile", "cpi"): f"{file}: no profile 'cpi'; did you mean 'cpu'?",
        (file, "--set"): "--set: 1 required TEXT missing; see `bench run --help`",
        (file, "--resolution", "fine"): "--resolution 'fine': no share; write one such as 0.05 %",
        (file, "--resolution", "0"): "--resolution '0': no share; write one such as 0.05 %",
        (file, "--fast"): "The following argument was not expected: --fast; see `bench run --help`",
        (): "SCENARIO is required; see `bench run --help`",
    }.items():
        bench.refuses(USAGE, message, "run", *arguments)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: r["cases"].append(r["cases"][0]), "/cases/1/id: {id} is there twice: leave one of them"),
        (lambda r: r["cases"][0]["replicates"][0]["samples"]["t_s"].__setitem__(1, 1e300),
         "/cases/0/replicates/0/samples/t_s/1: must be 1e-9 (1 ns) to 86400 (1 day) seconds, not 1e+300"),
        (lambda r: r["origins"].append(r["origins"][0] | {"machine": {"gpu": {"name": "NVIDIA H100"}}}),
         "/origins/{origins}/machine/gpu/name: is NVIDIA H100 in a file of NVIDIA H200: keep results of two GPU models in two files"),
    ],
)  # fmt: skip
def test_results_that_cannot_be_compared(bench, spoil, message):
    result = json.loads((REPO / "baselines/h200/qwen_image.json").read_text())
    result["cases"] = result["cases"][:1]
    names = {"id": result["cases"][0]["id"], "origins": len(result["origins"])}
    spoil(result)
    (bench.cwd / "r.json").write_text(json.dumps(result))
    bench.refuses(USAGE, f"r.json: {message.format(**names)}", "compare", REPO / "baselines/h200", "r.json")


def test_verbs(bench):
    for arguments, message in {
        (): "A subcommand is required; see `bench --help`",
        ("rum",): "unknown verb 'rum'; did you mean 'run'?; see `bench --help`",
        ("frobnicate",): "unknown verb 'frobnicate'; known: ab, baseline, compare, doctor, explain, list, profile, report, run, selftest; see `bench --help`",
        ("list", "nothing"): "WHAT: nothing not in {cases,jobs,models,paths,engines}; see `bench list --help`",
        ("list", "paths", "a.yaml"): "`bench list paths` lists the same for every scenario and profile: leave them out",
        ("list", "cases", bench.scenario, "--profile", "ful"): "--profile 'ful': no scenario has it; did you mean 'full'?",
        ("list", "cases"): "no scenario in ./scenarios: name one, `bench list cases scenarios/zimage.yaml`",
        ("doctor", "--", "x"): "only `bench run` takes flags after `--`",
    }.items():
        bench.refuses(USAGE, message, *arguments)


def test_flags_of_google_benchmark(bench):
    (bench.cwd / "file").touch()
    for flag, message in {
        "--benchmark_filtre=a": "--benchmark_filtre: no flag that `--` passes on to Google Benchmark; did you mean "
        "'--benchmark_filter'?",
        "--benchmark_repetitions=x": "--benchmark_repetitions: its value must be an integer above 0; got 'x'",
        "--benchmark_out": "--benchmark_out: its value must be given; got ''",
        "--benchmark_out_format=xml": "--benchmark_out_format: its value must be json, console or csv; got 'xml'",
        "--benchmark_out=file/a.json": f"cannot write 'file/a.json': Not a directory; check the folder '{bench.cwd}/file' "
        "or name another place",
        "--benchmark_filter=(": "--benchmark_filter '(': no regular expression (Mismatched '(' and ')' in regular expression)",
        "--benchmark_filter=zzz": "--benchmark_filter 'zzz': matches none of the 2 kernel cases, which Google Benchmark knows "
        "by names such as 'zimage/rms_norm/32x256.bf16/aten/iterations:3/manual_time'",
    }.items():
        bench.refuses(USAGE, message, "run", bench.scenario, *bench.quick, "--only", bench.kernel, "--", flag)
    message = "--benchmark_repetitions=2: no kernel case is chosen for Google Benchmark to drive; leave out `--` or choose others"
    flag = "--benchmark_repetitions=2"
    bench.refuses(USAGE, f"{message} with --only", "run", bench.scenario, *bench.quick, "--only", "loop", "--", flag)
