"""Kinds of GPUs, told by their memory copies."""

import math
import statistics
from collections import defaultdict

from baselines.noise.replicates import sound_replicates

KIND_TOLERANCE = 0.003  # of log time: copies of one kind of GPU, as bench/stats/judge.h has it


def kinds(cases):
    """GPU -> the number of its kind: GPUs sorted by the median log time of their copies, a new kind behind each gap."""
    copies = defaultdict(list)
    for case in cases:
        if case["kind"] == "anchor" and case["id"].endswith("/copy"):
            for gpu, samples, _ in sound_replicates(case).values():
                copies[gpu].append(statistics.median(map(math.log, samples["t_s"])))
    found, last = {}, None
    for copy, gpu in sorted((statistics.median(of_gpu), gpu) for gpu, of_gpu in copies.items()):
        found[gpu] = found.get(last, 0) + (last is not None and copy - before > KIND_TOLERANCE)
        last, before = gpu, copy
    return found


def of_kinds(of_file, kind_of):
    """The GPUs of one file, those of each kind by themselves; GPUs without a copy are of none."""
    groups = defaultdict(dict)
    for gpu, mean in of_file.items():
        if gpu in kind_of:
            groups[kind_of[gpu]][gpu] = mean
    return list(groups.values())
