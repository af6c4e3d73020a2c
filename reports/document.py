"""What a report is made of: a result, its baseline, the comparison that `bench report` made of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reports.explanation import Explanation
from reports.judged_samples import Effects, Process, judged_samples, place_effects, place_effects_of_arms

VERDICTS = ("regression", "improvement", "invalid", "missing", "inconclusive", "pass", "measured")  # as they are listed

Facts = dict[str, dict[str, str]]


def short_uuid(uuid: str) -> str:
    """'GPU-6b1f2b3c-...' -> 'GPU-6b1f2b3c', as bench/compare shortens it."""
    return "-".join(uuid.split("-")[:2])


@dataclass(frozen=True)
class Trace:
    """Readings of the GPU while the samples were taken, in seconds as the samples' starts and watts (None: unknown)."""

    t_s: list[float]
    power_w: list[float | None]


@dataclass(frozen=True)
class Replicate:
    """One process: its samples in seconds and hertz (None: unknown), and the GPU before, while and after it was sampled."""

    gpu: str
    process: int
    started: str
    start_s: list[float]
    t_s: list[float]
    f_hz: list[float | None]
    loop: list[int]
    machine: dict[str, dict[str, float]]
    trace: Trace | None

    def judged(self, effects: Effects) -> Replicate:
        """With the samples that count only, less what their places are worth."""
        times = judged_samples((self.loop, self.t_s), effects)
        return replace(
            self,
            start_s=[self.start_s[i] for i in times],
            t_s=list(times.values()),
            f_hz=[self.f_hz[i] for i in times],
            loop=[self.loop[i] for i in times],
        )


@dataclass(frozen=True)
class Accuracy:
    """Of a kernel's output, against fp64; None: unknown."""

    max_abs_error: float | None
    max_ulp: float | None
    exact_share: float | None  # of its elements that are the fp64 result correctly rounded


@dataclass(frozen=True)
class Case:
    id: str
    kind: str
    status: str
    message: str
    gate: float
    bytes: float
    parameters: dict[str, str]
    kernels: dict[str, int]
    launches: int | None
    copy_t_s: float | None
    peak_memory_bytes: int
    measured_bytes: float | None  # that a sample moved between GPU and memory, where its profile counted
    flop: float  # modelled, of a sample; 0: not known
    matmul_flop_per_s: float | None  # of a large product that was measured beside it
    accuracy: Accuracy
    replicates: list[Replicate]

    @property
    def samples(self) -> list[float]:
        return [t for replicate in self.replicates for t in replicate.t_s]

    @property
    def processes(self) -> list[Process]:
        """Of a kernel, what its places are known by."""
        return [(r.loop, r.t_s) for r in self.replicates] if self.kind == "kernel" else []

    @property
    def judged(self) -> list[Replicate]:
        """The samples that count, of the case by itself: those of bench's tables."""
        effects = place_effects(self.processes)
        return [replicate.judged(effects) for replicate in self.replicates]

    @property
    def t_s(self) -> float | None:
        """Median of the samples that count."""
        return median([t for replicate in self.judged for t in replicate.t_s])


@dataclass(frozen=True)
class Result:
    file: str
    version: str
    git_sha: str
    git_dirty: bool
    argv: list[str]
    started: str
    finished: str
    interrupted: bool
    scenario: str
    scenario_file: str
    profile: str
    device: str
    overrides: list[str]
    machine: Facts
    settings: Facts
    cases: list[Case]
    origins: list[Facts] = field(default_factory=list)  # machine and settings of replicates that are of other runs

    def case(self, name: str) -> Case | None:
        return next((case for case in self.cases if case.id == name), None)

    @property
    def copy_rate(self) -> float | None:
        """Bytes a second of the anchor that copies, else of the largest copy beside a kernel: as bench/compare/roofline.h has it."""
        for case in self.cases:
            if case.kind == "anchor" and case.bytes > 0 and case.status == "ok" and case.t_s:
                return case.bytes / case.t_s
        beside = [(case.bytes, case.bytes / case.copy_t_s) for case in self.cases if case.bytes > 0 and case.copy_t_s]
        return max(beside)[1] if beside else None

    @property
    def gpus(self) -> list[str]:
        return sorted({r.gpu for case in self.cases for r in case.replicates if r.gpu})


