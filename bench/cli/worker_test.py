"""The engine worker: another process's loop beside ours, and everything that can go wrong with another process."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
USAGE, INVALID, UNAVAILABLE, INTERRUPTED = 2, 4, 6, 130

SCENARIO = """
scenario: mine
workers: {{mine: {{command: {command}, patience: 60 s}}}}
loops: {{a: {{steps: 3, engines: [worker]}}}}
sampling: {{replicates: 1, loops: 2, loop_time: 0 s, warmup: 0 s}}
profiles: {{cpu: {{device: cpu}}}}
"""

FAULTY = """
import os, sys, time
import bench_worker

class Loop(bench_worker.Loop):
    def step(self, index):
        if index == 2:
            {what}

bench_worker.serve(Loop)
"""


@pytest.fixture
def mine(bench):
    """A scenario of the user's own with one worker; bench finds python3 where this test runs."""
    bench.env |= {"BENCH_PYTHON": sys.executable}

    def write(program=None, command="[python3, w.py]"):
        if program:
            (bench.cwd / "w.py").write_text(program)
        (bench.cwd / "mine.yaml").write_text(SCENARIO.format(command=command))
        return "mine.yaml"

    return write


def cases(file, kind="loop"):
    return {case["id"]: case for case in json.loads(file.read_text())["cases"] if case["kind"] == kind}


def short(profile):
    settings = ("replicates=1", "loops=1", "loop_time=0 s", "warmup=0 s")
    return [word for setting in settings for word in ("--set", f"profiles.{profile}.sampling.{setting}")]


def run_peers(bench, scenario, *arguments):
    """In fp32, in which two implementations of one function differ by rounding only."""
    bench.env |= {"BENCH_PYTHON": sys.executable}
    done = bench("run", REPO / "scenarios" / scenario, "--profile", "peers-cpu", *short("peers-cpu"), "--set", "model.dtype=fp32",
                 *arguments, "--out", "r.json")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, cases(bench.cwd / "r.json")


@pytest.mark.parametrize(
    ("scenario", "workers", "more"),
    [
        ("zimage.yaml", {"zimage/loop/turbo-9/worker/diffusers": 1, "zimage/loop/base-50/worker/diffusers": 2}, ()),
        ("zimage.yaml", {"zimage/loop/turbo-9/worker/diffusers": 1}, ("--set", "model.batch=2", "--only", "turbo")),
        ("flux1.yaml", {"flux1/loop/dev-50/worker/diffusers": 1}, ()),
        ("flux2.yaml", {"flux2/loop/dev-50/worker/diffusers": 1, "flux2/loop/klein-4b-4/worker/diffusers": 1}, ()),
        ("qwen_image.yaml", {"qwen_image/loop/image-50/worker/diffusers": 2}, ()),
        ("qwen_image_edit.yaml", {"qwen_image_edit/loop/edit-50/worker/diffusers": 2}, ("--set", "model.batch=2")),
    ],
    ids=["zimage", "zimage-batch", "flux1", "flux2", "qwen_image", "qwen_image_edit-batch"],
)
def test_diffusers_computes_what_our_paths_compute(bench, scenario, workers, more):
    table, found = run_peers(bench, scenario, *more)
    theirs = {id: case for id, case in found.items() if "/worker/" in id}
    assert theirs.keys() == workers.keys()
    for id, case in theirs.items():
        assert f"\n{id} " in table
        assert case["status"] == "ok" and "not compared" not in case["message"]
        assert case["check"]["step_error"] < 1e-4 and case["check"]["finite"] and case["check"]["rms"] > 0
        assert case["parameters"]["forwards_per_step"] == str(workers[id])
        assert case["parameters"]["worker.diffusers"] and case["parameters"]["worker.torch"].startswith("2.")
        assert case["parameters"]["worker.command"] == "python3 bench/workers/diffusers_worker.py"
        assert case["phases_s"]["load"] > 0 and len(case["replicates"][0]["samples"]["t_s"]) == 4
    for id, case in found.items():
        if "/eager/" in id:  # the same loop of ours: latents and operations
            other = theirs[id.replace("eager/aten", "worker/diffusers")]
            assert other["flop"] == case["flop"] > 0
            assert max(case["check"]["psnr_db"] or 0, other["check"]["psnr_db"] or 0) > 60


