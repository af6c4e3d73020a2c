"""What each process measured of a case, and the one number that counts of it: its mean log time."""

import json
import math
import statistics
import sys
from collections import defaultdict

from reports.judged_samples import judged_samples, place_effects

SLOPES = (-1.1, 0)
SHORT_KERNEL_S = 5e-6  # a launch


def read(path):
    """A result file; one that is none ends the program in one line."""
    try:
        with open(path) as file:
            result = json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"{path}: {error.strerror if isinstance(error, OSError) else f'not JSON: {error}'}")
    if not isinstance(result, dict) or "cases" not in result:
        sys.exit(f"{path}: no result of bench: it has no cases")
    return result


def sound_replicates(case):
    """process -> (GPU, samples, temperature)."""
    return {
        process_of(replicate): (replicate["device_uuid"], replicate["samples"], temperature(replicate))
        for replicate in case["replicates"]
        if case["status"] == "ok" and None not in replicate["samples"]["f_hz"]
    }


def process_of(replicate):
    return replicate["device_uuid"], replicate["process"], replicate["seed"]


def temperature(replicate):
    """Of the GPU, the mean of before and after the case; None where it is not known. As bench/results/facts.cpp says it."""
    values = [replicate.get("machine", {}).get(when, {}).get("temperature_c") for when in ("before", "after")]
    return None if None in values else sum(values) / 2


def regime(case):
    """As bench/compare/comparison.cpp says it."""
    if case["kind"] != "kernel":
        return f"{case['parameters']['engine']} loop"
    times = [t for samples in judged([replicate["samples"] for replicate in case["replicates"]]) for t in samples["t_s"]]
    return "short kernel" if times and statistics.median(times) / (case["launches"] or 1) < SHORT_KERNEL_S else "kernel"


def judged(of_processes):
    """A kernel's samples, process by process, at the places that are judged, less what a place is worth."""
    processes = [(samples["loop"], samples["t_s"]) for samples in of_processes]
    effects = place_effects(processes)
    found = []
    for samples, process in zip(of_processes, processes):
        times = judged_samples(process, effects)
        found.append({"t_s": list(times.values())} | {name: [samples[name][i] for i in times] for name in ("f_hz", "loop")})
    return found


def levels(replicates, along_loops=True):
    """(GPU, mean log time, at one frequency if `along_loops`) of each process."""
    slope, error = line(replicates) if along_loops else (0, math.inf)
    if not (SLOPES[0] < slope < SLOPES[1] and abs(slope) > 3 * error):
        slope = 0
    found = []
    for gpu, samples, *_ in replicates:
        log_t = statistics.mean(map(math.log, samples["t_s"]))
        found.append((gpu, log_t - slope * (mean_log_clock(samples) - math.log(1.58e9))))
    return found


def line(replicates):
    """Slope of log t on log f within loops, its standard error."""
    tf = ff = tt = groups = count = 0
    for _, samples, *_ in replicates:
        loops = defaultdict(list)
        for t, f, loop in zip(samples["t_s"], samples["f_hz"], samples["loop"]):
            loops[loop].append((math.log(t), math.log(f)))
        for pairs in loops.values():
            mean_t, mean_f = (statistics.mean(column) for column in zip(*pairs))
            tf += sum((t - mean_t) * (f - mean_f) for t, f in pairs)
            ff += sum((f - mean_f) ** 2 for _, f in pairs)
            tt += sum((t - mean_t) ** 2 for t, _ in pairs)
            groups, count = groups + 1, count + len(pairs)
    if ff <= 0 or count - groups < 2:
        return 0, math.inf
    slope = tf / ff
    return slope, math.sqrt(max(0, tt - slope * tf) / (count - groups - 1) / ff)


def mean_log_clock(samples):
    return statistics.mean(map(math.log, samples["f_hz"]))


def by_gpu(levels_of_processes):
    groups = defaultdict(list)
    for gpu, level in levels_of_processes:
        groups[gpu].append(level)
    return groups


def less_gpu_means(gpus, values):
    """Of each process what its GPU's others do not have."""
    means = {gpu: statistics.fmean(of_gpu) for gpu, of_gpu in by_gpu(zip(gpus, values)).items()}
    return [value - means[gpu] for gpu, value in zip(gpus, values)]
