"""Where the drift of a case comes from: the `explanation` that `bench compare --format json` says of it (bench/explain/explain.h)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """An operation, or under it one kernel. Seconds of a sample, those of now at the baseline's clock."""

    name: str
    change: str  # "" of an operation
    base_launches: int
    new_launches: int
    base_s: float
    new_s: float
    share: float  # of the baseline's sample that it adds: 0.002 is 0.2 %


@dataclass(frozen=True)
class Explanation:
    operations: list[tuple[Line, list[Line]]]  # what moved most first, with its kernels
    gaps: float  # shares of the baseline's sample, as Line.share
    clock: float
    unaccounted: float
    work: float  # the profiles' drift at one clock
    timed: float | None  # the timed samples' drift of work
    notes: list[str]

    def most(self, count: int) -> list[tuple[str, Line]]:
        """(operation, kernel) of the `count` kernels that moved most; none that would read 0.00 %."""
        lines = [(operation.name, line) for operation, kernels in self.operations for line in kernels if abs(line.share) >= 5e-5]
        return sorted(lines, key=lambda pair: -abs(pair[1].share))[:count]

    @property
    def count(self) -> int:
        return sum(len(kernels) for _, kernels in self.operations)


def _kernel(part: dict[str, Any], sample_s: float) -> Line:
    name = str(part["kernel"])
    if part.get("new_kernel"):
        name += f" → {part['new_kernel']}"
    return Line(
        name=name,
        change=str(part["change"]),
        base_launches=int(part["base_launches"]),
        new_launches=int(part["new_launches"]),
        base_s=part["base_launches"] * part["base_launch_s"],
        new_s=part["new_launches"] * part["new_launch_s"],
        share=part["drift_s"] / sample_s,
    )


def explanation_of(data: dict[str, Any] | None) -> Explanation | None:
    if not data:
        return None
    sample_s = float(data["base_sample_s"])
    operations = []
    for o in data["operations"]:
        line = Line(str(o["operation"]), "", int(o["base_launches"]), int(o["new_launches"]), o["base_s"], o["new_s"], o["drift_s"] / sample_s)
        operations.append((line, [_kernel(part, sample_s) for part in o["parts"]]))
    return Explanation(
        operations=operations,
        gaps=data["gaps_s"] / sample_s,
        clock=data["clock_s"] / sample_s,
        unaccounted=data["unaccounted_s"] / sample_s,
        work=data["work"],
        timed=data["timed_work"],
        notes=[str(note) for note in data["notes"]],
    )
