"""What a worker imports: it turns a Python class into a loop that bench times. README.md beside this file is the guide.

    class Loop(bench_worker.Loop):
        def __init__(self, job): ...        # builds the model; job says what the scenario asks for
        def begin(self): ...                # enqueues what a new image starts with
        def step(self, index): ...          # enqueues one denoise step, 0 <= index < self.steps
        def latents(self): ...              # optional: the tensor that the steps change

    if __name__ == "__main__":
        bench_worker.serve(Loop, libraries=["diffusers"])

By hand such a program runs its loop a few times and prints what a step takes: python3 mine.py --try. Python >= 3.8; the
class may use any framework, torch is needed for GPUs whose streams it is to find by itself, and for profiles.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import json
import math
import os
import platform
import statistics
import sys
import traceback
from pathlib import Path

PROTOCOL = 1
CAPACITY = 4096  # marks between two takes


class Unavailable(Exception):
    """Raise it where this machine cannot run the loop: the case is then unavailable and not invalid."""


class Job:
    """What the scenario asks for. `data` is the whole of it, as README.md lists it."""

    def __init__(self, data):
        self.data = data
        self.device = data["device"]  # "cuda" or "cpu"
        self.loop = data["loop"]  # steps, guidance, ...
        self.steps = self.loop["steps"]
        self.model = data.get("model")  # name, width, height, dtype, ...; None where the scenario has none


class Loop:
    """The base of a worker's class; the names below are what bench reads."""

    steps = 0  # of a loop; 0: as many as the job says
    agrees = False  # True: it computes what the job says, so its steps are held against bench's own; or "first step": that one only
    flop_per_step = None  # floating-point operations, where they are known and it does not agree
    stream = None  # cudaStream_t that the steps run on; None: torch's current stream

    def __init__(self, job):
        """Builds what the job asks for."""

    def begin(self):
        """Enqueues what a new image starts with. Does not wait for the device."""

    def step(self, index):
        """Enqueues step `index`. Does not wait for the device."""
        raise NotImplementedError(f"{type(self).__name__} has no step(index)")

    def latents(self):
        """The tensor that the steps change, or None."""


class Stamps:
    """bench's own marks, out of libbench_stamps.so: on a GPU stamps, else the steady clock."""

    def __init__(self, cuda, stream=0):
        self._library = ctypes.CDLL(str(stamps_library()))
        self._library.bench_stamps_error.restype = ctypes.c_char_p
        self._library.bench_stamps_open.restype = ctypes.c_void_p
        self._library.bench_stamps_open.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
        self._library.bench_stamps_enqueue_s.restype = ctypes.c_double
        for name in ("mark", "take", "enqueue_s", "close"):
            getattr(self._library, f"bench_stamps_{name}").argtypes = (ctypes.c_void_p,)
        self._library.bench_stamps_take.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_double), ctypes.c_int)
        self._marker = self._library.bench_stamps_open(int(cuda), stream, CAPACITY)
        if not self._marker:
            raise Unavailable(f"no stamps: {self._why()}")
        self._mark = self._library.bench_stamps_mark
        self._room = (ctypes.c_double * (5 * CAPACITY))()

    def _why(self):
        return self._library.bench_stamps_error().decode(errors="replace")

    def mark(self):
        if self._mark(self._marker) != 0:
            raise RuntimeError(f"no stamp: {self._why()}")

    def take(self):
        """[start_s, t_s, f_hz, slowest_f_hz, valid] between each two marks since the last call; None for no number."""
        count = self._library.bench_stamps_take(self._marker, self._room, CAPACITY)
        if count < 0:
            raise RuntimeError(f"the stamps cannot be read: {self._why()}")
        values = [None if math.isnan(v) else v for v in self._room[: 5 * min(count, CAPACITY)]]
        return [values[i : i + 5] for i in range(0, len(values), 5)]

    def enqueue_s(self):
        """Seconds that the host took from the first to the last of the marks taken last; None on a CPU, which does the work itself."""
        seconds = self._library.bench_stamps_enqueue_s(self._marker)
        return None if math.isnan(seconds) else seconds

    def close(self):
        self._library.bench_stamps_close(self._marker)
        self._marker = None


def stamps_library():
    named = os.environ.get("BENCH_STAMPS")
    root = Path(__file__).resolve().parents[2]
    places = [Path(named)] if named else [root / folder / "libbench_stamps.so" for folder in ("lib", "build/cuda/lib", "build/cpu/lib")]
    for place in places:
        if place.exists():
            return place
    raise Unavailable(f"no libbench_stamps.so at {' or '.join(map(str, places))}: build bench, or name it in BENCH_STAMPS")


def loaded_torch():
    """torch, if the worker has imported it: importing it takes seconds, and it may use another framework."""
    return sys.modules.get("torch")


def versions_of(libraries):
    versions = {"python": platform.python_version()}
    for name in ("torch", *libraries):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


