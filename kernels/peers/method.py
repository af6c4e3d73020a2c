"""How a kernel is timed: as bench/kernel_bench does it, so that the figures may stand side by side.

Launches rotate over sets of buffers (sets_for), are recorded into a CUDA graph, and a timed region replays it for
at least 20 ms (region_for). Between CUDA events, where bench stores stamps: of a region the same to 1e-4.
"""

from __future__ import annotations

import dataclasses
import gc
import math
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import shapes

Launch = Callable[[int], Any]  # enqueues one launch on that set of buffers
COPY_REGIONS = 9


def bytes_between(l2_bytes: int) -> int:
    """bench/kernel_bench/rotation.h"""
    return max(2 * l2_bytes, 200_000_000)


def sets_for(footprint: int, between: int) -> int:
    """bench/kernel_bench/rotation.h"""
    return min(between // max(footprint, 1) + 2, 1000)


def region_for(launch_s: float, least_s: float, sets: int) -> tuple[int, int]:
    """(launches recorded, replays of them) of a region."""
    rounds = max(1.0, math.ceil(least_s / (launch_s * sets)))
    replays = math.ceil(rounds / max(1, 1000 // sets))
    return math.ceil(rounds / replays) * sets, replays


class CudaDevice:
    """Records and times on the current GPU."""

    kind = "cuda"
    least_s = 0.02

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.device = torch.device("cuda", torch.cuda.current_device())
        self.properties = torch.cuda.get_device_properties(self.device)
        self.bytes_between = bytes_between(self.properties.L2_cache_size)
        self.stream = torch.cuda.Stream()
        torch.cuda.set_stream(self.stream)

    def record(self, launch: Launch, sets: int, launches: int) -> Any:
        """A graph of the launches; each set was launched before, so that nothing is compiled while recording."""
        for i in range(sets):
            launch(i)
        self.synchronize()
        graph = self.torch.cuda.CUDAGraph()
        gc.disable()  # memory of other graphs must not be freed in between
        graph.capture_begin()
        try:
            for i in range(launches):
                launch(i % sets)
        finally:
            graph.capture_end()
            gc.enable()
        return graph

    def time(self, enqueue: Callable[[], None]) -> float:
        start, stop = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        enqueue()
        stop.record()
        stop.synchronize()
        return start.elapsed_time(stop) * 1e-3

    def synchronize(self) -> None:
        self.torch.cuda.synchronize()

    def release_reserves(self) -> None:
        self.torch.cuda.empty_cache()


class CpuGraph:
    """Calls again what a CUDA graph would replay."""

    def __init__(self, launch: Launch, sets: int, launches: int) -> None:
        self.launch, self.sets, self.launches = launch, sets, launches

    def replay(self) -> None:
        for i in range(self.launches):
            self.launch(i % self.sets)

    def reset(self) -> None:
        pass


class CpuDevice:
    """The same code on a machine without a GPU; its times say nothing about one."""

    kind = "cpu"
    least_s = 0.002

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.device = torch.device("cpu")
        self.bytes_between = 4 << 20

    def record(self, launch: Launch, sets: int, launches: int) -> CpuGraph:
        return CpuGraph(launch, sets, launches)

    def time(self, enqueue: Callable[[], None]) -> float:
        start = time.perf_counter()
        enqueue()
        return time.perf_counter() - start

    def synchronize(self) -> None:
        pass

    def release_reserves(self) -> None:
        pass


Device = CudaDevice | CpuDevice


class TimedRegion:
    """Launches recorded into replays of a length worth timing. release() before its buffers are let go."""

    def __init__(self, device: Device, launch: Launch, sets: int, least_s: float, size: tuple[int, int] | None = None) -> None:
        self._device = device
        self.size = size or self._choose(launch, sets, least_s)
        self._graph = device.record(launch, sets, self.size[0])

    def _choose(self, launch: Launch, sets: int, least_s: float) -> tuple[int, int]:
        trial = self._device.record(launch, sets, sets)
        launch_s = min(self._device.time(trial.replay) for _ in range(3)) / sets
        trial.reset()
        return region_for(max(launch_s, 1e-7), least_s, sets)

    @property
    def launches(self) -> int:
        return self.size[0] * self.size[1]

    def run(self) -> None:
        for _ in range(self.size[1]):
            self._graph.replay()

    def seconds_per_launch(self) -> float:
        return self._device.time(self.run) / self.launches

    def release(self) -> None:
        self._device.synchronize()
        self._graph.reset()


class Buffers:
    """Input, weight and output of every set, drawn as kernels/families.cpp draws them."""

    def __init__(self, device: Device, shape: shapes.Shape, sets: int, seed: int) -> None:
        torch = device.torch
        torch.manual_seed(seed)
        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[shape.dtype]
        size = (shape.rows, shape.width)
        self.x = [torch.randn(size, device=device.device, dtype=dtype) for _ in range(sets)]
        self.weight = (torch.randn(shape.width, device=device.device) * 0.1 + 1).to(dtype)
        self.out: list[Any] = [None] * sets

    def launcher(self, run: Callable[[Any, Any, Any], Any], writes_into: bool) -> Launch:
        """run(x, weight, out) -> output. One that allocates its output gets no `out`; the last of each set is kept until
        the next is there, so that outputs rotate as inputs do."""
        if writes_into:
            self.out = [x.new_empty(x.shape) for x in self.x]

        def launch(i: int) -> None:
            self.out[i] = run(self.x[i], self.weight, self.out[i] if writes_into else None)

        return launch


def copy_time(device: Device, shape: shapes.Shape, sets: int) -> float:
    """Seconds to copy as many bytes as one launch reads and writes, rotating as it does: median of nine regions."""
    torch = device.torch
    source = torch.randn((sets, max(shape.footprint // 4, 1)), device=device.device, dtype=torch.bfloat16)
    target = torch.empty_like(source)
    pairs = list(zip(source.unbind(), target.unbind()))
    region = TimedRegion(device, lambda i: pairs[i][1].copy_(pairs[i][0]), sets, device.least_s)
    times = [region.seconds_per_launch() for _ in range(COPY_REGIONS)]
    region.release()
    return statistics.median(times)


def move_placement(device: Device, seed: int, placement: int) -> Any:
    """Memory to hold while buffers are made, so that they lie elsewhere than the last ones."""
    device.release_reserves()
    pages = random.Random(seed * 1000 + placement).randint(1, 256)
    page = 2 << 20 if device.kind == "cuda" else 4 << 10
    return device.torch.empty(pages * page, dtype=device.torch.uint8, device=device.device)
