"""Numbers and verdicts as words, the same in every format."""

from __future__ import annotations

import math
import re
import shlex

from reports.document import Accuracy, Case, Judgement, Report, Row
from reports.explanation import Explanation, Line

# A mark and a word: readable without colour, in a terminal, on paper and aloud.
MARKS = {
    "regression": "✗",
    "improvement": "▲",
    "invalid": "!",
    "missing": "–",
    "inconclusive": "?",
    "pass": "✓",
    "measured": "·",
}


def verdict(name: str) -> str:
    return f"{MARKS.get(name, '?')} {name}"


def time(seconds: float | None) -> str:
    """'93.12 ms', '22.30 us', as bench/text prints it; '' for None."""
    if not seconds or seconds <= 0 or not math.isfinite(seconds):
        return ""
    small = seconds < 1e-3
    value = seconds * (1e6 if small else 1e3)
    leading = math.floor(math.log10(value)) + 1
    return f"{value:.{max(0, 4 - leading)}f} {'us' if small else 'ms'}"


def percent(log_drift: float | None) -> str:
    """Of a drift of log time: '+0.30 %'."""
    if log_drift is None:
        return ""
    text = f"{100 * math.expm1(log_drift):+.2f} %"
    return "+0.00 %" if text == "-0.00 %" else text


def half_width(judgement: Judgement | None) -> str:
    """'0.06 %': half the interval of the relative drift; '' where nothing is known of the noise."""
    if judgement is None or judgement.half_width is None:
        return ""
    width = 100 * math.exp(judgement.work) * math.sinh(min(judgement.half_width, 20))
    return "> 1000 %" if width > 1000 else f"{width:.2f} %"


def drift(judgement: Judgement | None) -> str:
    """'+0.31 % ± 0.08 %'"""
    if judgement is None:
        return ""
    width = half_width(judgement)
    return f"{percent(judgement.work)} ± {width or 'unknown'}"


def gate(value: float) -> str:
    return f"{100 * value:g} %"


def explanation(row: Row) -> str:
    """One line on a case that a reviewer looks at; '' where there is nothing to add."""
    parts = []
    if row.new and row.new.status == "ok" and row.new.message:
        parts.append(row.new.message)
    if row.reason:
        parts.append(row.reason)
    elif row.verdict in ("regression", "improvement") and row.judgement:
        parts.append(f"beyond the gate of {gate(row.gate)}")
    if row.verdict == "inconclusive" and row.judgement and row.judgement.replicates_needed:
        parts.append(f"{row.judgement.replicates_needed} replicates in all would decide it")
    if row.in_turn:
        parts.append("in turn with the baseline's build on this GPU")
    if row.judgement and not row.judgement.same_device:
        parts.append("another GPU than the baseline's")
    aside = sum(m.set_aside for m in row.base_means + row.new_means)
    if aside:
        parts.append(f"{aside} replicate{'s' if aside > 1 else ''} set aside")
    if row.exact:
        parts.append(row.exact)
    return "; ".join(parts + row.warnings)


def share(value: float) -> str:
    return f"{100 * value:+.2f} %"


def whole(explanation: Explanation) -> str:
    """What the profiles say of the drift, beside what the timed samples do."""
    timed = f", the timed samples by {share(explanation.timed)}" if explanation.timed is not None else ""
    return f"The profiles differ by {share(explanation.work)} at one clock{timed}"


def launches(line: Line) -> str:
    same = line.base_launches == line.new_launches
    return f"{line.new_launches}" if same else f"{line.base_launches} → {line.new_launches}"


def resolution(report: Report) -> str:
    """What the run could resolve: '0.06 to 0.13 %'; '' where nothing was judged."""
    widths = sorted(row.judgement.half_width for row in report.rows if row.judgement and row.judgement.half_width is not None)
    if not widths:
        return ""
    low, high = (f"{100 * math.sinh(width):.2f}" for width in (widths[0], widths[-1]))
    return f"{low} %" if low == high else f"{low} to {high} %"


def energy(row: Row) -> str:
    """'76.1 J, now 75.9 J' a sample; '' where nobody counted it."""
    if row.new_energy_j is None:
        return ""
    now = f"{row.new_energy_j:.4g} J"
    return now if row.base_energy_j is None else f"{row.base_energy_j:.4g} J, now {now}"


def max_error(value: float | None) -> str:
    """Of an output, as bench/text prints it: '1.6e-02'; '-' where it is not known, also below."""
    return "-" if value is None else f"{value:.1e}"


def ulp(value: float | None) -> str:
    """'0.5', '109'"""
    return "-" if value is None else f"{value:.3g}"


def exact_share(value: float | None) -> str:
    """'100 %' only of all elements: one in a million that differs makes it '99 %'."""
    return "-" if value is None else "100 %" if value == 1 else f"{min(99, math.floor(100 * value))} %"


