#!/usr/bin/env python3
"""Would the anchors narrow the interval? What a loop's time and an anchor's have in common, between processes and between GPUs.

    baselines/anchor_covariate.py RESULT...

Every process times two anchors beside its cases: a memory copy and a mix of matrix products, attention and norms. Of each
loop, and each anchor, read at one clock as noise.json's estimate does it, it prints
  between processes  the standard deviation on one GPU as it is, and around a line on the anchor's own deviation from its
                     GPU's mean
  between GPUs       the same of the GPUs' means; with n GPUs a line leaves n - 2 degrees of freedom
A covariate is worth having where the second figure is clearly below the first. Needs nothing but Python.
"""

import math
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from baselines.noise.least_squares import dot, fit  # noqa: E402
from baselines.noise.replicates import by_gpu, less_gpu_means, levels, read, sound_replicates  # noqa: E402


def around_line(groups, x, y):
    """(sd of y, sd of y around its line on x, degrees of freedom of the first), around the means of the groups; None of too few."""
    df = len(y) - len(set(groups))
    if df < 2:
        return None
    own_x, own_y = less_gpu_means(groups, x), less_gpu_means(groups, y)
    left = fit(own_y, [own_x])[1] if any(own_x) else own_y
    return math.sqrt(dot(own_y, own_y) / df), math.sqrt(dot(left, left) / (df - 1)), df


def cell(found):
    if not found:
        return ""
    sd, left, df = found
    return f"{100 * sd:.4f} -> {100 * left:.4f} % ({df} df)"


def main(*paths):
    print(f"{'loop, anchor':<48} {'between processes':>32} {'between GPUs':>32}")
    for path in paths:
        cases = read(path)["cases"]
        of_process = {}  # case -> process -> (GPU, level)
        for case in cases:
            replicates = sound_replicates(case)
            if replicates and case["kind"] != "kernel":
                of_process[case["id"]] = dict(zip(replicates, levels(list(replicates.values()))))
        anchors = [case["id"] for case in cases if case["kind"] == "anchor" and case["id"] in of_process]
        for loop in (case["id"] for case in cases if case["kind"] == "loop" and case["id"] in of_process):
            for anchor in anchors:
                both = [process for process in of_process[loop] if process in of_process[anchor]]
                gpus = [of_process[loop][process][0] for process in both]
                columns = [[of_process[name][process][1] for process in both] for name in (anchor, loop)]
                means = [[statistics.mean(of_gpu) for of_gpu in by_gpu(zip(gpus, column)).values()] for column in columns]
                cells = [cell(around_line(gpus, *columns)), cell(around_line([""] * len(means[0]), *means))]
                if any(cells):
                    print(f"{loop + ', ' + anchor.rpartition('/')[2]:<48} {cells[0]:>32} {cells[1]:>32}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
