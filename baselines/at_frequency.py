#!/usr/bin/env python3
"""What the loops of results would take at one SM frequency, and how far their steps lie from the line.

    baselines/at_frequency.py 1.58 RESULT...

For each loop case: the straight line of log(step time) on log(SM frequency) through its steps, read at the given
frequency (GHz); its slope; the standard deviation of the steps around it. Needs nothing but Python.
"""

import json
import math
import statistics
import sys


def line(t_s, f_hz):
    """Slope, mean log f, mean log t and the residuals of log t on log f."""
    log_t, log_f = [math.log(t) for t in t_s], [math.log(f) for f in f_hz]
    mean_t, mean_f = statistics.mean(log_t), statistics.mean(log_f)
    slope = sum((t - mean_t) * (f - mean_f) for t, f in zip(log_t, log_f)) / sum((f - mean_f) ** 2 for f in log_f)
    return slope, mean_f, mean_t, [t - mean_t - slope * (f - mean_f) for t, f in zip(log_t, log_f)]


def main(ghz, *paths):
    for path in paths:
        with open(path) as file:
            result = json.load(file)
        for case in result["cases"]:
            if case["kind"] != "loop":
                continue
            samples = case["replicates"][0]["samples"]
            if None in samples["f_hz"]:
                continue  # a CPU has no SM frequency
            slope, mean_f, mean_t, residuals = line(samples["t_s"], samples["f_hz"])
            at = 1e3 * math.exp(mean_t + slope * (math.log(float(ghz) * 1e9) - mean_f))
            print(
                f"{case['id']:<40} {1e3 * statistics.median(samples['t_s']):8.2f} ms/step, at {ghz} GHz {at:8.3f}, "
                f"slope {slope:.2f}, spread {100 * statistics.stdev(residuals):.3f} %"
            )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
