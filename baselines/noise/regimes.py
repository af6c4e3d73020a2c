"""The noise of a regime: that of each of its cases between processes and between GPUs, and what they say together."""

import dataclasses
import math
import statistics
from collections import defaultdict

from baselines.noise.covariates import ENOUGH_DF, clock_of_kernels, covariates
from baselines.noise.kinds import of_kinds
from baselines.noise.prior import bounded_prior, moderated, rounded
from baselines.noise.replicates import by_gpu, judged, levels, mean_log_clock
from baselines.noise.variance import between_gpus, within_gpus

# Bounds, not estimates: bench/stats/README.md, How far the clock line leads off.
EXTRAPOLATION = {"extrapolation": 0.08, "device_extrapolation": 0.02}
ENOUGH_DEVICE_DF = 5  # of a case, for its own differences between GPUs to be known


@dataclasses.dataclass(frozen=True)
class CaseNoise:
    processes: int
    raw: tuple[int, float]  # degrees of freedom, variance between processes on one GPU
    follows: dict  # its covariates
    left: tuple[int, float] | None  # as raw, without what they explain
    of_files: dict  # file -> GPU -> mean log time

    @property
    def varies(self):
        return self.raw[0] > 0 and self.raw[1] > 0


def noise_of_cases(cases, are_kernels):
    """{case: CaseNoise} of {case: [((file, GPU), samples, temperature) of each process]}."""
    if are_kernels:
        cases = {case: at_judged_places(of) for case, of in cases.items()}
    processes = {case: levels(of, along_loops=not are_kernels) for case, of in cases.items()}
    clocks = {case: [mean_log_clock(samples) for _, samples, _ in of] for case, of in cases.items()}
    together = clock_of_kernels({case: (of, clocks[case]) for case, of in processes.items()}) if are_kernels else {}
    found = {}
    for case, of in cases.items():
        if are_kernels:
            slope = together["clock"]["slope"] if together else 0
            follows = together
            left = within_gpus([(gpu, level - slope * clock) for (gpu, level), clock in zip(processes[case], clocks[case])])
        else:
            degrees = [degrees for _, _, degrees in of]
            follows, left = covariates(processes[case], {"clock": clocks[case], "temperature": degrees})
        of_files = defaultdict(dict)
        for (file, gpu), values in by_gpu(processes[case]).items():
            of_files[file][gpu] = statistics.mean(values)
        found[case] = CaseNoise(len(of), within_gpus(processes[case]), follows, left, of_files)
    return found


def at_judged_places(replicates):
    judged_ones = judged([samples for _, samples, _ in replicates])
    return [(gpu, samples, degrees) for (gpu, _, degrees), samples in zip(replicates, judged_ones)]


def noise_of_regime(noises, are_kernels, kind_of):
    """What noise.json says of a regime, some case of which varies; kind_of: file -> GPU -> its kind."""
    own = [noise for noise in noises.values() if noise.varies]
    found = rounded(*bounded_prior([noise.raw for noise in own])) | devices(noises.values(), kind_of, 0) | EXTRAPOLATION
    if are_kernels and own[0].follows:  # one slope for all
        found["covariates"] = own[0].follows | rounded(*bounded_prior([noise.left for noise in own]))
    return found


def devices(noises, kind_of, enough_df):
    """The terms between GPUs, each where it rests on so many degrees of freedom; that of one kind where it is much less."""
    of_files = [(file, gpus) for noise in noises for file, gpus in noise.of_files.items()]
    sd, df = between_gpus([gpus for _, gpus in of_files if len(gpus) > 1])
    if df < enough_df:
        return {}
    found = {"device_sd": round(sd, 7), "device_df": df}
    alike_sd, alike_df = between_gpus([kind for file, gpus in of_files for kind in of_kinds(gpus, kind_of[file]) if len(kind) > 1])
    if alike_df >= max(enough_df, 1) and alike_sd < sd / 2:
        found |= {"alike_device_sd": round(alike_sd, 7), "alike_device_df": alike_df}
    return found


def noise_of_known_cases(noises, kind_of):
    """What noise.json says of each case that was measured often enough to be known by itself."""
    own = {case: noise for case, noise in noises.items() if noise.varies}
    known = {}
    for case, noise in own.items():
        if noise.raw[0] >= ENOUGH_DF:
            others = [each for other, each in own.items() if other != case]
            known[case] = moderated(noise.raw, [other.raw for other in others]) | devices([noise], kind_of, ENOUGH_DEVICE_DF)
            if noise.follows:
                with_these = [other.left if other.follows == noise.follows else other.raw for other in others]
                known[case]["covariates"] = noise.follows | moderated(noise.left, with_these)
    return known


def described(case, regime, noise):
    df, variance = noise.raw
    gpus = len(set().union(*noise.of_files.values()))
    return (f"{case:<50} {regime}: {noise.processes} processes, {gpus} GPUs, between processes "
            f"{100 * math.sqrt(variance) if df > 0 else math.nan:.4f} % ({df} df)"
            + "".join(f", {what} {c['slope']:+g} +- {c['slope_sd']:g}" for what, c in noise.follows.items())
            + (f": leaves {100 * math.sqrt(noise.left[1]):.4f} %" if noise.follows else ""))  # fmt: skip
