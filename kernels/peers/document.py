"""The result document of bench (bench/results/README.md), written from Python."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import method
import shapes

SCENARIO = "peers"
FAMILY = "rms_norm"
WORK_VERSION = 1  # of kernels/families.cpp: rms_norm
GATE_WORK = 0.01


@dataclasses.dataclass
class Measurement:
    """What one replicate found out about one case."""

    process: int = 0
    started: str = ""
    device_uuid: str = ""
    seed: int = 0
    start_s: list[float] = dataclasses.field(default_factory=list)
    t_s: list[float] = dataclasses.field(default_factory=list)
    placement: list[int] = dataclasses.field(default_factory=list)
    region: list[int] = dataclasses.field(default_factory=list)
    copy_t_s: float | None = None
    launches: int = 0  # in a region
    finite: bool = True
    checksum: str = ""
    rms: float | None = None
    max_abs_error: float | None = None
    max_ulp: float | None = None
    exact_share: float | None = None
    peak_memory_bytes: int = 0
    phases_s: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Case:
    """One shape and one implementation, with what all replicates measured of it."""

    shape: shapes.Shape
    peer: str
    parameters: dict[str, str] = dataclasses.field(default_factory=dict)
    measurements: list[Measurement] = dataclasses.field(default_factory=list)
    not_measured: str = ""  # why it cannot be measured here
    failed: str = ""  # why it broke off

    @property
    def id(self) -> str:
        return f"{SCENARIO}/{FAMILY}/{self.shape}/{self.peer}"


def fnv1a(data: bytes) -> int:
    """bench/base/fnv1a.h"""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def case_hash(device: str, shape: shapes.Shape, peer: str) -> str:
    """As bench/scenario/hash.cpp makes it; but here each process draws the places of buffers, so no case of bench is the same."""
    keys = {"device": device, "work_version": WORK_VERSION, "kind": "kernel", "family": FAMILY, "shape": shape, "path": peer,
            "places": "of the process"}  # fmt: skip
    text = "".join(f"{key}={value}\n" for key, value in keys.items())
    return f"{fnv1a(text.encode()):016x}"


def verdict_of(case: Case) -> tuple[str, str]:
    """(status, message)"""
    if case.failed:
        return "failed", case.failed
    if case.not_measured:
        return "unavailable", f"not measured: {case.not_measured}"
    if not all(m.finite for m in case.measurements):
        return "invalid", "the output is not finite where the fp64 result is: its speed means nothing"
    if not case.measurements:
        return "failed", "the run ended before it was measured"
    return "ok", ""


def worst(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return max(known, default=None)


def case_document(case: Case, device: str, bytes_between: int) -> dict[str, Any]:
    status, message = verdict_of(case)
    found = case.measurements
    copies = [m.copy_t_s for m in found if m.copy_t_s]
    phases = {key: sum(m.phases_s.get(key, 0) for m in found) for m in found for key in m.phases_s}
    return {
        "id": case.id,
        "kind": "kernel",
        "hash": case_hash(device, case.shape, case.peer),
        "work_version": WORK_VERSION,
        "status": status,
        "message": message,
        "parameters": {
            "family": FAMILY,
            "rows": str(case.shape.rows),
            "width": str(case.shape.width),
            "dtype": case.shape.dtype,
            "path": case.peer,
            "buffer_sets": str(method.sets_for(case.shape.footprint, bytes_between)),
            "launches_per_region": str(found[0].launches if found else 0),
            **case.parameters,
        },
        "gate_work": GATE_WORK,
        "flop": float(case.shape.flop),
        "bytes": float(case.shape.bytes),
        "launches": None,
        "kernels": {},
        "peak_memory_bytes": max((m.peak_memory_bytes for m in found), default=0),
        "phases_s": phases,
        "reference": {"copy_t_s": statistics.median(copies) if copies else None, "matmul_flop_per_s": None},
        "check": {
            "finite": all(m.finite for m in found),
            "checksum": found[0].checksum if found else "",
            "rms": found[0].rms if found else None,
            "max_abs_error": worst([m.max_abs_error for m in found]),
            "max_ulp": worst([m.max_ulp for m in found]),
            "exact_share": min((m.exact_share for m in found if m.exact_share is not None), default=None),
        },
        "replicates": [replicate_document(m) for m in found],
    }


def replicate_document(m: Measurement) -> dict[str, Any]:
    return {
        "process": m.process,
        "started": m.started,
        "device_uuid": m.device_uuid,
        "seed": m.seed,
        "machine": {},
        "samples": {
            "start_s": m.start_s,
            "t_s": m.t_s,
            "f_hz": [None] * len(m.t_s),  # no stamps: the SM frequency is unknown
            "loop": m.placement,
            "step": m.region,
        },
    }


def check_writable(path: Path) -> None:
    """Raises OSError, before anything is measured, where write() would in the end."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=path.parent).close()


def write(path: Path, document: dict[str, Any]) -> None:
    """As a whole: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(document, file, indent=1, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
