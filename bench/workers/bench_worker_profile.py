"""A worker's kernels as torch.profiler sees them, for `bench profile`. Part of bench_worker.py."""

from __future__ import annotations

import bisect
import json
import tempfile
from pathlib import Path

KINDS = {"kernel": None, "gpu_memcpy": "[memcpy]", "gpu_memset": "[memset]"}
LAUNCHERS = ("cuda_runtime", "cuda_driver")


def profile(torch, run, stamps):
    """What `run`, which marks its steps, launches."""
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profiler:
        run()
        spans = stamps.take()  # waits for the device
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    return {"source": f"torch.profiler {torch.__version__} in the worker", "spans": spans, **records(events)}


def operator_of(names):
    """Of the operators around a launch, outermost first, the one that the model called: the first of a library
    ("aten::linear"), not the wrappers of torch.compile. A kernel of Triton is its own."""
    for name in names:
        if name.startswith("triton_"):
            return name
        library, colons, operator = name.partition("::")
        if colons and " " not in library:
            return operator if library == "aten" else name
    return ""


class Operators:
    """Which operators a thread was in at a time."""

    def __init__(self, events):
        self._threads = {}
        for event in events:
            if event.get("cat") == "cpu_op" and event.get("ph") == "X":
                self._threads.setdefault(event["tid"], []).append((event["ts"], -event["dur"], event["name"]))
        for spans in self._threads.values():
            spans.sort()
        # At each operator's begin, those that are open then, itself last.
        self._open = {}
        for thread, spans in self._threads.items():
            stack, all_open = [], []
            for begin, minus_duration, name in spans:
                while stack and stack[-1][0] <= begin:
                    stack.pop()
                stack.append((begin - minus_duration, name))
                all_open.append(tuple(stack))
            self._open[thread] = all_open

    def around(self, thread, time):
        at = bisect.bisect_right(self._threads.get(thread, []), (time, float("inf"), ""))
        return [name for end, name in self._open[thread][at - 1] if time < end] if at else []


def records(events):
    """Kernels, copies and sets of memory out of a Chrome trace of Kineto: rows of (name, operator, grid, block, registers,
    shared memory, start and end in ns, stream, in a graph), the first two as places in the lists `names` and `operators`."""
    operators = Operators(events)
    launches = {
        event["args"]["correlation"]: (event["tid"], event["ts"])
        for event in events
        if event.get("cat") in LAUNCHERS and "correlation" in event.get("args", {})
    }
    names, operations = {}, {}
    rows = []
    for event in events:
        if event.get("cat") not in KINDS or event.get("ph") != "X":
            continue
        args = event.get("args", {})
        launch = launches.get(args.get("correlation"))
        operation = operator_of(operators.around(*launch)) if launch else ""
        start = round(event["ts"] * 1e3)
        rows.append([
            names.setdefault((KINDS[event["cat"]] or event["name"])[:160], len(names)),
            operations.setdefault(operation, len(operations)),
            list(args.get("grid", (0, 0, 0))), list(args.get("block", (0, 0, 0))),
            args.get("registers per thread", 0), args.get("shared memory", 0),
            start, start + round(event["dur"] * 1e3), max(int(args.get("stream", 0)), 0), args.get("graph node id", 0) != 0,
        ])  # fmt: skip
    return {"names": list(names), "operators": list(operations), "rows": rows}
