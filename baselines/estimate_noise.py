#!/usr/bin/env python3
"""What A/A samples say about the noise between processes and between GPUs: writes a noise.json.

    baselines/estimate_noise.py baselines/h200/noise.json RESULT...

RESULTs hold the same cases measured in several processes (`bench run`, `bench selftest`), on several GPUs. Each
replicate's mean log time of a loop is read at one SM frequency, along the line through the samples within loops (where its slope
is between 0 and -1.1 and three standard errors from 0, else as it is); of a kernel it is that of the judged samples
(bench/compare/judged_samples.h), as it is. Then, for each regime:
  replicate_sd  standard deviation between processes on one GPU, of a regime's typical case
  replicate_df  degrees of freedom that this is worth: few where the cases differ by more than chance. Both by the moments of
                log variances, as limma does (Smyth 2004, section 6.2), cases weighted by how well they are known (Paule and
                Mandel 1982); at most those of the case that has most (processes less GPUs), since arms of one process are not
                independent
  device_sd     standard deviation of the GPUs' means: of the case where it is largest, of those on three GPUs or more, or of all
                cases together where that is more. Some kernels differ far more than others (of H100s by up to 3.5 %), and no
                alarm may be of another GPU: so not of a typical case
  device_df     GPUs less one, of that case; of all together GPUs less the groups of them that no case connects. 0: nothing is known
  alike_device_sd, alike_device_df  the same of GPUs whose memory copies take the same time, within 0.3 %: there only where it
                is less than half of device_sd. H200s come in two kinds, and what waits for memory differs between the kinds, not in them
  extrapolation, device_extrapolation  of the clock's difference; not estimated here: bounds, 0.16 the most that blocks with
                zero weights were off the line, 0.02 what other GPUs were (measured on a stack of 30 blocks)
and for each case with at least eight degrees of freedom of its own
  replicate_sd, replicate_df  of its own variance, moderated by the prior of the regime's other cases: some work is quieter than
                other work. Half its own degrees of freedom, since a comparison counts its baseline's processes again; and no
                more of the others'
  covariates    of loops: what processes on one GPU follow besides the line within loops, and what noise is left without it. `clock`:
                the slope of log time on the mean log clock, on top of that line's; `temperature`: per degree Celsius
Kernels of a regime follow the clock alike, those of microseconds in full, those that wait for memory not at all. It stands still in a
process, so their `covariates` are the regime's: `clock`, one slope between processes for all its cases, and the noise without it.
Arms of `bench selftest` that add work are left out: what they scatter by is the injection's. Where files have a case with
another hash, the first file's work counts. Of the same work files may be of other code: so a GPU in two files counts as two, and
GPUs are held against those of their file.
Needs nothing but Python.
"""

import json
import math
import statistics
import sys
from collections import Counter, defaultdict

SLOPES = (-1.1, 0)
SHORT_KERNEL_S = 5e-6  # a launch
KIND_TOLERANCE = 0.003  # of log time: copies of one kind of GPU, as bench/stats/judge.h has it
ENOUGH_DF = 8  # of a case, to be known by itself
EXTRAPOLATION = {"extrapolation": 0.16, "device_extrapolation": 0.02}


def regime(case):
    """As bench/compare/comparison.cpp says it."""
    if case["kind"] != "kernel":
        return f"{case['parameters']['engine']} loop"
    times = [t for samples in judged([replicate["samples"] for replicate in case["replicates"]]) for t in samples["t_s"]]
    return "short kernel" if times and statistics.median(times) / (case["launches"] or 1) < SHORT_KERNEL_S else "kernel"


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


def mean_log_clock(samples):
    return statistics.mean(map(math.log, samples["f_hz"]))


def temperature(replicate):
    """Of the GPU, the mean of before and after the case; None where it is not known. As bench/results/facts.cpp says it."""
    values = [replicate.get("machine", {}).get(when, {}).get("temperature_c") for when in ("before", "after")]
    return None if None in values else sum(values) / 2


