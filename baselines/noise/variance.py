"""The components of variance: between processes on one GPU, and between GPUs."""

import math
import statistics

from baselines.noise.replicates import by_gpu


def within_gpus(levels_of_processes):
    """(degrees of freedom, variance) around each GPU's mean."""
    groups = [levels for levels in by_gpu(levels_of_processes).values() if len(levels) > 1]
    df = sum(len(levels) - 1 for levels in groups)
    return df, sum((len(levels) - 1) * statistics.variance(levels) for levels in groups) / df if df else 0


def between_gpus(cases):
    """(standard deviation, degrees of freedom) of [{GPU: mean log time}], each case with two GPUs or more."""
    squares = [(len(case) - 1) * statistics.variance(case.values()) for case in cases]
    choices = [(math.sqrt(s / (len(case) - 1)), len(case) - 1) for s, case in zip(squares, cases) if len(case) > 2]
    together = rank(list(case) for case in cases)
    if together > 1:
        choices.append((math.sqrt(sum(squares) / sum(len(case) - 1 for case in cases)), together))
    return max(choices, default=(0, 0))


def rank(connections):
    """How many of the keys can be told apart by what connects them: all less one of each group that nothing connects."""
    parts = {}

    def root(key):
        while parts.setdefault(key, key) != key:
            key = parts[key]
        return key

    for first, *others in connections:
        root(first)
        for other in others:
            parts[root(other)] = root(first)
    return len(parts) - len({root(key) for key in parts})
