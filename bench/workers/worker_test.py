"""The Python side of a worker, spoken to as bench speaks to it.

Run by CTest; by hand: pytest bench/workers --stamps build/cpu/lib/libbench_stamps.so
"""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
JOB = {"device": "cpu", "loop": {"name": "a", "steps": 3, "guidance": 0.0}}

SMALL = """
import array, os, sys, time
import bench_worker

class Loop(bench_worker.Loop):
    def __init__(self, job):
        print("a library prints", flush=True)
        self.text = job.loop["name"]
    def begin(self):
        self.done = []
    def step(self, index):
        self.done.append(index)
        time.sleep(0.02 * (index + 1))
    def latents(self):
        return {latents}

bench_worker.serve(Loop, libraries=["pytest", "no-such-library"])
"""


class Conversation:
    """A worker's process, its lines and its end."""

    def __init__(self, stamps, program, *arguments):
        env = os.environ | {"BENCH_STAMPS": str(stamps), "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        self.process = subprocess.Popen([sys.executable, program, *arguments], env=env, text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def order(self, *lines):
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def answer(self):
        """The next line that is no phase."""
        while "phase" in (line := json.loads(self.process.stdout.readline())):
            pass
        return line

    def load(self, job=JOB):
        hello = self.answer()["hello"]
        self.order(f"job {json.dumps(job)}")
        return hello, self.answer()

    def end(self):
        """(exit code, standard error); what is left of standard output must be nothing."""
        out, errors = self.process.communicate(timeout=60)
        assert out == ""
        return self.process.returncode, errors


@pytest.fixture
def talk(request, tmp_path):
    talks = []

    def start(program, *arguments):
        if "\n" in str(program):
            file = tmp_path / f"worker{len(talks)}.py"
            file.write_text(program)
            program = file
        talks.append(Conversation(request.config.getoption("--stamps"), program, *arguments))
        return talks[-1]

    yield start
    for one in talks:
        one.process.kill()
        one.process.wait()


def small(latents="None"):
    return SMALL.replace("{latents}", latents)


def test_a_loop(talk):
    worker = talk(small())
    hello, ready = worker.load()
    assert hello["protocol"] == 1 and hello["agrees"] is False
    assert hello["versions"]["pytest"] == pytest.__version__ and "no-such-library" not in hello["versions"]
    assert ready == {"ready": {"steps": 3, "device_uuid": "", "flop_per_step": None}}
    for _ in range(2):
        worker.order("begin", "mark", "step 0", "mark", "step 1", "mark", "step 2", "mark", "take")
        answer = worker.answer()
        spans = answer["spans"]
        assert len(spans) == 3 and answer["enqueue_s"] is None  # on a CPU nothing waits for the host
        for step, (start, seconds, hz, slowest_hz, valid) in enumerate(spans):
            assert 0.02 * (step + 1) <= seconds < 0.02 * (step + 1) + 0.5
            assert (hz, slowest_hz, valid) == (None, None, 1) and start >= 0
    worker.order("take")
    assert worker.answer() == {"spans": [], "enqueue_s": None}
    code, errors = worker.end()
    assert code == 0 and "a library prints" in errors


def test_marks_are_no_answers(talk):
    """Orders are not waited for: all of a loop can be written before its first step has run."""
    worker = talk(small())
    worker.load()
    began = time.monotonic()
    worker.order("begin", "mark", *(word for i in range(3) for word in (f"step {i}", "mark")))
    assert time.monotonic() - began < 0.1
    worker.order("take")
    assert len(worker.answer()["spans"]) == 3


@pytest.mark.parametrize(
    ("latents", "shape", "values"),
    [
        ("__import__('torch').tensor([[1.0, 2.0], [3.0, 4.0]]).t().to(__import__('torch').bfloat16)", [2, 2], (1, 3, 2, 4)),
        ("__import__('numpy').array([1, 2], dtype='float64')", [2], (1, 2)),
    ],
    ids=["torch", "numpy"],
)
def test_latents(talk, tmp_path, latents, shape, values):
    worker = talk("import torch\n" + small(latents))
    worker.load()
    worker.order(f"latents {tmp_path / 'x y'}")
    assert worker.answer() == {"latents": {"shape": shape, "peak_memory_bytes": 0}}
    assert struct.unpack(f"{len(values)}f", (tmp_path / "x y").read_bytes()) == values


def test_without_latents(talk, tmp_path):
    worker = talk(small())
    worker.load()
    worker.order(f"latents {tmp_path / 'x'}")
    assert worker.answer() == {"latents": {"peak_memory_bytes": 0}}
    assert not (tmp_path / "x").exists()


def test_what_a_step_raises_is_one_line_with_its_place(talk):
    worker = talk(small().replace("time.sleep(0.02 * (index + 1))", "raise ValueError('no step\\nand more')"))
    assert worker.load()[1] == {"error": "ValueError: no step (worker0.py:13)", "unavailable": False}
    code, errors = worker.end()
    assert code == 1 and "Traceback" in errors


def test_what_is_lacking_is_unavailable(talk):
    worker = talk(small().replace("self.text =", "import no_such_module; self.text ="))
    error = worker.load()[1]
    assert error == {"error": f"No module named 'no_such_module'; it runs in {sys.executable}", "unavailable": True}
    worker = talk(small().replace("self.text =", "raise bench_worker.Unavailable('too small a machine'); self.text ="))
    assert worker.load()[1] == {"error": "too small a machine", "unavailable": True}


def test_what_the_runner_must_not_say(talk):
    worker = talk(small())
    worker.load()
    worker.order("dance")
    assert "orders 'dance'" in worker.answer()["error"]
    worker = talk(small())
    worker.answer()
    worker.order("begin")
    assert "before a job" in worker.answer()["error"]


def test_it_ends_with_its_runner(talk):
    worker = talk(small())
    worker.load()
    worker.process.stdin.close()
    assert worker.process.wait(timeout=60) == 0


def test_the_example(talk, tmp_path):
    worker = talk(HERE / "example_worker.py")
    assert worker.load()[1]["ready"]["steps"] == 3
    worker.order("begin", "mark", "step 0", "mark", "take", f"latents {tmp_path / 'x'}")
    assert len(worker.answer()["spans"]) == 1
    assert worker.answer()["latents"]["shape"] == [64, 256]


def by_hand(request, *arguments):
    env = os.environ | {"BENCH_STAMPS": request.config.getoption("--stamps"), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run([sys.executable, *arguments], env=env, text=True, capture_output=True, timeout=100)


def test_by_hand(request):
    done = by_hand(request, HERE / "example_worker.py", "--try")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 steps, ") and done.stdout.endswith(" ms/step, on cpu\n")


def test_without_the_library_of_stamps(talk):
    worker = Conversation("/nowhere/libbench_stamps.so", HERE / "example_worker.py")
    error = worker.load()[1]
    assert error["unavailable"] and "no libbench_stamps.so at /nowhere/" in error["error"]
    assert worker.end()[0] == 1