def less_gpu_means(gpus, values):
    """Of each process what its GPU's others do not have."""
    means = {gpu: statistics.fmean(of_gpu) for gpu, of_gpu in by_gpu(zip(gpus, values)).items()}
    return [value - means[gpu] for gpu, value in zip(gpus, values)]


def fit(y, columns):
    """Least squares of y on one or two columns, all of mean 0: their slopes, and what is left of y."""
    if len(columns) == 1:
        slopes = [dot(columns[0], y) / dot(columns[0], columns[0])]
    else:
        a, b = columns
        aa, ab, bb, ay, by = dot(a, a), dot(a, b), dot(b, b), dot(a, y), dot(b, y)
        slopes = [(ay * bb - by * ab) / (aa * bb - ab**2), (by * aa - ay * ab) / (aa * bb - ab**2)]
    return slopes, [value - sum(slope * column[i] for slope, column in zip(slopes, columns)) for i, value in enumerate(y)]


def dot(a, b):
    return sum(x * z for x, z in zip(a, b))


def three_sigma(df):
    """As many standard errors as Student's distribution takes to leave out what three leave out of the normal one; for df >= 8
    within 0.5 % (Cornish and Fisher's expansion)."""
    z = 3
    return (z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3))  # fmt: skip


def slopes_of(y, used, df):
    """{name: (slope, standard error)} of the columns used, the variance that is left; nothing where that is none, or no fit is."""
    own = {}  # of each column what no other has
    for name, column in used.items():
        others = [other for key, other in used.items() if key != name]
        own[name] = fit(column, others)[1] if others else column
        if dot(own[name], own[name]) <= 1e-9 * dot(column, column):
            return {}, 0
    slopes, left = fit(y, list(used.values()))
    variance = dot(left, left) / df
    if variance <= 0:
        return {}, 0
    return {name: (slope, math.sqrt(variance / dot(own[name], own[name]))) for name, slope in zip(used, slopes)}, variance


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


def strongest_first(y, used, free):
    alone = {name: slopes_of(y, {name: column}, max(1, free - 1))[0] for name, column in used.items()}
    return sorted((name for name in alone if alone[name]), key=lambda name: -abs(alone[name][name][0]) / alone[name][name][1])


def rounded_to(value, error):
    """To three digits of the error."""
    return round(value, 2 - math.floor(math.log10(error)))


def by_gpu(levels_of_processes):
    groups = defaultdict(list)
    for gpu, level in levels_of_processes:
        groups[gpu].append(level)
    return groups


def within_gpus(levels_of_processes):
    """(degrees of freedom, variance) around each GPU's mean."""
    groups = [levels for levels in by_gpu(levels_of_processes).values() if len(levels) > 1]
    df = sum(len(levels) - 1 for levels in groups)
    return df, sum((len(levels) - 1) * statistics.variance(levels) for levels in groups) / df if df else 0


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


def digamma(x):
    shift = 0.0
    while x < 10:
        shift, x = shift - 1 / x, x + 1
    return shift + math.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4)


def trigamma(x):
    shift = 0.0
    while x < 10:
        shift, x = shift + 1 / x**2, x + 1
    return shift + 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3) - 1 / (30 * x**5)


def inverse_trigamma(y):
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if trigamma(middle) > y else (low, middle)
    return middle


def prior(variances):
    """(standard deviation, degrees of freedom) of a scaled inverse chi-square that [(df, variance)] come from."""
    logs = [math.log(v) - digamma(n / 2) + math.log(n / 2) for n, v in variances]
    chance = [trigamma(n / 2) for n, _ in variances]

    def about(excess):
        """The mean of the logs, and their chi-square around it, where cases differ by `excess` beyond chance."""
        weights = [1 / (each + excess) for each in chance]
        mean = dot(weights, logs) / sum(weights)
        return mean, dot(weights, [(log - mean) ** 2 for log in logs])

    if about(0.0)[1] <= len(logs) - 1:  # no more than chance
        return math.exp(about(0.0)[0] / 2), math.inf
    low, high = 0.0, (max(logs) - min(logs)) ** 2  # there the chi-square is at most a quarter of their number
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if about(middle)[1] > len(logs) - 1 else (low, middle)
    half = inverse_trigamma(high)
    return math.exp((about(high)[0] + digamma(half) - math.log(half)) / 2), 2 * half