@dataclass(frozen=True)
class Mean:
    """One replicate of a comparison: seconds as timed (of a kernel those of `Row.judged`), and at the clock that the case was judged at."""

    gpu: str
    process: int
    started: str
    t_s: float
    f_hz: float | None
    work_t_s: float
    compared: bool
    set_aside: bool
    energy_j: float | None


@dataclass(frozen=True)
class Timing:
    """What a sample of one process took."""

    t_s: float
    samples: int


@dataclass(frozen=True)
class Judgement:
    """Drifts are of log time; half_width None: nothing is known of the noise. See bench/stats/judge.h."""

    work: float
    half_width: float | None
    wall: float
    clock: float
    slope: float | None
    covariates: float | None  # what known covariates have in `clock`; None where nothing was taken out
    clock_hz: float | None
    base_work_t_s: float
    new_work_t_s: float
    same_device: bool
    replicates_needed: int | None


@dataclass(frozen=True)
class Row:
    """One case of the report. `verdict` is the comparison's; without one it is measured, or invalid."""

    id: str
    kind: str
    verdict: str
    reason: str
    gate: float
    base_t_s: float | None
    new_t_s: float | None
    judgement: Judgement | None
    base_energy_j: float | None  # of a sample
    new_energy_j: float | None
    warnings: list[str]
    base_means: list[Mean]
    new_means: list[Mean]
    base: Case | None
    new: Case | None
    exact: str = ""  # what changed of the launches of a sample, in words
    explanation: Explanation | None = None  # where both sides have profiles of their kernels
    in_turn: bool = False  # decided by pairs of processes on one GPU, not by the baseline

    @property
    def new_timings(self) -> list[Timing]:
        """Of each new process: as it was compared (a kernel less what its places in memory are worth), else its median of the samples
        that count."""
        if self.new is None or self.new.status != "ok":
            return []
        compared = {(mean.gpu, mean.process, mean.started): mean.t_s for mean in self.new_means if mean.compared}
        times = [(compared.get((r.gpu, r.process, r.started)) if compared else median(r.t_s), len(r.t_s)) for r in self.new.judged]
        return [Timing(t_s, samples) for t_s, samples in times if t_s is not None]

    @property
    def judged(self) -> tuple[list[Replicate], list[Replicate]]:
        """The samples of both sides that count where one is held against the other, as bench/compare/arms.cpp has it."""
        if not (self.base and self.new) or _without_path(self.base.id) != _without_path(self.new.id):
            return self.base.judged if self.base else [], self.new.judged if self.new else []
        effects = place_effects_of_arms(self.base.processes, self.new.processes)
        return [r.judged(effects) for r in self.base.replicates], [r.judged(effects) for r in self.new.replicates]

    @property
    def moved_kernels(self) -> list[tuple[str, int, int]]:
        """(name, launches in the baseline, now) of those whose number changed; none where one side did not count."""
        before = self.base.kernels if self.base else {}
        now = self.new.kernels if self.new else {}
        if not before or not now:
            return []
        names = sorted(before.keys() | now.keys())
        return [(name, before.get(name, 0), now.get(name, 0)) for name in names if before.get(name) != now.get(name)]


@dataclass(frozen=True)
class Promotion:
    """A baseline that was replaced on purpose: what it held against its predecessor said."""

    reason: str
    old: dict[str, str]
    new: dict[str, str]
    rows: list[Row]


@dataclass(frozen=True)
class Report:
    result: Result | None
    baseline: Result | None
    rows: list[Row]
    verdict: str
    headline: str
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    baseline_file: str = ""
    base_side: dict[str, str] = field(default_factory=dict)
    new_side: dict[str, str] = field(default_factory=dict)
    promotion: Promotion | None = None

    def count(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def changed(self) -> list[Row]:
        """What a reviewer must look at, the worst first."""
        rows = [row for row in self.rows if row.verdict not in ("pass", "measured")]
        return sorted(rows, key=lambda row: (VERDICTS.index(row.verdict), -abs(row.judgement.work if row.judgement else 0)))


def _without_path(case_id: str) -> str:
    return case_id.rpartition("/")[0]


def median(values: list[float]) -> float | None:
    ordered, n = sorted(values), len(values)
    return None if n == 0 else (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