def test_the_same_published_weights(bench, tmp_path):
    from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
    from safetensors.torch import save_file

    import torch

    torch.manual_seed(5)
    network = Flux2Transformer2DModel(num_layers=1, num_single_layers=1, attention_head_dim=128, num_attention_heads=2,
                                      joint_attention_dim=256, guidance_embeds=False)  # fmt: skip
    names = sorted(network.state_dict())
    folder = tmp_path / "published"
    folder.mkdir()
    shards = {"a-1.safetensors": names[::2], "a-2.safetensors": names[1::2]}
    for file, part in shards.items():
        save_file({name: network.state_dict()[name].contiguous() for name in part}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, part in shards.items() for name in part}}
    (folder / "a.safetensors.index.json").write_text(json.dumps(index))
    numbers = "{layers: 1, single_layers: 1, heads: 2, caption_width: 256, guidance_embeds: 0}"
    _, found = run_peers(bench, "flux2.yaml", "--only", "klein-4b-4/worker", "--set", f"model.weights={folder}",
                         "--set", f"profiles.peers-cpu.model.architecture={numbers}")  # fmt: skip
    (case,) = found.values()
    assert case["check"]["step_error"] < 1e-4 and case["parameters"]["weights"] == str(folder)


def test_weights_of_other_kinds(bench, tmp_path):
    """shaped_weights.py writes them and every engine reads them; what it calls random is what bench draws."""

    def measure(weights):
        done = bench("run", bench.scenario, *bench.quick, "--only", "turbo-9/eager/aten$", "--set", f"model.weights={weights}",
                     "--out", "r.json")  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        (case,) = cases(bench.cwd / "r.json").values()
        assert case["check"]["finite"]
        return case["check"]["checksum"]

    jobs = bench("list", "jobs", bench.scenario, "--profile", "cpu").stdout
    (bench.cwd / "jobs").write_text(jobs)
    latents = {"drawn": measure("random")}
    for kind in ("random", "zeros", "power-law"):
        file = tmp_path / f"{kind}.safetensors"
        script = REPO / "bench" / "workers" / "shaped_weights.py"
        subprocess.run([sys.executable, script, "jobs", kind, file], cwd=bench.cwd, check=True)
        latents[kind] = measure(file)
    assert latents["random"] == latents["drawn"] and len(set(latents.values())) == 3


def test_other_weights_are_found_out(bench):
    """The check must be able to fail."""
    bench.env |= {"BENCH_PYTHON": sys.executable}
    (bench.cwd / "w.py").write_text(
        "import bench_worker, denoise, diffusers_worker\n"
        "class Loop(diffusers_worker.DiffusersLoop):\n"
        "    def make_network(self, job):\n"
        "        job.model['seed'] += 1\n"
        "        super().make_network(job)\n"
        "bench_worker.serve(Loop)\n"
    )
    worker = f"workers.diffusers.command=[python3, {bench.cwd / 'w.py'}]"
    done = bench("run", bench.scenario, "--profile", "peers-cpu", *short("peers-cpu"), "--only", "turbo-9/worker", "--set", worker,
                 "--out", "r.json")  # fmt: skip
    assert done.returncode == INVALID and "off that of path aten" in done.stdout


def test_a_loop_of_the_users_own(bench, mine):
    """Neither a model nor a path in the scenario; two results compare; their latents are kept."""
    shutil.copy(REPO / "bench" / "workers" / "example_worker.py", bench.cwd / "w.py")
    for name in ("a.json", "b.json"):
        done = bench("run", mine(), "--profile", "cpu", "--out", name, "--save-latents", "latents")
        assert done.returncode == 0, done.stdout + done.stderr
    (case,) = cases(bench.cwd / "a.json").values()
    assert case["id"] == "mine/loop/a/worker/mine" and case["status"] == "ok"
    assert case["message"].startswith("output not compared: the worker says that it has weights of its own")
    assert case["check"]["step_error"] is None and case["flop"] == 0 and "model" not in case["parameters"]
    assert len(case["replicates"][0]["samples"]["t_s"]) == 6
    assert case["parameters"]["worker.script"].endswith(" w.py")  # the file; where it lies is no fact of the work
    (other,) = cases(bench.cwd / "b.json").values()
    assert other["hash"] == case["hash"] and other["check"]["checksum"] == case["check"]["checksum"]
    assert (bench.cwd / "latents" / "mine_loop_a_worker_mine.npy").exists()
    compared = bench("compare", "a.json", "b.json")
    assert "mine/loop/a/worker/mine " in compared.stdout, compared.stderr
    dry = bench("run", mine(), "--profile", "cpu", "--dry-run")
    assert f"\nworker mine: {sys.executable} {bench.cwd / 'w.py'}\n" in dry.stdout and dry.returncode == 0


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        ("raise ValueError('not today')", INVALID, "worker mine: ValueError: not today (w.py:8)"),
        ("print('so it ends', file=sys.stderr); os._exit(7)", INVALID, "worker mine: ended with exit code 7: so it ends"),
        ("os.kill(os.getpid(), 11)", INVALID, "worker mine: died of signal 11 (Segmentation fault)"),
        ("time.sleep(1000)", INVALID, "worker mine: hung: no word from it for 2 s"),
        ("raise bench_worker.Unavailable('too small')", UNAVAILABLE, "worker mine: too small"),
        ("import no_such_module", UNAVAILABLE, f"worker mine: No module named 'no_such_module'; it runs in {sys.executable}"),
    ],
    ids=["raises", "exits", "dies", "hangs", "unavailable", "lacks a module"],
)  # fmt: skip
def test_a_worker_that_fails(bench, mine, what, code, message):
    """One line says how, the run goes on and ends."""
    done = bench("run", mine(FAULTY.format(what=what)), "--profile", "cpu", "--set", "workers.mine.patience=2 s", "--out", "r.json")
    assert done.returncode == code, done.stdout + done.stderr
    (case,) = cases(bench.cwd / "r.json").values()
    assert (case["status"], case["message"]) == ("unavailable" if code == UNAVAILABLE else "invalid", message)
    assert message in done.stdout and len(cases(bench.cwd / "r.json", "anchor")) == 2