def bounded_prior(variances):
    """The same with no more degrees of freedom than the case that has most."""
    sd, df = prior(variances)
    return sd, min(df, max(df for df, _ in variances))


def between_gpus(cases):
    """(standard deviation, degrees of freedom) of [{GPU: mean log time}], each case with two GPUs or more."""
    squares = [(len(case) - 1) * statistics.variance(case.values()) for case in cases]
    choices = [(math.sqrt(s / (len(case) - 1)), len(case) - 1) for s, case in zip(squares, cases) if len(case) > 2]
    together = rank(list(case) for case in cases)
    if together > 1:
        choices.append((math.sqrt(sum(squares) / sum(len(case) - 1 for case in cases)), together))
    return max(choices, default=(0, 0))


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


def rounded(sd, df):
    return {"replicate_sd": round(sd, 7), "replicate_df": round(df, 1)}


def moderated(own, others):
    """A case's own (degrees of freedom, variance) together with the prior that the other cases of its regime give."""
    own_df, own_variance = own[0] / 2, own[1]  # a comparison counts its baseline's processes again
    sd, df = bounded_prior(others) if len(others) > 1 else (0, 0)
    df = min(df, own_df)  # the others are of the same processes
    return rounded(math.sqrt((df * sd**2 + own_df * own_variance) / (df + own_df)), df + own_df)


def process_of(replicate):
    return replicate["device_uuid"], replicate["process"], replicate["seed"]


def mean_log_times(samples):
    """{place: mean log time} of a kernel."""
    log_t = defaultdict(list)
    for place, t in zip(samples["loop"], samples["t_s"]):
        log_t[place].append(math.log(t))
    return {place: statistics.fmean(of_place) for place, of_place in log_t.items()}


