"""The figures: drifts, one case in detail, kernels against the copy line. Axes carry their units."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports import style, words
from reports.document import Case, Mean, Replicate, Report, Row

T = TypeVar("T")

MOST_ROWS = 40
MOST_LINES = 6  # processes of one arm, over time
MOST_POINTS = 400  # of one arm in one picture; more only make the file larger

_COLOURS = {"regression": style.BAD, "improvement": style.GOOD, "pass": style.BASE}
_SHAPES = {"regression": "X", "improvement": "^", "pass": "o", "inconclusive": "s"}


def file_name(case_id: str) -> str:
    """'zimage/a.bf16' -> 'zimage-a.bf16': a name of a file, whatever the id."""
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in case_id)[:120].strip("-.") or "case"


def forest(report: Report, png: bool = True) -> style.Drawing | None:
    """Each judged case's drift of work with its interval, against its gate. None where nothing was judged."""
    judged = [row for row in report.rows if row.judgement and row.verdict not in ("invalid", "missing")]
    if not judged:
        return None
    order = {row.id: i for i, row in enumerate(report.changed)}
    kept = sorted(judged, key=lambda r: (order.get(r.id, len(order)), -abs(r.judgement.work if r.judgement else 0)))[:MOST_ROWS]
    rows = [row for row in judged if row in kept]
    with style.styled("forest"):
        figure, axes = pyplot.subplots(figsize=(9.2, 1.25 + 0.27 * len(rows)), layout="constrained")
        largest_gate = max(row.gate for row in rows)
        far = max(abs(math.expm1(row.judgement.work)) for row in rows if row.judgement)
        limit = 100 * max(1.6 * largest_gate, *(_reach(row) for row in rows)) * 1.06
        for y, row in enumerate(rows):
            assert row.judgement
            axes.barh(y, 200 * row.gate, left=-100 * row.gate, height=0.84, color=style.BAND, zorder=1)
            work = 100 * math.expm1(row.judgement.work)
            colour = _COLOURS.get(row.verdict, style.UNSURE)
            known = row.judgement.half_width is not None
            if row.judgement.half_width is not None:
                low = 100 * math.expm1(row.judgement.work - row.judgement.half_width)
                high = 100 * math.expm1(row.judgement.work + row.judgement.half_width)
                axes.plot([max(low, -limit), min(high, limit)], [y, y], color=colour, solid_capstyle="butt", zorder=3)
            axes.plot(work, y, _SHAPES.get(row.verdict, "s"), color=colour, mfc=colour if known else style.PAPER, ms=6, zorder=4)
        axes.axvline(0, color=style.MUTED, linewidth=0.9, zorder=2)
        if far > 0.02:
            axes.set_xscale("symlog", linthresh=200 * largest_gate, linscale=1.5)
            ticks = [t for t in (0.5, 2, 10, 100, 1000) if 200 * largest_gate * 0.9 <= t <= 1.5 * limit]
            axes.set_xticks([-t for t in reversed(ticks)] + [0, *ticks], minor=False)
            axes.minorticks_off()
            slowest = max(100 * math.expm1(row.judgement.work) for row in rows if row.judgement)
            fastest = min(100 * math.expm1(row.judgement.work) for row in rows if row.judgement)
            axes.set_xlim(min(1.5 * fastest, -300 * largest_gate), max(1.5 * slowest, 300 * largest_gate))
        else:
            axes.set_xlim(-limit, limit)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:+g}" if x else "0"))
        axes.set_xlabel("drift of work, % (negative: faster), with its 99 % interval; shaded: within the gate")
        axes.set_yticks(range(len(rows)), [f"{style.plain(style.shortened(row.id, 52))}  {words.MARKS[row.verdict]}" for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        cut = f"; {len(judged) - len(rows)} more are not drawn" if len(judged) > len(rows) else ""
        alt = f"Drift of work of {len(rows)} cases with 99 % intervals against their gates{cut}. {report.headline}"
        return style.finish(figure, "forest", alt, png)


def _reach(row: Row) -> float:
    """How far the row's estimate and, up to a point, its interval go."""
    assert row.judgement
    work, half = abs(math.expm1(row.judgement.work)), row.judgement.half_width or 0
    return max(work, min(work + half, work + 3 * row.gate))


# --- one case -----------------------------------------------------------------------------------------------------


def case(row: Row, png: bool = True) -> style.Drawing | None:
    """Time against clock with the line of both arms; samples over time with clock and power; replicates by GPU."""
    if row.new is None or not row.new.samples:
        return None
    name = "case-" + file_name(row.id)
    with style.styled(name):
        figure = pyplot.figure(figsize=(10.2, 6.6))
        figure.suptitle(style.plain(style.shortened(row.id, 90)), x=0.012, y=0.985, ha="left", fontsize=10.5, fontweight="bold")
        # Places are given, not computed: a layout engine takes longer than all the drawing.
        left = {"left": 0.075, "right": 0.52, "top": 0.885, "bottom": 0.07}
        right = {"left": 0.605, "right": 0.99, "top": 0.885, "bottom": 0.07}
        if row.new_means:
            halves = figure.add_gridspec(2, 1, height_ratios=(2, 1), hspace=0.33, **left)
            upper = figure.add_subplot(halves[0])
            replicates(figure.add_subplot(halves[1]), row)
        else:
            upper = figure.add_subplot(figure.add_gridspec(1, 1, **left)[0])
        time_against_clock(upper, row)
        shown = {label: line for line in upper.lines if not (label := str(line.get_label())).startswith("_")}
        if shown:
            legend = figure.legend(shown.values(), shown.keys(), loc="upper right", bbox_to_anchor=(0.995, 1.0), ncols=2,
                                   markerscale=1.8, handletextpad=0.1, columnspacing=1.2)  # fmt: skip
            for handle in legend.legend_handles:
                if handle is not None:
                    handle.set_alpha(1)
        thirds = figure.add_gridspec(3, 1, hspace=0.1, **right)
        over_time(figure.add_subplot(thirds[0]), figure.add_subplot(thirds[1]), figure.add_subplot(thirds[2]), row)
        alt = f"{row.id}: {'step' if row.kind == 'loop' else 'launch'} time against SM frequency, over time, and by replicate. " + (
            f"Work drift {words.drift(row.judgement)}, {row.verdict}." if row.judgement else f"{row.verdict}."
        )
        return style.finish(figure, name, alt, png)


def _unit(seconds: float) -> tuple[float, str]:
    return (1e6, "µs") if seconds < 1e-3 else (1e3, "ms") if seconds < 1 else (1, "s")


def _scale(row: Row) -> tuple[float, str]:
    return _unit((row.new.t_s if row.new else None) or row.new_t_s or 1)


def _compared(replicates: Sequence[Replicate], means: Sequence[Mean]) -> list[Replicate]:
    """Those that were compared; all of them where nothing was."""
    wanted = {(m.process, m.started, m.gpu) for m in means if m.compared}
    kept = [r for r in replicates if (r.process, r.started, r.gpu) in wanted]
    return [r for r in (kept or replicates) if r.t_s]


def _thinned(values: list[T], most: int = MOST_POINTS) -> list[T]:
    step = max(1, math.ceil(len(values) / most))
    return values[::step]


Arm = tuple[str, str, str, list[Replicate]]  # its name, colour, mark, and what was compared of it


def _arms(row: Row, base: Sequence[Replicate], new: Sequence[Replicate]) -> list[Arm]:
    arms = [("baseline", style.BASE, style.BASE_MARK, _compared(base, row.base_means))]
    arms.append(("now", style.NEW, style.NEW_MARK, _compared(new, row.new_means)))
    return [arm for arm in arms if arm[3]]


def _judged_arms(row: Row) -> list[Arm]:
    return _arms(row, *row.judged)


def _timed_arms(row: Row) -> list[Arm]:
    return _arms(row, row.base.replicates if row.base else [], row.new.replicates if row.new else [])


def time_against_clock(axes: Axes, row: Row) -> None:
    factor, unit = _scale(row)
    what = "step" if row.kind == "loop" else "launch"
    judgement = row.judgement
    clocks: list[float] = []
    for label, colour, mark, arm in _judged_arms(row):
        points = [(f, t) for r in arm for f, t in zip(r.f_hz, r.t_s, strict=True) if f]
        clocks += [f for f, _ in points]
        if points:
            shown = _thinned(points)
            axes.plot([f / 1e9 for f, _ in shown], [factor * t for _, t in shown], mark, color=colour, ms=3.2, alpha=0.45, mew=0,
                      label=f"{label}, {len(points)} samples")  # fmt: skip
    axes.set_title(f"Time of a {what} against the SM clock", pad=18)
    axes.set_ylabel(f"time of a {what}, {unit}" + (", less what its place is worth" if row.kind == "kernel" else ""))
    axes.set_xlabel("mean SM frequency of the sample, GHz")
    if not clocks:
        axes.text(0.5, 0.5, "the clock was not read here", transform=axes.transAxes, ha="center", color=style.MUTED)
        axes.set_xticks([])
        return
    low, high = min(clocks), max(clocks)
    if judgement and judgement.slope is not None and judgement.clock_hz:
        low, high = min(low, judgement.clock_hz), max(high, judgement.clock_hz)
        grid = [low + (high - low) * i / 40 for i in range(41)]
        for level, colour in ((judgement.base_work_t_s, style.BASE), (judgement.new_work_t_s, style.NEW)):
            line = [factor * level * (f / judgement.clock_hz) ** judgement.slope for f in grid]
            axes.plot([f / 1e9 for f in grid], line, color=colour, zorder=4)
        axes.axvline(judgement.clock_hz / 1e9, color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        _note(axes, f"work {words.drift(judgement)} at {judgement.clock_hz / 1e9:.3f} GHz (dashed), slope {judgement.slope:.2f}")
    elif judgement:
        how = "judged without a slope" if judgement.covariates is None else "no slope here, read at one clock as processes follow it"
        _note(axes, f"work {words.drift(judgement)}: {how}")
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _note(axes: Axes, text: str) -> None:
    """A line between title and picture."""
    axes.text(0, 1.012, text, transform=axes.transAxes, fontsize=8.5, color=style.MUTED)


def over_time(top: Axes, middle: Axes, bottom: Axes, row: Row) -> None:
    """Samples in the order they were taken, the clock, and the power that the driver gave meanwhile; else before and after."""
    factor, unit = _scale(row)
    traced = marked = False
    arms = _timed_arms(row)
    for _, colour, mark, arm in arms:
        for replicate in arm[:MOST_LINES]:
            start = replicate.start_s[0]
            samples = _thinned(list(zip(replicate.start_s, replicate.t_s, replicate.f_hz, strict=True)), 150)
            seconds = [s - start for s, _, _ in samples]
            top.plot(seconds, [factor * t for _, t, _ in samples], color=colour, linewidth=0.8, alpha=0.75)
            if all(f for _, _, f in samples):
                middle.plot(seconds, [f / 1e9 for _, _, f in samples if f], color=colour, linewidth=0.8, alpha=0.75)
            if readings := _power(replicate):
                traced = True
                bottom.plot([t for t, _ in readings], [w for _, w in readings], color=colour, linewidth=0.8, alpha=0.75)
                continue
            end = replicate.start_s[-1] - start + replicate.t_s[-1]
            watts = [(x, replicate.machine.get(when, {}).get("power_w")) for x, when in ((0.0, "before"), (end, "after"))]
            known = [(x, w) for x, w in watts if w is not None]
            if known:
                marked = True
                bottom.plot([x for x, _ in known], [w for _, w in known], mark, color=colour, ms=4.5, alpha=0.75, mew=0)
    most = max((len(arm) for *_, arm in arms), default=0)
    top.set_title("Over time, a line a process" + (f" (of {most} the first {MOST_LINES})" if most > MOST_LINES else ""))
    top.set_ylabel(f"time, {unit}" + ("\nas timed, all places" if row.kind == "kernel" else ""))
    middle.set_ylabel("SM clock, GHz")
    bottom.set_ylabel("power, W" + ("\nmarks: before, after" if traced and marked else "\nbefore, after" if not traced else ""))
    bottom.set_xlabel("seconds since the case's first sample")
    for axes, there in ((middle, bool(middle.lines)), (bottom, traced or marked)):
        if not there:
            axes.text(0.5, 0.5, "not read here", transform=axes.transAxes, ha="center", va="center", color=style.MUTED)
            axes.set_yticks([])
    last = max(axes.get_xlim()[1] for axes in (top, middle, bottom) if axes.lines)
    for axes in (top, middle, bottom):
        axes.set_xlim(-0.04 * last, last)
        axes.tick_params(labelbottom=axes is bottom)


def _power(replicate: Replicate) -> list[tuple[float, float]]:
    """(seconds since the first sample, watts) of a trace that is a line; else nothing."""
    if replicate.trace is None:
        return []
    start = replicate.start_s[0]
    known = [(t - start, w) for t, w in zip(replicate.trace.t_s, replicate.trace.power_w, strict=True) if w is not None]
    return known if len(known) > 1 else []


def replicates(axes: Axes, row: Row) -> None:
    """Each process's time at the judged clock against the baseline's mean on its GPU; hollow: set aside or not compared."""
    means = row.base_means + row.new_means
    gpus = sorted({m.gpu for m in means})
    overall = row.judgement.base_work_t_s if row.judgement else sum(m.work_t_s for m in means) / len(means)
    references = dict.fromkeys(gpus, overall)
    for gpu in gpus:
        own = [m.work_t_s for m in row.base_means if m.gpu == gpu and m.compared]
        if own:
            references[gpu] = sum(own) / len(own)
    axes.axhspan(-100 * row.gate, 100 * row.gate, color=style.BAND, zorder=0)
    for label, colour, mark, arm, shift in (("baseline", style.BASE, style.BASE_MARK, row.base_means, -0.14),
                                            ("now", style.NEW, style.NEW_MARK, row.new_means, 0.14)):  # fmt: skip
        for i, mean in enumerate(sorted(arm, key=lambda m: (m.gpu, m.started))):
            x = gpus.index(mean.gpu) + shift + 0.05 * (i % 4 - 1.5)
            axes.plot(x, 100 * (mean.work_t_s / references[mean.gpu] - 1), mark, color=colour, mfc=colour if mean.compared else "none", ms=5.5,
                      label=label if i == 0 else None)  # fmt: skip
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.set_title("Replicates at one clock, against the baseline on their GPU")
    axes.set_ylabel("%")
    axes.set_xticks(range(len(gpus)), [style.plain(gpu) or "the CPU" for gpu in gpus], fontsize=8)
    axes.set_xlim(-0.5, len(gpus) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:+g}" if abs(y) > 1e-9 else "0"))
    axes.yaxis.set_major_locator(MaxNLocator(4))


# --- kernels --------------------------------------------------------------------------------------------------------


def roofline(report: Report, png: bool = True) -> style.Drawing | None:
    """Bandwidth of kernels against the bytes that they must move, with the copy that was measured beside each."""
    rows = [r for r in report.rows if r.kind == "kernel" and r.new and r.new.bytes > 0 and r.new_t_s and r.new.status == "ok"]
    if not rows:
        return None
    measured = all(r.new.measured_bytes for r in rows if r.new)

    def traffic(row: Row) -> float:
        return (row.new.measured_bytes if measured else row.new.bytes) or 0.0 if row.new else 0.0

    kind = "measured: the GPU's own count" if measured else "modelled: the least that the kernel must move"
    paths = sorted({row.new.parameters.get("path", "") for row in rows if row.new})
    shapes = "o^sDvP*X"
    colours = (style.NEW, style.BASE, style.GOOD, "#cc79a7", "#e69f00", style.MUTED)
    with style.styled("roofline"):
        figure, axes = pyplot.subplots(figsize=(9.2, 4.6), layout="constrained")
        copies = sorted({(r.new.bytes, r.new.bytes / r.new.copy_t_s) for r in rows if r.new and r.new.copy_t_s})
        if copies:
            axes.plot([b / 1e6 for b, _ in copies], [rate / 1e12 for _, rate in copies], color=style.MUTED, linestyle=(0, (4, 2)),
                      marker=".", label="copy of as many bytes")  # fmt: skip
        for i, path in enumerate(paths):
            own = [r for r in rows if r.new and r.new.parameters.get("path", "") == path]
            points = [(traffic(r) / 1e6, traffic(r) / r.new_t_s / 1e12) for r in own if r.new and r.new_t_s]
            axes.plot(*zip(*points, strict=True), shapes[i % len(shapes)], color=colours[i % len(colours)], ms=6.5, alpha=0.85,
                      label=style.plain(path or "now"))  # fmt: skip
            before = [(traffic(r) / 1e6, traffic(r) / r.base_t_s / 1e12) for r in own if r.new and r.base_t_s]
            if before:
                axes.plot(*zip(*before, strict=True), shapes[i % len(shapes)], color=colours[i % len(colours)], mfc="none", ms=9.5,
                          mew=0.8, alpha=0.8, label=style.plain(f"{path or 'case'}, baseline"))  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        _plain_logs(axes)
        axes.set_title("Bandwidth of kernels")
        axes.set_xlabel(f"bytes, MB ({kind})")
        axes.set_ylabel("bandwidth, TB/s")
        style.legend_below(axes, 5)
        alt = f"Bandwidth of {len(rows)} kernel cases against their bytes ({kind}), beside a copy of as many bytes."
        return style.finish(figure, "roofline", alt, png)


def loop_roofline(report: Report, png: bool = True) -> style.Drawing | None:
    """A step's rate of operations against those it does a byte, under what copy and product of the same run allow. None where
    the GPU counted the bytes of no step: there is no model of them."""
    rows = [r for r in report.rows if r.kind == "loop" and r.new and r.new.status == "ok" and r.new_t_s and r.new.measured_bytes and r.new.flop]
    if not rows:
        return None
    copy = report.result.copy_rate if report.result else None
    peaks = [row.new.matmul_flop_per_s for row in rows if row.new and row.new.matmul_flop_per_s]
    peak = max(peaks) if peaks else None

    def point(case: Case | None, t_s: float | None) -> tuple[float, float] | None:
        """(operations a byte, TFLOP/s); None where its bytes were not counted."""
        return (case.flop / case.measured_bytes, case.flop / t_s / 1e12) if case and t_s and case.measured_bytes else None

    now = {row.id: found for row in rows if (found := point(row.new, row.new_t_s))}
    before = {row.id: found for row in rows if (found := point(row.base, row.base_t_s))}
    ridge = peak / copy if peak and copy else None
    xs = [x for x, _ in (*now.values(), *before.values())] + ([ridge] if ridge else [])
    low, high = 0.1 * min(xs), 3 * max(xs)
    with style.styled("roofline-loops"):
        figure, axes = pyplot.subplots(figsize=(9.2, 4.6), layout="constrained")
        if copy:
            end = min(high, ridge) if ridge else high
            axes.plot([low, end], [copy * low / 1e12, copy * end / 1e12], color=style.MUTED, linestyle=(0, (4, 2)),
                      label=f"copy, {copy / 1e12:.2f} TB/s")  # fmt: skip
        if peak:
            start = max(low, ridge) if ridge else low
            axes.plot([start, high], [peak / 1e12, peak / 1e12], color=style.INK, linewidth=1, label=f"matrix product, {peak / 1e12:.0f} TFLOP/s")
        shapes, colours = "o^sDvP*X", (style.NEW, style.BASE, style.GOOD, "#cc79a7", "#e69f00", style.MUTED)
        for i, (name, here) in enumerate(now.items()):
            shape, colour = shapes[i % len(shapes)], colours[i % len(colours)]
            axes.plot(*here, shape, color=colour, ms=6.5, alpha=0.85, linestyle="none", label=style.plain(style.shortened(name, 48)))
            if name in before:
                axes.plot(*before[name], shape, color=colour, mfc="none", ms=9.5, mew=0.8, alpha=0.8, linestyle="none")
        axes.set_xscale("log")
        axes.set_yscale("log")
        _plain_logs(axes)
        axes.set_title("Steps under the roofline" + (" (hollow: the baseline's)" if before else ""))
        axes.set_xlabel("FLOP a byte (FLOP modelled; bytes measured: the GPU's own count)")
        axes.set_ylabel("TFLOP/s")
        style.legend_below(axes, 2)
        alt = f"Rate of operations of {len(rows)} loop{'s' if len(rows) > 1 else ''} against FLOP a byte, bytes measured, under " + (
            f"a copy of {copy / 1e12:.2f} TB/s" if copy else "no copy, which was not measured,") + (
            f" and a matrix product of {peak / 1e12:.0f} TFLOP/s. " if peak else " and no matrix product. ")  # fmt: skip
        alt += " ".join(f"{name}: {y:.0f} TFLOP/s at {x:.0f} FLOP a byte." for name, (x, y) in now.items())
        return style.finish(figure, "roofline-loops", alt, png)


def _plain_logs(axes: Axes) -> None:
    plain: Callable[[float, int], str] = lambda v, _: f"{v:g}"  # noqa: E731
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(plain))
        axis.set_minor_formatter(FuncFormatter(lambda v, _: f"{v:g}" if f"{v:e}"[0] in "25" else ""))
        axis.set_tick_params(which="minor", labelsize=7.5, labelcolor=style.MUTED)
    axes.grid(which="minor", linewidth=0.3)