def test_a_program_that_is_no_worker(bench, mine):
    for command, code, message in [
        ("[echo, hello]", INVALID, "worker mine: writes what no worker writes where 'hello' was due: 'hello'"),
        ("[no-such-program]", UNAVAILABLE, "worker mine: cannot start 'no-such-program': No such file or directory"),
        ("[python3, -c, import no_such_module]", UNAVAILABLE, "worker mine: ended with exit code 1: ModuleNotFoundError: No module named"),
    ]:
        done = bench("run", mine(command=command), "--profile", "cpu", "--out", "r.json")
        assert done.returncode == code and message in done.stdout, done.stdout + done.stderr


def test_what_the_scenario_has_wrong(bench, mine):
    bench.env |= {"BENCH_ROOT": str(REPO)}
    scenario = mine()
    arguments = ("run", scenario, "--profile", "cpu")
    bench.refuses(USAGE, f"mine.yaml: workers.mine.command: no file 'w.py' in {bench.cwd} nor in {REPO}", *arguments)
    bench.refuses(USAGE, "--set profiles.cpu.workers: unknown worker 'mime'; did you mean 'mine'?",
                  *arguments, "--set", "profiles.cpu.workers=[mime]")  # fmt: skip
    bench.refuses(USAGE, "mine.yaml: profile 'cpu' leaves no case; widen its 'loops', 'engines', 'paths', 'workers' or 'kernels'",
                  *arguments, "--set", "profiles.cpu.workers=[]")  # fmt: skip


def test_a_known_change_goes_into_our_loops_only(bench, mine):
    shutil.copy(REPO / "bench" / "workers" / "example_worker.py", bench.cwd / "w.py")
    done = bench("ab", "--scenario", mine(), "--profile", "cpu", "--pairs", "1", "--inject-b", "spin=1%")
    assert "a worker's loop takes no known change" in done.stdout + done.stderr


def test_its_kernels_on_a_cpu(bench, mine):
    shutil.copy(REPO / "bench" / "workers" / "example_worker.py", bench.cwd / "w.py")
    done = bench("profile", mine(), "--profile", "cpu")
    assert done.returncode == 0 and "no kernel tables: no kernels on a CPU" in done.stdout, done.stderr


def test_a_signal_ends_it_and_its_worker(bench, mine, until):
    """While the worker loads, which may take minutes."""
    program = (
        "import os, pathlib, time, bench_worker\n"
        "class Loop(bench_worker.Loop):\n"
        "    def __init__(self, job):\n"
        "        pathlib.Path('pid').write_text(str(os.getpid()) + '\\n')\n"
        "        time.sleep(1000)\n"
        "bench_worker.serve(Loop)\n"
    )
    process = bench.start("run", mine(program), "--profile", "cpu", "--out", "r.json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pid = until(lambda: (file := bench.cwd / "pid").exists() and file.read_text().endswith("\n") and int(file.read_text()), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == INTERRUPTED
    assert not is_running(pid)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_engines_are_listed(bench):
    assert "\nworker  another process, such as diffusers" in bench("list", "engines").stdout