def judged(of_processes):
    """A kernel's samples, process by process, at the places that are judged, less what a place is worth. As
    bench/compare/judged_samples.h says it of a case by itself."""
    means = [mean_log_times(samples) for samples in of_processes]
    usual = {place: statistics.median(of[place] for of in means if place in of) for place in set().union(*means)}
    of_all = statistics.fmean(usual.values())
    found = []
    for samples, mean in zip(of_processes, means):
        by_deviation = sorted(mean, key=lambda place: mean[place] - (usual[place] - of_all))
        places = by_deviation[(len(mean) - 1) // 2 : len(mean) // 2 + 1]
        kept = [i for i, place in enumerate(samples["loop"]) if place in places]
        of_kept = {name: [samples[name][i] for i in kept] for name in ("f_hz", "loop")}
        times = [samples["t_s"][i] * math.exp(of_all - usual[samples["loop"][i]]) for i in kept]
        found.append({"t_s": times} | of_kept)
    return found


def sound_replicates(case):
    """process -> (GPU, samples, temperature)."""
    return {
        process_of(replicate): (replicate["device_uuid"], replicate["samples"], temperature(replicate))
        for replicate in case["replicates"]
        if case["status"] == "ok" and None not in replicate["samples"]["f_hz"]
    }


def main(out, *paths):
    cases, regimes, hashes, kind_of, model = defaultdict(dict), {}, {}, {}, ""
    for path in paths:
        with open(path) as file:
            result = json.load(file)
        model = result["machine"]["gpu"]["name"]
        kind_of[path] = kinds(result["cases"])
        for case in result["cases"]:
            sound = sound_replicates(case)
            if case["kind"] != "anchor" and "#" not in case["id"] and sound:  # "#": what `bench selftest` injected
                if hashes.setdefault(case["id"], case["hash"]) != case["hash"]:
                    print(f"{path}: {case['id']} is other work than in the files before: left out")
                    continue
                regimes[case["id"]] = regime(case)
                cases[case["id"]].update({(path, *key): ((path, gpu), *of) for key, (gpu, *of) in sound.items()})

    found, known = {}, {}
    for name in sorted(set(regimes.values())):
        of_regime = {case_id: list(of.values()) for case_id, of in cases.items() if regimes[case_id] == name and of}
        is_kernel = name.endswith("kernel")
        if is_kernel:
            for case_id, of in of_regime.items():
                at_places = judged([samples for _, samples, _ in of])
                of_regime[case_id] = [(gpu, samples, degrees) for (gpu, _, degrees), samples in zip(of, at_places)]
        processes = {case_id: levels(replicates, along_loops=not is_kernel) for case_id, replicates in of_regime.items()}
        clocks = {case_id: [mean_log_clock(samples) for _, samples, _ in of] for case_id, of in of_regime.items()}
        together = clock_of_kernels({case_id: (of, clocks[case_id]) for case_id, of in processes.items()}) if is_kernel else {}
        own, means, alike = {}, [], []
        for case_id, replicates in of_regime.items():
            df, variance = within_gpus(processes[case_id])
            if is_kernel:
                follows = together
                slope = together["clock"]["slope"] if together else 0
                left = within_gpus([(gpu, level - slope * clock) for (gpu, level), clock in zip(processes[case_id], clocks[case_id])])
            else:
                degrees = [degrees for _, _, degrees in replicates]
                follows, left = covariates(processes[case_id], {"clock": clocks[case_id], "temperature": degrees})
            if df > 0 and variance > 0:
                own[case_id] = ((df, variance), left, follows)
            of_files = defaultdict(dict)
            for (path, gpu), values in by_gpu(processes[case_id]).items():
                of_files[path][gpu] = statistics.mean(values)
            means += [of_file for of_file in of_files.values() if len(of_file) > 1]
            alike += [kind for path, of_file in of_files.items() for kind in of_kinds(of_file, kind_of[path]) if len(kind) > 1]
            print(f"{case_id:<50} {name}: {len(replicates)} processes, {len(set().union(*of_files.values()))} GPUs, between processes "
                  f"{100 * math.sqrt(variance) if df > 0 else math.nan:.4f} % ({df} df)"
                  + "".join(f", {what} {c['slope']:+g} +- {c['slope_sd']:g}" for what, c in follows.items())
                  + (f": leaves {100 * math.sqrt(left[1]):.4f} %" if follows else ""))  # fmt: skip
        if own:
            device_sd, device_df = between_gpus(means)
            found[name] = (rounded(*bounded_prior([raw for raw, *_ in own.values()]))
                           | {"device_sd": round(device_sd, 7), "device_df": device_df} | EXTRAPOLATION)  # fmt: skip
            alike_sd, alike_df = between_gpus(alike)
            if alike_df and alike_sd < device_sd / 2:
                found[name] |= {"alike_device_sd": round(alike_sd, 7), "alike_device_df": alike_df}
            if together:
                found[name]["covariates"] = together | rounded(*bounded_prior([left for _, left, _ in own.values()]))
            for case_id, (raw, left, follows) in own.items():
                if raw[0] >= ENOUGH_DF:
                    others = [each for other, each in own.items() if other != case_id]
                    known[case_id] = {"hash": hashes[case_id]} | moderated(raw, [of for of, *_ in others])
                    if follows:
                        with_these = [of[1] if of[2] == follows else of[0] for of in others]
                        known[case_id]["covariates"] = follows | moderated(left, with_these)
    source = f"baselines/estimate_noise.py {out} {' '.join(paths)}"
    with open(out, "w") as file:
        json.dump({"schema_version": 1, "gpu": model, "source": source, "regimes": found, "cases": dict(sorted(known.items()))}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