class Session:
    """A loop that is ready, its marks, and what the runner may ask of it."""

    def __init__(self, make, job):
        self.job, self.loop = job, make(job)
        torch = loaded_torch()
        self.cuda = job.device == "cuda"
        if self.cuda and self.loop.stream is None and torch is None:
            raise Unavailable("a GPU without torch: give the class the attribute `stream`, a cudaStream_t")
        self.torch = torch
        self.steps = self.loop.steps or job.steps
        stream = self.loop.stream
        if self.cuda and stream is None:
            stream = torch.cuda.current_stream().cuda_stream
        self.stamps = Stamps(self.cuda, stream)

    def inference(self):
        return self.torch.inference_mode() if self.torch else contextlib.nullcontext()

    def first_step(self):
        """Compiles what is compiled when it is first called, and waits for it."""
        self.loop.begin()
        self.loop.step(0)
        self.stamps.mark()
        self.stamps.take()

    def ready(self):
        uuid = ""
        if self.cuda and self.torch:
            uuid = f"GPU-{self.torch.cuda.get_device_properties(self.torch.cuda.current_device()).uuid}"
        return {"steps": self.steps, "device_uuid": uuid, "flop_per_step": self.loop.flop_per_step}

    def run(self, steps):
        self.loop.begin()
        self.stamps.mark()
        for i in range(steps):
            self.loop.step(i % self.steps)
            self.stamps.mark()

    def latents(self, path):
        """Writes them as fp32; their shape, or nothing where the loop has none."""
        peak = self.torch.cuda.max_memory_allocated() if self.cuda and self.torch else 0
        tensor = self.loop.latents()
        if tensor is None:
            return {"peak_memory_bytes": peak}
        if self.torch and isinstance(tensor, self.torch.Tensor):
            dense = tensor.detach().to("cpu", self.torch.float32).contiguous()
            data = ctypes.string_at(dense.data_ptr(), dense.numel() * 4)
        else:  # an array of numpy or of what looks like one
            dense = tensor.astype("float32")
            data = dense.tobytes()
        Path(path).write_bytes(data)
        return {"shape": list(dense.shape) or [1], "peak_memory_bytes": peak}

    def profile(self, steps):
        if not self.torch:
            raise Unavailable("no kernel table: it is torch.profiler that sees kernels, and this worker has no torch")
        import bench_worker_profile

        return bench_worker_profile.profile(self.torch, lambda: self.run(steps), self.stamps)


class Lines:
    """One JSON object a line to the runner. What libraries print goes to standard error from now on."""

    def __init__(self):
        self._file = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def write(self, **line):
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def obey(session, order, argument, lines):
    """Of an order that has no answer nothing is written, so that the device's queue fills."""
    if order == "step":
        session.loop.step(int(argument))
    elif order == "mark":
        session.stamps.mark()
    elif order == "begin":
        session.loop.begin()
    elif order == "take":
        lines.write(spans=session.stamps.take(), enqueue_s=session.stamps.enqueue_s())
    elif order == "latents":
        lines.write(latents=session.latents(argument))
    elif order == "profile":
        lines.write(profile=session.profile(int(argument)))
    else:
        raise ValueError(f"the runner orders '{order}', which protocol {PROTOCOL} does not know")


def converse(make, libraries, lines, orders):
    lines.write(hello={"protocol": PROTOCOL, "agrees": make.agrees if make.agrees == "first step" else bool(make.agrees), "versions": versions_of(libraries)})
    line = orders.readline()
    if not line:
        return
    order, _, argument = line.rstrip("\n").partition(" ")
    if order != "job":
        raise ValueError(f"the runner orders '{order}' before a job")
    lines.write(phase="worker loads")
    session = Session(make, Job(json.loads(argument)))
    with session.inference():
        lines.write(phase="worker's first step")
        session.first_step()
        lines.write(ready=session.ready())
        for line in iter(orders.readline, ""):
            order, _, argument = line.rstrip("\n").partition(" ")
            obey(session, order, argument, lines)


def one_line(error):
    """What was raised, and where in the worker's own files."""
    text = str(error).strip().split("\n")[0]
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "site-packages" not in f.filename and Path(f.filename) != Path(__file__)]
    where = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


def serve(make, libraries=()):
    """Runs the loops of the class `make` for bench, which is at the other end of standard input and output. `libraries`:
    the distributions whose versions go into the result, beside torch's. Does not return."""
    if "--try" in sys.argv:
        return try_it(make, sys.argv[sys.argv.index("--try") + 1 :])
    if sys.stdin.isatty():
        sys.exit(f"{sys.argv[0]} is a worker of bench, which starts it: bench run SCENARIO; or by hand with --try [JOB.json]")
    lines = Lines()
    try:
        converse(make, libraries, lines, sys.stdin)
    except BaseException as error:
        traceback.print_exc()
        lacks_memory = type(error).__name__ == "OutOfMemoryError"
        if isinstance(error, Unavailable):
            lines.write(error=str(error), unavailable=True)
        elif isinstance(error, ImportError):
            lines.write(error=f"{error}; it runs in {sys.executable}", unavailable=True)
        else:
            lines.write(error=one_line(error), unavailable=lacks_memory)
        sys.stderr.flush()
        os._exit(1)  # threads of libraries that still live must not keep it
    sys.stderr.flush()
    os._exit(0)


def try_it(make, arguments):
    """The loop of a job (the first of a file; without one 4 steps and no model) by hand: what bench would see."""
    if arguments and not arguments[0].startswith("-"):
        job = Job(json.JSONDecoder().raw_decode(Path(arguments[0]).read_text())[0])
    else:
        torch = loaded_torch()
        device = "cuda" if torch and torch.cuda.is_available() else "cpu"
        job = Job({"device": device, "loop": {"name": "try", "steps": 4, "guidance": 0.0}})
    session = Session(make, job)
    with session.inference():
        session.first_step()
        for _ in range(3):
            session.run(session.steps)
            spans = session.stamps.take()
    times = [span[1] * 1e3 for span in spans if span[4]]
    clocks = [span[2] * 1e-9 for span in spans if span[4] and span[2]]
    clock = f" at {statistics.median(clocks):.3f} GHz" if clocks else ""
    print(f"{session.steps} steps, {statistics.median(times):.3f} ms/step{clock}, on {job.device}")
