"""Chooses a preset, brings its build tree up to date, and keeps two of us from doing so at once."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from steps.console import USAGE, Failure, say
from steps.environment import Environment
from steps.toolkit import has_gpu

PRESETS = {"cpu": ["cpu"], "cuda": ["cpu", "cuda"], "asan": ["cpu"], "cuda-check": ["cpu", "cuda"]}  # preset: the groups it needs
TO_RUN = [preset for preset in PRESETS if preset != "cuda-check"]  # which ci/test only compiles


def choose_preset():
    preset = os.environ.get("BENCH_PRESET") or ("cuda" if has_gpu() else "cpu")
    if preset not in TO_RUN:
        raise Failure(f"BENCH_PRESET={preset} is no preset: one of {', '.join(TO_RUN)}", USAGE)
    return preset


@contextlib.contextmanager
def locked(root):
    """Holds the checkout's lock; yields the file descriptors that children must inherit.

    The children hold the lock too, so that a compiler or pip which outlives a killed script still keeps
    the next one waiting."""
    path = Path(root) / ".cache" / "ci" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up or build in this checkout")
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield (fd,)
    finally:
        os.close(fd)


class Build:
    """The build tree of one preset. Whoever calls its methods holds the checkout's lock."""

    def __init__(self, root, preset, keep_open=()):
        self.root = Path(root)
        self.preset = preset
        self.folder = self.root / "build" / preset
        self.log = self.folder / "build.log"
        self.configure_log = self.folder / "configure.log"
        self.environment = Environment(root)
        self._stamp = self.folder / "ci-configured.json"
        self._keep_open = keep_open

    def run(self, *targets, groups=()):
        """Set-up, configuration and build of the targets, each only as far as it is needed. groups: beyond the preset's."""
        self.set_up(groups)
        self.configure()
        self.compile(*targets)

    def set_up(self, groups=()):
        groups = [*PRESETS[self.preset], *groups]
        if not self.environment.is_ready(groups):
            self.environment.set_up(groups, self._keep_open)

    def configure(self):
        arguments = self._cmake_arguments()
        try:
            before = json.loads(self._stamp.read_text())
        except (OSError, ValueError):
            before = None
        if before == arguments and (self.folder / "build.ninja").exists():
            return
        fresh = ["--fresh"] if before and before != arguments else []
        say(f"configuring {self._shown(self.folder)}")
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.configure_log, "wb") as log:
            done = subprocess.run(
                ["cmake", "--preset", self.preset, *fresh, *arguments[1:]], cwd=self.root, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, pass_fds=self._keep_open,
            )  # fmt: skip
        if done.returncode != 0:
            (self.folder / "build.ninja").unlink(missing_ok=True)
            cause = re.search(r"CMake Error[^\n]*\n((?:\s*\n|  .*\n)+)", self.configure_log.read_text(errors="replace"))
            text = " ".join(cause.group(1).split()) if cause else "cmake failed"
            raise Failure(
                f"cannot configure preset {self.preset}: {text}; see {self.configure_log} "
                f"(`ci/setup --verify {' '.join(PRESETS[self.preset])}` checks what is installed)"
            )
        self._stamp.write_text(json.dumps(arguments))

    def _cmake_arguments(self):
        """What the preset cannot know. First what else a build tree is configured for: its place and the presets."""
        presets = hashlib.sha256((self.root / "CMakePresets.json").read_bytes()).hexdigest()
        arguments = [f"{self.root} {presets}", f"-DLibTorch_ROOT={self.environment.torch}"]
        if "cuda" in PRESETS[self.preset]:
            toolkit = self.environment.cuda_toolkit
            arguments += [f"-DCUDAToolkit_ROOT={toolkit}", f"-DCMAKE_CUDA_COMPILER={toolkit}/bin/nvcc"]
        return arguments

    def compile(self, *targets):
        """Builds with ninja; shows each finished step, and nothing when there is none."""
        command = ["ninja", "-C", str(self.folder), f"-j{parallel_jobs()}", *targets]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=self._keep_open,
            env={**os.environ, "NINJA_STATUS": "[%f/%t] "},
        )  # fmt: skip
        rewrite = sys.stderr.isatty()
        with open(self.log, "wb") as log:
            open_line = False
            for raw in process.stdout:
                log.write(raw)
                line = raw.decode(errors="replace").rstrip("\n")
                step = re.match(r"\[(\d+)/(\d+)\] (.*)", line)
                if step and step.group(3).startswith("cd "):
                    continue  # a step without a description: what every build does to see whether anything changed
                if step:
                    text = f"{in_words(step.group(3))} ({step.group(1)} of {step.group(2)})"
                    end = "" if rewrite else "\n"
                    print(f"\r\033[K{text[:110]}" if rewrite else text, end=end, file=sys.stderr, flush=True)
                    open_line = rewrite
                elif not line.startswith("ninja: "):
                    print("\n" * open_line + line, file=sys.stderr)
                    open_line = False
            if open_line:
                print("\r\033[K", end="", file=sys.stderr, flush=True)
        if process.wait() != 0:
            first = next((l for l in self.log.read_text(errors="replace").splitlines() if "error:" in l), "")
            raise Failure(f"the build of preset {self.preset} failed{': ' if first else ''}{first.strip()}; see {self.log}")

    def targets(self, folder="bin"):
        """The names of the executables (or, in lib, of the shared libraries) that this tree can build."""
        answer = subprocess.run(
            ["ninja", "-C", str(self.folder), "-t", "targets", "all"], stdout=subprocess.PIPE, text=True, check=True
        )
        return re.findall(rf"^{folder}/(\S+): ", answer.stdout, re.M)

    def _shown(self, path):
        return os.path.relpath(path, self.root)


def in_words(text):
    """'Building CXX object bench/base/CMakeFiles/bench_base.dir/file.cpp.o' -> 'compile bench/base/file.cpp'"""
    match = re.match(r"Building (?:CXX|CUDA|C) object (.*?)CMakeFiles/[^/]*\.dir/(.*)\.o$", text)
    if match:
        return f"compile {match.group(1)}{match.group(2)}"
    return re.sub(r"^Linking \w+ (executable|static library|shared library) ", "link ", text)


def parallel_jobs():
    """One job a core, at most one for every 2 GB of memory: a file that includes torch takes that much."""
    if os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", "").isdigit():
        return int(os.environ["CMAKE_BUILD_PARALLEL_LEVEL"])
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(len(os.sched_getaffinity(0)), int(memory // 2e9)))
