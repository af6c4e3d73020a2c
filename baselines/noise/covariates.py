"""What processes on one GPU follow: its mean clock and its temperature."""

import math
from collections import Counter

from baselines.noise.least_squares import dot, slopes_of, three_sigma
from baselines.noise.replicates import SLOPES, less_gpu_means

ENOUGH_DF = 8  # of a case, to be known by itself


def covariates(processes, columns):
    """What processes on one GPU follow, of {name: column}: {name: slope, standard error, degrees of freedom} of what chance does
    not explain (Student's equivalent of three standard errors), and (degrees of freedom, variance) of what is left. Of processes
    alone on their GPU, or that lack a value, nothing is learned. With too few for both, or where one of two is chance, the one
    that explains more by itself."""
    known = [i for i in range(len(processes)) if all(column[i] is not None for column in columns.values())]
    counts = Counter(processes[i][0] for i in known)
    known = [i for i in known if counts[processes[i][0]] > 1]
    gpus = [processes[i][0] for i in known]
    y = less_gpu_means(gpus, [processes[i][1] for i in known])
    free = len(y) - len(set(gpus))
    used = {name: less_gpu_means(gpus, [column[i] for i in known]) for name, column in columns.items()}
    used = {name: column for name, column in used.items() if dot(column, column) > 0}
    for together in (used, *({name: used[name]} for name in strongest_first(y, used, free))):
        df = free - len(together)
        if not together or df < ENOUGH_DF:
            continue
        found, variance = slopes_of(y, together, df)
        if found and all(abs(slope) >= three_sigma(df) * error for slope, error in found.values()):
            told = {name: {"slope": rounded_to(slope, error), "slope_sd": rounded_to(error, error), "df": df}
                    for name, (slope, error) in found.items()}  # fmt: skip
            return told, (df, variance)
    return {}, None


def strongest_first(y, used, free):
    alone = {name: slopes_of(y, {name: column}, max(1, free - 1))[0] for name, column in used.items()}
    return sorted((name for name in alone if alone[name]), key=lambda name: -abs(alone[name][name][0]) / alone[name][name][1])


def clock_of_kernels(cases):
    """The slope of log time on the mean log clock between processes on one GPU, one for all of {case: (processes, clocks)}, with its
    error, whether chance explains it or not: the judge wants to know by how much a clock's difference may show. At most 0, for time
    does not rise with the clock; nothing of too few processes, of clocks that stand still, of slopes that no clock has, and of one
    that is less known than without, when it lies between 0 and -1."""
    ty, tt, rest, groups, most = 0, 0, [], 0, 0
    for processes, clocks in cases.values():
        gpus = [gpu for gpu, _ in processes]
        x, y = less_gpu_means(gpus, clocks), less_gpu_means(gpus, [level for _, level in processes])
        ty, tt = ty + dot(x, y), tt + dot(x, x)
        rest += zip(x, y)
        groups, most = groups + len(set(gpus)), max(most, len(gpus) - len(set(gpus)))
    df = most - 1  # the cases of a process share its clock
    if df < 3 or tt <= 0:
        return {}
    slope = ty / tt
    error = math.sqrt(sum((y - slope * x) ** 2 for x, y in rest) / (len(rest) - groups - 1) / tt)
    low, high = SLOPES
    if error <= 0 or slope < low - 3 * error or slope > high + 3 * error or three_sigma(df) * error >= 1:
        return {}
    return {"clock": {"slope": rounded_to(min(max(slope, low), high), error), "slope_sd": rounded_to(error, error), "df": df}}


def rounded_to(value, error):
    """To three digits of the error."""
    return round(value, 2 - math.floor(math.log10(error)))
