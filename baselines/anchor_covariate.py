#!/usr/bin/env python3
"""Would the anchors narrow the interval? What a loop's time and an anchor's have in common, between processes and between GPUs.

    baselines/anchor_covariate.py RESULT...

Every process times two anchors beside its cases: a memory copy and a mix of matrix products, attention and norms. Of each
loop, and each anchor, read at one clock as estimate_noise.py does it, it prints
  between processes  the standard deviation on one GPU as it is, and around a line on the anchor's own deviation from its
                     GPU's mean
  between GPUs       the same of the GPUs' means; with n GPUs a line leaves n - 2 degrees of freedom
A covariate is worth having where the second figure is clearly below the first. Needs nothing but Python.
"""

import json
import math
import statistics
import sys
from collections import defaultdict

from estimate_noise import levels, sound_replicates


def around_line(points, groups):
    """(sd of y, sd of y around its line on x, degrees of freedom of the first) of (x, y) that are deviations from the means of
    so many groups."""
    df = len(points) - groups
    xx, xy, yy = (sum(f(x, y) for x, y in points) for f in (lambda x, _: x * x, lambda x, y: x * y, lambda _, y: y * y))
    left = yy - xy * xy / xx if xx else yy
    return math.sqrt(yy / df), math.sqrt(max(0, left) / (df - 1)), df


def deviations(groups):
    """The (x, y) of all groups, less each group's mean."""
    means = [[statistics.mean(column) for column in zip(*points)] for points in groups]
    return [(x - mx, y - my) for points, (mx, my) in zip(groups, means) for x, y in points]


def cell(sd, left, df):
    return f"{100 * sd:.4f} -> {100 * left:.4f} % ({df} df)"


def main(*paths):
    print(f"{'loop, anchor':<48} {'between processes':>32} {'between GPUs':>32}")
    for path in paths:
        with open(path) as file:
            cases = json.load(file)["cases"]
        of_process = {}  # case -> process -> (GPU, level)
        for case in cases:
            replicates = sound_replicates(case)
            if replicates and case["kind"] != "kernel":
                of_process[case["id"]] = dict(zip(replicates, levels(list(replicates.values()))))
        anchors = [case["id"] for case in cases if case["kind"] == "anchor" and case["id"] in of_process]
        for loop in (case["id"] for case in cases if case["kind"] == "loop" and case["id"] in of_process):
            for anchor in anchors:
                gpus = defaultdict(list)
                for process, (gpu, level) in of_process[loop].items():
                    if process in of_process[anchor]:
                        gpus[gpu].append((of_process[anchor][process][1], level))
                groups = [points for points in gpus.values() if len(points) > 1]
                means = [tuple(statistics.mean(column) for column in zip(*points)) for points in gpus.values()]
                cells = ["", ""]
                if sum(map(len, groups)) - len(groups) > 1:
                    cells[0] = cell(*around_line(deviations(groups), len(groups)))
                if len(gpus) > 2:
                    cells[1] = cell(*around_line(deviations([means]), 1))
                if any(cells):
                    print(f"{loop + ', ' + anchor.rpartition('/')[2]:<48} {cells[0]:>32} {cells[1]:>32}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