def accuracy(row: Row) -> list[str]:
    """Max error, ulp and exact share of a kernel's output, '99 % → 100 %' where the baseline's is known to be another; [] of what
    is no kernel, or has no output that counts."""
    if row.kind != "kernel" or row.new is None or row.new.status != "ok":
        return []
    unknown = ["-"] * 3
    before = _accuracy(row.base.accuracy) if row.base and row.base.status == "ok" else unknown
    now = _accuracy(row.new.accuracy)
    return [b + f" → {n}" if b not in ("-", n) else n for b, n in zip(before, now, strict=True)] if now != unknown else []


def _accuracy(accuracy: Accuracy) -> list[str]:
    return [max_error(accuracy.max_abs_error), ulp(accuracy.max_ulp), exact_share(accuracy.exact_share)]


def gpu_while_sampled(case: Case | None) -> str:
    """'688 W, 61 °C at most, clock held by SwPowerCap 97 % of the time'; '' where nobody looked."""
    machines = [r.machine for r in case.replicates if "readings" in r.machine.get("sampled", {})] if case else []
    parts = []
    if powers := [m["sampled"]["power_w"] for m in machines if "power_w" in m["sampled"]]:
        parts.append(f"{sum(powers) / len(powers):.0f} W")
    if temperatures := [m["sampled"]["temperature_c"] for m in machines if "temperature_c" in m["sampled"]]:
        parts.append(f"{max(temperatures):.0f} °C at most")
    shares: dict[str, float] = {}
    for events in (m.get("clocks_events", {}) for m in machines):
        for name, value in events.items():
            shares[name] = shares.get(name, 0) + value / len(machines)
    held = [f"{name} {100 * value:.0f} %" for name, value in sorted(shares.items(), key=lambda item: -item[1]) if value >= 0.005]
    if held:
        parts.append(f"clock held by {', '.join(held)} of the time")
    return ", ".join(parts)


def machine(report: Report) -> list[str]:
    """What was measured on, a line a side."""
    lines = []
    for name, side, result in (("baseline", report.base_side, report.baseline), ("now", report.new_side, report.result)):
        if not side and result:
            gpu = result.machine.get("gpu", {}).get("name") if result.device != "cpu" else "the CPU"
            gpus = f" ({', '.join(result.gpus)})" if result.gpus else ""
            side = {"git_sha": result.git_sha, "started": result.started, "gpu": f"{gpu or 'an unknown GPU'}{gpus}"}
        if side:
            lines.append(f"{name}: {side.get('git_sha') or 'unknown revision'} of {side.get('started', '')[:10]} on {side.get('gpu', '')}")
    return lines


def reproduce(report: Report) -> str:
    """The command of the new result, but for where its author put it; "" where it is not known."""
    if not report.result or not report.result.argv:
        return ""
    words = iter(report.result.argv[1:])
    kept = [word for word in words if not word.startswith("--out=") and not (word == "--out" and next(words, ""))]
    return shlex.join(["ci/bench", *kept])


_SHARED = re.compile(
    r"(?<![A-Za-z0-9_])(?:void |\(anonymous namespace\)::|<unnamed>::|at::native::|at::cuda::|at::|c10::|bench::|kernels::cuda::|kernels::"
    r"|cuda::detail::|std::)"
)
_ELEMENTWISE = re.compile(r"(vectorized_|unrolled_|)elementwise_kernel<[0-9, ]*(?:gpu_kernel_impl_nocast<|gpu_kernel_impl<)?")
_WRAPPED = re.compile(r"(?:Binary|AUnary|BUnary)Functor<.*?binary_internal::")


def _first_argument(text: str) -> str:
    """'add<float>, array<char*, 3> >(int' -> 'add<float>': up to what is outside of its own brackets."""
    depth = 0
    for i, c in enumerate(text):
        if depth == 0 and c in ",>(":
            return text[:i].rstrip()
        depth += (c == "<") - (c == ">")
    return text + ".."  # results cut names


def _without_arguments(name: str) -> str:
    depth = 0
    for i, c in enumerate(name):
        if c == "(" and depth == 0 and i > 0:
            return name[:i]
        depth += (c in "<(") - (c in ">)")
    return name


def kernel(name: str, longest: int) -> str:
    """A kernel's name without what all of them share: the rule of bench/explain/kernel_name.h."""
    name = _SHARED.sub("", name)
    if match := _ELEMENTWISE.match(name):
        functor = _WRAPPED.sub("", name[match.end() :], count=1) if _WRAPPED.match(name, match.end()) else name[match.end() :]
        name = f"{match[1]}elementwise {_first_argument(functor)}"
    name = re.sub(r"[\x00-\x1f\x7f]", "?", _without_arguments(name)) or "?"
    return name if len(name) <= longest else name[: longest - 2] + ".."
