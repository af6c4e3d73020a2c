"""One replicate: a fresh process that measures its cases and writes a line of JSON about each to stdout.

Started by measure.py, which gives it its job as one line of JSON on stdin.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import accuracy
import document
import method
import peer as peers_api
from packages import Packages
from registry import peers
from shapes import EPS, Shape

WARM_UP_S = 0.05  # before a case's first sample; the GPU is warm from the case before
TUNING_S = 0.002  # of a region while a peer looks for its fastest configuration


@dataclasses.dataclass(frozen=True)
class Job:
    device: str
    packages: str
    seed: int
    placements: int
    regions: int  # of a placement
    cases: list[tuple[str, str]]  # shape, peer
    tuned: dict[str, str]  # what an earlier replicate chose for QuackTuned


def utc_now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def say(**line: Any) -> None:
    print(json.dumps(line), file=sys.__stdout__, flush=True)


class Replicate:
    def __init__(self, job: Job, device: method.Device) -> None:
        self.job = job
        self.device = device
        self.torch = device.torch
        self.peers = {p.name: p for p in peers(Packages(Path(job.packages)))}
        self.random = random.Random(job.seed)
        self.origin = time.monotonic()
        self.uuid = ""
        if device.kind == "cuda":
            uuid = str(getattr(device.properties, "uuid", ""))
            self.uuid = uuid if uuid.startswith("GPU-") or not uuid else f"GPU-{uuid}"

    def run(self) -> None:
        by_shape: dict[str, list[str]] = {}
        for shape, name in self.job.cases:
            by_shape.setdefault(shape, []).append(name)
        blocks = list(by_shape.items())
        self.random.shuffle(blocks)
        for text, names in blocks:
            shape = Shape.parse(text)
            sets = method.sets_for(shape.footprint, self.device.bytes_between)
            copy_s = method.copy_time(self.device, shape, sets)
            self.random.shuffle(names)
            for name in names:
                self.measure(shape, self.peers[name], sets, copy_s)

    def measure(self, shape: Shape, peer: peers_api.Peer, sets: int, copy_s: float) -> None:
        case = {"shape": str(shape), "peer": peer.name}
        say(begin=case)
        found = document.Measurement(
            process=os.getpid(), started=utc_now(), device_uuid=self.uuid, seed=self.job.seed, copy_t_s=copy_s
        )
        chosen = getattr(peer, "chosen", None)
        if chosen is not None:
            chosen.update(self.job.tuned)
        try:
            with self.phase(found, "prepare"):
                run = peer.prepare(shape, self.device.kind, lambda run: self.time_of(shape, peer, run, sets))
            size = None
            for placement in range(self.job.placements):
                size = self.placement(shape, peer, run, sets, placement, size, found)
        except peers_api.NotMeasured as reason:
            say(end=case, not_measured=str(reason))
            return
        except Exception as error:  # a peer's own: the others are still to be measured
            text = str(error).strip().splitlines()
            say(end=case, failed=f"{type(error).__name__}: {text[0] if text else ''}")
            self.device.synchronize()  # an error of the GPU itself ends this process
            return
        parameters = {"version": peer.version(), "calls": peer.about}
        if chosen is not None:
            parameters["configuration"] = chosen[str(shape)]
        say(end=case, measurement=dataclasses.asdict(found), parameters=parameters, tuned=chosen or {})

    def placement(self, shape: Shape, peer: peers_api.Peer, run: peers_api.Run, sets: int, placement: int,
                  size: tuple[int, int] | None, found: document.Measurement) -> tuple[int, int]:  # fmt: skip
        if self.device.kind == "cuda":
            self.torch.cuda.reset_peak_memory_stats()
        with self.phase(found, "buffers"):
            spacer = method.move_placement(self.device, self.job.seed, placement)
            buffers = method.Buffers(self.device, shape, sets, self.job.seed + placement)
        with self.phase(found, "capture"):
            launch = buffers.launcher(run, peer.writes_into)
            region = method.TimedRegion(self.device, launch, sets, self.device.least_s, size)
        with self.phase(found, "warmup"):
            until = time.monotonic() + (WARM_UP_S if placement == 0 else 0)
            while True:
                region.run()
                self.device.synchronize()
                if time.monotonic() >= until:
                    break
        with self.phase(found, "samples"):
            for i in range(self.job.regions):
                found.start_s.append(time.monotonic() - self.origin)
                found.t_s.append(region.seconds_per_launch())
                found.placement.append(placement)
                found.region.append(i)
        found.launches = region.launches
        if placement == 0:
            with self.phase(found, "check"):
                seen = accuracy.accuracy(buffers.out[0], buffers.x[0], buffers.weight, EPS, shape.dtype)
            found.finite, found.checksum = seen.finite, seen.checksum
            if seen.finite:
                found.rms, found.exact_share = seen.rms, seen.exact_share
                found.max_abs_error, found.max_ulp = seen.max_abs_error, seen.max_ulp
        if self.device.kind == "cuda":
            found.peak_memory_bytes = max(found.peak_memory_bytes, self.torch.cuda.max_memory_allocated())
        region.release()
        del spacer
        return region.size

    def time_of(self, shape: Shape, peer: peers_api.Peer, run: peers_api.Run, sets: int) -> float:
        buffers = method.Buffers(self.device, shape, sets, self.job.seed)
        region = method.TimedRegion(self.device, buffers.launcher(run, peer.writes_into), sets, TUNING_S)
        try:
            return min(region.seconds_per_launch() for _ in range(3))
        finally:
            region.release()

    @contextlib.contextmanager
    def phase(self, found: document.Measurement, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        found.phases_s[name] = found.phases_s.get(name, 0) + time.monotonic() - start


def describe(device: method.Device) -> dict[str, Any]:
    """Facts of the machine, by the names that bench gives them."""
    import torch

    facts: dict[str, dict[str, str]] = {"libraries": {"torch": torch.__version__.split("+")[0]}}
    if device.kind == "cuda":
        gpu = device.properties
        facts["gpu"] = {"name": gpu.name, "compute_capability": f"{gpu.major}.{gpu.minor}", "l2_bytes": str(gpu.L2_cache_size)}
    return facts


def main() -> int:
    line = json.loads(sys.stdin.readline())
    job = Job(**{**line, "cases": [tuple(case) for case in line["cases"]]})
    sys.stdout = sys.stderr  # what a peer prints must not come between the lines
    import torch

    if job.device == "cuda" and not torch.cuda.is_available():
        say(unusable="no usable GPU: run where nvidia-smi lists one, or with --device cpu")
        return 6
    device = method.CudaDevice() if job.device == "cuda" else method.CpuDevice()
    with torch.no_grad():
        replicate = Replicate(job, device)
        say(machine=describe(device), bytes_between=device.bytes_between, device_uuid=replicate.uuid)
        replicate.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
