"""The built bench as a person or a script calls it: in an empty folder, on a machine without a GPU."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]


def pytest_configure(config):
    config.addinivalue_line("markers", "quiet: must find a known difference in time, so nothing may run beside it")


def pytest_addoption(parser):
    parser.addoption("--bench", help="the built bench program")
    parser.addoption("--libraries", help="the folder of the built libraries: the example's and ours")


class Bench:
    scenario = REPO / "scenarios" / "zimage.yaml"
    # As little as one can measure: the whole profile in seconds.
    quick = ("--profile", "cpu", "--set", "profiles.cpu.sampling.loops=1", "--set", "profiles.cpu.sampling.regions=3",
             "--set", "profiles.cpu.sampling.warmup=0 s", "--set", "profiles.cpu.sampling.placements=1")  # fmt: skip
    kernel = "rms_norm/32x256.bf16"  # the smallest

    def __init__(self, program, cwd):
        self.program = Path(program).resolve()
        self.cwd = cwd
        self.started = []
        drop = ("NO_COLOR", "BENCH_ROOT", "TERM")
        self.env = {name: value for name, value in os.environ.items() if name not in drop}
        self.env |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "TERM": "xterm-256color"}

    def __call__(self, *arguments, cwd=None, **env):
        """Runs it to its end."""
        return subprocess.run([self.program, *arguments], cwd=cwd or self.cwd, env=self.env | env, timeout=120,
                              capture_output=True, text=True)  # fmt: skip

    def start(self, *arguments, **options):
        """Leaves it running, at the latest until the test's end."""
        process = subprocess.Popen([self.program, *arguments], cwd=self.cwd, env=self.env, **options)
        self.started.append(process)
        return process

    def refuses(self, code, message, *arguments):
        """It says this one line, prints and writes nothing, and exits with this code."""
        before = sorted(self.cwd.rglob("*"))
        result = self(*arguments)
        assert (result.stderr, result.stdout, result.returncode) == (f"bench: {message}\n", "", code)
        assert sorted(self.cwd.rglob("*")) == before

    def end(self):
        for process in self.started:
            process.kill()
            process.communicate()


@pytest.fixture
def bench(request, tmp_path):
    cwd = tmp_path / "work"
    cwd.mkdir()
    bench = Bench(request.config.getoption("--bench"), cwd)
    yield bench
    bench.end()


@pytest.fixture(scope="session")
def exit_codes():
    """(code, name, meaning) of each, out of the header."""
    header = (REPO / "bench" / "base" / "exit_code.h").read_text()
    codes = dict(re.findall(r"^  (\w+) = (\d+),$", header, re.M))
    rows = re.findall(r'\{ExitCode::(\w+),\s*"(\w+)",\s*"([^"]+)"\}', header)
    assert len(codes) == len(rows) >= 8
    return [(int(codes[code]), name, meaning) for code, name, meaning in rows]


@pytest.fixture(scope="session")
def until():
    """Waits for a condition that a process will meet, and returns what it gave."""

    def wait(condition, process, seconds=60):
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert process.poll() is None, f"it ended with {process.returncode} before"
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.005)
        return value

    return wait
