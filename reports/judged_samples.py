"""The samples of a kernel that count, less what their place in memory is worth: as bench/compare/judged_samples.h says it."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence

Process = tuple[Sequence[int], Sequence[float]]  # the place of each of its samples, and the seconds that it took
Effects = dict[int, float]  # of places, in log time


def place_effects(processes: Sequence[Process]) -> Effects:
    """Of a case by itself."""
    return _centred(_usual(processes))


def place_effects_of_arms(base: Sequence[Process], new: Sequence[Process]) -> Effects:
    """Of two arms of one kernel: the mean of both, at the places that both have."""
    before, now = _usual(base), _usual(new)
    return _centred({place: (before[place] + now[place]) / 2 for place in before if place in now})


def judged_samples(process: Process, effects: Effects) -> dict[int, float]:
    """Index of each sample that counts -> its seconds: those at the place, or the two, in the middle of the process's places. All of
    them as they are where nothing is known of places."""
    if not effects:
        return dict(enumerate(process[1]))
    mean = {place: log_t for place, log_t in _mean_log_times(process).items() if place in effects}
    by_deviation = sorted(mean, key=lambda place: mean[place] - effects[place])
    judged = by_deviation[(len(mean) - 1) // 2 : len(mean) // 2 + 1] if mean else []
    return {i: t * math.exp(-effects[place]) for i, (place, t) in enumerate(zip(*process, strict=True)) if place in judged}


def _mean_log_times(process: Process) -> Effects:
    log_t = defaultdict(list)
    for place, t in zip(*process, strict=True):
        log_t[place].append(math.log(t))
    return {place: statistics.fmean(of_place) for place, of_place in log_t.items()}


def _usual(processes: Sequence[Process]) -> Effects:
    means = [_mean_log_times(process) for process in processes]
    places = dict.fromkeys(place for of in means for place in of)
    return {place: statistics.median(of[place] for of in means if place in of) for place in places}


def _centred(usual: Effects) -> Effects:
    of_all = statistics.fmean(usual.values()) if usual else 0.0
    return {place: log_t - of_all for place, log_t in usual.items()}
