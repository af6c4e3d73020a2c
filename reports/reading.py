"""Reads what a report is made of: a result, its baseline, the comparison that `bench report` made of them.

Reading is lenient: of a broken file a report still says what is missing (`Report.faults`)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reports.document import Accuracy, Case, Facts, Judgement, Mean, Promotion, Replicate, Report, Result, Row, Trace, short_uuid
from reports.explanation import explanation_of


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    """None of what is no number, or none that can be."""
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None
    except OverflowError:  # an integer of hundreds of digits
        return None


def _facts(value: Any) -> Facts:
    return {str(topic): {str(k): str(v) for k, v in _dict(facts).items()} for topic, facts in _dict(value).items()}


def _trace(data: dict[str, Any]) -> Trace | None:
    times = [float(t) for t in _list(data.get("t_s"))]
    powers = [_number(p) for p in _list(data.get("power_w"))]
    return Trace(times, powers) if times and len(times) == len(powers) else None


def _replicate(data: dict[str, Any]) -> Replicate:
    samples = _dict(data.get("samples"))
    times = [float(t) for t in _list(samples.get("t_s"))]
    if not all(0 < t < math.inf for t in times):
        times = []  # bench takes no such file
    clocks = [_number(f) for f in _list(samples.get("f_hz"))]
    starts = [float(s) for s in _list(samples.get("start_s"))]
    loops = [int(i) for i in _list(samples.get("loop"))]
    n = len(times)
    return Replicate(
        gpu=short_uuid(_text(data.get("device_uuid"))),
        process=int(data.get("process") or 0),
        started=_text(data.get("started")),
        start_s=starts if len(starts) == n else [float(i) for i in range(n)],
        t_s=times,
        f_hz=clocks if len(clocks) == n else [None] * n,
        loop=loops if len(loops) == n else [0] * n,
        machine={k: {n: v for n, v in _dict(m).items() if _number(v) is not None} for k, m in _dict(data.get("machine")).items()},
        trace=_trace(_dict(data.get("trace"))),
    )


def _measured_bytes(profile: dict[str, Any]) -> float | None:
    """Of the sample as a whole where that was counted, else of all its kernels; None unless every one was counted."""
    if whole := _dict(profile.get("counters")):
        return float(whole["dram_read_bytes"] + whole["dram_written_bytes"])
    kernels = _list(profile.get("kernels"))
    if not kernels or not all(kernel.get("counters") for kernel in kernels):
        return None
    return sum(float(k["launches"] * (k["counters"]["dram_read_bytes"] + k["counters"]["dram_written_bytes"])) for k in kernels)


def _case(data: dict[str, Any]) -> Case:
    return Case(
        id=_text(data.get("id")),
        kind=_text(data.get("kind")),
        status=_text(data.get("status")) or "ok",
        message=_text(data.get("message")),
        gate=_number(data.get("gate_work")) or 0.002,
        bytes=_number(data.get("bytes")) or 0,
        parameters={str(k): str(v) for k, v in _dict(data.get("parameters")).items()},
        kernels={str(k): int(v) for k, v in _dict(data.get("kernels")).items()},
        launches=data.get("launches"),
        copy_t_s=_number(_dict(data.get("reference")).get("copy_t_s")),
        peak_memory_bytes=int(_number(data.get("peak_memory_bytes")) or 0),
        measured_bytes=_number(_measured_bytes(_dict(data.get("profile")))),
        flop=_number(data.get("flop")) or 0,
        matmul_flop_per_s=_number(_dict(data.get("reference")).get("matmul_flop_per_s")),
        accuracy=Accuracy(**{name: _number(_dict(data.get("check")).get(name)) for name in ("max_abs_error", "max_ulp", "exact_share")}),
        replicates=[_replicate(_dict(r)) for r in _list(data.get("replicates"))],
    )


def result_of(data: dict[str, Any], file: str) -> Result:
    tool, scenario = _dict(data.get("tool")), _dict(data.get("scenario"))
    return Result(
        file=file,
        version=_text(tool.get("version")),
        git_sha=_text(tool.get("git_sha")),
        git_dirty=bool(tool.get("git_dirty")),
        argv=[str(word) for word in _list(data.get("argv"))],
        started=_text(data.get("started")),
        finished=_text(data.get("finished")),
        interrupted=bool(data.get("interrupted")),
        scenario=_text(scenario.get("name")),
        scenario_file=_text(scenario.get("file")),
        profile=_text(scenario.get("profile")),
        device=_text(scenario.get("device")),
        overrides=[str(word) for word in _list(scenario.get("overrides"))],
        machine=_facts(data.get("machine")),
        settings=_facts(data.get("settings")),
        cases=[_case(_dict(case)) for case in _list(data.get("cases"))],
        origins=[_facts(_dict(o.get("machine")) | _dict(o.get("settings"))) for o in map(_dict, _list(data.get("origins")))],
    )


def _mean(data: dict[str, Any]) -> Mean:
    return Mean(
        gpu=_text(data.get("gpu")),
        process=int(data.get("process") or 0),
        started=_text(data.get("started")),
        t_s=float(data["t_s"]),
        f_hz=_number(data.get("f_hz")),
        work_t_s=float(data["work_t_s"]),
        compared=bool(data.get("compared")),
        set_aside=bool(data.get("set_aside")),
        energy_j=_number(data.get("energy_j")),
    )


def _judgement(data: dict[str, Any]) -> Judgement:
    return Judgement(
        work=float(data["work"]),
        half_width=_number(data.get("work_half_width")),
        wall=float(data["wall"]),
        clock=float(data["clock"]),
        slope=_number(data.get("slope")),
        covariates=_number(_dict(data.get("covariates")).get("share")),
        clock_hz=_number(data.get("clock_hz")),
        base_work_t_s=float(data["base_work_t_s"]),
        new_work_t_s=float(data["new_work_t_s"]),
        same_device=bool(data.get("same_device")),
        replicates_needed=data.get("replicates_needed"),
    )


def _arms(folder: str, known: dict[str, list[dict[str, Case]]]) -> list[dict[str, Case]]:
    """What `bench ab` measured of each case, of A and of B; nothing of files that are gone."""
    if folder not in known:
        results = [_read_result(Path(folder) / name, "", []) for name in ("a.json", "b.json")]
        known[folder] = [{case.id: case for case in result.cases} if result else {} for result in results]
    return known[folder]


def _judged_rows(comparison: dict[str, Any], result: Result | None, baseline: Result | None) -> Iterator[Row]:
    new = {case.id: case for case in result.cases} if result else {}
    base = {case.id: case for case in baseline.cases} if baseline else {}
    arms: dict[str, list[dict[str, Case]]] = {}
    for data in _list(comparison.get("cases")):
        in_base, in_new = data.get("ids") or (data["id"], data["id"])  # `bench ab` compares a path with another
        sides = _arms(data["pairs_of"], arms) if data.get("pairs_of") else [base, new]
        yield Row(
            id=data["id"],
            kind=data["kind"],
            verdict=data["verdict"],
            reason=data["reason"],
            gate=data["gate"],
            base_t_s=_number(data.get("base_t_s")),
            new_t_s=_number(data.get("new_t_s")),
            judgement=_judgement(data["judgement"]) if data.get("judgement") else None,
            base_energy_j=_number(data.get("base_energy_j")),
            new_energy_j=_number(data.get("new_energy_j")),
            warnings=[str(w) for w in _list(data.get("warnings"))],
            base_means=[_mean(m) for m in _list(data.get("base_replicates"))],
            new_means=[_mean(m) for m in _list(data.get("new_replicates"))],
            base=sides[0].get(in_base),
            new=sides[1].get(in_new),
            exact=_text(_dict(data.get("exact")).get("text")),
            explanation=explanation_of(data.get("explanation")),
            in_turn=bool(data.get("pairs_of")),
        )


def _measured_rows(result: Result) -> Iterator[Row]:
    """Of a result that was held against nothing."""
    for case in result.cases:
        if case.kind == "anchor":
            continue
        fine = case.status == "ok" and bool(case.samples)
        why = case.message if case.status != "ok" and case.message else "" if fine else case.status if case.status != "ok" else "no samples"
        yield Row(case.id, case.kind, "measured" if fine else "invalid", why, case.gate, None, case.t_s, None, None, None, [], [], [], None, case)


def _read_result(path: Path | None, what: str, faults: list[str]) -> Result | None:
    if path is None:
        return None
    try:
        return result_of(_dict(json.loads(path.read_text(encoding="utf-8"))), str(path))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        faults.append(f"{what} {path} cannot be read: {' '.join(str(error).split())}")
        return None


def load(result_file: Path, baseline_file: Path | None, comparison_file: Path) -> Report:
    """Reads all three. Only the comparison, which `bench report` has just written, must be sound."""
    faults: list[str] = []
    comparison = json.loads(comparison_file.read_text(encoding="utf-8"))
    result = _read_result(result_file, "the result", faults)
    baseline = _read_result(baseline_file, "the baseline", faults)
    judged = "cases" in comparison
    rows = list(_judged_rows(comparison, result, baseline) if judged else _measured_rows(result) if result else [])
    missing = _text(comparison.get("missing"))
    if missing:
        faults = [missing]  # bench's own words, which name the place
    if result:
        faults += _unfinished(result)
    if judged:
        verdict, headline = _text(comparison.get("verdict")), _text(comparison.get("verdict_line"))
    elif result and rows:
        bad = sum(row.verdict == "invalid" for row in rows)
        verdict = "invalid" if bad else "missing"
        headline = f"verdict: {verdict} ({len(rows) - bad} measured, {bad} invalid, no baseline)" if bad else (
            f"verdict: missing (no baseline, {len(rows)} measured)")  # fmt: skip
    else:
        verdict, headline = "invalid", "verdict: invalid (no result)" if not result else "verdict: invalid (no cases)"
    return Report(
        result=result,
        baseline=baseline,
        rows=rows,
        verdict=verdict,
        headline=headline,
        notes=[str(note) for note in _list(comparison.get("notes"))],
        faults=faults,
        baseline_file=_text(comparison.get("baseline_file")),
        base_side=_dict(comparison.get("base")),
        new_side=_dict(comparison.get("new")),
        promotion=_promotion(_dict(comparison.get("promotion"))),
    )


def _unfinished(result: Result) -> list[str]:
    faults = []
    if result.interrupted:
        faults.append("the run was interrupted: only the cases that had finished are here")
    elif not result.finished:
        faults.append("the run did not finish: its process ended, or still runs")
    if result.git_dirty:
        faults.append("the harness had changes that were not committed")
    if result.device == "cpu":
        faults.append("measured on the CPU with a model scaled down: its times say nothing about a GPU")
    return faults


def _promotion(data: dict[str, Any]) -> Promotion | None:
    if not data:
        return None
    comparison = _dict(data.get("comparison"))
    rows = list(_judged_rows(comparison, None, None))
    return Promotion(_text(data.get("reason")), _dict(comparison.get("base")), _dict(comparison.get("new")), rows)
